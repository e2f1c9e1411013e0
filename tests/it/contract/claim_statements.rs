//! What a store does in the transaction that leases a job.

use contoso_shop::domain::{OrderStatus, OrderVersion, Transition};
use contoso_shop::ports::{Advanced, ClaimStatement, NewJob, NewOrder};
use serde_json::json;

use super::backends::{Harness, course, job, order, queue, server, step};

const KIND: &str = "order.accepted";

fn with_job(new: NewOrder) -> NewOrder {
    let args = json!({ "correlationId": new.correlation_id }).to_string();
    NewOrder { job: NewJob { kind: KIND.to_owned(), args, ..job("default") }, ..new }
}

pub async fn a_leased_job_finds_its_order_in_processing_or_starts_it_itself(h: Harness) {
    let jobs =
        h.stores.jobs.clone().with_claim_statements(&[(KIND, ClaimStatement::StartProcessing)]);
    let fresh = h.created(with_job(order("ada", &[(&course(), 1)]))).await;
    let failed = h.created(with_job(order("ada", &[(&course(), 1)]))).await;
    h.stores
        .orders
        .advance(step(failed.correlation_id, Transition::failed()))
        .await
        .expect("failed");
    let unreadable = NewJob { kind: KIND.to_owned(), args: "{}".to_owned(), ..job("default") };
    h.stores.jobs.enqueue(vec![unreadable, job("default")]).await.expect("enqueued");

    let info = server("box", &["default"]);
    jobs.register(&info).await.expect("registered");
    let answer = jobs.exchange(&info.id, vec![], &[queue("default")], 10).await.expect("exchange");
    let claimed: Vec<_> = answer.jobs.iter().map(|job| &job.claimed).collect();
    assert_eq!(claimed.len(), 4, "every job is leased");
    assert_eq!(jobs.held(&info.id).await.expect("held").len(), 4);
    let stands = async |order: &contoso_shop::domain::Order| {
        let found = h.stores.orders.snapshot(order.correlation_id).await;
        found.expect("snapshot").expect("an order").status
    };
    assert_eq!(stands(&failed).await, OrderStatus::Failed);
    match claimed[0] {
        Some(Advanced::Applied(snapshot, entry)) => {
            let second = (OrderStatus::Processing, OrderVersion::new(2));
            assert_eq!((snapshot.status, snapshot.version), second);
            assert_eq!(stands(&fresh).await, OrderStatus::Processing);
            let events = h.stores.outbox.of_order(fresh.id, OrderVersion::FIRST, 10).await;
            assert_eq!(events.expect("events"), std::slice::from_ref(entry));
            assert!(matches!(claimed[1], Some(Advanced::Refused(_))), "{:?}", claimed[1]);
        }
        // A store that cannot has changed nothing.
        None => {
            assert_eq!(stands(&fresh).await, OrderStatus::Accepted);
            assert_eq!(*claimed[1], None);
        }
        other => panic!("{other:?}"),
    }
    assert_eq!((claimed[2], claimed[3]), (&None, &None), "no order, and no statement");
}

over_every_store!(a_leased_job_finds_its_order_in_processing_or_starts_it_itself);

#[tokio::test]
async fn sqlite_starts_the_order_together_with_the_lease() {
    let h = super::backends::sqlite().await;
    let order = h.created(with_job(order("ada", &[(&course(), 1)]))).await;
    let jobs =
        h.stores.jobs.clone().with_claim_statements(&[(KIND, ClaimStatement::StartProcessing)]);
    let info = server("box", &["default"]);
    jobs.register(&info).await.expect("registered");
    let answer = jobs.exchange(&info.id, vec![], &[queue("default")], 1).await.expect("exchange");
    let Some(Advanced::Applied(snapshot, _)) = &answer.jobs[0].claimed else {
        panic!("{:?}", answer.jobs[0].claimed)
    };
    assert_eq!(snapshot.order_id, order.id);
}
