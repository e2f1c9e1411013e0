use async_trait::async_trait;

use super::StoreError;

/// Where a database's schema stands against this program's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SchemaState {
    /// As this program needs it.
    Current {
        /// Its version.
        version: u32,
    },
    /// Older, or empty (version 0): `migrate` brings it up.
    Behind {
        /// Its version.
        version: u32,
        /// This program's.
        wanted: u32,
    },
    /// Newer than this program: refuse to start.
    Ahead {
        /// Its version.
        version: u32,
        /// This program's.
        wanted: u32,
    },
}

/// Migrations.
#[async_trait]
pub trait Schema: Send + Sync {
    /// Compares the schema with what this program needs.
    async fn state(&self) -> Result<SchemaState, StoreError>;

    /// Applies what is missing, one process at a time, and seeds the catalogue when it is empty.
    /// Running it again changes nothing. Returns the names of the migrations applied.
    async fn migrate(&self) -> Result<Vec<String>, StoreError>;
}
