//! The HTTP API: routes, extractors, handlers, problem+json.
