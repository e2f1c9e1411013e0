use super::reader::SettingsReader;

/// `[RateLimits]`: what one caller may do. Each number is also how many may come at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateLimitSettings {
    /// Whether any limit applies.
    pub enabled: bool,
    /// Orders one user may place in a minute.
    pub orders_per_minute: u32,
    /// Requests one address may send to the API in a minute.
    pub requests_per_minute: u32,
    /// Attempts to connect to the hub one address has in a minute.
    pub connections_per_minute: u32,
}

impl RateLimitSettings {
    pub(super) fn read(r: &mut SettingsReader) -> Self {
        Self {
            enabled: r.get("RateLimits__Enabled"),
            orders_per_minute: r.positive("RateLimits__OrdersPerMinute"),
            requests_per_minute: r.positive("RateLimits__RequestsPerMinute"),
            connections_per_minute: r.positive("RateLimits__ConnectionsPerMinute"),
        }
    }
}
