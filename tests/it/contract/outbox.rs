//! Events on their way out.

use std::collections::HashSet;
use std::time::Duration;

use contoso_shop::domain::{OrderVersion, Transition};
use contoso_shop::ports::{Advanced, OutboxBacklog, Placed};

use super::backends::{Harness, course, order, step};
use crate::support::wait;

const LONG: Duration = Duration::from_secs(60);
const PATIENCE: Duration = Duration::from_secs(10);

/// Writes `count` events.
async fn events(h: &Harness, count: usize) {
    for _ in 0..count {
        h.created(order("ada", &[(&course(), 1)])).await;
    }
}

async fn claim(h: &Harness, limit: usize, lease: Duration) -> Vec<i64> {
    let entries = h.stores.outbox.claim(limit, lease).await.expect("claim");
    entries.into_iter().map(|entry| entry.sequence).collect()
}

async fn sequences(h: &Harness) -> Vec<i64> {
    let entries = h.stores.outbox.read_after(0, 1000).await.expect("read");
    entries.into_iter().map(|entry| entry.sequence).collect()
}

async fn published(h: &Harness, sequences: &[i64]) {
    h.stores.outbox.mark_published(sequences).await.expect("mark");
}

pub async fn an_empty_outbox_has_nothing_to_do(h: Harness) {
    assert!(claim(&h, 10, LONG).await.is_empty());
    assert!(sequences(&h).await.is_empty());
    assert_eq!(h.stores.outbox.last_sequence().await.expect("last"), 0);
    assert_eq!(h.stores.outbox.backlog().await.expect("backlog"), OutboxBacklog::default());
    assert_eq!(h.stores.outbox.prune(Duration::ZERO, 10).await.expect("prune"), 0);
    published(&h, &[]).await;
    published(&h, &[4711]).await;
}

pub async fn entries_are_claimed_oldest_first_by_one_claimant(h: Harness) {
    events(&h, 5).await;
    let all = sequences(&h).await;
    assert!(all.len() == 5 && all.is_sorted());
    assert_eq!(claim(&h, 2, LONG).await, all[..2]);
    assert_eq!(claim(&h, 10, LONG).await, all[2..]);
    assert!(claim(&h, 10, LONG).await.is_empty());
}

pub async fn a_claimed_entry_tells_the_same_as_a_read_one(h: Harness) {
    events(&h, 2).await;
    let read = h.stores.outbox.read_after(0, 10).await.expect("read");
    assert_eq!(h.stores.outbox.claim(10, LONG).await.expect("claim"), read);
}

pub async fn a_change_returns_its_entry_and_versions_have_no_holes(h: Harness) {
    let new = order("ada", &[(&course(), 1)]);
    let Placed::Created(placed, accepted) = h.stores.orders.place(new).await.expect("place") else {
        panic!("not created")
    };
    assert_eq!(
        (placed.version, accepted.event.version),
        (OrderVersion::FIRST, OrderVersion::FIRST)
    );
    let mut entries = vec![accepted];
    for transition in [Transition::processing_started(), Transition::completed()] {
        let moved = step(placed.correlation_id, transition);
        let advanced = h.stores.orders.advance(moved).await.expect("advance");
        let Advanced::Applied(order, entry) = advanced else { panic!("{advanced:?}") };
        assert_eq!(order.version, entry.event.version);
        assert_eq!(order.status, entry.event.status);
        let seen = h.stores.orders.snapshot(placed.correlation_id).await.expect("snapshot");
        assert_eq!(seen, Some(order));
        entries.push(entry);
    }
    let versions: Vec<_> = entries.iter().map(|entry| entry.event.version.number()).collect();
    assert_eq!(versions, [1, 2, 3]);
    assert_eq!(h.stores.outbox.read_after(0, 10).await.expect("read"), entries);
    let found = h.stores.orders.find(&placed.user, placed.id).await.expect("find").expect("known");
    assert_eq!(found.version.number(), 3);
}

pub async fn a_committed_event_is_left_to_its_process_for_a_while(h: Harness) {
    let own = h.stores_with_handover(LONG);
    own.orders.place(order("ada", &[(&course(), 1)])).await.expect("place");
    assert!(claim(&h, 10, LONG).await.is_empty());
    assert_eq!(h.stores.outbox.backlog().await.expect("backlog").pending, 1);
    let other = h.stores_with_handover(Duration::from_millis(100));
    other.orders.place(order("ada", &[(&course(), 1)])).await.expect("place");
    let second = sequences(&h).await[1];
    wait::until("the second event's time to run out", PATIENCE, async || {
        (claim(&h, 10, LONG).await == [second]).then_some(())
    })
    .await;
}

pub async fn the_entries_of_one_order_can_be_read(h: Harness) {
    events(&h, 2).await;
    let placed = h.created(order("bob", &[(&course(), 1)])).await;
    let moved = step(placed.correlation_id, Transition::processing_started());
    h.stores.orders.advance(moved).await.expect("advance");
    let of_order = async |after, limit| {
        let after = OrderVersion::new(after);
        let entries = h.stores.outbox.of_order(placed.id, after, limit).await.expect("read");
        entries.iter().map(|entry| entry.event.version.number()).collect::<Vec<_>>()
    };
    assert_eq!(of_order(0, 10).await, [1, 2]);
    assert_eq!(of_order(1, 10).await, [2]);
    assert_eq!(of_order(2, 10).await, [0_u32; 0]);
    assert_eq!(of_order(0, 1).await, [1]);
}

