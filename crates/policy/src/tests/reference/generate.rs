//! Policies whose parts meet: few names, few paths, few values, many constraints.

pub(super) mod calls;
mod conditions;
mod dice;
pub(super) mod values;

pub(super) use dice::Dice;

use self::conditions::{condition, conditions};
use self::values::{COUNTERS, TOOLS};
use super::json::{Json, object};
use crate::Section;

const MATCHERS: [&str; 8] = ["t", "get_a", "get_b", "get_*", "*_a", "g*t_*", "put_a", "*"];
const URIS: [&str; 6] = ["file:///data/*", "file:///data/a", "file:///*a", "db://t", "file:///data/%61", "*"];
const PROMPTS: [&str; 4] = ["review", "re*", "sum_a", "*"];

/// A document that compiles.
pub(super) fn document(dice: &mut Dice) -> Json {
    let lists = object([
        ("words", Some(Json::Array((0..3).map(|_| values::scalar(dice)).collect()))),
        ("paths", Some(vec![Json::from("/data"), Json::from("src")].into())),
    ]);
    let hide: Vec<Json> = (0..dice.below(3))
        .map(|_| Json::from(dice.pick(&["put_a", "get_*", "x*", "file:///*a", "sum_a"])))
        .collect();
    let hide = dice.chance(20).then(|| Json::from(hide));
    let mut document = object([
        ("version", dice.chance(90).then(|| "1".into())),
        ("default", dice.maybe(90, &["allow", "deny"])),
        ("mode", dice.maybe(20, &["shadow", "shadow", "enforce"])),
        ("list", dice.maybe(20, &["permitted", "all"])),
        ("spend_currency", dice.maybe(50, &["eur", "USD"])),
        ("lists", Some(lists)),
        ("hide", hide),
        ("tools", Some(entries(dice, Section::Tools, &MATCHERS, 4))),
        ("resources", dice.chance(40).then(|| entries(dice, Section::Resources, &URIS, 3))),
        ("prompts", dice.chance(40).then(|| entries(dice, Section::Prompts, &PROMPTS, 3))),
        ("all_tools", dice.chance(25).then(|| entry(dice, Section::Tools))),
    ]);
    look_at_counters(dice, &mut document);
    document
}

/// The same document with other numbers, modes and words here and there.
pub(super) fn almost(dice: &mut Dice, document: &Json) -> Json {
    let members = document.members().iter().filter_map(|(key, value)| {
        let value = match (key.as_str(), value) {
            ("max" | "daily" | "monthly", _) if dice.chance(40) => {
                Json::number(dice.pick(&["1", "5", "100"]))
            }
            ("per_call", _) if dice.chance(40) => Json::number(dice.pick(&["1", "5.5"])),
            ("refund", _) if dice.chance(50) => dice.pick(&["keep", "on_protocol_error", "on_error"]).into(),
            ("mode", _) if dice.chance(30) => dice.pick(&["enforce", "shadow"]).into(),
            ("default", _) if dice.chance(20) => dice.pick(&["allow", "deny"]).into(),
            ("name" | "on_deny", _) if dice.chance(50) => "otherwise".into(),
            ("hide", _) if dice.chance(40) => return None,
            ("rules" | "require" | "deny_if" | "approve_if", Json::Array(parts)) => {
                Json::Array(parts.iter().map(|part| almost(dice, part)).collect())
            }
            ("limits", Json::Array(limits)) => {
                Json::Array(limits.iter().map(|limit| almost(dice, limit)).collect())
            }
            (_, Json::Object(_)) if key != "lists" => almost(dice, value),
            _ => value.clone(),
        };
        Some((key.clone(), value))
    });
    Json::Object(members.collect())
}

