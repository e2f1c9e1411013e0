use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::error::PayloadError;
use actix_web::web::Bytes;
use actix_web::{FromRequest, HttpMessage, HttpRequest};
use futures_util::future::{FutureExt, LocalBoxFuture};
use serde::de::DeserializeOwned;
use tokio::time::timeout;

use crate::http::Problem;

/// The largest body, in bytes.
pub(in crate::http) const LARGEST_BODY: usize = 64 * 1024;

/// How long a body may take to arrive; less than a request may take in all, so that its sender
/// hears whose fault it is.
const SLOWEST_BODY: Duration = Duration::from_secs(5);

/// A JSON body. Unknown fields are refused by the types read from it, and a problem names the field
///
pub(in crate::http) struct Json<T>(pub(in crate::http) T);

impl<T: DeserializeOwned + 'static> FromRequest for Json<T> {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let is_json = request.content_type().eq_ignore_ascii_case("application/json");
        let body = Bytes::from_request(request, payload);
        async move {
            if !is_json {
                return Err(Problem::not_json());
            }
            let body = timeout(SLOWEST_BODY, body).await.map_err(|_| Problem::too_slow())?;
            let body = body.map_err(|error| match error.as_error::<PayloadError>() {
                Some(PayloadError::Overflow) => {
                    Problem::too_large("A body has at most 65,536 bytes.")
                }
                _ => Problem::malformed("The body could not be received."),
            })?;
            parse(&body).map(Self)
        }
        .boxed_local()
    }
}

fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    let mut reader = serde_json::Deserializer::from_slice(body);
    let value = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let field = error.path().to_string();
        let error = error.into_inner();
        if error.is_data() && field != "." {
            Problem::invalid([(field, error.to_string())])
        } else {
            Problem::malformed(format!("The body is not the JSON that is expected: {error}."))
        }
    })?;
    reader.end().map_err(|error| Problem::malformed(format!("The body is not JSON: {error}.")))?;
    Ok(value)
}
