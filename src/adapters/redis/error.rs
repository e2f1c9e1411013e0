use fred::error::{Error, ErrorKind};

use crate::ports::StoreError;

/// Sorts fred's errors: what waiting or a failover may mend is unavailable, the rest is a fault.
pub fn store_error(error: Error) -> StoreError {
    let fault = match error.kind() {
        ErrorKind::InvalidArgument
        | ErrorKind::InvalidCommand
        | ErrorKind::Parse
        | ErrorKind::NotFound
        | ErrorKind::Config
        | ErrorKind::Url => true,
        // A script may be refused in the middle of a failover; the server says so with these words.
        ErrorKind::Unknown => error.details().starts_with("ERR"),
        _ => false,
    };
    if fault { StoreError::fault(error) } else { StoreError::unavailable(error) }
}
