//! What happens when something the shop stands on fails.

mod redis_forms;
mod redis_outage;
