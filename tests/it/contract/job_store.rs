//! Background jobs.

use std::collections::HashSet;
use std::time::Duration;

use contoso_shop::domain::{JobId, JobState, QueueName, ServerId};
use contoso_shop::ports::{
    Acknowledged, Acknowledgement, Exchange, FetchedJob, JobRecord, Lease, NewJob, Outcome,
    QueueDepth,
};

use super::backends::{Harness, course, job, order, queue, server};
use crate::support::wait;

const LONG: Duration = Duration::from_secs(3600);
const SHORT: Duration = Duration::from_millis(150);
const PATIENCE: Duration = Duration::from_secs(10);

async fn enqueue(h: &Harness, jobs: Vec<NewJob>) -> Vec<JobId> {
    h.stores.jobs.enqueue(jobs).await.expect("enqueue")
}

/// A registered server of these queues.
async fn registered(h: &Harness, queues: &[&str]) -> ServerId {
    let info = server("box", queues);
    h.stores.jobs.register(&info).await.expect("register");
    info.id
}

async fn exchange(
    h: &Harness,
    server: &ServerId,
    ends: Vec<(Lease, Outcome)>,
    queues: &[&str],
    limit: usize,
) -> Exchange {
    let queues: Vec<QueueName> = queues.iter().map(|name| queue(name)).collect();
    let ends =
        ends.into_iter().map(|(lease, outcome)| Acknowledgement { lease, outcome }).collect();
    h.stores.jobs.exchange(server, ends, &queues, limit).await.expect("exchange")
}

async fn fetch(h: &Harness, server: &ServerId, queues: &[&str], limit: usize) -> Vec<FetchedJob> {
    exchange(h, server, vec![], queues, limit).await.jobs
}

async fn finish(h: &Harness, server: &ServerId, lease: Lease, outcome: Outcome) -> Acknowledged {
    exchange(h, server, vec![(lease, outcome)], &[], 0).await.acknowledged[0]
}

async fn find(h: &Harness, job: JobId) -> JobRecord {
    h.stores.jobs.find(job).await.expect("find").expect("kept")
}

fn ids(jobs: &[FetchedJob]) -> Vec<JobId> {
    jobs.iter().map(|job| job.lease.job).collect()
}

fn error(text: &str) -> String {
    text.to_owned()
}

pub async fn a_job_is_fetched_as_it_was_stored(h: Harness) {
    let trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".to_owned();
    let new = NewJob {
        args: r#"{"text":"Grüße \"x\""}"#.to_owned(),
        trace_parent: Some(trace),
        max_attempts: 7,
        ..job("a")
    };
    let stored = enqueue(&h, vec![new.clone()]).await;
    let server = registered(&h, &["a"]).await;
    let jobs = fetch(&h, &server, &["a"], 10).await;
    let [fetched] = jobs.as_slice() else { panic!("{jobs:?}") };
    assert_eq!(fetched.lease.job, stored[0]);
    assert_eq!((&fetched.queue, &fetched.kind, &fetched.args), (&new.queue, &new.kind, &new.args));
    assert_eq!((fetched.attempt, fetched.max_attempts), (1, 7));
    assert_eq!(fetched.trace_parent, new.trace_parent);
    let record = find(&h, stored[0]).await;
    assert_eq!(
        (record.state, record.attempts, record.server),
        (JobState::Processing, 1, Some(server.clone()))
    );
    assert_eq!(record.created_at, fetched.created_at);
    assert!(fetch(&h, &server, &["a"], 10).await.is_empty(), "leased once");
}

