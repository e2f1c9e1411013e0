use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::PageOf;

/// A part of a list.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct PageDto<T> {
    /// Entries skipped.
    offset: u32,
    /// Entries asked for.
    size: u32,
    /// Entries there are in all.
    total: u64,
    /// This part.
    items: Vec<T>,
}

impl<T> PageDto<T> {
    /// The page with each entry as clients see it.
    pub(in crate::http) fn new<S>(page: PageOf<S>, entry: impl Fn(S) -> T) -> Self {
        let items = page.items.into_iter().map(entry).collect();
        Self { offset: page.offset, size: page.size, total: page.total, items }
    }
}
