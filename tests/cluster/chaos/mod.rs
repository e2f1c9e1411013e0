//! Chaos: two web pods, two workers, Redis, 30 orders per second, and every few seconds something is
//! killed, frozen, stopped or wiped at random. Then the books must balance, and every tab must have
//! been told, or know by asking.
//!
//! `CHAOS_SECONDS` says for how long (120), `CHAOS_SEED` repeats a run's sequence of faults.
//! `cargo test --test cluster -- chaos:: --nocapture` shows the progress.

mod books;
mod faults;
mod orders;

use std::time::{Duration, Instant};

use rand::SeedableRng;
use rand::rngs::StdRng;

use self::books::Books;
use self::faults::Faults;
use self::orders::Orders;
use crate::support::{Api, Listener, Pod, Rig, assert_forward};

const USERS: usize = 10;
/// So that the jobs of a worker that died or froze run elsewhere within the scenario.
const SETTINGS: [(&str, &str); 5] = [
    ("Orders__ProcessingTime", "0s"),
    ("Events__RetryAfter", "1s"),
    ("Jobs__Lease", "5s"),
    ("Jobs__Heartbeat", "1s"),
    ("Drain__Pause", "0s"),
];

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok().map(|text| text.parse().expect("a number"))
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_dies_every_order_ends_once_and_every_tab_knows() {
    let lasts = Duration::from_secs(number("CHAOS_SECONDS").unwrap_or(120));
    let seed = number("CHAOS_SEED").unwrap_or_else(rand::random);
    println!("chaos for {lasts:?}, CHAOS_SEED={seed}");

    let rig = Rig::new();
    let mut pods: Vec<Pod> = Vec::new();
    for role in ["web", "web", "worker", "worker"] {
        pods.push(rig.pod(role, &SETTINGS).await);
    }
    let web = [pods[0].http, pods[1].http];
    let mut users = Vec::new();
    let mut tabs = Vec::new();
    for number in 0..USERS {
        let user = Api::sign_in(&pods[0].url(), &format!("user-{number}")).await;
        for port in web {
            tabs.push((number, port, Listener::open(port, &user.token).await));
        }
        users.push(user);
    }

    let begun = Instant::now();
    let orders = Orders::begin(users.clone(), web);
    let mut faults = Faults::new(StdRng::seed_from_u64(seed));
    while begun.elapsed() < lasts {
        let fault = faults.cause_one(&rig, &mut pods).await;
        println!("{:>4} s: {fault}, {} orders accepted", begun.elapsed().as_secs(), orders.count());
    }
    let placed = orders.end().await;
    println!(
        "{:>4} s: all is well again, {} orders accepted",
        begun.elapsed().as_secs(),
        placed.len()
    );
    for pod in &pods {
        pod.wait_ready().await;
    }

    let books = Books::balanced(&rig, &placed).await;
    println!("{:>4} s: every order is completed, once", begun.elapsed().as_secs());
    for (user, port, tab) in &tabs {
        books.told_while_connected(*user, tab).await;
        books.known_by_asking(*user, *port, &users[*user], tab).await;
        for told in tab.told() {
            assert_forward(&format!("a tab of user {user}"), &told);
        }
    }
    println!(
        "{:>4} s: every tab was told or knows; {} connections in all",
        begun.elapsed().as_secs(),
        tabs.iter().map(|(_, _, tab)| tab.connections().len()).sum::<usize>()
    );
}
