use actix_web::HttpResponse;
use actix_web::dev::ServiceResponse;

/// Left by a handler on an answer that was given without something the shop stands on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::http) enum Degraded {
    /// The answer is an older one, because the system of record is out.
    Sql,
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
        if stale { Self::Sql.mark(answer) } else { answer }
    }

    /// Finds it.
    pub(super) fn of<B>(answer: &ServiceResponse<B>) -> Option<Self> {
        answer.response().extensions().get::<Self>().copied()
    }
}
