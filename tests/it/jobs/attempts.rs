//! One server and its jobs: permits, batches, retries, giving up.

use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;

use contoso_shop::domain::{JobState, QueueName};
use contoso_shop::jobs::engine::ServerOptions;
use contoso_shop::ports::NewJob;

use super::faulty_store::FaultyStore;
use super::probe::Act;
use super::rig::{DEADLINE, Rig, options, probe};
use crate::support::wait::until;

#[tokio::test(flavor = "multi_thread")]
async fn eight_jobs_run_and_the_ninth_waits() {
    let rig = Rig::new().await;
    let jobs = rig.enqueue(Act::Wait, 20, 5).await;
    let server = rig.serve(options(8));
    rig.running(8).await;
    let waiting = rig.stores.jobs.depths().await.expect("depths");
    assert_eq!((waiting[0].processing, waiting[0].ready), (8, 12), "only what runs is leased");

    rig.probe.0.gate.add_permits(1);
    until("the ninth to start", DEADLINE, || async { (rig.probe.started() == 9).then_some(()) })
        .await;
    rig.probe.0.gate.add_permits(19);
    rig.all_are(JobState::Succeeded, &jobs).await;
    assert_eq!(rig.probe.0.peak.load(SeqCst), 8);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn results_and_fetches_share_their_round_trips() {
    let rig = Rig::new().await;
    let store = FaultyStore::new(rig.stores.jobs.clone());
    let jobs = rig.enqueue(Act::Succeed, 400, 5).await;
    let server = rig.serve_through(
        store.clone(),
        ServerOptions { poll_min: DEADLINE, poll_max: DEADLINE, ..options(20) },
    );
    rig.all_are(JobState::Succeeded, &jobs).await;
    let exchanges = store.exchanges.load(SeqCst);
    assert!(
        exchanges <= 100,
        "400 jobs took {exchanges} exchanges: less than two jobs per half batch"
    );
    assert!((0..400).all(|number| rig.probe.starts_of(number) == 1), "every job ran once");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failing_job_is_retried_in_its_queue_and_then_given_up() {
    let rig = Rig::new().await;
    let queue = QueueName::parse("slow_lane").expect("name");
    let job = NewJob { queue: queue.clone(), max_attempts: 3, ..probe(Act::Fail, 7) };
    let jobs = rig.stores.jobs.enqueue(vec![job]).await.expect("enqueue");
    let server = rig.serve(ServerOptions { queues: vec![queue], ..options(2) });
    rig.all_are(JobState::Failed, &jobs).await;

    let record = rig.find(jobs[0]).await;
    assert_eq!(
        (record.queue.as_str(), record.attempts, record.last_error.as_deref()),
        ("slow_lane", 3, Some("on purpose"))
    );
    assert_eq!(rig.probe.starts_of(7), 3);
    assert_eq!(*rig.probe.0.given_up.lock().expect("record"), [(7, "on purpose".to_owned())]);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_is_not_failed_before_giving_up_has_worked() {
    let rig = Rig::new().await;
    rig.probe.0.cannot_give_up.store(true, SeqCst);
    let jobs = rig.enqueue(Act::Fail, 1, 2).await;
    let server = rig.serve(options(2));
    until("giving up to be tried again", DEADLINE, || async {
        let error = rig.find(jobs[0]).await.last_error.unwrap_or_default();
        (error.contains("could not be given up: not yet")
            && error.contains("all 2 attempts are used up"))
        .then_some(())
    })
    .await;
    assert_ne!(rig.find(jobs[0]).await.state, JobState::Failed);

    rig.probe.0.cannot_give_up.store(false, SeqCst);
    rig.all_are(JobState::Failed, &jobs).await;
    assert_eq!(rig.probe.starts_of(0), 2, "the job itself did not run again");
    assert_eq!(rig.probe.0.given_up.lock().expect("record").len(), 1);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_is_a_failed_attempt_and_harms_nobody_else() {
    let rig = Rig::new().await;
    let mut jobs = vec![probe(Act::Panic, 0), probe(Act::Succeed, 1)];
    jobs[0].max_attempts = 2;
    let jobs = rig.stores.jobs.enqueue(jobs).await.expect("enqueue");
    let server = rig.serve(options(2));
    rig.all_are(JobState::Failed, &jobs[..1]).await;
    rig.all_are(JobState::Succeeded, &jobs[1..]).await;
    assert_eq!(rig.find(jobs[0]).await.last_error.as_deref(), Some("panicked: boom"));
    assert_eq!(rig.probe.starts_of(0), 2);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endless_job_does_not_keep_its_permit() {
    let rig = Rig::new().await;
    let jobs = rig.stores.jobs.enqueue(vec![
        NewJob { max_attempts: 1, ..probe(Act::Endless, 0) },
        probe(Act::Succeed, 1),
    ]);
    let jobs = jobs.await.expect("enqueue");
    let server = rig.serve(ServerOptions { job_timeout: Duration::from_millis(150), ..options(1) });
    rig.all_are(JobState::Failed, &jobs[..1]).await;
    rig.all_are(JobState::Succeeded, &jobs[1..]).await;
    assert_eq!(rig.find(jobs[0]).await.last_error.as_deref(), Some("did not end within 150ms"));
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn hopeless_jobs_fail_at_once_and_say_why() {
    let rig = Rig::new().await;
    let jobs = vec![
        probe(Act::Fatal, 0),
        NewJob { kind: "no.such".to_owned(), ..probe(Act::Succeed, 1) },
        NewJob { args: "{".to_owned(), ..probe(Act::Succeed, 2) },
    ];
    let jobs = rig.stores.jobs.enqueue(jobs).await.expect("enqueue");
    let server = rig.serve(options(4));
    rig.all_are(JobState::Failed, &jobs).await;
    for (job, text) in jobs.iter().zip([
        "hopeless",
        "no definition for job kind 'no.such'",
        "the arguments cannot be read",
    ]) {
        let error = rig.find(*job).await.last_error.unwrap_or_default();
        assert!(error.contains(text), "{error}");
    }
    assert_eq!(rig.probe.started(), 1);
    server.stop().await;
}
