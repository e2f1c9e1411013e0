use serde::{Deserialize, Serialize};

/// Which part of a list is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page {
    /// Entries to skip.
    pub offset: u32,
    /// Entries to return, 1..=100.
    pub size: u32,
}

/// A part of a list, in its envelope (D10).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PageOf<T> {
    /// As asked.
    pub offset: u32,
    /// As asked.
    pub size: u32,
    /// Entries the filter matches in all.
    pub total: u64,
    /// This part.
    pub items: Vec<T>,
}

impl<T> PageOf<T> {
    /// The same page with every item changed by `change`.
    pub fn map<U>(self, change: impl FnMut(T) -> U) -> PageOf<U> {
        PageOf {
            offset: self.offset,
            size: self.size,
            total: self.total,
            items: self.items.into_iter().map(change).collect(),
        }
    }
}
