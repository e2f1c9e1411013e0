//! What every back end of a port must do.

/// Runs every named case of the module over every SQL back end, as `sqlite::case` and
/// `mssql::case`.
macro_rules! over_every_store {
    ($($case:ident),+ $(,)?) => {
        mod sqlite {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $case() {
                    super::$case(crate::contract::backends::sqlite().await).await;
                }
            )+
        }

        mod mssql {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $case() {
                    if let Some(harness) = crate::contract::backends::mssql().await {
                        super::$case(harness).await;
                    }
                }
            )+
        }
    };
}

mod backends;
mod backplane;
mod cache;
mod claim_statements;
mod event_stream;
mod job_store;
mod locks;
mod mssql_server;
mod orders;
mod outbox;
mod products;
mod rate_limiter;
mod reports;
mod rounds;
mod schema;
mod sessions;
mod sqlite_file;
mod sqlite_plans;
mod status_copy;
mod stuck_orders;
mod wakeup;
