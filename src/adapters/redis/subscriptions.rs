use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use fred::clients::SubscriberClient;
use fred::interfaces::{ClientLike, EventInterface, PubsubInterface};
use fred::types::Message;
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::{Instant, sleep_until, timeout};

use crate::lifecycle::{StopPhase, Supervisor};

/// How often the connection is asked for a sign of life.
const HEARTBEAT: Duration = Duration::from_secs(1);
/// Signs of life missed in a row before the connection is thrown away.
const MISSES: u32 = 3;
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
    /// Listens on `channels` in a task of `supervisor`, which quits the client at the end.
    pub fn start(client: SubscriberClient, channels: Vec<String>, supervisor: &Supervisor) -> Self {
        let (news, _) = broadcast::channel(BACKLOG);
        let complete = Arc::new(AtomicBool::new(false));
        let task = Task { client, channels, news: news.downgrade(), complete: complete.clone() };
        supervisor.spawn("redis-subscriptions", StopPhase::Last, |stop| async move {
            let client = task.client.clone();
            stop.run_until_cancelled(task.run()).await;
            let _ = timeout(HEARTBEAT, client.quit()).await;
            Ok(())
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

struct Task {
    client: SubscriberClient,
    channels: Vec<String>,
    news: broadcast::WeakSender<News>,
    complete: Arc<AtomicBool>,
}

impl Task {
    async fn run(self) {
        let mut messages = self.client.message_rx();
        let mut reconnects = self.client.reconnect_rx();
        let mut errors = self.client.error_rx();
        let mut misses = 0;
        let mut due = Instant::now();
        loop {
            tokio::select! {
                biased;
                message = messages.recv() => match message {
                    Ok(message) => self.pass_on(&message),
                    Err(RecvError::Lagged(_)) => self.tell(News::Gap),
                    Err(RecvError::Closed) => return,
                },
                _ = errors.recv() => self.set_complete(false),
                _ = reconnects.recv() => {
                    self.set_complete(false);
                    due = Instant::now();
                }
                () = sleep_until(due) => {
                    let alive = if self.complete.load(Ordering::Relaxed) {
                        self.client.ping::<()>(None).await.is_ok()
                    } else {
                        self.subscribe().await
                    };
                    misses = if alive { 0 } else { misses + 1 };
                    if !alive {
                        self.set_complete(false);
                    }
                    // Without this a server that hangs is waited for until TCP gives up, a quarter
                    // of an hour.
                    if misses >= MISSES && self.client.is_connected() {
                        misses = 0;
                        let _ = timeout(HEARTBEAT, self.client.force_reconnection()).await;
                    }
                    due = Instant::now() + HEARTBEAT;
                }
            }
        }
    }

    async fn subscribe(&self) -> bool {
        let done = self.client.is_connected()
            && self.client.subscribe(self.channels.clone()).await.is_ok();
        if done {
            self.set_complete(true);
            self.tell(News::Gap);
        }
        done
    }

    fn set_complete(&self, complete: bool) {
        self.complete.store(complete, Ordering::Relaxed);
        metrics::gauge!("contoso_redis_subscribed").set(f64::from(u8::from(complete)));
    }

    fn pass_on(&self, message: &Message) {
        if let Some(text) = message.value.as_str() {
            self.tell(News::Message {
                channel: message.channel.to_string(),
                text: text.into_owned(),
            });
        }
    }

    fn tell(&self, news: News) {
        if let Some(sender) = self.news.upgrade() {
            let _ = sender.send(news);
        }
    }
}
