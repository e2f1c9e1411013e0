//! Supervised tasks, ordered stop, signals.
