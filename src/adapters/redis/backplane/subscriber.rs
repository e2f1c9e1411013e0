use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use fred::clients::{Client, SubscriberClient};
use fred::interfaces::{ClientLike, EventInterface, PubsubInterface};
use futures_util::future::BoxFuture;
use tokio::sync::{Notify, watch};
use tokio::time::{Instant, sleep_until, timeout};

use super::wanted::WantedChannels;
use crate::signalr::backplane::BackplaneState;

/// Channels per SUBSCRIBE, so that thousands of joins after a reconnect do not block Redis in one
/// command.
const CHANNELS_PER_COMMAND: usize = 512;
/// How often the connection is asked for a sign of life.
const HEARTBEAT: Duration = Duration::from_secs(1);
/// Signs of life missed in a row before the connection is thrown away.
const MISSES: u32 = 3;

/// What became of a message that this process sent to itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Echo {
    /// It came back: what holds the subscriptions works.
    Heard,
    /// It was sent and did not come back. In a cluster the node that holds the subscriptions may
    /// hang while the one that answers PING is well.
    Missed,
    /// It could not be sent: nothing is known of the subscriptions.
    NotSent,
}

/// The channels that this process wants, and how far Redis has them.
pub(super) struct BackplaneSubscriptions {
    wanted: Mutex<WantedChannels>,
    changed: Notify,
    state: watch::Sender<BackplaneState>,
    /// Redis has every permanent channel and, a moment after they are wanted, the others.
    subscribed: AtomicBool,
    generation: AtomicU64,
}

impl BackplaneSubscriptions {
    /// Wants `channels` from the start.
    pub(super) fn new(channels: impl IntoIterator<Item = String>) -> Arc<Self> {
        let mut wanted = WantedChannels::default();
        for channel in channels {
            wanted.add(channel);
        }
        let (state, _) = watch::channel(BackplaneState::Disconnected);
        let (subscribed, generation) = (AtomicBool::new(false), AtomicU64::new(0));
        Arc::new(Self {
            wanted: Mutex::new(wanted),
            changed: Notify::new(),
            state,
            subscribed,
            generation,
        })
    }

    pub(super) fn state(&self) -> watch::Receiver<BackplaneState> {
        self.state.subscribe()
    }

    /// Wants a channel; false if Redis does not have it yet, now or within `limit`. The wish
    /// stands.
    pub(super) async fn add(&self, channel: String, limit: Duration) -> bool {
        let Some(confirmed) = self.lock().add(channel) else { return true };
        self.changed.notify_one();
        self.subscribed.load(Relaxed) && matches!(timeout(limit, confirmed).await, Ok(Ok(())))
    }

    pub(super) fn remove(&self, channel: &str) {
        self.lock().remove(channel);
        self.changed.notify_one();
    }

    /// Subscribes to what is wanted, for ever. After each reconnect everything is asked for again.
    /// `hear` sends this process a message of its own.
    pub(super) async fn keep(
        &self,
        client: SubscriberClient,
        publisher: Client,
        hear: impl Fn() -> BoxFuture<'static, Echo>,
    ) {
        let (mut reconnects, mut errors) = (client.reconnect_rx(), client.error_rx());
        let (mut publisher_reconnects, mut publisher_errors) =
            (publisher.reconnect_rx(), publisher.error_rx());
        let (mut misses, mut due, mut hear_at) = (0, Instant::now(), Instant::now());
        loop {
            tokio::select! {
                biased;
                _ = errors.recv() => self.lost(),
                _ = reconnects.recv() => {
                    self.lost();
                    due = Instant::now();
                }
                _ = publisher_reconnects.recv() => due = Instant::now(),
                _ = publisher_errors.recv() => due = Instant::now(),
                () = self.changed.notified(), if self.subscribed.load(Relaxed) => due = Instant::now(),
                () = sleep_until(due) => {
                    due = Instant::now() + HEARTBEAT;
                    if !self.subscribed.load(Relaxed) {
                        self.lock().reset();
                    }
                    if client.is_connected() && self.follow(&client).await {
                        self.subscribed.store(true, Relaxed);
                        if hear_at > Instant::now() {
                            continue;
                        }
                        let echo = hear().await;
                        if echo != Echo::Missed {
                            misses = 0;
                            hear_at = Instant::now() + HEARTBEAT;
                            self.announce(echo == Echo::Heard);
                            continue;
                        }
                    }
                    hear_at = Instant::now();
                    self.lost();
                    misses += 1;
                    // Without this a server that hangs is waited for until TCP gives up, a quarter
                    // of an hour.
                    if misses >= MISSES && client.is_connected() {
                        misses = 0;
                        let _ = timeout(HEARTBEAT, client.force_reconnection()).await;
                    }
                }
            }
        }
    }

    /// Tells Redis what changed. The PING behind it is answered after it on the same connection, so
    /// its answer confirms; fred returns from SUBSCRIBE when it is written.
    async fn follow(&self, client: &SubscriberClient) -> bool {
        let changes = self.lock().take_changes();
        for channels in changes.unsubscribe.chunks(CHANNELS_PER_COMMAND) {
            if client.unsubscribe(channels.to_vec()).await.is_err() {
                return false;
            }
        }
        for channels in changes.subscribe.chunks(CHANNELS_PER_COMMAND) {
            if client.subscribe(channels.to_vec()).await.is_err() {
                return false;
            }
        }
        if client.ping::<()>(None).await.is_err() {
            return false;
        }
        self.lock().confirm(changes.subscribe);
        true
    }

    /// Messages were lost on a connection that stands: whoever counts the connections looks again.
    pub(super) fn missed(&self) {
        self.state.send_if_modified(|state| match state {
            BackplaneState::Connected(generation) => {
                *generation = self.generation.fetch_add(1, Relaxed) + 1;
                true
            }
            BackplaneState::Disconnected => false,
        });
    }

    /// Nothing arrives any more.
    fn lost(&self) {
        self.subscribed.store(false, Relaxed);
        self.announce(false);
    }

    fn announce(&self, connected: bool) {
        let changed = self.state.send_if_modified(|state| match (*state, connected) {
            (BackplaneState::Connected(_), true) | (BackplaneState::Disconnected, false) => false,
            (BackplaneState::Disconnected, true) => {
                *state = BackplaneState::Connected(self.generation.fetch_add(1, Relaxed) + 1);
                true
            }
            (BackplaneState::Connected(_), false) => {
                *state = BackplaneState::Disconnected;
                true
            }
        });
        metrics::gauge!("contoso_signalr_backplane_connected").set(f64::from(u8::from(connected)));
        match (changed, connected) {
            (true, true) => tracing::info!("the backplane is connected"),
            (true, false) => tracing::warn!(
                "the backplane is disconnected: other servers do not hear us, or we them"
            ),
            (false, _) => {}
        }
    }

    fn lock(&self) -> MutexGuard<'_, WantedChannels> {
        self.wanted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
