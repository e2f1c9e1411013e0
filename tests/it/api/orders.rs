use std::sync::atomic::Ordering::SeqCst;

use contoso_shop::domain::{EventId, OrderStatus, OrderVersion, Transition};
use contoso_shop::ports::{AdvanceOrder, Advanced};
use serde_json::{Value, json};

use super::doubles::Mood;
use super::server::{Server, keyboard};

/// Lets a worker take the order.
async fn start_processing(server: &Server, order: &Value) {
    advance(server, order, Transition::processing_started()).await;
}

async fn advance(server: &Server, order: &Value, transition: Transition) {
    let step = AdvanceOrder {
        correlation_id: order["correlationId"].as_str().expect("cid").parse().expect("cid"),
        transition,
        reason: None,
        lease: None,
        failed_job: None,
        event_id: EventId::generate(),
        trace_parent: None,
    };
    assert!(matches!(
        server.stores.orders.advance(step).await.expect("advance"),
        Advanced::Applied(..)
    ));
}

#[tokio::test]
async fn an_order_is_accepted_with_its_job_copy_hint_and_notification() {
    let server = Server::start().await;
    let body = json!({ "items": [
        { "productId": "KB-100", "quantity": 1 }, { "productId": "AZ-700", "quantity": 2 }, { "productId": "KB-100", "quantity": 2 },
    ] });
    let answer = server.post("ann", None, &body).await.expect(201);
    let order = &answer.body;
    let cid = order["correlationId"].as_str().expect("correlationId");
    assert_eq!(answer.header("location"), format!("/api/orders/{}", order["id"]));
    assert_eq!(answer.header("x-correlation-id"), cid);
    assert_eq!(answer.header("x-degraded"), "");
    assert_eq!(uuid::Uuid::parse_str(cid).expect("a UUID").get_version_num(), 7);
    assert_eq!(order["status"], "Accepted");
    assert_eq!(order["items"][0]["quantity"], 3, "lines of one product are added up");
    assert!(order["items"][1]["unitPrice"].is_f64() && order["items"][1]["imageUrl"].is_string());

    let depths = server.stores.jobs.depths().await.expect("depths");
    assert_eq!((depths[0].queue.as_str(), depths[0].ready), ("orders", 1));
    assert_eq!(server.copy.status(cid), Some(OrderStatus::Accepted));
    assert_eq!(server.recorder.hints.load(SeqCst), 1);
    let committed = server.recorder.committed.lock().expect("not poisoned").clone();
    let [entry] = committed.as_slice() else { panic!("{committed:?}") };
    assert_eq!(
        (entry.event.status, entry.event.version, entry.event.correlation_id.to_string().as_str()),
        (OrderStatus::Accepted, OrderVersion::FIRST, cid)
    );
    assert_eq!(order["version"], 1);
    assert_eq!(server.get("ann", answer.header("location")).await.expect(200).body, *order);
}

