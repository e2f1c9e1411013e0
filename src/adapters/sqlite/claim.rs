//! One exchange of a job server: acknowledgements in, jobs out.

use rusqlite::Connection;

use super::orders::timestamp;
use super::returned::{Returned, give_back, give_up};
use super::statement::{all, execute, first, only};
use crate::domain::{JobId, QueueName, ServerId, Timestamp};
use crate::ports::{Acknowledged, Acknowledgement, Exchange, FetchedJob, Lease, Outcome};

/// Stores the acknowledgements, then leases up to `limit` jobs. See
/// [`crate::ports::JobStore::exchange`].
pub(super) fn exchange(
    connection: &Connection,
    now: Timestamp,
    server: &ServerId,
    acknowledgements: &[Acknowledgement],
    queues: &[QueueName],
    limit: usize,
) -> rusqlite::Result<Exchange> {
    let Some(server) = find_server(connection, server)? else {
        return Ok(Exchange {
            acknowledged: vec![Acknowledged::Lost; acknowledgements.len()],
            ..Exchange::default()
        });
    };
    let mut acknowledged = Vec::with_capacity(acknowledgements.len());
    for acknowledgement in acknowledgements {
        acknowledged.push(acknowledge(connection, now, server, acknowledgement)?);
    }
    let mut jobs = Vec::new();
    for queue in queues {
        let room = limit - jobs.len();
        if room == 0 {
            break;
        }
        jobs.append(&mut claim(connection, now, server, queue, room)?);
    }
    Ok(Exchange {
        acknowledged,
        jobs,
        next_due_in: next_due(connection, queues)?.and_then(|due| until(due, now)),
    })
}

/// What an exchange that has nothing to store finds: `None` when there is something to lease.
pub(super) fn idle(
    connection: &Connection,
    now: Timestamp,
    server: &ServerId,
    queues: &[QueueName],
) -> rusqlite::Result<Option<Exchange>> {
    if find_server(connection, server)?.is_none() {
        return Ok(Some(Exchange::default()));
    }
    let next = next_due(connection, queues)?;
    if next.is_some_and(|due| due <= now) {
        return Ok(None);
    }
    Ok(Some(Exchange { next_due_in: next.and_then(|due| until(due, now)), ..Exchange::default() }))
}

fn find_server(connection: &Connection, server: &ServerId) -> rusqlite::Result<Option<i64>> {
    first(connection, sql!("server_find"), [server.as_str()], |row| row.get(0))
}

fn until(due: Timestamp, now: Timestamp) -> Option<std::time::Duration> {
    (due > now).then(|| due.since(now))
}

fn next_due(connection: &Connection, queues: &[QueueName]) -> rusqlite::Result<Option<Timestamp>> {
    let mut next: Option<Timestamp> = None;
    for queue in queues {
        let due: Option<i64> =
            only(connection, sql!("job_next_due"), [queue.as_str()], |row| row.get(0))?;
        if let Some(due) = due.map(Timestamp::from_micros) {
            next = Some(next.map_or(due, |earlier| earlier.min(due)));
        }
    }
    Ok(next)
}

fn acknowledge(
    connection: &Connection,
    now: Timestamp,
    server: i64,
    acknowledgement: &Acknowledgement,
) -> rusqlite::Result<Acknowledged> {
    let Lease { job, fence } = acknowledgement.lease;
    let ended = first(connection, sql!("job_running_end"), (job.0, fence, server), |row| {
        Ok((row.get::<_, String>(0)?, row.get::<_, u32>(1)?))
    })?;
    let Some((queue, attempt)) = ended else { return Ok(Acknowledged::Lost) };
    let lease = Returned { job: job.0, fence, queue: &queue, attempts: attempt };
    match &acknowledgement.outcome {
        Outcome::Succeeded => {
            execute(connection, sql!("job_succeeded_insert"), (now.micros, job.0))?;
        }
        Outcome::Retry { delay, error } => {
            give_back(connection, &lease, Some(now.plus(*delay)), Some(error))?
        }
        Outcome::Failed { error } => give_up(connection, now, &lease, error)?,
        Outcome::Released => give_back(connection, &lease.uncharged(), None, None)?,
    }
    Ok(Acknowledged::Applied)
}

/// Leases up to `limit` due jobs of one queue.
fn claim(
    connection: &Connection,
    now: Timestamp,
    server: i64,
    queue: &QueueName,
    limit: usize,
) -> rusqlite::Result<Vec<FetchedJob>> {
    let mut last_due = 0i64;
    let jobs = all(connection, sql!("job_due"), (queue.as_str(), now.micros, limit), |row| {
        last_due = row.get(0)?;
        Ok(FetchedJob {
            lease: Lease { job: JobId(row.get(1)?), fence: row.get(6)? },
            queue: queue.clone(),
            kind: row.get(2)?,
            args: row.get(3)?,
            attempt: row.get(4)?,
            max_attempts: row.get(5)?,
            created_at: timestamp(row, 7)?,
            trace_parent: row.get(8)?,
            claimed: None,
        })
    })?;
    let Some(last) = jobs.last() else { return Ok(jobs) };
    execute(connection, sql!("job_ready_take"), (queue.as_str(), last_due, last.lease.job.0))?;
    for job in &jobs {
        let values = (job.lease.job.0, queue.as_str(), server, job.lease.fence, job.attempt);
        execute(connection, sql!("job_running_insert"), values)?;
    }
    Ok(jobs)
}
