use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};

use async_trait::async_trait;
use tokio::sync::watch;

use super::sent_versions::SentVersions;
use super::{
    Backplane, BackplaneError, BackplaneReceiver, BackplaneState, GroupChange, Published, Target,
};
use crate::signalr::turn::{OrderedMessages, OrderedSend, Turn, TurnPart};

/// Joins the hub servers of one process; with one member it is a backplane for a single pod.
#[derive(Clone, Default)]
pub struct InProcessBus(Arc<Members>);

#[derive(Default)]
struct Members {
    members: Mutex<Vec<Member>>,
    sent: Mutex<SentVersions>,
}

struct Member {
    id: usize,
    hub: String,
    receiver: Weak<dyn BackplaneReceiver>,
}

impl InProcessBus {
    /// An empty bus.
    pub fn new() -> Self {
        Self::default()
    }

    /// A backplane for one server of the hub called `hub`; only servers of the same hub hear each
    /// other.
    pub fn join(&self, hub: &str) -> Arc<dyn Backplane> {
        let (state, _) = watch::channel(BackplaneState::Connected(1));
        Arc::new(InProcess { bus: self.clone(), hub: hub.to_owned(), id: OnceLock::new(), state })
    }

    /// The other live servers of a hub.
    fn others(&self, hub: &str, id: Option<usize>) -> Vec<Arc<dyn BackplaneReceiver>> {
        let mut members = self.0.members.lock().unwrap_or_else(PoisonError::into_inner);
        members.retain(|member| member.receiver.strong_count() > 0);
        members
            .iter()
            .filter(|member| member.hub == hub && Some(member.id) != id)
            .filter_map(|member| member.receiver.upgrade())
            .collect()
    }
}

struct InProcess {
    bus: InProcessBus,
    hub: String,
    id: OnceLock<usize>,
    state: watch::Sender<BackplaneState>,
}

impl InProcess {
    fn others(&self) -> Vec<Arc<dyn BackplaneReceiver>> {
        self.bus.others(&self.hub, self.id.get().copied())
    }
}

#[async_trait]
impl Backplane for InProcess {
    fn attach(&self, receiver: Weak<dyn BackplaneReceiver>) {
        let mut members = self.bus.0.members.lock().unwrap_or_else(PoisonError::into_inner);
        let id = members.last().map_or(0, |member| member.id + 1);
        if self.id.set(id).is_ok() {
            members.push(Member { id, hub: self.hub.clone(), receiver });
        }
    }

    async fn publish(&self, target: &Target, published: &Published) -> Result<(), BackplaneError> {
        for other in self.others() {
            other.received();
            other.deliver(target, published);
        }
        Ok(())
    }

    async fn publish_ordered(
        &self,
        target: &Target,
        messages: &OrderedMessages,
        regardless: bool,
    ) -> Result<OrderedSend, BackplaneError> {
        // Held until everybody has them, so that two versions cannot overtake each other.
        let mut sent = self.bus.0.sent.lock().unwrap_or_else(PoisonError::into_inner);
        let Turn { key, version } = &messages.turn;
        let turn = Turn { key: format!("{}:{key}", self.hub), version: *version };
        let decision = sent.take_turn(&turn, regardless);
        if decision == OrderedSend::Sent {
            for receiver in self.bus.others(&self.hub, None) {
                for (part, message) in (0..).zip(&messages.messages) {
                    receiver.received();
                    let published = Published {
                        excluded: Vec::new(),
                        message: message.clone(),
                        delivered_locally: false,
                        turn: Some(TurnPart { turn: messages.turn.clone(), part }),
                    };
                    receiver.deliver(target, &published);
                }
            }
        }
        Ok(decision)
    }

    async fn subscribe(&self, _target: &Target) -> Result<(), BackplaneError> {
        Ok(())
    }

    fn unsubscribe(&self, _target: &Target) {}

    async fn change_group(&self, change: &GroupChange) -> Result<(), BackplaneError> {
        for other in self.others() {
            if other.change_group(change).await {
                return Ok(());
            }
        }
        Err(BackplaneError::NotAcknowledged)
    }

    fn state(&self) -> watch::Receiver<BackplaneState> {
        self.state.subscribe()
    }
}
