use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::domain::EventId;

/// Events remembered; far more than can be repeated while a relay or a consumer dies and is
/// replaced.
const MOST_EVENTS: usize = 20_000;

/// The events this process has dealt with lately, so that a repeated one is dropped.
#[derive(Clone, Default)]
pub(super) struct RecentEvents(Arc<Mutex<Window>>);

#[derive(Default)]
struct Window {
    /// Whether the event is done; otherwise somebody is at it.
    events: HashMap<EventId, bool>,
    done: VecDeque<EventId>,
}

/// What is known of an event that has just arrived.
pub(super) enum Arrival {
    /// Nothing: it is the caller's now.
    New(Claim),
    /// Another task is at it.
    InHand,
    /// It has been dealt with.
    Done,
}

/// One event in one task's hands; without [`Claim::done`] it may arrive again.
pub(super) struct Claim {
    recent: RecentEvents,
    event: EventId,
    finished: bool,
}

impl RecentEvents {
    pub fn arrive(&self, event: EventId) -> Arrival {
        let mut window = self.window();
        match window.events.get(&event) {
            Some(true) => Arrival::Done,
            Some(false) => Arrival::InHand,
            None => {
                window.events.insert(event, false);
                Arrival::New(Claim { recent: self.clone(), event, finished: false })
            }
        }
    }

    fn window(&self) -> MutexGuard<'_, Window> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Claim {
    /// The event is dealt with.
    pub fn done(mut self) {
        self.finished = true;
        let mut window = self.recent.window();
        window.events.insert(self.event, true);
        window.done.push_back(self.event);
        if window.done.len() > MOST_EVENTS
            && let Some(oldest) = window.done.pop_front()
        {
            window.events.remove(&oldest);
        }
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        if !self.finished {
            self.recent.window().events.remove(&self.event);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Arrival, MOST_EVENTS, RecentEvents};
    use crate::domain::EventId;

    fn deal_with(recent: &RecentEvents, event: EventId) {
        let Arrival::New(claim) = recent.arrive(event) else { panic!("not new") };
        claim.done();
    }

    #[test]
    fn an_event_is_new_until_it_is_done() {
        let (recent, event) = (RecentEvents::default(), EventId::generate());
        let Arrival::New(claim) = recent.arrive(event) else { panic!("not new") };
        assert!(matches!(recent.arrive(event), Arrival::InHand));
        drop(claim);
        deal_with(&recent, event);
        assert!(matches!(recent.arrive(event), Arrival::Done));
    }

    #[test]
    fn the_oldest_is_forgotten_when_there_are_too_many() {
        let recent = RecentEvents::default();
        let events: Vec<_> = (0..=MOST_EVENTS).map(|_| EventId::generate()).collect();
        events.iter().for_each(|event| deal_with(&recent, *event));
        assert!(matches!(recent.arrive(events[MOST_EVENTS]), Arrival::Done));
        assert!(matches!(recent.arrive(events[0]), Arrival::New(_)));
    }
}
