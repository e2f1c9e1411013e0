use std::io;

use super::{StopCause, Supervisor};

/// SIGTERM and SIGINT (Ctrl-C) ask the supervisor to stop; a second one ends the process at once
/// with 128 + its number (D12). Errors when the handlers cannot be installed. The listening ends
/// with the process.
#[cfg(unix)]
pub fn listen_for_signals(supervisor: &Supervisor) -> io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut terminate, mut interrupt) =
        (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let supervisor = supervisor.clone();
    tokio::spawn(async move {
        let mut signals = 0;
        loop {
            let number = tokio::select! {
                _ = terminate.recv() => SignalKind::terminate().as_raw_value(),
                _ = interrupt.recv() => SignalKind::interrupt().as_raw_value(),
            };
            receive(&supervisor, number, &mut signals);
        }
    });
    Ok(())
}

/// Ctrl-C asks the supervisor to stop; a second one ends the process at once.
#[cfg(not(unix))]
pub fn listen_for_signals(supervisor: &Supervisor) -> io::Result<()> {
    let supervisor = supervisor.clone();
    tokio::spawn(async move {
        let mut signals = 0;
        while tokio::signal::ctrl_c().await.is_ok() {
            receive(&supervisor, 2, &mut signals);
        }
    });
    Ok(())
}

/// The second signal must work whatever hangs, so it does not go through the supervisor.
fn receive(supervisor: &Supervisor, number: i32, signals: &mut u32) {
    *signals += 1;
    if *signals > 1 {
        tracing::warn!(signal = number, "second signal, ending at once");
        std::process::exit(128 + number);
    }
    supervisor.stop(StopCause::Signal(number));
}
