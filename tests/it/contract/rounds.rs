//! Rounds of recurring work.

use std::time::Duration;

use uuid::Uuid;

use super::backends::Harness;
use crate::support::wait::until;

const LONG: Duration = Duration::from_secs(365 * 24 * 60 * 60);
const SHORT: Duration = Duration::from_millis(1);
const SOON: Duration = Duration::from_secs(5);

async fn claim(h: &Harness, schedule: &str, every: Duration, claimant: Uuid) -> bool {
    h.stores.rounds.claim(schedule, every, claimant).await.expect("claim")
}

pub async fn a_round_is_claimed_once_and_its_claimant_told_so_again(h: Harness) {
    let [first, second] = [Uuid::new_v4(), Uuid::new_v4()];
    assert!(claim(&h, "a", LONG, first).await);
    assert!(claim(&h, "a", LONG, first).await, "it asks again");
    assert!(!claim(&h, "a", LONG, second).await);
    assert!(claim(&h, "b", LONG, second).await, "another schedule");
}

pub async fn the_next_round_is_there_for_everybody_and_the_one_before_for_nobody(h: Harness) {
    let [first, second] = [Uuid::new_v4(), Uuid::new_v4()];
    assert!(claim(&h, "a", SHORT, first).await);
    until("the next round", SOON, async || claim(&h, "a", SHORT, second).await.then_some(())).await;
    // A longer span began before the round that was claimed.
    for claimant in [first, second] {
        assert!(!claim(&h, "a", LONG, claimant).await, "a late claimant is refused");
    }
}

pub async fn of_many_that_claim_a_round_at_once_one_gets_it(h: Harness) {
    for schedule in ["1", "2", "3", "4", "5"] {
        let claims = (0..8).map(|_| {
            let rounds = h.stores.rounds.clone();
            tokio::spawn(async move { rounds.claim(schedule, LONG, Uuid::new_v4()).await })
        });
        let claims = futures_util::future::join_all(claims).await;
        let is_ours = |claim: &Result<_, _>| *claim.as_ref().expect("claim");
        let claims = claims.into_iter().map(|claim| claim.expect("no panic"));
        assert_eq!(claims.filter(is_ours).count(), 1, "schedule {schedule}");
    }
}

over_every_store!(
    a_round_is_claimed_once_and_its_claimant_told_so_again,
    the_next_round_is_there_for_everybody_and_the_one_before_for_nobody,
    of_many_that_claim_a_round_at_once_one_gets_it,
);
