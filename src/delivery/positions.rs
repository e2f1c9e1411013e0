use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use crate::ports::Outbox;

/// How far one can go back. Longer than it takes to notice that Redis is out.
pub(super) const LOOK_BACK: Duration = Duration::from_secs(15);
/// Pause between notes.
const NOTE_EVERY: Duration = Duration::from_secs(1);
/// Pause while there is no note at all.
const FIRST_NOTE_EVERY: Duration = Duration::from_millis(100);

/// Where the outbox ended, as seen in the last seconds. Tells where a catch-up begins, and which of
/// its entries were committed before a connection began. Clones share the notes.
#[derive(Clone, Default)]
pub struct OutboxPositions(Arc<Mutex<VecDeque<(Instant, i64)>>>);

impl OutboxPositions {
    /// With a first note of the end of `outbox`, if it can be read now: take it before the first
    /// connection begins, which hears what is committed from then on.
    pub async fn begin(outbox: &dyn Outbox) -> Self {
        let positions = Self::default();
        positions.look(outbox).await;
        positions
    }

    /// Notes the end of `outbox` until `stop`.
    pub async fn keep(self, outbox: Arc<dyn Outbox>, stop: CancellationToken) {
        let notes = async {
            loop {
                sleep(if self.is_empty() { FIRST_NOTE_EVERY } else { NOTE_EVERY }).await;
                self.look(&*outbox).await;
            }
        };
        stop.run_until_cancelled(notes).await;
    }

    async fn look(&self, outbox: &dyn Outbox) {
        // Taken after the answer: everything up to the sequence was committed by then.
        match outbox.last_sequence().await {
            Ok(last) => self.note(Instant::now(), last),
            Err(error) => tracing::debug!(%error, "the end of the outbox is not known"),
        }
    }

    /// At this instant the outbox ended with `sequence`, or behind it.
    pub(super) fn note(&self, at: Instant, sequence: i64) {
        let mut notes = self.notes();
        notes.push_back((at, sequence));
        while notes.get(1).is_some_and(|(next, _)| *next + LOOK_BACK <= at) {
            notes.pop_front();
        }
    }

    /// Whether nothing has been noted: the pod is new and has nothing to catch up on.
    pub(super) fn is_empty(&self) -> bool {
        self.notes().is_empty()
    }

    /// Where the outbox ended `back` before `now`, or at the oldest note.
    pub(super) fn before(&self, back: Duration, now: Instant) -> i64 {
        let notes = self.notes();
        let old_enough = notes.iter().rev().find(|(at, _)| *at + back <= now);
        old_enough.or(notes.front()).map_or(0, |(_, sequence)| *sequence)
    }

    /// An instant by which the entry had been committed; `None` when it is newer than every note.
    pub(super) fn committed_by(&self, sequence: i64) -> Option<Instant> {
        self.notes().iter().find(|(_, last)| *last >= sequence).map(|(at, _)| *at)
    }

    fn notes(&self) -> MutexGuard<'_, VecDeque<(Instant, i64)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::Instant;

    use super::{LOOK_BACK, OutboxPositions};

    #[test]
    fn it_goes_back_to_the_newest_note_that_is_old_enough_and_forgets_older_ones() {
        let second = Duration::from_secs(1);
        let start = Instant::now();
        let positions = OutboxPositions::default();
        assert!(positions.is_empty());
        for number in 0..60 {
            positions.note(start + second * number, i64::from(number) * 100);
        }
        let now = start + second * 59;
        assert_eq!(positions.before(Duration::ZERO, now), 5_900);
        assert_eq!(positions.before(second * 2, now), 5_700);
        assert_eq!(positions.before(LOOK_BACK, now), 4_400);
        assert_eq!(positions.before(LOOK_BACK * 9, now), 4_400, "no further than that");
        assert!(positions.notes().len() <= 16);
    }

    #[test]
    fn after_a_pause_the_last_note_before_it_is_kept() {
        let start = Instant::now();
        let positions = OutboxPositions::default();
        positions.note(start, 1);
        assert_eq!(positions.before(LOOK_BACK, start), 1, "the only one there is");
        let later = start + LOOK_BACK * 100;
        positions.note(later, 7);
        assert_eq!(positions.before(LOOK_BACK, later), 1);
    }

    #[test]
    fn an_entry_was_committed_by_the_first_note_that_covers_it() {
        let (start, second) = (Instant::now(), Duration::from_secs(1));
        let positions = OutboxPositions::default();
        positions.note(start, 10);
        positions.note(start + second, 20);
        assert_eq!(positions.committed_by(5), Some(start));
        assert_eq!(positions.committed_by(20), Some(start + second));
        assert_eq!(positions.committed_by(21), None);
    }
}
