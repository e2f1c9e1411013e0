//! The drain marker: a file that makes a pod not ready while it exists (S2-C4-1, D12). The marker alone closes nothing.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::Path;
use std::time::Duration;

/// Writes the marker and waits, as the seed's `touch /tmp/draining; sleep 15` does without needing a shell.
pub fn mark_and_wait(file: &Path, wait: Duration) -> Result<String, String> {
    fs::write(file, b"").map_err(|error| format!("cannot write the marker {}: {error}", file.display()))?;
    eprintln!("marked as draining by {}, waiting {} s", file.display(), wait.as_secs());
    std::thread::sleep(wait);
    Ok(format!("waited {} s; the marker stays", wait.as_secs()))
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
