use async_trait::async_trait;

/// Best-effort hints that a job was enqueued, which shorten a poll. Progress never depends on one:
/// they may be lost, late or without reason.
#[async_trait]
pub trait Wakeup: Send + Sync {
    /// Tells everybody who listens, in this process and in others. Returns at once; many hints may
    /// become one.
    fn hint(&self);

    /// Returns when a hint arrived since this listener's last return. Cancel-safe; one hint wakes
    /// every process, and one waiter in each.
    async fn hinted(&self);
}
