//! Migrations.

use contoso_shop::domain::Page;
use contoso_shop::ports::{Health, SchemaState};

use super::backends::{Harness, Tampering, course, order};

pub async fn migrating_twice_changes_nothing(h: Harness) {
    let before = h.stores.products.list(Page { offset: 0, size: 100 }).await.expect("list");
    let placed = h.created(order("ada", &[(&course(), 1)])).await;
    assert!(h.stores.schema.migrate().await.expect("migrate").is_empty());
    assert!(matches!(h.stores.schema.state().await.expect("state"), SchemaState::Current { .. }));
    assert_eq!(h.stores.products.list(Page { offset: 0, size: 100 }).await.expect("list"), before);
    assert_eq!(h.stores.orders.find(&placed.user, placed.id).await.expect("find"), Some(placed));
}

pub async fn a_newer_schema_is_refused(h: Harness) {
    let SchemaState::Current { version } = h.stores.schema.state().await.expect("state") else {
        panic!("not current")
    };
    h.tamper(Tampering::SchemaVersion(version + 1)).await;
    let ahead = SchemaState::Ahead { version: version + 1, wanted: version };
    assert_eq!(h.stores.schema.state().await.expect("state"), ahead);
    let refused = h.stores.schema.migrate().await.expect_err("a newer schema");
    assert!(!refused.is_transient());
    assert!(refused.to_string().contains("version"), "{refused}");
}

pub async fn a_database_that_answers_is_healthy(h: Harness) {
    let health = h.stores.health.check(std::time::Duration::from_secs(5)).await;
    assert_ne!(health.status, Health::Unhealthy);
    assert_eq!(h.stores.health.name(), "sql");
    assert!(health.duration_ms > 0.0);
}

over_every_store!(
    migrating_twice_changes_nothing,
    a_newer_schema_is_refused,
    a_database_that_answers_is_healthy
);
