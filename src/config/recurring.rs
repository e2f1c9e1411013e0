use std::time::Duration;

use super::reader::SettingsReader;

/// `[Recurring]`: work that is done once per span among all workers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecurringSettings {
    /// How often finished jobs, published events and old idempotency records are deleted.
    pub clean_up: Duration,
    /// How often stuck orders are looked for.
    pub sweep: Duration,
    /// An unfinished order without a job is stuck when it did not change for so long.
    pub stuck_after: Duration,
}

impl RecurringSettings {
    pub(super) fn read(r: &mut SettingsReader) -> Self {
        Self {
            clean_up: r.positive("Recurring__CleanUp"),
            sweep: r.positive("Recurring__Sweep"),
            stuck_after: r.positive("Recurring__StuckAfter"),
        }
    }
}
