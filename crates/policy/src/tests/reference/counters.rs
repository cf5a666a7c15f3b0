//! Counters: which there are, and what tells them apart.

use std::collections::HashMap;

use super::json::Json;
use super::number::Number;
use super::path::{Found, Step, key, parse};
use super::policy::{Applied, Policy};
use super::scene::Scene;
use crate::Section;

/// (server, entry's matcher, counter name, window, align, scope key), and whether it counts in shadow.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Counter {
    /// `None` with `shared`.
    pub(super) server: Option<String>,
    pub(super) shared: Option<String>,
    pub(super) section: Section,
    pub(super) matcher: String,
    pub(super) name: String,
    pub(super) window: String,
    pub(super) align: String,
    /// Sorted.
    pub(super) scope: Vec<String>,
    pub(super) shadow: bool,
}

/// Something of an entry that counts.
#[derive(Debug, Clone)]
pub(super) struct Counting<'d> {
    pub(super) entry: Applied<'d>,
    /// The rule or the limit.
    pub(super) part: &'d Json,
    pub(super) pointer: String,
    /// Where window, scope and the rest are written.
    pub(super) place: &'d Json,
    pub(super) name: String,
    pub(super) window: String,
    /// Where neither `align` nor `timezone` says otherwise.
    pub(super) sliding: bool,
    pub(super) adds: Adds<'d>,
    pub(super) bounds: Vec<Bound>,
    pub(super) shadow: bool,
}

#[derive(Debug, Clone)]
pub(super) enum Adds<'d> {
    One,
    Number(Number),
    Argument(&'d str),
    /// `spend`
    Money,
    /// One, in a counter of this very call.
    Once,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Bound {
    AtMost(Number),
    Below(Number),
}

/// How many unnamed counters of a kind an entry has had so far.
type Ordinals = HashMap<String, usize>;

/// Everything that a policy's entries about a name count, in the order of the entries. `"*"` and `all_tools` are one
/// matcher, so they number their unnamed counters together.
pub(super) fn counted<'d>(policy: &'d Policy, entries: &[Applied<'d>]) -> Vec<Counting<'d>> {
    let mut ordinals: HashMap<&str, Ordinals> = HashMap::new();
    let mut all = Vec::new();
    for applied in entries {
        let ordinals = ordinals.entry(applied.matcher).or_default();
        for (index, rule) in applied.entry.items_at("rules").iter().enumerate() {
            of_rule(policy, applied, rule, &format!("{}/rules/{index}", applied.pointer), ordinals, &mut all);
        }
        for (index, limit) in applied.entry.items_at("limits").iter().enumerate() {
            let pointer = format!("{}/limits/{index}", applied.pointer);
            all.push(of_limit(policy, applied, limit, pointer, ordinals));
        }
    }
    all
}

fn of_rule<'d>(
    policy: &'d Policy,
    applied: &Applied<'d>,
    rule: &'d Json,
    pointer: &str,
    ordinals: &mut Ordinals,
    all: &mut Vec<Counting<'d>>,
) {
    let shadow = policy.is_shadow(Some(applied.entry), Some(rule));
    let mut add = |place: &'d Json, name: String, window: String, sliding, adds, bounds| {
        let (entry, part, pointer) = (applied.clone(), rule, pointer.to_owned());
        all.push(Counting { entry, part, pointer, place, name, window, sliding, adds, bounds, shadow });
    };
    if let Some(length) = rule.get("idempotency_window") {
        let window = window(length);
        let name = unnamed("once", &window, ordinals);
        add(&Json::Null, name, window, true, Adds::Once, vec![Bound::AtMost(Number::of("1"))]);
    }
    if let Some(rate) = rule.get("rate_limit") {
        let (max, window) = rate_of(rate);
        let name = unnamed("rate", &window, ordinals);
        add(rate, name, window, true, Adds::One, vec![Bound::AtMost(max)]);
    }
    if let Some(state) = rule.get("state") {
        let adds = match (state.get("increment"), state.text_at("increment_from")) {
            (Some(Json::Number(number)), _) => Adds::Number(Number::of(number)),
            (_, Some(path)) => Adds::Argument(path),
            _ => Adds::One,
        };
        let name = state.text_at("counter").unwrap().to_owned();
        let own = rule.items_at("conditions").iter().filter(|leaf| is_own(leaf, applied, rule));
        let bounds = own.map(own_bound).collect();
        add(state, name, window(state.get("window").unwrap()), false, adds, bounds);
    }
    if let Some(spend) = rule.get("spend") {
        let currency = currency(policy, spend).map(str::to_lowercase);
        let kind = currency.map_or("spend".to_owned(), |currency| format!("spend_{currency}"));
        let budgets = [("day", spend.get("daily")), ("month", spend.get("monthly"))];
        let capped = budgets.iter().any(|(_, most)| most.is_some());
        for (window, most) in budgets {
            if most.is_some() || (!capped && window == "day") {
                let bounds = most.into_iter().map(|most| Bound::AtMost(number(most))).collect();
                add(spend, unnamed(&kind, window, ordinals), window.to_owned(), false, Adds::Money, bounds);
            }
        }
    }
}

