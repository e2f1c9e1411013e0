use std::time::Duration;

use lru::LruCache;

use crate::signalr::turn::{OrderedSend, Turn};

/// Keys remembered; the least recently used is forgotten first and counts as never sent.
const KEYS: usize = 100_000;

/// The last version sent of each key.
#[derive(Debug)]
pub(super) struct SentVersions(LruCache<String, u32>);

impl Default for SentVersions {
    fn default() -> Self {
        Self(LruCache::unbounded())
    }
}

impl SentVersions {
    /// Decides whether it is this version's turn, and notes that it is sent.
    pub fn take_turn(&mut self, turn: &Turn, regardless: bool) -> OrderedSend {
        let last = self.0.get(&turn.key).copied().unwrap_or(0);
        if turn.version <= last {
            return OrderedSend::NotNewer;
        }
        if turn.version > last + 1 && !regardless {
            // The memory lives as long as the connections.
            return OrderedSend::Early { last, remembered: Duration::MAX };
        }
        self.0.push(turn.key.clone(), turn.version);
        if self.0.len() > KEYS {
            self.0.pop_lru();
        }
        OrderedSend::Sent
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_bounded_and_a_forgotten_key_counts_as_never_sent() {
        let mut sent = SentVersions::default();
        let turn = |number: usize| Turn { key: number.to_string(), version: 1 };
        for number in 0..=KEYS {
            assert_eq!(sent.take_turn(&turn(number), false), OrderedSend::Sent);
        }
        assert_eq!(sent.0.len(), KEYS);
        assert_eq!(sent.take_turn(&turn(KEYS), false), OrderedSend::NotNewer);
        assert_eq!(sent.take_turn(&turn(0), false), OrderedSend::Sent);
    }
}