pub async fn an_unmarked_entry_comes_back_after_its_lease(h: Harness) {
    events(&h, 3).await;
    let claimed = claim(&h, 10, Duration::from_millis(100)).await;
    published(&h, &claimed[..1]).await;
    let again = wait::until("the leases to run out", PATIENCE, async || {
        let again = claim(&h, 10, LONG).await;
        (!again.is_empty()).then_some(again)
    })
    .await;
    assert_eq!(again, claimed[1..]);
}

pub async fn published_entries_are_never_claimed_again(h: Harness) {
    events(&h, 2).await;
    let claimed = claim(&h, 10, Duration::ZERO).await;
    published(&h, &claimed).await;
    published(&h, &claimed).await;
    assert!(claim(&h, 10, LONG).await.is_empty());
    assert_eq!(sequences(&h).await, claimed, "but they can be read");
}

pub async fn reading_after_a_sequence_claims_nothing(h: Harness) {
    events(&h, 4).await;
    let all = sequences(&h).await;
    let read = h.stores.outbox.read_after(all[1], 1).await.expect("read");
    assert_eq!(read.iter().map(|e| e.sequence).collect::<Vec<_>>(), all[2..3]);
    let last = h.stores.outbox.last_sequence().await.expect("last");
    assert_eq!(last, all[3]);
    assert!(h.stores.outbox.read_after(last, 10).await.expect("read").is_empty());
    assert_eq!(claim(&h, 10, LONG).await, all);
}

pub async fn the_backlog_counts_what_is_not_published(h: Harness) {
    events(&h, 3).await;
    let claimed = claim(&h, 2, LONG).await;
    let backlog = h.stores.outbox.backlog().await.expect("backlog");
    assert_eq!(backlog.pending, 3, "a claim publishes nothing");
    wait::until("the oldest entry to age", PATIENCE, async || {
        let oldest = h.stores.outbox.backlog().await.expect("backlog").oldest;
        (oldest > backlog.oldest).then_some(())
    })
    .await;
    published(&h, &claimed).await;
    assert_eq!(h.stores.outbox.backlog().await.expect("backlog").pending, 1);
    published(&h, &sequences(&h).await).await;
    assert_eq!(h.stores.outbox.backlog().await.expect("backlog"), OutboxBacklog::default());
}

pub async fn only_old_published_entries_are_pruned(h: Harness) {
    events(&h, 4).await;
    let all = sequences(&h).await;
    published(&h, &all[..3]).await;
    assert_eq!(h.stores.outbox.prune(LONG, 10).await.expect("prune"), 0, "too young");
    assert_eq!(
        h.stores.outbox.prune(Duration::ZERO, 2).await.expect("prune"),
        2,
        "at most the limit"
    );
    assert_eq!(h.stores.outbox.prune(Duration::ZERO, 10).await.expect("prune"), 1);
    assert_eq!(sequences(&h).await, all[3..]);
}

pub async fn a_sequence_never_comes_back_after_pruning(h: Harness) {
    events(&h, 2).await;
    let last = h.stores.outbox.last_sequence().await.expect("last");
    published(&h, &sequences(&h).await).await;
    assert_eq!(h.stores.outbox.prune(Duration::ZERO, 10).await.expect("prune"), 2);
    events(&h, 1).await;
    assert_eq!(
        h.stores.outbox.read_after(last, 10).await.expect("read").len(),
        1,
        "a reader that was up to date sees it"
    );
}

pub async fn concurrent_claimants_share_no_entry(h: Harness) {
    events(&h, 40).await;
    let mut claimants = tokio::task::JoinSet::new();
    for _ in 0..4 {
        let outbox = h.stores.outbox.clone();
        claimants.spawn(async move {
            let mut mine = Vec::new();
            loop {
                let entries = outbox.claim(3, LONG).await.expect("claim");
                if entries.is_empty() {
                    return mine;
                }
                mine.extend(entries.into_iter().map(|entry| entry.sequence));
            }
        });
    }
    let claimed: Vec<i64> = claimants.join_all().await.into_iter().flatten().collect();
    assert_eq!(claimed.len(), 40);
    assert_eq!(claimed.into_iter().collect::<HashSet<_>>().len(), 40);
}

over_every_store!(
    an_empty_outbox_has_nothing_to_do,
    entries_are_claimed_oldest_first_by_one_claimant,
    a_claimed_entry_tells_the_same_as_a_read_one,
    a_change_returns_its_entry_and_versions_have_no_holes,
    a_committed_event_is_left_to_its_process_for_a_while,
    the_entries_of_one_order_can_be_read,
    an_unmarked_entry_comes_back_after_its_lease,
    published_entries_are_never_claimed_again,
    reading_after_a_sequence_claims_nothing,
    the_backlog_counts_what_is_not_published,
    only_old_published_entries_are_pruned,
    a_sequence_never_comes_back_after_pruning,
    concurrent_claimants_share_no_entry,
);
