//! The SQL Server store over the wire, against a double of the server. What the statements do is
//! not tested here, for nothing here runs SQL: that is for the contract suites on a real server.

mod answers;
pub mod double;
mod faults;
mod login;
mod migrations;
mod numbers;
mod pool;
mod replica;
mod round_trips;
pub mod samples;
