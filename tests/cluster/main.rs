//! The real binary, several times, with a real redis-server and nginx in front: the V scenarios of
//! the requirements. Processes are started on free ports, killed, stopped and restarted; the
//! clients are Microsoft's own and a raw WebSocket.

#[path = "../it/support/fault_proxy.rs"]
#[allow(dead_code, reason = "shared with the in-process tests, which use more of it")]
mod fault_proxy;
#[path = "../it/support/redis_forms.rs"]
#[allow(dead_code, reason = "shared with the in-process tests, which use more of it")]
mod forms;
#[path = "../it/support/redis_server.rs"]
#[allow(dead_code, reason = "shared with the in-process tests, which use more of it")]
mod redis_server;
mod support;
#[path = "../it/support/wait.rs"]
mod wait;

mod abuse;
mod cache;
mod chaos;
mod dead_letters;
mod delivery;
mod drain;
mod happy_path;
mod idempotency;
mod identity;
mod jobs;
mod locks;
mod privacy;
mod rate_limits;
mod redis_forms;
mod redis_out;
mod session;
mod sql_out;
mod two_tabs;
