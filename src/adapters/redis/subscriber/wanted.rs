use std::collections::{HashMap, HashSet};

use tokio::sync::oneshot;

/// Which channels are wanted and how far Redis has them. Counted, so that the order of subscribing
/// and unsubscribing of different members does not matter.
#[derive(Debug, Default)]
pub(super) struct WantedChannels {
    wanted: HashMap<String, usize>,
    /// Told to subscribe, not confirmed yet. Once at a time, so that a confirmation is never taken
    /// for that of a later SUBSCRIBE.
    asked: HashSet<String>,
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
            let subscribed = self.confirmed.contains(&channel);
            match (self.wanted.contains_key(&channel), subscribed) {
                (true, false) if self.asked.insert(channel.clone()) => {
                    changes.subscribe.push(channel);
                }
                (false, true) => {
                    self.confirmed.remove(&channel);
                    changes.unsubscribe.push(channel);
                }
                _ => {}
            }
        }
        changes
    }

    /// Redis has this channel now. False if the wish for it was given up in between: there is a
    /// change to take.
    pub(super) fn confirm(&mut self, channel: &str) -> bool {
        if !self.asked.remove(channel) {
            return true;
        }
        self.confirmed.insert(channel.to_owned());
        for waiting in self.waiting.remove(channel).unwrap_or_default() {
            // A caller that no longer waits needs no answer.
            let _ = waiting.send(());
        }
        let wanted = self.wanted.contains_key(channel);
        if !wanted {
            self.changed.insert(channel.to_owned());
        }
        wanted
    }

    /// The connection is new: Redis has nothing.
    pub(super) fn reset(&mut self) {
        self.asked.clear();
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
        wanted.confirm("a");
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
        wanted.take_changes();
        wanted.remove("a");
        assert!(!wanted.confirm("a"));
        assert_eq!(wanted.take_changes(), unsubscribe("a"));
    }

    #[test]
    fn a_wish_renewed_before_redis_confirms_is_asked_for_once() {
        let mut wanted = WantedChannels::default();
        wanted.add("a".into());
        wanted.take_changes();
        wanted.remove("a");
        let mut waiting = wanted.add("a".into()).expect("not confirmed yet");
        assert_eq!(wanted.take_changes(), Changes::default());
        assert!(wanted.confirm("a"));
        assert!(waiting.try_recv().is_ok());
        wanted.remove("a");
        assert_eq!(wanted.take_changes(), unsubscribe("a"));
        assert!(wanted.confirm("a"), "a confirmation nobody asked for");
        assert!(wanted.add("a".into()).is_some());
    }

    #[test]
    fn leaving_and_joining_at_once_changes_nothing() {
        let mut wanted = WantedChannels::default();
        wanted.add("a".into());
        wanted.take_changes();
        wanted.confirm("a");
        wanted.remove("a");
        wanted.add("a".into());
        assert_eq!(wanted.take_changes(), Changes::default());
    }

    #[test]
    fn everything_wanted_is_asked_for_again_after_a_reconnect() {
        let mut wanted = WantedChannels::default();
        wanted.add("a".into());
        wanted.take_changes();
        wanted.confirm("a");
        wanted.reset();
        assert_eq!(wanted.take_changes(), subscribe("a"));
    }
}
