//! Use cases: domain and ports only. HTTP, hub methods and jobs call them alike.
