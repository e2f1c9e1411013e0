use std::sync::Arc;
use std::time::{Instant, SystemTime};

use actix_web::{HttpRequest, HttpResponse, web};
use actix_ws::{CloseCode, CloseReason, Item, Message, MessageStream, ProtocolError, Session};
use bytes::Bytes;

use crate::signalr::access::Authenticated;
use crate::signalr::connection::{CloseCause, Connection, ConnectionId};
use crate::signalr::counters::Admission;
use crate::signalr::endpoint::HubEndpoint;
use crate::signalr::protocol::Frame;
use crate::signalr::refused::Refused;
use crate::signalr::session::{Received, TransportReader, TransportWriter, run};

/// The largest WebSocket frame taken, as a multiple of the largest message: clients may put several
/// messages into one.
const MESSAGES_PER_FRAME: usize = 4;

/// Upgrades a request and starts its connection. With `id` it is the negotiated one, without it a
/// new one (skipNegotiation).
pub fn accept(
    endpoint: &Arc<HubEndpoint>,
    request: &HttpRequest,
    payload: web::Payload,
    user: Authenticated,
    id: Option<ConnectionId>,
) -> Result<HttpResponse, Refused> {
    let options = endpoint.options().clone();
    let id = id.unwrap_or_else(ConnectionId::random);
    let connection = Arc::new(Connection::new(id, &user.user_id, &options));
    let admitted = endpoint.admissions.admit(connection.clone()).map_err(Refused::NotAdmitted)?;
    let (response, session, messages) =
        actix_ws::handle(request, payload).map_err(|_| Refused::BadUpgrade)?;
    endpoint.lifetime().counters().admitted(Admission::Accepted);

    let messages = messages
        .max_frame_size(options.maximum_receive_message_size.saturating_mul(MESSAGES_PER_FRAME));
    let services = endpoint.services();
    actix_web::rt::spawn(async move {
        let cause = run(
            services,
            connection.clone(),
            expiry(&user),
            WebSocketReader(messages, session.clone()),
            WebSocketWriter(session),
        )
        .await;
        tracing::debug!(connection_id = %connection.id(), close_reason = cause.label(), "connection ended");
        drop(admitted);
    });
    Ok(response)
}

/// The token's end on the monotonic clock.
fn expiry(user: &Authenticated) -> Option<Instant> {
    let left = user.expires_at?.duration_since(SystemTime::now()).unwrap_or_default();
    // An end too far away to be represented is no end.
    Instant::now().checked_add(left)
}

/// The session answers pings.
struct WebSocketReader(MessageStream, Session);

impl TransportReader for WebSocketReader {
    async fn receive(&mut self) -> Received {
        loop {
            return match self.0.recv().await {
                Some(Ok(Message::Text(text))) => Received::Bytes(text.into_bytes()),
                Some(Ok(Message::Binary(bytes))) => Received::Bytes(bytes),
                // The hub protocol is a stream of bytes: parts need not be put together here.
                Some(Ok(Message::Continuation(item))) => Received::Bytes(part(item)),
                Some(Ok(Message::Close(_))) => Received::Closed,
                Some(Err(ProtocolError::Overflow)) => Received::TooLarge,
                Some(Err(_)) | None => Received::Lost,
                Some(Ok(Message::Ping(payload))) => match self.1.pong(&payload).await {
                    Ok(()) => continue,
                    Err(_) => Received::Lost,
                },
                Some(Ok(Message::Pong(_) | Message::Nop)) => continue,
            };
        }
    }
}

fn part(item: Item) -> Bytes {
    match item {
        Item::FirstText(bytes)
        | Item::FirstBinary(bytes)
        | Item::Continue(bytes)
        | Item::Last(bytes) => bytes,
    }
}

struct WebSocketWriter(Session);

impl TransportWriter for WebSocketWriter {
    async fn write(&mut self, frame: Frame) -> bool {
        match frame {
            Frame::Text(text) => self.0.text(text).await,
            Frame::Binary(bytes) => self.0.binary(bytes).await,
        }
        .is_ok()
    }

    async fn close(self, cause: &CloseCause) {
        let code = match cause {
            CloseCause::Draining => CloseCode::Away,
            CloseCause::ConnectedFailed(_) => CloseCode::Error,
            _ => CloseCode::Normal,
        };
        // An error means the socket is gone, which is what we want.
        let _ = self.0.close(Some(CloseReason { code, description: None })).await;
    }
}
