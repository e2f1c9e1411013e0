//! Hub protocol, connections and fan-out.
