use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;

use super::subscriber::{Audience, Dialer, Subscriber};
use crate::lifecycle::{StopPhase, Supervisor};

/// News kept for a listener that is slow; it is told of a gap when it falls behind further.
const BACKLOG: usize = 1024;

/// What a listener hears.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum News {
    /// Somebody published on a channel.
    Message {
        /// Which channel.
        channel: String,
        /// What was said.
        text: String,
    },
    /// Something may have been missed up to now: the connection was away, or the listener was slow.
    Gap,
}

/// One listening connection for everything of ours that is published. It subscribes again after
/// each reconnect and tells its listeners of the gap. Ends with its token.
#[derive(Clone)]
pub struct Subscriptions {
    news: broadcast::Sender<News>,
    complete: Arc<AtomicBool>,
}

/// A listener of [`Subscriptions`].
pub struct Listener {
    news: broadcast::Receiver<News>,
}

impl Listener {
    /// The next news; `None` when the subscriptions ended. Cancel-safe.
    pub async fn next(&mut self) -> Option<News> {
        match self.news.recv().await {
            Ok(news) => Some(news),
            Err(RecvError::Lagged(_)) => Some(News::Gap),
            Err(RecvError::Closed) => None,
        }
    }
}

impl Subscriptions {
    /// Listens on `channels` in a task of `supervisor`.
    pub fn start(dialer: Dialer, channels: Vec<String>, supervisor: &Supervisor) -> Self {
        let (news, _) = broadcast::channel(BACKLOG);
        let complete = Arc::new(AtomicBool::new(false));
        let audience = Announcer { news: news.downgrade(), complete: complete.clone() };
        supervisor.spawn_until("redis-subscriptions", StopPhase::Last, async move {
            let ended = Subscriber::new(channels).run(dialer, &audience).await;
            match ended {}
        });
        Self { news, complete }
    }

    /// A listener that hears everything from now on.
    pub fn listen(&self) -> Listener {
        Listener { news: self.news.subscribe() }
    }

    /// Whether every channel is subscribed right now, as far as we know.
    pub fn is_complete(&self) -> bool {
        self.complete.load(Ordering::Relaxed)
    }
}

/// Passes on what is heard to every [`Listener`].
struct Announcer {
    news: broadcast::WeakSender<News>,
    complete: Arc<AtomicBool>,
}

impl Announcer {
    fn tell(&self, news: News) {
        if let Some(sender) = self.news.upgrade() {
            // Without a listener nobody misses it.
            let _ = sender.send(news);
        }
    }

    /// Whether it was so before.
    fn set_complete(&self, complete: bool) -> bool {
        metrics::gauge!("contoso_redis_subscribed").set(f64::from(u8::from(complete)));
        self.complete.swap(complete, Ordering::Relaxed)
    }
}

impl Audience for Announcer {
    fn message(&self, channel: &str, payload: Bytes) {
        if let Ok(text) = String::from_utf8(payload.into()) {
            self.tell(News::Message { channel: channel.to_owned(), text });
        }
    }

    fn connected(&self) {
        if !self.set_complete(true) {
            self.tell(News::Gap);
        }
    }

    fn disconnected(&self) {
        self.set_complete(false);
    }
}