fn of_limit<'d>(
    policy: &'d Policy,
    applied: &Applied<'d>,
    limit: &'d Json,
    pointer: String,
    ordinals: &mut Ordinals,
) -> Counting<'d> {
    let window = window(limit.get("window").unwrap());
    let name = limit.text_at("counter").map(str::to_owned);
    let amount = limit.text_at("amount");
    Counting {
        entry: applied.clone(),
        part: limit,
        pointer,
        place: limit,
        name: name.unwrap_or_else(|| unnamed("rate", &window, ordinals)),
        window,
        sliding: amount.is_none(),
        adds: amount.map_or(Adds::One, Adds::Argument),
        bounds: vec![Bound::AtMost(number(limit.get("max").unwrap()))],
        shadow: policy.is_shadow(Some(applied.entry), Some(limit)),
    }
}

pub(super) fn currency<'d>(policy: &'d Policy, spend: &'d Json) -> Option<&'d str> {
    spend.text_at("currency").or(policy.document.text_at("spend_currency"))
}

pub(super) fn number(value: &Json) -> Number {
    match value {
        Json::Number(text) => Number::of(text),
        other => panic!("{other} is no number"),
    }
}

/// An unnamed counter: `_rate_<window>` and which of its kind it is.
fn unnamed(kind: &str, window: &str, ordinals: &mut Ordinals) -> String {
    let name = format!("_{kind}_{window}");
    let ordinal = ordinals.entry(name.clone()).or_default();
    *ordinal += 1;
    format!("{name}_{}", *ordinal - 1)
}

/// `10/minute`, or a map.
fn rate_of(rate: &Json) -> (Number, String) {
    match rate.text() {
        Some(text) => {
            let (max, length) = text.split_once('/').unwrap();
            (Number::of(max), window(&Json::from(length)))
        }
        None => (number(rate.get("max").unwrap()), window(rate.get("window").unwrap())),
    }
}

/// The one spelling of a window: a bare number is seconds.
fn window(written: &Json) -> String {
    let text = written.text().map_or_else(|| written.to_string(), str::to_owned);
    if ["minute", "hour", "day", "week", "month"].contains(&text.as_str()) {
        return text;
    }
    let (count, unit) = match text.find(|letter: char| !letter.is_ascii_digit()) {
        Some(at) => (text[..at].parse::<u64>().unwrap(), &text[at..]),
        None => (text.parse().unwrap(), "s"),
    };
    let seconds = match unit {
        "d" if count == 1 => return "day".to_owned(),
        "d" => count * 86_400,
        "h" => count * 3_600,
        "m" => count * 60,
        _ => count,
    };
    match seconds {
        60 => "minute".to_owned(),
        3_600 => "hour".to_owned(),
        seconds => format!("{seconds}s"),
    }
}

/// Calls are counted in a sliding window and amounts by the calendar, where nothing else is said.
fn align(counting: &Counting<'_>) -> String {
    let sliding = counting.place.text_at("align").map_or(counting.sliding, |align| align == "sliding");
    match counting.place.text_at("timezone").filter(|zone| *zone != "UTC") {
        _ if sliding => "sliding".to_owned(),
        Some(zone) => format!("calendar@{zone}"),
        None => "calendar".to_owned(),
    }
}

/// Whether a condition is `lt` or `lte` on the rule's own counter: then it is that counter's limit.
pub(super) fn is_own(leaf: &Json, applied: &Applied<'_>, rule: &Json) -> bool {
    let own = rule.get("state").and_then(|state| state.text_at("counter"));
    let bounds = leaf.says("op", "lt") || leaf.says("op", "lte");
    let Some(path) = leaf.text_at("path").filter(|path| bounds && own.is_some() && path.starts_with("state"))
    else {
        return false;
    };
    let (entry, counter) = state_path(path);
    entry == state_name(applied) && Some(counter.as_str()) == own
}

fn own_bound(leaf: &Json) -> Bound {
    let most = number(leaf.get("value").unwrap());
    if leaf.says("op", "lt") { Bound::Below(most) } else { Bound::AtMost(most) }
}

