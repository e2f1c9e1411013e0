use std::time::Duration;

use super::reader::SettingsReader;

/// `[Resilience.Sql]` and `[Resilience.Redis]`: two breakers with settings of their own (S1-Res-1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResilienceSettings {
    /// Around every port of the system of record.
    pub sql: BreakerLimits,
    /// Around everything that is shared over Redis.
    pub redis: BreakerLimits,
}

/// When calls to a dependency are given up and refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BreakerLimits {
    /// Failures that open the breaker.
    pub failures: u32,
    /// The span they are counted over.
    pub window: Duration,
    /// How long it refuses calls before one may try again.
    pub open_time: Duration,
    /// Longest a call may take.
    pub call_deadline: Duration,
}

impl ResilienceSettings {
    pub(super) fn read(r: &mut SettingsReader) -> Self {
        Self {
            sql: BreakerLimits {
                failures: r.positive("Resilience__Sql__Failures"),
                window: r.positive("Resilience__Sql__Window"),
                open_time: r.positive("Resilience__Sql__OpenTime"),
                call_deadline: r.positive("Resilience__Sql__CallDeadline"),
            },
            redis: BreakerLimits {
                failures: r.positive("Resilience__Redis__Failures"),
                window: r.positive("Resilience__Redis__Window"),
                open_time: r.positive("Resilience__Redis__OpenTime"),
                call_deadline: r.positive("Resilience__Redis__CallDeadline"),
            },
        }
    }

    /// A worker cannot show that it lives while its breaker is open, so that must be over before
    /// its lease is.
    pub(super) fn check(&self, r: &mut SettingsReader, lease: Duration) {
        if self.sql.open_time + self.sql.call_deadline >= lease {
            r.warn(
                "Resilience__Sql__OpenTime and Resilience__Sql__CallDeadline together reach Jobs__Lease: \
                 after a short outage of the database, workers may take each other's jobs",
            );
        }
    }
}
