//! Configuration, health, drain.
