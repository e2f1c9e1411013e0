//! A connection to Redis that listens.
//!
//! It is ours and not the client library's, which hands messages over in a queue that loses what
//! does not fit. Here the reader takes a message when it has dealt with the one before; what waits
//! meanwhile waits in Redis. If Redis cuts the connection for that, it is lost like any other, and
//! the audience is told that something may have been missed.

mod dialer;
mod link;
mod wanted;

use std::convert::Infallible;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use tokio::sync::{Notify, watch};
use tokio::time::{Instant, sleep, sleep_until, timeout};

pub use dialer::Dialer;

use crate::resilience::Pace;
use link::{Link, LinkError, LinkReader, LinkWriter, Push};
use wanted::WantedChannels;

/// Channels per SUBSCRIBE, so that thousands of joins after a reconnect do not block Redis in one
/// command.
const CHANNELS_PER_COMMAND: usize = 512;
/// How often the connection is asked for a sign of life.
const HEARTBEAT: Duration = Duration::from_secs(1);
/// Signs of life missed in a row before the connection is thrown away.
const MISSES: u32 = 3;
/// How long a connection that does not even take commands is kept.
const SILENCE: Duration = HEARTBEAT.saturating_mul(MISSES);
/// First and longest wait before the next attempt to connect.
const REDIAL: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(1));

/// Who hears what a [`Subscriber`] receives.
#[async_trait]
pub(super) trait Audience: Send + Sync {
    /// Takes a message. Nothing else is read meanwhile.
    fn message(&self, channel: &str, payload: Bytes);

    /// Everything wanted is subscribed; called again with every sign of life. After
    /// [`Self::disconnected`] something may have been missed.
    fn connected(&self);

    /// Nothing may arrive from now on; called again while it lasts.
    fn disconnected(&self);

    /// Sends this process a message of its own, where there is a way.
    async fn echo(&self) -> Echo {
        Echo::Heard
    }
}

/// What became of a message that this process sent to itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Echo {
    /// It came back: what holds the subscriptions works.
    Heard,
    /// It was sent and did not come back. In a cluster the node that holds the subscriptions may be
    /// cut off from the others.
    Missed,
    /// It could not be sent: others do not hear us, though we may hear them.
    NotSent,
}

/// Keeps channels subscribed, on one connection after the other.
#[derive(Debug)]
pub(super) struct Subscriber {
    wanted: Mutex<WantedChannels>,
    changed: Notify,
    look: Notify,
    /// The connection answers; what is wanted is subscribed a moment later.
    alive: AtomicBool,
}

impl Subscriber {
    /// Wants `channels` from the start.
    pub(super) fn new(channels: impl IntoIterator<Item = String>) -> Self {
        let mut wanted = WantedChannels::default();
        for channel in channels {
            wanted.add(channel);
        }
        Self {
            wanted: Mutex::new(wanted),
            changed: Notify::new(),
            look: Notify::new(),
            alive: AtomicBool::new(false),
        }
    }

    /// Wants a channel; false if Redis does not have it yet, now or within `limit`. The wish
    /// stands.
    pub(super) async fn add(&self, channel: String, limit: Duration) -> bool {
        let Some(confirmed) = self.lock().add(channel) else { return true };
        self.changed.notify_one();
        self.alive.load(Relaxed) && matches!(timeout(limit, confirmed).await, Ok(Ok(())))
    }

    /// Wants a channel once less.
    pub(super) fn remove(&self, channel: &str) {
        self.lock().remove(channel);
        self.changed.notify_one();
    }

    /// Looks for a sign of life at once.
    pub(super) fn look(&self) {
        self.look.notify_one();
    }

    /// Listens for ever.
    pub(super) async fn run(&self, mut dialer: Dialer, audience: &dyn Audience) -> Infallible {
        let mut pace = Pace::new(REDIAL.0, REDIAL.1);
        let mut told = false;
        loop {
            let ended = match dialer.dial().await {
                Ok(link) => self.listen(link, audience, &mut pace).await,
                Err(error) => error,
            };
            // Once per outage: why is worth knowing, each further attempt is not.
            if self.alive.swap(false, Relaxed) || !told {
                tracing::warn!(error = %ended, "the connection that listens to Redis ended");
            }
            told = true;
            audience.disconnected();
            sleep(pace.wait()).await;
        }
    }

