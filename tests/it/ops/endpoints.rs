use std::fs;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use actix_web::{App, HttpServer};
use contoso_shop::lifecycle::{StopCause, StopPhase, StopPlan, Supervisor};
use contoso_shop::ops::{
    DrainMarker, HealthRegistry, Metrics, Ops, Readiness, health_routes, healthcheck, listener,
};
use contoso_shop::ports::{Health, HealthProbe};
use serde_json::Value;

use super::health::Component;

/// An ops listener and a public one, as a web pod has them.
struct Pod {
    ops: String,
    public: String,
    marker: std::path::PathBuf,
    supervisor: Supervisor,
    _folder: tempfile::TempDir,
}

impl Pod {
    fn start(components: Vec<Arc<dyn HealthProbe>>) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let marker = folder.path().join("draining");
        let second = Duration::from_secs(1);
        let plan = StopPlan {
            announce: Duration::ZERO,
            work: second,
            requests: second,
            background: second,
            last: 2 * second,
        };
        let supervisor = Supervisor::new(plan);
        let readiness = Readiness::new(supervisor.phase(), Arc::new(DrainMarker::new(&marker)));
        let metrics = Metrics::install("0.0.0-test", "web").expect("a recorder");
        let ops = Arc::new(Ops::new(
            "0.0.0-test",
            "web",
            readiness,
            Arc::new(HealthRegistry::new(components)),
            metrics,
        ));
        let (server, address) =
            listener::bind_ops(Arc::clone(&ops), SocketAddr::from(([127, 0, 0, 1], 0)))
                .expect("a free port");
        supervisor.spawn("ops-listener", StopPhase::Last, |stop| listener::serve(server, stop));
        let public = HttpServer::new(move || App::new().configure(health_routes(Arc::clone(&ops))));
        let public = public.workers(1).disable_signals().bind("127.0.0.1:0").expect("a free port");
        let public_address = public.addrs()[0];
        let public = public.run();
        supervisor
            .spawn("public-listener", StopPhase::Requests, |stop| listener::serve(public, stop));
        Self {
            ops: format!("http://{address}"),
            public: format!("http://{public_address}"),
            marker,
            supervisor,
            _folder: folder,
        }
    }

    async fn get(&self, base: &str, path: &str) -> (u16, Value) {
        let answer = reqwest::get(format!("{base}{path}")).await.expect("an answer");
        let status = answer.status().as_u16();
        if path.starts_with("/health") && status != 404 {
            assert_eq!(answer.headers()["cache-control"], "no-store", "{path}");
        }
        let text = answer.text().await.expect("an answer");
        (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
    }

    async fn stop(self) {
        self.supervisor.stop(StopCause::Requested);
        assert!(self.supervisor.run().await.cut_off.is_empty());
        assert!(reqwest::get(format!("{}/health/live", self.ops)).await.is_err(), "still listens");
    }
}

#[tokio::test]
async fn probes_tell_alive_started_and_ready_apart_on_both_listeners() {
    let pod = Pod::start(vec![Component::new("sql", Some(Health::Unhealthy))]);
    for base in [&pod.ops, &pod.public] {
        assert_eq!(pod.get(base, "/health/live").await.0, 200);
        assert_eq!(pod.get(base, "/health/startup").await.0, 503);
        let (status, body) = pod.get(base, "/health/ready").await;
        assert_eq!((status, &body["reason"]), (503, &"starting".into()));
    }
    pod.supervisor.ready();
    for base in [&pod.ops, &pod.public] {
        for path in ["/health/live", "/health/startup", "/health/ready"] {
            assert_eq!(
                pod.get(base, path).await.0,
                200,
                "{path}: an unhealthy dependency is no reason to restart or unlist a pod"
            );
        }
        let head =
            reqwest::Client::new().head(format!("{base}/health/ready")).send().await.unwrap();
        assert_eq!((head.status().as_u16(), head.bytes().await.unwrap().len()), (200, 0));
    }
    pod.stop().await;
}

