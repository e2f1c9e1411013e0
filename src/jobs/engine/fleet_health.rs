use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use serde_json::json;

use crate::domain::{ServerId, Timestamp};
use crate::ports::{ComponentHealth, Health, HealthProbe, QueueDepth, ServerRecord};

/// Whether somebody works on the jobs there are: degraded while no job server is alive, or none of
/// those alive serves a queue that holds waiting jobs.
///
/// A server is alive while its sign of life is seen to change. That needs no clock but our own.
pub struct FleetHealth {
    lease: Duration,
    started: Instant,
    seen: Mutex<Seen>,
}

#[derive(Default)]
struct Seen {
    servers: HashMap<ServerId, SignOfLife>,
    alive: usize,
    /// Waiting jobs by queue that nobody serves.
    unserved: BTreeMap<String, u64>,
}

struct SignOfLife {
    heartbeat: Timestamp,
    changed: Instant,
}

impl FleetHealth {
    /// A server silent for `lease` is dead, and so long nothing is judged at first.
    pub fn new(lease: Duration) -> Self {
        Self { lease, started: Instant::now(), seen: Mutex::default() }
    }

    /// Takes in what the store says now. Returns how many servers are alive.
    pub(super) fn observe(&self, depths: &[QueueDepth], servers: &[ServerRecord]) -> usize {
        self.observe_at(Instant::now(), depths, servers)
    }

    fn observe_at(&self, now: Instant, depths: &[QueueDepth], servers: &[ServerRecord]) -> usize {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.servers.retain(|id, _| servers.iter().any(|server| server.id == *id));
        for server in servers {
            let heartbeat = server.last_heartbeat_at;
            let known = seen
                .servers
                .entry(server.id.clone())
                .or_insert(SignOfLife { heartbeat, changed: now });
            if known.heartbeat != heartbeat {
                *known = SignOfLife { heartbeat, changed: now };
            }
        }
        let is_alive = |server: &&ServerRecord| {
            seen.servers.get(&server.id).is_some_and(|life| now - life.changed < self.lease)
        };
        let alive: Vec<_> = servers.iter().filter(is_alive).collect();
        let is_served = |queue: &String| alive.iter().any(|server| server.queues.contains(queue));
        let unserved: BTreeMap<_, _> = depths
            .iter()
            .map(|depth| (depth.queue.clone(), depth.ready + depth.scheduled))
            .filter(|(queue, waiting)| *waiting > 0 && !is_served(queue))
            .collect();
        let alive = alive.len();
        self.tell(now, &seen, &unserved);
        (seen.alive, seen.unserved) = (alive, unserved);
        alive
    }

    /// Sets the gauges, and warns of a queue when nobody serves it any more.
    fn tell(&self, now: Instant, before: &Seen, unserved: &BTreeMap<String, u64>) {
        let gauge = |queue: &String, waiting: u64| {
            metrics::gauge!("contoso_jobs_unserved", "queue" => queue.clone()).set(waiting as f64);
        };
        before.unserved.keys().for_each(|queue| gauge(queue, 0));
        for (queue, waiting) in unserved {
            gauge(queue, *waiting);
            if self.is_settled(now) && !before.unserved.contains_key(queue) {
                tracing::warn!(
                    queue,
                    waiting,
                    "no job server serves this queue: is it missing in HANGFIRE_QUEUES?"
                );
            }
        }
    }

    /// Whether every living server had the time to show itself.
    fn is_settled(&self, now: Instant) -> bool {
        now.duration_since(self.started) >= self.lease
    }

    fn health_at(&self, now: Instant) -> ComponentHealth {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let idle = seen.alive == 0 || !seen.unserved.is_empty();
        ComponentHealth {
            status: if idle && self.is_settled(now) { Health::Degraded } else { Health::Healthy },
            duration_ms: 0.0,
            data: json!({ "servers": seen.alive, "unservedQueues": seen.unserved }),
        }
    }
}

#[async_trait]
impl HealthProbe for FleetHealth {
    fn name(&self) -> &'static str {
        "jobs"
    }

    async fn check(&self, _deadline: Duration) -> ComponentHealth {
        self.health_at(Instant::now())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEASE: Duration = Duration::from_secs(20);

    fn server(id: &str, heartbeat: i64, queues: &[&str]) -> ServerRecord {
        ServerRecord {
            id: ServerId::new(id),
            worker_count: 1,
            queues: queues.iter().map(|queue| (*queue).to_owned()).collect(),
            started_at: Timestamp::from_micros(0),
            last_heartbeat_at: Timestamp::from_micros(heartbeat),
        }
    }

    fn waiting(queue: &str, ready: u64, scheduled: u64) -> QueueDepth {
        QueueDepth {
            queue: queue.to_owned(),
            ready,
            processing: 0,
            scheduled,
            failed: 3,
            oldest_ready_age_seconds: 0.0,
        }
    }

    fn is_degraded(health: &FleetHealth, now: Instant) -> bool {
        health.health_at(now).status == Health::Degraded
    }

    #[test]
    fn it_is_degraded_without_a_living_server_also_with_empty_queues() {
        let health = FleetHealth::new(LEASE);
        let at = |leases: f64| health.started + LEASE.mul_f64(leases);
        let heard = |leases: f64, heartbeat: i64| {
            health.observe_at(at(leases), &[], &[server("a", heartbeat, &["orders"])])
        };
        health.observe_at(at(0.0), &[], &[]);
        assert!(!is_degraded(&health, at(0.5)), "servers may still be starting");
        assert!(is_degraded(&health, at(1.0)));
        assert_eq!(heard(1.0, 1), 1);
        assert!(!is_degraded(&health, at(1.0)));
        assert_eq!(heard(1.5, 2), 1);
        assert_eq!(heard(2.0, 2), 1, "half a lease silent");
        assert_eq!(heard(2.5, 2), 0, "announced, but dead");
        assert!(is_degraded(&health, at(2.5)));
    }

    #[test]
    fn it_is_degraded_while_nobody_serves_a_queue_with_waiting_jobs() {
        let health = FleetHealth::new(LEASE);
        let now = health.started + LEASE;
        let reports = server("a", 1, &["default", "reports"]);
        for depth in [waiting("orders", 1, 0), waiting("orders", 0, 1)] {
            health.observe_at(now, &[depth], std::slice::from_ref(&reports));
            assert!(is_degraded(&health, now));
            assert_eq!(health.health_at(now).data["unservedQueues"]["orders"], 1);
        }
        for depth in [waiting("reports", 5, 5), waiting("orders", 0, 0)] {
            health.observe_at(now, &[depth], std::slice::from_ref(&reports));
            assert!(!is_degraded(&health, now));
        }
        let fleet = [reports, server("b", 1, &["orders"])];
        health.observe_at(now, &[waiting("orders", 9, 0)], &fleet);
        assert!(!is_degraded(&health, now));
    }
}
