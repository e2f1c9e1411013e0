use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest, web};
use futures_util::future::{FutureExt, LocalBoxFuture};

use super::Caller;
use crate::auth::Principal;
use crate::http::rate_limits::note;
use crate::http::{HttpState, Problem};

/// A caller who may place an order now. It costs one of the user's permits, whether or not the
/// order turns out to be valid.
pub(in crate::http) struct Orderer(pub(in crate::http) Principal);

impl FromRequest for Orderer {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let caller = Caller::from_request(request, payload);
        let request = request.clone();
        async move {
            let Caller(principal) = caller.await?;
            let state = request
                .app_data::<web::Data<HttpState>>()
                .expect("every application of this module holds its state");
            if let Some(limits) = &state.limits
                && let Some(decision) = limits.order(&principal.user).await?
            {
                note(&request, decision);
            }
            Ok(Self(principal))
        }
        .boxed_local()
    }
}
