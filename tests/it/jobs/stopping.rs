//! An orderly stop: nothing new, time for what runs, nothing lost (D12).

use std::sync::atomic::Ordering::SeqCst;
use std::time::{Duration, Instant};

use contoso_shop::domain::JobState;
use contoso_shop::jobs::engine::ServerOptions;

use super::faulty_store::{FaultyStore, Wire};
use super::probe::Act;
use super::rig::{DEADLINE, Rig, options, short_lease};
use crate::support::wait::until;

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_end_in_time_is_handed_back_without_a_charge() {
    let rig = Rig::new().await;
    let jobs = rig.enqueue(Act::Wait, 3, 5).await;
    let server = rig.serve(ServerOptions { job_stop: Duration::from_millis(50), ..options(2) });
    rig.running(2).await;
    server.stop().await;

    assert_eq!(rig.probe.0.cancelled.load(SeqCst), 2, "both were told");
    for job in &jobs {
        let record = rig.find(*job).await;
        assert_eq!((record.state, record.attempts, record.server), (JobState::Enqueued, 0, None));
    }
    assert!(rig.stores.jobs.servers().await.expect("servers").is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_does_not_listen_is_handed_back_too() {
    let rig = Rig::new().await;
    let jobs = rig.enqueue(Act::Endless, 1, 5).await;
    let server = rig.serve(ServerOptions { job_stop: Duration::from_millis(50), ..options(2) });
    rig.running(1).await;
    server.stop().await;
    let record = rig.find(jobs[0]).await;
    assert_eq!((record.state, record.attempts), (JobState::Enqueued, 0), "{record:?}");
    assert_eq!(rig.probe.running(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn jobs_get_their_time_while_the_server_stays_alive_and_takes_nothing_new() {
    let rig = Rig::new().await;
    let jobs = rig.enqueue(Act::Wait, 2, 5).await;
    let mut server = rig.serve(short_lease(1));
    let id = server.id().await;
    rig.running(1).await;
    let stopping = server.stop.clone();
    let stopped = tokio::spawn(server.stop());
    until("the stop", DEADLINE, || async { stopping.is_cancelled().then_some(()) }).await;

    // Well beyond the lease, somebody else would take the jobs of a server that is silent.
    let start = Instant::now();
    until("three leases to pass", DEADLINE, || async {
        (start.elapsed() > Duration::from_millis(1800)).then_some(())
    })
    .await;
    assert_eq!(rig.stores.jobs.recover(Duration::from_millis(600)).await.expect("recover"), 0);
    assert_eq!(rig.stores.jobs.servers().await.expect("servers")[0].id, id);

    rig.probe.0.gate.add_permits(2);
    stopped.await.expect("stopped");
    assert_eq!(rig.find(jobs[0]).await.state, JobState::Succeeded);
    assert_eq!(rig.find(jobs[1]).await.state, JobState::Enqueued);
    assert_eq!(rig.probe.started(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_hangs_does_not_hold_up_the_stop() {
    let rig = Rig::new().await;
    let store = FaultyStore::new(rig.stores.jobs.clone());
    rig.enqueue(Act::Endless, 1, 5).await;
    let server = rig.serve_through(
        store.clone(),
        ServerOptions { job_stop: Duration::from_millis(50), ..options(2) },
    );
    rig.running(1).await;
    store.set(Wire::Frozen);
    let start = Instant::now();
    server.stop().await;
    let promised = Duration::from_millis(50) + Duration::from_secs(5);
    assert!(start.elapsed() < promised, "the stop took {:?}", start.elapsed());
}
