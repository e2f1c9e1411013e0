//! The HTTP API over real sockets; mirrors `src/http`.
