use std::sync::Arc;
use std::time::Duration;

use super::StartError;
use crate::adapters::GuardSettings;
use crate::adapters::mssql::{MssqlOptions, MssqlStore};
use crate::adapters::sqlite::{SqliteOptions, SqliteStore};
use crate::config::{BreakerLimits, Settings, StoreConnection};
use crate::ports::{HANDOVER, SchemaState, Stores, SystemClock};
use crate::resilience::BreakerSettings;

/// Opens the system of record the connection string names (D3). A process that publishes the events
/// it commits has some time for it before others do.
pub(super) async fn open(settings: &Settings, publishes: bool) -> Result<Stores, StartError> {
    let handover = if publishes { HANDOVER } else { Duration::ZERO };
    let guard = guard_settings(GuardSettings::SQL, &settings.resilience.sql);
    match &settings.connections.contoso {
        StoreConnection::Sqlite(path) => {
            let options = SqliteOptions { handover, guard, ..SqliteOptions::new(path) };
            let opened = tokio::task::spawn_blocking(move || {
                SqliteStore::open(options, Arc::new(SystemClock))
            })
            .await;
            let store =
                opened.map_err(|error| StartError::new("cannot open the database", error))?;
            Ok(store.map_err(|error| StartError::new("cannot open the database", error))?.stores())
        }
        StoreConnection::SqlServer(text) => {
            let mut options = MssqlOptions { handover, guard, ..MssqlOptions::new(text) };
            if let Some(StoreConnection::SqlServer(replica)) =
                &settings.connections.contoso_read_only
            {
                options.read_only_connection_string = Some(replica.clone());
            }
            let store = MssqlStore::connect(options)
                .map_err(|error| StartError::new("cannot use the database", error))?;
            Ok(store.stores())
        }
    }
}

/// What the settings say of one dependency's guard.
pub(super) fn guard_settings(usual: GuardSettings, limits: &BreakerLimits) -> GuardSettings {
    let breaker = BreakerSettings {
        window: limits.window,
        min_failures: limits.failures,
        open_for: limits.open_time,
        failure_share: usual.breaker.failure_share,
    };
    GuardSettings { deadline: limits.call_deadline, breaker }
}

/// Makes sure the schema is the one this program needs. An embedded database is migrated on
/// the spot; a server's is left to `contoso-shop migrate`, because several versions of this program
/// may be running against it.
pub(super) async fn ensure_schema(stores: &Stores, settings: &Settings) -> Result<(), StartError> {
    let failed = |error| StartError::new("cannot read the database's schema", error);
    let advice = match stores.schema.state().await.map_err(failed)? {
        SchemaState::Current { .. } => return Ok(()),
        SchemaState::Behind { .. } if !settings.connections.contoso.is_sql_server() => {
            let applied = stores
                .schema
                .migrate()
                .await
                .map_err(|error| StartError::new("cannot migrate the database", error))?;
            tracing::info!(migrations = ?applied, "database migrated");
            return Ok(());
        }
        SchemaState::Behind { version, wanted } => {
            format!(
                "it is at version {version} and this program needs {wanted}: run `contoso-shop migrate` first"
            )
        }
        SchemaState::Ahead { version, wanted } => {
            format!(
                "it is at version {version} and this program knows only {wanted}: use a newer contoso-shop"
            )
        }
    };
    Err(StartError::new("the database's schema does not fit", advice))
}