pub async fn a_unique_key_is_stored_once_while_its_job_is_kept(h: Harness) {
    let keyed = || NewJob { unique_key: Some("daily".to_owned()), ..job("a") };
    let stored = enqueue(&h, vec![keyed(), job("a"), keyed()]).await;
    assert_eq!(stored[0], stored[2]);
    assert_ne!(stored[0], stored[1]);
    let server = registered(&h, &["a"]).await;
    let jobs = fetch(&h, &server, &["a"], 10).await;
    assert_eq!(jobs.len(), 2);
    assert_eq!(enqueue(&h, vec![keyed()]).await[0], stored[0], "while it runs");
    for job in jobs {
        finish(&h, &server, job.lease, Outcome::Succeeded).await;
    }
    assert_eq!(enqueue(&h, vec![keyed()]).await[0], stored[0], "while it is kept");
    assert_eq!(h.stores.jobs.prune(Duration::ZERO, 10).await.expect("prune"), 2);
    assert_ne!(enqueue(&h, vec![keyed()]).await[0], stored[0]);
    assert_eq!(fetch(&h, &server, &["a"], 10).await.len(), 1);
}

pub async fn the_oldest_due_job_comes_first(h: Harness) {
    let server = registered(&h, &["a"]).await;
    let delayed = enqueue(&h, vec![NewJob { delay: SHORT, ..job("a") }]).await;
    let mut stored = Vec::new();
    for _ in 0..3 {
        stored.extend(enqueue(&h, vec![job("a")]).await);
    }
    wait::until("the delayed job to be due", PATIENCE, async || {
        (find(&h, delayed[0]).await.state == JobState::Enqueued).then_some(())
    })
    .await;
    assert_eq!(ids(&fetch(&h, &server, &["a"], 2).await), stored[..2]);
    assert_eq!(ids(&fetch(&h, &server, &["a"], 10).await), [stored[2], delayed[0]]);
}

pub async fn queues_are_served_in_the_given_order(h: Harness) {
    let server = registered(&h, &["low", "high"]).await;
    let low = enqueue(&h, vec![job("low"), job("low")]).await;
    let high = enqueue(&h, vec![job("high"), job("high")]).await;
    enqueue(&h, vec![job("other")]).await;
    let jobs = fetch(&h, &server, &["high", "low"], 3).await;
    assert_eq!(ids(&jobs), [high[0], high[1], low[0]]);
    assert_eq!(
        jobs.iter().map(|job| job.queue.as_str()).collect::<Vec<_>>(),
        ["high", "high", "low"]
    );
    assert_eq!(
        ids(&fetch(&h, &server, &["high", "low"], 3).await),
        [low[1]],
        "a queue that is not asked for is not served"
    );
}

pub async fn a_delayed_job_waits_and_tells_how_long(h: Harness) {
    let server = registered(&h, &["a"]).await;
    let idle = exchange(&h, &server, vec![], &["a"], 10).await;
    assert_eq!(idle.next_due_in, None, "nothing is planned");
    let far = enqueue(&h, vec![NewJob { delay: LONG, ..job("a") }]).await;
    let planned = exchange(&h, &server, vec![], &["a"], 10).await;
    assert!(planned.jobs.is_empty());
    let due_in = planned.next_due_in.expect("planned");
    assert!(due_in <= LONG && due_in > LONG - PATIENCE * 6, "{due_in:?}");
    assert_eq!(
        exchange(&h, &server, vec![], &["b"], 10).await.next_due_in,
        None,
        "of these queues"
    );
    assert_eq!(find(&h, far[0]).await.state, JobState::Scheduled);
    let soon = enqueue(&h, vec![NewJob { delay: SHORT, ..job("a") }]).await;
    let jobs = wait::until("the delayed job", PATIENCE, async || {
        let jobs = fetch(&h, &server, &["a"], 10).await;
        (!jobs.is_empty()).then_some(jobs)
    })
    .await;
    assert_eq!(ids(&jobs), soon);
}

pub async fn no_time_is_told_while_due_jobs_are_left(h: Harness) {
    let server = registered(&h, &["a"]).await;
    enqueue(&h, vec![job("a"), job("a"), NewJob { delay: LONG, ..job("a") }]).await;
    let first = exchange(&h, &server, vec![], &["a"], 1).await;
    assert_eq!((first.jobs.len(), first.next_due_in), (1, None), "the other is due already");
    let second = exchange(&h, &server, vec![], &["a"], 1).await;
    assert_eq!(second.jobs.len(), 1);
    assert!(second.next_due_in.is_some());
}

