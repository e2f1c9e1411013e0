use std::collections::{HashMap, VecDeque};
use std::future::Future;
use std::pin::Pin;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;

use super::deliver::{DeliverError, DeliverEvent};
use crate::domain::{CorrelationId, OrderEvent};

type UnderWay<T> = Pin<Box<dyn Future<Output = (T, Result<(), DeliverError>)> + Send>>;

/// One lane per order: its events are delivered one after the other, in the order they came in, and
/// those of different orders side by side. A lane stops at its first failure.
pub(super) struct Lanes<T> {
    deliver: DeliverEvent,
    /// What waits behind the item under way, for each order that has one.
    waiting: HashMap<CorrelationId, VecDeque<(OrderEvent, T)>>,
    under_way: FuturesUnordered<UnderWay<(OrderEvent, T)>>,
    len: usize,
}

/// What became of an item.
pub(super) enum Settled<T> {
    /// It was delivered.
    Done(T),
    /// It was not, and what waited behind it was not tried.
    Failed {
        /// The item.
        item: T,
        /// Its event.
        event: OrderEvent,
        /// Why.
        error: DeliverError,
    },
}

impl<T: Send + 'static> Lanes<T> {
    /// Lanes that end in `deliver`.
    pub fn new(deliver: DeliverEvent) -> Self {
        Self { deliver, waiting: HashMap::new(), under_way: FuturesUnordered::new(), len: 0 }
    }

    /// Items that are not settled yet.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether nothing is left to settle.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Puts an item at the end of its order's lane.
    pub fn push(&mut self, event: OrderEvent, item: T) {
        self.len += 1;
        match self.waiting.get_mut(&event.correlation_id) {
            Some(lane) => lane.push_back((event, item)),
            None => {
                self.waiting.insert(event.correlation_id, VecDeque::new());
                self.start(event, item);
            }
        }
    }

    /// Waits for the next item to be settled; for ever when there is none. Cancel-safe.
    pub async fn settled(&mut self) -> Settled<T> {
        let Some(((event, item), result)) = self.under_way.next().await else {
            return std::future::pending().await;
        };
        let order = event.correlation_id;
        self.len -= 1;
        match result {
            Ok(()) => {
                match self.waiting.get_mut(&order).and_then(VecDeque::pop_front) {
                    Some((event, item)) => self.start(event, item),
                    None => drop(self.waiting.remove(&order)),
                }
                Settled::Done(item)
            }
            Err(error) => {
                let behind = self.waiting.remove(&order).unwrap_or_default();
                self.len -= behind.len();
                Settled::Failed { item, event, error }
            }
        }
    }

    fn start(&mut self, event: OrderEvent, item: T) {
        let deliver = self.deliver.clone();
        self.under_way.push(Box::pin(async move {
            let result = deliver.everywhere(&event).await;
            ((event, item), result)
        }));
    }
}
