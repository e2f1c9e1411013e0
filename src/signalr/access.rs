use std::time::SystemTime;

use actix_web::http::header::{AUTHORIZATION, HOST, HeaderName, ORIGIN, X_FORWARDED_HOST};
use actix_web::{HttpRequest, web};
use async_trait::async_trait;

use super::options::Origins;

/// Who a token speaks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authenticated {
    /// The user whose connections these are; never empty.
    pub user_id: String,
    /// When the connection must end, so that the client comes back with a new token.
    pub expires_at: Option<SystemTime>,
}

/// Why a token does not let its bearer in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccessDenied {
    /// No token, or one that is not valid: 401.
    Unauthorized,
    /// A valid token without a user, or not for this: 403.
    Forbidden,
    /// It cannot be checked now: 503.
    Unavailable,
}

/// Checks the tokens clients come with.
#[async_trait]
pub trait ConnectionAuthenticator: Send + Sync {
    /// Who `token` speaks for; `None` if the client sent none.
    async fn authenticate(&self, token: Option<&str>) -> Result<Authenticated, AccessDenied>;
}

/// The values of a query, by name ignoring case.
pub(super) struct ConnectQuery(Vec<(String, String)>);

impl ConnectQuery {
    pub(super) fn of(request: &HttpRequest) -> Self {
        let pairs = web::Query::<Vec<(String, String)>>::from_query(request.query_string());
        Self(pairs.map(web::Query::into_inner).unwrap_or_default())
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(found, _)| found.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }
}

/// The token in the header, or in `access_token`, where browsers put it for WebSockets (B7).
pub(super) fn token<'a>(request: &'a HttpRequest, query: &'a ConnectQuery) -> Option<&'a str> {
    let header = request.headers().get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let bearer = header
        .and_then(|value| value.split_at_checked(7))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer "));
    bearer
        .map(|(_, token)| token.trim())
        .or_else(|| query.get("access_token"))
        .filter(|token| !token.is_empty())
}

impl Origins {
    /// Whether the page a request comes from may connect. Programs that are no browsers name none,
    /// and our own pages are at the host they ask, or at the one a trusted proxy was asked for.
    pub(super) fn admit(&self, request: &HttpRequest) -> bool {
        let text = |name: HeaderName| {
            request.headers().get(name).map(|value| value.to_str().unwrap_or_default())
        };
        let Some(origin) = text(ORIGIN) else { return true };
        let forwarded = self.trusts_peer_of(request).then_some(X_FORWARDED_HOST);
        [Some(HOST), forwarded].into_iter().flatten().filter_map(text).any(|h| is_at(origin, h))
            || self.lists(origin)
    }

    fn lists(&self, origin: &str) -> bool {
        self.allowed
            .iter()
            .any(|allowed| allowed.trim_end_matches('/').eq_ignore_ascii_case(origin))
    }

    fn trusts_peer_of(&self, request: &HttpRequest) -> bool {
        let peer = request.peer_addr().map(|peer| peer.ip().to_canonical());
        peer.is_some_and(|peer| self.trusted_proxies.iter().any(|net| net.contains(&peer)))
    }
}

/// Whether an origin names the host the request came to. The scheme is not compared: TLS may end in
/// front of us.
fn is_at(origin: &str, host: &str) -> bool {
    let Some((scheme, authority)) = origin.split_once("://") else { return false };
    let default_port = if scheme.eq_ignore_ascii_case("https") { ":443" } else { ":80" };
    let bare = |authority: &str| {
        authority.strip_suffix(default_port).unwrap_or(authority).to_ascii_lowercase()
    };
    !host.is_empty() && bare(authority) == bare(host)
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    fn admits(origins: &Origins, peer: &str, headers: &[(&'static str, &str)]) -> bool {
        let peer = format!("{peer}:5000").parse().unwrap();
        let request = TestRequest::get().peer_addr(peer);
        let request = headers.iter().fold(request, |request, (name, value)| {
            request.insert_header((*name, value.to_owned()))
        });
        origins.admit(&request.to_http_request())
    }

    #[test]
    fn own_pages_and_listed_origins_pass() {
        let listed = Origins { allowed: vec!["https://shop.example".into()], ..Origins::default() };
        let passes = |origin: &str, host: &str| {
            admits(&listed, "192.0.2.1", &[("origin", origin), ("host", host)])
        };
        assert!(passes("http://localhost:8080", "localhost:8080"));
        assert!(passes("https://a.example", "a.example:443"));
        assert!(passes("https://shop.example", "hub.example"));
        assert!(!passes("https://evil.example", "hub.example"));
        assert!(!passes("null", "hub.example"));
        assert!(!passes("http://localhost:8081", "localhost:8080"));
        assert!(!passes("https://shop.example.evil", "hub.example"));
        assert!(admits(&listed, "192.0.2.1", &[]), "no browser");
    }

    #[test]
    fn a_forwarded_host_counts_from_trusted_proxies_only() {
        let origins =
            Origins { trusted_proxies: vec!["10.0.0.0/8".parse().unwrap()], ..Origins::default() };
        let headers = [
            ("origin", "https://shop.example"),
            ("host", "pod.internal"),
            ("x-forwarded-host", "shop.example"),
        ];
        assert!(admits(&origins, "10.1.2.3", &headers));
        assert!(!admits(&origins, "192.0.2.1", &headers));
        assert!(!admits(&Origins::default(), "10.1.2.3", &headers));
    }

    #[test]
    fn tokens_come_in_the_header_or_the_query() {
        let found = |request: TestRequest| {
            let request = request.to_http_request();
            token(&request, &ConnectQuery::of(&request)).map(str::to_owned)
        };
        assert_eq!(found(TestRequest::with_uri("/hub?Access_Token=a%2Bb")), Some("a+b".into()));
        assert_eq!(
            found(
                TestRequest::with_uri("/hub?access_token=q")
                    .insert_header(("authorization", "bearer h"))
            ),
            Some("h".into())
        );
        assert_eq!(
            found(TestRequest::with_uri("/hub").insert_header(("authorization", "Basic x"))),
            None
        );
        assert_eq!(found(TestRequest::with_uri("/hub?access_token=")), None);
    }
}
