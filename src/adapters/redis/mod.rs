//! What is shared and fast.
