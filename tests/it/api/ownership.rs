use super::server::Server;

#[tokio::test]
async fn strangers_see_nothing_and_cannot_tell_unknown_from_foreign() {
    let server = Server::start().await;
    let order = server.order("ann").await;
    let (id, cid) = (&order["id"], order["correlationId"].as_str().expect("cid"));
    let own = [
        format!("/api/orders/{id}"),
        format!("/api/orders/{id}/status"),
        format!("/api/orders/by-correlation/{cid}/status"),
    ];
    let unknown = [
        "/api/orders/999999".to_owned(),
        "/api/orders/999999/status".to_owned(),
        "/api/orders/by-correlation/01990000-0000-7000-8000-000000000000/status".to_owned(),
    ];
    for (own, unknown) in own.iter().zip(&unknown) {
        server.get("ann", own).await.expect(200);
        let mut foreign = server.get("bob", own).await.expect(404).body;
        let mut missing = server.get("bob", unknown).await.expect(404).body;
        for body in [&mut foreign, &mut missing] {
            body["instance"].take();
            body["traceId"].take();
        }
        assert_eq!(foreign, missing);
    }
    // Also when the copy has expired and SQL must tell the owner.
    server.copy.entries.lock().expect("not poisoned").clear();
    server.get("bob", &own[2]).await.expect(404);
    assert_eq!(server.get("bob", "/api/orders").await.expect(200).body["total"], 0);
}

#[tokio::test]
async fn a_foreign_order_is_403_for_a_customer_who_deletes_and_404_for_a_newcomer() {
    let server = Server::start().await;
    let order = server.order("ann").await;
    let path = format!("/api/orders/{}", order["id"]);
    server.delete("bob", &path).await.expect(404);
    server.order("bob").await;
    server.delete("bob", &path).await.expect(403);
    server.get("ann", &path).await.expect(200);
}
