//! Holds the API to its own OpenAPI document.

use serde_json::Value;

/// The document as served.
pub struct Declared(pub Value);

impl Declared {
    /// Fails when an answer's status is not declared for its operation. What the document does not
    /// list must be a 404 or 405.
    #[track_caller]
    pub fn check(&self, method: &str, path: &str, status: u16) {
        let path = path.split('?').next().unwrap_or_default();
        let Some(item) = self.item(path) else { return };
        let method = if method == "HEAD" { "get".to_owned() } else { method.to_ascii_lowercase() };
        let Some(operation) = item.get(&method) else {
            assert_eq!(status, 405, "{method} {path} is not declared");
            return;
        };
        let declared = operation["responses"].get(status.to_string()).is_some();
        assert!(declared, "{status} is not declared for {method} {path}");
    }

    /// The path item whose template fits; a literal segment beats a parameter.
    fn item(&self, path: &str) -> Option<&Value> {
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
            .map(|(_, i)| i)
    }
}
