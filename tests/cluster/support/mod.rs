//! The rig: pods, front door, tabs.

mod api;
mod nginx;
mod pod;
mod raw_tab;
mod rig;
mod stock_tab;

pub use api::Api;
pub use nginx::Nginx;
pub use pod::Pod;
pub use raw_tab::RawTab;
pub use rig::{Rig, until};
pub use stock_tab::StockTab;
