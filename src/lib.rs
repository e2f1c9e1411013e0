//! Contoso Shop: order intake with live status, as one executable.
//!
//! A client checks out with `POST /api/orders`; the order is committed together with its background
//! job; a worker processes it; every open tab of that user, on whichever pod it landed, is told
//! over a SignalR hub.
//!
//! Read the house from the middle outwards; an arrow means "may import":
//!
//! ```text
//! domain  <-  ports  <-  app  <-  http, hubs, jobs::definitions      what the shop does
//!             ports, signalr  <-  delivery                           brings committed events to connected tabs
//!             ports  <-  adapters::{sqlite, mssql, redis, memory}    what it stands on, each behind a breaker
//! signalr, jobs::engine, resilience, lifecycle                       know nothing of orders
//! config, auth, ops                                                  settings, callers, health
//! roles                                                              wires it all; only the command line imports it
//! ```

pub mod adapters;
pub mod app;
pub mod auth;
pub mod cli;
pub mod config;
pub mod delivery;
pub mod domain;
pub mod http;
pub mod hubs;
pub mod jobs;
pub mod lifecycle;
pub mod ops;
pub mod ports;
pub mod resilience;
pub mod roles;
pub mod signalr;
