//! Every key, channel and group name, built nowhere else.
//!
//! The order keys are the seed's, letter by letter (D9). They carry no hash tag, so
//! the keys of one order lie in different cluster slots: no command may name two of them.

use sha2::{Digest, Sha256};

use crate::domain::{CorrelationId, UserId};
use crate::ports::{CacheArea, Topic};

/// Events on their way to the hub pods.
pub const EVENTS: &str = "contoso-shop:events";
/// Events that could not be delivered, with their cause.
pub const DEAD_EVENTS: &str = "contoso-shop:events:dead";
/// The one consumer group of [`EVENTS`].
pub const EVENTS_GROUP: &str = "notifications";

/// The name under which the web pods' hubs meet.
pub const AGREEMENT: &str = "contoso-shop:hub-name";

/// Owner of an order: the user id (S2-C1-2d).
pub fn order_map(id: CorrelationId) -> String {
    format!("order:map:{id}")
}

/// Status of an order: the upper-case word (S2-C1-2e).
pub fn order_status(id: CorrelationId) -> String {
    format!("order:status:{id}")
}

/// Version that [`order_status`] has. The hash tag puts both into one cluster slot, so that one
/// script may compare and set them.
pub fn status_version(id: CorrelationId) -> String {
    format!("contoso-shop:version:{{order:status:{id}}}")
}

/// Last version sent of a key, by the hub's channel prefix and name.
pub fn sent_version(hub: &str, key: &str) -> String {
    format!("contoso-shop:sent:{hub}:{key}")
}

/// Row number of an order.
pub fn order_id(id: CorrelationId) -> String {
    format!("order:id:{id}")
}

/// Channel of wake-up hints.
pub const fn wakeup_channel(topic: Topic) -> &'static str {
    match topic {
        Topic::Jobs => "contoso-shop:wake:jobs",
        Topic::Outbox => "contoso-shop:wake:outbox",
    }
}

/// Where cache invalidations are told.
pub const CACHE_CHANNEL: &str = "contoso-shop:cache:invalidate";

/// Values of one cache area.
pub fn cache(area: CacheArea) -> String {
    format!("contoso-shop:cache:{}", area.name())
}

/// A lease lock.
pub fn lock(name: &str) -> String {
    format!("contoso-shop:lock:{name}")
}

/// A user's session.
pub fn session(user: &UserId) -> String {
    format!("contoso-shop:session:{user}")
}

/// A bucket of a rate limit. Its name may hold an address or a user, so only its digest is shown.
pub fn rate(bucket: &str) -> String {
    let digest = Sha256::digest(bucket);
    let short: String = digest[..16].iter().map(|byte| format!("{byte:02x}")).collect();
    format!("contoso-shop:rate:{short}")
}

#[cfg(test)]
mod tests {
    use super::{order_id, order_map, order_status};

    #[test]
    fn order_keys_are_spelled_as_the_seed_spells_them() {
        let id = "0199a5e2-7a3b-7c4d-8e5f-0123456789ab".parse().expect("an id");
        assert_eq!(order_map(id), "order:map:0199a5e2-7a3b-7c4d-8e5f-0123456789ab");
        assert_eq!(order_status(id), "order:status:0199a5e2-7a3b-7c4d-8e5f-0123456789ab");
        assert_eq!(order_id(id), "order:id:0199a5e2-7a3b-7c4d-8e5f-0123456789ab");
    }
}
