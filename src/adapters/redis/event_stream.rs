use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use fred::clients::Client;
use fred::error::{Error, ErrorKind};
use fred::interfaces::{ClientLike, StreamsInterface};
use fred::types::config::Options;
use fred::types::streams::XReadResponse;
use fred::types::{Key, Value};
use tokio::sync::watch;
use tokio::time::timeout;

use super::GuardedClient;
use super::script::SlotScript;
use super::{event_fields, keys};
use crate::domain::OrderEvent;
use crate::ports::{Appended, EventStream, StoreError, StreamEntry, StreamState};
use crate::resilience::Backoff;

/// Entries the stream may hold, read or not: about 40 MB. What is delivered is trimmed, so it grows
/// only while no web pod is alive.
const CAPACITY: i64 = 100_000;
/// Stands for the number of foreign removals before the first look.
const NOT_KNOWN: u64 = u64::MAX;
/// Dead letters kept, roughly.
const MAX_DEAD: i64 = 10_000;
/// Longest wait in one command: shorter than the silence after which the client gives a connection
/// up.
const MAX_BLOCK: Duration = Duration::from_secs(2);
/// A consumer that did nothing for so long, and holds nothing, belongs to a pod that is gone.
const CONSUMER_LIFE: Duration = Duration::from_secs(3_600);
/// Characters of a cause that are kept.
const MAX_CAUSE: usize = 500;
/// Unacknowledged entries looked at by one claim, oldest first.
const PENDING_AT_ONCE: u64 = 1_000;

/// Longest a call may take beyond the wait it is asked for. The client gives up sooner; a read that
/// were cut off in the middle might have taken entries that nobody then deals with.
const CALL_TIMEOUT: Duration = Duration::from_secs(3);

type EntryFields = HashMap<Key, Value>;

/// Order events in a Redis Stream with one consumer group (D4).
///
/// A stream that vanished (flush, restart without persistence) is made anew and read from its
/// start; see [`RedisEventStream::resets`].
pub struct RedisEventStream {
    redis: GuardedClient,
    reader: Client,
    resets: watch::Sender<u64>,
    append: SlotScript,
    trim: SlotScript,
    forget: SlotScript,
    foreign_removals: AtomicU64,
    capacity: i64,
    forget_at: Mutex<Instant>,
}

impl RedisEventStream {
    /// `reader` is blocked while it waits for events, so it must serve nothing else; one `read` at
    /// a time runs on it.
    pub fn new(redis: GuardedClient, reader: Client) -> Self {
        Self {
            redis,
            reader,
            resets: watch::Sender::new(0),
            append: SlotScript::new(include_str!("lua/append_events.lua")),
            trim: SlotScript::new(include_str!("lua/trim_events.lua")),
            foreign_removals: AtomicU64::new(NOT_KNOWN),
            capacity: CAPACITY,
            forget: SlotScript::new(include_str!("lua/forget_consumers.lua")),
            forget_at: Mutex::new(Instant::now()),
        }
    }

    /// The same with room for so many entries.
    #[must_use]
    pub fn with_capacity(self, capacity: u32) -> Self {
        Self { capacity: capacity.into(), ..self }
    }

    /// Counts how often this process had to make the consumer group, or found that somebody else had
    /// removed entries. After each, events that had been appended but not read may be gone: look for
    /// the recent ones in the outbox.
    pub fn resets(&self) -> watch::Receiver<u64> {
        self.resets.subscribe()
    }

    async fn make_group(&self) -> Result<(), Error> {
        match self
            .redis
            .client
            .xgroup_create::<(), _, _, _>(keys::EVENTS, keys::EVENTS_GROUP, "0", true)
            .await
        {
            Ok(()) => {
                self.lost();
                Ok(())
            }
            // Another pod was quicker.
            Err(error) if error.details().starts_with("BUSYGROUP") => {
                self.lost();
                Ok(())
            }
            Err(error) => Err(error),
        }
    }

    /// Entries that nobody has read may be gone.
    fn lost(&self) {
        self.resets.send_modify(|count| *count += 1);
        metrics::counter!("contoso_redis_stream_resets_total").increment(1);
    }

