//! ADO.NET connection strings. The keys are those of Microsoft.Data.SqlClient; what tiberius cannot
//! do is refused, not ignored.

use std::time::Duration;

use tiberius::{AuthMethod, Config, EncryptionLevel};

use super::options::PoolOptions;
use crate::config::ado_net;

/// What is wrong with a connection string. Names keys, never values.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConnectionStringError {
    /// It is not a list of `key=value;`.
    #[error(
        "the connection string is not a list of Key=Value; pairs (quote values that hold ';' or quotes)"
    )]
    Malformed,
    /// No such key.
    #[error("the connection string has an unknown key '{0}'")]
    UnknownKey(String),
    /// The key's value is of no use.
    #[error("the connection string's '{key}' {problem}")]
    Value {
        /// The key.
        key: &'static str,
        /// What is wrong with it.
        problem: &'static str,
    },
}

/// A connection string, read.
#[derive(Clone)]
pub(super) struct ConnectionString {
    pub(super) config: Config,
    pub(super) pool: PoolOptions,
}

impl ConnectionString {
    /// Reads it; what it says of the pool wins over `defaults`.
    pub(super) fn parse(text: &str, defaults: &PoolOptions) -> Result<Self, ConnectionStringError> {
        let mut reader =
            KeyReader { config: Config::new(), pool: defaults.clone(), ..KeyReader::default() };
        for (key, value) in ado_net::pairs(text).ok_or(ConnectionStringError::Malformed)? {
            reader.take(&key, &value)?;
        }
        reader.finish()
    }

    /// The same with `ApplicationIntent=ReadOnly`.
    pub(super) fn read_only(mut self) -> Self {
        self.config.readonly(true);
        self
    }
}

#[derive(Default)]
struct KeyReader {
    config: Config,
    pool: PoolOptions,
    server: bool,
    user: Option<String>,
    password: Option<String>,
    trust: bool,
    ca: Option<String>,
    encrypt: Option<EncryptionLevel>,
    named: bool,
}

impl KeyReader {
    fn take(&mut self, key: &str, value: &str) -> Result<(), ConnectionStringError> {
        match key {
            "server" | "datasource" | "address" | "addr" | "networkaddress" => {
                self.address(value)?
            }
            "database" | "initialcatalog" => self.config.database(value),
            "userid" | "uid" | "user" | "username" => self.user = Some(value.to_owned()),
            "password" | "pwd" => self.password = Some(value.to_owned()),
            "applicationname" | "app" => {
                self.config.application_name(value);
                self.named = true;
            }
            "applicationintent" => {
                self.config.readonly(match value.to_ascii_lowercase().as_str() {
                    "readonly" => true,
                    "readwrite" => false,
                    _ => return Err(bad("Application Intent", "is ReadOnly or ReadWrite")),
                })
            }
            "encrypt" => self.encrypt = Some(encryption(value)?),
            "trustservercertificate" => self.trust = boolean("Trust Server Certificate", value)?,
            "servercertificate" | "trustservercertificateca" => self.ca = Some(value.to_owned()),
            "maxpoolsize" => self.pool.max = number("Max Pool Size", value)?,
            "minpoolsize" => self.pool.min = number("Min Pool Size", value)?,
            "connecttimeout" | "connectiontimeout" | "timeout" => {
                // SqlClient bounds both with it.
                self.pool.connect_timeout = seconds("Connect Timeout", value)?;
                self.pool.acquire_timeout = self.pool.connect_timeout;
            }
            "commandtimeout" => self.pool.statement_timeout = seconds("Command Timeout", value)?,
            "connectionlifetime" | "loadbalancetimeout" => {
                self.pool.lifetime = seconds("Connection Lifetime", value)?
            }
            "poolidletimeout" => self.pool.idle_timeout = seconds("Pool Idle Timeout", value)?,
            "authentication" if !value.eq_ignore_ascii_case("SqlPassword") => {
                return Err(bad(
                    "Authentication",
                    "is SqlPassword only: logins of Microsoft Entra ID (Active Directory) are not supported, give the User Id and Password of a SQL login",
                ));
            }
            "pooling" if !boolean("Pooling", value)? => {
                return Err(bad("Pooling", "cannot be switched off"));
            }
            "integratedsecurity" | "trustedconnection" if is_on(value) => {
                return Err(bad(
                    "Integrated Security",
                    "is not supported: give User Id and Password",
                ));
            }
            "multipleactiveresultsets" if boolean("MultipleActiveResultSets", value)? => {
                return Err(bad("MultipleActiveResultSets", "is not supported and not needed"));
            }
            // These change nothing here: the default, or a matter of SqlClient's own.
            "pooling"
            | "authentication"
            | "integratedsecurity"
            | "trustedconnection"
            | "multipleactiveresultsets"
            | "persistsecurityinfo"
            | "multisubnetfailover"
            | "connectretrycount"
            | "connectretryinterval"
            | "packetsize"
            | "workstationid"
            | "wsid" => {}
            other => return Err(ConnectionStringError::UnknownKey(other.to_owned())),
        }
        Ok(())
    }

