use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};

use crate::http::Problem;

/// The header's name, in lower case.
pub(in crate::http) const IDEMPOTENCY_KEY: &str = "idempotency-key";

/// `Idempotency-Key`, when there is one: at most 128 visible ASCII characters.
pub(in crate::http) struct IdempotencyKeyHeader(pub(in crate::http) Option<String>);

impl FromRequest for IdempotencyKeyHeader {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let mut values = request.headers().get_all(IDEMPOTENCY_KEY);
        ready(match (values.next(), values.next()) {
            (None, _) => Ok(Self(None)),
            (Some(value), None) => match value.to_str() {
                Ok(key)
                    if (1..=128).contains(&key.len())
                        && key.bytes().all(|b| b.is_ascii_graphic()) =>
                {
                    Ok(Self(Some(key.to_owned())))
                }
                _ => Err(refused("1 to 128 visible ASCII characters are expected")),
            },
            (Some(_), Some(_)) => Err(refused("one value is expected")),
        })
    }
}

fn refused(message: &str) -> Problem {
    Problem::invalid([("Idempotency-Key".to_owned(), message.to_owned())])
}
