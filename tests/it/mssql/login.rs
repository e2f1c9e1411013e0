//! Connecting: refused, in vain, and what is said of oneself.

use std::time::{Duration, Instant};

use contoso_shop::adapters::mssql::{MssqlOptions, MssqlStore};
use contoso_shop::domain::CorrelationId;
use contoso_shop::ports::{Health, StoreError};

use super::double::{Double, Gate, Identity, Login, Reply};
use super::samples::{PING, SNAPSHOT, options, snapshot_set, store};
use crate::support::redis_server::free_port;

/// The error of a snapshot that cannot work, and how long it took.
async fn fails(store: &MssqlStore) -> (StoreError, Duration) {
    let start = Instant::now();
    let error = store
        .stores()
        .orders
        .snapshot(CorrelationId::generate())
        .await
        .expect_err("it cannot work");
    assert!(!format!("{error} {error:?}").contains("hunter2"), "{error:?}");
    (error, start.elapsed())
}

#[tokio::test]
async fn a_refused_login_is_told_at_once_and_not_tried_again() {
    let double = Double::start().await;
    double.gate(Gate::Refuse(18456));
    let (error, took) = fails(&store(&double)).await;
    assert!(
        error.is_transient(),
        "clients hear 503, the password may be about to change: {error:?}"
    );
    assert!(
        error.to_string().contains("18456") && error.to_string().contains("login failed"),
        "{error}"
    );
    assert!(took < Duration::from_secs(4), "not after the acquire timeout: {took:?}");
    assert_eq!(double.opened(), 1);
}

#[tokio::test]
async fn a_login_refused_for_the_moment_is_tried_again() {
    let double = Double::start().await;
    let id = CorrelationId::generate();
    double.always(SNAPSHOT, Reply::Answer(vec![snapshot_set(id, "ACCEPTED")]));
    double.gate(Gate::Refuse(40613));
    let store = store(&double);
    let (error, _) = fails(&store).await;
    assert!(error.to_string().contains("40613"), "{error}");
    assert_eq!(double.opened(), 3, "three tries");
    double.gate(Gate::Open);
    assert!(
        store.stores().orders.snapshot(id).await.expect("recovered without a restart").is_some()
    );
}

#[tokio::test]
async fn a_connection_cut_during_login_is_unavailable() {
    let double = Double::start().await;
    double.gate(Gate::Sever);
    let (error, took) = fails(&store(&double)).await;
    assert!(error.is_transient(), "{error:?}");
    assert!(took < Duration::from_secs(4), "{took:?}");
}

#[tokio::test]
async fn a_login_that_is_never_answered_ends_with_the_connect_timeout() {
    let double = Double::start().await;
    double.gate(Gate::Silence);
    let mut options = options(&double, "");
    options.retry.attempts = 1;
    options.pool.connect_timeout = Duration::from_millis(200);
    let (error, took) = fails(&MssqlStore::connect(options).expect("options")).await;
    assert!(error.is_transient() && error.to_string().contains("200ms"), "{error}");
    assert!(took < Duration::from_secs(4), "{took:?}");
}

#[tokio::test]
async fn a_server_that_is_not_there_is_unavailable_at_once() {
    let text =
        format!("Server=127.0.0.1,{};User Id=app;Password=hunter2;Encrypt=False", free_port());
    let mut options = MssqlOptions::new(text);
    options.retry.backoff.first = Duration::from_millis(1);
    let store = MssqlStore::connect(options).expect("options");
    let (error, took) = fails(&store).await;
    assert!(error.is_transient() && error.to_string().contains("refused"), "{error}");
    assert!(took < Duration::from_secs(4), "{took:?}");
    let health = store.stores().health.check(Duration::from_secs(2)).await;
    assert_eq!(health.status, Health::Unhealthy);
}

#[tokio::test]
async fn encryption_that_the_server_does_not_offer_is_not_done_without() {
    let double = Double::start().await;
    double.gate(Gate::NoEncryption);
    for encrypt in ["", "Encrypt=True;", "Encrypt=False;"] {
        let text = format!(
            "Server=127.0.0.1,{};User Id=app;Password=hunter2;TrustServerCertificate=True;{encrypt}",
            double.address().port()
        );
        let mut options = MssqlOptions::new(text);
        options.retry.attempts = 1;
        let (error, _) = fails(&MssqlStore::connect(options).expect("options")).await;
        assert!(error.is_transient(), "{encrypt} {error:?}");
    }
    assert_eq!(double.logins(), [], "no password went over the wire in the clear");
}

#[tokio::test]
async fn a_login_tells_application_database_and_intent() {
    let double = Double::start().await;
    let health = store(&double).stores().health.check(Duration::from_secs(5)).await;
    assert_eq!(health.status, Health::Healthy, "{health:?}");
    let named = MssqlStore::connect(options(
        &double,
        "Application Name=worker-7;ApplicationIntent=ReadOnly",
    ))
    .expect("options");
    named.stores().health.check(Duration::from_secs(5)).await;
    let login = |application: &str, read_only| Login {
        user: "app".to_owned(),
        application: application.to_owned(),
        database: "shop".to_owned(),
        read_only,
    };
    assert_eq!(double.logins(), [login("contoso-shop", false), login("worker-7", true)]);
    assert_eq!(double.requests(PING).len(), 2);
}

#[tokio::test]
async fn a_certificate_is_checked_before_anything_is_said() {
    let identity = Identity::generate();
    let trusting = format!("ServerCertificate={}", identity.ca().display());
    let other = Identity::generate();
    let mistaken = format!("ServerCertificate={}", other.ca().display());
    let double = Double::start_with_tls(identity).await;
    let id = CorrelationId::generate();
    double.always(SNAPSHOT, Reply::Answer(vec![snapshot_set(id, "ACCEPTED")]));
    let store = |how: &str| {
        let text = format!(
            "Server=127.0.0.1,{};User Id=app;Password=hunter2;{how}",
            double.address().port()
        );
        let mut options = MssqlOptions::new(text);
        options.pool.min = 0;
        options.retry.attempts = 1;
        MssqlStore::connect(options).expect("options")
    };
    let (error, _) = fails(&store(&mistaken)).await;
    assert!(error.is_transient() && error.to_string().contains("certificate"), "{error}");
    assert_eq!(double.logins(), [], "no login before the certificate is believed");
    for how in [
        trusting,
        "TrustServerCertificate=True".to_owned(),
        "TrustServerCertificate=True;Encrypt=False".to_owned(),
        "Encrypt=False".to_owned(),
    ] {
        let order = store(&how)
            .stores()
            .orders
            .snapshot(id)
            .await
            .unwrap_or_else(|error| panic!("{how}: {error}"));
        assert!(order.is_some(), "{how}");
    }
    assert_eq!(double.logins().len(), 4, "each over TLS, for this server speaks nothing else");
}
