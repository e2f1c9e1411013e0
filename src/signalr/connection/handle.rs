use std::collections::BTreeSet;
use std::fmt;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::heard::{Heard, Offer};
use super::{CloseCause, Pushed, SendQueue};
use crate::signalr::protocol::{Frame, HubProtocol};
use crate::signalr::turn::TurnPart;
use crate::signalr::{HubOptions, SerializedMessage};

/// The public name of a connection, unique over all pods.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ConnectionId(Arc<str>);

impl ConnectionId {
    /// 16 random bytes as 22 URL-safe characters (B2).
    pub fn random() -> Self {
        Self(URL_SAFE_NO_PAD.encode(rand::random::<[u8; 16]>()).into())
    }

    /// An id told by a token or another server.
    pub fn new(id: &str) -> Self {
        Self(id.into())
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ConnectionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What the rest of the process sees of a connection: who it is, how to send to it, how to end it.
#[derive(Debug)]
pub struct Connection {
    id: ConnectionId,
    user_id: Arc<str>,
    protocol: OnceLock<HubProtocol>,
    send_queue: SendQueue,
    began_at: Instant,
    heard: Mutex<Heard>,
    groups: Mutex<BTreeSet<String>>,
    end: Mutex<Option<CloseCause>>,
    ending: CancellationToken,
    aborted: CancellationToken,
}

/// What became of a message for one connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivery {
    /// It waits to be written.
    Queued,
    /// The connection is closing, too slow, or its protocol is missing in the message.
    Dropped,
}

/// What became of an ordered message for one connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hearing {
    /// It was delivered, or dropped as [`Delivery`] says; so many versions before it were skipped.
    Heard(Delivery, u32),
    /// The connection had heard this version or a newer one.
    NotNewer,
    /// It waits for the version before it.
    Waits {
        /// The last version heard, when the wait begins with this message.
        begins_after: Option<u32>,
    },
}

impl Connection {
    /// A connection that has not shaken hands yet.
    pub fn new(id: ConnectionId, user_id: &str, options: &HubOptions) -> Self {
        Self {
            id,
            user_id: user_id.into(),
            protocol: OnceLock::new(),
            send_queue: SendQueue::new(options.send_queue_bytes, options.send_queue_messages),
            began_at: Instant::now(),
            heard: Mutex::default(),
            groups: Mutex::default(),
            end: Mutex::default(),
            ending: CancellationToken::new(),
            aborted: CancellationToken::new(),
        }
    }

    /// Its public id.
    pub fn id(&self) -> &ConnectionId {
        &self.id
    }

    /// Whose it is.
    pub fn user_id(&self) -> &str {
        &self.user_id
    }

    /// What it speaks; `None` before the handshake.
    pub fn protocol(&self) -> Option<HubProtocol> {
        self.protocol.get().copied()
    }

    /// Records what the handshake agreed on.
    pub(in crate::signalr) fn agree(&self, protocol: HubProtocol) {
        let _ = self.protocol.set(protocol);
    }

    /// Queues a message. Never waits: a client that does not read is ended instead.
    pub fn send(&self, message: &SerializedMessage) -> Delivery {
        match self.protocol().and_then(|protocol| message.frame(protocol)) {
            Some(frame) => self.push(frame.clone()),
            None => Delivery::Dropped,
        }
    }

    /// When it was made.
    pub fn began_at(&self) -> Instant {
        self.began_at
    }

    /// Queues an ordered message if it is this connection's turn to hear it.
    pub fn send_in_turn(&self, message: &SerializedMessage, turn: &TurnPart) -> Hearing {
        let Some(frame) = self.protocol().and_then(|protocol| message.frame(protocol)) else {
            return Hearing::Heard(Delivery::Dropped, 0);
        };
        // Held until the frames are queued, so that two messages cannot overtake each other.
        let mut heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        match heard.offer(turn, frame.clone()) {
            Offer::Deliver(frames, skipped) => Hearing::Heard(self.push_all(frames), skipped),
            Offer::NotNewer => Hearing::NotNewer,
            Offer::Held { begins_after } => Hearing::Waits { begins_after },
        }
    }

    /// Queues what waits for a missing version of `key`. Returns how many versions are skipped.
    pub(in crate::signalr) fn give_up_waiting(&self, key: &str) -> u32 {
        let mut heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        let (frames, skipped) = heard.give_up(key);
        self.push_all(frames);
        skipped
    }

    fn push_all(&self, frames: Vec<Frame>) -> Delivery {
        frames.into_iter().map(|frame| self.push(frame)).last().unwrap_or(Delivery::Dropped)
    }

    pub(in crate::signalr) fn push(&self, frame: Frame) -> Delivery {
        match self.send_queue.push(frame) {
            Pushed::Queued => Delivery::Queued,
            Pushed::Finished => Delivery::Dropped,
            Pushed::Full => {
                self.end(CloseCause::SlowConsumer);
                Delivery::Dropped
            }
        }
    }

    pub(in crate::signalr) fn send_queue(&self) -> &SendQueue {
        &self.send_queue
    }

    /// Asks the connection to end; the first cause wins.
    pub fn end(&self, cause: CloseCause) {
        self.end.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(cause);
        self.ending.cancel();
    }

    /// Waits until someone called [`Self::end`].
    pub(in crate::signalr) async fn ended(&self) -> CloseCause {
        self.ending.cancelled().await;
        self.end
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
            .unwrap_or(CloseCause::Aborted)
    }

    /// Cancelled when the connection is over; for hub methods that outlive it.
    pub fn aborted(&self) -> &CancellationToken {
        &self.aborted
    }

    /// Notes a group; false if it was in it already.
    pub(in crate::signalr) fn join(&self, group: &str) -> bool {
        self.groups.lock().unwrap_or_else(PoisonError::into_inner).insert(group.to_owned())
    }

    /// Forgets a group; false if it was not in it.
    pub(in crate::signalr) fn leave(&self, group: &str) -> bool {
        self.groups.lock().unwrap_or_else(PoisonError::into_inner).remove(group)
    }

    /// Takes all groups away.
    pub(in crate::signalr) fn leave_all(&self) -> BTreeSet<String> {
        std::mem::take(&mut *self.groups.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
