//! One round trip per unit of work.

use std::time::Duration;

use contoso_shop::domain::{
    CorrelationId, EventId, JobId, OrderCursor, OrderId, OrderVersion, Page, QueueName, ServerId,
    Sku,
};
use contoso_shop::ports::{OrderFilter, RequeueOrder, ServerInfo};

use super::double::{Cell, Double, Reply, ResultSet, set};
use super::samples::{
    ADVANCE, ENQUEUE, EXCHANGE, PLACE, SNAPSHOT, advanced, completing, exchanged, job, order,
    outcome_set, placed, snapshot_set, store, user,
};

#[tokio::test]
async fn every_unit_of_work_is_one_request() {
    let double = Double::start().await;
    let id = CorrelationId::generate();
    let affected = || vec![set(&["Affected"], vec![vec![Cell::BigInt(1)]])];
    let total = || set(&["Total"], vec![vec![Cell::BigInt(0)]]);
    let none = || set(&["Id"], vec![]);
    let answers: Vec<(&str, Vec<ResultSet>)> = vec![
        (PLACE, placed("created", id, "ACCEPTED")),
        (ADVANCE, advanced("applied", id, "COMPLETED")),
        (SNAPSHOT, vec![snapshot_set(id, "ACCEPTED")]),
        (EXCHANGE, exchanged(&[])),
        (ENQUEUE, vec![set(&["Id"], vec![vec![Cell::BigInt(1)]])]),
        ("Purpose: cancels and hides an order", vec![outcome_set("not_found"), none()]),
        ("Purpose: accepts a failed order again", vec![outcome_set("not_found"), none()]),
        ("Purpose: what is left of every limited", vec![none()]),
        ("Purpose: sets what is left of a product", affected()),
        ("Purpose: one order of its owner", vec![none(), none()]),
        ("Purpose: a part of an owner's orders", vec![total(), none(), none()]),
        ("Purpose: an owner's orders that follow a place", vec![none(), none()]),
        ("Purpose: where an owner's order stands", vec![none()]),
        ("Purpose: deletes idempotency records", affected()),
        ("Purpose: a part of the catalogue", vec![total(), none()]),
        ("Purpose: one product", vec![none()]),
        ("Purpose: takes unpublished outbox entries", vec![none()]),
        ("Purpose: marks outbox entries", vec![]),
        ("Purpose: outbox entries after", vec![none()]),
        ("Purpose: outbox entries of one order", vec![none()]),
        ("Purpose: the newest sequence", vec![none()]),
        (
            "Purpose: how far behind",
            vec![set(&["Pending", "OldestMicros"], vec![vec![Cell::BigInt(0), Cell::BigInt(0)]])],
        ),
        ("Purpose: deletes outbox entries", affected()),
        ("Purpose: announces a job server", vec![]),
        ("Purpose: renews a job server's", affected()),
        ("Purpose: the leases a job server holds", vec![none()]),
        ("Purpose: removes job servers", affected()),
        ("Purpose: removes a job server", vec![]),
        ("Purpose: the job servers", vec![none()]),
        ("Purpose: how full every queue", vec![none()]),
        ("Purpose: one job as somebody", vec![none()]),
        ("Purpose: makes a failed job due again", affected()),
        ("Purpose: deletes finished jobs", affected()),
        ("Purpose: the schema's version", vec![set(&["Version"], vec![vec![Cell::Int(0)]])]),
    ];
    for (marker, sets) in &answers {
        double.always(marker, Reply::Answer(sets.clone()));
    }
    let s = store(&double).stores();
    let (server, page, hour) =
        (ServerId::new("box:1:x"), Page { offset: 0, size: 10 }, Duration::from_secs(3600));
    let info = ServerInfo {
        id: server.clone(),
        worker_count: 4,
        queues: vec![QueueName::default_queue()],
    };
    s.orders.place(order()).await.expect("place");
    s.orders.advance(completing(id)).await.expect("advance");
    s.orders.snapshot(id).await.expect("snapshot");
    s.orders.snapshot_by_id(&user(), OrderId(1)).await.expect("snapshot");
    s.orders.find(&user(), OrderId(1)).await.expect("find");
    s.orders.list(&user(), &OrderFilter::default(), page).await.expect("list");
    let (all, start) = (OrderFilter::default(), OrderCursor::START);
    s.orders.list_after(&user(), &all, start, 10).await.expect("list");
    s.orders.remove(&user(), OrderId(1), EventId::generate()).await.expect("remove");
    let requeue = RequeueOrder { correlation_id: id, job: JobId(1), event_id: EventId::generate() };
    s.orders.requeue(requeue).await.expect("requeue");
    s.products.stock_levels().await.expect("levels");
    s.products.set_stock(&Sku::parse("KB-100").expect("sku"), Some(1)).await.expect("set");
    s.orders.forget_idempotency(10).await.expect("forget");
    s.products.list(page).await.expect("list");
    s.products.find(&Sku::parse("KB-100").expect("sku")).await.expect("find");
    s.outbox.claim(10, hour).await.expect("claim");
    s.outbox.mark_published(&[1, 2, 3]).await.expect("mark");
    s.outbox.read_after(0, 10).await.expect("read");
    s.outbox.of_order(OrderId(1), OrderVersion::FIRST, 10).await.expect("read");
    s.outbox.last_sequence().await.expect("last");
    s.outbox.backlog().await.expect("backlog");
    s.outbox.prune(hour, 10).await.expect("prune");
    s.jobs.enqueue(vec![job(None)]).await.expect("enqueue");
    s.jobs.register(&info).await.expect("register");
    s.jobs.heartbeat(&server).await.expect("heartbeat");
    s.jobs.exchange(&server, vec![], &info.queues, 4).await.expect("exchange");
    s.jobs.held(&server).await.expect("held");
    s.jobs.recover(hour).await.expect("recover");
    s.jobs.unregister(&server).await.expect("unregister");
    s.jobs.servers().await.expect("servers");
    s.jobs.depths().await.expect("depths");
    s.jobs.find(JobId(1)).await.expect("find");
    s.jobs.requeue(JobId(1)).await.expect("requeue");
    s.jobs.prune(hour, 10).await.expect("prune");
    s.schema.state().await.expect("state");
    for (marker, _) in &answers {
        assert_eq!(double.requests(marker).len(), 1, "{marker}");
    }
    assert_eq!(double.requests("").len(), answers.len(), "and nothing else was sent");
    assert_eq!(double.opened(), 1, "all on one connection");
}

