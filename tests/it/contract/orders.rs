//! Orders: accepting, moving on, listing, deleting.

use std::collections::HashSet;
use std::time::Duration;

use contoso_shop::domain::{
    CorrelationId, EventId, JobId, JobState, Money, OrderCursor, OrderId, OrderStatus,
    OrderVersion, Page, Sku, Transition, UserId,
};
use contoso_shop::ports::{
    Acknowledgement, AdvanceOrder, Advanced, IdempotencyKey, Lease, NewOrder, OrderFilter, Outcome,
    Placed, Removed, RequeueOrder, RequeuedOrder, Shortage,
};

use super::backends::{
    Harness, Tampering, course, job, keyboard, lamp, leased, order, queue, server, step,
};

const ALL: Page = Page { offset: 0, size: 100 };

fn keyed(order: NewOrder, key: &str, fingerprint: u8) -> NewOrder {
    NewOrder {
        idempotency: Some(IdempotencyKey { key: key.to_owned(), fingerprint: [fingerprint; 32] }),
        ..order
    }
}

async fn total(h: &Harness, user: &str) -> u64 {
    h.stores
        .orders
        .list(&UserId::new(user), &OrderFilter::default(), ALL)
        .await
        .expect("list")
        .total
}

/// How many events were written.
async fn events(h: &Harness) -> usize {
    h.stores.outbox.read_after(0, 1000).await.expect("read").len()
}

async fn advance(h: &Harness, step: AdvanceOrder) -> Advanced {
    h.stores.orders.advance(step).await.expect("advance")
}

/// The order moved to Processing.
async fn processing(h: &Harness, new: NewOrder) -> contoso_shop::domain::Order {
    let order = h.created(new).await;
    let moved = advance(h, step(order.correlation_id, Transition::processing_started())).await;
    assert!(matches!(moved, Advanced::Applied(..)), "{moved:?}");
    order
}

async fn stock(h: &Harness, sku: &Sku) -> Option<u32> {
    h.stores.products.find(sku).await.expect("find").expect("product").stock
}

pub async fn a_placed_order_is_found_with_its_lines(h: Harness) {
    let new = order("ada", &[(&course(), 2), (&keyboard(), 1)]);
    let placed = h.created(new.clone()).await;
    assert_eq!(placed.correlation_id, new.correlation_id);
    assert_eq!((placed.status, placed.updated_at), (OrderStatus::Accepted, placed.created_at));
    let found = h.stores.orders.find(&UserId::new("ada"), placed.id).await.expect("find");
    assert_eq!(found, Some(placed.clone()));
    assert_eq!(
        h.stores.orders.snapshot(new.correlation_id).await.expect("snapshot"),
        Some(placed.snapshot())
    );
    let by_id =
        h.stores.orders.snapshot_by_id(&UserId::new("ada"), placed.id).await.expect("snapshot");
    assert_eq!(by_id, Some(placed.snapshot()));
}

pub async fn the_discount_is_taken_off_the_unit_price(h: Harness) {
    let product = h.stores.products.find(&course()).await.expect("find").expect("seeded");
    assert!(product.discount > 0, "the case needs a discounted product");
    let placed = h.created(order("ada", &[(&course(), 3)])).await;
    assert_eq!(placed.lines[0].unit_price, product.price());
    assert_eq!(placed.total(), placed.lines[0].unit_price.times(3));
    assert_eq!(
        (&placed.lines[0].product_name, &placed.lines[0].image_url),
        (&product.name, &product.image_url)
    );
}

pub async fn prices_are_frozen_when_the_order_is_accepted(h: Harness) {
    let placed = processing(&h, order("ada", &[(&keyboard(), 2)])).await;
    h.tamper(Tampering::Price(keyboard(), 1)).await;
    let found =
        h.stores.orders.find(&UserId::new("ada"), placed.id).await.expect("find").expect("order");
    assert_eq!(found.total(), placed.total());
    let dearer = h.created(order("ada", &[(&keyboard(), 2)])).await;
    assert_eq!(dearer.total(), Money::from_cents(2), "a new order pays today's price");
    let moved = advance(&h, step(placed.correlation_id, Transition::completed())).await;
    assert!(
        matches!(moved, Advanced::Applied(..)),
        "today's price is nothing to an accepted order: {moved:?}"
    );
}

