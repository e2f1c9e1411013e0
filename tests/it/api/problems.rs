use reqwest::Method;
use serde_json::Value;

use super::doubles::Mood;
use super::server::{Server, keyboard};

#[tokio::test]
async fn unknown_paths_and_methods_are_problems() {
    let server = Server::start().await;
    for path in [
        "/api",
        "/api/",
        "/api/nothing",
        "/api/orders/1/nothing",
        "/dev/nothing",
        "/hubs-not",
        "/api/orders/",
    ] {
        server.call(Method::GET, path, &[], "").await.expect(404);
    }
    for (method, path, allow) in [
        (Method::PUT, "/api/orders", "GET, HEAD, POST"),
        (Method::PATCH, "/api/orders/1", "GET, HEAD, DELETE"),
        (Method::POST, "/api/products", "GET, HEAD"),
        (Method::DELETE, "/api/orders/1/status", "GET, HEAD"),
        (Method::POST, "/openapi.json", "GET, HEAD"),
        (Method::GET, "/dev/token", "POST"),
    ] {
        let answer = server.call(method, path, &[], "").await.expect(405);
        let mut allowed: Vec<_> = answer.header("allow").split(", ").collect();
        let mut wanted: Vec<_> = allow.split(", ").collect();
        allowed.sort_unstable();
        wanted.sort_unstable();
        assert_eq!(allowed, wanted, "{path}");
    }
}

#[tokio::test]
async fn ids_that_are_none_name_nothing() {
    let server = Server::start().await;
    for path in [
        "/api/orders/one",
        "/api/orders/-1",
        "/api/orders/99999999999999999999",
        "/api/orders/one/status",
        "/api/orders/by-correlation/no-uuid/status",
    ] {
        server.get("ann", path).await.expect(404);
    }
}

#[tokio::test]
async fn bodies_that_are_no_json_of_ours_are_refused_by_kind() {
    let server = Server::start().await;
    let authorization = format!("Bearer {}", server.token("ann"));
    let post = async |content_type: &str, body: &str| {
        let headers = [("authorization", authorization.as_str()), ("content-type", content_type)];
        server.call(Method::POST, "/api/orders", &headers, body.to_owned()).await
    };
    let good = keyboard(1).to_string();
    post("application/json; charset=utf-8", &good).await.expect(201);
    for kind in ["text/plain", "application/xml", "application/jsonp"] {
        post(kind, &good).await.expect(415);
    }
    for body in [
        "",
        "{",
        "[1]",
        "null",
        "{}",
        "{\"items\":null}",
        &format!("{good} x"),
        "{\"items\":[],\"items\":[]}",
    ] {
        post("application/json", body).await.expect(400);
    }
    let padded = |length: usize| format!("{good}{}", " ".repeat(length - good.len()));
    post("application/json", &padded(65_536)).await.expect(201);
    post("application/json", &padded(65_537)).await.expect(413);
}

#[tokio::test]
async fn a_store_that_is_out_is_503_and_one_that_is_broken_500_without_a_word_of_why() {
    let server = Server::start().await;
    for (mood, status) in [(Mood::Out, 503), (Mood::Broken, 500)] {
        server.orders.set(mood);
        let list = server.get("ann", "/api/orders").await.expect(status);
        let post = server.post("ann", None, &keyboard(1)).await.expect(status);
        let delete = server.delete("ann", "/api/orders/1").await.expect(status);
        for answer in [list, post, delete] {
            assert!(!answer.body.to_string().contains("secret"), "{}", answer.body);
            assert_eq!(answer.header("retry-after"), if status == 503 { "7" } else { "" });
        }
    }
}

#[tokio::test]
async fn a_query_token_is_neither_used_nor_echoed() {
    let server = Server::start().await;
    let token = server.token("ann");
    let answer = server
        .call(Method::GET, &format!("/api/orders?access_token={token}"), &[], "")
        .await
        .expect(401);
    assert_eq!(answer.header("www-authenticate"), "Bearer");
    assert!(!answer.body.to_string().contains(&token));
}

#[tokio::test]
async fn a_development_token_opens_the_door() {
    let server = Server::start().await;
    let json = [("content-type", "application/json")];
    let answer =
        server.call(Method::POST, "/dev/token", &json, "{\"userId\":\"ann\"}").await.expect(200);
    assert_eq!(answer.body["userId"], "ann");
    assert!(answer.body["expiresAtUtc"].as_str().is_some_and(|at| at.ends_with('Z')));
    server.get_with(answer.body["token"].as_str().expect("token"), "/api/orders").await.expect(200);
    for body in ["{\"userId\":\"\"}", "{\"userId\":\"a\\nb\"}", "{\"user\":\"ann\"}", "{}"] {
        server.call(Method::POST, "/dev/token", &json, body).await.expect(400);
    }
}

#[tokio::test]
async fn the_document_names_the_statuses_and_words_of_the_domain() {
    let server = Server::start().await;
    let document = server.call(Method::GET, "/openapi.json", &[], "").await.expect(200).body;
    let words = |schema: &str| -> Vec<String> {
        let words: &Vec<Value> =
            document["components"]["schemas"][schema]["enum"].as_array().expect(schema);
        words.iter().map(|word| word.as_str().expect("text").to_owned()).collect()
    };
    assert_eq!(
        words("OrderStatus"),
        contoso_shop::domain::OrderStatus::ALL.map(|status| status.name().to_owned())
    );
    assert_eq!(words("BillingPeriod"), ["Monthly", "Annual"]);
    for path in ["/api/orders", "/api/products/{externalProductId}", "/dev/token"] {
        assert!(document["paths"][path].is_object(), "{path}");
    }
}