fn entries(dice: &mut Dice, section: Section, matchers: &[&'static str], most: usize) -> Json {
    let mut members: Vec<(String, Json)> = Vec::new();
    for _ in 0..1 + dice.below(most) {
        let matcher = dice.pick(matchers);
        if !members.iter().any(|(known, _)| known == matcher) {
            members.push((matcher.to_owned(), entry(dice, section)));
        }
    }
    Json::Object(members)
}

fn mode(dice: &mut Dice) -> Option<Json> {
    dice.maybe(15, &["shadow", "shadow", "enforce"])
}

fn list(dice: &mut Dice, most: usize, mut one: impl FnMut(&mut Dice, usize) -> Json) -> Option<Json> {
    let count = dice.below(most + 1);
    (count > 0).then(|| (0..count).map(|index| one(dice, index)).collect::<Vec<_>>().into())
}

fn entry(dice: &mut Dice, section: Section) -> Json {
    let validates = section == Section::Tools && dice.chance(12);
    object([
        ("mode", mode(dice)),
        ("hide", dice.chance(5).then_some(Json::Bool(true))),
        ("validate", validates.then(|| validate(dice))),
        ("rules", list(dice, 2, |dice, index| rule(dice, section, index))),
        ("require", if dice.chance(50) { list(dice, 1, |dice, _| requirement(dice, section)) } else { None }),
        ("deny_if", if dice.chance(60) { list(dice, 1, |dice, _| block(dice, section)) } else { None }),
        ("approve_if", if dice.chance(50) { list(dice, 1, |dice, _| block(dice, section)) } else { None }),
        ("limits", if dice.chance(60) { list(dice, 2, limit) } else { None }),
    ])
}

fn requirement(dice: &mut Dice, section: Section) -> Json {
    if dice.chance(50) { condition(dice, section) } else { block(dice, section) }
}

fn validate(dice: &mut Dice) -> Json {
    loop {
        let validate = object([
            ("required_args", dice.chance(50).then_some(Json::Bool(true))),
            ("schema", dice.chance(50).then_some(Json::Bool(true))),
            ("unknown_args", dice.chance(40).then(|| "deny".into())),
        ]);
        if !validate.members().is_empty() {
            return validate;
        }
    }
}

fn block(dice: &mut Dice, section: Section) -> Json {
    object([
        ("name", dice.maybe(30, &["block", "guard"])),
        ("on_deny", dice.maybe(40, &["Not like this", "Never"])),
        ("mode", mode(dice)),
        ("conditions", Some(conditions(dice, section, 0))),
    ])
}

fn rule(dice: &mut Dice, section: Section, index: usize) -> Json {
    let texts =
        (dice.maybe(40, &["first", "second", "third"]), dice.maybe(40, &["No more of this", "Ask someone"]));
    let text_key = if dice.chance(70) { "on_deny" } else { "reason" };
    let action = dice.weighted(&[(5, "guard"), (3, "deny"), (2, "require_approval"), (5, "count")]);
    let when = dice.chance(10).then(|| Json::from(dice.pick(&super::expression::KNOWN).0));
    let mut parts = match action {
        "guard" => object([
            ("action", dice.maybe(40, &["evaluate", "evaluate", "allow"])),
            ("conditions", Some(conditions(dice, section, usize::from(when.is_none())))),
            ("when", when),
            ("rate_limit", dice.chance(15).then(|| rate_limit(dice))),
            ("validate", (section == Section::Tools && dice.chance(10)).then(|| validate(dice))),
        ]),
        "count" => counting_rule(dice, section, index),
        objecting => object([
            ("action", Some(objecting.into())),
            ("conditions", Some(conditions(dice, section, usize::from(when.is_none())))),
            ("when", when),
            (
                "approval_timeout",
                (objecting == "require_approval" && dice.chance(40)).then(|| Json::number(600)),
            ),
        ]),
    };
    let Json::Object(members) = &mut parts else { unreachable!() };
    let more = [("name", texts.0), (text_key, texts.1), ("mode", mode(dice))];
    members.extend(more.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?))));
    parts
}

fn counting_rule(dice: &mut Dice, section: Section, index: usize) -> Json {
    match dice.below(6) {
        0 | 1 => object([
            ("rate_limit", Some(rate_limit(dice))),
            ("conditions", dice.chance(20).then(|| conditions(dice, section, 1))),
        ]),
        2 | 3 => object([("state", Some(state(dice, index)))]),
        4 => object([("spend", Some(spend(dice, section)))]),
        _ => object([("idempotency_window", Some(Json::from(dice.pick(&["10m", "90s"]))))]),
    }
}

