use lru::LruCache;

use crate::signalr::protocol::Frame;
use crate::signalr::turn::TurnPart;

/// Keys remembered per connection. A key that was forgotten counts as never heard: the next version
/// that arrives is delivered, whatever it is.
const KEYS: usize = 512;
/// Messages of one key that may wait for the version before them.
const HELD: usize = 16;

/// Version and part; the next of both is greater.
type Position = (u32, u8);

/// What a connection heard of ordered messages: it hears the versions of a key in order and once.
#[derive(Debug)]
pub struct Heard(LruCache<String, Line>);

#[derive(Debug)]
struct Line {
    last: Position,
    /// What arrived before its predecessor, in order.
    held: Vec<(Position, Frame)>,
}

/// What is to be done with a message that has arrived.
#[derive(Debug, PartialEq, Eq)]
pub enum Offer {
    /// Deliver these, in this order: the message, and what waited for it. The number of versions
    /// that were skipped to do so is told.
    Deliver(Vec<Frame>, u32),
    /// Nothing: it was heard before.
    NotNewer,
    /// Nothing yet: its predecessor is missing.
    Held {
        /// The last version heard, when the wait begins with this message.
        begins_after: Option<u32>,
    },
}

impl Default for Heard {
    fn default() -> Self {
        Self(LruCache::unbounded())
    }
}

impl Heard {
    /// Decides about a message that has arrived.
    pub fn offer(&mut self, message: &TurnPart, frame: Frame) -> Offer {
        let position = (message.turn.version, message.part);
        let Some(line) = self.0.get_mut(&message.turn.key) else {
            self.0.push(message.turn.key.clone(), Line { last: position, held: Vec::new() });
            if self.0.len() > KEYS {
                self.0.pop_lru();
            }
            return Offer::Deliver(vec![frame], 0);
        };
        let found = line.held.binary_search_by_key(&position, |(held, _)| *held);
        let (Err(place), true) = (found, position > line.last) else { return Offer::NotNewer };
        if follows(line.last, position) {
            line.last = position;
            let mut frames = vec![frame];
            line.take_followers(&mut frames);
            return Offer::Deliver(frames, 0);
        }
        line.held.insert(place, (position, frame));
        if line.held.len() > HELD {
            let (frames, skipped) = line.take_all();
            return Offer::Deliver(frames, skipped);
        }
        Offer::Held { begins_after: (line.held.len() == 1).then_some(line.last.0) }
    }

    /// Ends the wait of a key: what was held is to be delivered, with the number of versions that
    /// are skipped. Nothing when the predecessor has come meanwhile.
    pub fn give_up(&mut self, key: &str) -> (Vec<Frame>, u32) {
        self.0.peek_mut(key).map_or_else(Default::default, Line::take_all)
    }
}

impl Line {
    fn take_followers(&mut self, frames: &mut Vec<Frame>) {
        let count = self
            .held
            .iter()
            .scan(self.last, |last, (position, _)| {
                let next = follows(*last, *position);
                *last = *position;
                next.then_some(())
            })
            .count();
        for (position, frame) in self.held.drain(..count) {
            self.last = position;
            frames.push(frame);
        }
    }

    fn take_all(&mut self) -> (Vec<Frame>, u32) {
        let (mut frames, mut skipped) = (Vec::with_capacity(self.held.len()), 0);
        for (position, frame) in self.held.drain(..) {
            skipped += position.0.saturating_sub(self.last.0.saturating_add(1));
            self.last = position;
            frames.push(frame);
        }
        (frames, skipped)
    }
}

