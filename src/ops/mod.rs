//! Health, readiness, drain, metrics, telemetry.
