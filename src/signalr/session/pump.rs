use std::collections::VecDeque;
use std::future::{Future, pending};
use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::LocalBoxFuture;
use tokio::time::{sleep_until, timeout};

use super::{Event, Machine};
use crate::signalr::connection::{CloseCause, Connection};
use crate::signalr::dispatch::{Caller, Hub, HubDispatcher, HubError, connected};
use crate::signalr::lifetime::HubLifetime;
use crate::signalr::protocol::{Frame, HubMessage, HubProtocol};
use crate::signalr::{HubContext, HubOptions};

/// Received bytes that may wait for a running hub method before we stop reading (ASP.NET Core's
/// ApplicationMaxBufferSize).
const MAXIMUM_WAITING_BYTES: usize = 65_536;

/// What a transport received.
pub enum Received {
    /// A part of the byte stream.
    Bytes(Bytes),
    /// The client closed in order.
    Closed,
    /// The transport broke.
    Lost,
    /// The client sent a unit larger than the transport takes.
    TooLarge,
}

/// The receiving half of a transport. Dropping the future loses nothing.
pub trait TransportReader {
    fn receive(&mut self) -> impl Future<Output = Received>;
}

/// The sending half of a transport.
pub trait TransportWriter: Sized {
    /// Writes one frame; false when the transport is gone.
    fn write(&mut self, frame: Frame) -> impl Future<Output = bool>;

    /// Closes the transport in its own way.
    fn close(self, cause: &CloseCause) -> impl Future<Output = ()>;
}

/// What a connection works with.
pub struct ConnectionServices {
    pub hub: Arc<Hub>,
    pub lifetime: Arc<HubLifetime>,
    pub options: Arc<HubOptions>,
}

/// Runs one connection until it is unregistered.
pub async fn run(
    services: ConnectionServices,
    connection: Arc<Connection>,
    expires_at: Option<Instant>,
    reader: impl TransportReader,
    writer: impl TransportWriter,
) -> CloseCause {
    let options = services.options.clone();
    let counters = services.lifetime.clone();
    let mut pump = Pump {
        machine: Machine::new(&options, Instant::now(), expires_at),
        services,
        connection: connection.clone(),
        waiting: VecDeque::new(),
        waiting_bytes: 0,
        dispatcher: None,
        registered: false,
        connected: false,
        at_end: false,
    };
    counters.counters().opened();

    let mut work = None;
    let cause = {
        let mut writing = pin!(write_all(&connection, writer, options.send_timeout));
        let (cause, written) = {
            let mut reading = pin!(pump.read_all(reader, &mut work));
            tokio::select! {
                cause = &mut reading => (cause, None),
                // A writer that gave up has told the connection to end.
                writer = &mut writing => (reading.await, Some(writer)),
            }
        };
        let last = pump.dispatcher.as_ref().and_then(|dispatcher| {
            cause
                .message(options.detailed_errors)
                .map(|message| dispatcher.protocol.write(&message))
        });
        connection.send_queue().finish(last, cause.discards_queue());
        let closing = async {
            let writer = match written {
                Some(writer) => writer,
                None => writing.await,
            };
            if let Some(writer) = writer {
                writer.close(&cause).await;
            }
        };
        if timeout(options.close_timeout, closing).await.is_err() {
            tracing::debug!(connection_id = %connection.id(), "a closing client did not read what was left");
        }
        cause
    };
    pump.leave(&cause, work).await;
    counters.counters().closed(&cause);
    cause
}

/// Writes until the send queue is finished. `None` when the transport is gone or stuck; the connection
/// then knows why.
async fn write_all<W: TransportWriter>(
    connection: &Connection,
    mut writer: W,
    send_timeout: Duration,
) -> Option<W> {
    while let Some(frame) = connection.send_queue().next().await {
        match timeout(send_timeout, writer.write(frame)).await {
            Ok(true) => {}
            Ok(false) => {
                connection.end(CloseCause::TransportLost);
                return None;
            }
            Err(_) => {
                connection.end(CloseCause::SlowConsumer);
                return None;
            }
        }
    }
    Some(writer)
}

type Work = LocalBoxFuture<'static, Worked>;

/// What the hub was busy with.
enum Worked {
    Connected(Result<(), HubError>),
    Invoked(Option<Frame>),
    IdTaken,
}

struct Pump {
    machine: Machine,
    services: ConnectionServices,
    connection: Arc<Connection>,
    waiting: VecDeque<HubMessage>,
    waiting_bytes: usize,
    dispatcher: Option<HubDispatcher>,
    registered: bool,
    connected: bool,
    /// The client closed in order: what it sent before is still worked off.
    at_end: bool,
}

