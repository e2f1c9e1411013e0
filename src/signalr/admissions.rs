use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

use super::connection::{Connection, ConnectionId};

/// Counts the connections of this server against its limits, and lets no one in while
/// draining.
#[derive(Debug)]
pub(super) struct Admissions {
    open: Mutex<OpenConnections>,
    emptied: Notify,
    per_user: usize,
    per_pod: usize,
}

#[derive(Debug, Default)]
struct OpenConnections {
    draining: bool,
    live: HashMap<ConnectionId, Arc<Connection>>,
    users: HashMap<String, usize>,
}

/// Why a connection is not let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NotAdmitted {
    Draining,
    IdTaken,
    UserLimit,
    PodLimit,
}

/// One admitted connection; it is counted until this is dropped.
#[derive(Debug)]
pub(super) struct Admitted {
    admissions: Arc<Admissions>,
    connection: Arc<Connection>,
}

impl Admissions {
    pub(super) fn new(per_user: usize, per_pod: usize) -> Arc<Self> {
        Arc::new(Self { open: Mutex::default(), emptied: Notify::new(), per_user, per_pod })
    }

    pub(super) fn admit(
        self: &Arc<Self>,
        connection: Arc<Connection>,
    ) -> Result<Admitted, NotAdmitted> {
        let mut open = self.lock();
        if open.draining {
            return Err(NotAdmitted::Draining);
        }
        if open.live.contains_key(connection.id()) {
            return Err(NotAdmitted::IdTaken);
        }
        if open.live.len() >= self.per_pod {
            return Err(NotAdmitted::PodLimit);
        }
        if open.users.get(connection.user_id()).is_some_and(|count| *count >= self.per_user) {
            return Err(NotAdmitted::UserLimit);
        }
        *open.users.entry(connection.user_id().to_owned()).or_default() += 1;
        open.live.insert(connection.id().clone(), connection.clone());
        Ok(Admitted { admissions: self.clone(), connection })
    }

    pub(super) fn is_draining(&self) -> bool {
        self.lock().draining
    }

    /// Lets no one in from now on, and returns who is in.
    pub(super) fn close(&self) -> Vec<Arc<Connection>> {
        let mut open = self.lock();
        open.draining = true;
        open.live.values().cloned().collect()
    }

    /// Waits until the last one left, at most `deadline`; returns how many are left.
    pub(super) async fn wait_empty(&self, deadline: Duration) -> usize {
        let empty = async {
            loop {
                let emptied = self.emptied.notified();
                if self.lock().live.is_empty() {
                    return;
                }
                emptied.await;
            }
        };
        match tokio::time::timeout(deadline, empty).await {
            Ok(()) => 0,
            Err(_) => self.lock().live.len(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, OpenConnections> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Admitted {
    fn drop(&mut self) {
        let mut open = self.admissions.lock();
        open.live.remove(self.connection.id());
        let user = self.connection.user_id();
        if let Some(count) = open.users.get_mut(user) {
            *count -= 1;
            if *count == 0 {
                open.users.remove(user);
            }
        }
        if open.live.is_empty() {
            self.admissions.emptied.notify_waiters();
        }
    }
}
