use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use contoso_shop::lifecycle::{Phase, StopCause, StopPhase, StopPlan, Supervisor};

const QUICK: StopPlan = StopPlan {
    announce: Duration::from_millis(50),
    work: Duration::from_secs(5),
    requests: Duration::from_secs(5),
    background: Duration::from_secs(5),
    last: Duration::from_secs(5),
};

type Log = Arc<Mutex<Vec<&'static str>>>;

/// A task that notes when it is told to end and when it has ended.
fn noting(
    supervisor: &Supervisor,
    log: &Log,
    told: &'static str,
    ended: &'static str,
    phase: StopPhase,
) {
    let log = Arc::clone(log);
    supervisor.spawn(told, phase, |stop| async move {
        stop.cancelled().await;
        log.lock().expect("no poison").push(told);
        tokio::task::yield_now().await;
        log.lock().expect("no poison").push(ended);
        Ok(())
    });
}

#[tokio::test]
async fn tasks_end_in_the_written_order_whatever_order_they_were_started_in() {
    let (supervisor, log) = (Supervisor::new(QUICK), Log::default());
    noting(&supervisor, &log, "ops listener told", "ops listener ended", StopPhase::Last);
    noting(&supervisor, &log, "relay told", "relay ended", StopPhase::Background);
    noting(&supervisor, &log, "hub told", "hub ended", StopPhase::Work);
    noting(&supervisor, &log, "http told", "http ended", StopPhase::Requests);
    supervisor.ready();
    assert_eq!(*supervisor.phase().borrow(), Phase::Ready);
    let started = Instant::now();
    assert!(supervisor.stop(StopCause::Signal(15)));
    assert_eq!(*supervisor.phase().borrow(), Phase::Draining, "not ready before anything ends");
    assert!(!supervisor.stop(StopCause::Requested), "the first cause counts");
    let ended = supervisor.run().await;
    assert_eq!(
        (ended.cause, ended.exit_code(), ended.cut_off.len()),
        (StopCause::Signal(15), 0, 0)
    );
    assert_eq!(
        *log.lock().unwrap(),
        [
            "hub told",
            "hub ended",
            "http told",
            "http ended",
            "relay told",
            "relay ended",
            "ops listener told",
            "ops listener ended"
        ]
    );
    assert!(started.elapsed() >= QUICK.announce, "the load balancer got its time");
    assert_eq!(*supervisor.phase().borrow(), Phase::Stopped);
    supervisor.ready();
    assert_eq!(*supervisor.phase().borrow(), Phase::Stopped, "there is no way back");
}

#[tokio::test]
async fn a_task_that_overruns_its_budget_is_cut_off_and_the_rest_still_ends_in_order() {
    struct Dropped(Log);
    impl Drop for Dropped {
        fn drop(&mut self) {
            self.0.lock().unwrap().push("hung dropped");
        }
    }
    let log = Log::default();
    let supervisor = Supervisor::new(StopPlan { work: Duration::from_millis(100), ..QUICK });
    let witness = Dropped(Arc::clone(&log));
    supervisor.spawn("hung", StopPhase::Work, |_| async move {
        let _witness = witness;
        std::future::pending().await
    });
    noting(&supervisor, &log, "told", "ended", StopPhase::Background);
    supervisor.stop(StopCause::Requested);
    let started = Instant::now();
    let ended = supervisor.run().await;
    assert_eq!(ended.cut_off, ["hung"]);
    assert_eq!(*log.lock().unwrap(), ["told", "ended", "hung dropped"]);
    assert!(started.elapsed() < Duration::from_secs(3), "{:?}", started.elapsed());
}

#[tokio::test]
async fn the_end_of_an_essential_task_stops_the_process_with_an_error() {
    for how in ["error", "panic", "return"] {
        let supervisor = Supervisor::new(QUICK);
        supervisor.spawn("essential", StopPhase::Work, move |_| async move {
            match how {
                "error" => Err("broken".into()),
                "panic" => panic!("on purpose"),
                _ => Ok(()),
            }
        });
        let ended = supervisor.run().await;
        assert_eq!(
            (ended.cause, ended.exit_code()),
            (StopCause::TaskEnded("essential"), 1),
            "{how}"
        );
    }
}

#[tokio::test]
async fn a_task_that_runs_until_a_step_is_dropped_then_and_essential_before() {
    let supervisor = Supervisor::new(QUICK);
    supervisor.spawn_until("background", StopPhase::Work, std::future::pending());
    supervisor.stop(StopCause::Requested);
    let ended = supervisor.run().await;
    assert_eq!((ended.exit_code(), ended.cut_off.len()), (0, 0));

    let supervisor = Supervisor::new(QUICK);
    supervisor.spawn_until("background", StopPhase::Work, async { panic!("on purpose") });
    assert_eq!(supervisor.run().await.cause, StopCause::TaskEnded("background"));
}

#[tokio::test]
async fn a_stop_during_start_up_never_becomes_ready() {
    let supervisor = Supervisor::new(QUICK);
    supervisor.stop(StopCause::Signal(2));
    supervisor.ready();
    assert_eq!(*supervisor.phase().borrow(), Phase::Draining);
}

#[test]
fn a_plans_total_is_the_sum_of_its_steps() {
    assert_eq!(QUICK.total(), Duration::from_millis(20_050));
}
