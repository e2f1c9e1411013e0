use std::sync::Arc;

use super::components::Components;
use crate::delivery::{EventSink, HandedOver, OutboxRelay};
use crate::lifecycle::{StopPhase, Supervisor};

/// Starts the relay of this process, which publishes to `sink` what the process commits.
pub(super) fn start_relay(
    components: &Components,
    handed: HandedOver,
    sink: Arc<dyn EventSink>,
    supervisor: &Supervisor,
) {
    let relay = OutboxRelay::new(components.stores.outbox.clone(), sink, handed);
    supervisor.spawn("outbox-relay", StopPhase::Background, |stop| async move {
        relay.run(stop).await;
        Ok(())
    });
}
