//! Orders that nobody will finish.

use std::time::Duration;

use contoso_shop::domain::{CorrelationId, Transition};
use contoso_shop::ports::{Acknowledgement, NewJob, NewOrder, Outcome};
use serde_json::json;

use super::backends::{Harness, course, job, order, queue, server, step};

async fn stuck(h: &Harness, quiet: Duration) -> Vec<CorrelationId> {
    h.stores.orders.stuck(quiet, 10).await.expect("stuck")
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

over_every_store!(an_order_is_stuck_when_no_job_is_left_to_finish_it);
