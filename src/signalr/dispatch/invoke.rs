use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Instant;

use futures_util::FutureExt;

use super::hub::Method;
use super::{Caller, Hub, HubError, InvokeError};
use crate::signalr::counters::{HubCounters, InvocationOutcome};
use crate::signalr::protocol::{
    Completion, Encoded, Frame, Headers, HubMessage, HubProtocol, Invocation, Outcome,
};

/// Runs the invocations of one connection.
#[derive(Clone)]
pub struct HubDispatcher {
    pub hub: Arc<Hub>,
    pub caller: Caller,
    pub protocol: HubProtocol,
    pub detailed_errors: bool,
}

impl HubDispatcher {
    /// Runs one invocation to its end. The frame is its completion; there is none when the client
    /// wants no answer.
    pub async fn invoke(
        self,
        invocation: Invocation,
        streaming: bool,
        counters: &HubCounters,
    ) -> Option<Frame> {
        let started = Instant::now();
        let method = self.hub.method(&invocation.target);
        let label = method.map_or("unknown", |method| method.name.as_str());
        let result = self.run(method, &invocation, streaming).await;
        if let Err(InvokeError::Failed(HubError::Hidden(error))) = &result {
            tracing::error!(
                method = label,
                error = &**error as &dyn std::error::Error,
                "a hub method failed"
            );
        }
        let outcome = match &result {
            Ok(_) => InvocationOutcome::Ok,
            Err(InvokeError::Failed(_)) => InvocationOutcome::Failed,
            Err(InvokeError::Panicked) => InvocationOutcome::Panicked,
            Err(_) => InvocationOutcome::Refused,
        };
        counters.invoked(label.to_owned(), outcome, started.elapsed());
        let invocation_id = invocation.invocation_id?;
        let outcome = match result {
            Ok(result) => Outcome::Result(result),
            Err(error) => Outcome::Error(error.text(&invocation.target, self.detailed_errors)),
        };
        let completion = Completion { headers: Headers::new(), invocation_id, outcome };
        Some(self.protocol.write(&HubMessage::Completion(completion)))
    }

    async fn run(
        &self,
        method: Option<&Method>,
        invocation: &Invocation,
        streaming: bool,
    ) -> Result<Encoded, InvokeError> {
        let method = method.ok_or(InvokeError::UnknownMethod)?;
        if streaming {
            return Err(InvokeError::NotStreaming);
        }
        if !invocation.stream_ids.is_empty() {
            return Err(InvokeError::UnexpectedStreams { sent: invocation.stream_ids.len() });
        }
        // The call itself may panic too, before its future exists.
        let call = async {
            (method.handler)(self.caller.clone(), self.protocol, &invocation.arguments).await
        };
        AssertUnwindSafe(call).catch_unwind().await.unwrap_or(Err(InvokeError::Panicked))
    }
}

/// Runs the connected hook; a panic in it counts as a failure.
pub async fn connected(hub: &Hub, caller: Caller) -> Result<(), HubError> {
    let hook = async { hub.connected(caller).await };
    AssertUnwindSafe(hook)
        .catch_unwind()
        .await
        .unwrap_or_else(|_| Err(HubError::hidden("the connected hook panicked")))
}
