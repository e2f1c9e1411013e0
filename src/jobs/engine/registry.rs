use std::collections::HashMap;
use std::sync::Arc;

use async_trait::async_trait;

use super::job::{Job, JobContext, JobError};
use crate::ports::ClaimStatement;

/// The kinds of job a server can run.
#[derive(Clone, Default)]
pub struct JobRegistry {
    definitions: HashMap<&'static str, Arc<dyn Definition>>,
    claim_statements: Vec<(&'static str, ClaimStatement)>,
}

impl JobRegistry {
    /// An empty one.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a kind.
    ///
    /// # Panics
    /// When the kind is there already: two definitions of one name are a mistake of the wiring.
    pub fn with<J: Job>(mut self, job: J) -> Self {
        let before = self.definitions.insert(J::KIND, Arc::new(Typed(job)));
        assert!(before.is_none(), "two definitions of job kind '{}'", J::KIND);
        self.claim_statements.extend(J::ON_CLAIM.map(|statement| (J::KIND, statement)));
        self
    }

    pub(super) fn claim_statements(&self) -> &[(&'static str, ClaimStatement)] {
        &self.claim_statements
    }

    pub(super) fn find(&self, kind: &str) -> Option<(&'static str, Arc<dyn Definition>)> {
        self.definitions.get_key_value(kind).map(|(kind, definition)| (*kind, definition.clone()))
    }
}

/// A [`Job`] whose payload type is forgotten.
#[async_trait]
pub(super) trait Definition: Send + Sync {
    async fn run(&self, context: &JobContext, args: &str) -> Result<(), JobError>;
    async fn exhausted(
        &self,
        context: &JobContext,
        args: &str,
        error: &str,
    ) -> Result<(), JobError>;
}

struct Typed<J>(J);

#[async_trait]
impl<J: Job> Definition for Typed<J> {
    async fn run(&self, context: &JobContext, args: &str) -> Result<(), JobError> {
        let payload = serde_json::from_str(args)
            .map_err(|e| JobError::fatal(format!("the arguments cannot be read: {e}")))?;
        self.0.run(context, payload).await
    }

    async fn exhausted(
        &self,
        context: &JobContext,
        args: &str,
        error: &str,
    ) -> Result<(), JobError> {
        match serde_json::from_str(args) {
            Ok(payload) => self.0.exhausted(context, payload, error).await,
            // Nobody can tell what the job was about.
            Err(_) => Ok(()),
        }
    }
}
