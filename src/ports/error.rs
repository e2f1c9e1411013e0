use std::time::Duration;

/// Any error, kept as the source of one of ours.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Why a store or a shared service could not do what was asked. Texts may reach logs, never
/// clients.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// It cannot be reached, is overloaded, or its breaker is open: worth another try after
    /// `retry_after`.
    #[error("unavailable: {source}")]
    Unavailable {
        /// When another try makes sense.
        retry_after: Duration,
        /// What happened.
        source: BoxError,
    },
    /// The request can never succeed as it is, or the data is not as it must be.
    #[error("fault: {source}")]
    Fault {
        /// What happened.
        source: BoxError,
    },
}

/// An error with the name of the dependency it comes from.
#[derive(Debug, thiserror::Error)]
#[error("{dependency}: {source}")]
struct Blamed {
    dependency: &'static str,
    source: BoxError,
}

impl StoreError {
    /// The system of record's name in [`Self::dependency`], metrics and headers.
    pub const SQL: &'static str = "sql";
    /// Redis' name.
    pub const REDIS: &'static str = "redis";

    /// The same error, known to come from `dependency`.
    #[must_use]
    pub fn blame(self, dependency: &'static str) -> Self {
        let blamed = |source| Blamed { dependency, source }.into();
        match self {
            Self::Unavailable { retry_after, source } => {
                Self::Unavailable { retry_after, source: blamed(source) }
            }
            Self::Fault { source } => Self::Fault { source: blamed(source) },
        }
    }

    /// Which dependency it comes from, where that is known.
    pub fn dependency(&self) -> Option<&'static str> {
        let (Self::Unavailable { source, .. } | Self::Fault { source }) = self;
        source.downcast_ref::<Blamed>().map(|blamed| blamed.dependency)
    }

    /// An [`StoreError::Unavailable`] that may be tried again after the usual second.
    pub fn unavailable(source: impl Into<BoxError>) -> Self {
        Self::Unavailable { retry_after: Duration::from_secs(1), source: source.into() }
    }

    /// A [`StoreError::Fault`].
    pub fn fault(source: impl Into<BoxError>) -> Self {
        Self::Fault { source: source.into() }
    }

    /// Whether another try may succeed.
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Unavailable { .. })
    }
}
