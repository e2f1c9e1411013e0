//! One answer of the API.

use reqwest::header::HeaderMap;
use serde_json::Value;

/// What came back. The body is JSON, or null when there is none.
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Value,
}

impl Answer {
    /// A header's text, empty when it is missing.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().expect("plain text"))
    }

    /// Passes the answer on if it has this status.
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.body);
        self
    }

    /// The last part of the problem's type.
    pub fn kind(&self) -> &str {
        self.body["type"].as_str().and_then(|kind| kind.rsplit(':').next()).unwrap_or_default()
    }

    /// Every error is a full problem+json.
    #[track_caller]
    pub fn check_problem(&self, instance: &str) {
        assert_eq!(self.header("content-type"), "application/problem+json");
        let body = &self.body;
        for text in ["type", "title", "detail"] {
            assert!(body[text].as_str().is_some_and(|text| !text.is_empty()), "{text} in {body}");
        }
        assert_eq!(body["status"], self.status, "{body}");
        assert_eq!(body["instance"], instance, "{body}");
        let trace = body["traceId"].as_str().expect("traceId");
        assert!(trace.len() == 32 && trace.bytes().all(|b| b.is_ascii_hexdigit()), "{body}");
        for secret in ["sqlite", "SELECT", "INSERT", "127.0.0.1", "tests/", "secret-host"] {
            assert!(!body["detail"].to_string().contains(secret), "{body}");
        }
        if matches!(self.status, 503 | 429) {
            assert!(self.header("retry-after").parse::<u32>().is_ok_and(|seconds| seconds >= 1));
        }
        if self.status == 401 {
            assert!(self.header("www-authenticate").starts_with("Bearer"));
        }
    }
}
