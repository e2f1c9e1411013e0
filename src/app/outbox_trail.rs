use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

/// How far one can go back.
pub(super) const LOOK_BACK: Duration = Duration::from_secs(10);

/// Where the outbox ended, as seen of late: a cursor that can go back by a while.
#[derive(Debug, Default)]
pub(super) struct OutboxTrail(VecDeque<(Instant, i64)>);

impl OutboxTrail {
    /// At this instant the outbox ended with `sequence`.
    pub fn note(&mut self, at: Instant, sequence: i64) {
        self.0.push_back((at, sequence));
        while self.0.get(1).is_some_and(|(next, _)| *next + LOOK_BACK <= at) {
            self.0.pop_front();
        }
    }

    /// Whether nothing has been noted.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Where the outbox ended `back` before `now`, or at the oldest note.
    pub fn before(&self, back: Duration, now: Instant) -> i64 {
        let old_enough = self.0.iter().rev().find(|(at, _)| *at + back <= now);
        old_enough.or(self.0.front()).map_or(0, |(_, sequence)| *sequence)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::Instant;

    use super::{LOOK_BACK, OutboxTrail};

    #[test]
    fn it_goes_back_to_the_newest_note_that_is_old_enough_and_forgets_older_ones() {
        let second = Duration::from_secs(1);
        let start = Instant::now();
        let mut trail = OutboxTrail::default();
        assert!(trail.is_empty());
        for number in 0..60 {
            trail.note(start + second * number, i64::from(number) * 100);
        }
        let now = start + second * 59;
        assert_eq!(trail.before(Duration::ZERO, now), 5_900);
        assert_eq!(trail.before(second * 2, now), 5_700);
        assert_eq!(trail.before(LOOK_BACK, now), 4_900);
        assert_eq!(trail.before(LOOK_BACK * 9, now), 4_900, "no further than that");
        assert!(trail.0.len() <= 11);
    }

    #[test]
    fn after_a_pause_the_last_note_before_it_is_kept() {
        let start = Instant::now();
        let mut trail = OutboxTrail::default();
        trail.note(start, 1);
        assert_eq!(trail.before(LOOK_BACK, start), 1, "the only one there is");
        let later = start + LOOK_BACK * 100;
        trail.note(later, 7);
        assert_eq!(trail.before(LOOK_BACK, later), 1);
    }
}
