//! The HTTP API: routes, extractors, handlers, problem+json.
//!
//! [`app()`] is the whole public surface but the hub, which whoever calls it mounts beside. A
//! request passes [`observe`], then for API paths [`middleware`] and [`admission`], then extractors
//! that refuse bad input, then a handler that calls one use case.

mod admission;
mod api;
mod app;
mod client_address;
mod conditional;
mod cors;
mod dto;
mod extract;
mod middleware;
mod observe;
mod openapi;
mod pages;
mod problem;
mod public_url;
mod rate_limits;
mod request_context;
mod routes;
mod state;
mod trace_context;
mod unread_body;

pub use app::app;
pub use problem::Problem;
pub use public_url::PublicUrl;
pub use rate_limits::Limits;
pub use request_context::RequestContext;
pub use state::{HttpPorts, HttpSettings, HttpState};
pub use trace_context::TraceContext;
