use std::future::Future;
use std::time::Duration;

use serde_json::json;

use crate::ports::{Availability, ComponentHealth, Health, StoreError};
use crate::resilience::{Breaker, BreakerSettings, BreakerState, Deadline};

/// What protects us from one dependency.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GuardSettings {
    /// Longest a call may take.
    pub deadline: Duration,
    /// When calls are refused.
    pub breaker: BreakerSettings,
}

impl GuardSettings {
    /// For SQL: patient, since nothing works without it.
    pub const SQL: Self = Self {
        deadline: Duration::from_secs(8),
        breaker: BreakerSettings {
            window: Duration::from_secs(30),
            min_failures: 5,
            failure_share: 0.5,
            open_for: Duration::from_secs(2),
        },
    };

    /// For Redis: quick, since everything works without it. Open for less than V-27 allows for
    /// coming back.
    pub const REDIS: Self = Self {
        deadline: Duration::from_millis(200),
        breaker: BreakerSettings {
            window: Duration::from_secs(30),
            min_failures: 5,
            failure_share: 0.5,
            open_for: Duration::from_secs(2),
        },
    };
}

/// One dependency's breaker and deadline, shared by every call to it (S1-Res-1). Each adapter
/// guards the one place where it reaches its server, so that no port can be forgotten.
///
/// Only [`StoreError::Unavailable`] and a missed deadline are failures: a fault is an answer.
pub struct Guard {
    dependency: &'static str,
    deadline: Duration,
    breaker: Breaker,
}

impl Guard {
    /// A guard whose metrics say `dependency`.
    pub fn new(dependency: &'static str, settings: GuardSettings) -> Self {
        let observer = move |state: BreakerState| {
            for possible in [BreakerState::Closed, BreakerState::Open, BreakerState::HalfOpen] {
                let labels = [("dependency", dependency), ("state", possible.name())];
                metrics::gauge!("contoso_breaker_state", &labels)
                    .set(f64::from(u8::from(possible == state)));
            }
            if state != BreakerState::Closed {
                tracing::warn!(dependency, state = state.name(), "circuit breaker");
            }
        };
        Self {
            dependency,
            deadline: settings.deadline,
            breaker: Breaker::new(settings.breaker, observer),
        }
    }

    /// The breaker's state.
    pub fn state(&self) -> BreakerState {
        self.breaker.state()
    }

    /// Adds the breaker's state to what a probe found. The probe itself is not guarded: it looks at
    /// the dependency even while calls are refused.
    pub fn tell(&self, mut found: ComponentHealth) -> ComponentHealth {
        let state = self.state();
        if let Some(data) = found.data.as_object_mut() {
            data.insert("breaker".to_owned(), json!(state.name()));
        }
        if state != BreakerState::Closed && found.status == Health::Healthy {
            found.status = Health::Degraded;
        }
        found
    }

    /// Makes a call unless the breaker is open. A call that takes too long is dropped where it
    /// stands.
    ///
    /// # Errors
    /// The call's own; unavailable when refused or too late.
    pub async fn call<T>(
        &self,
        work: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        self.call_within(self.deadline, work).await
    }

    /// The same with another deadline.
    pub async fn call_within<T>(
        &self,
        deadline: Duration,
        work: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        let permit = self.breaker.enter().map_err(|rejected| {
            metrics::counter!("contoso_breaker_rejections_total", "dependency" => self.dependency)
                .increment(1);
            StoreError::Unavailable { retry_after: rejected.retry_after, source: rejected.into() }
                .blame(self.dependency)
        })?;
        let answer = Deadline::after(deadline)
            .run(work)
            .await
            .unwrap_or_else(|late| Err(StoreError::unavailable(late)));
        match &answer {
            Err(StoreError::Unavailable { .. }) => permit.fail(),
            Ok(_) | Err(StoreError::Fault { .. }) => permit.succeed(),
        }
        answer.map_err(|error| error.blame(self.dependency))
    }
}

impl Availability for Guard {
    fn is_available(&self) -> bool {
        self.state() == BreakerState::Closed
    }
}
