/// Where browsers reach this server, such as `https://shop.example`; unknown by default
/// (`Http__PublicUrl`, D9a).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PublicUrl(Option<String>);

impl PublicUrl {
    /// An origin: scheme, host and perhaps port.
    pub fn new(origin: Option<String>) -> Self {
        Self(origin)
    }

    /// The origin, if it is known.
    pub(super) fn origin(&self) -> Option<&str> {
        self.0.as_deref()
    }

    /// The path as pages of other origins can use it; as it is where the origin is unknown.
    pub(super) fn absolute(&self, path: String) -> String {
        match &self.0 {
            Some(origin) if path.starts_with('/') => format!("{origin}{path}"),
            _ => path,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::PublicUrl;

    #[test]
    fn only_paths_of_this_server_are_made_absolute() {
        let known = PublicUrl::new(Some("https://shop.example".to_owned()));
        assert_eq!(known.absolute("/a.svg".to_owned()), "https://shop.example/a.svg");
        assert_eq!(known.absolute("https://cdn.example/a".to_owned()), "https://cdn.example/a");
        assert_eq!(PublicUrl::default().absolute("/a.svg".to_owned()), "/a.svg");
    }
}
