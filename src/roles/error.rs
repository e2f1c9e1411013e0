use crate::ports::BoxError;

/// Why a process cannot start. The text says what to do where that is known.
#[derive(Debug, thiserror::Error)]
#[error("{what}: {source}")]
pub struct StartError {
    what: String,
    source: BoxError,
}

impl StartError {
    /// An error while doing `what`.
    pub fn new(what: impl Into<String>, source: impl Into<BoxError>) -> Self {
        Self { what: what.into(), source: source.into() }
    }
}
