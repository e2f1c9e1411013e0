//! Sums over orders.

use std::time::Duration;

use contoso_shop::domain::{
    Day, DayOrders, Money, OrderStatus, OrderVersion, StatusCount, Timestamp, Transition,
    VendorRevenue,
};

use super::backends::{Harness, course, keyboard, order, step};

/// The day of `instant` and the next one, in case midnight comes.
fn span(instant: Timestamp) -> (Timestamp, Timestamp) {
    let day = Day::of(instant);
    (day.start(), Day(day.0 + 2).start())
}

async fn counts(h: &Harness, (from, to): (Timestamp, Timestamp)) -> Vec<StatusCount> {
    let mut counts = h.stores.reports.status_counts(from, to).await.expect("report");
    counts.sort_by_key(|line| OrderVersion::usual(line.status));
    counts
}

pub async fn without_orders_there_is_nothing_to_report(h: Harness) {
    let (from, to) = (Timestamp::from_micros(0), Timestamp::from_micros(i64::MAX / 2));
    assert_eq!(h.stores.reports.orders_per_day(from, to).await.expect("report"), []);
    assert_eq!(h.stores.reports.revenue_by_vendor(from, to).await.expect("report"), []);
    assert_eq!(counts(&h, (from, to)).await, []);
}

pub async fn orders_are_counted_by_day_and_status(h: Harness) {
    let first = h.created(order("ada", &[(&course(), 2)])).await;
    let second = h.created(order("bob", &[(&keyboard(), 1)])).await;
    let hidden = h.created(order("bob", &[(&keyboard(), 1)])).await;
    h.stores
        .orders
        .advance(step(second.correlation_id, Transition::processing_started()))
        .await
        .expect("advance");
    h.stores
        .orders
        .remove(&hidden.user, hidden.id, contoso_shop::domain::EventId::generate())
        .await
        .expect("remove");

    let (from, to) = span(first.created_at);
    let days = h.stores.reports.orders_per_day(from, to).await.expect("report");
    let total = Money::from_cents(first.total().cents + second.total().cents);
    let sum = |of: fn(&DayOrders) -> i64| days.iter().map(of).sum::<i64>();
    assert_eq!(
        (sum(|day| i64::try_from(day.orders).expect("few")), sum(|day| day.total.cents)),
        (2, total.cents),
        "{days:?}"
    );
    assert_eq!(days[0].day, Day::of(first.created_at));
    let line = |status| StatusCount { status, orders: 1 };
    assert_eq!(
        counts(&h, (from, to)).await,
        [line(OrderStatus::Accepted), line(OrderStatus::Processing)]
    );

    let end = second.created_at.plus(Duration::from_micros(1));
    assert_eq!(counts(&h, (end, to)).await, [], "from counts, before does not");
    assert_eq!(counts(&h, (from, first.created_at)).await, []);
}

pub async fn revenue_is_what_completed_orders_brought(h: Harness) {
    let sold = h.created(order("ada", &[(&course(), 2)])).await;
    let open = h.created(order("ada", &[(&course(), 1)])).await;
    for transition in [Transition::processing_started(), Transition::completed()] {
        h.stores.orders.advance(step(sold.correlation_id, transition)).await.expect("advance");
    }
    let vendor = h.stores.products.find(&course()).await.expect("find").expect("seeded").vendor;
    let (from, to) = span(open.created_at);
    let revenue = h.stores.reports.revenue_by_vendor(from, to).await.expect("report");
    assert_eq!(revenue, [VendorRevenue { vendor, orders: 1, pieces: 2, revenue: sold.total() }]);
}

over_every_store!(
    without_orders_there_is_nothing_to_report,
    orders_are_counted_by_day_and_status,
    revenue_is_what_completed_orders_brought,
);
