use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

use super::connection::{Connection, ConnectionId};

/// Counts the connections of this server against its limits, and lets no one in while
/// draining.
#[derive(Debug)]
pub(super) struct Admissions {
    book: Mutex<Book>,
    emptied: Notify,
    per_user: usize,
    per_pod: usize,
}

#[derive(Debug, Default)]
struct Book {
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

/// A place in the book, given back on drop.
#[derive(Debug)]
pub(super) struct Place {
    admissions: Arc<Admissions>,
    connection: Arc<Connection>,
}

impl Admissions {
    pub(super) fn new(per_user: usize, per_pod: usize) -> Arc<Self> {
        Arc::new(Self { book: Mutex::default(), emptied: Notify::new(), per_user, per_pod })
    }

    pub(super) fn admit(
        self: &Arc<Self>,
        connection: Arc<Connection>,
    ) -> Result<Place, NotAdmitted> {
        let mut book = self.lock();
        if book.draining {
            return Err(NotAdmitted::Draining);
        }
        if book.live.contains_key(connection.id()) {
            return Err(NotAdmitted::IdTaken);
        }
        if book.live.len() >= self.per_pod {
            return Err(NotAdmitted::PodLimit);
        }
        if book.users.get(connection.user_id()).is_some_and(|count| *count >= self.per_user) {
            return Err(NotAdmitted::UserLimit);
        }
        *book.users.entry(connection.user_id().to_owned()).or_default() += 1;
        book.live.insert(connection.id().clone(), connection.clone());
        Ok(Place { admissions: self.clone(), connection })
    }

    pub(super) fn is_draining(&self) -> bool {
        self.lock().draining
    }

    /// Lets no one in from now on, and returns who is in.
    pub(super) fn close(&self) -> Vec<Arc<Connection>> {
        let mut book = self.lock();
        book.draining = true;
        book.live.values().cloned().collect()
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

    fn lock(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut book = self.admissions.lock();
        book.live.remove(self.connection.id());
        let user = self.connection.user_id();
        if let Some(count) = book.users.get_mut(user) {
            *count -= 1;
            if *count == 0 {
                book.users.remove(user);
            }
        }
        if book.live.is_empty() {
            self.admissions.emptied.notify_waiters();
        }
    }
}
