use super::Role;
use super::reader::SettingsReader;
use crate::domain::QueueName;

/// Hangfire's switches, with the names a .NET fleet sets already (D1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HangfireSettings {
    /// Whether jobs are processed here.
    pub processing_enabled: bool,
    /// Jobs that run at the same time; 0 exactly when none are processed.
    pub worker_count: u32,
    /// Queues to take jobs from, the first served first.
    pub queues: Vec<QueueName>,
}

/// Hangfire's rule for a worker count that nobody set.
fn default_workers() -> u32 {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    u32::try_from(cores.saturating_mul(5)).unwrap_or(u32::MAX).min(20)
}

impl HangfireSettings {
    pub(super) fn read(r: &mut SettingsReader, role: Role) -> Self {
        let enabled = r.or("HANGFIRE_PROCESSING_ENABLED", role.processes_jobs());
        let worker_count =
            r.or("HANGFIRE_WORKER_COUNT", if enabled { default_workers() } else { 0 });
        let queues = r.get("HANGFIRE_QUEUES");
        Self { processing_enabled: enabled, worker_count, queues }
    }

    /// the role gives the defaults, the variables must agree with it.
    pub(super) fn check(&self, r: &mut SettingsReader, role: Role) {
        const SWITCH: &str = "HANGFIRE_PROCESSING_ENABLED";
        const COUNT: &str = "HANGFIRE_WORKER_COUNT";
        if role == Role::Web && self.processing_enabled {
            r.problem(
                format!("ROLE and {SWITCH}"),
                "ROLE=web does not process jobs, but the switch says true",
                "Set it to false, or use ROLE=worker or ROLE=all.",
            );
        } else if role == Role::Worker && !self.processing_enabled {
            r.problem(
                format!("ROLE and {SWITCH}"),
                "ROLE=worker does nothing but process jobs, and the switch says false",
                "Set it to true, or use ROLE=web.",
            );
        }
        let source = if r.is_set(SWITCH) { SWITCH.to_owned() } else { "ROLE".to_owned() };
        if self.processing_enabled && self.worker_count == 0 {
            r.problem(
                format!("{source} and {COUNT}"),
                "jobs are to be processed, but by 0 workers",
                "Set the count to 1 or more, or switch processing off.",
            );
        } else if !self.processing_enabled && self.worker_count > 0 {
            r.problem(
                format!("{source} and {COUNT}"),
                format!(
                    "jobs are not processed here, but {} workers are asked for",
                    self.worker_count
                ),
                "Set the count to 0 or remove it, or switch processing on.",
            );
        }
        if self.worker_count > 10_000 {
            r.problem(
                COUNT,
                format!("{} is more than one process can run", self.worker_count),
                "Use 10000 or fewer, and more pods.",
            );
        }
        if self.processing_enabled && self.queues.is_empty() {
            r.problem("HANGFIRE_QUEUES", "names no queue", "Name at least one, such as orders.");
        }
    }
}
