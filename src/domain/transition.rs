use super::OrderStatus;

/// A named move of an order. Stores compare the current status before they set the new one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Transition {
    from: &'static [OrderStatus],
    to: OrderStatus,
}

/// What a transition means for an order in a given status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Legal: set the new status.
    Apply,
    /// The order is there already, as when a message arrives twice.
    Already,
    /// Illegal from here: leave the order alone.
    Refuse,
}

impl Transition {
    /// A worker took the order.
    pub const fn processing_started() -> Self {
        Self { from: &[OrderStatus::Accepted], to: OrderStatus::Processing }
    }

    /// The work is done.
    pub const fn completed() -> Self {
        Self { from: &[OrderStatus::Processing], to: OrderStatus::Completed }
    }

    /// The retries are used up, or the order cannot be fulfilled.
    pub const fn failed() -> Self {
        Self { from: &[OrderStatus::Accepted, OrderStatus::Processing], to: OrderStatus::Failed }
    }

    /// The owner deleted the order before it was finished.
    pub const fn cancelled() -> Self {
        let from = &[OrderStatus::Accepted, OrderStatus::Processing];
        Self { from, to: OrderStatus::Cancelled }
    }

    /// An operator has a failed order processed again.
    pub const fn requeued() -> Self {
        Self { from: &[OrderStatus::Failed], to: OrderStatus::Accepted }
    }

    /// The statuses it may start from.
    pub const fn from(self) -> &'static [OrderStatus] {
        self.from
    }

    /// The status it leads to.
    pub const fn to(self) -> OrderStatus {
        self.to
    }

    /// What it means for an order that is `current`.
    pub fn judge(self, current: OrderStatus) -> Verdict {
        if current == self.to {
            Verdict::Already
        } else if self.from.contains(&current) {
            Verdict::Apply
        } else {
            Verdict::Refuse
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Transition, Verdict};
    use crate::domain::OrderStatus;

    #[test]
    fn every_pair_is_decided() {
        use Verdict::{Already, Apply, Refuse};
        // Rows: transitions. Columns: Accepted, Processing, Completed, Failed, Cancelled.
        let table = [
            (Transition::processing_started(), [Apply, Already, Refuse, Refuse, Refuse]),
            (Transition::completed(), [Refuse, Apply, Already, Refuse, Refuse]),
            (Transition::failed(), [Apply, Apply, Refuse, Already, Refuse]),
            (Transition::cancelled(), [Apply, Apply, Refuse, Refuse, Already]),
            (Transition::requeued(), [Already, Refuse, Refuse, Apply, Refuse]),
        ];
        for (transition, verdicts) in table {
            for (current, verdict) in OrderStatus::ALL.into_iter().zip(verdicts) {
                assert_eq!(transition.judge(current), verdict, "{transition:?} from {current:?}");
            }
        }
    }
}
