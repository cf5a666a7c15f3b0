//! A slip of the hand in any key, word or name of the language: found, and corrected in the advice.

use std::collections::BTreeSet;

use super::compiled;
use crate::Diagnostic;
use crate::language_schema::operators;
use crate::language_schema::table::{Of, SHAPES, Shape};

/// A place for each kind of map, wherever such a map may stand.
const PLACES: [(&str, &[&str]); 17] = [
    ("document", &["{BAD: 1}"]),
    ("approvals", &["{approvals: {BAD: 1}}"]),
    ("notify", &["{approvals: {notify: {BAD: 1}}}"]),
    ("webhook", &["{approvals: {notify: {webhook: {BAD: 1}}}}"]),
    (
        "entry",
        &[
            "{tools: {t: {BAD: 1}}}",
            "{resources: {r: {BAD: 1}}}",
            "{prompts: {p: {BAD: 1}}}",
            "{all_tools: {BAD: 1}}",
        ],
    ),
    (
        "rule",
        &[
            "{tools: {t: {rules: [{action: deny}, {BAD: 1}]}}}",
            "{resources: {r: {rules: [{BAD: 1}]}}}",
            "{prompts: {'*': {rules: [{BAD: 1}]}}}",
            "{all_tools: {rules: [{BAD: 1}]}}",
        ],
    ),
    (
        "block",
        &[
            "{tools: {t: {require: [{conditions: [], BAD: 1}]}}}",
            "{tools: {t: {deny_if: [{BAD: 1}]}}}",
            "{prompts: {p: {approve_if: [{BAD: 1}]}}}",
        ],
    ),
    (
        "condition",
        &[
            "{tools: {t: {rules: [{conditions: [{BAD: 1}]}]}}}",
            "{tools: {t: {require: [{BAD: 1}]}}}",
            "{tools: {t: {deny_if: [{conditions: [{any: [{path: args.a, op: exists}, {BAD: 1}]}]}]}}}",
            "{tools: {t: {approve_if: [{conditions: [{all: [{not: {BAD: 1}}]}]}]}}}",
        ],
    ),
    ("limit", &["{tools: {t: {limits: [{BAD: 1}]}}}", "{resources: {r: {limits: [{BAD: 1}]}}}"]),
    ("rate_limit", &["{tools: {t: {rules: [{rate_limit: {BAD: 1}}]}}}"]),
    ("state", &["{tools: {t: {rules: [{state: {BAD: 1}}]}}}"]),
    ("spend", &["{tools: {t: {rules: [{spend: {BAD: 1}}]}}}"]),
    ("validate", &["{tools: {t: {validate: {BAD: 1}}}}", "{tools: {t: {rules: [{validate: {BAD: 1}}]}}}"]),
    (
        "arg_scope",
        &[
            "{tools: {t: {limits: [{scope: {BAD: 1}}]}}}",
            "{tools: {t: {rules: [{rate_limit: {scope: [grant, {BAD: 1}]}}]}}}",
            "{tools: {t: {rules: [{state: {scope: {BAD: 1}}}, {spend: {scope: {BAD: 1}}}]}}}",
        ],
    ),
    ("named_list", &["{tools: {t: {require: [{path: args.a, op: in, value: {BAD: 1}}]}}}"]),
    ("url_hosts", &["{tools: {t: {require: [{path: args.a, op: url_host_in, value: {BAD: 1}}]}}}"]),
    ("sql_dialect", &["{tools: {t: {require: [{path: args.a, op: sql_readonly, value: {BAD: 1}}]}}}"]),
];

/// Every key of the language as its description lists them, written down apart from the table.
const KEYS: &str = "
    document: version description default mode hide list tell_agent tools resources prompts all_tools approvals lists spend_currency
    approvals: timeout dedupe_window approvers needed hold approve notify
    notify: webhook
    webhook: url secret format decide_as arguments
    entry: rules require deny_if approve_if limits validate mode hide
    rule: name action conditions when rate_limit state spend validate idempotency_window on_deny reason approval_timeout mode
    block: conditions on_deny name mode
    condition: path op value on_missing compare timezone any all not
    limit: counter window max amount scope align timezone min mode on_deny shared refund
    rate_limit: max window scope align timezone refund
    state: counter window increment increment_from scope align timezone refund
    spend: amount per_call daily monthly currency currency_from scope timezone refund
    validate: required_args schema unknown_args
    arg_scope: arg
    named_list: list
    url_hosts: hosts schemes
    sql_dialect: dialect";

