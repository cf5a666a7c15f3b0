//! Calls made of what the policies look at.

use super::super::json::Json;
use super::super::path::{Step, parse};
use super::super::policy::glob;
use super::super::scene::Paid;
use super::conditions::{statement, texts_for};
use super::{Dice, name, values};
use crate::Section;

/// What the policies of a case are about.
#[derive(Default)]
pub(in super::super) struct Target {
    looked: Vec<Looked>,
    matchers: Vec<(Section, String)>,
}

impl Target {
    pub(in super::super) fn add(&mut self, document: &Json) {
        self.looked.extend(looked_at(document));
        for section in Section::ALL {
            let entries = document.get(section.key()).map_or(&[][..], Json::members);
            self.matchers.extend(entries.iter().map(|(matcher, _)| (section, matcher.clone())));
        }
    }

    /// Mostly a name that some entry is about.
    fn name(&self, dice: &mut Dice) -> (Section, &'static str) {
        if !self.matchers.is_empty() && dice.chance(75) {
            let (section, matcher) = dice.pick_of(&self.matchers);
            let names = (0..20).map(|_| name(dice, *section)).find(|name| glob(matcher, name));
            if let Some(name) = names {
                return (*section, name);
            }
        }
        let section =
            dice.weighted(&[(80, Section::Tools), (10, Section::Resources), (10, Section::Prompts)]);
        (section, name(dice, section))
    }
}

/// What a policy looks at in arguments.
struct Looked {
    path: String,
    operator: String,
    value: Option<Json>,
}

/// Everything that a document's conditions, limits and scopes look at in arguments.
fn looked_at(document: &Json) -> Vec<Looked> {
    let mut all = Vec::new();
    collect(document, &mut all);
    all
}

fn collect(value: &Json, all: &mut Vec<Looked>) {
    value.items().iter().for_each(|item| collect(item, all));
    let names = ["path", "amount", "increment_from", "arg"];
    let path = names.iter().find_map(|name| value.text_at(name)).filter(|path| path.contains("args"));
    if let Some(path) = path {
        let operator = value.text_at("op").unwrap_or("lte").to_owned();
        all.push(Looked { path: path.to_owned(), operator, value: value.get("value").cloned() });
    }
    value.members().iter().for_each(|(_, inner)| collect(inner, all));
}

#[derive(Debug, Clone)]
pub(in super::super) struct GeneratedCall {
    pub(in super::super) section: Section,
    pub(in super::super) name: &'static str,
    pub(in super::super) arguments: Option<Json>,
    pub(in super::super) grant: &'static str,
    pub(in super::super) session: &'static str,
    pub(in super::super) labels: Vec<(String, String)>,
    pub(in super::super) client: Option<&'static str>,
    pub(in super::super) now_ms: i64,
    /// None: not read; `Some(None)`: absent.
    pub(in super::super) tool: Option<Option<&'static str>>,
    pub(in super::super) category: Option<&'static str>,
    pub(in super::super) severity: Option<&'static str>,
    pub(in super::super) paid: Paid,
}

/// What servers say of a tool.
pub(in super::super) const DEFINITIONS: [&str; 5] = [
    r#"{"annotations": {"readOnlyHint": true, "title": "Read"}, "inputSchema": {"type": "object", "required": ["a"], "properties": {"a": {"type": "string", "maxLength": 3}, "n": {"type": "integer", "minimum": 0, "maximum": 9007199254740992}}}}"#,
    r#"{"annotations": {"readOnlyHint": null, "title": 5}, "inputSchema": {"type": "object", "required": ["n", "b"], "properties": {"n": {"type": ["number", "null"]}, "b": {}, "items": {"type": "array", "minItems": 1, "items": {"anyOf": [{"type": "object", "properties": {"x": {"enum": [1, "a", null]}}}, {"type": "string"}]}}}}}"#,
    r#"{"annotations": [], "inputSchema": {"properties": {"o": {"properties": {"x": {"const": 5}}, "required": ["x"]}, "a": {"not": {"type": "null"}}}, "additionalProperties": {"type": ["string", "integer"]}}}"#,
    r#"{"inputSchema": {}}"#,
    r#"{"annotations": {}, "inputSchema": {"required": [], "properties": {"a": true, "b": {"additionalProperties": {"type": "number"}}, "n": {}}}}"#,
];

