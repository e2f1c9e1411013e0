use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::redis_server::free_port;
use crate::support::until;

/// The key all pods of a rig sign development tokens with.
pub const SIGNING_KEY: &str = "a signing key for tests, 32 bytes or more";

/// One process of the real binary. Killed on drop.
pub struct Pod {
    command: Command,
    child: Child,
    /// Port of API, hub and pages.
    pub http: u16,
    /// Port of health and metrics.
    pub ops: u16,
    log: PathBuf,
    drain_file: PathBuf,
}

impl Pod {
    /// Starts the binary with `role`, on free ports, with its log in `folder`.
    pub fn start(folder: &Path, redis: &str, role: &str, settings: &[(&str, &str)]) -> Self {
        let (http, ops) = (free_port(), free_port());
        let log = folder.join(format!("{role}-{http}.log"));
        let drain_file = folder.join(format!("draining-{http}"));
        let output = File::create(&log).expect("a log file");
        let mut command = Command::new(env!("CARGO_BIN_EXE_contoso-shop"));
        command
            .current_dir(folder)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("ROLE", role)
            .env(
                "ConnectionStrings__Contoso",
                format!("sqlite:{}", folder.join("shop.db").display()),
            )
            .env("ConnectionStrings__Redis", redis)
            .env("Http__Listen", format!("127.0.0.1:{http}"))
            .env("Ops__Listen", format!("127.0.0.1:{ops}"))
            .env("Jwt__Mode", "development")
            .env("Jwt__SigningKey", SIGNING_KEY)
            .env("Drain__File", &drain_file)
            .env("RateLimits__Enabled", "false")
            .envs(settings.iter().copied())
            .stdin(Stdio::null())
            .stdout(output.try_clone().expect("a second handle"))
            .stderr(output);
        let child = command.spawn().expect("the binary starts");
        Self { command, child, http, ops, log, drain_file }
    }

    /// Base URL of the API.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.http)
    }

    /// Waits until the pod says it is ready. Panics with its log when it does not.
    pub async fn wait_ready(&self) {
        let url = format!("http://127.0.0.1:{}/health/ready", self.ops);
        let wait = until("the pod to be ready", Duration::from_secs(20), || async {
            let answer = reqwest::get(&url).await.ok()?;
            answer.status().is_success().then_some(())
        });
        if tokio::time::timeout(Duration::from_secs(15), wait).await.is_err() {
            panic!("not ready; its log:\n{}", self.log());
        }
    }

    /// Status of a GET on the ops listener; `None` when nobody answers.
    pub async fn ops_status(&self, path: &str) -> Option<u16> {
        Some(
            reqwest::get(format!("http://127.0.0.1:{}{path}", self.ops))
                .await
                .ok()?
                .status()
                .as_u16(),
        )
    }

    /// The sum of a metric over its label sets that contain `labels`.
    pub async fn metric(&self, name: &str, labels: &str) -> f64 {
        let url = format!("http://127.0.0.1:{}/metrics", self.ops);
        let text = reqwest::get(url).await.expect("metrics").text().await.expect("text");
        text.lines()
            .filter(|line| line.starts_with(name) && line.contains(labels))
            .filter(|line| line[name.len()..].starts_with([' ', '{']))
            .filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok())
            .sum()
    }

    /// What the pod wrote so far.
    pub fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// Path of the pod's drain marker.
    pub fn drain_file(&self) -> &Path {
        &self.drain_file
    }

    /// Stops every thread where it stands. On a busy machine some go on for a moment after the signal, and
    /// one of them may take a lock that others wait for then.
    pub async fn freeze(&self) {
        self.signal(Signal::SIGSTOP);
        let tasks = format!("/proc/{}/task", self.child.id());
        until("every thread to stand still", Duration::from_secs(5), || async {
            let mut threads = std::fs::read_dir(&tasks).expect("threads").flatten();
            // The state follows the name, which is in parentheses (proc(5)).
            let stands =
                |stat: &str| stat.rsplit(')').next().is_some_and(|rest| rest.starts_with(" T"));
            let all = threads.all(|thread| {
                std::fs::read_to_string(thread.path().join("stat")).is_ok_and(|stat| stands(&stat))
            });
            all.then_some(())
        })
        .await;
    }

    /// Sends a signal.
    pub fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(i32::try_from(self.child.id()).expect("a pid")), signal)
            .expect("the pod takes signals");
    }

    /// Ends the pod at once, as `kill -9` does.
    pub fn kill(mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Ends the pod at once, unless it has ended, and starts it anew on the same ports.
    pub fn restart(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        self.child = self.command.spawn().expect("the binary starts");
    }

    /// Waits for the pod's own end.
    pub async fn wait_exit(&mut self, deadline: Duration) -> ExitStatus {
        let child = &mut self.child;
        let start = std::time::Instant::now();
        loop {
            if let Some(status) = child.try_wait().expect("a child") {
                return status;
            }
            assert!(start.elapsed() < deadline, "the pod did not exit within {deadline:?}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

impl Drop for Pod {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            eprintln!("---- log of the pod on {} ----\n{}", self.http, self.log());
        }
    }
}
