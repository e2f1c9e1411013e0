//! Servers that die, hang or lose their answers (V-09).

use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;

use contoso_shop::domain::JobState;
use contoso_shop::jobs::engine::ServerOptions;

use super::faulty_store::{FaultyStore, Wire};
use super::probe::Act;
use super::rig::{DEADLINE, Rig, options, short_lease};
use crate::support::wait::until;

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_servers_jobs_run_elsewhere() {
    let rig = Rig::new().await;
    let jobs = rig.enqueue(Act::Wait, 3, 5).await;
    let dying = rig.serve(short_lease(3));
    rig.running(3).await;
    dying.kill().await;

    let mut heir = rig.serve(short_lease(3));
    let id = heir.id().await;
    rig.running(3).await;
    for job in &jobs {
        let record = rig.find(*job).await;
        assert_eq!(
            (record.state, record.attempts, record.server),
            (JobState::Processing, 2, Some(id.clone()))
        );
    }
    rig.probe.0.gate.add_permits(3);
    rig.all_are(JobState::Succeeded, &jobs).await;
    assert_eq!(
        rig.stores.jobs.servers().await.expect("servers").len(),
        1,
        "the dead server is off the list"
    );
    heir.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_was_frozen_changes_nothing_and_starts_over_under_a_new_id() {
    let rig = Rig::new().await;
    let wire = FaultyStore::new(rig.stores.jobs.clone());
    let jobs = rig.enqueue(Act::Stubborn, 1, 5).await;
    // The frozen server's own calls must not time out, as those of a stopped process do not.
    let patient =
        ServerOptions { lease: DEADLINE * 2, heartbeat: Duration::from_millis(100), ..options(1) };
    let mut frozen = rig.serve_through(wire.clone(), patient);
    let old = frozen.id().await;
    rig.running(1).await;
    wire.set(Wire::Frozen);

    let mut heir = rig.serve(short_lease(1));
    let heir_id = heir.id().await;
    rig.running(2).await;
    assert_eq!(rig.find(jobs[0]).await.server, Some(heir_id.clone()));

    // Both attempts end; the late one's result goes over the wire only after the thaw.
    rig.probe.0.gate.add_permits(2);
    rig.all_are(JobState::Succeeded, &jobs).await;
    wire.set(Wire::Sound);
    frozen
        .registered
        .wait_for(|id| id.as_ref().is_some_and(|id| *id != old))
        .await
        .expect("running");
    let record = rig.find(jobs[0]).await;
    assert_eq!((record.state, record.attempts), (JobState::Succeeded, 2));
    assert_eq!((rig.probe.started(), wire.refused.load(SeqCst)), (2, 1));

    // It is of use again.
    heir.stop().await;
    let more = rig.enqueue(Act::Succeed, 1, 5).await;
    rig.all_are(JobState::Succeeded, &more).await;
    frozen.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn jobs_of_a_lost_server_are_cancelled() {
    let rig = Rig::new().await;
    let jobs = rig.enqueue(Act::Wait, 2, 5).await;
    let mut server = rig.serve(short_lease(2));
    let old = server.id().await;
    rig.running(2).await;
    // Somebody declares it dead.
    assert_eq!(rig.stores.jobs.recover(Duration::ZERO).await.expect("recover"), 2);
    until("both to be cancelled", DEADLINE, || async {
        (rig.probe.0.cancelled.load(SeqCst) == 2).then_some(())
    })
    .await;

    rig.probe.0.gate.add_permits(2);
    rig.all_are(JobState::Succeeded, &jobs).await;
    assert_ne!(server.id().await, old);
    assert_eq!(rig.find(jobs[0]).await.attempts, 2);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn jobs_of_a_lost_answer_are_handed_back_and_run() {
    let rig = Rig::new().await;
    let wire = FaultyStore::new(rig.stores.jobs.clone());
    let mut server = rig.serve_through(
        wire.clone(),
        ServerOptions { heartbeat: Duration::from_millis(100), ..options(2) },
    );
    let id = server.id().await;
    wire.set(Wire::AnswersLost);
    let jobs = rig.enqueue(Act::Succeed, 2, 5).await;
    until("the jobs to be leased by an answer nobody got", DEADLINE, || async {
        let held = rig.stores.jobs.held(&id).await.expect("held");
        (held.len() == 2).then_some(())
    })
    .await;
    assert_eq!(rig.probe.started(), 0);

    wire.set(Wire::Sound);
    rig.all_are(JobState::Succeeded, &jobs).await;
    for job in &jobs {
        assert_eq!(rig.find(*job).await.attempts, 1, "no attempt was charged for the lost answer");
    }
    assert_eq!(server.id().await, id, "it went on under its id");
    server.stop().await;
}
