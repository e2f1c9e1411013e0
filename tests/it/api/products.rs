use contoso_shop::http::{HttpSettings, PublicUrl};
use contoso_shop::ports::{Cache, CacheArea};
use reqwest::Method;
use serde_json::json;

use super::doubles::Mood;
use super::server::{Server, Setup};

#[tokio::test]
async fn anybody_may_read_the_catalogue_page_by_page() {
    let server = Server::start().await;
    let first = server.call(Method::GET, "/api/products", &[], "").await.expect(200);
    assert_eq!((&first.body["offset"], &first.body["size"]), (&0.into(), &12.into()));
    let total = first.body["total"].as_u64().expect("total");
    assert!(total >= 24);
    assert_eq!(first.body["items"].as_array().expect("items").len(), 12);
    let last = server
        .call(Method::GET, &format!("/api/products?offset={}&size=100", total - 1), &[], "")
        .await
        .expect(200);
    assert_eq!(last.body["items"].as_array().expect("items").len(), 1);
    assert_eq!(last.body["total"], total);
}

#[tokio::test]
async fn a_product_has_the_names_clients_know() {
    let server = Server::start().await;
    let product = server.call(Method::GET, "/api/products/AZ-700", &[], "").await.expect(200).body;
    let names: Vec<_> =
        product.as_object().expect("an object").keys().map(String::as_str).collect();
    let mut wanted = [
        "externalProductId",
        "name",
        "category",
        "vendor",
        "imageUrl",
        "discount",
        "billingPeriod",
        "isSubscription",
        "price",
        "listPrice",
        "stock",
    ];
    wanted.sort_unstable();
    assert_eq!(names, wanted);
    assert_eq!(product["externalProductId"], "AZ-700");
    assert!(product["price"].is_f64() && product["isSubscription"].is_boolean());
}

#[tokio::test]
async fn the_price_is_what_a_customer_pays_and_the_list_price_what_it_was_before() {
    let server = Server::start().await;
    let product = server.call(Method::GET, "/api/products/AZ-700", &[], "").await.expect(200).body;
    assert_eq!(product["discount"], 10);
    assert_eq!((&product["listPrice"], &product["price"]), (&149.0.into(), &134.1.into()));
    let page = server.call(Method::GET, "/api/products?size=100", &[], "").await.expect(200).body;
    let listed = page["items"].as_array().expect("items").iter();
    let listed: Vec<_> = listed.filter(|one| one["externalProductId"] == "AZ-700").collect();
    assert_eq!(listed, [&product]);
    let body = json!({ "items": [{ "productId": "AZ-700", "quantity": 1 }] });
    let order = server.post("alice", None, &body).await.expect(201).body;
    assert_eq!(order["items"][0]["unitPrice"], product["price"], "what is shown is charged");
}

#[tokio::test]
async fn pictures_are_absolute_where_the_public_address_is_known() {
    let public_url = PublicUrl::new(Some("https://shop.example".to_owned()));
    let settings = HttpSettings { public_url, ..HttpSettings::default() };
    let server = Server::with(Setup { settings, ..Setup::default() }).await;
    let product = server.call(Method::GET, "/api/products/AZ-700", &[], "").await.expect(200).body;
    let body = json!({ "items": [{ "productId": "AZ-700", "quantity": 1 }] });
    let order = server.post("alice", None, &body).await.expect(201).body;
    for image in [&product["imageUrl"], &order["items"][0]["imageUrl"]] {
        assert!(image.as_str().expect("a URL").starts_with("https://shop.example/"), "{image}");
    }
    let page = server.call(Method::GET, "/", &[("accept", "text/html")], "").await;
    assert!(page.header("content-security-policy").contains("data: https://shop.example;"));
}

#[tokio::test]
async fn what_is_not_for_sale_is_404() {
    let server = Server::start().await;
    for path in ["/api/products/NO-1", "/api/products/%20", "/api/products/caf%C3%A9"] {
        server.call(Method::GET, path, &[], "").await.expect(404);
    }
}

