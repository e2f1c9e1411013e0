//! Our hubs: thin, they call `app`.