    /// `[tcp:]host[\instance][,port]`.
    fn address(&mut self, value: &str) -> Result<(), ConnectionStringError> {
        let value = value.strip_prefix("tcp:").unwrap_or(value);
        let (host, port) = match value.split_once(',') {
            Some((host, port)) => (
                host,
                Some(
                    port.trim()
                        .parse()
                        .map_err(|_| bad("Server", "has a port that is no number"))?,
                ),
            ),
            None => (value, None),
        };
        let (host, instance) =
            host.split_once('\\').map_or((host, None), |(host, instance)| (host, Some(instance)));
        if host.trim().is_empty() {
            return Err(bad("Server", "names no host"));
        }
        if instance.is_some() && port.is_none() {
            return Err(bad("Server", "names an instance: give its port as host,port"));
        }
        self.config.host(match host.trim() {
            "." | "(local)" => "localhost",
            host => host,
        });
        self.config.port(port.unwrap_or(1433));
        self.server = true;
        Ok(())
    }

    fn finish(mut self) -> Result<ConnectionString, ConnectionStringError> {
        if !self.server {
            return Err(bad("Server", "is missing"));
        }
        if self.pool.max == 0 {
            return Err(bad("Max Pool Size", "is at least 1"));
        }
        if self.pool.min > self.pool.max {
            return Err(bad("Min Pool Size", "is larger than Max Pool Size"));
        }
        let (Some(user), Some(password)) = (self.user, self.password) else {
            return Err(bad("User Id", "and 'Password' are needed"));
        };
        self.config.authentication(AuthMethod::sql_server(user, password));
        // As in SqlClient since version 4: encrypted unless somebody says otherwise.
        let encrypt = self.encrypt.unwrap_or(EncryptionLevel::Required);
        // And as there: who asks for no encryption gets that of the login, without a check.
        let trust = self.trust || (encrypt == EncryptionLevel::Off && self.ca.is_none());
        match (trust, self.ca) {
            (true, Some(_)) => {
                return Err(bad(
                    "Trust Server Certificate",
                    "and 'Server Certificate' exclude each other",
                ));
            }
            (true, None) => self.config.trust_cert(),
            (false, Some(path)) => self.config.trust_cert_ca(path),
            (false, None) => {}
        }
        self.config.encryption(encrypt);
        if !self.named {
            self.config.application_name("contoso-shop");
        }
        Ok(ConnectionString { config: self.config, pool: self.pool })
    }
}

