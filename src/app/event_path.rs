use tokio::sync::watch;

/// Whether events reach the tabs of this pod the usual way: over the event stream, and over the
/// hub's fan-out from other pods. Clones share it.
#[derive(Clone, Default)]
pub struct EventPath(watch::Sender<PathState>);

/// What is known of an [`EventPath`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct PathState {
    stream_out: bool,
    fan_out_out: bool,
    /// How often something may have been lost on the way.
    pub gaps: u64,
}

impl PathState {
    /// Whether events may be waiting somewhere right now.
    pub fn is_broken(&self) -> bool {
        self.stream_out || self.fan_out_out
    }
}

impl EventPath {
    /// The stream could, or could not, be read.
    pub fn stream(&self, readable: bool) {
        self.change(|state| state.stream_out = !readable);
    }

    /// Other pods can, or cannot, be heard.
    pub fn fan_out(&self, connected: bool) {
        self.change(|state| state.fan_out_out = !connected);
    }

    /// Events may have been lost: the stream was flushed, or other pods were not heard for a
    /// moment.
    pub fn gap(&self) {
        self.change(|state| state.gaps += 1);
    }

    pub(super) fn watch(&self) -> watch::Receiver<PathState> {
        self.0.subscribe()
    }

    fn change(&self, change: impl FnOnce(&mut PathState)) {
        self.0.send_if_modified(|state| {
            let before = *state;
            change(state);
            *state != before
        });
    }
}
