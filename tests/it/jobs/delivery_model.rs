//! The delivery loop against a model: whatever commits, faults and restarts come in whatever order,
//! a tab hears each order's versions forward and learns the last one; without faults it hears all.
//!
//! Time is tokio's paused clock, so everything around the loop is in memory.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering::SeqCst;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use contoso_shop::adapters::sqlite::{SqliteOptions, SqliteStore};
use contoso_shop::delivery::{
    DeliverEvent, DeliveryStatus, FollowEvents, Interruptions, OutboxPositions, Redelivery,
    StreamConsumer,
};
use contoso_shop::domain::{
    CorrelationId, EventId, OrderEvent, OrderId, OrderSnapshot, OrderStatus, OrderVersion,
    Timestamp, UserId,
};
use contoso_shop::ports::{
    Outbox, OutboxBacklog, OutboxEntry, StatusCopy, StoreError, Stores, SystemClock,
};
use contoso_shop::signalr::backplane::BackplaneState;
use proptest::collection::vec;
use proptest::prelude::*;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use super::fakes::{FakeCopy, FakeNotifier, FakeStream};

const ORDERS: usize = 4;
/// Longer than any redelivery and any look-back.
const SETTLED: Duration = Duration::from_secs(120);

#[derive(Debug, Clone)]
enum Step {
    /// An order changes; the commit becomes visible after so many milliseconds.
    Commit(usize, u64),
    /// What was committed is appended to the stream, turned by so many places, some of it twice.
    Relay(usize, bool),
    Wait(u64),
    Fault(Fault),
}

#[derive(Debug, Clone, Copy)]
enum Fault {
    StreamUnreadable(bool),
    NothingCanBeTakenOver(bool),
    OtherPodsOut(bool),
    BackplaneLost,
    BackplaneBack,
    StreamWiped,
    Restart,
}

/// A commit, which may take a moment.
fn commit() -> impl Strategy<Value = Step> {
    (0..ORDERS, prop_oneof![Just(0), 0..400u64]).prop_map(|(order, ms)| Step::Commit(order, ms))
}

/// Without faults what is committed is relayed within a second.
fn quiet_step() -> impl Strategy<Value = Vec<Step>> {
    let relay = (0..400u64, 0..8usize, any::<bool>())
        .prop_map(|(ms, turn, twice)| vec![Step::Wait(ms), Step::Relay(turn, twice)]);
    prop_oneof![2 => commit().prop_map(|step| vec![step]), 1 => relay]
}

fn any_step() -> impl Strategy<Value = Step> {
    let fault = prop_oneof![
        any::<bool>().prop_map(Fault::StreamUnreadable),
        any::<bool>().prop_map(Fault::NothingCanBeTakenOver),
        any::<bool>().prop_map(Fault::OtherPodsOut),
        Just(Fault::BackplaneLost),
        Just(Fault::BackplaneBack),
        Just(Fault::StreamWiped),
        Just(Fault::Restart),
    ];
    prop_oneof![
        4 => commit(),
        3 => (0..8usize, any::<bool>()).prop_map(|(turn, twice)| Step::Relay(turn, twice)),
        2 => (0..3_000u64).prop_map(Step::Wait),
        2 => fault.prop_map(Step::Fault),
    ]
}

/// An outbox in memory whose entries may become visible later than their sequence says.
#[derive(Default)]
struct ModelOutbox(Mutex<Vec<(Instant, OutboxEntry)>>);

impl ModelOutbox {
    fn visible(&self) -> Vec<OutboxEntry> {
        let now = Instant::now();
        let entries = self.0.lock().expect("entries");
        entries.iter().filter(|(at, _)| *at <= now).map(|(_, entry)| entry.clone()).collect()
    }
}

#[async_trait]
impl Outbox for ModelOutbox {
    async fn read_after(
        &self,
        sequence: i64,
        limit: usize,
    ) -> Result<Vec<OutboxEntry>, StoreError> {
        let entries = self.visible().into_iter();
        Ok(entries.filter(|entry| entry.sequence > sequence).take(limit).collect())
    }
    async fn of_order(
        &self,
        order: OrderId,
        after: OrderVersion,
        limit: usize,
    ) -> Result<Vec<OutboxEntry>, StoreError> {
        let entries = self.visible().into_iter();
        let wanted = |event: &OrderEvent| event.order_id == order && event.version > after;
        Ok(entries.filter(|entry| wanted(&entry.event)).take(limit).collect())
    }
    async fn last_sequence(&self) -> Result<i64, StoreError> {
        Ok(self.visible().last().map_or(0, |entry| entry.sequence))
    }
    async fn claim(&self, _: usize, _: Duration) -> Result<Vec<OutboxEntry>, StoreError> {
        unreachable!("the model relays")
    }
    async fn mark_published(&self, _: &[i64]) -> Result<(), StoreError> {
        unreachable!("the model relays")
    }
    async fn backlog(&self) -> Result<OutboxBacklog, StoreError> {
        unreachable!("the loop does not ask")
    }
    async fn prune(&self, _: Duration, _: usize) -> Result<u64, StoreError> {
        unreachable!("the loop does not prune")
    }
}

