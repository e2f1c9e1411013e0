use std::sync::Arc;
use std::time::Duration;

use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::status::DeliveryStatus;
use crate::ports::{DeadLetters, EventStream, StoreError};

/// Pause between rounds; at a thousand events a second the stream holds a few thousand more.
const EVERY: Duration = Duration::from_secs(2);

/// Trims what every pod has dealt with from the stream, and shows how full it and the dead letters
/// are. Any number of pods may do it.
pub struct StreamTrimmer {
    stream: Arc<dyn EventStream>,
    letters: Arc<dyn DeadLetters>,
    status: DeliveryStatus,
}

impl StreamTrimmer {
    /// Over these ports.
    pub fn new(
        stream: Arc<dyn EventStream>,
        letters: Arc<dyn DeadLetters>,
        status: DeliveryStatus,
    ) -> Self {
        Self { stream, letters, status }
    }

    /// Works until `stop`.
    pub async fn run(self, stop: CancellationToken) {
        let rounds = async {
            loop {
                if let Err(error) = self.round().await {
                    tracing::debug!(%error, "the event stream cannot be trimmed");
                }
                sleep(EVERY).await;
            }
        };
        stop.run_until_cancelled(rounds).await;
    }

    /// One round.
    pub async fn round(&self) -> Result<(), StoreError> {
        let state = self.stream.trim().await?;
        metrics::gauge!("contoso_event_stream_length").set(state.length as f64);
        metrics::gauge!("contoso_event_stream_pending").set(state.pending as f64);
        self.status.set_dead_letters(self.letters.count().await?);
        Ok(())
    }
}
