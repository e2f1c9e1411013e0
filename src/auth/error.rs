use std::time::Duration;

/// Why a token does not open the door. Texts never hold the token or a part of it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// Not acceptable: 401.
    #[error("the token was refused: {0}")]
    Refused(#[from] Refusal),
    /// Valid, but it names no user: 403.
    #[error("the token names no user in its claim sub")]
    NoSubject,
    /// No key has been fetched yet, so nothing can be said about any token: 503.
    #[error("the keys to check tokens with cannot be fetched")]
    KeysUnavailable {
        /// When another try makes sense.
        retry_after: Duration,
    },
}

/// What is wrong with a refused token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// No JWT in compact form, or claims of the wrong type.
    #[error("it cannot be read")]
    Malformed,
    /// `none`, or another algorithm than the key is for.
    #[error("its algorithm is not allowed")]
    Algorithm,
    /// Signed with a key that is not published, or with none named where several are.
    #[error("its signing key is unknown")]
    UnknownKey,
    /// The signature does not fit.
    #[error("its signature is invalid")]
    Signature,
    /// Past its `exp`, or without one.
    #[error("it has expired")]
    Expired,
    /// Before its `nbf`.
    #[error("it is not valid yet")]
    NotYetValid,
    /// Made by somebody else.
    #[error("its issuer is not accepted")]
    Issuer,
    /// Made for somebody else.
    #[error("its audience is not accepted")]
    Audience,
}
