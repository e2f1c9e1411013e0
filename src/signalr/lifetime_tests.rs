use std::collections::HashMap;
use std::sync::Mutex;

use tokio::sync::Notify;

use super::*;
use crate::signalr::HubOptions;

/// A backplane whose subscriptions take effect when the test lets them.
struct SlowToSubscribe {
    counts: Mutex<HashMap<Target, i64>>,
    asked: Notify,
    go_on: Notify,
    state: watch::Sender<BackplaneState>,
}

impl SlowToSubscribe {
    fn count(&self, target: &Target, by: i64) {
        *self.counts.lock().expect("not poisoned").entry(target.clone()).or_default() += by;
    }
}

#[async_trait]
impl Backplane for SlowToSubscribe {
    fn attach(&self, _: Weak<dyn BackplaneReceiver>) {}

    async fn publish(&self, _: &Target, _: &Published) -> Result<(), BackplaneError> {
        Ok(())
    }

    async fn publish_ordered(
        &self,
        _: &Target,
        _: &OrderedMessages,
        _: bool,
    ) -> Result<OrderedSend, BackplaneError> {
        Ok(OrderedSend::Sent)
    }

    async fn subscribe(&self, target: &Target) -> Result<(), BackplaneError> {
        if matches!(target, Target::Group(_)) {
            self.asked.notify_one();
            self.go_on.notified().await;
        }
        self.count(target, 1);
        Ok(())
    }

    fn unsubscribe(&self, target: &Target) {
        // As Redis' does: what is not wanted cannot be wanted less.
        let mut counts = self.counts.lock().expect("not poisoned");
        let count = counts.entry(target.clone()).or_default();
        *count = (*count - 1).max(0);
    }

    async fn change_group(&self, _: &GroupChange) -> Result<(), BackplaneError> {
        Err(BackplaneError::NotAcknowledged)
    }

    fn state(&self) -> watch::Receiver<BackplaneState> {
        self.state.subscribe()
    }
}

#[tokio::test]
async fn a_connection_that_ends_while_it_joins_leaves_no_subscription() {
    let backplane = Arc::new(SlowToSubscribe {
        counts: Mutex::default(),
        asked: Notify::new(),
        go_on: Notify::new(),
        state: watch::channel(BackplaneState::Connected(1)).0,
    });
    let (lifetime, _gaps) = HubLifetime::new(backplane.clone());
    let id = ConnectionId::new("c");
    let connection = Arc::new(Connection::new(id.clone(), "ada", &HubOptions::default()));
    assert!(lifetime.connect(&connection).await);
    let change = GroupChange { connection: id, group: "g".to_owned(), action: GroupAction::Add };
    let joining = {
        let lifetime = lifetime.clone();
        tokio::spawn(async move { lifetime.change_group_locally(&change).await })
    };
    backplane.asked.notified().await;
    lifetime.disconnect(&connection);
    backplane.go_on.notify_one();
    assert!(!joining.await.expect("no panic"), "the connection is not here any more");
    let counts = backplane.counts.lock().expect("not poisoned").clone();
    assert!(counts.values().all(|count| *count == 0), "{counts:?}");
}
