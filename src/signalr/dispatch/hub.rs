use std::collections::HashMap;
use std::future::Future;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde::Serialize;

use super::{Arguments, Caller, HubError, InvokeError};
use crate::signalr::protocol::{Encoded, HubProtocol};

type Handler = Box<
    dyn Fn(Caller, HubProtocol, &[Encoded]) -> BoxFuture<'static, Result<Encoded, InvokeError>>
        + Send
        + Sync,
>;
type Connected = Box<dyn Fn(Caller) -> BoxFuture<'static, Result<(), HubError>> + Send + Sync>;
type Disconnected = Box<dyn Fn(Caller, Option<String>) -> BoxFuture<'static, ()> + Send + Sync>;

/// The methods clients may call and the hooks around a connection's life.
///
/// ```
/// use contoso_shop::signalr::{Hub, HubError};
///
/// let hub = Hub::builder()
///     .method("Add", |_caller, (a, b): (i64, i64)| async move { a.checked_add(b).ok_or_else(|| HubError::shown("too large")) })
///     .build();
/// # let _ = hub;
/// ```
pub struct Hub {
    methods: HashMap<String, Method>,
    connected: Connected,
    disconnected: Disconnected,
}

/// One method of a hub.
pub(super) struct Method {
    /// The registered name: the label in metrics.
    pub(super) name: String,
    pub(super) handler: Handler,
}

impl Hub {
    /// A hub without methods.
    pub fn builder() -> HubBuilder {
        HubBuilder(Self {
            methods: HashMap::new(),
            connected: Box::new(|_| async { Ok(()) }.boxed()),
            disconnected: Box::new(|_, _| async {}.boxed()),
        })
    }

    /// Finds a method, ignoring case.
    pub(super) fn method(&self, target: &str) -> Option<&Method> {
        self.methods.get(&target.to_lowercase())
    }

    pub(in crate::signalr) fn connected(
        &self,
        caller: Caller,
    ) -> BoxFuture<'static, Result<(), HubError>> {
        (self.connected)(caller)
    }

    pub(in crate::signalr) fn disconnected(
        &self,
        caller: Caller,
        error: Option<String>,
    ) -> BoxFuture<'static, ()> {
        (self.disconnected)(caller, error)
    }
}

/// Collects a [`Hub`].
pub struct HubBuilder(Hub);

impl HubBuilder {
    /// Adds a method. Clients find it ignoring case; it runs one at a time per connection.
    ///
    /// # Panics
    /// If there is one of that name already.
    pub fn method<A, R, F, Fut>(mut self, name: &str, call: F) -> Self
    where
        A: Arguments,
        R: Serialize,
        F: Fn(Caller, A) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<R, HubError>> + Send + 'static,
    {
        let handler: Handler =
            Box::new(move |caller, protocol, arguments| match A::bind(protocol, arguments) {
                Err(error) => async { Err(error) }.boxed(),
                Ok(arguments) => {
                    let result = call(caller, arguments);
                    async move {
                        let result = result.await.map_err(InvokeError::Failed)?;
                        protocol
                            .encode(&result)
                            .map_err(|error| InvokeError::Failed(HubError::hidden(error)))
                    }
                    .boxed()
                }
            });
        let previous =
            self.0.methods.insert(name.to_lowercase(), Method { name: name.to_owned(), handler });
        assert!(previous.is_none(), "the hub has two methods called {name}");
        self
    }

    /// Runs when a connection opened, before its first invocation. On an error the connection ends
    /// and [`Self::on_disconnected`] does not run.
    pub fn on_connected<F, Fut>(mut self, hook: F) -> Self
    where
        F: Fn(Caller) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<(), HubError>> + Send + 'static,
    {
        self.0.connected = Box::new(move |caller| hook(caller).boxed());
        self
    }

    /// Runs when a connection is over; the text says why, if it was no orderly end.
    pub fn on_disconnected<F, Fut>(mut self, hook: F) -> Self
    where
        F: Fn(Caller, Option<String>) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = ()> + Send + 'static,
    {
        self.0.disconnected = Box::new(move |caller, error| hook(caller, error).boxed());
        self
    }

    /// The finished hub.
    pub fn build(self) -> Hub {
        self.0
    }
}
