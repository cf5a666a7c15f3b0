//! Limits that are never reached, because another one is reached first, and limits that let nothing through.

use interlock_json::Decimal;

use super::Check;
use crate::diagnostic::{At, quoted};
use crate::document::{Entry, Mode};
use crate::quantity::{Adds, Bound, Counted};
use crate::window::{Align, Window};

/// Limits of one entry that are compared with each other. A warning is not worth more time.
const MOST_COMPARED: usize = 50;
/// Up to this many calls a sliding limit is exact.
const EXACT: i128 = 10_000;

impl Check<'_, '_> {
    /// Only limits of the same entry are compared: they count the same calls.
    pub(super) fn limits(&mut self, entry: &Entry, pointer: &str, all: &[Counted<'_>]) {
        let document = self.document.mode;
        let enforced = |counted: &Counted<'_>| counted.mode.or(entry.mode).or(document) != Some(Mode::Shadow);
        for (index, counted) in all.iter().enumerate().take(MOST_COMPARED) {
            let place = format!("{pointer}{}", counted.place.pointer());
            if counts_calls(counted) && counted.bound == Bound::AtMost(Decimal::ZERO) {
                self.lets_nothing_through(&place);
                continue;
            }
            let others = all.iter().take(MOST_COMPARED).enumerate().filter(|(other, _)| *other != index);
            let mut tighter = others.filter(|(_, other)| enforced(other)).map(|(_, other)| other);
            let once = all.iter().filter(|other| other.identity() == counted.identity()).count() == 1;
            if let Some(other) = tighter.find(|other| once && implies(other, counted)) {
                self.never_reached(&place, other);
            }
        }
    }

    fn lets_nothing_through(&mut self, place: &str) {
        let Some(range) = self.range(place) else { return };
        self.report
            .warning(
                "never-permits",
                range,
                &At::from_pointer(place),
                "a limit of 0 calls lets no call through",
            )
            .help("if that is meant, `action: deny` says it");
    }

    fn never_reached(&mut self, place: &str, other: &Counted<'_>) {
        let Some(range) = self.range(place) else { return };
        let message = format!(
            "this limit is never reached: {} of the same entry lets fewer calls through",
            quoted(other.place.pointer().trim_start_matches('/'))
        );
        self.report
            .warning("unreachable-limit", range, &At::from_pointer(place), message)
            .help("remove it, or make its `max` smaller");
    }
}

fn counts_calls(counted: &Counted<'_>) -> bool {
    matches!(counted.adds, Adds::Call) && counted.shared.is_none()
}

/// Whether keeping `tight` keeps `loose` for certain.
fn implies(tight: &Counted<'_>, loose: &Counted<'_>) -> bool {
    let (Some(few), Some(many)) = (most(tight), most(loose)) else { return false };
    // What is counted for more callers together holds at least as much.
    let wider = tight.parts().are_among(&loose.parts());
    let windows = longest(loose).div_ceil(shortest(tight)) + u64::from(tight.align != Align::Sliding);
    wider && few.checked_mul(i128::from(windows)).is_some_and(|together| together <= many)
}

fn most(counted: &Counted<'_>) -> Option<i128> {
    match counted.bound {
        Bound::AtMost(most) if counts_calls(counted) => most.to_i128(),
        _ => None,
    }
}

/// A change to or from summer time, in either direction.
const SLACK: u64 = 2 * 3_600;

/// The shortest that one of its windows lasts.
fn shortest(counted: &Counted<'_>) -> u64 {
    match (counted.window, counted.align) {
        (Window::Month, Align::Calendar | Align::CalendarIn(_)) => 28 * 86_400 - SLACK,
        (Window::Day | Window::Week, Align::Calendar | Align::CalendarIn(_)) => {
            counted.window.sliding_seconds() - SLACK
        }
        (window, _) => window.sliding_seconds().max(1),
    }
}

/// The longest that one of its windows lasts.
fn longest(counted: &Counted<'_>) -> u64 {
    match (counted.window, counted.align) {
        (Window::Month, Align::Calendar | Align::CalendarIn(_)) => 31 * 86_400 + SLACK,
        (Window::Day | Window::Week, Align::Calendar | Align::CalendarIn(_)) => {
            counted.window.sliding_seconds() + SLACK
        }
        // Large sliding limits are kept in steps, which look back a little further.
        (window, Align::Sliding) if most(counted).is_some_and(|most| most > EXACT) => {
            window.sliding_seconds() + window.sliding_seconds() / 64 + 1
        }
        (window, _) => window.sliding_seconds(),
    }
}
