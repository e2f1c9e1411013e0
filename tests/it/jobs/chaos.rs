//! Everything at once: servers killed and replaced, wires cut, frozen and losing answers, while
//! jobs come in.

use std::time::{Duration, Instant};

use contoso_shop::domain::JobState;
use contoso_shop::jobs::engine::ServerOptions;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use super::faulty_store::{FaultyStore, Wire};
use super::probe::Act;
use super::rig::{DEADLINE, Rig, Served, probe, short_lease};
use crate::support::wait::until;
use contoso_shop::ports::NewJob;

/// Any number does; it is fixed so that a failure can be looked into.
const SEED: u64 = 20_261_121;
const STEP: Duration = Duration::from_millis(40);

#[tokio::test(flavor = "multi_thread")]
async fn whatever_happens_to_servers_and_wires_every_job_ends_as_it_must() {
    let rig = Rig::new().await;
    let mut random = StdRng::seed_from_u64(SEED);
    let start = |rig: &Rig| {
        let wire = FaultyStore::new(rig.stores.jobs.clone());
        let options = ServerOptions { poll_max: Duration::from_millis(50), ..short_lease(4) };
        (rig.serve_through(wire.clone(), options), wire)
    };
    let mut servers: Vec<(Served, std::sync::Arc<FaultyStore>)> =
        (0..3).map(|_| start(&rig)).collect();
    let (mut good, mut bad) = (Vec::new(), Vec::new());
    for step in 0..60 {
        let acts = [Act::Succeed, Act::Succeed, Act::Wait, Act::Fail];
        let jobs: Vec<_> = acts
            .iter()
            .enumerate()
            .map(|(place, act)| probe(*act, step * acts.len() + place))
            .collect();
        // A killed server's attempts are charged, so those that must succeed get many.
        let jobs = jobs.into_iter().zip(acts).map(|(job, act)| NewJob {
            max_attempts: if act == Act::Fail { 3 } else { 1000 },
            ..job
        });
        let mut ids = rig.stores.jobs.enqueue(jobs.collect()).await.expect("enqueue");
        bad.extend(ids.pop());
        good.extend(ids);
        rig.probe.0.gate.add_permits(1);

        let place = random.random_range(0..servers.len());
        match random.random_range(0..8) {
            0 => {
                let (server, _) = std::mem::replace(&mut servers[place], start(&rig));
                server.kill().await;
            }
            1 => {
                let (server, wire) = std::mem::replace(&mut servers[place], start(&rig));
                wire.set(Wire::Sound);
                server.stop.cancel();
            }
            2 => servers[place].1.set(Wire::Cut),
            3 => servers[place].1.set(Wire::Frozen),
            4 => servers[place].1.set(Wire::AnswersLost),
            _ => servers[place].1.set(Wire::Sound),
        }
        let begun = Instant::now();
        until("the next step", DEADLINE, || async { (begun.elapsed() >= STEP).then_some(()) })
            .await;
    }
    servers.iter().for_each(|(_, wire)| wire.set(Wire::Sound));
    rig.probe.0.gate.add_permits(1000);

    rig.all_are(JobState::Succeeded, &good).await;
    rig.all_are(JobState::Failed, &bad).await;
    let given_up = rig.probe.0.given_up.lock().expect("record").clone();
    for step in 0..60 {
        assert!(
            given_up.iter().any(|(number, _)| *number == step * 4 + 3),
            "job {} was failed without a word",
            step * 4 + 3
        );
    }
    for (server, _) in servers {
        server.stop().await;
    }
}
