use std::fmt;

use serde::{Deserialize, Serialize};

/// Where a background job stands, in Hangfire's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum JobState {
    /// Due and waiting for a worker.
    Enqueued,
    /// Waiting for its time, after a delay or a failed attempt.
    Scheduled,
    /// Leased to a server.
    Processing,
    /// Finished.
    Succeeded,
    /// Out of attempts; kept until somebody requeues or deletes it.
    Failed,
    /// Removed by hand.
    Deleted,
}

impl JobState {
    /// The state's name as stored and shown.
    pub fn name(self) -> &'static str {
        match self {
            Self::Enqueued => "Enqueued",
            Self::Scheduled => "Scheduled",
            Self::Processing => "Processing",
            Self::Succeeded => "Succeeded",
            Self::Failed => "Failed",
            Self::Deleted => "Deleted",
        }
    }
}

/// A queue's name: 1 to 50 lower-case letters, digits, `_` or `-` (Hangfire's rule).
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct QueueName(String);

/// A text that is no queue name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is no queue name: use 1 to 50 lower-case letters, digits, '_' or '-'")]
pub struct QueueNameError(String);

impl QueueName {
    /// Checks the text. Errors when it breaks the rule above.
    pub fn parse(text: &str) -> Result<Self, QueueNameError> {
        let legal = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_' || c == '-';
        if (1..=50).contains(&text.len()) && text.chars().all(legal) {
            Ok(Self(text.to_owned()))
        } else {
            Err(QueueNameError(text.to_owned()))
        }
    }

    /// Hangfire's queue for everything that names none.
    pub fn default_queue() -> Self {
        Self("default".to_owned())
    }

    /// The queue of accepted orders, apart from whatever else may pile up.
    pub fn orders() -> Self {
        Self("orders".to_owned())
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for QueueName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::QueueName;

    #[test]
    fn queue_names_follow_hangfires_rule() {
        for good in ["default", "orders", "a-b_c9"] {
            assert!(QueueName::parse(good).is_ok(), "{good}");
        }
        for bad in ["", "Orders", "a b", "ä", &"x".repeat(51)] {
            assert!(QueueName::parse(bad).is_err(), "{bad}");
        }
    }
}
