use crate::domain::{Timestamp, UserId};

/// The role that opens the jobs dashboard (D13).
pub const ADMIN_ROLE: &str = "admin";

/// A caller whose token was accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    /// The token's `sub`, byte by byte (S2-K-2).
    pub user: UserId,
    /// From the claims `role` and `roles`.
    pub roles: Vec<String>,
    /// The token's `exp`; a connection must not outlive it by more than the clock skew.
    pub expires_at: Timestamp,
}

impl Principal {
    /// Whether the caller may look after the shop.
    pub fn is_admin(&self) -> bool {
        self.roles.iter().any(|role| role == ADMIN_ROLE)
    }
}

/// Whether the text can name a user: 1 to 200 characters, none of them a control character.
pub fn is_legal_subject(text: &str) -> bool {
    (1..=200).contains(&text.chars().count()) && !text.chars().any(char::is_control)
}
