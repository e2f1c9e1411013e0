use std::sync::Arc;

use async_trait::async_trait;

use super::database::Database;
use super::statement::execute;
use crate::ports::{Fences, HeldLock, StoreError};

pub(super) struct SqliteFences {
    database: Arc<Database>,
}

impl SqliteFences {
    pub(super) fn new(database: Arc<Database>) -> Self {
        Self { database }
    }
}

#[async_trait]
impl Fences for SqliteFences {
    async fn pass(&self, held: &HeldLock) -> Result<bool, StoreError> {
        let (name, fence) = (held.name.clone(), held.fence);
        self.database.write(move |connection, _| Ok(execute(connection, sql!("lock_fence_pass"), (name, fence))? == 1)).await
    }
}
