use std::future::{Ready, ready};
use std::str::FromStr;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};

use crate::http::Problem;

/// The path's only parameter. A text that cannot be an id names nothing: 404, as for an id that is
/// not taken.
pub(in crate::http) struct PathParameter<T>(pub(in crate::http) T);

impl<T: FromStr + 'static> FromRequest for PathParameter<T> {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let text = request.match_info().iter().next().map_or("", |(_, text)| text);
        ready(text.parse().map(Self).map_err(|_| Problem::not_found("Nothing has this id.")))
    }
}
