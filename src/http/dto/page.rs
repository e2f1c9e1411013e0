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

impl<S, T: From<S>> From<PageOf<S>> for PageDto<T> {
    fn from(page: PageOf<S>) -> Self {
        let items = page.items.into_iter().map(T::from).collect();
        Self { offset: page.offset, size: page.size, total: page.total, items }
    }
}
