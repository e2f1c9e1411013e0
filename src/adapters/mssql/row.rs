//! Answers of the server, read by column name.

use tiberius::{FromSql, Row};

use crate::domain::Timestamp;
use crate::ports::StoreError;

/// The result sets of one batch.
#[derive(Default)]
pub(super) struct Answer {
    sets: Vec<Vec<Row>>,
}

impl Answer {
    /// Starts the next result set.
    pub(super) fn begin(&mut self) {
        self.sets.push(Vec::new());
    }

    /// Adds a row to the current one.
    pub(super) fn push(&mut self, row: Row) {
        if let Some(set) = self.sets.last_mut() {
            set.push(row);
        }
    }

    /// The rows of the result set number `index`, from 0. Errors when the batch returned fewer.
    pub(super) fn set(&self, index: usize) -> Result<&[Row], StoreError> {
        self.sets
            .get(index)
            .map(Vec::as_slice)
            .ok_or_else(|| StoreError::fault(format!("result set {index} is missing")))
    }

    /// The only row of a result set. Errors when there is none.
    pub(super) fn row(&self, index: usize) -> Result<&Row, StoreError> {
        self.set(index)?
            .first()
            .ok_or_else(|| StoreError::fault(format!("result set {index} is empty")))
    }

    /// Every row of a result set, read.
    pub(super) fn read<T>(
        &self,
        index: usize,
        read: impl Fn(&Row) -> Result<T, StoreError>,
    ) -> Result<Vec<T>, StoreError> {
        self.set(index)?.iter().map(read).collect()
    }

    /// The first row of a result set, read; `None` when it is empty.
    pub(super) fn first<T>(
        &self,
        index: usize,
        read: impl Fn(&Row) -> Result<T, StoreError>,
    ) -> Result<Option<T>, StoreError> {
        self.set(index)?.first().map(read).transpose()
    }
}

/// Reads cells of a row. Errors tell the column, never the value.
pub(super) trait Cells {
    /// A cell that may be NULL.
    fn maybe<'a, T: FromSql<'a>>(&'a self, column: &'static str) -> Result<Option<T>, StoreError>;

    /// A cell that is never NULL.
    fn cell<'a, T: FromSql<'a>>(&'a self, column: &'static str) -> Result<T, StoreError> {
        self.maybe(column)?.ok_or_else(|| StoreError::fault(format!("column {column} is NULL")))
    }

    /// A text.
    fn text(&self, column: &'static str) -> Result<String, StoreError> {
        self.cell::<&str>(column).map(str::to_owned)
    }

    /// An int that is never negative.
    fn unsigned(&self, column: &'static str) -> Result<u32, StoreError> {
        u32::try_from(self.cell::<i32>(column)?).map_err(|_| odd(column))
    }

    /// A bigint that counts something.
    fn count(&self, column: &'static str) -> Result<u64, StoreError> {
        u64::try_from(self.cell::<i64>(column)?).map_err(|_| odd(column))
    }

    /// A bigint that is an instant.
    fn instant(&self, column: &'static str) -> Result<Timestamp, StoreError> {
        self.cell(column).map(Timestamp::from_micros)
    }
}

impl Cells for Row {
    fn maybe<'a, T: FromSql<'a>>(&'a self, column: &'static str) -> Result<Option<T>, StoreError> {
        self.try_get(column).map_err(|_| odd(column))
    }
}

/// A cell that holds what it must not.
pub(super) fn odd(column: &'static str) -> StoreError {
    StoreError::fault(format!("column {column} is missing or of an unexpected value"))
}