pub async fn a_succeeded_job_is_kept_and_not_run_again(h: Harness) {
    let stored = enqueue(&h, vec![job("a")]).await;
    let server = registered(&h, &["a"]).await;
    let lease = fetch(&h, &server, &["a"], 1).await[0].lease;
    assert_eq!(finish(&h, &server, lease, Outcome::Succeeded).await, Acknowledged::Applied);
    let record = find(&h, stored[0]).await;
    assert_eq!((record.state, record.attempts, record.server), (JobState::Succeeded, 1, None));
    assert!(fetch(&h, &server, &["a"], 1).await.is_empty());
    assert_eq!(
        finish(&h, &server, lease, Outcome::Succeeded).await,
        Acknowledged::Lost,
        "a second time"
    );
}

pub async fn one_exchange_acknowledges_and_fetches(h: Harness) {
    let server = registered(&h, &["a"]).await;
    let stored = enqueue(&h, vec![job("a"), job("a"), job("a"), job("a")]).await;
    let first = fetch(&h, &server, &["a"], 2).await;
    let stale = Lease { fence: first[1].lease.fence + 1, ..first[1].lease };
    let ends = vec![
        (first[0].lease, Outcome::Succeeded),
        (stale, Outcome::Succeeded),
        (first[1].lease, Outcome::Failed { error: error("x") }),
    ];
    let answer = exchange(&h, &server, ends, &["a"], 10).await;
    assert_eq!(
        answer.acknowledged,
        [Acknowledged::Applied, Acknowledged::Lost, Acknowledged::Applied]
    );
    assert_eq!(ids(&answer.jobs), stored[2..]);
    assert_eq!(find(&h, stored[0]).await.state, JobState::Succeeded);
    assert_eq!(find(&h, stored[1]).await.state, JobState::Failed);
}

pub async fn a_retry_waits_and_is_charged(h: Harness) {
    let stored = enqueue(&h, vec![job("a")]).await;
    let server = registered(&h, &["a"]).await;
    let first = fetch(&h, &server, &["a"], 1).await[0].clone();
    let outcome = Outcome::Retry { delay: LONG, error: error("out of luck") };
    assert_eq!(finish(&h, &server, first.lease, outcome).await, Acknowledged::Applied);
    let record = find(&h, stored[0]).await;
    assert_eq!((record.state, record.attempts), (JobState::Scheduled, 1));
    assert_eq!(record.last_error.as_deref(), Some("out of luck"));
    assert!(fetch(&h, &server, &["a"], 1).await.is_empty());
}

pub async fn a_retried_job_comes_back_with_the_next_attempt_and_a_larger_fence(h: Harness) {
    enqueue(&h, vec![job("a")]).await;
    let server = registered(&h, &["a"]).await;
    let mut last = fetch(&h, &server, &["a"], 1).await[0].clone();
    for attempt in 2..=4 {
        let outcome = Outcome::Retry { delay: Duration::from_millis(1), error: error("again") };
        finish(&h, &server, last.lease, outcome).await;
        let next =
            wait::until("the retry", PATIENCE, async || fetch(&h, &server, &["a"], 1).await.pop())
                .await;
        assert_eq!((next.attempt, next.lease.job), (attempt, last.lease.job));
        assert!(next.lease.fence > last.lease.fence);
        last = next;
    }
}

