use std::pin::Pin;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;

use super::StoreError;

/// A group of values that become outdated together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CacheArea {
    /// Products and their lists.
    Catalogue,
    /// Report results.
    Reports,
    /// What is left of limited products (D9a).
    Stock,
}

impl CacheArea {
    /// Every area.
    pub const ALL: [Self; 3] = [Self::Catalogue, Self::Reports, Self::Stock];

    /// Its name in keys, channels and metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Catalogue => "catalogue",
            Self::Reports => "reports",
            Self::Stock => "stock",
        }
    }

    /// How long a process takes a value without asking: the bound on its age when no invalidation
    /// arrives. Stock changes with every order, so no order invalidates it.
    pub const fn fresh_for(self) -> Duration {
        match self {
            Self::Catalogue | Self::Reports => Duration::from_secs(30),
            Self::Stock => Duration::from_secs(4),
        }
    }

    /// Whether processes share their copies. A shared copy is older than what was just read.
    pub const fn is_shared(self) -> bool {
        match self {
            Self::Catalogue | Self::Reports => true,
            Self::Stock => false,
        }
    }
}

/// Names a cached value.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct CacheKey {
    /// Its group.
    pub area: CacheArea,
    /// Its name in the group, such as `page:0:20`.
    pub id: String,
}

/// A value from the cache.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cached {
    /// The value.
    pub value: Bytes,
    /// The system of record could not be asked; this is what it said up to 5 minutes ago
    /// (S1-Res-4b).
    pub stale: bool,
}

/// How to get a value that is not cached.
pub type Load<'a> = Pin<Box<dyn Future<Output = Result<Bytes, StoreError>> + Send + 'a>>;

/// Copies of what is costly to read from the system of record, in this process and shared between
/// processes (S1-Dia-7).
///
/// After an invalidation other processes are fresh within a second; one that could not be told is
/// fresh within [`CacheArea::fresh_for`].
#[async_trait]
pub trait Cache: Send + Sync {
    /// The value, loaded when it is not cached. Callers of this process that want the same value at
    /// the same time share one load and its end, or take an old value when it takes long. Errs as `load`
    /// does, unless an old value can stand in.
    async fn get_or_load(&self, key: &CacheKey, load: Load<'_>) -> Result<Cached, StoreError>;

    /// Declares everything in `area` outdated. Call it after the change is committed. A load that
    /// began before does not bring the old value back.
    async fn invalidate(&self, area: CacheArea);
}

/// What a shared cache knows of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CacheSlot {
    /// The area's version; grows with each invalidation.
    pub version: i64,
    /// The value, if there is one.
    pub value: Option<Bytes>,
}

/// News from a shared cache.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CacheNotice {
    /// Somebody invalidated an area.
    Invalidated(CacheArea),
    /// Notices may have been missed.
    Gap,
}

/// The tier of a [`Cache`] that processes share.
#[async_trait]
pub trait SharedCache: Send + Sync {
    /// Reads a value and its area's version.
    async fn read(&self, key: &CacheKey) -> Result<CacheSlot, StoreError>;

    /// Stores a value for at most 5 minutes, unless the area's version is not `version` any more.
    /// `false` when it was not stored.
    async fn store(&self, key: &CacheKey, version: i64, value: &Bytes) -> Result<bool, StoreError>;

    /// Drops every value of the area and tells all processes.
    async fn invalidate(&self, area: CacheArea) -> Result<(), StoreError>;

    /// The next notice. Cancel-safe; for one caller at a time. Never returns once the process
    /// stops.
    async fn notice(&self) -> CacheNotice;
}