/// Whether nothing is missing between the two.
fn follows(last: Position, next: Position) -> bool {
    next.0 <= last.0.saturating_add(1)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::signalr::turn::Turn;

    fn part(key: &str, version: u32, part: u8) -> TurnPart {
        TurnPart { turn: Turn { key: key.to_owned(), version }, part }
    }

    fn frame(version: u32, part: u8) -> Frame {
        Frame::Text(format!("{version}.{part}").into())
    }

    fn offer(heard: &mut Heard, version: u32, number: u8) -> Offer {
        heard.offer(&part("k", version, number), frame(version, number))
    }

    fn delivered(frames: &[(u32, u8)]) -> Offer {
        Offer::Deliver(frames.iter().map(|(version, part)| frame(*version, *part)).collect(), 0)
    }

    #[test]
    fn versions_are_delivered_in_order_and_once() {
        let mut heard = Heard::default();
        assert_eq!(offer(&mut heard, 2, 0), delivered(&[(2, 0)]), "the first may be any");
        assert_eq!(offer(&mut heard, 2, 0), Offer::NotNewer);
        assert_eq!(offer(&mut heard, 1, 0), Offer::NotNewer);
        assert_eq!(offer(&mut heard, 4, 0), Offer::Held { begins_after: Some(2) });
        assert_eq!(offer(&mut heard, 4, 0), Offer::NotNewer);
        assert_eq!(offer(&mut heard, 4, 1), Offer::Held { begins_after: None });
        assert_eq!(offer(&mut heard, 3, 0), delivered(&[(3, 0), (4, 0), (4, 1)]));
        assert_eq!(heard.give_up("k"), (Vec::new(), 0), "nothing waits any more");
        assert_eq!(offer(&mut heard, 3, 1), Offer::NotNewer);
    }

    #[test]
    fn what_is_missing_for_too_long_is_skipped() {
        let mut heard = Heard::default();
        offer(&mut heard, 1, 0);
        offer(&mut heard, 4, 0);
        assert_eq!(heard.give_up("k"), (vec![frame(4, 0)], 2));
        assert_eq!(offer(&mut heard, 2, 0), Offer::NotNewer, "it comes too late");
        assert_eq!(offer(&mut heard, 5, 0), delivered(&[(5, 0)]));
        assert_eq!(heard.give_up("unknown"), (Vec::new(), 0));
    }

    #[test]
    fn what_waits_is_bounded() {
        let mut heard = Heard::default();
        offer(&mut heard, 1, 0);
        for version in 3..3 + HELD as u32 {
            assert!(matches!(offer(&mut heard, version, 0), Offer::Held { .. }));
        }
        let Offer::Deliver(frames, skipped) = offer(&mut heard, 3 + HELD as u32, 0) else {
            panic!("not delivered")
        };
        assert_eq!((frames.len(), skipped), (HELD + 1, 1));
    }

    #[test]
    fn an_evicted_key_counts_as_never_heard() {
        let mut heard = Heard::default();
        for number in 0..=KEYS {
            heard.offer(&part(&number.to_string(), 3, 0), frame(3, 0));
        }
        assert_eq!(heard.0.len(), KEYS);
        assert_eq!(heard.offer(&part("0", 2, 0), frame(2, 0)), delivered(&[(2, 0)]));
        assert_eq!(heard.offer(&part(&KEYS.to_string(), 3, 0), frame(3, 0)), Offer::NotNewer);
    }

    proptest! {
        #[test]
        fn whatever_arrives_is_delivered_strictly_forward(
            arrivals in proptest::collection::vec((1_u32..8, 0_u8..2, any::<bool>()), 0..60),
        ) {
            let (mut heard, mut out) = (Heard::default(), Vec::new());
            let mut arrived = Vec::new();
            for (version, number, gives_up) in arrivals {
                arrived.push((version, number));
                if let Offer::Deliver(frames, _) = offer(&mut heard, version, number) {
                    out.extend(frames);
                }
                if gives_up {
                    out.extend(heard.give_up("k").0);
                }
            }
            out.extend(heard.give_up("k").0);
            let positions: Vec<Position> = out
                .iter()
                .map(|frame| {
                    let text = String::from_utf8_lossy(frame.as_bytes()).into_owned();
                    let (version, part) = text.split_once('.').expect("two numbers");
                    (version.parse().expect("a number"), part.parse().expect("a number"))
                })
                .collect();
            prop_assert!(positions.is_sorted_by(|a, b| a < b), "{positions:?}");
            let newest = arrived.iter().max();
            prop_assert_eq!(positions.last(), newest, "the newest is never skipped");
        }
    }
}
