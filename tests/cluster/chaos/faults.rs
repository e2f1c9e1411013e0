//! What goes wrong.

use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use rand::Rng;
use rand::rngs::StdRng;

use crate::support::{Pod, Rig};

/// Longest pause after a fault.
const PAUSE_MS: u64 = 2_000;
/// How long a pod may take to end on SIGTERM.
const STOP: Duration = Duration::from_secs(60);

/// A sequence of faults.
pub struct Faults {
    random: StdRng,
}

impl Faults {
    /// The sequence that `random` makes.
    pub fn new(random: StdRng) -> Self {
        Self { random }
    }

    /// Causes one fault, mends it, pauses, and says what it was.
    pub async fn cause_one(&mut self, rig: &Rig, pods: &mut [Pod]) -> String {
        let victim = self.random.random_range(0..pods.len());
        let name = ["web 1", "web 2", "worker 1", "worker 2"][victim];
        let pod = &mut pods[victim];
        let said = match self.random.random_range(0..6) {
            0 | 1 => {
                pod.restart();
                format!("{name} killed")
            }
            2 => {
                pod.signal(Signal::SIGTERM);
                pod.wait_exit(STOP).await;
                pod.restart();
                format!("{name} stopped in order")
            }
            3 => {
                // Sometimes beyond its lease.
                let frozen = self.millis(500..8_000);
                pod.freeze().await;
                tokio::time::sleep(frozen).await;
                pod.signal(Signal::SIGCONT);
                format!("{name} frozen for {frozen:?}")
            }
            4 => {
                rig.redis_cli(&["FLUSHALL"]);
                "Redis wiped".to_owned()
            }
            _ => {
                let frozen = self.millis(500..4_000);
                let redis = Pid::from_raw(i32::try_from(rig.redis.pid()).expect("a pid"));
                kill(redis, Signal::SIGSTOP).expect("stopped");
                tokio::time::sleep(frozen).await;
                kill(redis, Signal::SIGCONT).expect("continued");
                format!("Redis frozen for {frozen:?}")
            }
        };
        tokio::time::sleep(self.millis(0..PAUSE_MS)).await;
        said
    }

    fn millis(&mut self, range: std::ops::Range<u64>) -> Duration {
        Duration::from_millis(self.random.random_range(range))
    }
}
