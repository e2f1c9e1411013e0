//! Handlers: extract, call one use case, answer.

pub(super) mod dev;
pub(super) mod orders;
pub(super) mod products;
pub(super) mod reports;
pub(super) mod session;
pub(super) mod status;
