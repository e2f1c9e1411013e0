use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::cached::{Copied, cached};
use crate::domain::{Day, DayOrders, Money, OrderStatus, StatusCount, Timestamp, VendorRevenue};
use crate::ports::{Cache, CacheArea, CacheKey, Clock, Reports, StoreError};

/// Shortest pause between two invalidations, so that a busy shop's reports are still cached.
const PAUSE: Duration = Duration::from_secs(1);

/// Whole days in UTC, the last of them today.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReportSpan {
    /// The first day.
    pub first: Day,
    /// The last day.
    pub last: Day,
}

/// A report over a span, perhaps from a copy.
#[derive(Debug, Clone, PartialEq)]
pub struct Report<T> {
    /// Over which days.
    pub span: ReportSpan,
    /// The lines.
    pub lines: Vec<T>,
    /// As [`Copied::stale`].
    pub stale: bool,
}

/// Sums over the last days, from the cache.
pub struct ReadReports {
    reports: Arc<dyn Reports>,
    cache: Arc<dyn Cache>,
    clock: Arc<dyn Clock>,
}

impl ReadReports {
    /// The use cases over these ports.
    pub fn new(reports: Arc<dyn Reports>, cache: Arc<dyn Cache>, clock: Arc<dyn Clock>) -> Self {
        Self { reports, cache, clock }
    }

    /// Orders of each of the last `days` days, also of those without any.
    pub async fn orders_per_day(&self, days: u32) -> Result<Report<DayOrders>, StoreError> {
        let span = self.span(days);
        let (from, to) = bounds(span);
        let found = cached(
            self.cache.as_ref(),
            &key("orders-per-day", span),
            self.reports.orders_per_day(from, to),
        )
        .await?;
        let known: HashMap<i64, DayOrders> =
            found.value.into_iter().map(|line| (line.day.0, line)).collect();
        let none = |day| DayOrders { day: Day(day), orders: 0, total: Money::from_cents(0) };
        let lines = (span.first.0..=span.last.0)
            .map(|day| known.get(&day).copied().unwrap_or_else(|| none(day)))
            .collect();
        Ok(Report { span, lines, stale: found.stale })
    }

    /// What each vendor earned with orders of the last `days` days.
    pub async fn revenue_by_vendor(&self, days: u32) -> Result<Report<VendorRevenue>, StoreError> {
        let span = self.span(days);
        let (from, to) = bounds(span);
        let key = key("revenue-by-vendor", span);
        let found =
            cached(self.cache.as_ref(), &key, self.reports.revenue_by_vendor(from, to)).await?;
        let Copied { value: lines, stale } = found;
        Ok(Report { span, lines, stale })
    }

    /// Where the orders of the last `days` days stand, every status.
    pub async fn status_counts(&self, days: u32) -> Result<Report<StatusCount>, StoreError> {
        let span = self.span(days);
        let (from, to) = bounds(span);
        let found = cached(
            self.cache.as_ref(),
            &key("status-counts", span),
            self.reports.status_counts(from, to),
        )
        .await?;
        let count = |status| {
            found.value.iter().find(|line| line.status == status).map_or(0, |line| line.orders)
        };
        let lines =
            OrderStatus::ALL.map(|status| StatusCount { status, orders: count(status) }).to_vec();
        Ok(Report { span, lines, stale: found.stale })
    }

    fn span(&self, days: u32) -> ReportSpan {
        let last = Day::of(self.clock.now());
        ReportSpan { first: Day(last.0 - i64::from(days.max(1)) + 1), last }
    }
}

fn bounds(span: ReportSpan) -> (Timestamp, Timestamp) {
    (span.first.start(), Day(span.last.0 + 1).start())
}

fn key(report: &str, span: ReportSpan) -> CacheKey {
    CacheKey { area: CacheArea::Reports, id: format!("{report}:{}:{}", span.first.0, span.last.0) }
}

/// Outdates cached reports until `stop`, when `changed` says that an order changed: at once, and
/// then at most once a second.
pub async fn keep_reports_fresh(
    cache: Arc<dyn Cache>,
    changed: Arc<Notify>,
    stop: CancellationToken,
) {
    let follow = async {
        loop {
            changed.notified().await;
            cache.invalidate(CacheArea::Reports).await;
            sleep(PAUSE).await;
        }
    };
    stop.run_until_cancelled(follow).await;
}
