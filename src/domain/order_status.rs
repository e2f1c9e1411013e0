use serde::{Deserialize, Serialize};

/// Where an order stands. JSON shows the variant's name, Redis the upper-case word (D5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum OrderStatus {
    /// Stored, waiting for a worker.
    Accepted,
    /// A worker is on it.
    Processing,
    /// Done.
    Completed,
    /// Given up after its retries.
    Failed,
    /// Deleted by its owner before a worker took it.
    Cancelled,
}

impl OrderStatus {
    /// Every status, in the order they are reached.
    pub const ALL: [Self; 5] =
        [Self::Accepted, Self::Processing, Self::Completed, Self::Failed, Self::Cancelled];

    /// Whether nothing follows it, but for a requeue.
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Completed | Self::Failed | Self::Cancelled)
    }

    /// The name in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Accepted => "Accepted",
            Self::Processing => "Processing",
            Self::Completed => "Completed",
            Self::Failed => "Failed",
            Self::Cancelled => "Cancelled",
        }
    }

    /// The word in Redis and in SQL, as seed 2 writes it (`ACCEPTED`).
    pub const fn word(self) -> &'static str {
        match self {
            Self::Accepted => "ACCEPTED",
            Self::Processing => "PROCESSING",
            Self::Completed => "COMPLETED",
            Self::Failed => "FAILED",
            Self::Cancelled => "CANCELLED",
        }
    }

    /// Reads [`Self::word`] back; `None` for any other text.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.word() == word)
    }
}