/// The entry and the counter in `state.<entry>.<counter>`.
fn state_path(path: &str) -> (String, String) {
    let steps = parse(path);
    let [_state, entry, counter] = steps.as_slice() else { panic!("{path}") };
    (key(entry).to_owned(), key(counter).to_owned())
}

fn state_name<'d>(applied: &Applied<'d>) -> &'d str {
    if applied.lists() { applied.matcher } else { "_global" }
}

/// The counter that a `state` path names; `None` where its scope asks for an argument that the call does not have.
pub(super) fn named(policy: &Policy, path: &str, scene: &Scene<'_>) -> Option<Counter> {
    let (entry, counter) = state_path(path);
    let entries: Vec<_> =
        policy.entries(scene.section).into_iter().filter(|applied| state_name(applied) == entry).collect();
    let found = counted(policy, &entries).into_iter().find(|counting| counting.name == counter).unwrap();
    identity(&found, scene).ok()
}

/// The counter of this call; otherwise the argument that its scope is missing.
pub(super) fn identity(counting: &Counting<'_>, scene: &Scene<'_>) -> Result<Counter, String> {
    let shared = counting.place.text_at("shared").map(str::to_owned);
    let mut scope = match &counting.adds {
        Adds::Once => vec![format!("grant={}", scene.grant), format!("call={}", identical(scene))],
        _ => scope(counting, scene)?,
    };
    scope.sort();
    scope.dedup();
    Ok(Counter {
        server: shared.is_none().then(|| scene.server.to_owned()),
        shared,
        section: scene.section,
        matcher: counting.entry.matcher.to_owned(),
        name: counting.name.clone(),
        window: counting.window.clone(),
        align: align(counting),
        scope,
        shadow: counting.shadow,
    })
}

/// `grant` → (grant), `session` → (grant, session), `tool` → (grant, tool), `server` and `global` → nothing, an
/// argument → (grant, value); a list combines.
fn scope(counting: &Counting<'_>, scene: &Scene<'_>) -> Result<Vec<String>, String> {
    let written = counting.place.get("scope").cloned().unwrap_or("grant".into());
    let mut list = if matches!(written, Json::Array(_)) { written.items().to_vec() } else { vec![written] };
    list.sort_by_key(|scope| scope.text_at("arg").map(|path| argument(path, "")));
    let mut parts = Vec::new();
    for scope in list {
        if !matches!(scope.text(), Some("server" | "global")) {
            parts.push(format!("grant={}", scene.grant));
        }
        match (scope.text(), scope.text_at("arg")) {
            (Some("session"), _) => parts.push(format!("session={}", scene.session)),
            // An entry of one tool is about that tool, whoever asks for its counter.
            (Some("tool"), _) if counting.entry.is_exact() => {
                parts.push(format!("tool={}", counting.entry.matcher))
            }
            (Some("tool"), _) => parts.push(format!("tool={}", scene.name)),
            (_, Some(path)) => parts.push(of_argument(path, scene.find(path)).ok_or(path)?),
            _ => {}
        }
    }
    Ok(parts)
}

/// Values by their type, numbers by what they are.
fn of_argument(path: &str, found: Option<Found>) -> Option<String> {
    match found {
        Some(Found::Value(value @ (Json::Text(_) | Json::Bool(_)))) => {
            Some(argument(path, &value.to_string()))
        }
        Some(Found::Value(Json::Number(text))) => Some(argument(path, &Number::parse(&text)?.to_string())),
        _ => None,
    }
}

/// The part of a scope that an argument makes; a JSON pointer is the same path.
pub(super) fn argument(path: &str, value: &str) -> String {
    let keys = parse(path).into_iter().map(|step| match step {
        Step::Token(token) => Step::Key(token),
        step => step,
    });
    format!("arg={:?}={value}", keys.collect::<Vec<_>>())
}

/// What makes two calls identical: what is called, and the arguments whatever their order and notation.
pub(super) fn identical(scene: &Scene<'_>) -> String {
    let nothing = Json::Object(Vec::new());
    format!("{:?} {}", scene.name, canonical(scene.arguments.unwrap_or(&nothing)))
}

fn canonical(value: &Json) -> Json {
    match value {
        Json::Number(text) => Number::parse(text).map_or_else(|| value.clone(), Json::number),
        Json::Array(items) => Json::Array(items.iter().map(canonical).collect()),
        Json::Object(members) => {
            let mut members: Vec<_> =
                members.iter().map(|(key, value)| (key.clone(), canonical(value))).collect();
            members.sort_by(|(a, _), (b, _)| a.cmp(b));
            Json::Object(members)
        }
        other => other.clone(),
    }
}
