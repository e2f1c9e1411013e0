//! Group commit: everything that waits for the writer becomes one transaction, so that many callers
//! share one disk flush.

use std::panic::{self, AssertUnwindSafe};
use std::sync::Arc;
use std::thread;
use std::time::Instant;

use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};

use super::turns::Turns;
use super::{metrics, statement};
use crate::domain::Timestamp;
use crate::ports::{Clock, StoreError};

/// Commands one transaction takes at most; more would make the first of them wait too long.
const BATCH: usize = 256;

/// The way to the thread that writes. The thread ends when this is dropped, after it has done what
/// was queued.
pub(super) struct Writer {
    commands: mpsc::Sender<Box<dyn WriteCommand>>,
}

impl Writer {
    /// Starts the thread. Errors when the system refuses one.
    pub(super) fn start(
        connection: Connection,
        turns: Turns,
        clock: Arc<dyn Clock>,
        capacity: usize,
    ) -> std::io::Result<Self> {
        let (commands, queue) = mpsc::channel(capacity);
        thread::Builder::new()
            .name("sqlite-writer".to_owned())
            .spawn(move || serve(&connection, &turns, clock.as_ref(), queue))?;
        Ok(Self { commands })
    }

    /// Queues `work` and waits for the commit it becomes part of. A caller that gives up meanwhile
    /// does not know whether it was committed, unless it was still waiting.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection, Timestamp) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (answer, answered) = oneshot::channel();
        let command = Box::new(Pending { work: Some(work), result: None, answer });
        let ended = || StoreError::unavailable("the writer of the database has ended");
        self.commands.send(command).await.map_err(|_| ended())?;
        metrics::queue_length(self.queue_length());
        answered.await.map_err(|_| ended())?
    }

    pub(super) fn is_running(&self) -> bool {
        !self.commands.is_closed()
    }

    pub(super) fn queue_length(&self) -> usize {
        self.commands.max_capacity() - self.commands.capacity()
    }
}

/// One caller's unit of work.
trait WriteCommand: Send {
    /// Whether nobody waits for it any more.
    fn is_abandoned(&self) -> bool;
    /// Does the work. `false`: undo it.
    fn run(&mut self, connection: &Connection, now: Timestamp) -> bool;
    /// Tells the caller how it ended.
    fn answer(self: Box<Self>, committed: Result<(), String>);
}

/// A command whose answer is a `T`.
struct Pending<W, T> {
    work: Option<W>,
    result: Option<Result<T, StoreError>>,
    answer: oneshot::Sender<Result<T, StoreError>>,
}

impl<W, T> WriteCommand for Pending<W, T>
where
    W: FnOnce(&Connection, Timestamp) -> Result<T, StoreError> + Send,
    T: Send,
{
    fn is_abandoned(&self) -> bool {
        self.answer.is_closed()
    }

    fn run(&mut self, connection: &Connection, now: Timestamp) -> bool {
        let Some(work) = self.work.take() else { return false };
        // One command that panics must not end the thread and with it all writing; what it wrote is
        // undone like that of one that errs.
        let ended = panic::catch_unwind(AssertUnwindSafe(|| work(connection, now)));
        let result =
            ended.unwrap_or_else(|_| Err(StoreError::fault("a command of the writer panicked")));
        let is_done = result.is_ok();
        self.result = Some(result);
        is_done
    }

    fn answer(self: Box<Self>, committed: Result<(), String>) {
        let result = match (committed, self.result) {
            (Ok(()), Some(result)) => result,
            (Ok(()), None) => {
                Err(StoreError::unavailable("the writer of the database did not come to it"))
            }
            (Err(failure), _) => Err(StoreError::unavailable(failure)),
        };
        // A caller that is gone needs no answer.
        let _ = self.answer.send(result);
    }
}

fn serve(
    connection: &Connection,
    turns: &Turns,
    clock: &dyn Clock,
    mut queue: mpsc::Receiver<Box<dyn WriteCommand>>,
) {
    let mut batch = Vec::with_capacity(BATCH);
    while queue.blocking_recv_many(&mut batch, BATCH) > 0 {
        metrics::queue_length(queue.len());
        batch.retain(|command| !command.is_abandoned());
        if batch.is_empty() {
            continue;
        }
        let committed = commit(connection, turns, clock, &mut batch).map_err(|error| {
            if !connection.is_autocommit() {
                // Should even this fail, the next BEGIN fails and says so.
                let _ = statement::execute(connection, "ROLLBACK", []);
            }
            error.to_string()
        });
        for command in batch.drain(..) {
            command.answer(committed.clone());
        }
    }
}

/// Runs the commands in one transaction. When it errs, none of them has happened.
fn commit(
    connection: &Connection,
    turns: &Turns,
    clock: &dyn Clock,
    batch: &mut [Box<dyn WriteCommand>],
) -> rusqlite::Result<()> {
    turns.take(|| statement::execute(connection, "BEGIN IMMEDIATE", []))?;
    // Waiting for the lock may have taken so long that a caller was told the write had failed.
    for command in batch.iter_mut().filter(|command| !command.is_abandoned()) {
        statement::execute(connection, "SAVEPOINT command", [])?;
        if !command.run(connection, clock.now()) {
            // Fails when the error was one, such as a full disk, that made SQLite roll everything
            // back.
            statement::execute(connection, "ROLLBACK TO command", [])?;
        }
        statement::execute(connection, "RELEASE command", [])?;
    }
    let start = Instant::now();
    statement::execute(connection, "COMMIT", [])?;
    turns.committed();
    metrics::committed(batch.len(), start.elapsed());
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use rusqlite::Connection;

    use super::{Turns, Writer};
    use crate::adapters::sqlite::statement::{execute, only};
    use crate::ports::{StoreError, SystemClock};

    #[tokio::test]
    async fn a_command_that_panics_is_undone_and_the_writer_goes_on() {
        let folder = tempfile::tempdir().expect("temp dir");
        let turns = Turns::open(&folder.path().join("shop.db")).expect("open");
        let connection = Connection::open_in_memory().expect("open");
        execute(&connection, "CREATE TABLE T (X)", []).expect("create");
        let writer = Writer::start(connection, turns, Arc::new(SystemClock), 8).expect("a thread");
        let insert = |panics: bool| {
            writer.run(move |connection, _| {
                execute(connection, "INSERT INTO T VALUES (1)", [])?;
                assert!(!panics, "on purpose");
                Ok(())
            })
        };
        let (before, panicked, after) = tokio::join!(insert(false), insert(true), insert(false));
        assert!(before.is_ok() && after.is_ok());
        assert!(matches!(panicked, Err(StoreError::Fault { .. })), "{panicked:?}");
        assert!(writer.is_running());
        let count = writer.run(|connection, _| {
            Ok(only(connection, "SELECT COUNT(*) FROM T", [], |row| row.get::<_, i64>(0))?)
        });
        assert_eq!(count.await.expect("a count"), 2);
    }
}
