//! Our jobs: thin, they call `app`.
