use std::process::ExitCode;
use std::time::Duration;

use super::identity::development_tokens;
use crate::auth::{ADMIN_ROLE, is_legal_subject};
use crate::config::{JwtSettings, Settings};
use crate::domain::UserId;

/// Whom a development token is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenCommand {
    /// Its `sub`.
    pub user: String,
    /// Whether it carries the admin role.
    pub admin: bool,
    /// How long it is valid.
    pub valid_for: Duration,
}

/// Prints a development token on standard output. Exit code 1 when tokens are made elsewhere.
pub async fn token(settings: Settings, request: TokenCommand) -> ExitCode {
    let made =
        match &settings.jwt {
            _ if !is_legal_subject(&request.user) => {
                Err("--user: 1 to 200 characters, none of them a control character".to_owned())
            }
            Some(JwtSettings::Development(jwt)) => {
                development_tokens(jwt).map_err(|error| error.to_string())
            }
            _ => Err("tokens come from your identity provider: this needs Jwt__Mode=development"
                .to_owned()),
        };
    match made {
        Ok(tokens) => {
            let roles: Vec<String> =
                request.admin.then(|| ADMIN_ROLE.to_owned()).into_iter().collect();
            println!(
                "{}",
                tokens.issue_for(&UserId::new(request.user), &roles, request.valid_for).token
            );
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
