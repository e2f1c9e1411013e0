use std::ops::RangeInclusive;

use actix_web::HttpRequest;
use actix_web::web;

use crate::domain::Page;
use crate::http::Problem;

/// Most entries of a page.
const LARGEST_PAGE: u32 = 100;

/// Entries skipped at most: OpenAPI's `int32`, and what every SQL dialect takes.
const LARGEST_OFFSET: u32 = i32::MAX as u32;

/// The query's parameters, read one by one; every problem found is reported at once. Unknown
/// parameters are ignored.
pub(in crate::http) struct Query {
    pairs: Vec<(String, String)>,
    problems: Vec<(String, String)>,
}

impl Query {
    /// The parameters of a request.
    pub(in crate::http) fn of(request: &HttpRequest) -> Result<Self, Problem> {
        let pairs = web::Query::<Vec<(String, String)>>::from_query(request.query_string())
            .map_err(|_| Problem::malformed("The query cannot be read."))?;
        Ok(Self { pairs: pairs.into_inner(), problems: Vec::new() })
    }

    /// `offset` and `size`.
    pub(in crate::http) fn page(&mut self, usual_size: u32) -> Page {
        let offset = self.number("offset", "a number from 0 to 2147483647", 0..=LARGEST_OFFSET);
        let size = self.number("size", "a number from 1 to 100", 1..=LARGEST_PAGE);
        Page { offset: offset.unwrap_or(0), size: size.unwrap_or(usual_size) }
    }

    /// A whole number, if it is there. `wanted` says what `range` holds.
    pub(in crate::http) fn number(
        &mut self,
        name: &str,
        wanted: &str,
        range: RangeInclusive<u32>,
    ) -> Option<u32> {
        self.read(name, wanted, |text| digits(text).filter(|number| range.contains(number)))
    }

    /// One parameter, if it is there. `wanted` says what `parse` accepts.
    pub(in crate::http) fn read<T>(
        &mut self,
        name: &str,
        wanted: &str,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Option<T> {
        let mut given = self.pairs.iter().filter(|(key, _)| key == name).map(|(_, value)| value);
        let value = given.next()?;
        let parsed = if given.next().is_some() { None } else { parse(value) };
        if parsed.is_none() {
            self.problems.push((name.to_owned(), format!("expected once, as {wanted}")));
        }
        parsed
    }

    /// Reports what was wrong.
    pub(in crate::http) fn finish(self) -> Result<(), Problem> {
        if self.problems.is_empty() { Ok(()) } else { Err(Problem::invalid(self.problems)) }
    }
}

/// Plain digits: `u32`'s own parser also takes a plus sign.
fn digits(text: &str) -> Option<u32> {
    text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}
