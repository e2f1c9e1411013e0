//! Turns of several processes at one file.
//!
//! SQLite's lock goes to whoever asks first after a commit. A busy process asks again within
//! microseconds, the others sleep between their tries, so without this they starve. A writer that
//! waits shows it by a lock on a file of its own; who has just committed looks, and lets the others
//! come first.

use std::cell::Cell;
use std::fs::File;
use std::io;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

/// How long a writer lets others come first after its commit: twice the longest sleep between two
/// tries of those who wait. It is all that a process costs which was frozen while it waited.
const YIELD: Duration = Duration::from_millis(1);

/// One process' part.
pub(super) struct Turns {
    waiting: File,
    committed_at: Cell<Option<Instant>>,
}

impl Turns {
    /// Opens the file beside `database`, making it when it is missing.
    pub(super) fn open(database: &Path) -> io::Result<Self> {
        let mut path = database.as_os_str().to_owned();
        path.push("-turns");
        let waiting = File::options().create(true).append(true).open(path)?;
        Ok(Self { waiting, committed_at: Cell::new(None) })
    }

    /// Runs `begin`, which waits for SQLite's lock, when others had their turn.
    pub(super) fn take<T>(&self, begin: impl FnOnce() -> T) -> T {
        let since = self.committed_at.get().map(|at| at.elapsed());
        if let Some(rest) = since.and_then(|since| YIELD.checked_sub(since))
            && self.somebody_waits()
        {
            thread::sleep(rest);
        }
        // Where locks do not work, turns are only less fair.
        let shown = self.waiting.try_lock_shared();
        let begun = begin();
        if shown.is_ok() {
            let _ = self.waiting.unlock();
        }
        begun
    }

    /// This process has committed.
    pub(super) fn committed(&self) {
        self.committed_at.set(Some(Instant::now()));
    }

    fn somebody_waits(&self) -> bool {
        match self.waiting.try_lock() {
            Ok(()) => {
                let _ = self.waiting.unlock();
                false
            }
            Err(_) => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::{Turns, YIELD};

    #[test]
    fn who_has_just_committed_lets_a_waiting_process_come_first() {
        let folder = tempfile::tempdir().expect("temp dir");
        let path = folder.path().join("shop.db");
        let [busy, quiet] = [(); 2].map(|()| Turns::open(&path).expect("open"));

        busy.committed();
        assert!(!busy.somebody_waits());
        // The quiet process waits as long as its `begin` runs.
        quiet.take(|| {
            busy.committed();
            assert!(busy.somebody_waits());
            let committed = Instant::now();
            busy.take(|| {
                assert!(committed.elapsed() >= YIELD * 9 / 10, "the others had their time")
            });
        });
        assert!(!busy.somebody_waits(), "a turn leaves nothing behind");
    }
}
