use super::OutboxEntry;

/// Takes the events that this process has just committed, so that they need not be looked for in
/// the outbox.
pub trait CommittedEvents: Send + Sync {
    /// Hands an entry over. Never waits; an entry that is not taken is found in the outbox a moment
    /// later.
    fn committed(&self, entry: OutboxEntry);
}
