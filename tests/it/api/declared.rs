//! Holds the API to its own OpenAPI document.
//!
//! What the document declares and what the tests of this process saw goes to a file, line by line;
//! `scripts/check-statuses` compares both when all tests have run.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::sync::{LazyLock, Mutex};

use serde_json::Value;

/// The record of this process.
static RECORD: LazyLock<Mutex<File>> = LazyLock::new(|| {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("api-statuses");
    Mutex::new(File::create(path).expect("a file for the statuses"))
});

fn record(what: &str, method: &str, path: &str, status: &str) {
    let mut file = RECORD.lock().expect("not poisoned");
    // One write per line, because the record is not buffered.
    let line = format!("{what} {} {path} {status}\n", method.to_ascii_uppercase());
    file.write_all(line.as_bytes()).expect("a line");
}

/// An operation of the document.
#[derive(Debug)]
pub struct Operation {
    /// Such as `GET`.
    pub method: String,
    /// Its path template.
    pub path: String,
}

/// The document as served.
pub struct Declared(Value);

impl Declared {
    /// Records every status the document declares.
    pub fn new(document: Value) -> Self {
        for (path, item) in document["paths"].as_object().expect("paths") {
            for (method, operation) in item.as_object().expect("operations") {
                for status in operation["responses"].as_object().expect("responses").keys() {
                    record("declared", method, path, status);
                }
            }
        }
        Self(document)
    }

    /// Every operation that declares `status`.
    pub fn declaring(&self, status: u16) -> Vec<Operation> {
        let mut found = Vec::new();
        for (path, item) in self.0["paths"].as_object().expect("paths") {
            for (method, operation) in item.as_object().expect("operations") {
                if operation["responses"].get(status.to_string()).is_some() {
                    let method = method.to_ascii_uppercase();
                    found.push(Operation { method, path: path.clone() });
                }
            }
        }
        found
    }

    /// Fails when an answer's status is not declared for its operation. What the document does not
    /// list must be a 404 or 405.
    #[track_caller]
    pub fn check(&self, method: &str, path: &str, status: u16) {
        let path = path.split('?').next().unwrap_or_default();
        let Some((template, item)) = self.item(path) else { return };
        let method = if method == "HEAD" { "get".to_owned() } else { method.to_ascii_lowercase() };
        let Some(operation) = item.get(&method) else {
            assert_eq!(status, 405, "{method} {path} is not declared");
            return;
        };
        let status = status.to_string();
        let declared = operation["responses"].get(&status).is_some();
        assert!(declared, "{status} is not declared for {method} {path}");
        record("seen", &method, template, &status);
    }

    /// The path item whose template fits; a literal segment beats a parameter.
    fn item(&self, path: &str) -> Option<(&String, &Value)> {
        let fits = |template: &str| {
            let (mut wanted, mut given) = (template.split('/'), path.split('/'));
            loop {
                match (wanted.next(), given.next()) {
                    (None, None) => return true,
                    (Some(t), Some(g)) if t == g || (t.starts_with('{') && !g.is_empty()) => {}
                    _ => return false,
                }
            }
        };
        let paths = self.0["paths"].as_object().expect("paths");
        paths
            .iter()
            .filter(|(template, _)| fits(template))
            .min_by_key(|(template, _)| template.matches('{').count())
    }
}