pub async fn a_failed_job_is_kept_with_its_error(h: Harness) {
    let stored = enqueue(&h, vec![job("a")]).await;
    let server = registered(&h, &["a"]).await;
    let lease = fetch(&h, &server, &["a"], 1).await[0].lease;
    let long = "é".repeat(100_000);
    finish(&h, &server, lease, Outcome::Failed { error: long.clone() }).await;
    let record = find(&h, stored[0]).await;
    assert_eq!((record.state, record.attempts), (JobState::Failed, 1));
    let kept = record.last_error.expect("error");
    assert!(
        long.starts_with(&kept) && (100..10_000).contains(&kept.len()),
        "cut to a bounded length: {}",
        kept.len()
    );
    assert_eq!(
        h.stores.jobs.prune(Duration::ZERO, 10).await.expect("prune"),
        0,
        "kept until somebody acts"
    );
}

pub async fn failed_jobs_are_listed_newest_first(h: Harness) {
    assert_eq!(h.stores.jobs.failed(10).await.expect("failed"), []);
    let stored = enqueue(&h, vec![job("a"), job("a"), job("a")]).await;
    let server = registered(&h, &["a"]).await;
    for fetched in fetch(&h, &server, &["a"], 2).await {
        finish(&h, &server, fetched.lease, Outcome::Failed { error: error("x") }).await;
    }
    let failed = h.stores.jobs.failed(10).await.expect("failed");
    assert_eq!(failed, [find(&h, stored[1]).await, find(&h, stored[0]).await]);
    assert_eq!(h.stores.jobs.failed(1).await.expect("failed"), failed[..1]);
    assert!(h.stores.jobs.requeue(stored[1]).await.expect("requeue"));
    assert_eq!(h.stores.jobs.failed(10).await.expect("failed"), failed[1..]);
}

pub async fn a_failed_job_can_be_requeued_once(h: Harness) {
    let stored = enqueue(&h, vec![job("a")]).await;
    assert!(!h.stores.jobs.requeue(stored[0]).await.expect("requeue"), "it has not failed");
    let server = registered(&h, &["a"]).await;
    let first = fetch(&h, &server, &["a"], 1).await[0].lease;
    finish(&h, &server, first, Outcome::Failed { error: error("x") }).await;
    assert!(h.stores.jobs.requeue(stored[0]).await.expect("requeue"));
    assert!(!h.stores.jobs.requeue(stored[0]).await.expect("requeue"), "it is not failed any more");
    assert!(!h.stores.jobs.requeue(JobId(stored[0].0 + 1000)).await.expect("requeue"), "unknown");
    let again = fetch(&h, &server, &["a"], 10).await;
    assert_eq!((ids(&again), again[0].attempt), (stored, 1));
    assert!(again[0].lease.fence > first.fence, "the first owner stays shut out");
    assert_eq!(finish(&h, &server, first, Outcome::Succeeded).await, Acknowledged::Lost);
}

pub async fn a_released_job_is_due_at_once_and_not_charged(h: Harness) {
    let stored = enqueue(&h, vec![job("a")]).await;
    let server = registered(&h, &["a"]).await;
    let first = fetch(&h, &server, &["a"], 1).await[0].lease;
    assert_eq!(finish(&h, &server, first, Outcome::Released).await, Acknowledged::Applied);
    let record = find(&h, stored[0]).await;
    assert_eq!((record.state, record.attempts, record.server), (JobState::Enqueued, 0, None));
    let again = fetch(&h, &server, &["a"], 1).await[0].clone();
    assert_eq!(again.attempt, 1);
    assert!(again.lease.fence > first.fence);
}

