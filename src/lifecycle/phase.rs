/// Where a process is in its life. It only moves forward.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// Connecting, migrating, binding.
    Starting,
    /// Serving.
    Ready,
    /// Told to stop, finishing its work.
    Draining,
    /// Every task has ended.
    Stopped,
}

impl Phase {
    /// Its name in health answers and logs.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Starting => "starting",
            Self::Ready => "ready",
            Self::Draining => "draining",
            Self::Stopped => "stopped",
        }
    }
}
