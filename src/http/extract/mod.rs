//! What handlers are handed: bad input never reaches them.

mod admin;
mod caller;
mod idempotency_key;
mod json;
mod orderer;
mod path;
mod query;
mod token_seeker;

pub(super) use admin::Admin;
pub(super) use caller::Caller;
pub(super) use idempotency_key::{IDEMPOTENCY_KEY, IdempotencyKeyHeader};
pub(super) use json::{Json, LARGEST_BODY};
pub(super) use orderer::Orderer;
pub(super) use path::PathParameter;
pub(super) use query::Query;
pub(super) use token_seeker::TokenSeeker;
