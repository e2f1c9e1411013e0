//! A job that does what its arguments say and records what happened to it.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use contoso_shop::jobs::engine::{Job, JobContext, JobError};
use serde::{Deserialize, Serialize};
use tokio::sync::Semaphore;

/// What an attempt does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Act {
    /// Succeeds at once.
    Succeed,
    /// Asks for another attempt.
    Fail,
    /// Gives up.
    Fatal,
    /// Panics.
    Panic,
    /// Never ends and does not listen to its token.
    Endless,
    /// Waits until the test lets it go, or its token fires.
    Wait,
    /// Waits until the test lets it go, and does not listen to its token.
    Stubborn,
}

/// Arguments of a probe.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct Payload {
    /// What to do.
    pub act: Act,
    /// Tells probes apart.
    pub number: usize,
}

/// What the probes of one test went through; clones share it.
#[derive(Clone)]
pub struct Probe(pub Arc<Record>);

/// See [`Probe`].
pub struct Record {
    /// Attempts started, by number.
    pub starts: Mutex<HashMap<usize, u32>>,
    /// Attempts that ended by themselves.
    pub ends: AtomicUsize,
    /// Attempts whose token fired.
    pub cancelled: AtomicUsize,
    /// Errors with which jobs were given up, by number.
    pub given_up: Mutex<Vec<(usize, String)>>,
    /// Whether giving up fails.
    pub cannot_give_up: AtomicBool,
    running: AtomicUsize,
    /// Most attempts that ran at one time.
    pub peak: AtomicUsize,
    /// Permits let waiting attempts go.
    pub gate: Semaphore,
}

impl Probe {
    /// A record with nothing in it.
    pub fn new() -> Self {
        Self(Arc::new(Record {
            starts: Mutex::default(),
            ends: AtomicUsize::new(0),
            cancelled: AtomicUsize::new(0),
            given_up: Mutex::default(),
            cannot_give_up: AtomicBool::new(false),
            running: AtomicUsize::new(0),
            peak: AtomicUsize::new(0),
            gate: Semaphore::new(0),
        }))
    }

    /// Attempts started in all.
    pub fn started(&self) -> usize {
        self.0.starts.lock().expect("record").values().sum::<u32>() as usize
    }

    /// Attempts started of one probe.
    pub fn starts_of(&self, number: usize) -> u32 {
        self.0.starts.lock().expect("record").get(&number).copied().unwrap_or(0)
    }

    /// Attempts running now.
    pub fn running(&self) -> usize {
        self.0.running.load(SeqCst)
    }
}

/// Counts an attempt as running until it is dropped, however it ends.
struct Running<'a>(&'a Record);

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.running.fetch_sub(1, SeqCst);
    }
}

#[async_trait]
impl Job for Probe {
    const KIND: &'static str = "test.probe";
    type Payload = Payload;

    async fn run(&self, context: &JobContext, payload: Payload) -> Result<(), JobError> {
        let record = self.0.as_ref();
        *record.starts.lock().expect("record").entry(payload.number).or_default() += 1;
        record.peak.fetch_max(record.running.fetch_add(1, SeqCst) + 1, SeqCst);
        let _running = Running(record);
        let gate = async { record.gate.acquire().await.expect("open").forget() };
        match payload.act {
            Act::Succeed => {}
            Act::Fail => return Err(JobError::retry("on purpose")),
            Act::Fatal => return Err(JobError::fatal("hopeless")),
            Act::Panic => panic!("boom"),
            Act::Endless => loop {
                tokio::time::sleep(Duration::from_secs(3600)).await;
            },
            Act::Stubborn => gate.await,
            Act::Wait => tokio::select! {
                () = gate => {}
                () = context.cancelled().cancelled() => {
                    record.cancelled.fetch_add(1, SeqCst);
                    return Err(JobError::retry("cancelled"));
                }
            },
        }
        record.ends.fetch_add(1, SeqCst);
        Ok(())
    }

    async fn exhausted(
        &self,
        _context: &JobContext,
        payload: Payload,
        error: &str,
    ) -> Result<(), JobError> {
        if self.0.cannot_give_up.load(SeqCst) {
            return Err(JobError::retry("not yet"));
        }
        self.0.given_up.lock().expect("record").push((payload.number, error.to_owned()));
        Ok(())
    }
}
