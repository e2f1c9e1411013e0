use std::time::Duration;

use super::reader::SettingsReader;

/// `[Events]`: how order events are delivered again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventSettings {
    /// An event that was not dealt with comes again after this time.
    pub retry_after: Duration,
    /// Deliveries after which it goes to the dead letters.
    pub max_deliveries: u32,
}

impl EventSettings {
    pub(super) fn read(r: &mut SettingsReader) -> Self {
        Self {
            retry_after: r.positive("Events__RetryAfter"),
            max_deliveries: r.positive("Events__MaxDeliveries"),
        }
    }
}
