use std::fs;
use std::sync::Arc;
use std::time::Duration;

use contoso_shop::lifecycle::{StopCause, StopPhase, StopPlan, Supervisor};
use contoso_shop::ops::{DrainMarker, Readiness, drain};

fn supervisor() -> Supervisor {
    let second = Duration::from_secs(1);
    Supervisor::new(StopPlan {
        announce: Duration::ZERO,
        work: second,
        requests: second,
        background: second,
        last: second,
    })
}

#[test]
fn a_marker_that_outlived_its_process_is_removed() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("draining");
    let marker = DrainMarker::new(&file);
    assert!(!marker.remove_stale().unwrap());
    fs::write(&file, "").unwrap();
    assert!(marker.remove_stale().unwrap());
    assert!(!file.exists());
}

#[tokio::test]
async fn readiness_sees_the_marker_at_once_and_its_removal() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("draining");
    let supervisor = supervisor();
    let readiness = Readiness::new(supervisor.phase(), Arc::new(DrainMarker::new(&file)));
    assert_eq!(readiness.obstacle().await, Some("starting"));
    assert!(!readiness.started());
    supervisor.ready();
    assert_eq!(readiness.obstacle().await, None);
    fs::write(&file, "").unwrap();
    assert_eq!(readiness.obstacle().await, Some("draining"));
    assert!(readiness.is_draining() && readiness.started());
    fs::remove_file(&file).unwrap();
    assert_eq!(readiness.obstacle().await, None);
    assert!(!readiness.is_draining());
    supervisor.stop(StopCause::Signal(15));
    assert_eq!(readiness.obstacle().await, Some("stopping"));
    assert!(readiness.is_draining());
}

#[tokio::test]
async fn watchers_learn_of_the_marker_within_half_a_second() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("draining");
    let (supervisor, marker) = (supervisor(), Arc::new(DrainMarker::new(&file)));
    let mut seen = marker.subscribe();
    supervisor.spawn("drain-marker", StopPhase::Last, |stop| async move {
        marker.watch_file(stop).await
    });
    for present in [true, false] {
        if present {
            fs::write(&file, "").unwrap();
        } else {
            fs::remove_file(&file).unwrap();
        }
        // Twice the promise: the machine may be busy.
        tokio::time::timeout(Duration::from_secs(1), seen.wait_for(|seen| *seen == present))
            .await
            .unwrap()
            .unwrap();
    }
    supervisor.stop(StopCause::Requested);
    assert!(supervisor.run().await.cut_off.is_empty());
}

#[test]
fn the_drain_command_writes_the_marker_waits_and_can_take_it_back() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("draining");
    let started = std::time::Instant::now();
    drain::mark_and_wait(&file, Duration::from_millis(50)).unwrap();
    assert!(file.exists() && started.elapsed() >= Duration::from_millis(50));
    drain::mark_and_wait(&file, Duration::ZERO).unwrap();
    drain::unmark(&file).unwrap();
    assert!(!file.exists());
    assert!(drain::unmark(&file).unwrap().contains("no marker"));
    let nowhere = folder.path().join("no/such/folder/draining");
    assert!(
        drain::mark_and_wait(&nowhere, Duration::ZERO)
            .unwrap_err()
            .contains("cannot write the marker")
    );
}

#[cfg(unix)]
#[test]
fn the_drain_command_follows_no_link() {
    let folder = tempfile::tempdir().unwrap();
    let (file, precious) = (folder.path().join("draining"), folder.path().join("precious"));
    fs::write(&precious, "content").unwrap();
    std::os::unix::fs::symlink(&precious, &file).unwrap();
    let error = drain::mark_and_wait(&file, Duration::ZERO).unwrap_err();
    assert!(error.contains("no plain file"), "{error}");
    assert_eq!(fs::read_to_string(&precious).unwrap(), "content");
    drain::unmark(&file).unwrap();
    assert!(precious.exists() && !file.exists());

    std::os::unix::fs::symlink(folder.path().join("nowhere"), &file).unwrap();
    assert!(drain::mark_and_wait(&file, Duration::ZERO).is_err());
    assert!(!folder.path().join("nowhere").exists(), "nothing is made behind a dangling link");
}