impl Pump {
    /// Reads, dispatches and keeps alive until the connection is to end.
    async fn read_all(
        &mut self,
        mut reader: impl TransportReader,
        work: &mut Option<Work>,
    ) -> CloseCause {
        let mut events = VecDeque::new();
        loop {
            while let Some(event) = events.pop_front() {
                match event {
                    Event::Opened(protocol, answer) => *work = Some(self.open(protocol, answer)),
                    Event::Write(frame) => {
                        self.connection.push(frame);
                    }
                    Event::Message(message) => self.waiting.push_back(message),
                    Event::Closed(cause) => {
                        // Nothing was registered yet if the handshake was refused: the refusal
                        // itself must leave.
                        self.connection.send_queue().release();
                        return cause;
                    }
                }
            }
            while work.is_none() && self.dispatcher.is_some() {
                let Some(message) = self.waiting.pop_front() else {
                    self.waiting_bytes = 0;
                    break;
                };
                match message {
                    HubMessage::Close { error, .. } => {
                        events.extend(self.machine.end(CloseCause::ClientClosed(error)));
                        break;
                    }
                    message => *work = self.dispatch(message),
                }
            }
            if !events.is_empty() {
                continue;
            }
            self.machine.set_busy(work.is_some(), Instant::now());
            let next_tick = self.machine.next_tick();
            tokio::select! {
                biased;
                cause = self.connection.ended() => events.extend(self.machine.end(cause)),
                worked = maybe(work) => {
                    *work = None;
                    events.extend(self.finish(worked));
                }
                received = reader.receive(), if self.waiting_bytes < MAXIMUM_WAITING_BYTES && !self.at_end => events.extend(match received {
                    Received::Bytes(bytes) => {
                        self.waiting_bytes += bytes.len();
                        self.machine.receive(&bytes, Instant::now())
                    }
                    Received::Closed if self.dispatcher.is_some() => {
                        self.at_end = true;
                        self.waiting.push_back(HubMessage::Close { error: None, allow_reconnect: false });
                        Vec::new()
                    }
                    Received::Closed => self.machine.end(CloseCause::ClientClosed(None)),
                    Received::Lost => self.machine.end(CloseCause::TransportLost),
                    Received::TooLarge => {
                        let limit = self.services.options.maximum_receive_message_size;
                        self.machine.end(CloseCause::ProtocolFault(crate::signalr::protocol::ProtocolError::TooLarge(limit)))
                    }
                }),
                () = async { match next_tick { Some(at) => sleep_until(at.into()).await, None => pending().await } } => {
                    events.extend(self.machine.tick(Instant::now()));
                }
            }
        }
    }

    /// Registers the connection, then lets the answer out, then runs the connected hook: who reads
    /// the answer can be reached.
    fn open(&mut self, protocol: HubProtocol, answer: Frame) -> Work {
        self.connection.agree(protocol);
        self.connection.push(answer);
        let dispatcher = HubDispatcher {
            hub: self.services.hub.clone(),
            caller: Caller::new(
                self.connection.clone(),
                HubContext::new(self.services.lifetime.clone()),
            ),
            protocol,
            detailed_errors: self.services.options.detailed_errors,
        };
        self.dispatcher = Some(dispatcher.clone());
        self.registered = true;
        let (lifetime, connection) = (self.services.lifetime.clone(), self.connection.clone());
        async move {
            if !lifetime.connect(&connection).await {
                return Worked::IdTaken;
            }
            connection.send_queue().release();
            Worked::Connected(connected(&dispatcher.hub, dispatcher.caller).await)
        }
        .boxed_local()
    }

    /// Starts what a message asks for.
    fn dispatch(&self, message: HubMessage) -> Option<Work> {
        let (invocation, streaming) = match message {
            HubMessage::Invocation(invocation) => (invocation, false),
            HubMessage::StreamInvocation(invocation) => (invocation, true),
            // Items, results and cancellations of ids we do not know are ignored (A3).
            _ => return None,
        };
        let dispatcher = self.dispatcher.clone()?;
        let lifetime = self.services.lifetime.clone();
        let work = async move {
            Worked::Invoked(dispatcher.invoke(invocation, streaming, lifetime.counters()).await)
        };
        Some(work.boxed_local())
    }

    fn finish(&mut self, worked: Worked) -> Vec<Event> {
        match worked {
            Worked::Invoked(Some(completion)) => {
                self.connection.push(completion);
                Vec::new()
            }
            Worked::Invoked(None) => Vec::new(),
            Worked::Connected(Ok(())) => {
                self.connected = true;
                Vec::new()
            }
            Worked::Connected(Err(error)) => {
                if let HubError::Hidden(error) = &error {
                    tracing::error!(
                        error = &**error as &dyn std::error::Error,
                        "the connected hook failed"
                    );
                }
                let detail = error.detail(self.services.options.detailed_errors);
                self.machine.end(CloseCause::ConnectedFailed(detail))
            }
            Worked::IdTaken => {
                self.registered = false;
                self.machine.end(CloseCause::TransportLost)
            }
        }
    }

    /// Lets running work end, runs the disconnected hook, forgets the connection (order of C3).
    async fn leave(&mut self, cause: &CloseCause, work: Option<Work>) {
        let limit = self.services.options.close_timeout;
        self.connection.aborted().cancel();
        if let Some(work) = work
            && let Ok(worked) = timeout(limit, work).await
        {
            match worked {
                Worked::Connected(Ok(())) => self.connected = true,
                Worked::IdTaken => self.registered = false,
                Worked::Connected(Err(_)) | Worked::Invoked(_) => {}
            }
        }
        if let (true, Some(dispatcher)) = (self.connected, &self.dispatcher) {
            let hook = std::panic::AssertUnwindSafe(
                dispatcher.hub.disconnected(dispatcher.caller.clone(), cause.error()),
            );
            match timeout(limit, hook.catch_unwind()).await {
                Ok(Ok(())) => {}
                Ok(Err(_)) => tracing::error!("the disconnected hook panicked"),
                Err(_) => tracing::warn!("the disconnected hook took too long and was dropped"),
            }
        }
        if self.registered {
            self.services.lifetime.disconnect(&self.connection);
        }
    }
}

async fn maybe(work: &mut Option<Work>) -> Worked {
    match work {
        Some(work) => work.await,
        None => pending().await,
    }
}
