//! V-15: four processes race for one schedule; the holder is frozen beyond its lease, and its
//! late write is refused.

use std::time::Duration;

use nix::sys::signal::Signal;
use rusqlite::Connection;

use crate::support::{Api, Pod, RawTab, Rig, until};

const EVERY: [(&str, &str); 2] = [("Recurring__Sweep", "2s"), ("Recurring__CleanUp", "1h")];

/// The span of the sweep.
const EVERY_MICROS: i64 = 2_000_000;

/// Rounds of the sweep that ended so, on all pods.
async fn rounds(pods: &[Pod], outcome: &str) -> f64 {
    let mut sum = 0.0;
    for pod in pods {
        sum += rounds_of(pod, outcome).await;
    }
    sum
}

async fn rounds_of(pod: &Pod, outcome: &str) -> f64 {
    let both = format!("outcome=\"{outcome}\"");
    let all = pod.metric("contoso_recurring_rounds_total", &both).await;
    all - pod
        .metric("contoso_recurring_rounds_total", &format!("schedule=\"clean-up\",{both}"))
        .await
}

/// The beginning of the last round that was claimed, 0 before the first.
fn last_round(database: &Connection) -> i64 {
    let sql = "SELECT COALESCE(MAX(LastRound), 0) FROM Schedule WHERE Name = 'schedule:sweep'";
    database.query_row(sql, [], |row| row.get(0)).expect("a round")
}

#[tokio::test(flavor = "multi_thread")]
async fn v15_each_round_runs_once_and_a_late_holder_is_refused() {
    let rig = Rig::new();
    let mut pods = Vec::new();
    for _ in 0..4 {
        pods.push(rig.pod("worker", &EVERY).await);
    }
    let database = Connection::open(rig.path("shop.db")).expect("the database");
    database.busy_timeout(Duration::from_secs(5)).expect("a timeout");

    // From the beginning of one round to the beginning of another.
    let next_round = async |after: i64| {
        until("a new round", Duration::from_secs(6), || async {
            Some(last_round(&database)).filter(|round| *round > after)
        })
        .await
    };
    let first = next_round(last_round(&database)).await;
    let before = until("its count", Duration::from_secs(1), || async {
        Some(rounds(&pods, "ran").await).filter(|n| *n >= 1.0)
    })
    .await;
    let each_once = async |pods: &[Pod], last: i64| {
        let wanted = ((last - first) / EVERY_MICROS) as f64;
        until("every round to be counted", Duration::from_secs(1), || async {
            (rounds(pods, "ran").await - before >= wanted - 0.5).then_some(())
        })
        .await;
        assert!(rounds(pods, "ran").await - before < wanted + 0.5, "none ran twice");
    };
    let mut last = first;
    for _ in 0..2 {
        last = next_round(last).await;
    }
    each_once(&pods, last).await;

    // While the test holds the database nobody can claim, so the holder of the next round's lock
    // waits with it.
    database.execute_batch("BEGIN IMMEDIATE").expect("the writer's place");
    let holder = until("a holder", Duration::from_secs(4), || async {
        for (index, pod) in pods.iter().enumerate() {
            if pod.metric("contoso_recurring_holding", "schedule=\"sweep\"").await > 0.5 {
                return Some(index);
            }
        }
        None
    })
    .await;
    let frozen = pods.swap_remove(holder);
    let refused = async |pod: &Pod| rounds_of(pod, "done").await + rounds_of(pod, "lost").await;
    let earlier = refused(&frozen).await;
    frozen.freeze().await;
    let claimed = last_round(&database);
    database.execute_batch("COMMIT").expect("the place is free");
    let ran = rounds(&pods, "ran").await;
    next_round(claimed).await;
    until("another worker to do a round", Duration::from_secs(6), || async {
        (rounds(&pods, "ran").await > ran).then_some(())
    })
    .await;

    frozen.signal(Signal::SIGCONT);
    until("the late holder to be refused", Duration::from_secs(5), || async {
        (refused(&frozen).await > earlier).then_some(())
    })
    .await;
    pods.push(frozen);
    let from = next_round(last_round(&database)).await;
    let ran = rounds(&pods, "ran").await;
    let to = next_round(from).await;
    until("rounds go on as before", Duration::from_secs(1), || async {
        (rounds(&pods, "ran").await - ran >= ((to - from) / EVERY_MICROS) as f64 - 0.5)
            .then_some(())
    })
    .await;
    assert!(
        rounds(&pods, "ran").await - before
            < ((last_round(&database) - first) / EVERY_MICROS) as f64 + 0.5,
        "none ran twice, by the late holder neither"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_whose_job_failed_in_silence_is_failed_and_its_owner_told() {
    let rig = Rig::new();
    let web = rig.pod("web", &[]).await;
    let user = Api::sign_in(&web.url(), "ada").await;
    let order = user.order("AZ-700", 1).await;
    let mut tab = RawTab::open(web.http, &user.token).await;
    let database = Connection::open(rig.path("shop.db")).expect("the database");
    database.busy_timeout(Duration::from_secs(5)).expect("a timeout");
    let given_up = "BEGIN IMMEDIATE; DELETE FROM JobReady;
        INSERT INTO JobFailed (JobId, Queue, FailedAt) SELECT Id, Queue, CreatedAt FROM Job; COMMIT";
    database.execute_batch(given_up).expect("the job is given up, the order not told");

    let worker =
        rig.pod("worker", &[("Recurring__Sweep", "1s"), ("Recurring__StuckAfter", "1s")]).await;
    let event = tab.invocation("Notification", Duration::from_secs(10)).await;
    assert_eq!(
        (&event["correlationId"], &event["status"]),
        (&order.correlation_id.as_str().into(), &"Failed".into())
    );
    assert_eq!(user.status(&order.correlation_id).await.as_deref(), Some("Failed"));
    assert!(worker.metric("contoso_orders_swept_total", "").await >= 1.0);
}
