use std::sync::Arc;

use async_trait::async_trait;
use rusqlite::Connection;

use super::database::SqliteDatabase;
use super::seed::seed;
use super::statement::{execute, only};
use crate::domain::Timestamp;
use crate::ports::{Schema, SchemaState, StoreError};

/// Name and text of every migration; the first brings an empty database to version 1.
const MIGRATIONS: [(&str, &str); 8] = [
    ("0001_shop", include_str!("../../../migrations/sqlite/0001_shop.sql")),
    ("0002_jobs", include_str!("../../../migrations/sqlite/0002_jobs.sql")),
    ("0003_locks", include_str!("../../../migrations/sqlite/0003_locks.sql")),
    ("0004_schedules", include_str!("../../../migrations/sqlite/0004_schedules.sql")),
    ("0005_versions", include_str!("../../../migrations/sqlite/0005_versions.sql")),
    ("0006_stock", include_str!("../../../migrations/sqlite/0006_stock.sql")),
    ("0007_rounds", include_str!("../../../migrations/sqlite/0007_rounds.sql")),
    ("0008_indexes", include_str!("../../../migrations/sqlite/0008_indexes.sql")),
];

const WANTED: u32 = MIGRATIONS.len() as u32;

pub(super) struct SqliteSchema {
    database: Arc<SqliteDatabase>,
}

impl SqliteSchema {
    pub(super) fn new(database: Arc<SqliteDatabase>) -> Self {
        Self { database }
    }
}

#[async_trait]
impl Schema for SqliteSchema {
    async fn state(&self) -> Result<SchemaState, StoreError> {
        let version = self.database.read_unguarded(|connection| Ok(version(connection)?)).await?;
        Ok(match version {
            WANTED => SchemaState::Current { version },
            older if older < WANTED => SchemaState::Behind { version, wanted: WANTED },
            _ => SchemaState::Ahead { version, wanted: WANTED },
        })
    }

    async fn migrate(&self) -> Result<Vec<String>, StoreError> {
        // The writer holds SQLite's write lock meanwhile, so another process waits and then finds
        // nothing to do.
        self.database.write_unguarded(migrate).await
    }
}

fn version(connection: &Connection) -> rusqlite::Result<u32> {
    if only(connection, sql!("schema_exists"), [], |row| row.get::<_, bool>(0))? {
        only(connection, sql!("schema_version"), [], |row| row.get(0))
    } else {
        Ok(0)
    }
}

fn migrate(connection: &Connection, now: Timestamp) -> Result<Vec<String>, StoreError> {
    let found = version(connection)?;
    if found > WANTED {
        return Err(StoreError::fault(format!(
            "the database has schema version {found}, this program knows {WANTED}: run a newer version of it"
        )));
    }
    let mut applied = Vec::new();
    for (version, (name, text)) in (1..).zip(MIGRATIONS).skip(found as usize) {
        execute(connection, sql!("schema_table"), [])?;
        connection.execute_batch(text)?;
        execute(connection, sql!("schema_record"), (version, name, now.micros))?;
        applied.push(name.to_owned());
    }
    seed(connection, now)?;
    Ok(applied)
}
