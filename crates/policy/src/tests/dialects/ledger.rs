//! A ledger of a few lines, for policies that count.

use std::collections::HashMap;

use interlock_json::Decimal;

use crate::{Align, Bound, CounterKey, CounterValues, Need, Refund, Window};

/// What a server answered to a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer {
    Good,
    /// A result with `isError`.
    Failed,
    /// A JSON-RPC error.
    Refused,
}

/// What has been counted, and the time.
#[derive(Default)]
pub(super) struct Ledger {
    now: i64,
    counted: HashMap<CounterKey, Vec<(i64, Decimal)>>,
}

/// The counters at one moment.
pub(super) struct Moment<'l>(&'l Ledger);

impl CounterValues for Moment<'_> {
    fn value(&self, counter: &CounterKey) -> Option<Decimal> {
        Some(self.0.held(counter))
    }
}

impl Ledger {
    /// Goes on to a second.
    pub(super) fn at(&mut self, second: Option<i64>) {
        self.now = second.unwrap_or(self.now);
    }

    pub(super) fn now(&self) -> Moment<'_> {
        Moment(self)
    }

    fn held(&self, key: &CounterKey) -> Decimal {
        let length = match key.window {
            Window::Seconds(seconds) => i64::try_from(seconds).unwrap(),
            Window::Day => 86_400,
            other => panic!("no case has the window {other}"),
        };
        let since = match key.align {
            Align::Calendar => self.now - self.now.rem_euclid(length),
            Align::Sliding => self.now - length + 1,
            Align::CalendarIn(zone) => panic!("no case has the zone {zone}"),
        };
        let counted = self.counted.get(key).into_iter().flatten();
        let sum = |sum: Decimal, amount: Decimal| sum.checked_add(amount).unwrap();
        counted.filter(|(at, _)| *at >= since).map(|(_, amount)| *amount).fold(Decimal::ZERO, sum)
    }

    /// Reserves all or none; otherwise the text for the agent.
    pub(super) fn reserve(&mut self, needs: &[Need]) -> Result<(), String> {
        for need in needs {
            let after = self.held(&need.key).checked_add(need.amount).unwrap();
            let fits = match need.bound {
                Bound::None => true,
                Bound::AtMost(most) => after <= most,
                Bound::Below(below) => after < below,
            };
            if !fits {
                return Err(need.on_deny.as_deref().unwrap_or(&need.words).to_owned());
            }
        }
        for need in needs {
            self.counted.entry(need.key.clone()).or_default().push((self.now, need.amount));
        }
        Ok(())
    }

    /// Gives back what the answer to the last call gives back.
    pub(super) fn answered(&mut self, needs: &[Need], answer: Answer) {
        for need in needs {
            let is_given_back = match need.refund {
                Refund::Keep => false,
                Refund::OnProtocolError => answer == Answer::Refused,
                Refund::OnError => answer != Answer::Good,
            };
            if is_given_back {
                self.counted.entry(need.key.clone()).or_default().pop();
            }
        }
    }
}
