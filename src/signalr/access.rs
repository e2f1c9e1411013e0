use std::time::SystemTime;

use actix_web::http::header::{AUTHORIZATION, HOST, HeaderName, ORIGIN};
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
pub enum Refusal {
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
    async fn authenticate(&self, token: Option<&str>) -> Result<Authenticated, Refusal>;
}

/// The values of a query, by name ignoring case.
pub(super) struct Query(Vec<(String, String)>);

impl Query {
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
pub(super) fn token<'a>(request: &'a HttpRequest, query: &'a Query) -> Option<&'a str> {
    let header = request.headers().get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let bearer = header
        .and_then(|value| value.split_at_checked(7))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer "));
    bearer
        .map(|(_, token)| token.trim())
        .or_else(|| query.get("access_token"))
        .filter(|token| !token.is_empty())
}

/// Where a request comes from, as browsers tell.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Origin {
    /// No browser, or our own pages.
    Own,
    /// Another origin that is allowed.
    Allowed(String),
    /// Another origin that is not.
    Refused,
}

impl Origin {
    pub(super) fn of(request: &HttpRequest, allowed: &Origins) -> Self {
        let text = |name: HeaderName| {
            request.headers().get(name).map(|value| value.to_str().unwrap_or_default())
        };
        let Some(origin) = text(ORIGIN) else { return Self::Own };
        let own = [HOST, HeaderName::from_static("x-forwarded-host")]
            .into_iter()
            .filter_map(text)
            .any(|host| is_at(origin, host));
        let listed = match allowed {
            Origins::Any => true,
            Origins::Listed(origins) => origins
                .iter()
                .any(|listed| listed.trim_end_matches('/').eq_ignore_ascii_case(origin)),
        };
        match (own, listed) {
            (true, _) => Self::Own,
            (false, true) => Self::Allowed(origin.to_owned()),
            (false, false) => Self::Refused,
        }
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

    fn origin(origin: &str, host: &str, allowed: &Origins) -> Origin {
        let request = TestRequest::get()
            .insert_header(("origin", origin))
            .insert_header(("host", host))
            .to_http_request();
        Origin::of(&request, allowed)
    }

    #[test]
    fn own_pages_and_listed_origins_pass() {
        let listed = Origins::Listed(vec!["https://shop.example".into()]);
        assert_eq!(origin("http://localhost:8080", "localhost:8080", &listed), Origin::Own);
        assert_eq!(origin("https://a.example", "a.example:443", &listed), Origin::Own);
        assert_eq!(
            origin("https://shop.example", "hub.example", &listed),
            Origin::Allowed("https://shop.example".into())
        );
        assert_eq!(origin("https://evil.example", "hub.example", &listed), Origin::Refused);
        assert_eq!(origin("null", "hub.example", &listed), Origin::Refused);
        assert_eq!(origin("http://localhost:8081", "localhost:8080", &listed), Origin::Refused);
        assert_eq!(origin("https://shop.example.evil", "hub.example", &listed), Origin::Refused);
        assert_eq!(
            origin("https://x.example", "hub.example", &Origins::Any),
            Origin::Allowed("https://x.example".into())
        );
        assert_eq!(Origin::of(&TestRequest::get().to_http_request(), &listed), Origin::Own);
    }

    #[test]
    fn tokens_come_in_the_header_or_the_query() {
        let found = |request: TestRequest| {
            let request = request.to_http_request();
            token(&request, &Query::of(&request)).map(str::to_owned)
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
