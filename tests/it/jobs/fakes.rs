//! Stand-ins for what is around the use cases, with switches for their failures.

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

use async_trait::async_trait;
use contoso_shop::domain::{
    CorrelationId, OrderEvent, OrderSnapshot, OrderStatus, OrderVersion, UserId,
};
use contoso_shop::ports::{
    Appended, CommittedEvents, CopiedStatus, EventStream, Notified, NotifyError, OrderNotifier,
    OutboxEntry, StatusCopy, StoreError, StreamEntry, StreamState,
};
use contoso_shop::resilience::Backoff;
use tokio::sync::Notify;
use tokio::time::Instant;

/// A status copy; `hangs` makes every call wait for ever.
#[derive(Default)]
pub struct FakeCopy {
    pub hangs: AtomicBool,
    pub orders: Mutex<HashMap<CorrelationId, OrderSnapshot>>,
    /// How often the time to live of an order was renewed.
    pub touches: AtomicUsize,
}

impl FakeCopy {
    async fn wire(&self) {
        if self.hangs.load(SeqCst) {
            std::future::pending::<()>().await;
        }
    }

    pub fn get(&self, correlation_id: CorrelationId) -> Option<OrderSnapshot> {
        self.orders.lock().expect("copy").get(&correlation_id).cloned()
    }
}

#[async_trait]
impl StatusCopy for FakeCopy {
    async fn write(&self, snapshot: &OrderSnapshot) -> Result<(), StoreError> {
        self.wire().await;
        let mut orders = self.orders.lock().expect("copy");
        let kept = orders.entry(snapshot.correlation_id).or_insert_with(|| snapshot.clone());
        if kept.version < snapshot.version {
            *kept = snapshot.clone();
        }
        Ok(())
    }

    async fn owner(&self, correlation_id: CorrelationId) -> Result<Option<UserId>, StoreError> {
        self.wire().await;
        Ok(self.get(correlation_id).map(|order| order.user))
    }

    async fn read(
        &self,
        correlation_id: CorrelationId,
    ) -> Result<Option<CopiedStatus>, StoreError> {
        self.wire().await;
        Ok(self.get(correlation_id).as_ref().map(CopiedStatus::from))
    }

    async fn touch(&self, correlation_id: CorrelationId) -> Result<(), StoreError> {
        self.wire().await;
        if self.get(correlation_id).is_some() {
            self.touches.fetch_add(1, SeqCst);
        }
        Ok(())
    }
}

/// Takes no events: they are left to the outbox.
pub struct LeftToTheOutbox;

impl CommittedEvents for LeftToTheOutbox {
    fn committed(&self, _entry: OutboxEntry) {}
}

/// Decides about turns as the hub does, and records what a tab hears; `fails` makes it refuse.
#[derive(Default)]
pub struct FakeNotifier {
    pub fails: AtomicBool,
    /// Each answer takes longer than an event waits for its predecessor.
    pub slow: AtomicBool,
    /// What a tab heard.
    pub sent: Mutex<Vec<(UserId, OrderEvent)>>,
    /// For how long it says to have remembered.
    remembered: Duration,
    /// The last version sent everywhere.
    last: Mutex<HashMap<CorrelationId, OrderVersion>>,
}

impl FakeNotifier {
    pub fn statuses(&self, correlation_id: CorrelationId) -> Vec<OrderStatus> {
        let sent = self.sent.lock().expect("sent");
        sent.iter()
            .filter(|(_, event)| event.correlation_id == correlation_id)
            .map(|(_, event)| event.status)
            .collect()
    }

    pub fn count(&self) -> usize {
        self.sent.lock().expect("sent").len()
    }
}

impl FakeNotifier {
    /// One that says to have lost nothing for so long.
    pub fn remembering(remembered: Duration) -> Self {
        Self { remembered, ..Self::default() }
    }

    /// The versions heard of an order.
    pub fn versions(&self, correlation_id: CorrelationId) -> Vec<u32> {
        let sent = self.sent.lock().expect("sent");
        let of_order = sent.iter().filter(|(_, event)| event.correlation_id == correlation_id);
        of_order.map(|(_, event)| event.version.number()).collect()
    }

    fn send(
        &self,
        user: &UserId,
        event: &OrderEvent,
        regardless: bool,
    ) -> Result<Notified, NotifyError> {
        if self.fails.load(SeqCst) {
            return Err(NotifyError::Unavailable("on purpose".into()));
        }
        let mut last = self.last.lock().expect("last");
        let known = last.get(&event.correlation_id).copied();
        if known.is_some_and(|known| known >= event.version) {
            return Ok(Notified::NotNewer);
        }
        let is_next = known.map_or(OrderVersion::FIRST, OrderVersion::next) == event.version;
        if !is_next && !regardless {
            return Ok(Notified::Early { last: known, remembered: self.remembered });
        }
        last.insert(event.correlation_id, event.version);
        self.hear(user, event);
        Ok(Notified::Sent)
    }