/// What the loop stands on, and what the model knows.
struct World {
    stores: Stores,
    begun: Instant,
    outbox: Arc<ModelOutbox>,
    stream: Arc<FakeStream>,
    copy: Arc<FakeCopy>,
    notifier: Arc<FakeNotifier>,
    orders: [CorrelationId; ORDERS],
    /// The last version of each order, and when its commit is visible.
    last: [(u32, Instant); ORDERS],
    /// Its version when the tab connected.
    connected_at: [u32; ORDERS],
    relayed: usize,
    backplane: watch::Sender<BackplaneState>,
    backplane_number: u64,
    resets: watch::Sender<u64>,
    follower: (CancellationToken, JoinHandle<()>),
}

impl World {
    async fn new(stores: Stores) -> Self {
        let begun = Instant::now();
        let copy = Arc::<FakeCopy>::default();
        let orders = [(); ORDERS].map(|()| CorrelationId::generate());
        for (number, order) in orders.into_iter().enumerate() {
            let snapshot = OrderSnapshot {
                order_id: OrderId(number as i64),
                correlation_id: order,
                user: UserId::new("ann"),
                status: OrderStatus::Accepted,
                version: OrderVersion::FIRST,
                updated_at: Timestamp::from_micros(0),
            };
            copy.write(&snapshot).await.expect("written");
        }
        let mut world = Self {
            stores,
            begun,
            outbox: Arc::default(),
            stream: Arc::default(),
            copy,
            notifier: Arc::new(FakeNotifier::remembering(Duration::from_secs(3_600))),
            orders,
            last: [(0, begun); ORDERS],
            connected_at: [0; ORDERS],
            relayed: 0,
            backplane: watch::channel(BackplaneState::Connected(1)).0,
            backplane_number: 1,
            resets: watch::channel(0).0,
            follower: (CancellationToken::new(), tokio::spawn(async {})),
        };
        world.start_follower().await;
        world
    }

    async fn start_follower(&mut self) {
        let stop = CancellationToken::new();
        let outbox: Arc<dyn Outbox> = self.outbox.clone();
        let positions = OutboxPositions::begin(&*outbox).await;
        tokio::spawn(positions.clone().keep(outbox.clone(), stop.clone()));
        let deliver = DeliverEvent::new(
            self.stores.orders.clone(),
            self.copy.clone(),
            outbox.clone(),
            self.notifier.clone(),
        );
        let redelivery = Redelivery::new(Duration::from_secs(1), 5);
        let consumer =
            StreamConsumer::new(self.stream.clone(), deliver.clone(), "a".to_owned(), redelivery);
        let interruptions = Interruptions {
            backplane: self.backplane.subscribe(),
            resets: self.resets.subscribe(),
        };
        let status = DeliveryStatus::default();
        let follow = FollowEvents::new(consumer, outbox, deliver, positions, interruptions, status);
        self.follower = (stop.clone(), tokio::spawn(follow.run(stop)));
    }

    async fn take(&mut self, step: &Step) {
        match *step {
            Step::Commit(order, delay) => self.commit(order, Duration::from_millis(delay)),
            Step::Relay(turn, twice) => self.relay(turn, twice),
            Step::Wait(ms) => sleep(Duration::from_millis(ms)).await,
            Step::Fault(fault) => self.fail(fault).await,
        }
    }

    fn commit(&mut self, order: usize, delay: Duration) {
        let (version, visible_at) = self.last[order];
        let now = Instant::now();
        if visible_at > now {
            return; // Its change before is not committed yet.
        }
        let (version, visible_at) = (version + 1, now + delay);
        self.last[order] = (version, visible_at);
        let micros = (visible_at - self.begun).as_micros();
        let event = OrderEvent {
            event_id: EventId::generate(),
            correlation_id: self.orders[order],
            order_id: OrderId(order as i64),
            status: OrderStatus::Processing,
            version: OrderVersion::new(version),
            occurred_at: Timestamp::from_micros(i64::try_from(micros).expect("a short test")),
            trace_parent: None,
        };
        let mut entries = self.outbox.0.lock().expect("entries");
        let sequence = entries.len() as i64 + 1;
        entries.push((visible_at, OutboxEntry { sequence, event }));
    }

