//! Rules across sections. Rules within one stand beside its struct.

use super::reader::SettingsReader;
use super::{JwtSettings, Role, Settings, listen};

pub(super) fn check(r: &mut SettingsReader, settings: &Settings) {
    settings.hangfire.check(r, settings.role);
    listen::check(r, settings.role, &settings.http, &settings.ops);
    settings.resilience.check(r, settings.jobs.lease);
    if settings.role == Role::Web && !settings.signalr.single_pod {
        check_fan_out(r, settings);
    }
}

/// A web pod is one of several unless told otherwise, and then needs what they share.
fn check_fan_out(r: &mut SettingsReader, settings: &Settings) {
    if settings.connections.redis.is_none() && !r.is_set("ConnectionStrings__Redis") {
        r.problem(
            "ConnectionStrings__Redis",
            "is missing: without Redis, web pods cannot reach each other's clients",
            "Set it, or set SignalR__SinglePod=true when this is the only web pod.",
        );
    }
    if settings.signalr.connection_token_key.is_none()
        && matches!(settings.jwt, Some(JwtSettings::Production(_)))
    {
        r.problem(
            "SignalR__ConnectionTokenKey",
            "is missing: a connection negotiated on one web pod would be refused on another",
            "Set the same 32 or more random bytes on all pods, or SignalR__SinglePod=true when this is the only web pod.",
        );
    }
}