pub async fn a_lost_lease_changes_nothing(h: Harness) {
    let stored = enqueue(&h, vec![job("a")]).await;
    let (one, two) = (registered(&h, &["a"]).await, registered(&h, &["a"]).await);
    let lease = fetch(&h, &one, &["a"], 1).await[0].lease;
    let outcomes = || {
        [
            Outcome::Succeeded,
            Outcome::Released,
            Outcome::Failed { error: error("x") },
            Outcome::Retry { delay: Duration::ZERO, error: error("x") },
        ]
    };
    for outcome in outcomes() {
        assert_eq!(
            finish(&h, &two, lease, outcome).await,
            Acknowledged::Lost,
            "another server's job"
        );
    }
    finish(&h, &one, lease, Outcome::Released).await;
    let newer = fetch(&h, &one, &["a"], 1).await[0].lease;
    for outcome in outcomes() {
        assert_eq!(
            finish(&h, &one, lease, outcome).await,
            Acknowledged::Lost,
            "its own, but an older lease"
        );
    }
    let record = find(&h, stored[0]).await;
    assert_eq!(
        (record.state, record.last_error, record.server),
        (JobState::Processing, None, Some(one.clone()))
    );
    assert_eq!(finish(&h, &one, newer, Outcome::Succeeded).await, Acknowledged::Applied);
}

pub async fn an_unregistered_server_gets_nothing(h: Harness) {
    enqueue(&h, vec![job("a")]).await;
    let stranger = server("stranger", &["a"]).id;
    let answer = exchange(&h, &stranger, vec![], &["a"], 10).await;
    assert_eq!(answer, Exchange::default());
    let lease = Lease { job: JobId(1), fence: 1 };
    let answer = exchange(&h, &stranger, vec![(lease, Outcome::Succeeded)], &["a"], 10).await;
    assert_eq!((answer.acknowledged, answer.jobs.len()), (vec![Acknowledged::Lost], 0));
    assert!(!h.stores.jobs.heartbeat(&stranger).await.expect("heartbeat"));
    h.stores.jobs.unregister(&stranger).await.expect("unregister");
}

pub async fn jobs_of_a_silent_server_come_back_charged(h: Harness) {
    let stored = enqueue(&h, vec![job("a"), job("a")]).await;
    let (dead, alive) = (registered(&h, &["a"]).await, registered(&h, &["a"]).await);
    let lost = fetch(&h, &dead, &["a"], 2).await;
    assert_eq!(h.stores.jobs.recover(LONG).await.expect("recover"), 0, "it was heard of just now");
    let recovered = wait::until("the silence to be noticed", PATIENCE, async || {
        assert!(h.stores.jobs.heartbeat(&alive).await.expect("heartbeat"), "the living stays");
        let recovered = h.stores.jobs.recover(SHORT * 4).await.expect("recover");
        (recovered > 0).then_some(recovered)
    })
    .await;
    assert_eq!(recovered, 2);
    let again = fetch(&h, &alive, &["a"], 10).await;
    assert_eq!(ids(&again).into_iter().collect::<HashSet<_>>(), stored.into_iter().collect());
    assert!(again.iter().all(|job| job.attempt == 2), "the lost attempts stay charged");
    for old in lost {
        assert_eq!(finish(&h, &dead, old.lease, Outcome::Succeeded).await, Acknowledged::Lost);
    }
    assert!(!h.stores.jobs.heartbeat(&dead).await.expect("heartbeat"), "it learns that it is dead");
    assert!(fetch(&h, &dead, &["a"], 10).await.is_empty());
    let left: Vec<_> =
        h.stores.jobs.servers().await.expect("servers").into_iter().map(|s| s.id).collect();
    assert_eq!(left, [alive]);
}

pub async fn an_unregistered_servers_jobs_come_back_uncharged(h: Harness) {
    let stored = enqueue(&h, vec![job("a"), job("a")]).await;
    let (leaving, staying) = (registered(&h, &["a"]).await, registered(&h, &["a"]).await);
    let held = fetch(&h, &leaving, &["a"], 2).await;
    h.stores.jobs.unregister(&leaving).await.expect("unregister");
    let again = fetch(&h, &staying, &["a"], 10).await;
    assert_eq!(ids(&again).into_iter().collect::<HashSet<_>>(), stored.into_iter().collect());
    for (old, new) in held.iter().zip(&again) {
        assert_eq!((new.attempt, new.lease.fence > old.lease.fence), (1, true));
    }
    assert!(!h.stores.jobs.heartbeat(&leaving).await.expect("heartbeat"));
    assert_eq!(h.stores.jobs.servers().await.expect("servers").len(), 1);
}

