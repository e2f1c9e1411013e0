use contoso_shop::ports::{Cache, CacheArea};
use serde_json::json;

use super::server::Server;

#[tokio::test]
async fn reports_are_for_admins() {
    let server = Server::start().await;
    for report in ["orders-per-day", "revenue-by-vendor", "status-counts"] {
        server.get("ann", &format!("/api/reports/{report}")).await.expect(403);
        server
            .call(reqwest::Method::GET, &format!("/api/reports/{report}"), &[], "")
            .await
            .expect(401);
        server.get_with(&server.admin(), &format!("/api/reports/{report}")).await.expect(200);
        let years = format!("/api/reports/{report}?days=367");
        server.get_with(&server.admin(), &years).await.expect(400);
    }
}

#[tokio::test]
async fn reports_have_a_line_for_every_day_and_status() {
    let server = Server::start().await;
    server.order("ann").await;
    let counts = server
        .get_with(&server.admin(), "/api/reports/status-counts?days=2")
        .await
        .expect(200)
        .body;
    let line = |status: &str, orders: u32| json!({ "status": status, "orders": orders });
    let wanted = [
        line("Accepted", 1),
        line("Processing", 0),
        line("Completed", 0),
        line("Failed", 0),
        line("Cancelled", 0),
    ];
    assert_eq!(counts["items"], json!(wanted));
    let days = server
        .get_with(&server.admin(), "/api/reports/orders-per-day?days=3")
        .await
        .expect(200)
        .body;
    let items = days["items"].as_array().expect("items");
    assert_eq!(
        (items.len(), &items[2]["day"], &items[2]["orders"]),
        (3, &days["lastDay"], &json!(1))
    );
    assert_eq!((&items[0]["day"], &items[0]["orders"]), (&days["firstDay"], &json!(0)));
    assert!(items[2]["total"].as_f64().expect("a number") > 0.0);
    for query in ["days=0", "days=367", "days=x", "days=1&days=2"] {
        server
            .get_with(&server.admin(), &format!("/api/reports/status-counts?{query}"))
            .await
            .expect(400);
    }
}

#[tokio::test]
async fn a_report_is_read_once_until_an_order_changes() {
    let server = Server::start().await;
    let accepted = async || {
        server.get_with(&server.admin(), "/api/reports/status-counts").await.expect(200).body["items"][0]["orders"].clone()
    };
    assert_eq!(accepted().await, 0);
    server.order("ann").await;
    assert_eq!(accepted().await, 0, "from the cache");
    server.cache.invalidate(CacheArea::Reports).await;
    assert_eq!(accepted().await, 1);
}
