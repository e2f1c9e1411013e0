use std::process::ExitCode;
use std::time::Duration;

use fred::interfaces::ClientLike;
use tokio::time::timeout;

use super::StartError;
use super::components::{guarded, redis_failed};
use super::text_table::{short, text_table};
use crate::adapters::redis::{RedisDeadLetters, command_client};
use crate::config::Settings;
use crate::ports::{DeadLetter, DeadLetters, StoreError};

/// How long to wait for Redis.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Dead letters looked at by a replay of all: as many as are kept.
const ALL: usize = 20_000;

/// What to do with events that could not be delivered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeadLetterRequest {
    /// Show up to this many, oldest first.
    List {
        /// At most.
        limit: usize,
    },
    /// Put these back into the event stream, or all of them when none is named.
    Replay {
        /// Ids as the list shows them.
        letters: Vec<String>,
    },
}

/// Does it and says what was done. Exit code 1 when Redis does not answer.
pub async fn dead_letters(settings: Settings, request: DeadLetterRequest) -> ExitCode {
    let outcome = match connect(&settings).await {
        Ok(letters) => run(&letters, request)
            .await
            .map_err(|error| StartError::new("Redis does not answer", error)),
        Err(error) => Err(error),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

async fn connect(settings: &Settings) -> Result<RedisDeadLetters, StartError> {
    let without =
        "is not set: without Redis there are no dead letters, events wait in the database";
    let redis = settings
        .connections
        .redis
        .as_ref()
        .ok_or_else(|| StartError::new("ConnectionStrings__Redis", without))?;
    let client = command_client(redis).map_err(redis_failed)?;
    match timeout(CONNECT_TIMEOUT, client.wait_for_connect()).await {
        Ok(Ok(())) => Ok(RedisDeadLetters::new(guarded(client, settings))),
        Ok(Err(error)) => Err(StartError::new("cannot connect to Redis", error)),
        Err(elapsed) => Err(StartError::new("cannot connect to Redis", elapsed)),
    }
}

async fn run(letters: &dyn DeadLetters, request: DeadLetterRequest) -> Result<(), StoreError> {
    match request {
        DeadLetterRequest::List { limit } => {
            let found = letters.list(limit).await?;
            if found.is_empty() {
                println!("There are no dead letters.");
            } else {
                let titles = ["LETTER", "CORRELATION ID", "STATUS", "DELIVERIES", "CAUSE"];
                print!("{}", text_table(titles, found.iter().map(row)));
            }
        }
        DeadLetterRequest::Replay { letters: named } if named.is_empty() => {
            let found = letters.list(ALL).await?;
            let mut count = 0;
            for letter in &found {
                count += usize::from(letters.replay(&letter.entry).await?);
            }
            println!(
                "{count} events put back into the stream, {} left because they cannot be read.",
                found.len() - count
            );
        }
        DeadLetterRequest::Replay { letters: named } => {
            for letter in named {
                if letters.replay(&letter).await? {
                    println!("{letter} is back in the stream.");
                } else {
                    println!("{letter} is not there any more, or cannot be read: nothing to do.");
                }
            }
        }
    }
    Ok(())
}

fn row(letter: &DeadLetter) -> [String; 5] {
    let of = |text: fn(&crate::domain::OrderEvent) -> String| {
        letter.event.as_ref().map_or_else(|| "unreadable".to_owned(), text)
    };
    let correlation_id = of(|event| event.correlation_id.to_string());
    let status = of(|event| event.status.name().to_owned());
    [
        letter.entry.clone(),
        correlation_id,
        status,
        letter.deliveries.to_string(),
        short(&letter.cause),
    ]
}