pub async fn unknown_products_store_nothing(h: Harness) {
    let (nope, gone) = (Sku::parse("NOPE-1").expect("sku"), lamp());
    h.tamper(Tampering::Withdraw(gone.clone())).await;
    let new = keyed(order("ada", &[(&nope, 1), (&course(), 1), (&gone, 1)]), "k", 1);
    let placed = h.stores.orders.place(new.clone()).await.expect("place");
    assert_eq!(placed, Placed::UnknownProducts(vec![nope, gone]));
    assert_eq!(h.stores.orders.snapshot(new.correlation_id).await.expect("snapshot"), None);
    assert_eq!(total(&h, "ada").await, 0);
    assert!(h.stores.jobs.depths().await.expect("depths").is_empty(), "no job without an order");
    let corrected = keyed(order("ada", &[(&course(), 1)]), "k", 2);
    h.created(corrected).await;
}

pub async fn the_job_is_stored_with_the_order(h: Harness) {
    h.created(order("ada", &[(&course(), 1)])).await;
    let depths = h.stores.jobs.depths().await.expect("depths");
    assert_eq!(
        depths.iter().map(|d| (d.queue.as_str(), d.ready)).collect::<Vec<_>>(),
        [("default", 1)]
    );
}

pub async fn the_same_key_and_body_yields_the_first_order(h: Harness) {
    let first = h.created(keyed(order("ada", &[(&course(), 1)]), "key", 1)).await;
    advance(&h, step(first.correlation_id, Transition::processing_started())).await;
    let again = h
        .stores
        .orders
        .place(keyed(order("ada", &[(&course(), 1)]), "key", 1))
        .await
        .expect("place");
    assert_eq!(again, Placed::Replayed(first), "as it was accepted, not as it stands");
    assert_eq!(total(&h, "ada").await, 1);
    assert_eq!(
        h.stores.jobs.depths().await.expect("depths")[0].ready,
        1,
        "a replay has no job of its own"
    );
}

pub async fn a_replay_survives_deletion(h: Harness) {
    let first = h.created(keyed(order("ada", &[(&course(), 1)]), "key", 1)).await;
    h.stores.orders.remove(&first.user, first.id, EventId::generate()).await.expect("remove");
    let again = h
        .stores
        .orders
        .place(keyed(order("ada", &[(&course(), 1)]), "key", 1))
        .await
        .expect("place");
    assert_eq!(again, Placed::Replayed(first));
}

pub async fn the_same_key_with_another_body_is_refused(h: Harness) {
    h.created(keyed(order("ada", &[(&course(), 1)]), "key", 1)).await;
    let other = h
        .stores
        .orders
        .place(keyed(order("ada", &[(&course(), 2)]), "key", 2))
        .await
        .expect("place");
    assert_eq!(other, Placed::KeyReused);
    assert_eq!(total(&h, "ada").await, 1);
}

pub async fn keys_of_two_users_are_two_keys(h: Harness) {
    h.created(keyed(order("ada", &[(&course(), 1)]), "key", 1)).await;
    h.created(keyed(order("bob", &[(&course(), 2)]), "key", 2)).await;
}

pub async fn user_ids_and_keys_are_compared_byte_by_byte(h: Harness) {
    let lower = h.created(keyed(order("ada", &[(&course(), 1)]), "key", 1)).await;
    h.created(keyed(order("ada", &[(&course(), 1)]), "KEY", 2)).await;
    h.created(keyed(order("Ada", &[(&course(), 1)]), "key", 3)).await;
    assert_eq!((total(&h, "ada").await, total(&h, "Ada").await), (2, 1));
    assert_eq!(h.stores.orders.find(&UserId::new("ADA"), lower.id).await.expect("find"), None);
}

pub async fn a_key_is_forgotten_after_a_day(h: Harness) {
    let first = h.created(keyed(order("ada", &[(&course(), 1)]), "key", 1)).await;
    h.tamper(Tampering::AgeIdempotency(Duration::from_secs(24 * 3600 + 1))).await;
    let second = h.created(keyed(order("ada", &[(&course(), 2)]), "key", 2)).await;
    assert_ne!(first.id, second.id);
    let again = h
        .stores
        .orders
        .place(keyed(order("ada", &[(&course(), 2)]), "key", 2))
        .await
        .expect("place");
    assert_eq!(again, Placed::Replayed(second), "the new record took the old one's place");
    assert_eq!(h.stores.orders.forget_idempotency(10).await.expect("forget"), 0);
    h.created(keyed(order("ada", &[(&course(), 2)]), "other", 2)).await;
    h.tamper(Tampering::AgeIdempotency(Duration::from_secs(24 * 3600 + 1))).await;
    assert_eq!(
        h.stores.orders.forget_idempotency(1).await.expect("forget"),
        1,
        "at most the limit"
    );
    assert_eq!(h.stores.orders.forget_idempotency(10).await.expect("forget"), 1);
}

