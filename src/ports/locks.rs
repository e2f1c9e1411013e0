use std::time::Duration;

use async_trait::async_trait;

use super::StoreError;

/// A lock as its holder knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldLock {
    /// What is locked.
    pub name: String,
    /// Proves who holds it; random.
    pub token: String,
}

/// Leases that keep processes from doing the same work at once (S1-Flow-4c). A lease ends by
/// itself, so a holder that froze may wake up beside the next one: what must not happen twice
/// claims its turn in the system of record too ([`super::Rounds`]).
#[async_trait]
pub trait Locks: Send + Sync {
    /// Takes the lock for `lease`; `None` while somebody else holds it.
    async fn acquire(&self, name: &str, lease: Duration) -> Result<Option<HeldLock>, StoreError>;

    /// Makes the lease last `lease` from now. `false`: it is lost, stop working.
    async fn renew(&self, held: &HeldLock, lease: Duration) -> Result<bool, StoreError>;

    /// Ends the lease if it is still this holder's. `false` when it was not.
    async fn release(&self, held: &HeldLock) -> Result<bool, StoreError>;
}