/// A letter left out, doubled, wrong, or two of them exchanged; another case; singular and plural; another join.
fn slips(word: &str) -> Vec<String> {
    let letters: Vec<char> = word.chars().collect();
    let mut capital = letters.clone();
    capital[0].make_ascii_uppercase();
    let mut slips = vec![word.to_uppercase(), capital.into_iter().collect(), format!("{word}s")];
    slips.extend(word.strip_suffix('s').map(str::to_owned));
    slips.extend(["-", "", " "].map(|join| word.replace('_', join)));
    for at in 0..letters.len() {
        let mut without = letters.clone();
        without.remove(at);
        let mut doubled = letters.clone();
        doubled.insert(at, letters[at]);
        let mut wrong = letters.clone();
        wrong[at] = 'q';
        slips.extend([without, doubled, wrong].map(String::from_iter));
        if at + 1 < letters.len() {
            let mut exchanged = letters.clone();
            exchanged.swap(at, at + 1);
            slips.push(exchanged.into_iter().collect());
        }
    }
    slips.retain(|slip| slip != word && !slip.trim().is_empty());
    slips
}

/// What advice may name for a slip in a word: that word, or another that is as near.
fn meant<'w>(slip: &str, word: &str, known: &[&'w str]) -> Vec<&'w str> {
    let far = |other: &str| strsim::damerau_levenshtein(&slip.to_lowercase(), &other.to_lowercase());
    known.iter().copied().filter(|other| far(other) <= far(word)).collect()
}

#[test]
fn the_table_has_every_key_and_every_map_a_place() {
    let table: BTreeSet<String> = SHAPES
        .iter()
        .flat_map(|shape| shape.keys.iter().map(|key| format!("{} {}", shape.name, key.name)))
        .collect();
    let mut listed = BTreeSet::new();
    for line in KEYS.lines().filter(|line| !line.trim().is_empty()) {
        let (shape, keys) = line.split_once(':').unwrap();
        listed.extend(keys.split_whitespace().map(|key| format!("{} {key}", shape.trim())));
    }
    assert_eq!(table, listed);
    let places: BTreeSet<&str> = PLACES.iter().map(|(shape, _)| *shape).collect();
    assert_eq!(places, SHAPES.iter().map(|shape| shape.name).collect());
}

