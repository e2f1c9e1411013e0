use std::path::PathBuf;
use std::time::Duration;

use super::reader::SettingsReader;

/// `[Drain]`: how the process leaves (D12).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DrainSettings {
    /// While this file exists the pod is not ready.
    pub file: PathBuf,
    /// Between "not ready" and closing sockets after SIGTERM.
    pub pause: Duration,
    /// Sockets are closed spread over at most this time.
    pub close_window: Duration,
    /// Running jobs may finish within this time, then they are handed back.
    pub job_stop: Duration,
    /// From SIGTERM to SIGKILL.
    pub grace_period: Duration,
}

impl DrainSettings {
    /// After the close window or the last job: frames are flushed, jobs handed back.
    pub const FLUSH: Duration = Duration::from_secs(3);
    /// For requests under way when the public listener closes.
    pub const REQUESTS: Duration = Duration::from_secs(2);
    /// For relays, consumers and heartbeats.
    pub const BACKGROUND: Duration = Duration::from_secs(2);
    /// For the ops listener and the pools.
    pub const LAST: Duration = Duration::from_secs(1);

    /// How long closing sockets and finishing jobs, side by side, may take.
    pub fn work(&self) -> Duration {
        self.close_window.max(self.job_stop) + Self::FLUSH
    }

    pub(super) fn read(r: &mut SettingsReader) -> Self {
        let settings = Self {
            file: r.get("Drain__File"),
            pause: r.get("Drain__Pause"),
            close_window: r.get("Drain__CloseWindow"),
            job_stop: r.get("Drain__JobStop"),
            grace_period: r.positive("Drain__GracePeriod"),
        };
        let rest = Self::REQUESTS + Self::BACKGROUND + Self::LAST;
        let longest = settings.pause + settings.work() + rest;
        if longest > settings.grace_period {
            r.problem(
                "Drain__GracePeriod",
                format!(
                    "is {} s, but stopping may take {} s: Drain__Pause, the longer of Drain__CloseWindow and Drain__JobStop, and {} s to finish",
                    settings.grace_period.as_secs_f64(),
                    longest.as_secs_f64(),
                    (Self::FLUSH + rest).as_secs()
                ),
                "Shorten them, or raise Drain__GracePeriod together with terminationGracePeriodSeconds.",
            );
        }
        settings
    }
}
