use std::sync::Arc;

use tokio::sync::watch;

use super::DrainMarker;
use crate::lifecycle::Phase;

/// Whether this process may take traffic: started, not stopping, not marked as draining.
/// Dependencies do not matter here, or one outage would take every pod out of service at once.
/// Clones share it.
#[derive(Clone)]
pub struct Readiness {
    phase: watch::Receiver<Phase>,
    marker: Arc<DrainMarker>,
    marked: watch::Receiver<bool>,
}

impl Readiness {
    /// Ready depends on these two.
    pub fn new(phase: watch::Receiver<Phase>, marker: Arc<DrainMarker>) -> Self {
        let marked = marker.subscribe();
        Self { phase, marker, marked }
    }

    /// The phase now.
    pub fn phase(&self) -> Phase {
        *self.phase.borrow()
    }

    /// Whether start-up is done.
    pub fn started(&self) -> bool {
        self.phase() != Phase::Starting
    }

    /// Whether the process is on its way out: marked, as of the last look at the marker, or
    /// stopping.
    pub fn is_draining(&self) -> bool {
        *self.marked.borrow() || self.phase() >= Phase::Draining
    }

    /// Looks at the marker and says why the process is not ready, or `None` when it is.
    pub async fn obstacle(&self) -> Option<&'static str> {
        let marked = self.marker.look().await;
        let obstacle = match self.phase() {
            Phase::Starting => Some("starting"),
            Phase::Draining | Phase::Stopped => Some("stopping"),
            Phase::Ready if marked => Some("draining"),
            Phase::Ready => None,
        };
        metrics::gauge!("contoso_ready").set(if obstacle.is_none() { 1.0 } else { 0.0 });
        metrics::gauge!("contoso_draining").set(if self.is_draining() { 1.0 } else { 0.0 });
        obstacle
    }
}
