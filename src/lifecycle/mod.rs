//! How a process lives: supervised tasks, phases, signals and an ordered stop. Knows nothing of
//! orders.

mod phase;
mod plan;
mod signals;
mod supervisor;
mod task;

pub use phase::Phase;
pub use plan::{StopPhase, StopPlan};
pub use signals::listen_for_signals;
pub use supervisor::{Ended, StopCause, Supervisor};
pub use task::TaskResult;
