use reqwest::Method;

use super::doubles::Mood;
use super::server::Server;

#[tokio::test]
async fn status_has_a_strong_tag_and_304() {
    let server = Server::start().await;
    let order = server.order("ann").await;
    let authorization = format!("Bearer {}", server.token("ann"));
    let by_id = format!("/api/orders/{}/status", order["id"]);
    let by_cid = format!(
        "/api/orders/by-correlation/{}/status",
        order["correlationId"].as_str().expect("cid")
    );
    for path in [by_id.as_str(), by_cid.as_str()] {
        let answer = server.get("ann", path).await.expect(200);
        let tag = answer.header("etag").to_owned();
        assert!(tag.starts_with('"'), "{tag}");
        assert_eq!(answer.body["status"], "Accepted");
        assert_eq!(
            (&answer.body["orderId"], &answer.body["correlationId"]),
            (&order["id"], &order["correlationId"])
        );
        assert!(answer.body["updatedAt"].is_string());
        for known in [tag.clone(), "*".to_owned(), format!("W/{tag}"), format!("\"other\", {tag}")]
        {
            let headers =
                [("authorization", authorization.as_str()), ("if-none-match", known.as_str())];
            let again = server.call(Method::GET, path, &headers, "").await.expect(304);
            assert_eq!((again.header("etag"), again.body.is_null()), (tag.as_str(), true));
        }
        let headers = [("authorization", authorization.as_str()), ("if-none-match", "\"other\"")];
        server.call(Method::GET, path, &headers, "").await.expect(200);
    }
    // A new status has a new tag.
    let before = server.get("ann", &by_cid).await.header("etag").to_owned();
    server.delete("ann", &format!("/api/orders/{}", order["id"])).await.expect(204);
    let after = server.get("ann", &by_cid).await.expect(200);
    assert_eq!(after.body["status"], "Cancelled");
    assert_ne!(after.header("etag"), before);
}

#[tokio::test]
async fn a_lost_copy_is_written_anew_and_a_late_one_is_not_believed() {
    let server = Server::start().await;
    let order = server.order("ann").await;
    let cid = order["correlationId"].as_str().expect("cid");
    let path = format!("/api/orders/by-correlation/{cid}/status");
    server.copy.entries.lock().expect("not poisoned").clear();
    server.get("ann", &path).await.expect(200);
    assert!(server.copy.status(cid).is_some(), "healed");

    server.copy.stage.set(Mood::Out);
    server.delete("ann", &format!("/api/orders/{}", order["id"])).await.expect(204);
    server.copy.stage.set(Mood::Well);
    assert_eq!(
        server.copy.status(cid).expect("a copy").name(),
        "Accepted",
        "the copy missed the change"
    );
    assert_eq!(server.get("ann", &path).await.expect(200).body["status"], "Cancelled");
    assert_eq!(server.copy.status(cid).expect("a copy").name(), "Cancelled", "healed");
}

#[tokio::test]
async fn the_copy_answers_while_the_store_is_out() {
    let server = Server::start().await;
    let order = server.order("ann").await;
    let path = format!(
        "/api/orders/by-correlation/{}/status",
        order["correlationId"].as_str().expect("cid")
    );
    server.orders.set(Mood::Out);
    let answer = server.get("ann", &path).await.expect(200);
    assert_eq!((answer.header("x-degraded"), answer.header("etag")), ("sql", ""));
    assert_eq!(answer.body["status"], "Accepted");
    assert!(answer.body.get("updatedAt").is_none());
    server.get("bob", &path).await.expect(404);
    server.copy.entries.lock().expect("not poisoned").clear();
    server.get("ann", &path).await.expect(503);
}
