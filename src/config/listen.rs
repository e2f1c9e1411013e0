use std::net::{Ipv4Addr, SocketAddr};

use ipnet::IpNet;

use super::Role;
use super::reader::SettingsReader;
use super::signalr::origin;

/// `[Http]`: the public listener, in web roles only (D11).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListenSettings {
    /// Address and port of API, hub and pages.
    pub listen: SocketAddr,
    /// Where browsers reach this server, such as `https://shop.example`.
    pub public_url: Option<String>,
    /// Threads that serve requests.
    pub workers: u16,
    /// Proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpNet>,
}

/// `[Ops]`: health and metrics, in every role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpsSettings {
    /// Address and port of the ops listener.
    pub listen: SocketAddr,
}

fn default_address(role: Role, port: u16) -> SocketAddr {
    let address = if role == Role::All { Ipv4Addr::LOCALHOST } else { Ipv4Addr::UNSPECIFIED };
    SocketAddr::from((address, port))
}

impl ListenSettings {
    pub(super) fn read(r: &mut SettingsReader, role: Role) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let settings = Self {
            listen: r.or("Http__Listen", default_address(role, 8080)),
            public_url: r.optional("Http__PublicUrl").map(|url| origin(r, "Http__PublicUrl", url)),
            workers: r.or("Http__Workers", u16::try_from(cores).unwrap_or(u16::MAX)),
            trusted_proxies: r.get("Http__TrustedProxies"),
        };
        if !(1..=1024).contains(&settings.workers) {
            r.problem(
                "Http__Workers",
                format!("{} threads cannot serve", settings.workers),
                "Use 1 to 1024, or leave it empty for one per core.",
            );
        }
        settings
    }
}

impl OpsSettings {
    pub(super) fn read(r: &mut SettingsReader, role: Role) -> Self {
        Self { listen: r.or("Ops__Listen", default_address(role, 9090)) }
    }
}

/// Two listeners on one port collide when their addresses do; port 0 is a fresh port each time.
pub(super) fn check(r: &mut SettingsReader, role: Role, http: &ListenSettings, ops: &OpsSettings) {
    let (a, b) = (http.listen, ops.listen);
    let same_host = a.ip() == b.ip() || a.ip().is_unspecified() || b.ip().is_unspecified();
    if role != Role::Worker && a.port() == b.port() && a.port() != 0 && same_host {
        r.problem(
            "Http__Listen and Ops__Listen",
            format!("both want port {}", a.port()),
            "Give the ops listener a port of its own, such as 9090.",
        );
    }
}
