use async_trait::async_trait;

/// What there is to look for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Topic {
    /// A job was enqueued.
    Jobs,
    /// An outbox entry was written.
    Outbox,
}

impl Topic {
    /// Every topic.
    pub const ALL: [Self; 2] = [Self::Jobs, Self::Outbox];

    /// Its name in channels and logs.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Jobs => "jobs",
            Self::Outbox => "outbox",
        }
    }
}

/// Best-effort hints that shorten a poll. Progress never depends on one: they may be lost, late or
/// without reason.
#[async_trait]
pub trait Wakeup: Send + Sync {
    /// Tells everybody who listens to `topic`, in this process and in others. Returns at once; many
    /// hints may become one.
    fn hint(&self, topic: Topic);

    /// Returns when a hint for `topic` arrived since this listener's last return. Cancel-safe; one
    /// hint wakes every process, and one waiter in each.
    async fn hinted(&self, topic: Topic);
}
