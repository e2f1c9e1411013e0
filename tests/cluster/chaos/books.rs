//! What must be true at the end.

use std::collections::{BTreeMap, HashSet};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rusqlite::Connection;
use serde_json::json;

use super::orders::Accepted;
use crate::support::{Api, Connected, Listener, RawTab, Rig, is_completed, until};

/// How long after a commit a connection that stands must have been told: a frozen pod is frozen for
/// 8 s at most.
const TOLD_WITHIN: Duration = Duration::from_secs(20);

/// Every order and when its end was committed, by user.
pub struct Books(Vec<BTreeMap<String, SystemTime>>);

impl Books {
    /// Waits until every order is completed; then exactly the accepted orders are in the database,
    /// each with each status once in its history, and no job is left.
    pub async fn balanced(rig: &Rig, placed: &[Accepted]) -> Self {
        let database = Connection::open(rig.path("shop.db")).expect("the database");
        database.busy_timeout(Duration::from_secs(5)).expect("a timeout");
        let count =
            |sql: &str| -> i64 { database.query_row(sql, [], |row| row.get(0)).expect("a number") };
        until("every order to be completed", Duration::from_secs(90), || async {
            (count(r#"SELECT COUNT(*) FROM "Order" WHERE Status <> 'COMPLETED'"#) == 0)
                .then_some(())
        })
        .await;
        until("no job to be left", Duration::from_secs(60), || async {
            (count("SELECT (SELECT COUNT(*) FROM JobReady) + (SELECT COUNT(*) FROM JobRunning)")
                == 0)
                .then_some(())
        })
        .await;

        let ids: HashSet<_> = placed.iter().map(|(_, order)| order).collect();
        assert_eq!(ids.len(), placed.len(), "every key has an order of its own");
        assert_eq!(count(r#"SELECT COUNT(*) FROM "Order""#), placed.len() as i64, "and no other");

        let sql = r#"SELECT lower(hex(o.CorrelationId)), group_concat(h.Status, '>' ORDER BY h.At, h.rowid), MAX(h.At)
            FROM "Order" o JOIN OrderHistory h ON h.OrderId = o.Id GROUP BY o.Id"#;
        let mut statement = database.prepare(sql).expect("a query");
        let rows = statement
            .query_map([], |row| {
                Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?, row.get::<_, i64>(2)?))
            })
            .expect("rows");
        let mut ends = BTreeMap::new();
        for row in rows {
            let (order, history, end) = row.expect("a row");
            assert_eq!(history, "ACCEPTED>PROCESSING>COMPLETED", "order {order}");
            let end = UNIX_EPOCH + Duration::from_micros(u64::try_from(end).expect("a time"));
            ends.insert(order, end);
        }
        let users = placed.iter().map(|(user, _)| user + 1).max().unwrap_or_default();
        let mut books = vec![BTreeMap::new(); users];
        for (user, order) in placed {
            books[*user].insert(order.clone(), ends[&order.replace('-', "")]);
        }
        Self(books)
    }

    /// Every connection of the tab was told the last status of every order that was completed while
    /// it stood.
    pub async fn told_while_connected(&self, user: usize, tab: &Listener) {
        let untold = |connection: &Connected| {
            let stood = |end: SystemTime| {
                let until = connection.until;
                connection.from < end && until.is_none_or(|until| until > end + TOLD_WITHIN)
            };
            let missing = self.0[user].iter().filter(|(_, end)| stood(**end));
            missing.filter(|(order, _)| !is_completed(&connection.told, order)).count()
        };
        until(&format!("a tab of user {user} to be told"), TOLD_WITHIN, || async {
            (tab.connections().iter().map(untold).sum::<usize>() == 0).then_some(())
        })
        .await;
    }

    /// What the tab's last connection was not told, it learns from `GetCurrentStatus`.
    pub async fn known_by_asking(&self, user: usize, port: u16, api: &Api, tab: &Listener) {
        let connections = tab.connections();
        let told = &connections.last().expect("a connection").told;
        let mut asking = RawTab::open(port, &api.token).await;
        for order in self.0[user].keys().filter(|order| !is_completed(told, order)) {
            let ask = json!({ "type": 1, "invocationId": order, "target": "GetCurrentStatus", "arguments": [order] });
            asking.send(&ask.to_string()).await;
            let answer = loop {
                let record = asking.next(Duration::from_secs(10)).await;
                if record["type"] == 3 && record["invocationId"] == order.as_str() {
                    break record["result"].clone();
                }
            };
            assert_eq!((&answer["status"], &answer["version"]), (&json!("Completed"), &json!(3)));
        }
    }
}
