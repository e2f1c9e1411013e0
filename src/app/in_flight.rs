use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use crate::domain::UserId;

/// Keys remembered at once. Beyond it repeated requests go on to the store, which stores one order
/// all the same.
const MOST_KEYS: usize = 10_000;

/// Idempotency keys whose first request is still running in this process.
#[derive(Clone, Default)]
pub(super) struct InFlight {
    keys: Arc<Mutex<HashSet<(UserId, String)>>>,
}

/// Holds a key until it is dropped, however the request ends.
pub(super) struct Running {
    keys: Arc<Mutex<HashSet<(UserId, String)>>>,
    key: (UserId, String),
}

impl InFlight {
    /// Takes the key; `None` when another request holds it.
    pub(super) fn begin(&self, user: &UserId, key: &str) -> Option<Running> {
        let key = (user.clone(), key.to_owned());
        let mut keys = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        if keys.contains(&key) {
            return None;
        }
        if keys.len() < MOST_KEYS {
            keys.insert(key.clone());
        }
        Some(Running { keys: Arc::clone(&self.keys), key })
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.keys.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.key);
    }
}

#[cfg(test)]
mod tests {
    use super::InFlight;
    use crate::domain::UserId;

    #[test]
    fn a_key_is_free_again_when_its_request_ends() {
        let (ann, bob) = (UserId::new("ann"), UserId::new("bob"));
        let in_flight = InFlight::default();
        let first = in_flight.begin(&ann, "k").expect("free");
        assert!(in_flight.begin(&ann, "k").is_none());
        assert!(in_flight.begin(&bob, "k").is_some(), "keys belong to a user");
        drop(first);
        assert!(in_flight.begin(&ann, "k").is_some());
    }
}
