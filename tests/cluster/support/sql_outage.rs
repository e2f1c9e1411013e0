use std::fs::File;
use std::path::Path;
use std::time::{Duration, Instant};

use nix::fcntl::{FcntlArg, fcntl};
use nix::libc;

/// First of the bytes of the `-shm` file that SQLite locks to write, to checkpoint, to recover and
/// to read (<https://www.sqlite.org/walformat.html>, section 2.3).
const LOCKS_AT: i64 = 120;
const LOCKS: i64 = 8;

/// Takes every lock of an SQLite database for itself: nobody else can read or write it until this
/// is dropped.
pub struct SqlOutage {
    _locked: File,
}

impl SqlOutage {
    /// Begins as soon as no transaction is under way.
    pub async fn begin(database: &Path) -> Self {
        let file = File::options()
            .read(true)
            .write(true)
            .open(database.with_extension("db-shm"))
            .expect("a database in use");
        // Locks of this open file, so that SQLite in this process would be locked out too, and
        // closing it is all that frees them.
        let lock = libc::flock {
            l_type: libc::F_WRLCK as libc::c_short,
            l_whence: libc::SEEK_SET as libc::c_short,
            l_start: LOCKS_AT,
            l_len: LOCKS,
            l_pid: 0,
        };
        let start = Instant::now();
        while fcntl(&file, FcntlArg::F_OFD_SETLK(&lock)).is_err() {
            assert!(start.elapsed() < Duration::from_secs(20), "the database is never idle");
            tokio::time::sleep(Duration::from_micros(200)).await;
        }
        Self { _locked: file }
    }
}
