//! The rig: pods, front door, tabs.

mod api;
mod customer;
mod foreign;
mod listener;
mod nginx;
pub mod pod;
mod raw_tab;
mod rig;
mod sql_outage;
mod stock_tab;

pub use api::{Api, Placed};
pub use customer::{Customer, Tally};
pub use foreign::ForeignPod;
pub use listener::{Connected, Listener, Told, assert_forward, is_completed};
pub use nginx::Nginx;
pub use pod::Pod;
pub use raw_tab::RawTab;
pub use rig::{Rig, until};
pub use sql_outage::SqlOutage;
pub use stock_tab::StockTab;