fn window(dice: &mut Dice) -> Json {
    match dice.below(3) {
        0 => Json::number(dice.pick(&["10", "60", "3600"])),
        1 => dice.pick(&["minute", "day", "week", "month"]).into(),
        _ => dice.pick(&["1d", "2d", "90s", "60m", "1m"]).into(),
    }
}

fn scope(dice: &mut Dice) -> Option<Json> {
    let argument = |path: &str| object([("arg", Some(path.into()))]);
    dice.chance(40).then(|| match dice.below(4) {
        0 | 1 => dice.pick(&["grant", "session", "tool", "server", "global"]).into(),
        2 => argument(dice.pick(&["args.a", "/args/b", "args.n"])),
        _ => vec![
            dice.pick(&["session", "tool", "global"]).into(),
            argument("args.b"),
            argument(dice.pick(&["/args/b", "args.a"])),
        ]
        .into(),
    })
}

/// `window`, and what goes with it: a time zone where the window has dates and goes by the calendar.
fn counted_in(dice: &mut Dice, window: Json, sliding: bool) -> [(&'static str, Option<Json>); 5] {
    let align = dice.maybe(25, &["sliding", "calendar"]);
    let by_calendar = align.as_ref().map_or(!sliding, |align| align.text() == Some("calendar"));
    let dated = ["day", "week", "month", "1d"].contains(&window.text().unwrap_or_default());
    let zone = dice.maybe(25, &["UTC", "Europe/Berlin"]).filter(|_| by_calendar && dated);
    [
        ("window", Some(window)),
        ("align", align),
        ("timezone", zone),
        ("scope", scope(dice)),
        ("refund", dice.maybe(20, &["keep", "on_protocol_error", "on_error"])),
    ]
}

fn with(parts: [(&str, Option<Json>); 5], more: Json) -> Json {
    let Json::Object(mut members) = more else { unreachable!() };
    members.extend(parts.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?))));
    Json::Object(members)
}

fn rate_limit(dice: &mut Dice) -> Json {
    if dice.chance(50) {
        return dice.pick(&["10/minute", "5/10s", "3/day"]).into();
    }
    let window = window(dice);
    with(counted_in(dice, window, true), object([("max", Some(Json::number(dice.below(9))))]))
}

fn state(dice: &mut Dice, index: usize) -> Json {
    let (window, amount) = (window(dice), dice.below(3));
    let more = object([
        ("counter", Some(Json::from(COUNTERS[index]))),
        ("increment", (amount == 0).then(|| Json::number(dice.pick(&["1", "2.5", "0"])))),
        ("increment_from", (amount == 1).then(|| dice.pick(&values::AMOUNTS).into())),
    ]);
    with(counted_in(dice, window, false), more)
}

fn spend(dice: &mut Dice, section: Section) -> Json {
    let challenge = section == Section::Tools && dice.chance(40);
    let money = |dice: &mut Dice| dice.chance(50).then(|| Json::number(dice.pick(&["5", "500", "5.5"])));
    let amount = if challenge { "challenge" } else { dice.pick(&["args.n", "args.o.x", "/args/n"]) };
    let currency = if challenge {
        Some(dice.pick(&["usd", "0xA0b8", "eip155:1/0xA0b8"]).into())
    } else {
        dice.maybe(60, &["usd", "EUR"])
    };
    let from = currency.as_ref().filter(|_| !challenge && dice.chance(40)).map(|_| Json::from("args.a"));
    object([
        ("amount", Some(amount.into())),
        ("currency", currency),
        ("currency_from", from),
        ("per_call", money(dice)),
        ("daily", money(dice)),
        ("monthly", money(dice)),
        ("scope", scope(dice)),
        ("timezone", dice.maybe(20, &["Europe/Berlin"])),
        ("refund", dice.maybe(20, &["keep", "on_protocol_error", "on_error"])),
    ])
}

fn limit(dice: &mut Dice, index: usize) -> Json {
    let amount = dice.chance(40).then(|| Json::from(dice.pick(&values::AMOUNTS)));
    let window = window(dice);
    let whole = Json::number(dice.pick(&["1", "5", "100"]));
    let more = object([
        ("counter", dice.chance(60).then(|| COUNTERS[3 + index].into())),
        ("max", Some(whole)),
        ("min", amount.as_ref().filter(|_| dice.chance(30)).map(|_| Json::number(dice.pick(&["1", "0.5"])))),
        ("shared", dice.maybe(10, &["everybody"])),
        ("mode", mode(dice)),
        ("on_deny", dice.maybe(30, &["Slower"])),
        ("amount", amount.clone()),
    ]);
    with(counted_in(dice, window, amount.is_none()), more)
}

