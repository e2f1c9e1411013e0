//! Units of work: one batch each, with what is known about sending it again.

/// What sending a unit again means after an attempt whose end is unknown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Repeat {
    /// Nothing is changed, or changing it twice is changing it once.
    Harmless,
    /// The batch itself looks first whether an earlier attempt was committed, by a key that is
    /// unique to the call: the correlation id, the event id, the unique key or the exchange id.
    /// Then it repeats the answer of then. A race of both attempts is decided by a unique index or
    /// by the row that both lock first.
    Keyed,
    /// It must not be sent again: the caller learns that the end is unknown.
    Never,
}

/// One batch.
#[derive(Debug)]
pub(super) struct Unit {
    /// Its name, as in `sql/` and in metrics.
    pub(super) name: &'static str,
    /// Its text.
    pub(super) sql: &'static str,
    /// May it be sent again?
    pub(super) repeat: Repeat,
}

macro_rules! units {
    ($($constant:ident = $name:literal, $repeat:ident;)+) => {
        $(pub(super) const $constant: Unit =
            Unit { name: $name, sql: include_str!(concat!("sql/", $name, ".sql")), repeat: Repeat::$repeat };)+
    };
}

units! {
    PING = "ping", Harmless;
    SCHEMA_VERSION = "schema_version", Harmless;
    LIST_PRODUCTS = "list_products", Harmless;
    FIND_PRODUCT = "find_product", Harmless;
    STOCK_LEVELS = "stock_levels", Harmless;
    SET_STOCK = "set_stock", Harmless;
    PLACE_ORDER = "place_order", Keyed;
    ADVANCE_ORDER = "advance_order", Keyed;
    REMOVE_ORDER = "remove_order", Keyed;
    REQUEUE_ORDER = "requeue_order", Keyed;
    FIND_ORDER = "find_order", Harmless;
    LIST_ORDERS = "list_orders", Harmless;
    LIST_ORDERS_AFTER = "list_orders_after", Harmless;
    SNAPSHOT = "snapshot", Harmless;
    SNAPSHOT_BY_ID = "snapshot_by_id", Harmless;
    FORGET_IDEMPOTENCY = "forget_idempotency", Harmless;
    OUTBOX_CLAIM = "outbox_claim", Harmless;
    OUTBOX_MARK = "outbox_mark", Harmless;
    OUTBOX_READ_AFTER = "outbox_read_after", Harmless;
    OUTBOX_OF_ORDER = "outbox_of_order", Harmless;
    OUTBOX_LAST = "outbox_last", Harmless;
    OUTBOX_BACKLOG = "outbox_backlog", Harmless;
    OUTBOX_PRUNE = "outbox_prune", Harmless;
    JOBS_ENQUEUE_KEYED = "jobs_enqueue", Keyed;
    JOBS_ENQUEUE = "jobs_enqueue", Never;
    JOBS_REGISTER = "jobs_register", Harmless;
    JOBS_HEARTBEAT = "jobs_heartbeat", Harmless;
    JOBS_EXCHANGE = "jobs_exchange", Keyed;
    JOBS_HELD = "jobs_held", Harmless;
    JOBS_RECOVER = "jobs_recover", Harmless;
    JOBS_UNREGISTER = "jobs_unregister", Harmless;
    JOBS_SERVERS = "jobs_servers", Harmless;
    JOBS_DEPTHS = "jobs_depths", Harmless;
    JOBS_FIND = "jobs_find", Harmless;
    JOBS_FAILED = "jobs_failed", Harmless;
    JOBS_REQUEUE = "jobs_requeue", Never;
    JOBS_PRUNE = "jobs_prune", Harmless;
    REPORT_ORDERS_PER_DAY = "report_orders_per_day", Harmless;
    REPORT_REVENUE_BY_VENDOR = "report_revenue_by_vendor", Harmless;
    REPORT_STATUS_COUNTS = "report_status_counts", Harmless;
    CLAIM_ROUND = "claim_round", Keyed;
    STUCK_ORDERS = "stuck_orders", Harmless;
}