#[tokio::test]
async fn the_marker_is_seen_by_the_first_probe_and_closes_nothing() {
    let pod = Pod::start(vec![]);
    pod.supervisor.ready();
    let client = reqwest::Client::new();
    assert!(healthcheck::ask(&format!("{}/health/ready", pod.ops)).await.is_ok());
    fs::write(&pod.marker, "").unwrap();
    let (status, body) = pod.get(&pod.ops, "/health/ready").await;
    assert_eq!((status, &body["reason"]), (503, &"draining".into()));
    assert!(
        healthcheck::ask(&format!("{}/health/ready", pod.ops))
            .await
            .unwrap_err()
            .contains("draining")
    );
    for path in ["/health/live", "/health/startup", "/health/details"] {
        assert_eq!(
            client.get(format!("{}{path}", pod.public)).send().await.unwrap().status(),
            200,
            "{path}"
        );
    }
    assert!(
        reqwest::get(format!("{}/metrics", pod.ops))
            .await
            .unwrap()
            .text()
            .await
            .unwrap()
            .contains("\ncontoso_draining ")
    );
    fs::remove_file(&pod.marker).unwrap();
    assert_eq!(pod.get(&pod.ops, "/health/ready").await.0, 200);
    pod.stop().await;
}

#[tokio::test]
async fn details_show_every_component_and_fail_only_when_one_is_unhealthy() {
    let pod = Pod::start(vec![
        Component::new("sql", Some(Health::Healthy)),
        Component::new("redis", Some(Health::Degraded)),
    ]);
    pod.supervisor.ready();
    let (status, body) = pod.get(&pod.ops, "/health/details").await;
    assert_eq!(status, 200);
    for (pointer, value) in [
        ("/status", "degraded"),
        ("/role", "web"),
        ("/version", "0.0.0-test"),
        ("/phase", "ready"),
        ("/components/sql/status", "healthy"),
        ("/components/redis/status", "degraded"),
    ] {
        assert_eq!(body.pointer(pointer).unwrap(), value, "{pointer}");
    }
    assert_eq!((&body["ready"], &body["draining"]), (&true.into(), &false.into()));
    assert_eq!(body.pointer("/components/sql/data/poolInUse").unwrap(), 3);
    assert_eq!(body.pointer("/components/sql/durationMs").unwrap(), 1.5);
    pod.stop().await;

    let broken = Pod::start(vec![Component::new("sql", Some(Health::Unhealthy))]);
    assert_eq!(broken.get(&broken.ops, "/health/details").await.0, 503);
    broken.stop().await;
}

#[tokio::test]
async fn metrics_are_served_on_the_ops_listener_only() {
    let pod = Pod::start(vec![Component::new("sql", Some(Health::Degraded))]);
    pod.supervisor.ready();
    metrics::histogram!("contoso_ops_test_seconds").record(0.003);
    pod.get(&pod.ops, "/health/details").await;
    let answer = reqwest::get(format!("{}/metrics", pod.ops)).await.unwrap();
    assert!(
        answer.headers()["content-type"].to_str().unwrap().starts_with("text/plain; version=0.0.4")
    );
    let text = answer.text().await.unwrap();
    for line in [
        "contoso_build_info{version=\"0.0.0-test\",role=\"web\"} 1",
        "# TYPE contoso_ready gauge",
        "# HELP contoso_draining ",
        "contoso_ops_test_seconds_bucket{le=\"0.005\"} 1",
        "process_resident_memory_bytes ",
        "process_open_fds ",
        "process_cpu_seconds_total ",
    ] {
        assert!(text.contains(line), "{line} in\n{text}");
    }
    assert!(text.contains("contoso_component_health{component=\"sql\"} "), "{text}");
    assert_eq!(pod.get(&pod.public, "/metrics").await.0, 404);
    pod.stop().await;
}

#[tokio::test]
async fn a_taken_port_is_named_with_its_setting() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let supervisor = Supervisor::new(StopPlan {
        announce: Duration::ZERO,
        work: Duration::ZERO,
        requests: Duration::ZERO,
        background: Duration::ZERO,
        last: Duration::ZERO,
    });
    let readiness = Readiness::new(supervisor.phase(), Arc::new(DrainMarker::new("unused")));
    let ops = Ops::new(
        "0",
        "web",
        readiness,
        Arc::new(HealthRegistry::new(vec![])),
        Metrics::install("0", "web").unwrap(),
    );
    let error =
        listener::bind_ops(Arc::new(ops), taken.local_addr().unwrap()).err().expect("bound twice");
    assert!(error.to_string().starts_with("Ops__Listen: cannot listen on 127.0.0.1:"), "{error}");
}

#[test]
fn the_health_check_asks_this_machine_even_when_the_server_listens_on_every_address() {
    for (listen, url) in [
        ("0.0.0.0:9090", "http://127.0.0.1:9090/health/ready"),
        ("[::]:9090", "http://[::1]:9090/health/ready"),
        ("10.0.0.7:9", "http://10.0.0.7:9/health/ready"),
    ] {
        assert_eq!(healthcheck::ready_url(listen.parse().unwrap()), url);
    }
}
