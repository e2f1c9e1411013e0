//! Orders that nobody will finish.

use std::time::Duration;

use contoso_shop::domain::{CorrelationId, Transition};
use contoso_shop::ports::{Acknowledgement, AdvanceOrder, Advanced, NewJob, NewOrder, Outcome};
use serde_json::json;

use super::backends::{Harness, course, job, order, queue, server, step};

async fn stuck(h: &Harness, quiet: Duration) -> Vec<CorrelationId> {
    let found = h.stores.orders.stuck(quiet, 10).await.expect("stuck");
    found.into_iter().map(|stuck| stuck.correlation_id).collect()
}

fn with_job(new: NewOrder) -> NewOrder {
    let args = json!({ "correlationId": new.correlation_id }).to_string();
    let job = NewJob { kind: "order.accepted".to_owned(), args, max_attempts: 1, ..job("default") };
    NewOrder { job, ..new }
}

pub async fn an_order_is_stuck_when_no_job_is_left_to_finish_it(h: Harness) {
    let failing = h.created(with_job(order("ada", &[(&course(), 1)]))).await.correlation_id;
    let done = h.created(with_job(order("ada", &[(&course(), 1)]))).await.correlation_id;
    let waiting = h.created(with_job(order("ada", &[(&course(), 1)]))).await.correlation_id;
    for transition in [Transition::processing_started(), Transition::completed()] {
        h.stores.orders.advance(step(done, transition)).await.expect("advance");
    }
    assert_eq!(stuck(&h, Duration::ZERO).await, [], "their jobs wait");

    let worker = server("w", &["default"]);
    h.stores.jobs.register(&worker).await.expect("register");
    let jobs = h
        .stores
        .jobs
        .exchange(&worker.id, vec![], &[queue("default")], 10)
        .await
        .expect("exchange")
        .jobs;
    assert_eq!(jobs.len(), 3);
    assert_eq!(stuck(&h, Duration::ZERO).await, [], "their jobs run");

    let over = |id: CorrelationId, outcome| {
        let job = jobs.iter().find(|job| job.args.contains(&id.to_string())).expect("its job");
        Acknowledgement { lease: job.lease, outcome }
    };
    let ends = vec![
        over(failing, Outcome::Failed { error: "broken".to_owned() }),
        over(done, Outcome::Succeeded),
        over(
            waiting,
            Outcome::Retry { delay: Duration::from_secs(3600), error: "later".to_owned() },
        ),
    ];
    h.stores.jobs.exchange(&worker.id, ends, &[queue("default")], 0).await.expect("exchange");
    assert_eq!(stuck(&h, Duration::ZERO).await, [failing]);
    assert_eq!(stuck(&h, Duration::from_secs(3600)).await, [], "it changed a moment ago");
    h.stores.orders.advance(step(failing, Transition::failed())).await.expect("advance");
    assert_eq!(stuck(&h, Duration::ZERO).await, []);
}

/// The job was requeued between the look and the move.
pub async fn an_order_whose_job_lives_again_is_not_failed(h: Harness) {
    let placed = h.created(with_job(order("ada", &[(&course(), 1)]))).await;
    // Arguments that are no JSON are somebody else's matter.
    let odd = NewJob { kind: "order.accepted".to_owned(), max_attempts: 1, ..job("default") };
    h.stores.jobs.enqueue(vec![NewJob { args: "no JSON".to_owned(), ..odd }]).await.expect("job");
    let worker = server("w", &["default"]);
    h.stores.jobs.register(&worker).await.expect("register");
    let queues = [queue("default")];
    let taken = h.stores.jobs.exchange(&worker.id, vec![], &queues, 10).await.expect("exchange");
    let broken = || Outcome::Failed { error: "broken".to_owned() };
    let ends = taken
        .jobs
        .iter()
        .map(|job| Acknowledgement { lease: job.lease, outcome: broken() })
        .collect();
    h.stores.jobs.exchange(&worker.id, ends, &queues, 0).await.expect("exchange");
    let found = h.stores.orders.stuck(Duration::ZERO, 10).await.expect("stuck");
    let [stuck] = found[..] else { panic!("{found:?}") };
    assert_eq!(stuck.correlation_id, placed.correlation_id);

    let failing = || AdvanceOrder {
        failed_job: Some(stuck.job),
        ..step(placed.correlation_id, Transition::failed())
    };
    assert!(h.stores.jobs.requeue(stuck.job).await.expect("requeue"));
    let refused = h.stores.orders.advance(failing()).await.expect("advance");
    assert_eq!(refused, Advanced::Refused(placed.snapshot()));

    let taken = h.stores.jobs.exchange(&worker.id, vec![], &queues, 1).await.expect("exchange");
    let refused = h.stores.orders.advance(failing()).await.expect("advance");
    assert_eq!(refused, Advanced::Refused(placed.snapshot()), "it runs");
    let ends = vec![Acknowledgement { lease: taken.jobs[0].lease, outcome: broken() }];
    h.stores.jobs.exchange(&worker.id, ends, &queues, 0).await.expect("exchange");
    let moved = h.stores.orders.advance(failing()).await.expect("advance");
    assert!(
        matches!(&moved, Advanced::Applied(order, _) if order.version.number() == 2),
        "{moved:?}"
    );
}

over_every_store!(
    an_order_is_stuck_when_no_job_is_left_to_finish_it,
    an_order_whose_job_lives_again_is_not_failed,
);
