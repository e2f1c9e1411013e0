use std::error::Error;

/// Why a hub method failed. Clients always see that it did; what they see of the reason is decided
/// here.
#[derive(Debug)]
pub enum HubError {
    /// Clients see this text, as from .NET's `HubException`.
    Shown(String),
    /// Clients see no reason unless detailed errors are on; it is logged.
    Hidden(Box<dyn Error + Send + Sync>),
}

impl HubError {
    /// A reason that clients may see.
    pub fn shown(text: impl Into<String>) -> Self {
        Self::Shown(text.into())
    }

    /// A reason that is logged only.
    pub fn hidden(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Hidden(error.into())
    }

    /// What clients may see of it, prefixed with the name of the .NET exception it stands for.
    pub(in crate::signalr) fn detail(&self, detailed_errors: bool) -> Option<String> {
        match self {
            Self::Shown(text) => Some(format!("HubException: {text}")),
            Self::Hidden(error) => detailed_errors.then(|| format!("Exception: {error}")),
        }
    }
}

/// Why an invocation has no result (C2).
#[derive(Debug)]
pub enum InvokeError {
    UnknownMethod,
    WrongCount { given: usize, expected: usize },
    WrongArgument,
    NotStreaming,
    UnexpectedStreams { sent: usize },
    Failed(HubError),
    Panicked,
}

impl InvokeError {
    /// The text of the completion. `target` is the name as the client wrote it.
    pub fn text(&self, target: &str, detailed_errors: bool) -> String {
        let refused = format!("Failed to invoke '{target}' due to an error on the server.");
        let failed = format!("An unexpected error occurred invoking '{target}' on the server.");
        let (base, detail) = match self {
            Self::UnknownMethod => {
                (refused, Some("HubException: Method does not exist.".to_owned()))
            }
            Self::WrongCount { given, expected } => {
                let detail = format!(
                    "InvalidDataException: Invocation provides {given} argument(s) but target expects {expected}."
                );
                (refused, detailed_errors.then_some(detail))
            }
            Self::WrongArgument => {
                let detail = "InvalidDataException: Error binding arguments. Make sure that the types of the provided values match \
                              the types of the hub method being invoked.";
                (refused, detailed_errors.then(|| detail.to_owned()))
            }
            Self::NotStreaming => {
                return format!(
                    "The client attempted to invoke the non-streaming '{target}' method with a streaming invocation."
                );
            }
            Self::UnexpectedStreams { sent } => (
                failed,
                Some(format!("HubException: Client sent {sent} stream(s), Hub method expects 0.")),
            ),
            Self::Failed(error) => (failed, error.detail(detailed_errors)),
            Self::Panicked => (failed, None),
        };
        detail.map_or(base.clone(), |detail| format!("{base} {detail}"))
    }
}
