use actix_web::dev::Payload;
use actix_web::http::header::AUTHORIZATION;
use actix_web::{FromRequest, HttpRequest, web};
use futures_util::future::{FutureExt, LocalBoxFuture};

use crate::auth::Principal;
use crate::http::{HttpState, Problem};

/// Who calls, from the `Authorization` header alone: a token in the query is for the hub.
pub(in crate::http) struct Caller(pub(in crate::http) Principal);

impl FromRequest for Caller {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let token = bearer(request).map(str::to_owned);
        let state = request.app_data::<web::Data<HttpState>>().cloned();
        async move {
            let token = token.ok_or_else(Problem::no_token)?;
            let state = state.expect("every application of this module holds its state");
            Ok(Self(state.verifier.verify(&token).await?))
        }
        .boxed_local()
    }
}

/// The token of RFC 6750, section 2.1; the scheme's name ignores case.
fn bearer(request: &HttpRequest) -> Option<&str> {
    let (scheme, token) = request.headers().get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim()).filter(|token| !token.is_empty())
}
