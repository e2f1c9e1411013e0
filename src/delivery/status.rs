use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};

/// What this process knows of the way its events take. Clones share it.
#[derive(Clone, Default)]
pub struct DeliveryStatus(Arc<Observed>);

#[derive(Default)]
struct Observed {
    stream_full: AtomicBool,
    from_outbox: AtomicBool,
    dead_letters: AtomicU64,
}

impl DeliveryStatus {
    /// Whether the stream took the last events, or is full.
    pub(super) fn set_stream_full(&self, full: bool) {
        if self.0.stream_full.swap(full, Relaxed) != full {
            metrics::gauge!("contoso_event_stream_full").set(f64::from(u8::from(full)));
            if full {
                tracing::warn!("the event stream is full: events wait in the outbox");
            } else {
                tracing::info!("the event stream takes events again");
            }
        }
    }

    /// Whether connections are told from the outbox instead of the stream.
    pub(super) fn set_from_outbox(&self, from_outbox: bool) {
        if self.0.from_outbox.swap(from_outbox, Relaxed) != from_outbox {
            metrics::gauge!("contoso_events_from_outbox").set(f64::from(u8::from(from_outbox)));
            if from_outbox {
                tracing::warn!("events do not come over the stream: reading the outbox");
            } else {
                tracing::info!("events come over the stream again");
            }
        }
    }

    /// How many events are among the dead letters.
    pub(super) fn set_dead_letters(&self, count: u64) {
        self.0.dead_letters.store(count, Relaxed);
        metrics::gauge!("contoso_event_dead_letters").set(count as f64);
    }

    pub(super) fn is_stream_full(&self) -> bool {
        self.0.stream_full.load(Relaxed)
    }

    pub(super) fn is_from_outbox(&self) -> bool {
        self.0.from_outbox.load(Relaxed)
    }

    pub(super) fn dead_letters(&self) -> u64 {
        self.0.dead_letters.load(Relaxed)
    }
}
