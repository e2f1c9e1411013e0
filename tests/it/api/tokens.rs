//! V-13: the token matrix, over HTTP and with real keys.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use contoso_shop::adapters::jwks_http::{HttpKeySource, JwksLocation};
use contoso_shop::auth::{ClaimRules, KeyCache, KeyCachePace, PublishedKeysVerifier};
use contoso_shop::http::HttpSettings;
use contoso_shop::ports::SystemClock;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use reqwest::Method;
use serde_json::{Value, json};

use super::key_pair::{KeyPair, OTHER_RSA, P256, RSA, set};
use super::key_server::KeyServer;
use super::server::{Server, Setup};

/// Keys may be fetched at any time, so that rotation needs no waiting.
const EAGER: KeyCachePace = KeyCachePace {
    refetch: Duration::ZERO,
    retry: Duration::ZERO,
    renew: Duration::from_secs(300),
};

async fn production(location: JwksLocation, issuer: Option<&str>) -> Server {
    let source = Arc::new(HttpKeySource::new(&location, true).expect("a location"));
    let rules = ClaimRules { issuer: issuer.map(str::to_owned), audience: Some("shop".into()) };
    let verifier = PublishedKeysVerifier::new(
        Arc::new(KeyCache::new(source, EAGER)),
        rules,
        Arc::new(SystemClock),
    );
    Server::with(Setup { verifier: Some(Arc::new(verifier)), ..Setup::default() }).await
}

async fn with_keys(keys: &[Value]) -> (KeyServer, Server) {
    let provider = KeyServer::start(&set(keys)).await;
    let server = production(
        JwksLocation::Jwks(format!("{}/keys", provider.base)),
        Some("https://id.example"),
    )
    .await;
    (provider, server)
}

fn now() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs() as i64
}

fn claims() -> Value {
    json!({ "sub": "ann", "exp": now() + 600, "nbf": now(), "iss": "https://id.example", "aud": "shop" })
}

fn with(name: &str, value: impl Into<Value>) -> Value {
    let mut claims = claims();
    claims[name] = value.into();
    claims
}

fn without(name: &str) -> Value {
    let mut claims = claims();
    claims.as_object_mut().expect("an object").remove(name);
    claims
}

async fn status(server: &Server, token: &str) -> u16 {
    server.get_with(token, "/api/orders").await.status
}

#[tokio::test]
async fn v13_rs256_and_es256_tokens_of_published_keys_are_accepted() {
    let (_provider, server) =
        with_keys(&[RSA.published(Some("r")), P256.published(Some("e"))]).await;
    for (pair, kid) in [(&*RSA, "r"), (&*P256, "e")] {
        assert_eq!(status(&server, &pair.sign(Some(kid), &claims())).await, 200, "{kid}");
    }
    for good in [
        with("exp", now() - 30),
        with("nbf", now() + 30),
        without("nbf"),
        with("aud", json!(["x", "shop"])),
    ] {
        assert_eq!(status(&server, &RSA.sign(Some("r"), &good)).await, 200, "{good}");
    }
}

#[tokio::test]
async fn v13_claims_that_do_not_fit_are_401() {
    let (_provider, server) = with_keys(&[RSA.published(Some("r"))]).await;
    for (bad, reason) in [
        (with("exp", now() - 61), "expired"),
        (without("exp"), "expired"),
        (with("nbf", now() + 62), "not valid yet"),
        (with("iss", "https://evil.example"), "issuer"),
        (without("iss"), "issuer"),
        (with("aud", "other"), "audience"),
        (without("aud"), "audience"),
    ] {
        let answer = server.get_with(&RSA.sign(Some("r"), &bad), "/api/orders").await.expect(401);
        let challenge = answer.header("www-authenticate");
        assert!(
            challenge.contains("invalid_token") && challenge.contains(reason),
            "{bad}: {challenge}"
        );
    }
}

#[tokio::test]
async fn v13_a_token_without_a_user_is_403() {
    let (_provider, server) = with_keys(&[RSA.published(Some("r"))]).await;
    for bad in [
        without("sub"),
        with("sub", ""),
        with("sub", 7),
        with("sub", "x".repeat(201)),
        with("sub", "a\u{0}b"),
    ] {
        assert_eq!(status(&server, &RSA.sign(Some("r"), &bad)).await, 403, "{bad}");
    }
}

