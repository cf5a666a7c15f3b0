//! Limits that are never reached, because another one is reached first, and limits that let nothing through.

use interlock_json::Decimal;

use super::Check;
use crate::diagnostic::{At, quoted};
use crate::document::Entry;
use crate::quantity::{Adds, Bound, Counted};
use crate::window::{Align, Window};

/// Limits of one entry that are compared with each other. A warning is not worth more time.
const MOST_COMPARED: usize = 50;
/// Up to this many calls a sliding limit is exact.
const EXACT: i128 = 10_000;

impl Check<'_, '_, '_> {
    /// Only limits of the same entry are compared: they count the same calls. `beside` are those that count in the
    /// same counters from another place.
    pub(super) fn limits(
        &mut self,
        entry: &Entry,
        pointer: &str,
        all: &[Counted<'_>],
        beside: &[Counted<'_>],
    ) {
        for (index, counted) in all.iter().enumerate().take(MOST_COMPARED) {
            if !self.is_enforced(counted.mode, entry) {
                continue;
            }
            let place = format!("{pointer}{}", counted.place.pointer());
            if let Some(message) = nothing_passes(counted) {
                self.lets_nothing_through(message, &place);
                continue;
            }
            // What one call adds to twice is reached sooner.
            let same = all.iter().chain(beside).filter(|other| other.identity() == counted.identity());
            if same.count() > 1 {
                continue;
            }
            let others = all.iter().take(MOST_COMPARED).enumerate();
            let mut enforced = others.filter(|(_, other)| self.is_enforced(other.mode, entry));
            // Of two that are reached together the first one is.
            let before = |at: usize, other: &Counted<'_>| at < index || !implies(counted, other);
            let tighter =
                enforced.find(|(at, other)| *at != index && implies(other, counted) && before(*at, other));
            if let Some((_, other)) = tighter {
                self.never_reached(&place, counted, other);
            }
        }
    }

    fn lets_nothing_through(&mut self, message: String, place: &str) {
        let Some(range) = self.range(place) else { return };
        self.report
            .warning("never-permits", range, &At::from_pointer(place), message)
            .help("if that is meant, `action: deny` says it");
    }

    fn never_reached(&mut self, place: &str, counted: &Counted<'_>, other: &Counted<'_>) {
        let Some(range) = self.range(place) else { return };
        let message = format!(
            "this limit is never reached: {} of the same entry lets fewer calls through",
            quoted(other.place.pointer().trim_start_matches('/'))
        );
        // A limit for each value of an argument denies calls without the argument, which the other does not.
        let help = if counted.parts().arguments.is_subset(&other.parts().arguments) {
            "remove it, or make its `max` smaller"
        } else {
            "make its `max` smaller: all that it does now is to deny calls without the argument"
        };
        self.report.warning("unreachable-limit", range, &At::from_pointer(place), message).help(help);
    }
}

/// Why a limit that even the smallest call exceeds lets nothing through.
fn nothing_passes(counted: &Counted<'_>) -> Option<String> {
    let (least, what) = match &counted.adds {
        Adds::Call | Adds::Once => (Decimal::ONE, "a call adds 1".to_owned()),
        Adds::Fixed(amount) => (*amount, format!("a call adds {amount}")),
        Adds::Argument(_) => {
            let least = counted.min.unwrap_or(Decimal::ZERO);
            (least, format!("a call adds {least} at least"))
        }
        Adds::Money(_) => (Decimal::ZERO, "a call adds 0 at least".to_owned()),
    };
    let most = match counted.bound {
        Bound::AtMost(most) if least > most => format!("at most {most}"),
        Bound::Below(below) if least >= below => format!("less than {below}"),
        Bound::None | Bound::AtMost(_) | Bound::Below(_) => return None,
    };
    if matches!(counted.adds, Adds::Call) && counted.bound == Bound::AtMost(Decimal::ZERO) {
        return Some("a limit of 0 calls lets no call through".to_owned());
    }
    Some(format!("no call passes this limit: {what}, and the counter may hold {most}"))
}

fn counts_calls(counted: &Counted<'_>) -> bool {
    matches!(counted.adds, Adds::Call) && counted.shared.is_none()
}

/// Whether keeping `tight` keeps `loose` for certain.
fn implies(tight: &Counted<'_>, loose: &Counted<'_>) -> bool {
    let (Some(few), Some(many)) = (most(tight), most(loose)) else { return false };
    // What is counted for more callers together holds at least as much, unless some of it is given back.
    let wider = tight.parts().are_among(&loose.parts());
    let keeps = tight.refund <= loose.refund;
    let windows = longest(loose).div_ceil(shortest(tight)) + u64::from(tight.align != Align::Sliding);
    wider && keeps && few.checked_mul(i128::from(windows)).is_some_and(|together| together <= many)
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
