//! What the store makes of the server's answers, and what it sends.

use std::time::Duration;

use contoso_shop::domain::{
    CorrelationId, EventId, JobId, OrderId, OrderStatus, Page, QueueName, ServerId, Sku, Timestamp,
};
use contoso_shop::ports::{
    Acknowledged, Acknowledgement, Advanced, IdempotencyKey, Lease, NewOrder, Outcome, Placed,
    Removed, RequeueOrder, Shortage, StoreError,
};

use super::double::{Cell, Double, Parameter, Reply, set};
use super::samples::{
    ADVANCE, EXCHANGE, LAST, PLACE, SNAPSHOT, advanced, completing, exchanged, order, outcome_set,
    placed, snapshot_set, store, user,
};

#[tokio::test]
async fn a_placed_order_is_read_with_its_lines() {
    let double = Double::start().await;
    let new = order();
    double.always(PLACE, Reply::Answer(placed("created", new.correlation_id, "ACCEPTED")));
    let answer = store(&double).stores().orders.place(new.clone()).await.expect("placed");
    let Placed::Created(stored, _) = answer else { panic!("{answer:?}") };
    assert_eq!(
        (stored.id, stored.correlation_id, &stored.user),
        (OrderId(41), new.correlation_id, &new.user)
    );
    assert_eq!(stored.lines.len(), 2);
    assert_eq!(stored.lines[0].product_name, "Keyboard ⌨");
    assert_eq!(
        (
            stored.lines[1].product.as_str(),
            stored.lines[1].unit_price.cents,
            stored.lines[1].quantity
        ),
        ("AZ-700", 13_410, 2)
    );
}

