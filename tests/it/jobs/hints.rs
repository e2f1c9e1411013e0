//! Hints shorten the wait; the poll alone makes progress.

use std::time::Duration;

use contoso_shop::adapters::memory::LocalWakeup;
use contoso_shop::domain::JobState;
use contoso_shop::jobs::engine::ServerOptions;
use contoso_shop::ports::{NewJob, Wakeup};

use super::probe::Act;
use super::rig::{DEADLINE, Rig, options, probe};

/// Options of a server that practically never polls.
fn without_poll() -> ServerOptions {
    let never = DEADLINE * 10;
    ServerOptions { poll_min: never, poll_max: never, ..options(4) }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hint_is_enough_and_none_gets_lost() {
    let rig = Rig::new().await;
    let mut server = rig.serve(without_poll());
    server.id().await;
    // Each round's hint falls somewhere else between the server's look and its wait.
    for round in 0..200 {
        let jobs = rig.enqueue(Act::Succeed, 1, 5).await;
        if round % 3 == 0 {
            tokio::task::yield_now().await;
        }
        rig.all_are(JobState::Succeeded, &jobs).await;
    }
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_poll_makes_progress_without_hints() {
    let rig = Rig::new().await;
    let mut server = rig.serve(options(4));
    server.id().await;
    let jobs = rig.stores.jobs.enqueue(vec![probe(Act::Succeed, 0)]).await.expect("enqueue");
    rig.all_are(JobState::Succeeded, &jobs).await;
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delayed_job_needs_neither() {
    let rig = Rig::new().await;
    let delayed = NewJob { delay: Duration::from_millis(400), ..probe(Act::Succeed, 0) };
    let jobs = rig.stores.jobs.enqueue(vec![delayed]).await.expect("enqueue");
    let server = rig.serve(without_poll());
    assert_eq!(rig.find(jobs[0]).await.state, JobState::Scheduled);
    rig.all_are(JobState::Succeeded, &jobs).await;
    server.stop().await;
}

#[tokio::test]
async fn a_local_hint_is_kept_for_the_next_who_waits() {
    let wakeup = LocalWakeup::default();
    let soon = Duration::from_millis(20);
    wakeup.hint();
    wakeup.hint();
    wakeup.hinted().await;
    assert!(tokio::time::timeout(soon, wakeup.hinted()).await.is_err(), "two hints became one");
    // A wait that is given up takes no hint with it.
    wakeup.hint();
    tokio::time::timeout(soon, wakeup.hinted()).await.expect("kept");
}
