use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tiberius::ToSql;

use super::database::MssqlDatabase;
use super::error::Failure;
use super::row::{Answer, Cells};
use super::session::SqlSession;
use super::unit::SCHEMA_VERSION;
use crate::ports::{Schema, SchemaState, StoreError};

/// Name and text of every migration; version 1 is the first. A file is one batch, so it holds no
/// `GO`; what must stand alone in a batch gets a file of its own.
const MIGRATIONS: [(&str, &str); 8] = [
    ("0001_shop", include_str!("../../../migrations/mssql/0001_shop.sql")),
    ("0002_jobs", include_str!("../../../migrations/mssql/0002_jobs.sql")),
    ("0003_locks", include_str!("../../../migrations/mssql/0003_locks.sql")),
    ("0004_schedules", include_str!("../../../migrations/mssql/0004_schedules.sql")),
    ("0005_versions", include_str!("../../../migrations/mssql/0005_versions.sql")),
    ("0006_stock", include_str!("../../../migrations/mssql/0006_stock.sql")),
    ("0007_rounds", include_str!("../../../migrations/mssql/0007_rounds.sql")),
    ("0008_indexes", include_str!("../../../migrations/mssql/0008_indexes.sql")),
];

const CATALOGUE: &str = include_str!("../../../migrations/catalogue.json");

/// How long to wait for another process that migrates.
const LOCK_TIMEOUT: Duration = Duration::from_secs(60);

/// How long one migration may take.
const MIGRATION_LIMIT: Duration = Duration::from_secs(600);

pub(super) struct MssqlSchema {
    database: Arc<MssqlDatabase>,
}

impl MssqlSchema {
    pub(super) fn new(database: Arc<MssqlDatabase>) -> Self {
        Self { database }
    }
}

#[async_trait]
impl Schema for MssqlSchema {
    async fn state(&self) -> Result<SchemaState, StoreError> {
        let version = version(&self.database.once(&SCHEMA_VERSION).await?)?;
        Ok(compare(version))
    }

    /// The lock belongs to a connection of its own, which is closed when this is done or given up,
    /// and the lock with it. Each migration commits together with its version.
    async fn migrate(&self) -> Result<Vec<String>, StoreError> {
        let (session, limit) = self.database.dedicated().await?;
        let mut migrator = Migrator { session, limit };
        migrator.lock().await?;
        let version = version(&migrator.run(SCHEMA_VERSION.sql, &[]).await?)?;
        if let SchemaState::Ahead { version, wanted } = compare(version) {
            return Err(StoreError::fault(format!(
                "the schema is at version {version}, this program knows {wanted}"
            )));
        }
        let mut applied = Vec::new();
        for (number, (name, text)) in
            (1u32..).zip(MIGRATIONS).filter(|(number, _)| *number > version)
        {
            migrator.apply(number, name, text).await?;
            tracing::info!(migration = name, "migrated");
            applied.push(name.to_owned());
        }
        migrator.run(include_str!("sql/seed_catalogue.sql"), &[&CATALOGUE]).await?;
        Ok(applied)
    }
}

struct Migrator {
    session: SqlSession,
    limit: Duration,
}

impl Migrator {
    async fn run(&mut self, sql: &str, parameters: &[&dyn ToSql]) -> Result<Answer, StoreError> {
        Ok(self.session.run(sql, parameters, self.limit).await?)
    }

    async fn lock(&mut self) -> Result<(), StoreError> {
        let lock_timeout = i32::try_from(LOCK_TIMEOUT.as_millis()).unwrap_or(i32::MAX);
        let limit = LOCK_TIMEOUT + self.limit;
        let answer = self
            .session
            .run(include_str!("sql/migrate_lock.sql"), &[&lock_timeout], limit)
            .await
            .map_err(StoreError::from)?;
        if answer.row(0)?.cell::<i32>("Granted")? < 0 {
            return Err(StoreError::unavailable(format!(
                "another process has been migrating for {LOCK_TIMEOUT:?}"
            )));
        }
        Ok(())
    }

    async fn apply(&mut self, number: u32, name: &str, text: &str) -> Result<(), StoreError> {
        let record = include_str!("sql/migrate_record.sql");
        let batch = format!(
            "SET XACT_ABORT ON;\nBEGIN TRANSACTION;\n{text}\n{record}\nCOMMIT TRANSACTION;\n"
        );
        let number = i32::try_from(number).unwrap_or(i32::MAX);
        let outcome: Result<Answer, Failure> =
            self.session.run(&batch, &[&number, &name], MIGRATION_LIMIT).await;
        Ok(outcome.map(drop)?)
    }
}

fn version(answer: &Answer) -> Result<u32, StoreError> {
    answer.row(0)?.unsigned("Version")
}

fn compare(version: u32) -> SchemaState {
    let wanted = MIGRATIONS.len() as u32;
    match version.cmp(&wanted) {
        std::cmp::Ordering::Less => SchemaState::Behind { version, wanted },
        std::cmp::Ordering::Equal => SchemaState::Current { version },
        std::cmp::Ordering::Greater => SchemaState::Ahead { version, wanted },
    }
}
