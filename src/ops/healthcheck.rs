//! Asking a server for its readiness, for container health checks.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

/// Container engines give up after some seconds; an answer that takes longer is a no.
const TIMEOUT: Duration = Duration::from_secs(3);

/// Where a server that listens on `listen` says whether it is ready.
pub fn ready_url(listen: SocketAddr) -> String {
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    format!("http://{}/health/ready", SocketAddr::new(ip, listen.port()))
}

/// Asks once. Errors when the answer is not a success, or none comes within 3 s.
pub async fn ask(url: &str) -> Result<String, String> {
    let failed = |error: reqwest::Error| format!("{url}: {}", reason(&error));
    // A proxy meant for the outside must not be asked about ourselves.
    let client = reqwest::Client::builder().no_proxy().timeout(TIMEOUT).build().map_err(failed)?;
    let answer = client.get(url).send().await.map_err(failed)?;
    let status = answer.status();
    let text = answer.text().await.map_err(failed)?;
    if status.is_success() { Ok(text) } else { Err(format!("{url}: {status} {text}")) }
}

fn reason(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return format!("no answer within {} s", TIMEOUT.as_secs());
    }
    // The innermost cause is the one that says "connection refused".
    let mut cause: &dyn std::error::Error = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}
