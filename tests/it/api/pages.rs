use reqwest::Method;

use super::server::Server;

#[tokio::test]
async fn a_picture_is_served_with_its_type_and_a_tag() {
    let server = Server::start().await;
    let product = server.call(Method::GET, "/api/products/AZ-700", &[], "").await.expect(200).body;
    let path = product["imageUrl"].as_str().expect("imageUrl");
    let picture = server.call(Method::GET, path, &[], "").await.expect(200);
    assert_eq!(picture.header("content-type"), "image/svg+xml");
    let policy = picture.header("content-security-policy");
    assert!(policy.starts_with("default-src 'self'; connect-src 'self'; "), "{policy}");
    let again = server
        .call(Method::GET, path, &[("if-none-match", picture.header("etag"))], "")
        .await
        .expect(304);
    assert_eq!(again.header("etag"), picture.header("etag"));
    assert_eq!(again.header("content-security-policy"), picture.header("content-security-policy"));
}

#[tokio::test]
async fn what_is_no_page_is_404() {
    let server = Server::start().await;
    for path in [
        "/missing.js",
        "/../Cargo.toml",
        "/%2e%2e/Cargo.toml",
        "/api/nothing",
        "/hubs/nothing",
        "/dev/nothing",
    ] {
        let address = format!("{}{path}", server.base);
        assert_eq!(
            server.client.get(address).send().await.expect("an answer").status(),
            404,
            "{path}"
        );
    }
    server.call(Method::POST, "/orders", &[], "").await.expect(404);
}
