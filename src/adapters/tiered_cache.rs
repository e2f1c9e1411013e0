//! The cache in two tiers: this process, and what processes share (S1-Dia-7).

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use bytes::Bytes;
use moka::future::Cache as Moka;
use tokio::sync::Mutex;
use tokio::time::{interval, timeout};

use crate::lifecycle::{StopPhase, Supervisor};
use crate::ports::{
    Cache, CacheArea, CacheKey, CacheNotice, Cached, Load, SharedCache, StoreError,
};

/// An older value may stand in this long when the system of record is out (S1-Res-4b).
const BACKUP: Duration = Duration::from_secs(300);
/// How long a caller waits for the load of another when an older value can stand in.
const WAIT: Duration = Duration::from_millis(500);
/// Bytes this process keeps.
const CAPACITY: u64 = 32 * 1024 * 1024;
/// Loads under way that are told apart.
const FLIGHTS: u64 = 10_000;
/// How often an invalidation that could not be told is tried again.
const RETRY: Duration = Duration::from_secs(1);

/// A [`Cache`] in this process, before an optional shared one.
pub struct TieredCache {
    local: Moka<CacheKey, Local>,
    /// One per value that is being loaded, so that it is loaded once.
    flights: Moka<CacheKey, Arc<Flight>>,
    areas: [Area; CacheArea::ALL.len()],
    shared: Option<Arc<dyn SharedCache>>,
}

#[derive(Default)]
struct Flight {
    /// Held by the one that loads.
    turn: Mutex<()>,
    /// Loads that failed because the system of record is out.
    failures: AtomicU64,
}

#[derive(Default)]
struct Area {
    /// Counts invalidations seen; values from before one are not fresh.
    generation: AtomicU64,
    /// Invalidations of ours that did not reach the shared tier yet.
    untold: AtomicU64,
}

#[derive(Clone)]
struct Local {
    value: Bytes,
    generation: u64,
    at: Instant,
}

impl TieredCache {
    /// A cache of this process alone.
    pub fn local() -> Self {
        Self::new(None)
    }

    /// A cache before `shared`, whose notices it follows in a task of `supervisor`.
    pub fn start(shared: Arc<dyn SharedCache>, supervisor: &Supervisor) -> Arc<Self> {
        let cache = Arc::new(Self::new(Some(shared.clone())));
        let follower = cache.clone();
        supervisor.spawn_until("cache-notices", StopPhase::Last, async move {
            follower.follow(shared).await;
        });
        cache
    }

    fn new(shared: Option<Arc<dyn SharedCache>>) -> Self {
        let local = Moka::builder()
            .max_capacity(CAPACITY)
            .weigher(|key: &CacheKey, entry: &Local| {
                u32::try_from(key.id.len() + entry.value.len() + 64).unwrap_or(u32::MAX)
            })
            .time_to_live(BACKUP)
            .build();
        let flights =
            Moka::builder().max_capacity(FLIGHTS).time_to_idle(Duration::from_secs(60)).build();
        Self { local, flights, areas: Default::default(), shared }
    }

    async fn follow(&self, shared: Arc<dyn SharedCache>) {
        let mut retry = interval(RETRY);
        loop {
            tokio::select! {
                notice = shared.notice() => match notice {
                    CacheNotice::Invalidated(area) => self.outdate(area),
                    CacheNotice::Gap => CacheArea::ALL.into_iter().for_each(|area| self.outdate(area)),
                },
                _ = retry.tick() => {
                    for area in CacheArea::ALL {
                        let untold = self.area(area).untold.load(Ordering::Acquire);
                        if untold > 0 && shared.invalidate(area).await.is_ok() {
                            // One tells for all that were untold when it was sent, not for those
                            // that came since.
                            self.area(area).untold.fetch_sub(untold, Ordering::AcqRel);
                        }
                    }
                }
            }
        }
    }

    fn area(&self, area: CacheArea) -> &Area {
        &self.areas[area as usize]
    }

    fn outdate(&self, area: CacheArea) {
        self.area(area).generation.fetch_add(1, Ordering::AcqRel);
    }

