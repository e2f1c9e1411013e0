//! What tests start and wait for.

pub mod fault_proxy;
pub mod hub_client;
pub mod redis;
pub mod redis_forms;
pub mod redis_server;
pub mod tasks;
pub mod wait;
