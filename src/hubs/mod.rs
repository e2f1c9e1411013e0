//! Our hubs: thin, they call `app`.

mod authenticator;
mod notifier;
mod order_status;

pub use authenticator::HubAuthenticator;
pub use notifier::HubNotifier;
pub use order_status::{ORDER_STATUS_PATH, order_status};