#[tokio::test]
async fn a_replay_is_the_order_as_it_was_accepted() {
    let double = Double::start().await;
    let new = NewOrder {
        idempotency: Some(IdempotencyKey { key: "k".to_owned(), fingerprint: [7; 32] }),
        ..order()
    };
    double.always(PLACE, Reply::Answer(placed("replayed", CorrelationId::generate(), "COMPLETED")));
    let answer = store(&double).stores().orders.place(new.clone()).await.expect("placed");
    let Placed::Replayed(first) = answer else { panic!("{answer:?}") };
    assert_ne!(first.correlation_id, new.correlation_id);
    assert_eq!(
        (first.status, first.updated_at),
        (OrderStatus::Accepted, Timestamp::from_micros(1_000))
    );
    let sent = &double.requests(PLACE)[0].parameters;
    assert_eq!(sent[0], Parameter::Guid(new.correlation_id.as_uuid()));
    assert!(matches!(&sent[1], Parameter::Bytes(digest) if digest.len() == 32));
    assert_eq!(sent[3], Parameter::Text(r#"[{"q":2,"s":"KB-100"}]"#.to_owned()));
    assert_eq!(
        (&sent[4], &sent[5]),
        (&Parameter::Text("k".to_owned()), &Parameter::Bytes(vec![7; 32]))
    );
    assert_eq!(
        (&sent[9], &sent[10], &sent[11]),
        (&Parameter::Number(0), &Parameter::Number(5), &Parameter::Null)
    );
}

#[tokio::test]
async fn empty_result_sets_between_others_are_not_lost() {
    let double = Double::start().await;
    let nothing = |columns: &[&'static str]| set(columns, vec![]);
    double.always(
        PLACE,
        Reply::Answer(vec![
            set(&["Outcome"], vec![vec!["unknown_products".into()]]),
            nothing(&["OrderId"]),
            set(&["Sku"], vec![vec!["NOPE-1".into()], vec!["NOPE-2".into()]]),
        ]),
    );
    let answer = store(&double).stores().orders.place(order()).await.expect("placed");
    let skus = ["NOPE-1", "NOPE-2"].map(|text| Sku::parse(text).expect("sku"));
    assert_eq!(answer, Placed::UnknownProducts(skus.to_vec()));
}

#[tokio::test]
async fn every_outcome_of_a_move_is_read() {
    let double = Double::start().await;
    let stores = store(&double).stores();
    let id = CorrelationId::generate();
    for outcome in ["applied", "already", "refused", "price_mismatch", "lease_lost", "not_found"] {
        let sets = advanced(outcome, id, "COMPLETED");
        double.always(ADVANCE, Reply::Answer(sets));
        let read = stores.orders.advance(completing(id)).await.expect("advanced");
        let expected = match &read {
            Advanced::Applied(o, _) | Advanced::Already(o) | Advanced::Refused(o) => {
                assert_eq!(
                    (o.order_id, o.status, o.correlation_id, &o.user),
                    (OrderId(41), OrderStatus::Completed, id, &user())
                );
                [
                    ("applied", matches!(read, Advanced::Applied(..))),
                    ("already", matches!(read, Advanced::Already(_))),
                ]
                .into_iter()
                .find_map(|(name, is)| is.then_some(name))
                .unwrap_or("refused")
            }
            Advanced::PriceMismatch => "price_mismatch",
            Advanced::LeaseLost => "lease_lost",
            Advanced::NotFound => "not_found",
            Advanced::Shortage(_) => "shortage",
        };
        assert_eq!(expected, outcome);
    }
    let short = vec![
        set(&["Outcome", "Sku"], vec![vec!["shortage".into(), "LTD-001".into()]]),
        snapshot_set(id, "PROCESSING"),
    ];
    double.always(ADVANCE, Reply::Answer(short));
    let read = stores.orders.advance(completing(id)).await.expect("advanced");
    assert_eq!(read, Advanced::Shortage(Sku::parse("LTD-001").expect("sku")));
    let sent = &double.requests(ADVANCE)[0].parameters;
    assert_eq!(
        (&sent[1], &sent[2]),
        (
            &Parameter::Text("COMPLETED".to_owned()),
            &Parameter::Text(r#"["PROCESSING"]"#.to_owned())
        )
    );
}

#[tokio::test]
async fn a_snapshot_is_read_or_missing() {
    let double = Double::start().await;
    let id = CorrelationId::generate();
    double.script(
        SNAPSHOT,
        vec![
            Reply::Answer(vec![snapshot_set(id, "FAILED")]),
            Reply::Answer(vec![set(&["Id"], vec![])]),
        ],
    );
    let orders = store(&double).stores().orders;
    assert_eq!(
        orders.snapshot(id).await.expect("answer").expect("order").status,
        OrderStatus::Failed
    );
    assert_eq!(orders.snapshot(id).await.expect("answer"), None);
}

#[tokio::test]
async fn an_exchange_is_sent_and_read_whole() {
    let double = Double::start().await;
    double.always(EXCHANGE, Reply::Answer(exchanged(&[0, 2])));
    let lease = |job| Lease { job: JobId(job), fence: 9 };
    let outcomes =
        [Outcome::Succeeded, Outcome::Released, Outcome::Failed { error: "é".repeat(100_000) }];
    let ends = (1..)
        .zip(outcomes)
        .map(|(job, outcome)| Acknowledgement { lease: lease(job), outcome })
        .collect();
    let server = ServerId::new("box:1:x");
    let jobs = store(&double).stores().jobs;
    let answer =
        jobs.exchange(&server, ends, &[QueueName::default_queue()], 8).await.expect("answer");
    assert_eq!(
        answer.acknowledged,
        [Acknowledged::Applied, Acknowledged::Lost, Acknowledged::Applied]
    );
    assert_eq!(answer.next_due_in, None::<Duration>);
    let [job] = answer.jobs.as_slice() else { panic!("{answer:?}") };
    assert_eq!(
        (job.lease, job.attempt, job.max_attempts),
        (Lease { job: JobId(7), fence: 3 }, 2, 5)
    );
    assert!(job.args.len() > 18_000, "an argument of several packets");
    let sent = double.requests(EXCHANGE).remove(0).parameters;
    assert_eq!(sent[0], Parameter::Text("box:1:x".to_owned()));
    assert_eq!(
        (&sent[3], &sent[4]),
        (&Parameter::Text(r#"["default"]"#.to_owned()), &Parameter::Number(8))
    );
    let Parameter::Text(ends) = &sent[2] else { panic!("{sent:?}") };
    let ends: serde_json::Value = serde_json::from_str(ends).expect("JSON");
    assert_eq!(
        (&ends[0]["r"], &ends[1]["r"], &ends[1]["j"]),
        (&"Succeeded".into(), &"Released".into(), &2.into())
    );
    assert_eq!(
        ends[2]["e"].as_str().expect("error").chars().count(),
        2000,
        "cut to a bounded length"
    );
}

#[tokio::test]
async fn an_empty_outbox_ends_at_zero() {
    let double = Double::start().await;
    let sequence = set(&["Sequence"], vec![vec![Cell::BigInt(2_017)]]);
    double.script(
        LAST,
        vec![Reply::Answer(vec![set(&["Sequence"], vec![])]), Reply::Answer(vec![sequence])],
    );
    let outbox = store(&double).stores().outbox;
    assert_eq!(outbox.last_sequence().await.expect("answer"), 0);
    assert_eq!(outbox.last_sequence().await.expect("answer"), 2_017);
}

#[tokio::test]
async fn every_outcome_of_a_removal_is_read() {
    let double = Double::start().await;
    let orders = store(&double).stores().orders;
    let id = CorrelationId::generate();
    for (outcome, expected) in [
        ("cancelled", "Cancelled("),
        ("finished", "Finished(Cancelled)"),
        ("not_owner", "NotOwner"),
        ("not_found", "NotFound"),
    ] {
        let sets = vec![outcome_set(outcome), snapshot_set(id, "CANCELLED")];
        double.always("Purpose: cancels and hides an order", Reply::Answer(sets));
        let read: Removed =
            orders.remove(&user(), OrderId(41), EventId::generate()).await.expect("removed");
        assert!(format!("{read:?}").starts_with(expected), "{outcome}: {read:?}");
    }
}

#[tokio::test]
async fn every_outcome_of_a_requeue_is_read() {
    let double = Double::start().await;
    let orders = store(&double).stores().orders;
    let correlation_id = CorrelationId::generate();
    for (outcome, expected) in [
        ("requeued", "Done("),
        ("not_failed", "NotFailed(Accepted)"),
        ("shortage", "Shortage(Sku(\"LTD-001\"))"),
        ("job_not_failed", "JobNotFailed"),
        ("not_found", "NotFound"),
    ] {
        let first = set(
            &["Outcome", "Sku", "Sequence"],
            vec![vec![outcome.into(), "LTD-001".into(), Cell::BigInt(2_017)]],
        );
        let sets = vec![first, snapshot_set(correlation_id, "ACCEPTED")];
        double.always("Purpose: accepts a failed order again", Reply::Answer(sets));
        let event_id = EventId::generate();
        let order = RequeueOrder { correlation_id, job: JobId(7), event_id };
        let read = orders.requeue(order).await.expect("an answer");
        assert!(format!("{read:?}").starts_with(expected), "{outcome}: {read:?}");
    }
}

#[tokio::test]
async fn what_is_short_is_read() {
    let double = Double::start().await;
    let nothing = |columns: &[&'static str]| set(columns, vec![]);
    double.always(
        PLACE,
        Reply::Answer(vec![
            set(&["Outcome"], vec![vec!["out_of_stock".into()]]),
            nothing(&["OrderId"]),
            set(&["Sku", "Stock"], vec![vec!["LTD-001".into(), Cell::Int(1)]]),
        ]),
    );
    let answer = store(&double).stores().orders.place(order()).await.expect("placed");
    let product = Sku::parse("LTD-001").expect("sku");
    assert_eq!(answer, Placed::OutOfStock(vec![Shortage { product, left: 1 }]));
}

#[tokio::test]
async fn an_answer_that_makes_no_sense_is_a_fault_that_shows_no_value() {
    let double = Double::start().await;
    let id = CorrelationId::generate();
    for odd in [
        vec![snapshot_set(id, "hunter2")],
        vec![set(&["Id", "CorrelationId"], vec![vec!["hunter2".into(), "hunter2".into()]])],
        vec![],
    ] {
        double.always(SNAPSHOT, Reply::Answer(odd));
        let error = store(&double).stores().orders.snapshot(id).await.expect_err("no sense");
        assert!(matches!(error, StoreError::Fault { .. }), "{error:?}");
        assert!(!format!("{error} {error:?}").contains("hunter2"), "{error:?}");
    }
}

#[tokio::test]
async fn products_are_read_with_and_without_stock() {
    let double = Double::start().await;
    let columns = [
        "Sku",
        "Name",
        "Category",
        "Vendor",
        "ImageUrl",
        "Discount",
        "BillingPeriod",
        "IsSubscription",
        "PriceCents",
        "Stock",
    ];
    let product = |sku: &str, subscription, stock| {
        let texts =
            [sku, "Name", "Category", "Vendor", "/images/products/x.svg"].map(Cell::from).to_vec();
        let rest =
            [Cell::Int(10), "Annual".into(), Cell::Bit(subscription), Cell::BigInt(14_900), stock]
                .to_vec();
        [texts, rest].concat()
    };
    let rows =
        vec![product("LTD-001", false, Cell::Int(3)), product("AZ-700", true, Cell::NullInt)];
    let total = set(&["Total"], vec![vec![Cell::BigInt(2)]]);
    double.always(
        "Purpose: a part of the catalogue",
        Reply::Answer(vec![total, set(&columns, rows)]),
    );
    let page =
        store(&double).stores().products.list(Page { offset: 0, size: 10 }).await.expect("list");
    let read: Vec<_> = page
        .items
        .iter()
        .map(|p| (p.external_product_id.as_str(), p.is_subscription, p.stock))
        .collect();
    assert_eq!((page.total, read), (2, vec![("LTD-001", false, Some(3)), ("AZ-700", true, None)]));
    assert_eq!((page.items[0].discount, page.items[0].list_price.cents), (10, 14_900));
}
