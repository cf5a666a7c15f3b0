//! How a counter counts.

use interlock_json::Decimal;

use crate::{Align, Bound, Window, Zone};

/// Sliding counters up to this limit count exactly; above it, in steps.
pub const EXACT: i64 = 10_000;

/// The steps of a window above [`EXACT`].
pub const STEPS: i64 = 64;

/// A counter's window, where it begins, and how finely it is kept.
///
/// A sliding counter is a list of entries: a time and what was counted then. An entry counts as long as the
/// window reaches back to it. Kept exactly, an entry's time is its millisecond; kept in steps of 1/64 of the
/// window, it is the *end* of its step, so that what is counted stays counted a little longer and never
/// shorter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shape {
    window: Window,
    align: Align,
    step_ms: i64,
}

impl Shape {
    /// The shape of a counter under `bound`.
    #[must_use]
    pub fn new(window: Window, align: Align, bound: &Bound) -> Self {
        let exact = bound.limit().is_some_and(|limit| limit <= Decimal::from(EXACT));
        let step_ms = if exact { 1 } else { (window.length_ms() / STEPS).max(1) };
        Self { window, align, step_ms }
    }

    /// The shape for a counter that has so many entries already. Fractions of one, and shadows that exceed
    /// their limit, would make more entries than calls can under the limit; past [`EXACT`] they are kept in
    /// steps.
    #[must_use]
    pub fn with_entries(self, entries: usize) -> Self {
        if i64::try_from(entries).is_ok_and(|entries| entries < EXACT) {
            return self;
        }
        Self { step_ms: self.step_ms.max(self.window.length_ms() / STEPS).max(1), ..self }
    }

    /// Sliding or aligned.
    #[must_use]
    pub fn align(&self) -> Align {
        self.align
    }

    /// The time under which something that is counted at `now_ms` is kept (sliding).
    #[must_use]
    pub fn stamp(&self, now_ms: i64) -> i64 {
        if self.step_ms == 1 {
            return now_ms;
        }
        now_ms.div_euclid(self.step_ms).saturating_add(1).saturating_mul(self.step_ms).saturating_sub(1)
    }

    /// The latest time whose entries no longer count at `now_ms` (sliding).
    ///
    /// Times are whole milliseconds, rounded down: two moments are certainly a window apart only when their
    /// milliseconds are more than a window apart.
    #[must_use]
    pub fn horizon(&self, now_ms: i64) -> i64 {
        now_ms.saturating_sub(self.window.length_ms()).saturating_sub(1)
    }

    /// When an entry kept under `stamp` stops counting (sliding).
    #[must_use]
    pub fn leaves(&self, stamp: i64) -> i64 {
        stamp.saturating_add(self.window.length_ms()).saturating_add(1)
    }

    /// The end of the period that holds `wall_ms` (aligned).
    #[must_use]
    pub fn period_end(&self, wall_ms: i64) -> i64 {
        self.window.period_end(self.align.zone().unwrap_or(Zone::UTC), wall_ms)
    }
}