#[tokio::test]
async fn bad_paging_is_named() {
    let server = Server::start().await;
    for (query, field) in [
        ("size=0", "size"),
        ("size=101", "size"),
        ("size=ten", "size"),
        ("size=", "size"),
        ("size=1&size=2", "size"),
        ("offset=-1", "offset"),
        ("offset=%2B1", "offset"),
        ("offset=2147483648", "offset"),
    ] {
        let answer =
            server.call(Method::GET, &format!("/api/products?{query}"), &[], "").await.expect(400);
        assert!(answer.body["errors"][field][0].is_string(), "{query}: {}", answer.body);
    }
    let both = server.call(Method::GET, "/api/products?size=0&offset=x", &[], "").await.expect(400);
    assert_eq!(both.body["errors"].as_object().expect("errors").len(), 2, "all problems at once");
}

#[tokio::test]
async fn head_answers_like_get_without_a_body() {
    let server = Server::start().await;
    let answer = server.call(Method::HEAD, "/api/products", &[], "").await.expect(200);
    assert!(answer.body.is_null());
}

#[tokio::test]
async fn while_the_store_is_out_an_old_catalogue_stands_in_and_says_so() {
    let server = Server::start().await;
    let paths = ["/api/products", "/api/products/AZ-700"];
    for path in paths {
        let fresh = server.call(Method::GET, path, &[], "").await.expect(200);
        assert_eq!((fresh.header("x-degraded"), fresh.header("warning")), ("", ""));
    }
    server.products.set(Mood::Out);
    for path in paths {
        assert_eq!(
            server.call(Method::GET, path, &[], "").await.expect(200).header("x-degraded"),
            "",
            "the copy is fresh"
        );
    }
    server.cache.invalidate(CacheArea::Catalogue).await;
    for path in paths {
        let stale = server.call(Method::GET, path, &[], "").await.expect(200);
        assert_eq!(stale.header("x-degraded"), "sql");
        assert!(stale.header("warning").starts_with("110"));
    }
    server.call(Method::GET, "/api/products?offset=1", &[], "").await.expect(503);
}

#[tokio::test]
async fn stock_is_set_by_admins_and_shown_at_once() {
    let server = Server::start().await;
    let path = "/api/products/LTD-001";
    let stock =
        async || server.call(Method::GET, path, &[], "").await.expect(200).body["stock"].clone();
    assert_eq!(stock().await, 3);
    let admin = server.admin();
    let put = async |token: &str, product: &str, body: &str| {
        let headers =
            [("authorization", &*format!("Bearer {token}")), ("content-type", "application/json")];
        let path = format!("/api/products/{product}/stock");
        server.call(Method::PUT, &path, &headers, body.to_owned()).await
    };
    for (body, shown) in [
        (r#"{"stock":0}"#, json!(0)),
        (r#"{"stock":null}"#, json!(null)),
        (r#"{"stock":2147483647.0}"#, json!(2_147_483_647)),
    ] {
        put(&admin, "LTD-001", body).await.expect(204);
        assert_eq!(stock().await, shown, "{body}");
    }
    for body in [r#"{"stock":-1}"#, r#"{"stock":2147483648}"#] {
        let answer = put(&admin, "LTD-001", body).await.expect(400);
        assert!(answer.body["errors"]["stock"][0].is_string(), "{}", answer.body);
    }
    for body in ["{}", r#"{"stock":1.5}"#, r#"{"stock":"1"}"#, r#"{"stock":1,"x":1}"#, ""] {
        put(&admin, "LTD-001", body).await.expect(400);
    }
    put(&admin, "NO-1", r#"{"stock":1}"#).await.expect(404);
    put(&server.token("ann"), "LTD-001", r#"{"stock":1}"#).await.expect(403);
    put("nobody", "LTD-001", r#"{"stock":1}"#).await.expect(401);
    assert_eq!(stock().await, 2_147_483_647);
}

#[tokio::test]
async fn an_order_shows_in_the_stock_without_a_flush_of_the_catalogue() {
    let server = Server::start().await;
    let loads = server.products.passed();
    server.call(Method::GET, "/api/products/LTD-001", &[], "").await.expect(200);
    assert_eq!(server.products.passed() - loads, 2, "the product and the stock levels");
    server
        .post("ann", None, &json!({ "items": [{ "productId": "LTD-001", "quantity": 2 }] }))
        .await
        .expect(201);
    server.cache.invalidate(CacheArea::Stock).await;
    let shown = server.call(Method::GET, "/api/products/LTD-001", &[], "").await.expect(200);
    assert_eq!(shown.body["stock"], 1);
    assert_eq!(server.products.passed() - loads, 3, "the levels alone are read again");
}
