//! Signals go to a process of their own: this test binary again, told by a variable to be the one
//! that is stopped.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use contoso_shop::lifecycle::{StopPhase, StopPlan, Supervisor, listen_for_signals};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

const ROLE: &str = "SIGNALLED_PROCESS";

/// The process to be stopped: says `ready`, then `stopping`; with `hangs` its work takes longer
/// than any test.
fn live(hangs: bool) -> ! {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let code = runtime.block_on(async {
        let minute = Duration::from_secs(60);
        let plan = StopPlan {
            announce: Duration::ZERO,
            work: minute,
            requests: minute,
            background: minute,
            last: minute,
        };
        let supervisor = Supervisor::new(plan);
        listen_for_signals(&supervisor).expect("handlers");
        supervisor.spawn("work", StopPhase::Work, move |stop| async move {
            println!("\nready");
            stop.cancelled().await;
            println!("stopping");
            if hangs { std::future::pending().await } else { Ok(()) }
        });
        supervisor.run().await.exit_code()
    });
    std::process::exit(code.into())
}

struct Process {
    child: Child,
    lines: std::io::Lines<BufReader<std::process::ChildStdout>>,
}

impl Process {
    fn start(test: &str, role: &str) -> Self {
        let mut command = Command::new(std::env::current_exe().expect("this binary"));
        command
            .args([&format!("ops::signals::{test}"), "--exact", "--nocapture", "--test-threads=1"])
            .env(ROLE, role);
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("this binary starts");
        let stdout = child.stdout.take().expect("piped");
        Self { child, lines: BufReader::new(stdout).lines() }
    }

    /// Blocks until the process says `line`; its end ends the wait.
    fn says(&mut self, line: &str) {
        assert!(
            self.lines.by_ref().any(|said| said.expect("UTF-8") == line),
            "ended without saying {line}"
        );
    }

    fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.child.id().cast_signed()), signal).expect("a living process");
    }

    fn exit_code(&mut self) -> Option<i32> {
        let started = Instant::now();
        while started.elapsed() < Duration::from_secs(10) {
            if let Some(status) = self.child.try_wait().expect("a child to wait for") {
                return status.code();
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        panic!("still runs after 10 s");
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_signal_stops_the_process_in_order_with_code_zero() {
    if std::env::var_os(ROLE).is_some() {
        live(false);
    }
    for signal in [Signal::SIGTERM, Signal::SIGINT] {
        let mut process =
            Process::start("a_signal_stops_the_process_in_order_with_code_zero", "obedient");
        process.says("ready");
        process.signal(signal);
        process.says("stopping");
        assert_eq!(process.exit_code(), Some(0), "{signal}");
    }
}

#[test]
fn a_second_signal_ends_a_stop_that_hangs_at_once() {
    if std::env::var_os(ROLE).is_some() {
        live(true);
    }
    for (first, second, code) in [
        (Signal::SIGTERM, Signal::SIGTERM, 143),
        (Signal::SIGTERM, Signal::SIGINT, 130),
        (Signal::SIGINT, Signal::SIGINT, 130),
    ] {
        let mut process =
            Process::start("a_second_signal_ends_a_stop_that_hangs_at_once", "hanging");
        process.says("ready");
        process.signal(first);
        process.says("stopping");
        let asked = Instant::now();
        process.signal(second);
        assert_eq!(process.exit_code(), Some(code), "{first} {second}");
        assert!(asked.elapsed() < Duration::from_secs(2), "{:?}", asked.elapsed());
    }
}
