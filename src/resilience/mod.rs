//! Breaker, retry, backoff, deadline. Knows nothing of what it protects.
