use std::process::ExitCode;

use super::{StartError, stores};
use crate::config::Settings;
use crate::ports::SchemaState;

/// Brings the database's schema up to date and says what it did. Exit code 1 when it cannot.
pub async fn migrate(settings: Settings) -> ExitCode {
    match run(&settings).await {
        Ok(lines) => {
            lines.iter().for_each(|line| println!("{line}"));
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(settings: &Settings) -> Result<Vec<String>, StartError> {
    let stores = stores::open(settings, false).await?;
    let failed = |error| StartError::new("cannot migrate the database", error);
    let mut lines = Vec::new();
    for name in stores.schema.migrate().await.map_err(failed)? {
        lines.push(format!("applied {name}"));
    }
    match stores.schema.state().await.map_err(failed)? {
        SchemaState::Current { version } => {
            lines.push(format!("{} is at version {version}", settings.connections.contoso))
        }
        other => {
            return Err(StartError::new(
                "cannot migrate the database",
                format!("it is still {other:?}"),
            ));
        }
    }
    Ok(lines)
}
