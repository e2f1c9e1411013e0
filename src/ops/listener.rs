//! Listeners as supervised tasks.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use actix_web::dev::Server;
use actix_web::{App, HttpServer};
use tokio_util::sync::CancellationToken;

use super::{Ops, ops_routes};
use crate::lifecycle::TaskResult;

/// Binds the ops listener. Returns it with its address, which tells the port when `listen` left it
/// open. Errors when the address cannot be bound.
pub fn bind_ops(ops: Arc<Ops>, listen: SocketAddr) -> io::Result<(Server, SocketAddr)> {
    let server = HttpServer::new(move || App::new().configure(ops_routes(Arc::clone(&ops))))
        .workers(1)
        .disable_signals()
        .shutdown_timeout(1)
        .bind(listen)
        .map_err(|error| {
            io::Error::new(error.kind(), format!("Ops__Listen: cannot listen on {listen}: {error}"))
        })?;
    let address = server.addrs().first().copied().unwrap_or(listen);
    Ok((server.run(), address))
}

/// Serves until `stop`, then answers what is under way and closes.
pub async fn serve(server: Server, stop: CancellationToken) -> TaskResult {
    let handle = server.handle();
    let mut server = std::pin::pin!(server);
    tokio::select! {
        ended = &mut server => return Ok(ended?),
        () = stop.cancelled() => {}
    }
    let (_, ended) = tokio::join!(handle.stop(true), server);
    Ok(ended?)
}
