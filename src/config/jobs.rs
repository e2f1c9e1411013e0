use std::time::Duration;

use super::reader::SettingsReader;

/// `[Jobs]`: leases and retries (D8).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobSettings {
    /// A worker silent for this long has lost its jobs to others.
    pub lease: Duration,
    /// How often a worker shows it is alive; less than half the lease, so that one lost heartbeat
    /// costs nothing.
    pub heartbeat: Duration,
    /// Times a job is started before it has failed for good.
    pub max_attempts: u32,
    /// Wait before the first retry; doubles with each further one.
    pub retry_base: Duration,
}

impl JobSettings {
    pub(super) fn read(r: &mut SettingsReader) -> Self {
        let settings = Self {
            lease: r.positive("Jobs__Lease"),
            heartbeat: r.positive("Jobs__Heartbeat"),
            max_attempts: r.positive("Jobs__MaxAttempts"),
            retry_base: r.positive("Jobs__RetryBase"),
        };
        if settings.heartbeat * 2 >= settings.lease {
            r.problem(
                "Jobs__Heartbeat and Jobs__Lease",
                "one late heartbeat would cost a living worker its jobs",
                "Make the heartbeat less than half the lease (5s and 20s by default).",
            );
        }
        settings
    }
}
