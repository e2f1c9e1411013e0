//! What runs in which role, wired by hand.

use std::process::ExitCode;
use std::time::Duration;

use crate::config::Settings;

/// Serves until it is told to stop.
pub async fn serve(_settings: Settings) -> ExitCode {
    not_wired("serve")
}

/// Brings the database's schema up to date.
pub async fn migrate(_settings: Settings) -> ExitCode {
    not_wired("migrate")
}

/// Whom a development token is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenRequest {
    /// Its `sub`.
    pub user: String,
    /// Whether it carries the admin role.
    pub admin: bool,
    /// How long it is valid.
    pub valid_for: Duration,
}

/// Prints a development token on standard output.
pub async fn token(_settings: Settings, _request: TokenRequest) -> ExitCode {
    not_wired("token")
}

fn not_wired(command: &str) -> ExitCode {
    eprintln!("contoso-shop {command}: this build has no parts to run");
    ExitCode::FAILURE
}
