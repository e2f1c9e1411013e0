use std::fmt;
use std::path::PathBuf;

use super::ado_net;

/// Which database is the system of record (D3).
#[derive(Clone, PartialEq, Eq)]
pub enum StoreConnection {
    /// An embedded SQLite file, shared by the processes of one machine.
    Sqlite(PathBuf),
    /// SQL Server, by an ADO.NET connection string.
    SqlServer(String),
}

impl StoreConnection {
    /// Tells the forms apart. Errors never repeat the text, which may hold a password.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        if let Some(path) = text.strip_prefix("sqlite:") {
            return match path.strip_prefix("//").unwrap_or(path) {
                "" => Err("names no file: write sqlite:data/contoso-shop.db".to_owned()),
                ":memory:" => {
                    Err("sqlite::memory: would lose every order at the end: name a file".to_owned())
                }
                path => Ok(Self::Sqlite(path.into())),
            };
        }
        let pairs = ado_net::pairs(text).unwrap_or_default();
        if pairs.iter().any(|(key, value)| is_server(key) && !value.is_empty()) {
            return Ok(Self::SqlServer(text.to_owned()));
        }
        Err("is neither sqlite:PATH nor an ADO.NET string with Server=… (quote values that hold ';' or quotes)".to_owned())
    }

    /// Whether this is SQL Server.
    pub fn is_sql_server(&self) -> bool {
        matches!(self, Self::SqlServer(_))
    }
}

fn is_server(key: &str) -> bool {
    ["server", "datasource", "address", "addr", "networkaddress"].contains(&key)
}

fn is_database(key: &str) -> bool {
    ["database", "initialcatalog"].contains(&key)
}

impl fmt::Display for StoreConnection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => write!(f, "sqlite:{}", path.display()),
            Self::SqlServer(text) => {
                for (key, value) in ado_net::pairs(text).unwrap_or_default() {
                    if is_server(&key) || is_database(&key) {
                        write!(f, "{key}={value};")?;
                    }
                }
                f.write_str("***")
            }
        }
    }
}

impl fmt::Debug for StoreConnection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::StoreConnection;

    #[test]
    fn the_form_picks_the_database() {
        for text in ["sqlite:data/shop.db", "sqlite:///var/lib/shop.db", "sqlite:C:\\shop.db"] {
            assert!(!StoreConnection::parse(text).unwrap().is_sql_server(), "{text}");
        }
        for text in [
            "Server=db,1433;Database=Shop;User Id=sa;Password=x",
            "data source = tcp:db",
            "Password=\";\";Server=db",
        ] {
            assert!(StoreConnection::parse(text).unwrap().is_sql_server(), "{text}");
        }
        assert_eq!(
            StoreConnection::parse("sqlite:///var/shop.db").unwrap().to_string(),
            "sqlite:/var/shop.db"
        );
    }

    #[test]
    fn a_shown_connection_names_the_server_and_no_login() {
        let connection =
            StoreConnection::parse("Server=db;Initial Catalog=Shop;User Id=app;Password=hunter2")
                .unwrap();
        assert_eq!(format!("{connection:?}"), "server=db;initialcatalog=Shop;***");
    }

    #[test]
    fn a_password_that_looks_like_a_pair_is_not_shown() {
        for text in [
            r#"Server=db;Password="a;Database=hunter2""#,
            r#"Server=db;Password='a;Server=hunter2;b'"#,
            r#"Password="x"";Database=hunter2;Server=";Server=db"#,
        ] {
            let shown = StoreConnection::parse(text).unwrap().to_string();
            assert_eq!(shown, "server=db;***", "{text}");
        }
        let unclosed = StoreConnection::parse("Server=db;Password='a;Database=hunter2");
        assert!(!unclosed.unwrap_err().contains("hunter2"));
    }

    #[test]
    fn what_is_no_connection_is_refused_without_repeating_it() {
        for text in [
            "sqlite:",
            "sqlite::memory:",
            "postgres://me:hunter2@db",
            "Password=hunter2",
            "Server=;Password=hunter2",
        ] {
            assert!(!StoreConnection::parse(text).unwrap_err().contains("hunter2"), "{text}");
        }
    }
}