    async fn listen(&self, link: Link, audience: &dyn Audience, pace: &mut Pace) -> LinkError {
        self.lock().reset();
        let Link { reader, writer } = link;
        let writer = tokio::sync::Mutex::new(writer);
        let (pong, pongs) = watch::channel(());
        // Side by side: Redis may wait with its answers until we read, and we must not wait for it
        // to read.
        let ended = tokio::select! {
            ended = self.read(reader, audience, pong) => ended,
            ended = self.follow(&writer) => ended,
            ended = self.watch(&writer, pongs, audience, pace) => ended,
        };
        let Err(error) = ended;
        error
    }

    async fn read(
        &self,
        mut reader: LinkReader,
        audience: &dyn Audience,
        pong: watch::Sender<()>,
    ) -> Result<Infallible, LinkError> {
        loop {
            match reader.push().await? {
                Push::Message { channel, payload } => audience.message(&channel, payload),
                Push::Subscribed(channel) => {
                    if !self.lock().confirm(&channel) {
                        self.changed.notify_one();
                    }
                }
                Push::Pong => {
                    pong.send_replace(());
                }
                Push::Other => {}
            }
            // One read of the socket brings thousands at once; other tasks get their share.
            tokio::task::coop::consume_budget().await;
        }
    }

    /// Tells Redis whatever changes.
    async fn follow(
        &self,
        writer: &tokio::sync::Mutex<LinkWriter>,
    ) -> Result<Infallible, LinkError> {
        loop {
            self.changed.notified().await;
            self.write_changes(writer).await?;
        }
    }

    async fn write_changes(
        &self,
        writer: &tokio::sync::Mutex<LinkWriter>,
    ) -> Result<(), LinkError> {
        let mut writer = writer.lock().await;
        let changes = self.lock().take_changes();
        for (verb, channels) in
            [("UNSUBSCRIBE", changes.unsubscribe), ("SUBSCRIBE", changes.subscribe)]
        {
            for channels in channels.chunks(CHANNELS_PER_COMMAND) {
                let words = std::iter::once(verb).chain(channels.iter().map(String::as_str));
                writer.send(&words.collect::<Vec<_>>()).await?;
            }
        }
        Ok(())
    }

    /// Looks for signs of life. Without this a server that hangs is waited for until TCP gives up,
    /// a quarter of an hour.
    async fn watch(
        &self,
        writer: &tokio::sync::Mutex<LinkWriter>,
        mut pongs: watch::Receiver<()>,
        audience: &dyn Audience,
        pace: &mut Pace,
    ) -> Result<Infallible, LinkError> {
        let mut misses = 0;
        loop {
            let begun = Instant::now();
            // Answered after what was asked before it, so its answer confirms that too.
            let asked = async {
                self.write_changes(writer).await?;
                writer.lock().await.send(&["PING"]).await
            };
            timeout(SILENCE, asked).await.unwrap_or(Err(LinkError::Silent(SILENCE)))?;
            let answered = timeout(HEARTBEAT, pongs.changed()).await.is_ok();
            self.alive.store(answered, Relaxed);
            let echo = if answered { audience.echo().await } else { Echo::Missed };
            match echo {
                Echo::Heard => {
                    pace.reset();
                    audience.connected();
                }
                Echo::Missed | Echo::NotSent => audience.disconnected(),
            }
            misses = if echo == Echo::Missed { misses + 1 } else { 0 };
            if misses == MISSES {
                return Err(LinkError::Silent(SILENCE));
            }
            tokio::select! {
                () = sleep_until(begun + HEARTBEAT) => {}
                () = self.look.notified() => {}
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, WantedChannels> {
        self.wanted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
