//! Every key, channel and group name, built nowhere else.
//!
//! The order keys are the seed's, letter by letter (D9). They carry no hash tag, so
//! the keys of one order lie in different cluster slots: no command may name two of them.

use sha2::{Digest, Sha256};

use crate::domain::{CorrelationId, UserId};
use crate::ports::CacheArea;

/// Events on their way to the hub pods.
pub const EVENTS: &str = "contoso-shop:events";
/// What is known of entries removed from [`EVENTS`]; its hash tag puts it into the same cluster slot.
pub const EVENTS_REMOVALS: &str = "contoso-shop:removals:{contoso-shop:events}";
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

/// Parts of the memory of sent versions; each lies in a cluster slot of its own.
pub const SENT_PARTS: u32 = 64;

/// Part of the memory that a key belongs to.
pub fn sent_part(key: &str) -> u32 {
    key.bytes().fold(0_u32, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte.into())) % SENT_PARTS
}

/// Since when a part of the memory exists: it is gone when Redis lost its data.
pub fn sent_since(part: u32) -> String {
    format!("contoso-shop:sent-since:{{contoso-shop:sent:{part}}}")
}

/// Last version sent of a key, by the hub's channel prefix and name; in the slot of its part.
pub fn sent_version(hub: &str, key: &str) -> String {
    format!("contoso-shop:sent:{{contoso-shop:sent:{}}}:{hub}:{key}", sent_part(key))
}

/// Row number of an order.
pub fn order_id(id: CorrelationId) -> String {
    format!("order:id:{id}")
}

/// Channel of the hints that a job was enqueued.
pub const WAKEUP_CHANNEL: &str = "contoso-shop:wake:jobs";

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
    format!("contoso-shop:session:{}", digest(user.as_str()))
}

/// A bucket of a rate limit.
pub fn rate(bucket: &str) -> String {
    format!("contoso-shop:rate:{}", digest(bucket))
}

/// Stands for a text that may hold an address or a user, which keys must not show.
fn digest(text: &str) -> String {
    Sha256::digest(text)[..16].iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::{order_id, order_map, order_status, rate, session};
    use crate::domain::UserId;

    #[test]
    fn keys_do_not_tell_users_or_addresses() {
        let ada = session(&UserId::new("ada"));
        assert_eq!(ada, session(&UserId::new("ada")));
        assert_ne!(ada, session(&UserId::new("bob")));
        for key in [ada, rate("orders:ada")] {
            let (_, name) = key.rsplit_once(':').expect("a prefix");
            assert!(name.len() == 32 && name.bytes().all(|b| b.is_ascii_hexdigit()), "{key}");
        }
    }

    #[test]
    fn order_keys_are_spelled_as_the_seed_spells_them() {
        let id = "0199a5e2-7a3b-7c4d-8e5f-0123456789ab".parse().expect("an id");
        assert_eq!(order_map(id), "order:map:0199a5e2-7a3b-7c4d-8e5f-0123456789ab");
        assert_eq!(order_status(id), "order:status:0199a5e2-7a3b-7c4d-8e5f-0123456789ab");
        assert_eq!(order_id(id), "order:id:0199a5e2-7a3b-7c4d-8e5f-0123456789ab");
    }
}
