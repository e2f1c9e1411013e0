use std::collections::VecDeque;
use std::sync::{Arc, Weak};
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use super::connection::Connection;
use super::counters::HubCounters;

/// How long a message waits for the version before it.
pub(super) const GAP_TIMEOUT: Duration = Duration::from_millis(100);
/// Waits at a time; with one more, the message is delivered at once.
pub(super) const GAPS: usize = 4_096;

/// A connection has a message whose predecessor did not arrive.
#[derive(Debug)]
pub(super) struct Gap {
    pub(super) connection: Weak<Connection>,
    pub(super) missing: MissingVersions,
    pub(super) due: Instant,
}

/// What a connection waits for: bring it with [`super::OrderedRecipients::send_here`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MissingVersions {
    /// Of which key.
    pub key: String,
    /// The last version the connection heard.
    pub after: u32,
    /// The version it waits with.
    pub before: u32,
}

/// Ends the waits for missing versions when their time is over.
pub struct Gaps {
    pub(super) waiting: mpsc::Receiver<Gap>,
    pub(super) counters: Arc<HubCounters>,
}

impl Gaps {
    /// Works until `stop`; tells `missing` what is missing as soon as it is noticed.
    pub async fn keep(mut self, missing: impl Fn(MissingVersions) + Send, stop: CancellationToken) {
        let mut begun: VecDeque<Gap> = VecDeque::new();
        loop {
            let due = begun.front().map(|gap| gap.due);
            tokio::select! {
                () = stop.cancelled() => return,
                gap = self.waiting.recv() => match gap {
                    Some(gap) => {
                        missing(gap.missing.clone());
                        begun.push_back(gap);
                    }
                    None => return,
                },
                () = sleep_until(due.unwrap_or_else(Instant::now)), if due.is_some() => {
                    if let Some(gap) = begun.pop_front()
                        && let Some(connection) = gap.connection.upgrade()
                    {
                        self.counters.skipped(connection.give_up_waiting(&gap.missing.key));
                    }
                }
            }
        }
    }
}