#[tokio::test]
async fn a_write_is_a_transaction_that_an_error_rolls_back() {
    let double = Double::start().await;
    let new = order();
    double.always(PLACE, Reply::Answer(placed("created", new.correlation_id, "ACCEPTED")));
    store(&double).stores().orders.place(new.clone()).await.expect("placed");
    let sent = double.requests(PLACE).remove(0).text;
    let at = |text: &str| sent.find(text).unwrap_or_else(|| panic!("{text} is missing"));
    assert!(
        at("SET XACT_ABORT ON") < at("BEGIN TRANSACTION")
            && at("BEGIN TRANSACTION") < at("SELECT @outcome AS Outcome")
    );
    assert!(
        sent.trim_end().ends_with("COMMIT TRANSACTION;"),
        "nothing that could fail comes after the commit"
    );
    assert!(!sent.contains(new.user.as_str()) && !sent.contains("KB-100"), "values are parameters");
}

#[tokio::test]
async fn metrics_count_round_trips_retries_and_connections() {
    let recorder = metrics_exporter_prometheus::PrometheusBuilder::new().build_recorder();
    let shown = recorder.handle();
    let _recording = metrics::set_default_local_recorder(&recorder);
    let double = Double::start().await;
    let id = CorrelationId::generate();
    double.script(
        SNAPSHOT,
        vec![Reply::Error(1205), Reply::Sever, Reply::Answer(vec![snapshot_set(id, "ACCEPTED")])],
    );
    store(&double).stores().orders.snapshot(id).await.expect("third try");
    let text = shown.render();
    for line in [
        r#"contoso_mssql_roundtrips_total{unit="snapshot"} 3"#,
        r#"contoso_mssql_retries_total{reason="deadlock"} 1"#,
        r#"contoso_mssql_retries_total{reason="lost"} 1"#,
        r#"contoso_mssql_pool_connections{pool="main",state="idle"} 1"#,
        r#"contoso_mssql_pool_connections{pool="main",state="in_use"} 0"#,
        r#"contoso_mssql_pool_connections{pool="main",state="max"} 4"#,
        r#"contoso_mssql_acquire_seconds_count{pool="main"} 3"#,
    ] {
        assert!(text.contains(line), "{line} is missing in\n{text}");
    }
}