pub(in super::super) fn call(dice: &mut Dice, target: &Target) -> GeneratedCall {
    let (section, name) = target.name(dice);
    let definition = dice.pick(&DEFINITIONS);
    let due = |amount, currency, network| Paid::Due { amount, currency, network };
    GeneratedCall {
        section,
        name,
        arguments: (section != Section::Resources && dice.chance(95))
            .then(|| arguments(dice, &target.looked)),
        grant: dice.pick(&["g", "g", "h"]),
        session: dice.pick(&["n", "m"]),
        labels: if dice.chance(70) {
            vec![
                ("team".to_owned(), dice.pick(&["ops", "dev"]).to_owned()),
                ("a/b".to_owned(), "t".to_owned()),
            ]
        } else {
            Vec::new()
        },
        client: dice.pick(&[None, Some("claude"), Some("s")]),
        // Mondays, a Saturday, a night when clocks change.
        now_ms: dice.pick(&[0, 1_767_571_200_000, 1_767_614_400_000, 1_768_089_599_999, 1_774_747_800_000]),
        tool: dice.weighted(&[(1, None), (1, Some(None)), (8, Some(Some(definition)))]),
        category: dice.pick(&[None, Some("Read"), Some("Destructive")]),
        severity: dice.pick(&[None, Some("low"), Some("critical")]),
        paid: dice
            .pick_of(&[
                Paid::Nothing,
                Paid::Nothing,
                Paid::Unknown,
                due("5", "USD", None),
                due("5.5", "0xa0B8", Some("eip155:1")),
                due("6", "0xA0b8", Some("eip155:2")),
                due("500", "usd", None),
            ])
            .clone(),
    }
}

fn arguments(dice: &mut Dice, looked: &[Looked]) -> Json {
    let mut arguments = Json::Object(Vec::new());
    for name in ["a", "b", "n", "items"] {
        if dice.chance(70) {
            let value = match name {
                "n" => values::number(dice),
                "a" if dice.chance(20) => dice.pick(&["usd", "EUR", "eur"]).into(),
                "a" => values::scalar(dice),
                "items" => Json::Array((0..dice.below(3)).map(|_| values::item(dice)).collect()),
                _ => values::any(dice),
            };
            put(&mut arguments, &parse(name), value);
        }
    }
    if dice.chance(40) {
        let currency = dice.pick(&["\"usd\"", "\"USD\"", "\"eur\"", "\"eur \"", "978", "null"]);
        put(
            &mut arguments,
            &parse("currency"),
            Json::from(serde_json::from_str::<serde_json::Value>(currency).unwrap()),
        );
    }
    if looked.is_empty() {
        return arguments;
    }
    for _ in 0..dice.below(8) {
        let one = dice.pick_of(looked);
        let steps = parse(&one.path);
        // Behind `args`.
        let value = telling(dice, one);
        put(&mut arguments, &steps[1..], value);
    }
    arguments
}

/// A value that the test knows, one that is almost that, or any.
fn telling(dice: &mut Dice, looked: &Looked) -> Json {
    let texts = texts_for(&looked.operator);
    let wanted = match &looked.value {
        Some(Json::Array(items)) if !items.is_empty() => Some(dice.pick_of(items).clone()),
        Some(Json::Object(_)) | None => None,
        value => value.clone(),
    };
    // What the operator parses is never its operand.
    let parsed = !texts.is_empty()
        && !["starts_with", "ends_with", "matches_glob"].contains(&looked.operator.as_str());
    match (dice.below(8), wanted) {
        (0, _) => values::any(dice),
        (1, Some(wanted)) => values::near(dice, &wanted),
        (2..=4, Some(wanted)) if !parsed => wanted,
        _ if looked.operator == "sql_readonly" => statement(dice),
        _ if !texts.is_empty() => dice.pick(texts).into(),
        (5, _) => values::number(dice),
        _ => values::scalar(dice),
    }
}

/// Sets what a path names, and makes what is on the way.
fn put(place: &mut Json, steps: &[Step], value: Json) {
    let Some((step, rest)) = steps.split_first() else {
        *place = value;
        return;
    };
    match step {
        Step::Key(key) => put_member(place, key, rest, value),
        Step::Token(token) if token.parse::<usize>().is_err() => put_member(place, token, rest, value),
        Step::Index(_) | Step::Token(_) | Step::Every => {
            if !matches!(place, Json::Array(_)) {
                *place = Json::Array(Vec::new());
            }
            let Json::Array(items) = place else { unreachable!() };
            if items.is_empty() || *step == Step::Every {
                items.push(Json::Null);
            }
            let at = if *step == Step::Every { items.len() - 1 } else { 0 };
            put(&mut items[at], rest, value);
        }
    }
}

fn put_member(place: &mut Json, key: &str, rest: &[Step], value: Json) {
    if !matches!(place, Json::Object(_)) {
        *place = Json::Object(Vec::new());
    }
    let Json::Object(members) = place else { unreachable!() };
    if !members.iter().any(|(name, _)| name == key) {
        members.push((key.to_owned(), Json::Null));
    }
    let (_, inner) = members.iter_mut().find(|(name, _)| name == key).unwrap();
    put(inner, rest, value);
}
