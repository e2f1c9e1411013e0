use std::sync::{Arc, Mutex};

use fred::clients::SubscriberClient;
use fred::interfaces::{ClientLike, EventInterface, PubsubInterface};
use fred::types::Builder;
use fred::types::config::{Config, ReconnectPolicy, ServerConfig};

use super::listener::{Told, note};

/// Hears the backplane as a .NET pod does: every message on the hub's channels, passed on as it
/// is.
pub struct ForeignPod {
    told: Arc<Mutex<Told>>,
    client: SubscriberClient,
}

impl ForeignPod {
    /// Subscribes to the channels of these users.
    pub async fn join(redis: u16, users: &[String]) -> Self {
        let config = Config {
            server: ServerConfig::new_centralized("127.0.0.1", redis),
            ..Config::default()
        };
        let mut builder = Builder::from_config(config);
        builder.with_performance_config(|performance| {
            performance.broadcast_channel_capacity = 100_000;
        });
        builder.set_policy(ReconnectPolicy::new_constant(0, 50));
        let client = builder.build_subscriber_client().expect("a client");
        client.init().await.expect("a connection");
        let channels: Vec<_> =
            users.iter().map(|user| format!("contoso-signalrOrderStatusHub:user:{user}")).collect();
        client.subscribe(channels).await.expect("subscribed");
        client.manage_subscriptions();
        let told = Arc::<Mutex<Told>>::default();
        let (record, mut messages) = (told.clone(), client.message_rx());
        tokio::spawn(async move {
            while let Ok(message) = messages.recv().await {
                let bytes = message.value.into_owned_bytes().expect("bytes");
                if let Some(json) = json_frame(&bytes) {
                    note(&mut record.lock().expect("record"), json);
                }
            }
        });
        Self { told, client }
    }

    /// What its connections would have been told.
    pub fn told(&self) -> Told {
        self.told.lock().expect("record").clone()
    }

    /// Leaves these orders out of what was told.
    pub fn forget(&self, orders: &Told) {
        self.told.lock().expect("record").retain(|order, _| !orders.contains_key(order));
    }

    /// Leaves.
    pub async fn leave(self) {
        let _ = self.client.quit().await;
    }
}

/// The frame for JSON clients: it stands whole in the payload, up to the record separator.
fn json_frame(payload: &[u8]) -> Option<&str> {
    let start = payload.windows(9).position(|bytes| bytes == b"{\"type\":1")?;
    let length = payload[start..].iter().position(|byte| *byte == 0x1e)?;
    std::str::from_utf8(&payload[start..start + length]).ok()
}
