use std::time::Duration;

/// The steps of a stop, in this order. A task names the step in which it is told to end; a step is
/// over when all its tasks have ended or its budget is used up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StopPhase {
    /// Not ready any more; the load balancer turns away. Everything still works.
    Announce,
    /// Sockets are closed with `allowReconnect`; no job is fetched, running ones finish or are
    /// handed back.
    Work,
    /// The public listener closes; requests under way are answered.
    Requests,
    /// What the work needed: relays, consumers, subscriptions, heartbeats, locks.
    Background,
    /// What watched it all: ops listener, metrics, pools.
    Last,
}

impl StopPhase {
    /// All steps in order.
    pub const ALL: [Self; 5] =
        [Self::Announce, Self::Work, Self::Requests, Self::Background, Self::Last];

    /// Its name in logs.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Announce => "announce",
            Self::Work => "work",
            Self::Requests => "requests",
            Self::Background => "background",
            Self::Last => "last",
        }
    }
}

/// How long each step may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StopPlan {
    /// How long the load balancer gets; this step always takes its whole time.
    pub announce: Duration,
    /// For closing sockets and finishing jobs, side by side.
    pub work: Duration,
    /// For requests under way.
    pub requests: Duration,
    /// For what the work needed.
    pub background: Duration,
    /// For the rest.
    pub last: Duration,
}

impl StopPlan {
    /// The budget of one step.
    pub const fn budget(&self, phase: StopPhase) -> Duration {
        match phase {
            StopPhase::Announce => self.announce,
            StopPhase::Work => self.work,
            StopPhase::Requests => self.requests,
            StopPhase::Background => self.background,
            StopPhase::Last => self.last,
        }
    }

    /// The longest a stop can take.
    pub fn total(&self) -> Duration {
        StopPhase::ALL.into_iter().map(|phase| self.budget(phase)).sum()
    }
}
