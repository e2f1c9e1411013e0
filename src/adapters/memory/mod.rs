//! Ports inside one process, for the roles that run without Redis.
