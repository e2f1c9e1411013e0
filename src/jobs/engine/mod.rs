//! The job engine: fetch, run, acknowledge, recover. Knows nothing of orders.