fn shapes() -> impl Iterator<Item = (&'static Shape, &'static [&'static str])> {
    PLACES
        .into_iter()
        .map(|(name, templates)| (SHAPES.iter().find(|shape| shape.name == name).unwrap(), templates))
}

/// The findings of a document that must not compile. In YAML, whatever it begins with.
fn findings(text: &str) -> Vec<Diagnostic> {
    let (policy, found) = compiled(&format!("# yaml\n{text}"));
    assert!(policy.is_none(), "{text}");
    found
}

#[test]
fn every_slip_in_every_key_is_corrected() {
    let (mut tried, mut wrong) = (0, Vec::new());
    for (shape, templates) in shapes() {
        let keys: Vec<&str> = shape.keys.iter().map(|key| key.name).collect();
        for (index, (key, template)) in
            keys.iter().flat_map(|key| templates.iter().map(move |template| (key, template))).enumerate()
        {
            // One place sees every slip, the others see that slips are looked for there at all.
            let several = if index % templates.len() == 0 { usize::MAX } else { 6 };
            for slip in slips(key).into_iter().filter(|slip| !keys.contains(&slip.as_str())).take(several) {
                let text = template.replace("BAD: 1", &format!("\"{slip}\": 1"));
                let found = findings(&text);
                let unknown: Vec<_> = found.iter().filter(|found| found.code == "unknown-key").collect();
                assert_eq!(unknown.len(), template.matches("BAD").count(), "{text}: {found:#?}");
                let wanted = meant(&slip, key, &keys);
                for found in unknown {
                    let help = found.help.clone().unwrap_or_default();
                    if !wanted.iter().any(|key| help == format!("did you mean `{key}`?")) {
                        wrong.push(format!("{}: {slip} for {key}: {help}", shape.name));
                    }
                }
                tried += 1;
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(tried > 3_000, "{tried}");
}

fn words(of: &Of, out: &mut Vec<&'static str>) {
    match of {
        Of::Words(words) => out.extend(words.iter().copied()),
        Of::Either(kinds) => kinds.iter().for_each(|kind| words(kind, out)),
        Of::Some(items) => words(items, out),
        _ => {}
    }
}

#[test]
fn every_slip_in_every_word_is_corrected() {
    let (mut tried, mut wrong) = (0, Vec::new());
    for (shape, templates) in shapes() {
        for key in shape.keys {
            let mut known = Vec::new();
            words(&key.of, &mut known);
            if key.name == "op" {
                known = operators::names();
            }
            // A digit has no letters, and a word of two letters is no longer like itself.
            for word in known.iter().filter(|word| word.len() > 2 && **word != "1") {
                for slip in slips(word).into_iter().filter(|slip| !known.contains(&slip.as_str())) {
                    let text = templates[0].replace("BAD: 1", &format!("{}: \"{slip}\"", key.name));
                    let found = findings(&text);
                    let code = |found: &&Diagnostic| {
                        ["unknown-word", "unknown-operator", "bad-window"].contains(&found.code)
                    };
                    let [found] = found.iter().filter(code).collect::<Vec<_>>()[..] else {
                        panic!("{text}: {found:#?}")
                    };
                    let help = found.help.clone().unwrap_or_default();
                    let wanted = meant(&slip, word, &known);
                    let near = |word: &&str| {
                        help == format!("did you mean `{word}`?") || help == format!("write `{word}`")
                    };
                    if !wanted.iter().any(near) {
                        wrong.push(format!("{}.{}: {slip} for {word}: {help}", shape.name, key.name));
                    }
                    tried += 1;
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(tried > 1_500, "{tried}");
}

/// The advice on a document with one mistake.
fn advice(text: &str) -> String {
    let found = findings(text);
    let [found] = &found[..] else { panic!("{text}: {found:#?}") };
    found.help.clone().unwrap_or_default()
}

fn check(template: &str, table: &[(&str, &str)]) {
    for (slip, meant) in table {
        let text = template.replace("BAD", slip);
        assert_eq!(advice(&text), format!("did you mean `{meant}`?"), "{text}");
    }
}

const HEAD: &str = "version: \"1\"\ndefault: deny\n";

#[test]
fn names_of_facts() {
    let path = format!("{HEAD}tools: {{t: {{require: [{{path: BAD, op: exists}}]}}}}");
    let facts = [
        ("arg.amount", "args.amount"),
        ("ags.amount", "args.amount"),
        ("Args.amount", "args.amount"),
        ("/arg/amount", "/args/amount"),
        ("amount", "args.amount"),
        ("call.tol", "call.tool"),
        ("cal.tool", "call.tool"),
        ("call.Tool", "call.tool"),
        ("call.serevr", "call.server"),
        ("grnt.name", "grant.name"),
        ("grant.nmae", "grant.name"),
        ("grant.label.team", "grant.labels.team"),
        ("grant.Labels.team", "grant.labels.team"),
        ("clinet.name", "client.name"),
        ("client.nam", "client.name"),
        ("time.huor", "time.hour"),
        ("time.hours", "time.hour"),
        ("times.hour", "time.hour"),
        ("time.week-day", "time.weekday"),
        ("tool.categry", "tool.category"),
        ("tools.category", "tool.category"),
        ("tool.severty", "tool.severity"),
        ("tool.anotations.readOnlyHint", "tool.annotations.readOnlyHint"),
        ("stat.t.c", "state.t.c"),
    ];
    check(&path, &facts);
    let counter = format!(
        "{HEAD}tools: {{create: {{limits: [{{counter: daily, window: day, max: 5}}], require: [{{path: BAD, op: lt, value: 5}}]}}, '*': {{}}}}"
    );
    check(
        &counter,
        &[
            ("state.create.dayly", "state.create.daily"),
            ("state.craete.daily", "state.create.daily"),
            ("state.create.Daily", "state.create.daily"),
        ],
    );
}

#[test]
fn names_in_expressions() {
    let when = format!("{HEAD}tools: {{t: {{rules: [{{when: \"BAD\"}}]}}}}");
    check(
        &when,
        &[
            ("call.tol == 'a'", "call.tool"),
            ("time.huor < 5", "time.hour"),
            ("grant.label.team == 'a'", "grant.labels.team"),
            ("tool.categry == 'a'", "tool.category"),
            ("arg.a < 5", "args"),
            ("tmie.hour < 5", "time"),
            ("args.a.startsWit('x')", "startsWith"),
            ("args.a.endswith('x')", "endsWith"),
            ("args.a.contain('x')", "contains"),
            ("args.a.match('x')", "matches"),
            ("sizes(args.a) < 5", "size"),
            ("args.a.exist(x, x == 1)", "exists"),
            ("args.items.all(item, itme > 1)", "item"),
        ],
    );
}

#[test]
fn names_that_the_document_or_the_world_gives() {
    let list = format!(
        "{HEAD}lists: {{buckets: [a]}}\ntools: {{t: {{require: [{{path: args.a, op: in, value: {{list: buckets}}}}, {{path: args.b, op: in, value: {{list: BAD}}}}]}}}}"
    );
    check(&list, &[("bucket", "buckets"), ("bukcets", "buckets"), ("Buckets", "buckets")]);
    let zone = format!(
        "{HEAD}tools: {{t: {{rules: [{{rate_limit: {{max: 1, window: day, align: calendar, timezone: BAD}}}}]}}}}"
    );
    check(
        &zone,
        &[("Europe/Berln", "Europe/Berlin"), ("America/New-York", "America/New_York"), ("utcc", "UTC")],
    );
    let day = format!("{HEAD}tools: {{t: {{require: [{{path: time.weekday, op: eq, value: BAD}}]}}}}");
    check(&day, &[("tuseday", "tuesday"), ("Monday", "monday"), ("sundays", "sunday")]);
    let rate = format!("{HEAD}tools: {{t: {{rules: [{{rate_limit: BAD}}]}}}}");
    check(&rate, &[("10/minuts", "minute"), ("10/Hour", "hour"), ("10/dya", "day"), ("10/weeks", "week")]);
    let kind = format!("{HEAD}tools: {{t: {{require: [{{path: args.a, op: one_of_types, value: BAD}}]}}}}");
    check(&kind, &[("strng", "string"), ("numbers", "number"), ("boolaen", "boolean")]);
}
