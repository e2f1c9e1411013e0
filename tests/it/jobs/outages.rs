//! A store that is out for a while.

use std::sync::atomic::Ordering::SeqCst;
use std::time::{Duration, Instant};

use contoso_shop::domain::JobState;

use super::faulty_store::{FaultyStore, Wire};
use super::probe::Act;
use super::rig::{DEADLINE, Rig, options};
use crate::support::wait::until;

#[tokio::test(flavor = "multi_thread")]
async fn results_are_kept_through_an_outage_without_a_busy_loop() {
    let rig = Rig::new().await;
    let wire = FaultyStore::new(rig.stores.jobs.clone());
    let mut jobs = rig.enqueue(Act::Wait, 4, 5).await;
    let server = rig.serve_through(wire.clone(), options(4));
    rig.running(4).await;

    wire.set(Wire::Cut);
    let before = wire.exchanges.load(SeqCst);
    rig.probe.0.gate.add_permits(4);
    rig.running(0).await;
    let start = Instant::now();
    until("a second of outage", DEADLINE, || async {
        (start.elapsed() > Duration::from_secs(1)).then_some(())
    })
    .await;
    let asked = wire.exchanges.load(SeqCst) - before;
    assert!(asked <= 12, "{asked} exchanges in a second of outage");
    assert_eq!(rig.find(jobs[0]).await.state, JobState::Processing);

    wire.set(Wire::Sound);
    jobs.extend(rig.enqueue(Act::Succeed, 1, 5).await);
    rig.all_are(JobState::Succeeded, &jobs).await;
    assert_eq!(rig.probe.0.ends.load(SeqCst), 5, "nothing ran twice");
    assert_eq!(wire.refused.load(SeqCst), 0);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_starts_during_an_outage_works_after_it() {
    let rig = Rig::new().await;
    let wire = FaultyStore::new(rig.stores.jobs.clone());
    wire.set(Wire::Cut);
    let jobs = rig.enqueue(Act::Succeed, 1, 5).await;
    let server = rig.serve_through(wire.clone(), options(1));
    assert_eq!(*server.registered.borrow(), None);
    wire.set(Wire::Sound);
    rig.all_are(JobState::Succeeded, &jobs).await;
    server.stop().await;
}