fn encryption(value: &str) -> Result<EncryptionLevel, ConnectionStringError> {
    match value.to_ascii_lowercase().as_str() {
        "true" | "yes" | "mandatory" => Ok(EncryptionLevel::Required),
        // Encrypts the login only.
        "false" | "no" | "optional" => Ok(EncryptionLevel::Off),
        "strict" => Err(bad("Encrypt", "cannot be Strict (TDS 8.0): use True")),
        // tiberius' name for sending even the password in the clear.
        "danger_plaintext" => Ok(EncryptionLevel::NotSupported),
        _ => Err(bad("Encrypt", "is True or False")),
    }
}

fn bad(key: &'static str, problem: &'static str) -> ConnectionStringError {
    ConnectionStringError::Value { key, problem }
}

fn is_on(value: &str) -> bool {
    ["true", "yes", "sspi"].iter().any(|on| value.eq_ignore_ascii_case(on))
}

fn boolean(key: &'static str, value: &str) -> Result<bool, ConnectionStringError> {
    match value.to_ascii_lowercase().as_str() {
        "true" | "yes" => Ok(true),
        "false" | "no" => Ok(false),
        _ => Err(bad(key, "is True or False")),
    }
}

fn number(key: &'static str, value: &str) -> Result<u32, ConnectionStringError> {
    value.parse().map_err(|_| bad(key, "is a whole number"))
}

/// .NET takes 0 for "no limit", which nothing here may be.
fn seconds(key: &'static str, value: &str) -> Result<Duration, ConnectionStringError> {
    match number(key, value)? {
        0 => Err(bad(key, "is a number of seconds above 0")),
        seconds => Ok(Duration::from_secs(seconds.into())),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{ConnectionString, ConnectionStringError, PoolOptions};

    fn parse(text: &str) -> Result<ConnectionString, ConnectionStringError> {
        ConnectionString::parse(text, &PoolOptions::default())
    }

    #[test]
    fn pool_keys_win_over_the_defaults() {
        let text = "Server=tcp:db.local,14330;Database=shop;User ID=sa;Password=p;Max Pool Size=7;MinPoolSize=2;\
                    Connection Timeout=3;Command Timeout=4;Load Balance Timeout=5;Pool Idle Timeout=6;Application Intent=ReadOnly;Encrypt=Optional;Authentication=SqlPassword";
        let read = parse(text).expect("legal");
        assert_eq!((read.pool.max, read.pool.min), (7, 2));
        assert_eq!(
            (read.pool.connect_timeout, read.pool.acquire_timeout),
            (Duration::from_secs(3), Duration::from_secs(3))
        );
        assert_eq!(read.pool.statement_timeout, Duration::from_secs(4));
        assert_eq!(read.pool.lifetime, Duration::from_secs(5));
        assert_eq!(read.pool.idle_timeout, Duration::from_secs(6));
        assert_eq!(read.config.get_addr(), "db.local:14330");
    }

    #[test]
    fn what_cannot_be_done_is_refused_without_showing_a_value() {
        let base = "Server=db;User Id=sa;Password=hunter2;";
        assert!(parse(base).is_ok());
        for wrong in [
            "Server=hunter2\\EXPRESS",
            "Server=db,hunter2",
            "Servr=hunter2",
            "Encrypt=hunter2",
            "Encrypt=Strict",
            "Pooling=false",
            "Integrated Security=SSPI",
            "Authentication=Active Directory Default",
            "Max Pool Size=0",
            "Min Pool Size=61",
            "Command Timeout=0",
            "Max Pool Size=hunter2",
            "Application Intent=hunter2",
            "TrustServerCertificate=true;ServerCertificate=hunter2",
            "hunter2",
            "Database='hunter2",
        ] {
            let error = parse(&format!("{base}{wrong}"))
                .err()
                .unwrap_or_else(|| panic!("{wrong} must be refused"))
                .to_string();
            assert!(!error.contains("hunter2"), "{error}");
        }
        assert!(parse("User Id=sa;Password=p").is_err(), "no server");
        assert!(parse("Server=db;Password=p").is_err(), "no user");
    }
}
