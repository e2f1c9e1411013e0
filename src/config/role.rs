use std::fmt;

/// What a process is for (`ROLE`, D1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// API, hub and notifications.
    Web,
    /// Background jobs.
    Worker,
    /// Everything in one process.
    All,
}

impl Role {
    /// The role's name in settings, logs and metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Web => "web",
            Self::Worker => "worker",
            Self::All => "all",
        }
    }

    /// Whether the role processes jobs unless told otherwise.
    pub const fn processes_jobs(self) -> bool {
        !matches!(self, Self::Web)
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A part of the program that can run or not. Code asks for parts, never for roles.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// The HTTP API and the pages.
    Api,
    /// The SignalR hub and the notification consumer.
    Hub,
    /// The job server.
    Jobs,
}

/// The parts that run in this process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parts {
    web: bool,
    jobs: bool,
}

impl Parts {
    pub(super) fn of(role: Role, processing: bool) -> Self {
        Self { web: role != Role::Worker, jobs: processing }
    }

    /// Whether `part` runs here.
    pub const fn has(self, part: Part) -> bool {
        match part {
            Part::Api | Part::Hub => self.web,
            Part::Jobs => self.jobs,
        }
    }
}