#[tokio::test]
async fn v13_signatures_and_algorithms_that_do_not_fit_are_401() {
    let (_provider, server) =
        with_keys(&[RSA.published(Some("r")), P256.published(Some("e"))]).await;
    let good = RSA.sign(Some("r"), &claims());
    assert_eq!(status(&server, &good).await, 200);

    let forged = OTHER_RSA.sign(Some("r"), &claims());
    let tampered = {
        let parts: Vec<_> = good.split('.').collect();
        let body = URL_SAFE_NO_PAD.encode(with("sub", "mallory").to_string());
        format!("{}.{body}.{}", parts[0], parts[2])
    };
    let encode = |header: Value| URL_SAFE_NO_PAD.encode(header.to_string());
    let body = URL_SAFE_NO_PAD.encode(claims().to_string());
    let none = |name: &str| {
        format!("{}.{body}.", encode(json!({ "alg": name, "typ": "JWT", "kid": "r" })))
    };
    let crit = Header {
        kid: Some("r".into()),
        crit: Some(vec!["exp".into()]),
        ..Header::new(Algorithm::RS256)
    };
    let crit = jsonwebtoken::encode(&crit, &claims(), &RSA.private).expect("a token");
    let cut = good[..good.len() - 4].to_owned();
    let cases = [
        ("another key under the same name", forged),
        ("other claims under the same signature", tampered),
        ("none", none("none")),
        ("None", none("None")),
        ("no algorithm", format!("{}.{body}.", encode(json!({ "kid": "r" })))),
        ("HMAC with the public key as PEM", hmac(Some("r"), RSA.public_pem.as_bytes())),
        ("HMAC with the empty key", hmac(Some("r"), b"")),
        ("the RSA key's name on an EC token", P256.sign(Some("r"), &claims())),
        ("the EC key's name on an RSA token", RSA.sign(Some("e"), &claims())),
        ("RS512 with the right key", other_algorithm(Algorithm::RS512)),
        ("PS256 with the right key", other_algorithm(Algorithm::PS256)),
        ("an unknown name", RSA.sign(Some("x"), &claims())),
        ("no name among several keys", RSA.sign(None, &claims())),
        ("an extension that must be understood", crit),
        ("a cut signature", cut),
        ("no JWT", "abc".to_owned()),
        ("four parts", format!("{good}.x")),
    ];
    for (what, token) in cases {
        assert_eq!(status(&server, &token).await, 401, "{what}");
    }
    assert_eq!(status(&server, &good).await, 200);
}

fn hmac(kid: Option<&str>, key: &[u8]) -> String {
    let header = Header { kid: kid.map(str::to_owned), ..Header::new(Algorithm::HS256) };
    jsonwebtoken::encode(&header, &claims(), &EncodingKey::from_secret(key)).expect("a token")
}

fn other_algorithm(algorithm: Algorithm) -> String {
    let header = Header { kid: Some("r".into()), ..Header::new(algorithm) };
    jsonwebtoken::encode(&header, &claims(), &RSA.private).expect("a token")
}

#[tokio::test]
async fn v13_one_key_needs_no_name_and_unfit_keys_are_passed_over() {
    let weak = KeyPair::rsa(1024);
    let symmetric = json!({ "kty": "oct", "k": URL_SAFE_NO_PAD.encode([7; 32]), "kid": "h" });
    let mut encrypting = OTHER_RSA.published(Some("c"));
    encrypting["use"] = "enc".into();
    let strange = json!({ "kty": "XYZ", "kid": "s" });
    let keys = [weak.published(Some("w")), symmetric, encrypting, strange, P256.published(None)];
    let (_provider, server) = with_keys(&keys).await;
    assert_eq!(status(&server, &P256.sign(None, &claims())).await, 200);
    for (what, token) in [
        ("a weak key", weak.sign(Some("w"), &claims())),
        ("a symmetric key", hmac(Some("h"), &[7; 32])),
        ("a key that encrypts", OTHER_RSA.sign(Some("c"), &claims())),
    ] {
        assert_eq!(status(&server, &token).await, 401, "{what}");
    }
}

#[tokio::test]
async fn v13_rotation_needs_no_restart_and_outages_keep_the_last_good_set() {
    let (provider, server) = with_keys(&[RSA.published(Some("1"))]).await;
    let (old, new) = (RSA.sign(Some("1"), &claims()), OTHER_RSA.sign(Some("2"), &claims()));
    assert_eq!((status(&server, &old).await, status(&server, &new).await), (200, 401));
    // Both are published for a while.
    provider.publish(Some(set(&[RSA.published(Some("1")), OTHER_RSA.published(Some("2"))])));
    assert_eq!((status(&server, &new).await, status(&server, &old).await), (200, 200));
    // The provider goes away, then talks nonsense: what was good stays good, and nothing new gets
    // in.
    for nonsense in [None, Some("<html>".to_owned()), Some("{\"keys\":[]}".to_owned())] {
        provider.publish(nonsense);
        let fresh = RSA.sign(Some("1"), &with("jti", provider.fetches() as i64));
        assert_eq!(
            (
                status(&server, &fresh).await,
                status(&server, &P256.sign(Some("3"), &claims())).await
            ),
            (200, 401)
        );
    }
    // The old key is withdrawn; the next fetch makes its tokens worthless, remembered or not.
    provider.publish(Some(set(&[OTHER_RSA.published(Some("2")), P256.published(Some("3"))])));
    assert_eq!(status(&server, &P256.sign(Some("3"), &claims())).await, 200);
    assert_eq!((status(&server, &old).await, status(&server, &new).await), (401, 200));
}

