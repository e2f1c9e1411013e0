//! What happens when something the shop stands on fails.

mod redis_outage;
