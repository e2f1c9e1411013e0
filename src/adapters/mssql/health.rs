use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use serde_json::{Value, json};

use super::database::MssqlDatabase;
use super::unit::PING;
use crate::ports::{ComponentHealth, Health, HealthProbe};

/// A ping that takes longer makes the component degraded.
const SLOW: Duration = Duration::from_millis(100);

/// So does a pool of which at least this share is in use while somebody waits.
const CROWDED: f64 = 0.9;

/// Pings the server over the pool and tells how full the pool is (S1-Res-2c, S1-Res-3c).
pub(super) struct MssqlHealth {
    name: &'static str,
    database: Arc<MssqlDatabase>,
}

impl MssqlHealth {
    pub(super) fn new(name: &'static str, database: Arc<MssqlDatabase>) -> Self {
        Self { name, database }
    }
}

#[async_trait]
impl HealthProbe for MssqlHealth {
    fn name(&self) -> &'static str {
        self.name
    }

    async fn check(&self, deadline: Duration) -> ComponentHealth {
        let start = Instant::now();
        let usage = self.database.usage();
        let answer = tokio::time::timeout(deadline, self.database.once(&PING)).await;
        let took = start.elapsed();
        let utilization = f64::from(usage.in_use) / f64::from(usage.max);
        let crowded = utilization >= CROWDED && usage.waiting > 0;
        // Without a replica its readers are served by the main database.
        let out = if self.database.has_fallback() { Health::Degraded } else { Health::Unhealthy };
        let (status, problem) = match answer {
            Ok(Ok(_)) if crowded => {
                (Health::Degraded, Value::from("requests wait for connections"))
            }
            Ok(Ok(_)) if took >= SLOW => (Health::Degraded, Value::from("slow")),
            Ok(Ok(_)) => (Health::Healthy, Value::Null),
            Ok(Err(_)) => (out, Value::from("failing")),
            Err(_) => (out, Value::from("no answer in time")),
        };
        let data = json!({
            "store": "mssql",
            "problem": problem,
            "pool": {
                "inUse": usage.in_use,
                "idle": usage.idle,
                "max": usage.max,
                "waiting": usage.waiting,
                "utilization": utilization,
            },
        });
        let duration_ms = took.as_secs_f64() * 1000.0;
        self.database.guard().tell(ComponentHealth { status, duration_ms, data })
    }
}
