use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use super::connection::CloseCause;

/// Counts what a hub does, for `/metrics` (prefix `contoso_signalr_`) and for [`HubStats`].
#[derive(Debug, Default)]
pub struct HubCounters {
    connections: AtomicU64,
    published: AtomicU64,
    received: AtomicU64,
    delivered: AtomicU64,
    dropped: AtomicU64,
    not_newer: AtomicU64,
    skipped: AtomicU64,
    bad_payloads: AtomicU64,
    overloads: AtomicU64,
    slow_consumers: AtomicU64,
}

/// What a hub has done since it started.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct HubStats {
    /// Connections open now.
    pub connections: u64,
    /// Messages handed to the backplane.
    pub published: u64,
    /// Messages that came from the backplane, our own included.
    pub received: u64,
    /// Messages queued for a connection.
    pub delivered: u64,
    /// Messages that could not be queued for a connection.
    pub dropped: u64,
    /// Ordered messages left out because a connection had heard their version or a newer one.
    pub not_newer: u64,
    /// Versions that a connection did not hear because they did not come in time.
    pub skipped: u64,
    /// Backplane payloads that could not be read.
    pub bad_payloads: u64,
    /// Requests of other servers that were left undone because too many waited.
    pub overloads: u64,
    /// Connections ended because they did not read.
    pub slow_consumers: u64,
}

/// How an upgrade or a negotiation was answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admission {
    /// A connection was opened.
    Accepted,
    /// 401 or 403.
    Denied,
    /// 429 or 503: too many connections.
    OverLimit,
    /// 503: this pod is draining.
    Draining,
    /// 404 or 409: no such connection to adopt.
    UnknownId,
    /// 400 to 405: no WebSocket request.
    BadRequest,
    /// 503: tokens cannot be checked now.
    Unavailable,
}

impl Admission {
    fn label(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Denied => "denied",
            Self::OverLimit => "over_limit",
            Self::Draining => "draining",
            Self::UnknownId => "unknown_id",
            Self::BadRequest => "bad_request",
            Self::Unavailable => "unavailable",
        }
    }
}

/// How an invocation ended, for metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum InvocationOutcome {
    Ok,
    Failed,
    Refused,
    Panicked,
}

impl InvocationOutcome {
    fn label(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Failed => "failed",
            Self::Refused => "refused",
            Self::Panicked => "panicked",
        }
    }
}

impl HubCounters {
    /// The figures now.
    pub fn stats(&self) -> HubStats {
        HubStats {
            connections: self.connections.load(Relaxed),
            published: self.published.load(Relaxed),
            received: self.received.load(Relaxed),
            delivered: self.delivered.load(Relaxed),
            dropped: self.dropped.load(Relaxed),
            not_newer: self.not_newer.load(Relaxed),
            skipped: self.skipped.load(Relaxed),
            bad_payloads: self.bad_payloads.load(Relaxed),
            overloads: self.overloads.load(Relaxed),
            slow_consumers: self.slow_consumers.load(Relaxed),
        }
    }

    pub(super) fn admitted(&self, admission: Admission) {
        metrics::counter!("contoso_signalr_connection_attempts_total", "outcome" => admission.label()).increment(1);
    }

    pub(super) fn opened(&self) {
        self.connections.fetch_add(1, Relaxed);
        metrics::gauge!("contoso_signalr_connections").increment(1);
    }

    pub(super) fn closed(&self, cause: &CloseCause) {
        self.connections.fetch_sub(1, Relaxed);
        metrics::gauge!("contoso_signalr_connections").decrement(1);
        metrics::counter!("contoso_signalr_connections_total", "close_reason" => cause.label())
            .increment(1);
        if *cause == CloseCause::SlowConsumer {
            self.slow_consumers.fetch_add(1, Relaxed);
            metrics::counter!("contoso_signalr_slow_consumers_total").increment(1);
        }
    }

    pub(super) fn published(&self, ok: bool) {
        self.published.fetch_add(1, Relaxed);
        let outcome = if ok { "ok" } else { "failed" };
        metrics::counter!("contoso_signalr_messages_published_total", "outcome" => outcome)
            .increment(1);
    }

    pub(super) fn received(&self) {
        self.received.fetch_add(1, Relaxed);
        metrics::counter!("contoso_signalr_messages_received_total").increment(1);
    }

    pub(super) fn delivered(&self, queued: u64, dropped: u64) {
        self.delivered.fetch_add(queued, Relaxed);
        metrics::counter!("contoso_signalr_messages_delivered_total").increment(queued);
        if dropped > 0 {
            self.dropped.fetch_add(dropped, Relaxed);
            metrics::counter!("contoso_signalr_messages_dropped_total").increment(dropped);
        }
    }

    pub(super) fn not_newer(&self, messages: u64) {
        if messages > 0 {
            self.not_newer.fetch_add(messages, Relaxed);
            metrics::counter!("contoso_signalr_messages_not_newer_total").increment(messages);
        }
    }

    pub(super) fn skipped(&self, versions: u32) {
        if versions > 0 {
            self.skipped.fetch_add(versions.into(), Relaxed);
            metrics::counter!("contoso_signalr_versions_skipped_total").increment(versions.into());
        }
    }

    pub(super) fn bad_payload(&self) {
        self.bad_payloads.fetch_add(1, Relaxed);
        metrics::counter!("contoso_signalr_backplane_bad_payloads_total").increment(1);
    }

    pub(super) fn overloaded(&self) {
        self.overloads.fetch_add(1, Relaxed);
        metrics::counter!("contoso_signalr_backplane_overloads_total").increment(1);
    }

    /// `method` must be a registered name: anything else would let clients invent label values.
    pub(super) fn invoked(
        &self,
        method: String,
        outcome: InvocationOutcome,
        took: std::time::Duration,
    ) {
        metrics::counter!("contoso_signalr_invocations_total", "method" => method.clone(), "outcome" => outcome.label())
            .increment(1);
        metrics::histogram!("contoso_signalr_invocation_duration_seconds", "method" => method)
            .record(took.as_secs_f64());
    }
}
