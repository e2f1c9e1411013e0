use std::cell::RefCell;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::error::PayloadError;
use actix_web::http::header::TRANSFER_ENCODING;
use actix_web::middleware::Next;
use actix_web::web::Bytes;
use actix_web::{Error, HttpMessage, rt};
use futures_util::Stream;
use tokio::time::sleep;

/// Longer than the first bytes of an answer take.
const HOLD: Duration = Duration::from_secs(2);

/// Closes a connection whose request has a body of unknown length that nobody read to its end
/// . Actix reads on for ever once such a body is dropped, waiting for an end that may never
/// come; while the body is held it answers, lingers and closes.
pub(super) async fn close_when_unread(
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    if !request.headers().contains_key(TRANSFER_ENCODING) {
        return next.call(request).await.map(ServiceResponse::map_into_boxed_body);
    }
    let body = Rc::new(RefCell::new(request.take_payload()));
    request.set_payload(Payload::Stream { payload: Box::pin(SharedBody(body.clone())) });
    let answer = next.call(request).await.map(ServiceResponse::map_into_boxed_body);
    rt::spawn(async move {
        sleep(HOLD).await;
        drop(body);
    });
    answer
}

/// A body that somebody else keeps alive.
struct SharedBody(Rc<RefCell<Payload>>);

impl Stream for SharedBody {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Pin::new(&mut *self.0.borrow_mut()).poll_next(context)
    }
}