pub async fn a_server_learns_which_leases_it_holds(h: Harness) {
    enqueue(&h, vec![job("a"), job("a"), job("a")]).await;
    let (one, two) = (registered(&h, &["a"]).await, registered(&h, &["a"]).await);
    let (mine, other) = (fetch(&h, &one, &["a"], 2).await, fetch(&h, &two, &["a"], 1).await);
    let held = |server: ServerId| {
        let jobs = h.stores.jobs.clone();
        async move { jobs.held(&server).await.expect("held").into_iter().collect::<HashSet<_>>() }
    };
    assert_eq!(held(one.clone()).await, mine.iter().map(|job| job.lease).collect());
    assert_eq!(held(two.clone()).await, other.iter().map(|job| job.lease).collect());
    finish(&h, &one, mine[0].lease, Outcome::Succeeded).await;
    assert_eq!(held(one).await, [mine[1].lease].into());
    assert!(held(server("stranger", &[]).id).await.is_empty());
}

pub async fn servers_are_listed_as_they_announced_themselves(h: Harness) {
    let info = server("box", &["a", "b"]);
    h.stores.jobs.register(&info).await.expect("register");
    let listed = h.stores.jobs.servers().await.expect("servers");
    let [record] = listed.as_slice() else { panic!("{listed:?}") };
    assert_eq!((&record.id, record.worker_count), (&info.id, info.worker_count));
    assert_eq!(record.queues, ["a", "b"]);
    wait::until("the heartbeat to be seen", PATIENCE, async || {
        assert!(h.stores.jobs.heartbeat(&info.id).await.expect("heartbeat"));
        let record = h.stores.jobs.servers().await.expect("servers").remove(0);
        (record.last_heartbeat_at > record.started_at).then_some(())
    })
    .await;
}

pub async fn depths_count_every_state(h: Harness) {
    assert!(h.stores.jobs.depths().await.expect("depths").is_empty());
    let server = registered(&h, &["a", "b"]).await;
    enqueue(
        &h,
        vec![job("b"), job("a"), job("a"), job("a"), job("a"), NewJob { delay: LONG, ..job("a") }],
    )
    .await;
    let jobs = fetch(&h, &server, &["a"], 3).await;
    finish(&h, &server, jobs[0].lease, Outcome::Succeeded).await;
    finish(&h, &server, jobs[1].lease, Outcome::Failed { error: error("x") }).await;
    let mut depths = h.stores.jobs.depths().await.expect("depths");
    depths.sort_by(|one, two| one.queue.cmp(&two.queue));
    let counted = |d: &QueueDepth| (d.queue.clone(), d.ready, d.processing, d.scheduled, d.failed);
    assert_eq!(
        depths.iter().map(counted).collect::<Vec<_>>(),
        [("a".to_owned(), 1, 1, 1, 1), ("b".to_owned(), 1, 0, 0, 0)]
    );
    wait::until("the oldest job to age", PATIENCE, async || {
        let now = h.stores.jobs.depths().await.expect("depths");
        let b = now.into_iter().find(|d| d.queue == "b").expect("queue b");
        (b.oldest_ready_age_seconds > 0.01).then_some(())
    })
    .await;
}

pub async fn a_queue_of_delayed_jobs_has_no_age(h: Harness) {
    enqueue(&h, vec![NewJob { delay: LONG, ..job("a") }]).await;
    let depths = h.stores.jobs.depths().await.expect("depths");
    assert_eq!((depths[0].ready, depths[0].scheduled), (0, 1));
    assert!(depths[0].oldest_ready_age_seconds.abs() < f64::EPSILON);
}

