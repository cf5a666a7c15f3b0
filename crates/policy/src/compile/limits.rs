//! What is counted, made ready: amounts, parts of keys, and words.

use std::sync::Arc;

use interlock_json::Decimal;

use crate::counter::{KeyParts, ScopeArgument};
use crate::describe;
use crate::document::SpendAmount;
use crate::limit::{self, Amount};
use crate::path::{self, Path, Step};
use crate::quantity::{self, Adds, Bound, Counted, Money};
use crate::window::Align;

fn steps(path: &Path) -> Vec<Step> {
    match path {
        Path::Args(steps) => steps.clone(),
        _ => Vec::new(),
    }
}

/// What a call adds.
pub(super) fn amount(counted: &Counted<'_>) -> Amount {
    match &counted.adds {
        Adds::Call | Adds::Once => Amount::Fixed(Decimal::ONE),
        Adds::Fixed(amount) => Amount::Fixed(*amount),
        Adds::Argument(path) => Amount::Argument(steps(path)),
        Adds::Money(money) => Amount::Money(of_money(money)),
    }
}

/// What the counter's key takes of the call.
pub(super) fn key_parts(counted: &Counted<'_>) -> KeyParts {
    let quantity::Parts { grant, session, tool, arguments, call } = counted.parts();
    let argument = |path: String| {
        let steps = Path::parse(&path).as_ref().map(steps).unwrap_or_default();
        ScopeArgument::new(&path, steps)
    };
    KeyParts { grant, session, tool, arguments: arguments.into_iter().map(argument).collect(), call }
}

/// Where a call does not have to say its currency, it may: in the argument `currency` beside the amount.
fn of_money(money: &Money<'_>) -> limit::Money {
    let source = match money.amount {
        SpendAmount::Challenge => limit::Source::Challenge,
        SpendAmount::Argument(path) => {
            let amount = steps(path);
            let beside = || {
                let mut steps: Vec<Step> = amount.clone();
                steps.pop();
                steps.push(Step::Key("currency".to_owned()));
                steps
            };
            let currency = money.currency_from.map_or_else(beside, steps);
            limit::Source::Argument { currency, must_say: money.currency_from.is_some(), steps: amount }
        }
    };
    limit::Money { source, per_call: money.per_call, currency: money.currency.map(Arc::from) }
}

/// The limit in words: `10 calls per minute`, `at most 1000 of "amount" per day`.
pub(super) fn words(counted: &Counted<'_>) -> String {
    let mut words = match &counted.adds {
        Adds::Once => return format!("one identical call per {}", counted.window.words()),
        adds => bound_words(adds, counted.bound),
    };
    words.push_str(&format!(" per {}", counted.window.words()));
    if let Align::CalendarIn(zone) = counted.align {
        words.push_str(&format!(" in {zone}"));
    }
    for argument in key_parts(counted).arguments {
        words.push_str(&format!(" for each {}", argument.name()));
    }
    words
}

fn bound_words(adds: &Adds<'_>, bound: Bound) -> String {
    let (limit, what) = match bound {
        Bound::None => return "counted".to_owned(),
        Bound::AtMost(most) => ("", most),
        Bound::Below(below) => ("less than ", below),
    };
    match adds {
        Adds::Call | Adds::Once if what == Decimal::ONE => format!("{limit}{what} call"),
        Adds::Call | Adds::Once => format!("{limit}{what} calls"),
        Adds::Fixed(_) => format!("{limit}{what} in all"),
        Adds::Argument(path) => {
            let argument = describe::quoted(&path::argument_name(&steps(path)));
            format!("{limit}{what} in all of argument {argument}")
        }
        Adds::Money(Money { currency: Some(currency), .. }) => format!("{limit}{what} {currency} in all"),
        Adds::Money(_) => format!("{limit}{what} in all"),
    }
}
