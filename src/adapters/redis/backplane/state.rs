use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use tokio::sync::watch;

use crate::signalr::backplane::BackplaneState;

/// Whether other servers are heard and hear us, and how often that began anew.
#[derive(Debug)]
pub(super) struct ConnectionState {
    state: watch::Sender<BackplaneState>,
    generation: AtomicU64,
}

impl Default for ConnectionState {
    fn default() -> Self {
        let (state, _) = watch::channel(BackplaneState::Disconnected);
        Self { state, generation: AtomicU64::new(0) }
    }
}

impl ConnectionState {
    pub(super) fn subscribe(&self) -> watch::Receiver<BackplaneState> {
        self.state.subscribe()
    }

    pub(super) fn set_connected(&self, connected: bool) {
        let changed = self.state.send_if_modified(|state| match (*state, connected) {
            (BackplaneState::Connected(_), true) | (BackplaneState::Disconnected, false) => false,
            (BackplaneState::Disconnected, true) => {
                *state = BackplaneState::Connected(self.generation.fetch_add(1, Relaxed) + 1);
                true
            }
            (BackplaneState::Connected(_), false) => {
                *state = BackplaneState::Disconnected;
                true
            }
        });
        metrics::gauge!("contoso_signalr_backplane_connected").set(f64::from(u8::from(connected)));
        match (changed, connected) {
            (true, true) => tracing::info!("the backplane is connected"),
            (true, false) => tracing::warn!(
                "the backplane is disconnected: other servers do not hear us, or we them"
            ),
            (false, _) => {}
        }
    }
}