#[tokio::test]
async fn the_trace_of_the_request_reaches_the_job() {
    let server = Server::start().await;
    let authorization = format!("Bearer {}", server.token("ann"));
    let headers = [
        ("authorization", authorization.as_str()),
        ("content-type", "application/json"),
        ("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
        ("x-request-id", "req.1"),
    ];
    let answer = server
        .call(reqwest::Method::POST, "/api/orders", &headers, keyboard(1).to_string())
        .await
        .expect(201);
    assert_eq!(answer.header("x-request-id"), "req.1");
    let committed = server.recorder.committed.lock().expect("not poisoned").clone();
    let trace = committed[0].event.trace_parent.clone().expect("a trace");
    assert!(
        trace.starts_with("00-0af7651916cd43dd8448eb211c80319c-")
            && !trace.contains("b7ad6b7169203331")
    );
}

#[tokio::test]
async fn without_the_status_copy_orders_are_accepted_all_the_same() {
    let server = Server::start().await;
    for mood in [Mood::Out, Mood::Held] {
        server.copy.stage.set(mood);
        let answer = server.post("ann", None, &keyboard(1)).await.expect(201);
        assert_eq!(answer.header("x-degraded"), "redis", "{mood:?}");
    }
}

#[tokio::test]
async fn bad_fields_are_all_named() {
    let server = Server::start().await;
    let item = |product: Value, quantity: Value| json!({ "items": [{ "productId": product, "quantity": quantity }] });
    for (body, field) in [
        (json!({ "items": [] }), "items"),
        (item("KB-100".into(), 0.into()), "items[0].quantity"),
        (item("KB-100".into(), 1001.into()), "items[0].quantity"),
        (item("KB-100".into(), 1.5.into()), "items[0].quantity"),
        (item("KB-100".into(), "1".into()), "items[0].quantity"),
        (item("KB-100".into(), 1e30.into()), "items[0].quantity"),
        (item("".into(), 1.into()), "items[0].productId"),
        (item(7.into(), 1.into()), "items[0].productId"),
        (json!({ "items": [], "correlationId": "x" }), "correlationId"),
        (
            json!({ "items": [{ "productId": "KB-100", "quantity": 1, "price": 0 }] }),
            "items[0].price",
        ),
        (
            json!({ "items": [{ "productId": "KB-100", "quantity": 600 }, { "productId": "KB-100", "quantity": 600 }] }),
            "items[1].quantity",
        ),
        (json!({ "items": vec![json!({ "productId": "KB-100", "quantity": 1 }); 101] }), "items"),
    ] {
        let answer = server.post("ann", None, &body).await.expect(400);
        assert!(answer.body["errors"][field][0].is_string(), "{field}: {}", answer.body);
    }
    let two = json!({ "items": [{ "productId": "", "quantity": 1 }, { "productId": "KB-100", "quantity": 0 }] });
    let answer = server.post("ann", None, &two).await.expect(400);
    assert_eq!(answer.body["errors"].as_object().expect("errors").len(), 2);
    assert_eq!(
        server.get("ann", "/api/orders").await.expect(200).body["total"],
        0,
        "nothing was stored"
    );
}

#[tokio::test]
async fn a_whole_number_may_be_written_with_a_point() {
    let server = Server::start().await;
    let order = server
        .post("ann", None, &json!({ "items": [{ "productId": "KB-100", "quantity": 2.0 }] }))
        .await
        .expect(201)
        .body;
    assert_eq!(order["items"][0]["quantity"], 2);
}

#[tokio::test]
async fn an_unknown_product_is_404_and_named() {
    let server = Server::start().await;
    let body = json!({ "items": [{ "productId": "KB-100", "quantity": 1 }, { "productId": "NO-1", "quantity": 1 }] });
    let answer = server.post("ann", None, &body).await.expect(404);
    assert!(answer.body["detail"].as_str().expect("detail").contains("NO-1"));
    assert_eq!(server.get("ann", "/api/orders").await.expect(200).body["total"], 0);
}

#[tokio::test]
async fn orders_are_listed_newest_first_and_filtered() {
    let server = Server::start().await;
    let (first, second, third) =
        (server.order("ann").await, server.order("ann").await, server.order("ann").await);
    server.order("bob").await;
    start_processing(&server, &second).await;

    let ids = |answer: &Value| {
        answer["items"]
            .as_array()
            .expect("items")
            .iter()
            .map(|o| o["id"].clone())
            .collect::<Vec<_>>()
    };
    let all = server.get("ann", "/api/orders").await.expect(200).body;
    assert_eq!(ids(&all), [third["id"].clone(), second["id"].clone(), first["id"].clone()]);
    assert_eq!((&all["size"], &all["total"]), (&10.into(), &3.into()));
    let page = server.get("ann", "/api/orders?offset=1&size=1").await.expect(200).body;
    assert_eq!((ids(&page), &page["total"]), (vec![second["id"].clone()], &3.into()));
    let processing = server.get("ann", "/api/orders?status=Processing").await.expect(200).body;
    assert_eq!((ids(&processing), &processing["total"]), (vec![second["id"].clone()], &1.into()));
    let created = second["createdAt"].as_str().expect("createdAt");
    let from = server.get("ann", &format!("/api/orders?from={created}")).await.expect(200).body;
    assert_eq!(ids(&from), [third["id"].clone(), second["id"].clone()]);
    let to = server.get("ann", &format!("/api/orders?to={created}")).await.expect(200).body;
    assert_eq!(ids(&to), [first["id"].clone()]);
    for (query, field) in
        [("status=processing", "status"), ("from=yesterday", "from"), ("to=", "to")]
    {
        let answer = server.get("ann", &format!("/api/orders?{query}")).await.expect(400);
        assert!(answer.body["errors"][field][0].is_string());
    }
}

#[tokio::test]
async fn deleting_cancels_what_is_not_finished_and_refuses_what_is() {
    let server = Server::start().await;
    let order = server.order("ann").await;
    let path = format!("/api/orders/{}", order["id"]);
    server.delete("ann", &path).await.expect(204);
    server.get("ann", &path).await.expect(404);
    server.delete("ann", &path).await.expect(404);
    assert_eq!(
        server.copy.status(order["correlationId"].as_str().expect("cid")),
        Some(OrderStatus::Cancelled)
    );
    let committed = server.recorder.committed.lock().expect("not poisoned").clone();
    assert_eq!(committed.last().expect("an event").event.status, OrderStatus::Cancelled);

    let taken = server.order("ann").await;
    start_processing(&server, &taken).await;
    server.delete("ann", &format!("/api/orders/{}", taken["id"])).await.expect(204);

    let finished = server.order("ann").await;
    start_processing(&server, &finished).await;
    advance(&server, &finished, Transition::completed()).await;
    let path = format!("/api/orders/{}", finished["id"]);
    let answer = server.delete("ann", &path).await.expect(409);
    assert_eq!(answer.kind(), "order-finished");
    assert!(answer.body["detail"].as_str().expect("detail").contains("Completed"));
    assert_eq!(server.get("ann", &path).await.expect(200).body["status"], "Completed");
}

#[tokio::test]
async fn what_is_short_is_422_with_the_line_and_what_is_left() {
    let server = Server::start().await;
    let wanted = json!({ "items": [
        { "productId": "KB-100", "quantity": 1 },
        { "productId": "LTD-001", "quantity": 2 },
        { "productId": "LTD-001", "quantity": 2 },
    ] });
    let answer = server.post("ann", Some("k"), &wanted).await.expect(422);
    assert_eq!(answer.kind(), "out-of-stock");
    assert_eq!(
        answer.body["errors"],
        json!({ "items[1].quantity": ["Only 3 of 'LTD-001' left."] })
    );
    let all = json!({ "items": [{ "productId": "LTD-001", "quantity": 3 }] });
    server.post("ann", Some("k"), &all).await.expect(201);
    let one = json!({ "items": [{ "productId": "LTD-001", "quantity": 1 }] });
    let answer = server.post("ann", None, &one).await.expect(422);
    assert_eq!(answer.body["errors"]["items[0].quantity"][0], "'LTD-001' is sold out.");
    assert_eq!(
        server.post("ann", Some("k"), &one).await.expect(422).kind(),
        "idempotency-key-reused"
    );
}

#[tokio::test]
async fn a_cursor_leads_through_the_orders_without_a_total() {
    let server = Server::start().await;
    let mut placed = Vec::new();
    for _ in 0..5 {
        placed.insert(0, server.order("ann").await);
    }
    let (mut seen, mut after) = (Vec::new(), String::new());
    for last in [false, false, true] {
        let path = format!("/api/orders?size=2&after={after}");
        let part = server.get("ann", &path).await.expect(200).body;
        assert!(part.get("total").is_none() && part["size"] == 2);
        seen.extend(part["items"].as_array().expect("items").clone());
        assert_eq!(part["next"].is_null(), last);
        after = part["next"].as_str().unwrap_or_default().to_owned();
    }
    assert_eq!(seen, placed);
    for query in ["after=x", "after=1-", "after=&after="] {
        let answer = server.get("ann", &format!("/api/orders?{query}")).await.expect(400);
        assert!(answer.body["errors"]["after"][0].is_string(), "{query}");
    }
}