    async fn try_append(&self, events: &[OrderEvent]) -> Result<Appended, Error> {
        let mut args: Vec<Value> = vec![self.capacity.into()];
        for event in events {
            let fields = event_fields::encode(event);
            args.push((2 * fields.len() as i64).into());
            args.extend(fields.into_iter().flat_map(|(name, value)| [name.into(), value.into()]));
        }
        let appended: i64 = self.append.call(&self.redis.client, keys::EVENTS, args).await?;
        Ok(if appended == 1 { Appended::All } else { Appended::Full })
    }

    async fn try_trim(&self) -> Result<StreamState, Error> {
        let (keys, args) =
            (vec![keys::EVENTS, keys::EVENTS_REMOVALS], vec![keys::EVENTS_GROUP.into()]);
        let (length, pending, foreign): (u64, u64, u64) =
            self.trim.call(&self.redis.client, keys, args).await?;
        let known = self.foreign_removals.swap(foreign, Relaxed);
        if known != NOT_KNOWN && known != foreign {
            tracing::warn!("somebody removed entries of the event stream");
            self.lost();
        }
        Ok(StreamState { length, pending })
    }

    async fn try_read(
        &self,
        consumer: &str,
        limit: usize,
        wait: Duration,
    ) -> Result<Vec<StreamEntry>, Error> {
        let block = wait.min(MAX_BLOCK);
        // BLOCK 0 would wait for ever.
        let block_ms = (!block.is_zero()).then(|| millis(block).max(1));
        let answer = self.reader.perf_config().default_command_timeout;
        let options = Options { timeout: Some(block + answer), ..Options::default() };
        let answer: Result<Value, Error> = self
            .reader
            .with_options(&options)
            .xreadgroup(
                keys::EVENTS_GROUP,
                consumer,
                Some(limit as u64),
                block_ms,
                false,
                keys::EVENTS,
                ">",
            )
            .await;
        if let Err(error) = &answer
            && *error.kind() == ErrorKind::Timeout
        {
            // The command holds the connection until it is answered; a server that hangs never
            // answers. The request is made at once; its answer, which comes when the server is
            // back, is not waited for.
            let _ = timeout(Duration::from_millis(50), self.reader.force_reconnection()).await;
        }
        let answer = answer?;
        if answer.is_null() {
            return Ok(Vec::new());
        }
        let mut streams: XReadResponse<String, String, Key, Value> =
            answer.into_xread_response()?;
        let entries = streams.remove(keys::EVENTS).unwrap_or_default();
        Ok(entries.into_iter().map(|(id, fields)| stream_entry(id, &fields, 1)).collect())
    }

    async fn try_claim(
        &self,
        consumer: &str,
        delay: Backoff,
        limit: usize,
    ) -> Result<Vec<StreamEntry>, Error> {
        let idle_ms = millis(delay.first);
        let mut pending: Vec<(String, String, u64, u32)> = self
            .redis
            .client
            .xpending(keys::EVENTS, keys::EVENTS_GROUP, (idle_ms, "-", "+", PENDING_AT_ONCE))
            .await?;
        let was_idle = !pending.is_empty();
        pending.retain(|(_, _, idle_ms, count)| *idle_ms >= millis(delay.full(*count)));
        pending.truncate(limit);
        if pending.is_empty() {
            if !was_idle {
                self.forget_consumers().await?;
            }
            return Ok(Vec::new());
        }
        let counts: HashMap<String, u32> =
            pending.into_iter().map(|(entry, _, _, count)| (entry, count)).collect();
        let ids: Vec<&str> = counts.keys().map(String::as_str).collect();
        // Checks the idle time again, so that of two claimants one gets the entry.
        let entries: Vec<(String, EntryFields)> = self
            .redis
            .client
            .xclaim_values(
                keys::EVENTS,
                keys::EVENTS_GROUP,
                consumer,
                idle_ms,
                ids,
                None,
                None,
                None,
                false,
                false,
            )
            .await?;
        let mut claimed: Vec<StreamEntry> = entries
            .into_iter()
            .map(|(entry, fields)| {
                let deliveries = counts.get(&entry).map_or(1, |count| count + 1);
                stream_entry(entry, &fields, deliveries)
            })
            .collect();
        claimed.sort_by_key(|entry| sequence(&entry.id));
        Ok(claimed)
    }

