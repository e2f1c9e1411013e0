use rusqlite::ErrorCode;

use crate::ports::StoreError;

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            // A full or failing disk may recover; callers should hear 503 and keep their work.
            Some(
                ErrorCode::DatabaseBusy
                | ErrorCode::DatabaseLocked
                | ErrorCode::DiskFull
                | ErrorCode::SystemIoFailure
                | ErrorCode::OutOfMemory
                // Many tries at a lock were in vain.
                | ErrorCode::FileLockingProtocolFailed
                // Somebody mounted the disk anew, or changed the file's mode; they may change it
                // back.
                | ErrorCode::ReadOnly
                | ErrorCode::CannotOpen
                | ErrorCode::OperationInterrupted,
            ) => Self::unavailable(error),
            _ => Self::fault(error),
        }
    }
}
