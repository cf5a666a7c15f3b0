//! What a call must reserve.

use super::counters::{Adds, Bound, Counter, Counting, currency, identity, number};
use super::coverage;
use super::json::Json;
use super::number::Number;
use super::path::{Found, find, parse};
use super::policy::Policy;
use super::scene::{Paid, Scene};

/// An amount to be reserved.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Need {
    pub(super) counter: Counter,
    pub(super) amount: Number,
    /// The tightest.
    pub(super) bound: Option<Bound>,
    pub(super) rule: String,
    pub(super) name: Option<String>,
    pub(super) on_deny: Option<String>,
    pub(super) shadow: bool,
    /// The word, and how much it gives back beside the others.
    pub(super) refund: usize,
    pub(super) pays: bool,
}

/// Why a call cannot be counted: the argument at fault, where it is one.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Uncountable(pub(super) Option<String>);

/// What the call adds to a counter; `None` where it spends nothing.
pub(super) fn need(
    policy: &Policy,
    counting: &Counting<'_>,
    scene: &Scene<'_>,
) -> Result<Option<Need>, Uncountable> {
    let found = need_of(policy, counting, scene);
    let outcome = match &found {
        Ok(Some(_)) => "counts",
        Ok(None) => "spends nothing",
        Err(_) => "fails",
    };
    coverage::limit(&counting.adds, outcome);
    found
}

fn need_of(policy: &Policy, counting: &Counting<'_>, scene: &Scene<'_>) -> Result<Option<Need>, Uncountable> {
    let at_fault = |path: &str| Uncountable(Some(path.to_owned()));
    let amount = match &counting.adds {
        Adds::One | Adds::Once => Number::of("1"),
        Adds::Number(amount) => amount.clone(),
        Adds::Argument(path) => amount(path, counting.place.get("min"), scene).ok_or(at_fault(path))?,
        Adds::Money => match money(policy, counting.place, scene)? {
            Some(amount) => amount,
            None => return Ok(None),
        },
    };
    let text = |key: &str| counting.part.text_at(key).map(str::to_owned);
    Ok(Some(Need {
        counter: identity(counting, scene).map_err(|path| Uncountable(Some(path)))?,
        amount,
        bound: counting.bounds.iter().cloned().reduce(tighter),
        rule: format!("{}:{}", policy.origin, counting.pointer),
        name: text("name"),
        on_deny: text("on_deny").or(text("reason")),
        shadow: counting.shadow,
        refund: counting.place.text_at("refund").map_or(0, given_back),
        pays: counting.place.says("amount", "challenge"),
    }))
}

/// Nothing, what failed by the protocol, or everything that failed.
fn given_back(word: &str) -> usize {
    ["keep", "on_protocol_error", "on_error"].iter().position(|known| *known == word).unwrap_or(0)
}

/// Missing, not a number, negative, below `min`, or overflowing: no amount.
fn amount(path: &str, min: Option<&Json>, scene: &Scene<'_>) -> Option<Number> {
    let Some(Found::Value(Json::Number(text))) = scene.find(path) else { return None };
    let amount = Number::parse(&text)?;
    let enough = min.is_none_or(|min| amount >= number(min));
    (!amount.is_negative() && enough).then_some(amount)
}

fn money(policy: &Policy, spend: &Json, scene: &Scene<'_>) -> Result<Option<Number>, Uncountable> {
    let currency = currency(policy, spend);
    let amount = match (spend.text_at("amount").unwrap(), scene.paid) {
        ("challenge", Paid::Nothing) => return Ok(None),
        ("challenge", Paid::Unknown) => return Err(Uncountable(None)),
        ("challenge", Paid::Due { amount, currency: asked, network }) => {
            let network = network.map(|network| format!("{network}/{asked}"));
            let same = |wanted: &str, asked: &str| wanted.eq_ignore_ascii_case(asked);
            let fits = |wanted: &str| {
                same(wanted, asked) || network.as_ref().is_some_and(|asked| same(wanted, asked))
            };
            if !currency.is_none_or(fits) {
                return Err(Uncountable(None));
            }
            Number::of(amount)
        }
        (path, _) => {
            same_currency(currency, path, spend.text_at("currency_from"), scene)?;
            amount(path, None, scene).ok_or(Uncountable(Some(path.to_owned())))?
        }
    };
    match spend.get("per_call") {
        Some(most) if amount > number(most) => Err(Uncountable(None)),
        _ => Ok(Some(amount)),
    }
}

/// Another currency than the policy's denies: the one that `currency_from` must name, or that stands beside the amount.
fn same_currency(
    currency: Option<&str>,
    path: &str,
    from: Option<&str>,
    scene: &Scene<'_>,
) -> Result<(), Uncountable> {
    let Some(currency) = currency else { return Ok(()) };
    let found = match from {
        Some(from) => scene.find(from),
        None => {
            let mut steps = parse(path);
            *steps.last_mut().unwrap() = super::path::Step::Key("currency".to_owned());
            Some(find(scene.arguments, &steps[1..]))
        }
    };
    match found {
        Some(Found::Missing) if from.is_none() => Ok(()),
        Some(Found::Value(Json::Text(named))) if named.eq_ignore_ascii_case(currency) => Ok(()),
        _ => Err(Uncountable(from.map(str::to_owned))),
    }
}

pub(super) fn tighter(a: Bound, b: Bound) -> Bound {
    let most = |bound: &Bound| match bound {
        Bound::AtMost(most) | Bound::Below(most) => most.clone(),
    };
    match most(&a).cmp(&most(&b)) {
        std::cmp::Ordering::Less => a,
        std::cmp::Ordering::Greater => b,
        std::cmp::Ordering::Equal if matches!(a, Bound::Below(_)) => a,
        std::cmp::Ordering::Equal => b,
    }
}

/// One counter that counts the same amount for two policies is counted once, under the tighter bound of the two.
pub(super) fn together(needs: Vec<Need>) -> Vec<Need> {
    let mut all: Vec<Need> = Vec::new();
    for need in needs {
        let origin = |need: &Need| need.rule.split(':').next().map(str::to_owned);
        let same = |other: &&mut Need| {
            origin(other) != origin(&need) && other.counter == need.counter && other.amount == need.amount
        };
        match all.iter_mut().find(same) {
            None => all.push(need),
            Some(other) => merge(other, need),
        }
    }
    all
}

/// What is kept for one of the two is kept.
fn merge(one: &mut Need, other: Need) {
    let refund = one.refund.min(other.refund);
    coverage::hit(if one.refund == refund { "merged" } else { "merged and kept" }.to_owned());
    let is_tighter = match (&one.bound, &other.bound) {
        (_, None) => false,
        (None, Some(_)) => true,
        (Some(a), Some(b)) => a != b && tighter(a.clone(), b.clone()) == *b,
    };
    if is_tighter {
        *one = other;
    }
    one.refund = refund;
}