/// Lets conditions look at the counters that there are: those of their own rule, and others.
fn look_at_counters(dice: &mut Dice, document: &mut Json) {
    let paths = named_counters(document);
    let Json::Object(members) = document else { unreachable!() };
    for (key, value) in members.iter_mut().filter(|(key, _)| key == "tools" || key == "all_tools") {
        let alone = key == "all_tools";
        let entries: Vec<(String, &mut Json)> = match value {
            entry if alone => vec![("*".to_owned(), entry)],
            Json::Object(entries) => {
                entries.iter_mut().map(|(matcher, entry)| (matcher.clone(), entry)).collect()
            }
            _ => Vec::new(),
        };
        for (matcher, entry) in entries {
            look_from(dice, &matcher, entry, &paths);
        }
    }
}

fn look_from(dice: &mut Dice, matcher: &str, entry: &mut Json, paths: &[String]) {
    let Json::Object(members) = entry else { return };
    let lists = members.iter_mut().filter(|(key, _)| key == "rules" || key == "deny_if");
    for (_, list) in lists {
        let Json::Array(parts) = list else { continue };
        for part in parts {
            let own = part
                .get("state")
                .and_then(|state| state.text_at("counter"))
                .map(|name| state_path(matcher, name));
            if let Some(own) = own.filter(|_| dice.chance(80)) {
                let bounds = 1 + usize::from(dice.chance(20));
                (0..bounds).for_each(|_| add_condition(dice, part, &own));
            }
            if !paths.is_empty() && dice.chance(15) {
                let path = dice.pick_of(paths).clone();
                add_condition(dice, part, &path);
            }
        }
    }
}

fn add_condition(dice: &mut Dice, part: &mut Json, path: &str) {
    let operator = dice.pick(&["lt", "lte", "lte", "gt", "gte", "neq"]);
    let leaf = object([
        ("path", Some(path.into())),
        ("op", Some(operator.into())),
        ("value", Some(Json::number(dice.pick(&["1", "4.5", "5", "100"])))),
    ]);
    let leaf = if dice.chance(10) { object([("not", Some(leaf))]) } else { leaf };
    let Json::Object(members) = part else { unreachable!() };
    match members.iter_mut().find(|(key, _)| key == "conditions") {
        Some((_, Json::Array(conditions))) => conditions.push(leaf),
        _ => members.push(("conditions".to_owned(), vec![leaf].into())),
    }
}

fn state_path(matcher: &str, counter: &str) -> String {
    match matcher {
        "*" => format!("state._global.{counter}"),
        plain if !plain.contains('*') => format!("state.{plain}.{counter}"),
        glob => format!("state[\"{glob}\"].{counter}"),
    }
}

fn named_counters(document: &Json) -> Vec<String> {
    let tools = document.get("tools").map_or(&[][..], Json::members);
    let every = document.get("all_tools").map(|entry| ("*".to_owned(), entry.clone()));
    let mut all = Vec::new();
    for (matcher, entry) in tools.iter().cloned().chain(every) {
        let of_rules = entry.items_at("rules").iter().filter_map(|rule| rule.get("state"));
        for part in of_rules.chain(entry.items_at("limits")) {
            all.extend(part.text_at("counter").map(|counter| state_path(&matcher, counter)));
        }
    }
    all
}

/// A name to be called: of an entry, or near one.
pub(super) fn name(dice: &mut Dice, section: Section) -> &'static str {
    match section {
        Section::Tools => dice.pick(&TOOLS),
        Section::Resources => dice.pick(&[
            "file:///data/a",
            "file:///data/b",
            "file:///data/../a",
            "file:///data/%61",
            "db://t",
            "file:///x%2fa",
            "file:///data/a%20b",
        ]),
        Section::Prompts => dice.pick(&["review", "rewrite", "sum_a", "other"]),
    }
}
