//! ADO.NET connection strings, split into their pairs.
//!
//! The crate for it, `connection-string`, is not used: it refuses a password with `=` or a letter
//! that is not ASCII, drops braces, and keeps doubled quotes doubled.

/// The pairs, keys in lower case without blanks; `None` when the text is no list of `Key=Value;`. A
/// value in single or double quotes ends at its quote, which is doubled inside.
pub fn pairs(text: &str) -> Option<Vec<(String, String)>> {
    let mut found = Vec::new();
    let mut rest = text.trim_start_matches([' ', ';']);
    while !rest.is_empty() {
        let (key, value) = rest.split_once('=')?;
        let key: String =
            key.chars().filter(|c| !c.is_whitespace()).collect::<String>().to_ascii_lowercase();
        let value = value.trim_start();
        let (value, after) = match value.chars().next() {
            Some(quote @ ('"' | '\'')) => quoted(&value[1..], quote)?,
            _ => {
                let end = value.find(';').unwrap_or(value.len());
                (value[..end].trim_end().to_owned(), &value[end..])
            }
        };
        found.push((key, value));
        let after = after.trim_start();
        if !(after.is_empty() || after.starts_with(';')) {
            return None;
        }
        rest = after.trim_start_matches([' ', ';']);
    }
    Some(found)
}

/// A value up to its closing quote, and what follows.
fn quoted(text: &str, quote: char) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut rest = text;
    loop {
        let (part, after) = rest.split_once(quote)?;
        value.push_str(part);
        match after.strip_prefix(quote) {
            Some(after) => {
                value.push(quote);
                rest = after;
            }
            None => return Some((value, after)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::pairs;

    #[test]
    fn values_may_be_quoted() {
        let found = pairs(r#"Password="a;b=""c""" ; User Id='it''s'; ;Server=db"#).expect("legal");
        let found: Vec<_> = found.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
        assert_eq!(found, [("password", r#"a;b="c""#), ("userid", "it's"), ("server", "db")]);
    }

    #[test]
    fn what_is_no_list_of_pairs_is_refused() {
        for text in ["word", "a=b;word", "a='b", "a='b'c;d=e"] {
            assert_eq!(pairs(text), None, "{text}");
        }
        assert_eq!(pairs(" ; "), Some(Vec::new()));
    }
}
