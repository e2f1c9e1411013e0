use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use super::components::Components;
use super::relay::start_relay;
use super::{StartError, stores, web, worker};
use crate::app::keep_reports_fresh;
use crate::config::{DrainSettings, JwtSettings, Part, Settings, StoreConnection};
use crate::delivery::{HandedOver, Handover, StreamSink};
use crate::jobs::engine::{DepthGauges, FleetHealth};
use crate::lifecycle::{StopPhase, StopPlan, Supervisor, listen_for_signals};
use crate::ops::{DrainMarker, HealthRegistry, Metrics, Ops, Readiness, listener, telemetry};

/// How often the gauges of queue depths are renewed.
const DEPTHS_EVERY: Duration = Duration::from_secs(5);

/// Serves until it is told to stop. Exit code 0 after a stop that was asked for, 1 when it could
/// not start or go on.
pub async fn serve(settings: Settings) -> ExitCode {
    if let Err(error) = telemetry::init(&settings.log, settings.role.name(), &settings.pod) {
        eprintln!("cannot start logging: {error}");
        return ExitCode::FAILURE;
    }
    match run(settings).await {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            tracing::error!(%error, "cannot start");
            ExitCode::FAILURE
        }
    }
}

async fn run(settings: Settings) -> Result<u8, StartError> {
    let (role, version, parts) =
        (settings.role.name(), env!("CARGO_PKG_VERSION"), settings.parts());
    settings.warnings.iter().for_each(|warning| tracing::warn!("{warning}"));
    if let Some(jwt) = &settings.jwt {
        tracing::info!("{}", jwt.describe());
    }
    let metrics = Metrics::install(version, role)
        .map_err(|error| StartError::new("cannot collect metrics", error))?;
    let supervisor = Supervisor::new(plan(&settings.drain));
    listen_for_signals(&supervisor)
        .map_err(|error| StartError::new("cannot listen for signals", error))?;

    let marker = Arc::new(DrainMarker::new(&settings.drain.file));
    marker.remove_stale().map_err(|error| {
        StartError::new("Drain__File: cannot remove the marker of an earlier run", error)
    })?;
    let stores = stores::open(&settings, publishes(&settings)).await?;
    let (handover, handed) = Handover::new();
    let components = Components::new(settings, stores, Arc::new(handover), &supervisor)?;
    let fleet = Arc::new(FleetHealth::new(components.settings.jobs.lease));
    let mut probes = components.probes.clone();
    probes.push(fleet.clone());
    let health = Arc::new(HealthRegistry::new(probes));
    let readiness = Readiness::new(supervisor.phase(), marker.clone());
    let ops = Arc::new(Ops::new(version, role, readiness, health.clone(), metrics.clone()));
    let (server, ops_address) = listener::bind_ops(ops.clone(), components.settings.ops.listen)
        .map_err(|error| StartError::new("cannot listen", error))?;
    supervisor.spawn("ops-listener", StopPhase::Last, |stop| listener::serve(server, stop));
    supervisor.spawn("metrics", StopPhase::Last, |stop| async move { metrics.fold(stop).await });
    supervisor.spawn(
        "health",
        StopPhase::Last,
        |stop| async move { health.keep_fresh(stop).await },
    );
    supervisor.spawn("drain-marker", StopPhase::Last, |stop| async move {
        marker.watch_file(stop).await
    });

    stores::ensure_schema(&components.stores, &components.settings).await?;
    start_caretakers(&components, fleet, &supervisor);
    let handed = start_stream_relay(&components, handed, &supervisor);
    if parts.has(Part::Jobs) {
        worker::start(&components, &supervisor);
    }
    if parts.has(Part::Api) {
        let address = web::start(&components, &supervisor, ops, handed).await?;
        announce(
            &components.settings,
            &format!("http://{address}"),
            &format!("http://{ops_address}"),
        );
    }
    supervisor.ready();
    tracing::info!(role, version, ops = %ops_address, "ready");
    Ok(supervisor.run().await.exit_code())
}

/// Whether this process publishes the events it commits: to the stream, or without Redis to its own
/// hub.
fn publishes(settings: &Settings) -> bool {
    settings.connections.redis.is_some() || settings.parts().has(Part::Hub)
}

fn start_caretakers(components: &Components, fleet: Arc<FleetHealth>, supervisor: &Supervisor) {
    let depths = DepthGauges::new(components.stores.jobs.clone(), fleet, DEPTHS_EVERY);
    let (cache, changed) = (components.shared_state.cache.clone(), components.changed.clone());
    supervisor.spawn("report-cache", StopPhase::Background, |stop| async move {
        keep_reports_fresh(cache, changed, stop).await;
        Ok(())
    });
    supervisor.spawn("queue-gauges", StopPhase::Background, |stop| async move {
        depths.run(stop).await;
        Ok(())
    });
}

/// With Redis every process feeds the stream; without it, what was handed over is left to the hub
/// (D4).
fn start_stream_relay(
    components: &Components,
    handed: HandedOver,
    supervisor: &Supervisor,
) -> Option<HandedOver> {
    let Some(redis) = &components.redis else { return Some(handed) };
    let sink = Arc::new(StreamSink::new(redis.events.clone(), components.delivery.clone()));
    start_relay(components, handed, sink, supervisor);
    None
}

fn plan(drain: &DrainSettings) -> StopPlan {
    StopPlan {
        announce: drain.pause,
        work: drain.work(),
        requests: DrainSettings::REQUESTS,
        background: DrainSettings::BACKGROUND,
        last: DrainSettings::LAST,
    }
}

/// Tells a person at a terminal where the shop is. Logs are on standard error.
fn announce(settings: &Settings, url: &str, ops_url: &str) {
    println!("Contoso Shop {} is open at {url}", env!("CARGO_PKG_VERSION"));
    if let Some(jwt) = &settings.jwt {
        println!("  identity     {}", jwt.describe());
    }
    if matches!(settings.jwt, Some(JwtSettings::Development(_))) {
        println!("  sign in      with any name on the page, or: contoso-shop token --user alice");
    }
    if let StoreConnection::Sqlite(path) = &settings.connections.contoso {
        println!("  data         {}", path.display());
    }
    println!("  API          {url}/docs");
    println!("  health       {ops_url}/health/details");
    println!("  metrics      {ops_url}/metrics");
}
