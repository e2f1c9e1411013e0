use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::dev::ServiceResponse;

/// Left by a handler on an answer that was given without something the shop stands on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::http) enum Degraded {
    /// The answer is a copy up to this old, because the system of record is out.
    Sql {
        /// How old it may be; `None` when nobody knows.
        age: Option<Duration>,
    },
    /// What belongs into Redis could not be written there.
    Redis,
}

impl Degraded {
    /// Leaves the mark.
    pub(in crate::http) fn mark(self, mut answer: HttpResponse) -> HttpResponse {
        answer.extensions_mut().insert(self);
        answer
    }

    /// Leaves the mark of a copy the cache had.
    pub(in crate::http) fn mark_stale(answer: HttpResponse, stale: bool) -> HttpResponse {
        if stale { Self::Sql { age: None }.mark(answer) } else { answer }
    }

    /// Finds it.
    pub(super) fn of<B>(answer: &ServiceResponse<B>) -> Option<Self> {
        answer.response().extensions().get::<Self>().copied()
    }
}
