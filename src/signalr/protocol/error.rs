/// Why input is not a hub message. Ends the connection; the texts are Microsoft's, so that logs
/// read alike.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProtocolError {
    /// The text is not JSON, or is nested deeper than 64.
    #[error("Error reading JSON.")]
    Json,
    /// A record that is JSON but no object.
    #[error("Unexpected JSON Token Type '{0}'. Expected a JSON Object.")]
    NotAnObject(&'static str),
    /// A required property is absent.
    #[error("Missing required property '{0}'.")]
    Missing(&'static str),
    /// A property has another type than the specification says.
    #[error("Expected '{0}' to be of type {1}.")]
    WrongType(&'static str, &'static str),
    /// A completion carried both outcomes.
    #[error("The 'error' and 'result' properties are mutually exclusive.")]
    ErrorAndResult,
    /// A MessagePack item could not be read: its name and expected type.
    #[error("Reading '{0}' as {1} failed.")]
    MessagePack(&'static str, &'static str),
    /// A completion of unknown kind.
    #[error("Invalid invocation result kind.")]
    ResultKind,
    /// A length prefix of more than 2 GiB.
    #[error("Messages over 2GB in size are not supported.")]
    Over2Gb,
    /// A message longer than the limit in bytes.
    #[error(
        "The maximum message size of {0}B was exceeded. The message size can be configured in AddHubOptions."
    )]
    TooLarge(usize),
}

/// A value could not be written.
#[derive(Debug, thiserror::Error)]
pub enum EncodeError {
    /// serde refused it as JSON.
    #[error("the value cannot be written as JSON")]
    Json(#[source] serde_json::Error),
    /// serde refused it as MessagePack.
    #[error("the value cannot be written as MessagePack")]
    MessagePack(#[source] rmp_serde::encode::Error),
    /// Arguments must be a tuple, an array or a slice.
    #[error("arguments must be a sequence")]
    NotASequence,
}

/// A value sent by a client is not of the type the hub method asks for.
#[derive(Debug, thiserror::Error)]
#[error("the value is not of the expected type")]
pub struct BindError;
