//! Recurring work.

use std::time::Duration;

use contoso_shop::domain::{CorrelationId, Transition};
use contoso_shop::ports::{Acknowledgement, HeldLock, NewJob, NewOrder, Outcome, RoundClaim};
use serde_json::json;

use super::backends::{Harness, course, job, order, queue, server, step};

fn held(name: &str, fence: i64) -> HeldLock {
    HeldLock { name: name.to_owned(), token: String::new(), fence }
}

pub async fn a_round_is_claimed_once_and_never_by_a_late_holder(h: Harness) {
    use RoundClaim::{Done, Late, Ours};
    for (name, fence, round, claim) in [
        ("a", 10, 1, Ours),
        ("a", 10, 1, Ours),
        ("a", 20, 1, Done),
        ("a", 10, 2, Late),
        ("a", 20, 2, Ours),
        ("a", 30, 1, Done),
        ("a", 30, 9, Ours),
        ("a", 20, 10, Late),
        ("b", 5, 1, Ours),
    ] {
        let answer = h.stores.upkeep.claim_round(&held(name, fence), round).await.expect("claim");
        assert_eq!(answer, claim, "{name}: fence {fence}, round {round}");
    }
}

pub async fn of_many_that_claim_a_round_at_once_one_gets_it(h: Harness) {
    for round in 1..=5 {
        let claims = (0..8).map(|worker| {
            let upkeep = h.stores.upkeep.clone();
            tokio::spawn(async move {
                upkeep
                    .claim_round(&held("race", 1_000 * round + worker), round)
                    .await
                    .expect("claim")
            })
        });
        let claims = futures_util::future::join_all(claims).await;
        let ours = claims
            .into_iter()
            .filter(|claim| *claim.as_ref().expect("no panic") == RoundClaim::Ours)
            .count();
        assert_eq!(ours, 1, "round {round}");
    }
}

async fn stuck(h: &Harness, quiet: Duration) -> Vec<CorrelationId> {
    h.stores.upkeep.stuck_orders(quiet, 10).await.expect("stuck")
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

over_every_store!(
    a_round_is_claimed_once_and_never_by_a_late_holder,
    of_many_that_claim_a_round_at_once_one_gets_it,
    an_order_is_stuck_when_no_job_is_left_to_finish_it,
);
