use std::future::{Ready, ready};
use std::net::IpAddr;

use actix_web::dev::Payload;
use actix_web::http::header::HOST;
use actix_web::http::uri::Authority;
use actix_web::{FromRequest, HttpRequest, web};

use crate::http::client_address::is_forwarded;
use crate::http::{HttpState, Problem};

/// Somebody who may have a development token. Where nobody asked for development mode, a proxy in
/// front or a page whose name leads here must not get one.
pub(in crate::http) struct TokenSeeker;

impl FromRequest for TokenSeeker {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let restricted = request
            .app_data::<web::Data<HttpState>>()
            .is_some_and(|state| state.settings.tokens_for_this_machine_only);
        let direct = names_loopback(request) && !is_forwarded(request.headers());
        ready(if direct || !restricted {
            Ok(Self)
        } else {
            Err(Problem::forbidden(
                "Development mode is for this machine only. Set Jwt__Mode to development to open it to others, or to production.",
            ))
        })
    }
}

fn names_loopback(request: &HttpRequest) -> bool {
    let text = request.headers().get(HOST).and_then(|value| value.to_str().ok());
    let Some(authority) = text.and_then(|text| text.parse::<Authority>().ok()) else {
        return false;
    };
    let host = authority.host().trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost")
        || host.parse::<IpAddr>().is_ok_and(|address| address.to_canonical().is_loopback())
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::names_loopback;

    #[test]
    fn a_loopback_host_is_told_from_names_that_look_like_one() {
        let loopback = |host: &str| {
            names_loopback(&TestRequest::get().insert_header(("host", host)).to_http_request())
        };
        for host in ["localhost", "LocalHost:8080", "127.0.0.1:8080", "127.1.2.3", "[::1]:8080"] {
            assert!(loopback(host), "{host}");
        }
        for host in [
            "shop.example",
            "localhost.evil.example",
            "127.0.0.1.evil.example:80",
            "10.0.0.1:8080",
            "evil.example@127.0.0.1x",
            "",
        ] {
            assert!(!loopback(host), "{host}");
        }
        assert!(!names_loopback(&TestRequest::get().to_http_request()));
    }
}
