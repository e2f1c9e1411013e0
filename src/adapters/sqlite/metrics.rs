use std::time::Duration;

/// One batch of the writer: how many commands it joined, and how long its COMMIT took.
pub(super) fn committed(commands: usize, duration: Duration) {
    metrics::histogram!("contoso_sqlite_batch_size").record(commands as f64);
    metrics::histogram!("contoso_sqlite_commit_seconds").record(duration.as_secs_f64());
}

/// Commands that wait for the writer.
pub(super) fn queue_length(commands: usize) {
    metrics::gauge!("contoso_sqlite_writer_queue_length").set(commands as f64);
}

/// The database was locked by another process, once more.
pub(super) fn busy_retry() {
    metrics::counter!("contoso_sqlite_busy_retries_total").increment(1);
}
