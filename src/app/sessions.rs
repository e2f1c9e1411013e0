use std::sync::Arc;

use crate::domain::{Session, UserId};
use crate::ports::{Sessions, StoreError};

/// Cart and preferences of signed-in users, on every pod (S1-Flow-2b, S1-Scale-1d).
pub struct UserSessions {
    sessions: Arc<dyn Sessions>,
}

/// What became of a session that was to be saved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SessionSaved {
    /// It is the user's session now.
    Saved,
    /// A later one is there, saved by another page.
    Outdated(Session),
}

impl UserSessions {
    /// The use cases over this port.
    pub fn new(sessions: Arc<dyn Sessions>) -> Self {
        Self { sessions }
    }

    /// The user's session; an empty one of version 0 when there is none. What cannot be read any
    /// more is as good as none.
    pub async fn find(&self, user: &UserId) -> Result<Session, StoreError> {
        let found = self.sessions.find(user).await?;
        Ok(found.and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default())
    }

    /// Saves the session unless a later one is there. Of two that are saved in the same moment the
    /// last one stays: a cart is not worth a transaction.
    pub async fn save(&self, user: &UserId, session: &Session) -> Result<SessionSaved, StoreError> {
        let known = self.find(user).await?;
        if known.version > session.version {
            return Ok(SessionSaved::Outdated(known));
        }
        let bytes = serde_json::to_vec(session).map_err(StoreError::fault)?;
        self.sessions.save(user, bytes.into()).await?;
        Ok(SessionSaved::Saved)
    }
}
