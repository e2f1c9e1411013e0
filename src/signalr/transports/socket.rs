use std::any::Any;
use std::time::Duration;

use actix_web::rt::net::TcpStream;

/// How long written bytes may stay unacknowledged. An HTTP server cannot take back what a stuck
/// client does not read; this has the kernel cut such a socket, and one whose peer vanished without
/// a word.
const STUCK_AFTER: Duration = Duration::from_secs(20);

/// Prepares an accepted socket for hub connections; pass it to `HttpServer::on_connect`.
pub fn tune_socket(io: &dyn Any) {
    let Some(stream) = io.downcast_ref::<TcpStream>() else { return };
    // Small frames must not wait for acknowledgements of earlier ones.
    let nodelay = stream.set_nodelay(true);
    #[cfg(target_os = "linux")]
    let nodelay = nodelay
        .and_then(|()| socket2::SockRef::from(stream).set_tcp_user_timeout(Some(STUCK_AFTER)));
    if let Err(error) = nodelay {
        tracing::debug!(error = &error as &dyn std::error::Error, "a socket could not be tuned");
    }
}
