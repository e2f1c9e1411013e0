//! V-11: the copy loses an owner, then SQL does too, then an entry cannot be read. X-11: what could
//! not be delivered is kept, listed and delivered after all.

use std::time::Duration;

use rusqlite::Connection;

use crate::support::{Api, Rig, StockTab, until};

/// So that redeliveries come soon.
const QUICK: [(&str, &str); 2] = [("Events__RetryAfter", "1500ms"), ("Events__MaxDeliveries", "3")];
const SOON: Duration = Duration::from_secs(20);
const DEAD: &str = "contoso-shop:events:dead";

/// The order gets another correlation id, as far as SQL knows.
fn rename(rig: &Rig, from: &str, to: &str) {
    let database = Connection::open(rig.path("shop.db")).expect("the database");
    database.busy_timeout(Duration::from_secs(5)).expect("a timeout");
    let sql = "UPDATE \"Order\" SET CorrelationId = ?2 WHERE CorrelationId = ?1";
    let id = |text: &str| uuid::Uuid::parse_str(text).expect("an id").into_bytes();
    let changed = database.execute(sql, [id(from), id(to)]).expect("an update");
    assert_eq!(changed, 1, "one order");
}

async fn dead_letters(rig: &Rig, count: i64) {
    let what = format!("{count} dead letters");
    until(&what, SOON, || async { (rig.redis_cli(&["XLEN", DEAD]) == count).then_some(()) }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn v11_an_event_without_its_owner_waits_among_the_dead_letters_and_is_replayed_once() {
    let rig = Rig::new();
    let web = rig.pod("web", &QUICK).await;
    let api = Api::sign_in(&web.url(), "ada").await;
    let mut tab = StockTab::open(&web.url(), &api.token).await;

    // The copy forgets the owner: SQL knows, and the copy is made anew.
    let order = api.order("AZ-700", 1).await;
    let map = format!("order:map:{}", order.correlation_id);
    rig.redis_cli(&["DEL", &map]);
    let worker = rig.pod("worker", &[]).await;
    tab.event("OrderCompleted", &order.correlation_id, "Completed").await;
    assert_eq!(rig.redis_cli(&["GET", &map]), "ada");
    drop(worker);

    // Neither knows: an event of an order nobody has, and an entry that makes no sense.
    let unknown = "0199a5e2-7a3b-7c4d-8e5f-0123456789ab";
    let event = "0199a5e2-7a3b-7c4d-8e5f-aaaaaaaaaaaa";
    let fields = [
        "version",
        "1",
        "name",
        "order.processed",
        "eventId",
        event,
        "correlationId",
        unknown,
        "orderId",
        "7",
    ];
    let more = ["status", "COMPLETED", "occurredAt", "2026-11-21T12:00:00Z"];
    let command = [&["XADD", "contoso-shop:events", "*"], &fields[..], &more[..]].concat();
    assert!(rig.redis_cli(&command).is_string());
    assert!(rig.redis_cli(&["XADD", "contoso-shop:events", "*", "nonsense", "poison"]).is_string());
    dead_letters(&rig, 2).await;
    // Counted once Redis has answered.
    until("both to be counted", SOON, || async {
        (web.metric("contoso_events_buried_total", "").await == 2.0).then_some(())
    })
    .await;
    let (listed, list) = rig.command(&["dead-letters", "list"]);
    assert!(listed, "{list}");
    println!("{list}");
    assert!(
        list.contains(unknown)
            && list.contains("the event's order is unknown")
            && list.contains("Completed"),
        "{list}"
    );
    assert!(list.contains("unreadable") && list.contains("the entry cannot be read"), "{list}");
    assert!(list.contains("  3  "), "with the number of deliveries: {list}");

    // The order turns up: a replay tells the tab, once.
    rename(&rig, &order.correlation_id, unknown);
    let letter = list
        .lines()
        .find(|line| line.contains(unknown))
        .and_then(|line| line.split(' ').next())
        .expect("a letter");
    for said in ["is back in the stream", "nothing to do"] {
        let (replayed, answer) = rig.command(&["dead-letters", "replay", letter]);
        assert!(replayed && answer.contains(said), "{answer}");
    }
    tab.event("OrderCompleted", unknown, "Completed").await;
    assert_eq!(tab.count("OrderCompleted", unknown, "Completed").await, 1);
    dead_letters(&rig, 1).await;
    let (replayed, answer) = rig.command(&["dead-letters", "replay", "--all"]);
    assert!(replayed && answer.contains("0 events put back into the stream, 1 left"), "{answer}");
    assert!(
        rig.redis_cli(&["XINFO", "GROUPS", "contoso-shop:events"])[0]["pending"] == 0,
        "nothing is stuck"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn x11_a_failed_job_is_listed_and_requeued_once_and_its_order_is_processed_again() {
    let rig = Rig::new();
    let web = rig.pod("web", &[("Jobs__MaxAttempts", "2")]).await;
    let worker = rig.pod("worker", &[("Jobs__RetryBase", "20ms")]).await;
    let (fine, said) = rig.command(&["jobs", "list"]);
    assert!(fine && said.contains("No job has failed."), "{said}");
    let api = Api::sign_in(&web.url(), "ada").await;
    let mut tab = StockTab::open(&web.url(), &api.token).await;
    rig.spoil_orders_of("LTD-001");
    let order = api.order("LTD-001", 3).await;
    api.wait_status(&order.correlation_id, "Failed", SOON).await;
    let list = until("the job to be listed", SOON, || async {
        let (fine, list) = rig.command(&["jobs", "list"]);
        (fine && list.contains("order.accepted")).then_some(list)
    })
    .await;
    println!("{list}");
    assert!(list.contains("2 of 2") && list.contains("no longer adds up"), "{list}");
    let job =
        list.lines().nth(1).and_then(|line| line.split(' ').next()).expect("a job").to_owned();
    rig.repair_orders();
    drop(worker);
    let (fine, answer) = rig.command(&["stock", "LTD-001", "2"]);
    assert!(fine && answer.contains("LTD-001: 2"), "{answer}");
    let (fine, answer) = rig.command(&["jobs", "requeue", "--all"]);
    assert!(!fine && answer.contains("not enough of LTD-001"), "{answer}");
    let (fine, answer) = rig.command(&["stock", "LTD-001", "3"]);
    assert!(fine, "{answer}");
    for said in ["is requeued", "has not failed"] {
        let (fine, answer) = rig.command(&["jobs", "requeue", &job]);
        assert!(fine && answer.contains(said), "{answer}");
    }
    let (fine, answer) = rig.command(&["jobs", "requeue", "424242"]);
    assert!(!fine && answer.contains("There is no job 424242"), "{answer}");
    assert_eq!(api.status(&order.correlation_id).await.as_deref(), Some("Accepted"));
    let _worker = rig.pod("worker", &[]).await;
    tab.event("OrderCompleted", &order.correlation_id, "Completed").await;
    for (status, times) in [("Accepted", 2), ("Processing", 2), ("Failed", 1), ("Completed", 1)] {
        let heard = tab.count("Notification", &order.correlation_id, status).await;
        assert_eq!(heard, times, "{status}");
    }
    let (fine, answer) = rig.command(&["stock", "LTD-001"]);
    assert!(fine && answer.contains("LTD-001: 0"), "{answer}");
    let (fine, answer) = rig.command(&["stock", "NO-1", "3"]);
    assert!(!fine && answer.contains("NO-1"), "{answer}");
    let (fine, help) = rig.command(&["jobs", "requeue", "--help"]);
    assert!(fine && help.contains("--all"), "{help}");
}