pub async fn fifty_simultaneous_requests_with_one_key_store_one_order(h: Harness) {
    let mut calls = tokio::task::JoinSet::new();
    for _ in 0..50 {
        let orders = h.stores.orders.clone();
        calls.spawn(async move {
            orders.place(keyed(order("ada", &[(&course(), 1)]), "key", 1)).await.expect("place")
        });
    }
    let (mut created, mut ids) = (0, HashSet::new());
    for placed in calls.join_all().await {
        match placed {
            Placed::Created(order, _) => {
                created += 1;
                ids.insert(order.id);
            }
            Placed::Replayed(order) => {
                ids.insert(order.id);
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!((created, ids.len(), total(&h, "ada").await), (1, 1, 1));
}

pub async fn every_legal_move_is_applied_once(h: Harness) {
    let placed = h.created(order("ada", &[(&course(), 1)])).await;
    let id = placed.correlation_id;
    for (transition, status) in [
        (Transition::processing_started(), OrderStatus::Processing),
        (Transition::completed(), OrderStatus::Completed),
    ] {
        let Advanced::Applied(moved, _) = advance(&h, step(id, transition)).await else {
            panic!("to {status:?}")
        };
        assert_eq!((moved.status, moved.order_id, &moved.user), (status, placed.id, &placed.user));
        assert!(moved.updated_at >= placed.created_at);
        assert_eq!(advance(&h, step(id, transition)).await, Advanced::Already(moved.clone()));
        assert_eq!(h.stores.orders.snapshot(id).await.expect("snapshot"), Some(moved));
    }
    let statuses: Vec<_> = h
        .stores
        .outbox
        .read_after(0, 10)
        .await
        .expect("read")
        .into_iter()
        .map(|e| e.event.status)
        .collect();
    assert_eq!(
        statuses,
        [OrderStatus::Accepted, OrderStatus::Processing, OrderStatus::Completed],
        "one event per move that was made"
    );
}

pub async fn an_event_tells_what_was_committed(h: Harness) {
    let placed = h.created(order("ada", &[(&course(), 1)])).await;
    let trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".to_owned();
    let asked = AdvanceOrder {
        trace_parent: Some(trace.clone()),
        reason: Some("a reason".to_owned()),
        ..step(placed.correlation_id, Transition::failed())
    };
    let Advanced::Applied(moved, _) = advance(&h, asked.clone()).await else { panic!("refused") };
    let entries = h.stores.outbox.read_after(0, 10).await.expect("read");
    let [_, entry] = entries.as_slice() else { panic!("{entries:?}") };
    assert_eq!(entry.event.event_id, asked.event_id);
    assert_eq!(
        (entry.event.correlation_id, entry.event.order_id),
        (placed.correlation_id, placed.id)
    );
    assert_eq!(
        (entry.event.status, entry.event.occurred_at),
        (OrderStatus::Failed, moved.updated_at)
    );
    assert_eq!(entry.event.trace_parent, Some(trace));
}

pub async fn illegal_moves_write_nothing(h: Harness) {
    let placed = h.created(order("ada", &[(&course(), 1)])).await;
    let refused = advance(&h, step(placed.correlation_id, Transition::completed())).await;
    assert_eq!(refused, Advanced::Refused(placed.snapshot()));
    advance(&h, step(placed.correlation_id, Transition::failed())).await;
    for transition in
        [Transition::processing_started(), Transition::completed(), Transition::cancelled()]
    {
        let refused = advance(&h, step(placed.correlation_id, transition)).await;
        assert!(
            matches!(&refused, Advanced::Refused(o) if o.status == OrderStatus::Failed),
            "{refused:?}"
        );
    }
    assert_eq!(events(&h).await, 2, "only the one legal move");
}

pub async fn an_unknown_order_is_not_found(h: Harness) {
    let unknown = order("ada", &[(&course(), 1)]).correlation_id;
    assert_eq!(advance(&h, step(unknown, Transition::failed())).await, Advanced::NotFound);
    assert_eq!(h.stores.orders.snapshot(unknown).await.expect("snapshot"), None);
    let (ada, id) = (UserId::new("ada"), OrderId(12345));
    assert_eq!(h.stores.orders.find(&ada, id).await.expect("find"), None);
    assert_eq!(h.stores.orders.snapshot_by_id(&ada, id).await.expect("snapshot"), None);
}

pub async fn a_lost_lease_moves_nothing(h: Harness) {
    let placed =
        h.created(NewOrder { job: job("orders"), ..order("ada", &[(&course(), 1)]) }).await;
    let info = server("one", &["orders"]);
    h.stores.jobs.register(&info).await.expect("register");
    let jobs = h
        .stores
        .jobs
        .exchange(&info.id, vec![], &[queue("orders")], 1)
        .await
        .expect("exchange")
        .jobs;
    let lease = jobs[0].lease;
    let asked = step(placed.correlation_id, Transition::processing_started());
    for stale in
        [Lease { fence: lease.fence + 1, ..lease }, Lease { fence: lease.fence - 1, ..lease }]
    {
        assert_eq!(advance(&h, leased(asked.clone(), stale)).await, Advanced::LeaseLost);
    }
    assert!(matches!(advance(&h, leased(asked, lease)).await, Advanced::Applied(..)));
    h.stores.jobs.unregister(&info.id).await.expect("unregister");
    let late = step(placed.correlation_id, Transition::completed());
    assert_eq!(advance(&h, leased(late, lease)).await, Advanced::LeaseLost);
    assert_eq!(events(&h).await, 2);
}

pub async fn accepting_takes_the_pieces_from_stock(h: Harness) {
    h.tamper(Tampering::Stock(lamp(), 3)).await;
    let placed = processing(&h, order("ada", &[(&course(), 5), (&lamp(), 2)])).await;
    assert_eq!(stock(&h, &lamp()).await, Some(1));
    assert_eq!(stock(&h, &course()).await, None, "what cannot run out is not counted");
    advance(&h, step(placed.correlation_id, Transition::completed())).await;
    assert_eq!(stock(&h, &lamp()).await, Some(1), "taken once");
}

pub async fn what_is_short_is_named_and_nothing_is_stored(h: Harness) {
    h.tamper(Tampering::Stock(lamp(), 1)).await;
    let before = stock(&h, &keyboard()).await;
    let short = keyed(order("ada", &[(&keyboard(), 1), (&lamp(), 2)]), "k", 1);
    let placed = h.stores.orders.place(short.clone()).await.expect("place");
    assert_eq!(placed, Placed::OutOfStock(vec![Shortage { product: lamp(), left: 1 }]));
    assert_eq!((stock(&h, &keyboard()).await, stock(&h, &lamp()).await), (before, Some(1)));
    assert_eq!((total(&h, "ada").await, events(&h).await), (0, 0));
    assert_eq!(h.stores.jobs.depths().await.expect("depths"), []);
    h.tamper(Tampering::Stock(lamp(), 2)).await;
    let again = h.stores.orders.place(short).await.expect("place");
    assert!(matches!(again, Placed::Created(..)), "the key stands for nothing yet: {again:?}");
}

pub async fn the_last_piece_is_sold_once(h: Harness) {
    h.tamper(Tampering::Stock(lamp(), 1)).await;
    let mut calls = tokio::task::JoinSet::new();
    for n in 0..8 {
        let orders = h.stores.orders.clone();
        let new = order(&format!("user-{n}"), &[(&lamp(), 1)]);
        calls.spawn(async move { orders.place(new).await.expect("place") });
    }
    let ends = calls.join_all().await;
    let created = ends.iter().filter(|end| matches!(end, Placed::Created(..))).count();
    let none_left = Placed::OutOfStock(vec![Shortage { product: lamp(), left: 0 }]);
    let short = ends.iter().filter(|end| **end == none_left).count();
    assert_eq!((created, short, stock(&h, &lamp()).await), (1, 7, Some(0)));
}

pub async fn what_fails_or_is_cancelled_gives_its_pieces_back_once(h: Harness) {
    h.tamper(Tampering::Stock(lamp(), 3)).await;
    let failing = processing(&h, order("ada", &[(&course(), 5), (&lamp(), 2)])).await;
    advance(&h, step(failing.correlation_id, Transition::failed())).await;
    advance(&h, step(failing.correlation_id, Transition::failed())).await;
    assert_eq!(stock(&h, &lamp()).await, Some(3));
    let cancelled = h.created(order("ada", &[(&lamp(), 3)])).await;
    assert_eq!(stock(&h, &lamp()).await, Some(0));
    for _ in 0..2 {
        let event_id = EventId::generate();
        h.stores.orders.remove(&cancelled.user, cancelled.id, event_id).await.expect("remove");
    }
    assert_eq!(stock(&h, &lamp()).await, Some(3));
    let unlimited = h.created(order("ada", &[(&lamp(), 1)])).await;
    h.stores.products.set_stock(&lamp(), None).await.expect("set");
    advance(&h, step(unlimited.correlation_id, Transition::failed())).await;
    assert_eq!(stock(&h, &lamp()).await, None, "what cannot run out is not counted");
}

pub async fn completing_what_the_release_before_accepted_takes_its_pieces(h: Harness) {
    let placed = processing(&h, order("ada", &[(&keyboard(), 1), (&lamp(), 2)])).await;
    h.tamper(Tampering::NothingTaken(placed.correlation_id)).await;
    h.tamper(Tampering::Stock(lamp(), 1)).await;
    let before = stock(&h, &keyboard()).await.expect("limited");
    let complete = || advance(&h, step(placed.correlation_id, Transition::completed()));
    assert_eq!(complete().await, Advanced::Shortage(lamp()));
    assert_eq!((stock(&h, &keyboard()).await, stock(&h, &lamp()).await), (Some(before), Some(1)));
    h.tamper(Tampering::Stock(lamp(), 3)).await;
    assert!(matches!(complete().await, Advanced::Applied(..)));
    complete().await;
    let left = (stock(&h, &keyboard()).await, stock(&h, &lamp()).await);
    assert_eq!(left, (Some(before - 1), Some(1)), "taken once");
}

/// An order that its job has given up.
async fn given_up(h: &Harness, new: NewOrder) -> (contoso_shop::domain::Order, JobId) {
    let placed = h.created(NewOrder { job: job("orders"), ..new }).await;
    let info = server("one", &["orders"]);
    h.stores.jobs.register(&info).await.expect("register");
    let queues = [queue("orders")];
    let exchange = |done| h.stores.jobs.exchange(&info.id, done, &queues, 1);
    let lease = exchange(vec![]).await.expect("exchange").jobs[0].lease;
    advance(h, leased(step(placed.correlation_id, Transition::failed()), lease)).await;
    let outcome = Outcome::Failed { error: "x".to_owned() };
    exchange(vec![Acknowledgement { lease, outcome }]).await.expect("exchange");
    h.stores.jobs.unregister(&info.id).await.expect("unregister");
    (placed, lease.job)
}

async fn requeue(h: &Harness, correlation_id: CorrelationId, job: JobId) -> RequeuedOrder {
    let event_id = EventId::generate();
    h.stores.orders.requeue(RequeueOrder { correlation_id, job, event_id }).await.expect("requeue")
}

pub async fn a_failed_order_is_accepted_again_with_its_job(h: Harness) {
    h.tamper(Tampering::Stock(lamp(), 3)).await;
    let (placed, job) = given_up(&h, order("ada", &[(&course(), 1), (&lamp(), 2)])).await;
    let id = placed.correlation_id;
    let RequeuedOrder::Done(accepted, entry) = requeue(&h, id, job).await else { panic!() };
    assert_eq!((accepted.status, accepted.version.number()), (OrderStatus::Accepted, 3));
    assert_eq!(h.stores.orders.snapshot(id).await.expect("snapshot"), Some(accepted));
    assert_eq!((entry.event.status, entry.event.version.number()), (OrderStatus::Accepted, 3));
    assert_eq!(h.stores.outbox.read_after(0, 10).await.expect("read")[2], entry);
    assert_eq!(stock(&h, &lamp()).await, Some(1));
    let found = h.stores.jobs.find(job).await.expect("find").expect("job");
    assert_eq!((found.state, found.attempts), (JobState::Enqueued, 0));
    assert_eq!(requeue(&h, id, job).await, RequeuedOrder::NotFailed(OrderStatus::Accepted));
    for transition in [Transition::processing_started(), Transition::completed()] {
        let moved = advance(&h, step(id, transition)).await;
        assert!(matches!(moved, Advanced::Applied(..)), "{moved:?}");
    }
    assert_eq!(stock(&h, &lamp()).await, Some(1), "taken once");
    assert_eq!(requeue(&h, id, job).await, RequeuedOrder::NotFailed(OrderStatus::Completed));
    assert_eq!(events(&h).await, 5);
}

pub async fn what_cannot_be_requeued_stays_failed(h: Harness) {
    h.tamper(Tampering::Stock(lamp(), 3)).await;
    let (placed, job) = given_up(&h, order("ada", &[(&keyboard(), 1), (&lamp(), 2)])).await;
    let id = placed.correlation_id;
    let before = stock(&h, &keyboard()).await;
    h.tamper(Tampering::Stock(lamp(), 1)).await;
    assert_eq!(requeue(&h, id, job).await, RequeuedOrder::Shortage(lamp()));
    h.tamper(Tampering::Stock(lamp(), 2)).await;
    let other = JobId(job.0 + 1000);
    assert_eq!(requeue(&h, id, other).await, RequeuedOrder::JobNotFailed);
    assert_eq!(requeue(&h, CorrelationId::generate(), job).await, RequeuedOrder::NotFound);
    let status = h.stores.orders.snapshot(id).await.expect("snapshot").expect("order").status;
    assert_eq!((status, events(&h).await), (OrderStatus::Failed, 2));
    assert_eq!((stock(&h, &keyboard()).await, stock(&h, &lamp()).await), (before, Some(2)));
    let found = h.stores.jobs.find(job).await.expect("find").expect("job");
    assert_eq!(found.state, JobState::Failed);
}

pub async fn lines_that_changed_are_a_price_mismatch(h: Harness) {
    let placed = processing(&h, order("ada", &[(&keyboard(), 1)])).await;
    h.tamper(Tampering::LinePrice(placed.correlation_id)).await;
    assert_eq!(
        advance(&h, step(placed.correlation_id, Transition::completed())).await,
        Advanced::PriceMismatch
    );
}

pub async fn a_withdrawn_product_is_a_price_mismatch(h: Harness) {
    let placed = processing(&h, order("ada", &[(&keyboard(), 1), (&course(), 1)])).await;
    h.tamper(Tampering::Withdraw(course())).await;
    assert_eq!(
        advance(&h, step(placed.correlation_id, Transition::completed())).await,
        Advanced::PriceMismatch
    );
    let failed = advance(&h, step(placed.correlation_id, Transition::failed())).await;
    assert!(matches!(failed, Advanced::Applied(..)), "failing needs no stock: {failed:?}");
}

pub async fn lists_are_newest_first_and_paged(h: Harness) {
    let ada = UserId::new("ada");
    let mut ids = Vec::new();
    for n in 1..=5 {
        ids.push(h.created(order("ada", &[(&course(), n)])).await.id);
        h.created(order("bob", &[(&course(), n)])).await;
    }
    ids.reverse();
    let page = Page { offset: 1, size: 3 };
    let found = h.stores.orders.list(&ada, &OrderFilter::default(), page).await.expect("list");
    assert_eq!((found.offset, found.size, found.total), (1, 3, 5));
    assert_eq!(found.items.iter().map(|o| o.id).collect::<Vec<_>>(), ids[1..4]);
    assert!(found.items.iter().all(|o| o.user == ada && o.lines.len() == 1));
    let beyond = h
        .stores
        .orders
        .list(&ada, &OrderFilter::default(), Page { offset: 50, size: 10 })
        .await
        .expect("list");
    assert_eq!((beyond.total, beyond.items.len()), (5, 0), "the total does not depend on the page");
    assert_eq!(total(&h, "nobody").await, 0);
}

pub async fn filters_narrow_list_and_total(h: Harness) {
    let ada = UserId::new("ada");
    let mut placed = Vec::new();
    for n in 1..=4 {
        placed.push(h.created(order("ada", &[(&course(), n)])).await);
    }
    advance(&h, step(placed[1].correlation_id, Transition::processing_started())).await;
    let listed = |filter: OrderFilter| {
        let (orders, ada) = (h.stores.orders.clone(), ada.clone());
        async move {
            let page = orders.list(&ada, &filter, ALL).await.expect("list");
            assert_eq!(page.total, page.items.len() as u64);
            page.items.into_iter().map(|o| o.id).collect::<HashSet<_>>()
        }
    };
    let ids = |wanted: &dyn Fn(usize) -> bool| -> HashSet<OrderId> {
        placed.iter().enumerate().filter(|(n, _)| wanted(*n)).map(|(_, o)| o.id).collect()
    };
    let status = Some(OrderStatus::Processing);
    assert_eq!(listed(OrderFilter { status, ..OrderFilter::default() }).await, ids(&|n| n == 1));
    let status = Some(OrderStatus::Accepted);
    assert_eq!(listed(OrderFilter { status, ..OrderFilter::default() }).await, ids(&|n| n != 1));
    let (from, to) = (Some(placed[1].created_at), Some(placed[3].created_at));
    let within = |n: usize| {
        placed[n].created_at >= placed[1].created_at && placed[n].created_at < placed[3].created_at
    };
    assert_eq!(
        listed(OrderFilter { from, to, status: None }).await,
        ids(&within),
        "from is included, to is not"
    );
    let status = Some(OrderStatus::Accepted);
    assert_eq!(listed(OrderFilter { from, to, status }).await, ids(&|n| within(n) && n != 1));
}

pub async fn a_cursor_walks_over_every_order_once(h: Harness) {
    let ada = UserId::new("ada");
    let mut ids = Vec::new();
    for n in 1..=7 {
        ids.push(h.created(order("ada", &[(&course(), n)])).await.id);
        h.created(order("bob", &[(&course(), n)])).await;
    }
    ids.reverse();
    let after = |filter: OrderFilter, cursor, size| {
        let (orders, ada) = (h.stores.orders.clone(), ada.clone());
        async move { orders.list_after(&ada, &filter, cursor, size).await.expect("list") }
    };
    let all = OrderFilter::default;
    let (mut seen, mut cursor) = (Vec::new(), OrderCursor::START);
    loop {
        let part = after(all(), cursor, 3).await;
        let Some(last) = part.last() else { break };
        cursor = OrderCursor::at(last);
        assert!(part.iter().all(|order| order.user == ada && order.lines.len() == 1));
        seen.extend(part.iter().map(|order| order.id));
        // New orders do not shift what is older.
        h.created(order("ada", &[(&course(), 1)])).await;
    }
    assert_eq!(seen, ids);
    let third = h.stores.orders.find(&ada, ids[2]).await.expect("find").expect("order");
    let same_instant = OrderCursor { id: OrderId(third.id.0 + 1), ..OrderCursor::at(&third) };
    assert_eq!(after(all(), same_instant, 1).await[0].id, third.id);
    let status = Some(OrderStatus::Processing);
    advance(&h, step(third.correlation_id, Transition::processing_started())).await;
    let filtered = after(OrderFilter { status, ..all() }, OrderCursor::START, 9).await;
    assert_eq!(filtered.iter().map(|order| order.id).collect::<Vec<_>>(), [third.id]);
    let (from, to) = (Some(third.created_at), Some(third.created_at));
    assert_eq!(after(OrderFilter { from, to, status: None }, OrderCursor::START, 9).await, []);
    let nobody = UserId::new("nobody");
    let none = h.stores.orders.list_after(&nobody, &all(), OrderCursor::START, 9).await;
    assert_eq!(none.expect("list"), []);
}

pub async fn an_order_is_its_owners_only(h: Harness) {
    let placed = h.created(order("ada", &[(&course(), 1)])).await;
    let bob = UserId::new("bob");
    assert_eq!(h.stores.orders.find(&bob, placed.id).await.expect("find"), None);
    assert_eq!(h.stores.orders.snapshot_by_id(&bob, placed.id).await.expect("snapshot"), None);
    assert_eq!(total(&h, "bob").await, 0);
}

pub async fn removing_an_accepted_order_cancels_it(h: Harness) {
    let placed = h.created(order("ada", &[(&course(), 1)])).await;
    let event_id = EventId::generate();
    let removed = h.stores.orders.remove(&placed.user, placed.id, event_id).await.expect("remove");
    let Removed::Cancelled(cancelled, entry) = removed else { panic!("{removed:?}") };
    assert_eq!(cancelled.status, OrderStatus::Cancelled);
    assert_eq!(h.stores.orders.find(&placed.user, placed.id).await.expect("find"), None);
    assert_eq!(
        h.stores.orders.snapshot_by_id(&placed.user, placed.id).await.expect("snapshot"),
        None
    );
    assert_eq!(total(&h, "ada").await, 0);
    let seen = h.stores.orders.snapshot(placed.correlation_id).await.expect("snapshot");
    assert_eq!(seen, Some(cancelled), "whoever knows the workflow still sees how it ended");
    let entries = h.stores.outbox.read_after(0, 10).await.expect("read");
    assert_eq!((entries.len(), &entries[1]), (2, &entry));
    assert_eq!((entry.event.event_id, entry.event.version), (event_id, OrderVersion::new(2)));
    let late = advance(&h, step(placed.correlation_id, Transition::processing_started())).await;
    assert!(matches!(late, Advanced::Refused(_)), "{late:?}");
    let again =
        h.stores.orders.remove(&placed.user, placed.id, EventId::generate()).await.expect("remove");
    assert_eq!(again, Removed::NotFound);
}

pub async fn removing_an_order_under_work_cancels_it_and_a_finished_one_stays(h: Harness) {
    let under_work = processing(&h, order("ada", &[(&course(), 1)])).await;
    let finished = processing(&h, order("ada", &[(&course(), 1)])).await;
    let complete = |id| advance(&h, step(id, Transition::completed()));
    complete(finished.correlation_id).await;
    let remove = |placed: &contoso_shop::domain::Order| {
        let (orders, user, id) = (h.stores.orders.clone(), placed.user.clone(), placed.id);
        async move { orders.remove(&user, id, EventId::generate()).await.expect("remove") }
    };
    let removed = remove(&under_work).await;
    let Removed::Cancelled(cancelled, entry) = removed else { panic!("{removed:?}") };
    assert_eq!((cancelled.status, cancelled.version.number()), (OrderStatus::Cancelled, 3));
    assert_eq!(entry.event.status, OrderStatus::Cancelled);
    let late = complete(under_work.correlation_id).await;
    assert_eq!(late, Advanced::Refused(cancelled), "the worker's completion is refused");

    assert_eq!(remove(&finished).await, Removed::Finished(OrderStatus::Completed));
    let found = h.stores.orders.find(&finished.user, finished.id).await.expect("find");
    assert_eq!(found.expect("it stays").status, OrderStatus::Completed);
    assert_eq!(events(&h).await, 6);
}

pub async fn removing_a_strangers_order_depends_on_being_a_customer(h: Harness) {
    let placed = h.created(order("ada", &[(&course(), 1)])).await;
    let remove = |user: &str, id| {
        let (orders, user) = (h.stores.orders.clone(), UserId::new(user));
        async move { orders.remove(&user, id, EventId::generate()).await.expect("remove") }
    };
    assert_eq!(remove("bob", placed.id).await, Removed::NotFound);
    h.created(order("bob", &[(&course(), 1)])).await;
    assert_eq!(remove("bob", placed.id).await, Removed::NotOwner);
    assert_eq!(remove("ada", OrderId(placed.id.0 + 1000)).await, Removed::NotFound);
    assert_eq!(total(&h, "ada").await, 1);
}

pub async fn a_race_of_removing_and_starting_ends_cancelled(h: Harness) {
    for n in 0..20 {
        let placed = h.created(order(&format!("user-{n}"), &[(&course(), 1)])).await;
        let start =
            h.stores.orders.advance(step(placed.correlation_id, Transition::processing_started()));
        let remove = h.stores.orders.remove(&placed.user, placed.id, EventId::generate());
        let ends = tokio::join!(start, remove);
        match (ends.0.expect("advance"), ends.1.expect("remove")) {
            // Whichever came first, the order ends cancelled.
            (Advanced::Applied(start, _), Removed::Cancelled(end, _)) => {
                assert_eq!((start.version.number(), end.version.number()), (2, 3));
            }
            (Advanced::Refused(_), Removed::Cancelled(end, _)) => {
                assert_eq!(end.version.number(), 2);
            }
            other => panic!("{other:?}"),
        }
    }
}

over_every_store!(
    a_placed_order_is_found_with_its_lines,
    the_discount_is_taken_off_the_unit_price,
    prices_are_frozen_when_the_order_is_accepted,
    unknown_products_store_nothing,
    the_job_is_stored_with_the_order,
    the_same_key_and_body_yields_the_first_order,
    a_replay_survives_deletion,
    the_same_key_with_another_body_is_refused,
    keys_of_two_users_are_two_keys,
    user_ids_and_keys_are_compared_byte_by_byte,
    a_key_is_forgotten_after_a_day,
    fifty_simultaneous_requests_with_one_key_store_one_order,
    every_legal_move_is_applied_once,
    an_event_tells_what_was_committed,
    illegal_moves_write_nothing,
    an_unknown_order_is_not_found,
    a_lost_lease_moves_nothing,
    accepting_takes_the_pieces_from_stock,
    what_is_short_is_named_and_nothing_is_stored,
    the_last_piece_is_sold_once,
    what_fails_or_is_cancelled_gives_its_pieces_back_once,
    completing_what_the_release_before_accepted_takes_its_pieces,
    a_failed_order_is_accepted_again_with_its_job,
    what_cannot_be_requeued_stays_failed,
    lines_that_changed_are_a_price_mismatch,
    a_withdrawn_product_is_a_price_mismatch,
    lists_are_newest_first_and_paged,
    filters_narrow_list_and_total,
    a_cursor_walks_over_every_order_once,
    an_order_is_its_owners_only,
    removing_an_accepted_order_cancels_it,
    removing_an_order_under_work_cancels_it_and_a_finished_one_stays,
    removing_a_strangers_order_depends_on_being_a_customer,
    a_race_of_removing_and_starting_ends_cancelled,
);
