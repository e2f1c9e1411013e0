use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::sync::atomic::{AtomicBool, Ordering};

use actix_web::http::header::{HeaderMap, X_FORWARDED_FOR};
use ipnet::IpNet;

/// Headers that proxies add to what they pass on.
const FORWARDING: [&str; 6] =
    ["forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-real-ip"];

/// Whether a proxy passed this request on, or somebody who wants to be taken for one.
pub(super) fn is_forwarded(headers: &HeaderMap) -> bool {
    FORWARDING.iter().any(|name| headers.contains_key(*name))
}

/// Who sent a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Client {
    /// A program on this very machine, with no proxy in between.
    ThisMachine,
    /// Whoever has this address.
    At(IpAddr),
}

/// Finds out who is at the other end, past the proxies that are known.
pub(super) struct TrustedProxies {
    networks: Vec<IpNet>,
    warned: AtomicBool,
}

impl TrustedProxies {
    /// Believes `X-Forwarded-For` from these networks only.
    pub(super) fn new(networks: Vec<IpNet>) -> Self {
        Self { networks, warned: AtomicBool::new(false) }
    }

    /// The client behind `peer`. A proxy on this machine forwards everybody, so its requests never
    /// count as this machine's own.
    pub(super) fn client(&self, peer: IpAddr, headers: &HeaderMap) -> Client {
        let peer = peer.to_canonical();
        if is_forwarded(headers) {
            Client::At(self.forwarded(peer, headers))
        } else if peer.is_loopback() {
            Client::ThisMachine
        } else {
            Client::At(peer)
        }
    }

    /// The last hop of `X-Forwarded-For` that is no trusted proxy. What stands left of it is the
    /// client's own claim, and so is everything when the peer itself is no trusted proxy.
    fn forwarded(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let mut client = peer;
        if !self.trusts(peer) {
            self.warn(peer);
            return peer;
        }
        let hops: Vec<_> = headers
            .get_all(X_FORWARDED_FOR)
            .flat_map(|value| value.as_bytes().split(|b| *b == b','))
            .collect();
        for hop in hops.into_iter().rev() {
            let Some(address) = std::str::from_utf8(hop).ok().and_then(|text| parse(text.trim()))
            else {
                break;
            };
            client = address.to_canonical();
            if !self.trusts(client) {
                break;
            }
        }
        client
    }

    fn trusts(&self, address: IpAddr) -> bool {
        self.networks.iter().any(|network| network.contains(&address))
    }

    /// Once: everybody behind a proxy that is not listed shares its limit, which its operator would
    /// rather know.
    fn warn(&self, peer: IpAddr) {
        if !self.warned.swap(true, Ordering::Relaxed) {
            let advice = "if it is a proxy of yours, list it in Http__TrustedProxies: all its clients share one limit";
            tracing::warn!(%peer, "forwarding headers are not believed; {advice}");
        }
    }
}

/// What one customer of a provider has: an IPv4 address, or a /64 of IPv6, within which addresses
/// cost nothing.
pub(super) fn subscriber(address: IpAddr) -> String {
    match address {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            format!("{}/64", Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
    }
}

/// An address, with the port some proxies add.
fn parse(hop: &str) -> Option<IpAddr> {
    let bare = hop.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(hop);
    bare.parse().ok().or_else(|| hop.parse::<SocketAddr>().ok().map(|address| address.ip()))
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};

    use super::{Client, TrustedProxies, subscriber};

    fn client(peer: &str, values: &[&str]) -> String {
        match seen(peer, &values.iter().map(|v| ("x-forwarded-for", *v)).collect::<Vec<_>>()) {
            Client::ThisMachine => "this machine".to_owned(),
            Client::At(address) => address.to_string(),
        }
    }

    fn seen(peer: &str, given: &[(&'static str, &str)]) -> Client {
        let proxies = TrustedProxies::new(vec![
            "10.0.0.0/8".parse().expect("a net"),
            "fd00::/8".parse().expect("a net"),
        ]);
        let mut headers = HeaderMap::new();
        for (name, value) in given {
            let value = HeaderValue::from_str(value).expect("a value");
            headers.append(HeaderName::from_static(name), value);
        }
        proxies.client(peer.parse().expect("an address"), &headers)
    }

    #[test]
    fn only_an_unforwarded_request_is_this_machines_own() {
        for peer in ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"] {
            assert_eq!(client(peer, &[]), "this machine");
        }
        for header in [
            "x-forwarded-for",
            "forwarded",
            "x-real-ip",
            "x-forwarded-host",
            "x-forwarded-proto",
            "via",
        ] {
            let expected = Client::At("127.0.0.1".parse().expect("an address"));
            assert_eq!(seen("127.0.0.1", &[(header, "x")]), expected, "{header}");
        }
        assert_eq!(client("10.0.0.1", &["127.0.0.1"]), "127.0.0.1");
    }

    #[test]
    fn a_stranger_is_not_believed() {
        assert_eq!(client("192.0.2.9", &["198.51.100.1"]), "192.0.2.9");
        assert_eq!(client("10.0.0.1", &[]), "10.0.0.1");
    }

    #[test]
    fn the_last_hop_that_is_no_proxy_counts_and_claims_left_of_it_do_not() {
        assert_eq!(client("10.0.0.1", &["198.51.100.1"]), "198.51.100.1");
        assert_eq!(client("10.0.0.1", &["1.2.3.4, 198.51.100.1, 10.9.9.9"]), "198.51.100.1");
        assert_eq!(client("10.0.0.1", &["1.2.3.4", "198.51.100.1:5050"]), "198.51.100.1");
        assert_eq!(client("::ffff:10.0.0.1", &["[2001:db8::1]:443"]), "2001:db8::1");
        assert_eq!(client("fd00::1", &["2001:db8::1"]), "2001:db8::1");
    }

    #[test]
    fn what_is_no_address_ends_the_search() {
        assert_eq!(client("10.0.0.1", &["198.51.100.1, unknown, 10.0.0.2"]), "10.0.0.2");
        assert_eq!(client("10.0.0.1", &[""]), "10.0.0.1");
    }

    #[test]
    fn addresses_of_one_ipv6_network_are_one_caller() {
        let of = |text: &str| subscriber(text.parse().expect("an address"));
        assert_eq!(of("2001:db8:1:2:3:4:5:6"), of("2001:db8:1:2::9"));
        assert_ne!(of("2001:db8:1:2::9"), of("2001:db8:1:3::9"));
        assert_eq!(of("192.0.2.1"), "192.0.2.1");
    }
}