    fn hear(&self, user: &UserId, event: &OrderEvent) {
        let mut sent = self.sent.lock().expect("sent");
        let heard = sent.iter().any(|(_, earlier)| {
            earlier.correlation_id == event.correlation_id && earlier.version >= event.version
        });
        if !heard {
            sent.push((user.clone(), event.clone()));
        }
    }
}

#[async_trait]
impl OrderNotifier for FakeNotifier {
    async fn notify(
        &self,
        user: &UserId,
        event: &OrderEvent,
        _held_for: Duration,
    ) -> Result<Notified, NotifyError> {
        if self.slow.load(SeqCst) {
            tokio::time::sleep(Duration::from_millis(120)).await;
        }
        self.send(user, event, false)
    }

    async fn notify_without_predecessor(
        &self,
        user: &UserId,
        event: &OrderEvent,
    ) -> Result<Notified, NotifyError> {
        self.send(user, event, true)
    }

    fn notify_here(
        &self,
        user: &UserId,
        event: &OrderEvent,
        _began_before: Option<Instant>,
    ) -> Result<(), NotifyError> {
        self.hear(user, event);
        Ok(())
    }
}

/// A stream in memory.
#[derive(Default)]
pub struct FakeStream {
    /// Nothing can be appended.
    pub fails: AtomicBool,
    /// Nothing can be read.
    pub unreadable: AtomicBool,
    /// Nothing can be taken over.
    pub no_claims: AtomicBool,
    /// It takes no more.
    pub full: AtomicBool,
    /// How often it was full when asked.
    pub refused: AtomicUsize,
    pub new: Mutex<Vec<StreamEntry>>,
    pub pending: Mutex<Vec<StreamEntry>>,
    /// When each entry was handed out last.
    handed_out: Mutex<HashMap<String, Instant>>,
    pub buried: Mutex<Vec<(StreamEntry, String)>>,
    arrived: Notify,
}

impl FakeStream {
    /// Appends an entry as it is.
    pub fn put(&self, event: Option<OrderEvent>, deliveries: u32) {
        let id = uuid::Uuid::now_v7().to_string();
        self.new.lock().expect("new").push(StreamEntry { id, event, deliveries });
        self.arrived.notify_one();
    }

    fn hand_out(&self, entries: &[StreamEntry]) {
        let now = Instant::now();
        let mut handed_out = self.handed_out.lock().expect("times");
        handed_out.extend(entries.iter().map(|entry| (entry.id.clone(), now)));
    }

    /// Entries that nobody has acknowledged.
    pub fn open(&self) -> usize {
        self.new.lock().expect("new").len() + self.pending.lock().expect("pending").len()
    }
}

#[async_trait]
impl EventStream for FakeStream {
    async fn append(&self, events: &[OrderEvent]) -> Result<Appended, StoreError> {
        if self.fails.load(SeqCst) {
            return Err(StoreError::unavailable("on purpose"));
        }
        if self.full.load(SeqCst) {
            self.refused.fetch_add(1, SeqCst);
            return Ok(Appended::Full);
        }
        events.iter().for_each(|event| self.put(Some(event.clone()), 1));
        Ok(Appended::All)
    }

    async fn read(
        &self,
        _consumer: &str,
        limit: usize,
        wait: Duration,
    ) -> Result<Vec<StreamEntry>, StoreError> {
        if self.unreadable.load(SeqCst) {
            return Err(StoreError::unavailable("on purpose"));
        }
        if self.new.lock().expect("new").is_empty() {
            let _ = tokio::time::timeout(wait, self.arrived.notified()).await;
        }
        let mut new = self.new.lock().expect("new");
        let count = limit.min(new.len());
        let taken: Vec<_> = new.drain(..count).collect();
        self.pending.lock().expect("pending").extend(taken.iter().cloned());
        self.hand_out(&taken);
        Ok(taken)
    }

    async fn claim(
        &self,
        _consumer: &str,
        delay: Backoff,
        limit: usize,
    ) -> Result<Vec<StreamEntry>, StoreError> {
        if self.no_claims.load(SeqCst) {
            return Err(StoreError::unavailable("on purpose"));
        }
        let idle = |entry: &StreamEntry| {
            let handed_out = self.handed_out.lock().expect("times");
            let since = handed_out.get(&entry.id).map(Instant::elapsed);
            since.is_none_or(|since| since >= delay.full(entry.deliveries))
        };
        let mut pending = self.pending.lock().expect("pending");
        let mut claimed = Vec::new();
        for entry in pending.iter_mut().filter(|entry| idle(entry)).take(limit) {
            entry.deliveries += 1;
            claimed.push(entry.clone());
        }
        self.hand_out(&claimed);
        Ok(claimed)
    }

    async fn acknowledge(&self, ids: &[String]) -> Result<(), StoreError> {
        self.pending.lock().expect("pending").retain(|entry| !ids.contains(&entry.id));
        Ok(())
    }

    async fn bury(&self, entry: &StreamEntry, cause: &str) -> Result<(), StoreError> {
        self.buried.lock().expect("buried").push((entry.clone(), cause.to_owned()));
        self.acknowledge(std::slice::from_ref(&entry.id)).await
    }

    async fn trim(&self) -> Result<StreamState, StoreError> {
        Ok(StreamState::default())
    }
}