    fn relay(&mut self, turn: usize, twice: bool) {
        let mut entries = self.outbox.visible();
        entries.retain(|entry| entry.sequence > self.relayed as i64);
        // What is behind one that is not visible yet is left to the next time.
        let mut next = self.relayed as i64 + 1;
        entries.retain(|entry| {
            let is_next = entry.sequence == next;
            next += i64::from(is_next);
            is_next
        });
        self.relayed += entries.len();
        if !entries.is_empty() {
            let turn = turn % entries.len();
            entries.rotate_left(turn);
        }
        for entry in entries {
            for _ in 0..=usize::from(twice) {
                self.stream.put(Some(entry.event.clone()), 1);
            }
        }
    }

    async fn fail(&mut self, fault: Fault) {
        match fault {
            Fault::StreamUnreadable(so) => self.stream.unreadable.store(so, SeqCst),
            Fault::NothingCanBeTakenOver(so) => self.stream.no_claims.store(so, SeqCst),
            Fault::OtherPodsOut(so) => self.notifier.fails.store(so, SeqCst),
            Fault::BackplaneLost => {
                self.backplane.send_replace(BackplaneState::Disconnected);
            }
            Fault::BackplaneBack => {
                self.backplane_number += 1;
                self.backplane.send_replace(BackplaneState::Connected(self.backplane_number));
            }
            Fault::StreamWiped => {
                self.stream.new.lock().expect("new").clear();
                self.stream.pending.lock().expect("pending").clear();
                self.resets.send_modify(|count| *count += 1);
            }
            Fault::Restart => {
                self.follower.0.cancel();
                (&mut self.follower.1).await.expect("no panic");
                // The tab connects anew, and asks for what was committed before.
                self.notifier.sent.lock().expect("sent").clear();
                self.connected_at = self.last.map(|(version, _)| version);
                self.start_follower().await;
            }
        }
    }

    /// Mends everything and waits.
    async fn settle(&mut self) {
        for fault in [
            Fault::StreamUnreadable(false),
            Fault::NothingCanBeTakenOver(false),
            Fault::OtherPodsOut(false),
        ] {
            self.fail(fault).await;
        }
        if matches!(*self.backplane.borrow(), BackplaneState::Disconnected) {
            self.fail(Fault::BackplaneBack).await;
        }
        sleep(Duration::from_secs(2)).await;
        self.relay(0, false);
        sleep(SETTLED).await;
    }

    /// Every order's versions as its tab heard them.
    fn heard(&self) -> BTreeMap<usize, Vec<u32>> {
        self.orders.iter().map(|order| self.notifier.versions(*order)).enumerate().collect()
    }
}

/// Runs the steps in a world of its own, and `check` at the end.
fn run(
    steps: &[Step],
    check: impl FnOnce(&World) -> Result<(), TestCaseError>,
) -> Result<(), TestCaseError> {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        tokio::time::pause();
        // The loop never asks these stores: the copy knows every owner.
        let folder = tempfile::tempdir().expect("temp dir");
        let unused = SqliteOptions::new(folder.path().join("unused.db"));
        let store = SqliteStore::open(unused, Arc::new(SystemClock)).expect("open");
        let mut world = World::new(store.stores()).await;
        for step in steps {
            world.take(step).await;
        }
        world.settle().await;
        check(&world)
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    #[test]
    fn without_faults_a_tab_hears_every_version_in_order(steps in vec(quiet_step(), 0..60)) {
        run(&steps.concat(), |world| {
            for (order, heard) in world.heard() {
                let all: Vec<u32> = (1..=world.last[order].0).collect();
                prop_assert_eq!(heard, all, "order {}", order);
            }
            prop_assert_eq!(world.stream.open(), 0, "everything is acknowledged");
            Ok(())
        })?;
    }

    #[test]
    fn whatever_happens_a_tab_hears_forward_and_learns_the_last_version(steps in vec(any_step(), 0..80)) {
        run(&steps, |world| {
            for (order, heard) in world.heard() {
                prop_assert!(heard.is_sorted_by(|a, b| a < b), "order {order}: {heard:?}");
                let last = world.last[order].0;
                if last > world.connected_at[order] {
                    prop_assert_eq!(heard.last(), Some(&last), "order {}: {:?}", order, heard);
                }
            }
            prop_assert_eq!(world.stream.open(), 0, "everything is acknowledged");
            prop_assert!(world.stream.buried.lock().expect("buried").is_empty());
            Ok(())
        })?;
    }
}