#[tokio::test]
async fn v13_keys_that_were_never_fetched_are_503() {
    let (provider, server) = with_keys(&[RSA.published(Some("r"))]).await;
    let good = provider.fetches();
    provider.publish(None);
    let token = RSA.sign(Some("r"), &claims());
    server.get_with(&token, "/api/orders").await.expect(503);
    assert!(provider.fetches() > good);
    provider.publish(Some(set(&[RSA.published(Some("r"))])));
    server.get_with(&token, "/api/orders").await.expect(200);
}

#[tokio::test]
async fn v13_an_authority_leads_to_its_keys_and_names_the_issuer() {
    let provider = KeyServer::start(&set(&[P256.published(Some("e"))])).await;
    let server = production(JwksLocation::Authority(provider.base.clone()), None).await;
    assert_eq!(
        status(&server, &P256.sign(Some("e"), &with("iss", provider.base.as_str()))).await,
        200
    );
    assert_eq!(status(&server, &P256.sign(Some("e"), &claims())).await, 401, "another issuer");
}

#[tokio::test]
async fn a_discovery_document_that_speaks_for_another_issuer_is_not_believed() {
    let provider = KeyServer::start(&set(&[P256.published(Some("e"))])).await;
    let token = P256.sign(Some("e"), &with("iss", "https://evil.example"));
    provider.call_yourself("https://evil.example");
    let server = production(JwksLocation::Authority(provider.base.clone()), None).await;
    assert_eq!(status(&server, &token).await, 503);
    assert_eq!(provider.fetches(), 0, "its keys are not even asked for");
    // Many write the authority without the slash their issuer ends with.
    provider.call_yourself(&format!("{}/", provider.base));
    let own = P256.sign(Some("e"), &with("iss", format!("{}/", provider.base).as_str()));
    assert_eq!(status(&server, &own).await, 200);
}

#[tokio::test]
async fn v13_accepted_tokens_are_not_checked_twice() {
    let (provider, server) = with_keys(&[RSA.published(Some("r"))]).await;
    let token = RSA.sign(Some("r"), &claims());
    for _ in 0..5 {
        assert_eq!(status(&server, &token).await, 200);
    }
    assert_eq!(provider.fetches(), 1);
}

#[tokio::test]
async fn v13_production_mode_has_no_development_tokens() {
    let (_provider, server) = with_keys(&[RSA.published(Some("r"))]).await;
    assert_eq!(status(&server, &server.token("ann")).await, 401, "HS256 is for development");
    let json = [("content-type", "application/json")];
    server.call(Method::POST, "/dev/token", &json, "{\"userId\":\"ann\"}").await.expect(404);
    let document = server.call(Method::GET, "/openapi.json", &[], "").await.body;
    assert!(document["paths"].get("/dev/token").is_none());
}

#[tokio::test]
async fn v13_development_mode_takes_its_own_tokens_only() {
    let server = Server::start().await;
    assert_eq!(status(&server, &server.token("ann")).await, 200);
    assert_eq!(status(&server, &RSA.sign(None, &claims())).await, 401);
    assert_eq!(status(&server, &hmac(None, b"another key of at least 32 bytes!")).await, 401);
    for bad in ["", "Basic YTpi", "Bearer", "Bearer "] {
        server.call(Method::GET, "/api/orders", &[("authorization", bad)], "").await.expect(401);
    }
    let lower = format!("bearer {}", server.token("ann"));
    server.call(Method::GET, "/api/orders", &[("authorization", &lower)], "").await.expect(200);
}

#[tokio::test]
async fn development_mode_that_nobody_asked_for_serves_this_machine_only() {
    let settings = HttpSettings { tokens_for_this_machine_only: true, ..HttpSettings::default() };
    let implied = Server::with(Setup { settings, ..Setup::default() }).await;
    let asked_for = Server::start().await;
    let body = "{\"userId\":\"ann\"}";
    let json = ("content-type", "application/json");
    implied.call(Method::POST, "/dev/token", &[json], body).await.expect(200);
    implied
        .call(Method::POST, "/dev/token", &[json, ("host", "localhost")], body)
        .await
        .expect(200);
    for foreign in [
        ("x-forwarded-for", "127.0.0.1"),
        ("forwarded", "for=127.0.0.1"),
        ("x-real-ip", "127.0.0.1"),
        ("x-forwarded-host", "localhost"),
        ("x-forwarded-proto", "https"),
        ("via", "1.1 proxy"),
        ("host", "shop.example"),
        ("host", "127.0.0.1.evil.example"),
    ] {
        let call = [json, foreign];
        implied.call(Method::POST, "/dev/token", &call, body).await.expect(403);
        asked_for.call(Method::POST, "/dev/token", &call, body).await.expect(200);
    }
}