pub async fn only_old_finished_jobs_are_pruned(h: Harness) {
    let server = registered(&h, &["a"]).await;
    let stored = enqueue(&h, vec![job("a"), job("a"), job("a"), job("a")]).await;
    for fetched in fetch(&h, &server, &["a"], 3).await {
        finish(&h, &server, fetched.lease, Outcome::Succeeded).await;
    }
    assert_eq!(h.stores.jobs.prune(LONG, 10).await.expect("prune"), 0, "too young");
    assert_eq!(
        h.stores.jobs.prune(Duration::ZERO, 2).await.expect("prune"),
        2,
        "at most the limit"
    );
    assert_eq!(h.stores.jobs.find(stored[0]).await.expect("find"), None);
    assert_eq!(h.stores.jobs.prune(Duration::ZERO, 10).await.expect("prune"), 1);
    assert_eq!(h.stores.jobs.prune(Duration::ZERO, 10).await.expect("prune"), 0);
    assert_eq!(find(&h, stored[3]).await.state, JobState::Enqueued);
    let later = enqueue(&h, vec![job("a")]).await;
    assert!(!stored.contains(&later[0]), "a number does not come back");
}

pub async fn the_order_job_is_fetched_like_any_other(h: Harness) {
    h.created(order("ada", &[(&course(), 1)])).await;
    let server = registered(&h, &["default"]).await;
    assert_eq!(fetch(&h, &server, &["default"], 10).await.len(), 1);
}

pub async fn concurrent_fetchers_never_share_a_job(h: Harness) {
    const JOBS: usize = 400;
    enqueue(&h, vec![job("a"); JOBS]).await;
    let mut fetchers = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let id = registered(&h, &["a"]).await;
        let jobs = h.stores.jobs.clone();
        fetchers.spawn(async move {
            let (mut mine, mut ends) = (Vec::new(), Vec::new());
            loop {
                let answer = jobs
                    .exchange(&id, std::mem::take(&mut ends), &[queue("a")], 7)
                    .await
                    .expect("exchange");
                assert!(answer.acknowledged.iter().all(|end| *end == Acknowledged::Applied));
                if answer.jobs.is_empty() {
                    return mine;
                }
                for job in answer.jobs {
                    mine.push(job.lease.job);
                    ends.push(Acknowledgement { lease: job.lease, outcome: Outcome::Succeeded });
                }
            }
        });
    }
    let fetched: Vec<JobId> = fetchers.join_all().await.into_iter().flatten().collect();
    assert_eq!(fetched.len(), JOBS);
    assert_eq!(fetched.into_iter().collect::<HashSet<_>>().len(), JOBS);
    assert!(h.stores.jobs.depths().await.expect("depths").is_empty(), "all are finished");
}

over_every_store!(
    a_job_is_fetched_as_it_was_stored,
    a_unique_key_is_stored_once_while_its_job_is_kept,
    the_oldest_due_job_comes_first,
    queues_are_served_in_the_given_order,
    a_delayed_job_waits_and_tells_how_long,
    no_time_is_told_while_due_jobs_are_left,
    a_succeeded_job_is_kept_and_not_run_again,
    one_exchange_acknowledges_and_fetches,
    a_retry_waits_and_is_charged,
    a_retried_job_comes_back_with_the_next_attempt_and_a_larger_fence,
    a_failed_job_is_kept_with_its_error,
    failed_jobs_are_listed_newest_first,
    a_failed_job_can_be_requeued_once,
    a_released_job_is_due_at_once_and_not_charged,
    a_lost_lease_changes_nothing,
    an_unregistered_server_gets_nothing,
    jobs_of_a_silent_server_come_back_charged,
    an_unregistered_servers_jobs_come_back_uncharged,
    a_server_learns_which_leases_it_holds,
    servers_are_listed_as_they_announced_themselves,
    depths_count_every_state,
    a_queue_of_delayed_jobs_has_no_age,
    only_old_finished_jobs_are_pruned,
    the_order_job_is_fetched_like_any_other,
    concurrent_fetchers_never_share_a_job,
);
