//! Committed events on their way to the connected tabs (D4, D5a).
//!
//! ```text
//! commit -> handover -> relay -> stream -> follow_stream -> lanes -> deliver -> every pod's hub
//!             outbox ----^
//!             outbox -> follow_outbox ------------------------------> deliver -> this pod's hub
//! ```
//! The process that commits an event hands it to its own relay, which appends it to the stream; what
//! a process leaves behind, the relays claim from the outbox. Each hub pod follows one source at a
//! time: the stream, or the outbox while the stream or the other pods cannot be heard. Events of one
//! order are delivered one after the other; the hub drops what a connection heard before. Without
//! Redis the relay of the one process with a hub delivers directly.

mod deliver;
mod fill_gaps;
mod follow;
mod follow_outbox;
mod follow_stream;
mod handover;
mod health;
mod lanes;
mod owners;
mod positions;
mod relay;
mod sinks;
mod status;
mod stream_trimmer;

pub use deliver::{DeliverError, DeliverEvent};
pub use fill_gaps::{FillGaps, GapRequests};
pub use follow::{FollowEvents, Interruptions};
pub use follow_stream::{Redelivery, StreamConsumer};
pub use handover::{HandedOver, Handover};
pub use health::DeliveryHealth;
pub use positions::OutboxPositions;
pub use relay::OutboxRelay;
pub use sinks::{DirectSink, EventSink, StreamSink};
pub use status::DeliveryStatus;
pub use stream_trimmer::StreamTrimmer;
