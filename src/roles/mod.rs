//! Wiring by hand: which parts a role has. The only module that knows everything.