    /// Every pod that ever was would stay in the group otherwise. Once per life at most.
    async fn forget_consumers(&self) -> Result<(), Error> {
        let now = Instant::now();
        {
            let mut due_at = self.forget_at.lock().unwrap_or_else(PoisonError::into_inner);
            if *due_at > now {
                return Ok(());
            }
            *due_at = now + CONSUMER_LIFE;
        }
        let args = vec![keys::EVENTS_GROUP.into(), (CONSUMER_LIFE.as_millis() as i64).into()];
        self.forget.call(&self.redis.client, keys::EVENTS, args).await
    }

    async fn try_bury(&self, entry: &StreamEntry, cause: &str) -> Result<(), Error> {
        // The raw fields, because an unreadable entry has nothing else.
        let id = entry.id.as_str();
        let found: Vec<(String, EntryFields)> =
            self.redis.client.xrange_values(keys::EVENTS, id, id, None).await?;
        let mut fields: Vec<(Key, Value)> =
            found.into_iter().flat_map(|(_, fields)| fields).collect();
        fields.push(("entry".into(), id.into()));
        fields.push(("deliveries".into(), i64::from(entry.deliveries).into()));
        fields.push(("cause".into(), cause.chars().take(MAX_CAUSE).collect::<String>().into()));
        let pipeline = self.redis.client.pipeline();
        let () =
            pipeline.xadd(keys::DEAD_EVENTS, false, ("MAXLEN", "~", MAX_DEAD), "*", fields).await?;
        let _: String = pipeline.last().await?;
        self.redis.client.xack::<(), _, _, _>(keys::EVENTS, keys::EVENTS_GROUP, id).await?;
        metrics::counter!("contoso_redis_stream_dead_letters_total").increment(1);
        Ok(())
    }
}

#[async_trait]
impl EventStream for RedisEventStream {
    async fn append(&self, events: &[OrderEvent]) -> Result<Appended, StoreError> {
        if events.is_empty() {
            return Ok(Appended::All);
        }
        self.redis.run_within(CALL_TIMEOUT, self.try_append(events)).await
    }

    async fn read(
        &self,
        consumer: &str,
        limit: usize,
        wait: Duration,
    ) -> Result<Vec<StreamEntry>, StoreError> {
        let read = async {
            match self.try_read(consumer, limit, wait).await {
                Err(error) if lacks_group(&error) => {
                    self.make_group().await?;
                    self.try_read(consumer, limit, wait).await
                }
                answer => answer,
            }
        };
        self.redis.run_within(wait + CALL_TIMEOUT, read).await
    }

    async fn claim(
        &self,
        consumer: &str,
        delay: Backoff,
        limit: usize,
    ) -> Result<Vec<StreamEntry>, StoreError> {
        let claim = async {
            match self.try_claim(consumer, delay, limit).await {
                // No group, nothing pending; the next read makes it.
                Err(error) if lacks_group(&error) => Ok(Vec::new()),
                answer => answer,
            }
        };
        self.redis.run_within(CALL_TIMEOUT, claim).await
    }

    async fn acknowledge(&self, ids: &[String]) -> Result<(), StoreError> {
        if ids.is_empty() {
            return Ok(());
        }
        let done = self.redis.client.xack(keys::EVENTS, keys::EVENTS_GROUP, ids.to_vec());
        self.redis.run_within(CALL_TIMEOUT, done).await
    }

    async fn bury(&self, entry: &StreamEntry, cause: &str) -> Result<(), StoreError> {
        self.redis.run_within(CALL_TIMEOUT, self.try_bury(entry, cause)).await
    }

    async fn trim(&self) -> Result<StreamState, StoreError> {
        self.redis.run_within(CALL_TIMEOUT, self.try_trim()).await
    }
}

fn stream_entry(id: String, fields: &EntryFields, deliveries: u32) -> StreamEntry {
    StreamEntry { id, event: event_fields::decode(fields), deliveries }
}

/// A waiting reader is told `UNBLOCKED` by Redis 6 when the stream goes, `NOGROUP` by later ones.
fn lacks_group(error: &Error) -> bool {
    error.details().starts_with("NOGROUP") || error.details().starts_with("UNBLOCKED")
}

/// The two numbers of an entry id, for sorting.
fn sequence(entry: &str) -> (u64, u64) {
    let (time, number) = entry.split_once('-').unwrap_or((entry, "0"));
    (time.parse().unwrap_or(0), number.parse().unwrap_or(0))
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
