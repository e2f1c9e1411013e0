use std::collections::hash_map::RandomState;
use std::collections::{HashSet, VecDeque};
use std::hash::BuildHasher;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::backplane::Target;
use super::protocol::HubProtocol;
use super::serialized::SerializedMessage;

/// Deliveries remembered at most; the oldest is forgotten first. About 3 MB.
const CAPACITY: usize = 65_536;

/// Recognises a message that its target got a moment ago, so that an event sent at least once
/// arrives once.
#[derive(Debug)]
pub struct RepeatFilter {
    window: Duration,
    // Two independently keyed 64-bit hashes: a collision within the window is out of reach, also
    // for who chooses the payload.
    keys: (RandomState, RandomState),
    seen: Mutex<Seen>,
}

#[derive(Debug, Default)]
struct Seen {
    prints: HashSet<(u64, u64)>,
    order: VecDeque<(Instant, (u64, u64))>,
}

impl RepeatFilter {
    /// Remembers deliveries for `window`.
    pub fn new(window: Duration) -> Self {
        Self { window, keys: (RandomState::new(), RandomState::new()), seen: Mutex::default() }
    }

    /// Notes a delivery at `now`; false if the same message went to the same target within the
    /// window.
    pub fn is_new(&self, target: &Target, message: &SerializedMessage, now: Instant) -> bool {
        let bytes =
            HubProtocol::ALL.map(|protocol| message.frame(protocol).map(|frame| frame.as_bytes()));
        let print = (self.keys.0.hash_one((target, bytes)), self.keys.1.hash_one((target, bytes)));
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        while let Some((at, old)) = seen.order.front().copied() {
            if seen.order.len() < CAPACITY && now.saturating_duration_since(at) < self.window {
                break;
            }
            seen.order.pop_front();
            seen.prints.remove(&old);
        }
        let new = seen.prints.insert(print);
        if new {
            seen.order.push_back((now, print));
        }
        new
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_message_passes_once_per_target_and_window() {
        let filter = RepeatFilter::new(Duration::from_secs(10));
        let start = Instant::now();
        let (one, two) = (message("e1"), message("e2"));
        let (user, group) = (Target::User("u".into()), Target::Group("u".into()));
        assert!(filter.is_new(&user, &one, start));
        assert!(!filter.is_new(&user, &one, start + Duration::from_secs(9)));
        assert!(filter.is_new(&user, &two, start));
        assert!(filter.is_new(&group, &one, start));
        assert!(filter.is_new(&user, &one, start + Duration::from_secs(10)));
    }

    #[test]
    fn memory_is_bounded() {
        let filter = RepeatFilter::new(Duration::from_secs(10));
        let (start, message) = (Instant::now(), message("e"));
        for index in 0..=CAPACITY {
            assert!(filter.is_new(&Target::User(index.to_string()), &message, start));
        }
        assert!(filter.seen.lock().unwrap().order.len() <= CAPACITY);
        assert!(
            filter.is_new(&Target::User("0".into()), &message, start),
            "the oldest was forgotten"
        );
    }

    fn message(event: &str) -> SerializedMessage {
        SerializedMessage::invocation("Notification", &(event,)).unwrap()
    }
}
