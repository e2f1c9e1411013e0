use std::time::Instant;

use crate::signalr::HubOptions;
use crate::signalr::connection::CloseCause;
use crate::signalr::protocol::{
    Frame, FrameReader, HandshakeError, HandshakeRequest, HubMessage, HubProtocol,
};

/// Decides what a connection does next. No IO and no clock: bytes and instants go in, [`Event`]s
/// come out.
///
/// ```text
/// AwaitingHandshake --handshake--> Open --end--> Closed
///         \---refusal, timeout, end-------------/
/// ```
#[derive(Debug)]
pub struct Machine {
    phase: SessionPhase,
    input: FrameReader,
    limits: SessionLimits,
    handshake_by: Instant,
    expires_at: Option<Instant>,
    last_ping: Instant,
    /// When the client was last heard; `None` until its first message, so that a client that never
    /// pings is not cut (A7).
    heard: Option<Instant>,
    /// While a hub method runs, silence is our own doing and does not count.
    busy: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum SessionPhase {
    AwaitingHandshake,
    Open(HubProtocol),
    Closed,
}

#[derive(Debug)]
struct SessionLimits {
    keep_alive: std::time::Duration,
    client_timeout: std::time::Duration,
    message_size: usize,
}

/// What to do, in order.
#[derive(Debug, PartialEq, Eq)]
pub enum Event {
    /// The handshake was accepted: answer with the frame, register, run the connected hook.
    Opened(HubProtocol, Frame),
    /// Write this.
    Write(Frame),
    /// Hand this to the hub.
    Message(HubMessage),
    /// Say why, write what is left, leave.
    Closed(CloseCause),
}

impl Machine {
    /// A connection whose transport opened at `now`, and whose token ends at `expires_at`.
    pub fn new(options: &HubOptions, now: Instant, expires_at: Option<Instant>) -> Self {
        Self {
            phase: SessionPhase::AwaitingHandshake,
            input: FrameReader::default(),
            limits: SessionLimits {
                keep_alive: options.keep_alive_interval,
                client_timeout: options.client_timeout,
                message_size: options.maximum_receive_message_size,
            },
            handshake_by: now + options.handshake_timeout,
            expires_at,
            last_ping: now,
            heard: None,
            busy: false,
        }
    }

    /// Takes what the transport received.
    pub fn receive(&mut self, bytes: &[u8], now: Instant) -> Vec<Event> {
        let mut events = Vec::new();
        if self.phase == SessionPhase::Closed {
            return events;
        }
        self.input.extend(bytes);
        if self.phase == SessionPhase::AwaitingHandshake {
            self.shake_hands(now, &mut events);
        }
        while let SessionPhase::Open(protocol) = self.phase {
            match protocol.read(&mut self.input, self.limits.message_size) {
                Ok(None) => break,
                Ok(Some(message)) => {
                    self.heard = Some(now);
                    if message != HubMessage::Ping {
                        events.push(Event::Message(message));
                    }
                }
                Err(fault) => events.extend(self.end(CloseCause::ProtocolFault(fault))),
            }
        }
        events
    }

    fn shake_hands(&mut self, now: Instant, events: &mut Vec<Event>) {
        match HandshakeRequest::read(&mut self.input, self.limits.message_size) {
            Ok(None) => {}
            Ok(Some(request)) => {
                self.phase = SessionPhase::Open(request.protocol);
                self.last_ping = now;
                events.push(Event::Opened(request.protocol, request.protocol.handshake_accepted()));
            }
            Err(error) => events.extend(self.refuse(&error)),
        }
    }

    fn refuse(&mut self, error: &HandshakeError) -> Vec<Event> {
        self.phase = SessionPhase::Closed;
        vec![Event::Write(error.response()), Event::Closed(CloseCause::HandshakeRefused)]
    }

    /// Does what is due at `now`.
    pub fn tick(&mut self, now: Instant) -> Vec<Event> {
        let SessionPhase::Open(protocol) = self.phase else {
            return match self.phase {
                SessionPhase::AwaitingHandshake if now >= self.handshake_by => {
                    self.refuse(&HandshakeError::Canceled)
                }
                SessionPhase::AwaitingHandshake if self.expires_at.is_some_and(|at| now >= at) => {
                    self.end(CloseCause::TokenExpired)
                }
                _ => Vec::new(),
            };
        };
        if self.expires_at.is_some_and(|at| now >= at) {
            return self.end(CloseCause::TokenExpired);
        }
        if self.silent_at().is_some_and(|at| now >= at) {
            return self.end(CloseCause::ClientTimeout);
        }
        if now < self.last_ping + self.limits.keep_alive {
            return Vec::new();
        }
        self.last_ping = now;
        vec![Event::Write(protocol.write(&HubMessage::Ping))]
    }

    /// When [`Self::tick`] has something to do; `None` once closed.
    pub fn next_tick(&self) -> Option<Instant> {
        let due = match self.phase {
            SessionPhase::AwaitingHandshake => self.handshake_by,
            SessionPhase::Open(_) => {
                let ping = self.last_ping + self.limits.keep_alive;
                self.silent_at().map_or(ping, |at| at.min(ping))
            }
            SessionPhase::Closed => return None,
        };
        Some(self.expires_at.map_or(due, |at| at.min(due)))
    }

    fn silent_at(&self) -> Option<Instant> {
        self.heard.filter(|_| !self.busy).map(|heard| heard + self.limits.client_timeout)
    }

    /// Tells whether the hub is working for this client. The silence is counted from the end of the
    /// work.
    pub fn set_busy(&mut self, busy: bool, now: Instant) {
        if self.busy && !busy && self.heard.is_some() {
            self.heard = Some(now);
        }
        self.busy = busy;
    }

    /// Ends the connection from our side: drain, abort, slow consumer, lost transport.
    pub fn end(&mut self, cause: CloseCause) -> Vec<Event> {
        if self.phase == SessionPhase::Closed {
            return Vec::new();
        }
        // Before the handshake there is no protocol to say Close in.
        let cause = if self.phase == SessionPhase::AwaitingHandshake {
            CloseCause::HandshakeRefused
        } else {
            cause
        };
        self.phase = SessionPhase::Closed;
        vec![Event::Closed(cause)]
    }
}

#[cfg(test)]
#[path = "machine_tests.rs"]
mod tests;
