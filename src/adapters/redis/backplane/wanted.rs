use std::collections::{HashMap, HashSet};

use tokio::sync::oneshot;

/// Which channels are wanted and which Redis has confirmed. Counted, so that the order of
/// subscribing and unsubscribing of different members does not matter.
#[derive(Debug, Default)]
pub(super) struct WantedChannels {
    wanted: HashMap<String, usize>,
    confirmed: HashSet<String>,
    changed: HashSet<String>,
    waiting: HashMap<String, Vec<oneshot::Sender<()>>>,
}

/// What to tell Redis.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Changes {
    pub(super) subscribe: Vec<String>,
    pub(super) unsubscribe: Vec<String>,
}

impl WantedChannels {
    /// Wants a channel once more; the receiver resolves when Redis has confirmed it, `None` if it
    /// has already.
    pub(super) fn add(&mut self, channel: String) -> Option<oneshot::Receiver<()>> {
        *self.wanted.entry(channel.clone()).or_default() += 1;
        if self.confirmed.contains(&channel) {
            return None;
        }
        let (sender, receiver) = oneshot::channel();
        self.waiting.entry(channel.clone()).or_default().push(sender);
        self.changed.insert(channel);
        Some(receiver)
    }

    /// Wants a channel once less.
    pub(super) fn remove(&mut self, channel: &str) {
        let Some(count) = self.wanted.get_mut(channel) else { return };
        *count -= 1;
        if *count == 0 {
            self.wanted.remove(channel);
            self.waiting.remove(channel);
            self.changed.insert(channel.to_owned());
        }
    }

    /// Takes what differs between wish and confirmation.
    pub(super) fn take_changes(&mut self) -> Changes {
        let mut changes = Changes::default();
        for channel in self.changed.drain() {
            match (self.wanted.contains_key(&channel), self.confirmed.contains(&channel)) {
                (true, false) => changes.subscribe.push(channel),
                (false, true) => {
                    self.confirmed.remove(&channel);
                    changes.unsubscribe.push(channel);
                }
                _ => {}
            }
        }
        changes
    }

    /// Redis has these now. Who gave up its wish in between is undone with the next changes.
    pub(super) fn confirm(&mut self, channels: Vec<String>) {
        for channel in channels {
            for waiting in self.waiting.remove(&channel).unwrap_or_default() {
                // A caller that no longer waits needs no answer.
                let _ = waiting.send(());
            }
            if !self.wanted.contains_key(&channel) {
                self.changed.insert(channel.clone());
            }
            self.confirmed.insert(channel);
        }
    }

    /// The connection is new: Redis has nothing.
    pub(super) fn reset(&mut self) {
        self.confirmed.clear();
        self.changed = self.wanted.keys().cloned().collect();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn subscribe(channel: &str) -> Changes {
        Changes { subscribe: vec![channel.into()], unsubscribe: vec![] }
    }

    fn unsubscribe(channel: &str) -> Changes {
        Changes { subscribe: vec![], unsubscribe: vec![channel.into()] }
    }

    #[test]
    fn the_first_wish_subscribes_and_the_last_unsubscribes() {
        let mut wanted = WantedChannels::default();
        let mut waiting = wanted.add("a".into()).expect("not confirmed yet");
        assert_eq!(wanted.take_changes(), subscribe("a"));
        assert!(waiting.try_recv().is_err());
        wanted.confirm(vec!["a".into()]);
        assert!(waiting.try_recv().is_ok());
        assert!(wanted.add("a".into()).is_none());
        wanted.remove("a");
        assert_eq!(wanted.take_changes(), Changes::default());
        wanted.remove("a");
        wanted.remove("a");
        assert_eq!(wanted.take_changes(), unsubscribe("a"));
    }

    #[test]
    fn a_wish_given_up_while_redis_confirms_is_undone() {
        let mut wanted = WantedChannels::default();
        wanted.add("a".into());
        let taken = wanted.take_changes();
        wanted.remove("a");
        wanted.confirm(taken.subscribe);
        assert_eq!(wanted.take_changes(), unsubscribe("a"));
    }

    #[test]
    fn leaving_and_joining_at_once_changes_nothing() {
        let mut wanted = WantedChannels::default();
        wanted.add("a".into());
        wanted.take_changes();
        wanted.confirm(vec!["a".into()]);
        wanted.remove("a");
        wanted.add("a".into());
        assert_eq!(wanted.take_changes(), Changes::default());
    }

    #[test]
    fn everything_wanted_is_asked_for_again_after_a_reconnect() {
        let mut wanted = WantedChannels::default();
        wanted.add("a".into());
        wanted.take_changes();
        wanted.confirm(vec!["a".into()]);
        wanted.reset();
        assert_eq!(wanted.take_changes(), subscribe("a"));
    }
}
