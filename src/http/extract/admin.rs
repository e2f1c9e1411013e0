use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use futures_util::future::{FutureExt, LocalBoxFuture};

use super::Caller;
use crate::http::Problem;

/// A caller who may look after the shop.
pub(in crate::http) struct Admin;

impl FromRequest for Admin {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let caller = Caller::from_request(request, payload);
        async move {
            let Caller(principal) = caller.await?;
            if principal.is_admin() {
                Ok(Self)
            } else {
                Err(Problem::forbidden("This is for the role admin."))
            }
        }
        .boxed_local()
    }
}
