//! The drain marker: a file that makes a pod not ready while it exists (S2-C4-1, D12). The marker
//! alone closes nothing.

use std::fs::{self, OpenOptions};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::lifecycle::TaskResult;

/// How often [`DrainMarker::watch_file`] looks.
const POLL: Duration = Duration::from_millis(250);

/// Knows whether the marker file exists.
#[derive(Debug)]
pub struct DrainMarker {
    file: PathBuf,
    present: watch::Sender<bool>,
}

impl DrainMarker {
    /// A marker at `file`, taken as absent until somebody looks.
    pub fn new(file: impl Into<PathBuf>) -> Self {
        Self { file: file.into(), present: watch::Sender::new(false) }
    }

    /// Removes a marker that outlived the process that was drained: an emptyDir survives its
    /// container. To be called before readiness is served. Returns whether there was one.
    pub fn remove_stale(&self) -> io::Result<bool> {
        remove(&self.file)
    }

    /// Looks at the file now and tells the watchers.
    pub async fn look(&self) -> bool {
        // A file that cannot be looked at is no reason to take a pod out of service.
        let present = tokio::fs::try_exists(&self.file).await.unwrap_or(false);
        self.note(present);
        present
    }

    /// What the last look saw, and every change of it.
    pub fn subscribe(&self) -> watch::Receiver<bool> {
        self.present.subscribe()
    }

    /// Looks four times a second until `stop`.
    pub async fn watch_file(&self, stop: CancellationToken) -> TaskResult {
        let mut ticks = tokio::time::interval(POLL);
        while stop.run_until_cancelled(ticks.tick()).await.is_some() {
            self.look().await;
        }
        Ok(())
    }

    fn note(&self, present: bool) {
        let changed =
            self.present.send_if_modified(|known| std::mem::replace(known, present) != present);
        if changed && present {
            tracing::info!(file = %self.file.display(), "the drain marker appeared: not ready, connections stay");
        } else if changed {
            tracing::info!(file = %self.file.display(), "the drain marker is gone: ready again");
        }
    }
}

/// Writes the marker and waits, as the seed's `touch /tmp/draining; sleep 15` does without needing
/// a shell.
pub fn mark_and_wait(file: &Path, wait: Duration) -> Result<String, String> {
    mark(file).map_err(|error| format!("cannot write the marker {}: {error}", file.display()))?;
    eprintln!("marked as draining by {}, waiting {} s", file.display(), wait.as_secs());
    std::thread::sleep(wait);
    Ok(format!("waited {} s; the marker stays", wait.as_secs()))
}

/// Makes the file unless it is there. It lies where everybody may write, so a link planted there is
/// not followed.
fn mark(file: &Path) -> io::Result<()> {
    match OpenOptions::new().write(true).create_new(true).open(file) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            if fs::symlink_metadata(file)?.is_file() {
                Ok(())
            } else {
                Err(io::Error::new(ErrorKind::AlreadyExists, "it exists and is no plain file"))
            }
        }
        made => made.map(drop),
    }
}

/// Removes the marker, so that the pod becomes ready again.
pub fn unmark(file: &Path) -> Result<String, String> {
    match remove(file) {
        Ok(true) => Ok(format!("removed {}", file.display())),
        Ok(false) => Ok(format!("there is no marker {}", file.display())),
        Err(error) => Err(format!("cannot remove the marker {}: {error}", file.display())),
    }
}

/// Removes the file. Returns whether there was one.
fn remove(file: &Path) -> io::Result<bool> {
    match fs::remove_file(file) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}
