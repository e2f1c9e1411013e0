//! What every back end of a port must do.
