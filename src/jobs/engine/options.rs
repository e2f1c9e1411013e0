use std::time::Duration;

use crate::domain::QueueName;
use crate::resilience::Backoff;

/// How a [`super::JobServer`] works.
#[derive(Debug, Clone)]
pub struct ServerOptions {
    /// Name of the machine or pod, the first part of the server's id.
    pub machine: String,
    /// Jobs run at a time (`HANGFIRE_WORKER_COUNT`); 0 counts as 1.
    pub worker_count: usize,
    /// Queues it serves, the most urgent first (`HANGFIRE_QUEUES`).
    pub queues: Vec<QueueName>,
    /// A server silent for this long is dead and its jobs run elsewhere (`Jobs__Lease`).
    pub lease: Duration,
    /// Pause between signs of life (`Jobs__Heartbeat`); well below `lease`.
    pub heartbeat: Duration,
    /// How long running jobs may go on after the stop (`Drain__JobStop`).
    pub job_stop: Duration,
    /// Time an attempt may take, so that an endless job does not keep its permit.
    pub job_timeout: Duration,
    /// First wait of the poll once a queue has run dry.
    pub poll_min: Duration,
    /// Longest wait of the poll. Bounds the pickup time when hints are lost.
    pub poll_max: Duration,
    /// How long a finished attempt may wait for others, to be stored with them.
    pub flush_interval: Duration,
    /// Waits between attempts.
    pub retry: Backoff,
}

impl Default for ServerOptions {
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let machine = std::env::var("HOSTNAME")
            .or_else(|_| std::fs::read_to_string("/proc/sys/kernel/hostname"));
        Self {
            machine: machine.map_or_else(|_| "localhost".to_owned(), |name| name.trim().to_owned()),
            worker_count: (5 * cores).min(20),
            queues: vec![QueueName::default_queue()],
            lease: Duration::from_secs(20),
            heartbeat: Duration::from_secs(5),
            job_stop: Duration::from_secs(30),
            job_timeout: Duration::from_secs(5 * 60),
            poll_min: Duration::from_millis(5),
            poll_max: Duration::from_millis(250),
            flush_interval: Duration::from_millis(2),
            retry: Backoff::new(Duration::from_secs(1), Duration::from_secs(30 * 60)),
        }
    }
}