    async fn tell(&self, shared: &dyn SharedCache, area: CacheArea) {
        if let Err(error) = shared.invalidate(area).await {
            tracing::warn!(%error, area = area.name(), "a cache invalidation must wait");
            self.area(area).untold.fetch_add(1, Ordering::AcqRel);
        }
    }

    async fn fresh(&self, key: &CacheKey) -> Option<Bytes> {
        let generation = self.area(key.area).generation.load(Ordering::Acquire);
        let entry = self.local.get(key).await?;
        (entry.generation == generation && entry.at.elapsed() < key.area.fresh_for())
            .then_some(entry.value)
    }

    /// Keeps a value that was read while the area had `generation`; if that has grown meanwhile it
    /// is a backup at most.
    async fn keep(&self, key: &CacheKey, value: &Bytes, generation: u64) {
        self.local
            .insert(key.clone(), Local { value: value.clone(), generation, at: Instant::now() })
            .await;
    }

    async fn fetch(
        &self,
        key: &CacheKey,
        load: Load<'_>,
        flight: &Flight,
    ) -> Result<(Cached, &'static str), StoreError> {
        let generation = self.area(key.area).generation.load(Ordering::Acquire);
        let mut version = None;
        // What the shared tier holds is outdated as long as our own invalidation has not reached
        // it.
        let untold = self.area(key.area).untold.load(Ordering::Acquire) > 0;
        let shared = self.shared.as_ref().filter(|_| key.area.is_shared() && !untold);
        if let Some(shared) = shared
            && let Ok(slot) = shared.read(key).await
        {
            if let Some(value) = slot.value {
                self.keep(key, &value, generation).await;
                return Ok((Cached { value, stale: false }, "shared"));
            }
            version = Some(slot.version);
        }
        match load.await {
            Ok(value) => {
                self.keep(key, &value, generation).await;
                if let Some((shared, version)) = self.shared.as_ref().zip(version) {
                    // A value that is not shared costs another process a load, no more.
                    let _ = shared.store(key, version, &value).await;
                }
                Ok((Cached { value, stale: false }, "loaded"))
            }
            Err(error) if error.is_transient() => {
                flight.failures.fetch_add(1, Ordering::AcqRel);
                match self.local.get(key).await {
                    Some(entry) => Ok((Cached { value: entry.value, stale: true }, "stale")),
                    None => Err(error),
                }
            }
            Err(error) => Err(error),
        }
    }
}

#[async_trait]
impl Cache for TieredCache {
    async fn get_or_load(&self, key: &CacheKey, load: Load<'_>) -> Result<Cached, StoreError> {
        if let Some(value) = self.fresh(key).await {
            count(key.area, "local");
            return Ok(Cached { value, stale: false });
        }
        let flight = self.flights.get_with_by_ref(key, async { Arc::default() }).await;
        let failures = flight.failures.load(Ordering::Acquire);
        let old = self.local.get(key).await.map(|entry| entry.value);
        let turn = match &old {
            Some(_) => timeout(WAIT, flight.turn.lock()).await.ok(),
            None => Some(flight.turn.lock().await),
        };
        if let Some(value) = self.fresh(key).await {
            count(key.area, "local");
            return Ok(Cached { value, stale: false });
        }
        // Whoever waited takes the end of the load it waited for: when the system of record hangs,
        // one after the other would wait out its deadline.
        let is_over = flight.failures.load(Ordering::Acquire) > failures;
        if turn.is_none() || is_over {
            count(key.area, if old.is_some() { "stale" } else { "error" });
            let value = old.ok_or_else(|| StoreError::unavailable("it could not be loaded"))?;
            return Ok(Cached { value, stale: true });
        }
        let answer = self.fetch(key, load, &flight).await;
        count(key.area, answer.as_ref().map_or("error", |(_, source)| source));
        answer.map(|(cached, _)| cached)
    }

    async fn invalidate(&self, area: CacheArea) {
        self.outdate(area);
        if let Some(shared) = &self.shared {
            self.tell(shared.as_ref(), area).await;
        }
    }
}

fn count(area: CacheArea, result: &'static str) {
    metrics::counter!("contoso_cache_requests_total", "area" => area.name(), "result" => result)
        .increment(1);
}
