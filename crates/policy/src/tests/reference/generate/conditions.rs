//! Tests of every operator, each with texts that mean something to it.

use super::super::json::{Json, object};
use super::super::reading::STATEMENTS;
use super::{Dice, values};
use crate::Section;

const PATHS: [&str; 14] = [
    "args.a",
    "args.a",
    "args.a",
    "args.b",
    "args.n",
    "args.ok",
    "args.items",
    "args.items[*]",
    "args.items[*].x",
    "args.items[0]",
    "args.o.x",
    "args[\"a.b\"]",
    "/args/b",
    "/args/items/0",
];
const FACTS: [&str; 6] =
    ["call.tool", "call.server", "grant.name", "grant.labels.team", "client.name", "/grant/labels/a~1b"];
const TOOL_FACTS: [&str; 4] =
    ["tool.category", "tool.severity", "tool.annotations.readOnlyHint", "tool.annotations.title"];

/// Operators that take one text or several, with texts for both sides.
struct OfTexts {
    operator: &'static str,
    wanted: &'static [&'static str],
    found: &'static [&'static str],
    folds: bool,
}

const OF_TEXTS: [OfTexts; 13] = [
    OfTexts {
        operator: "starts_with",
        wanted: &["a", "/data", "Str", "σ"],
        found: &["ab", "/DATA/x", "straße", "Σa"],
        folds: true,
    },
    OfTexts {
        operator: "ends_with",
        wanted: &["a", "ße", "ς", "0"],
        found: &["ba", "STRASSE", "aΣ", "500"],
        folds: true,
    },
    OfTexts {
        operator: "matches_glob",
        wanted: &["a*", "*", "*ß*", "a*b*a"],
        found: &["ab", "xSSy", "abba", "aXBa"],
        folds: true,
    },
    OfTexts {
        operator: "within_path",
        wanted: &["/data", "/srv/files/", "src", "."],
        folds: true,
        found: &[
            "/data",
            "/data/",
            "/data//a",
            "/data/./a",
            "/data/a/../b",
            "/data/..",
            "/data/../data/a",
            "/database",
            "/",
            "/..",
            "src/a",
            "../a",
            "data/a",
            "a/../..",
            "C:/data/a",
            "/data\\a",
            "~/data",
            "/data/%2e%2e/x",
            "/data/100%",
            "//data/a",
            "/data/\u{0}",
            "/data/$HOME/a",
            "/DATA/a",
            "/srv/x/../files/x",
            "/srv/files/../../data/x",
            "src/../src/a",
        ],
    },
    OfTexts {
        operator: "url_host_in",
        folds: false,
        wanted: &[
            "example.com",
            "*.example.org",
            "10.0.0.0/8",
            "127.0.0.1",
            "example.com:8443",
            "[::1]:80",
            "::1",
            "2001:db8::/32",
        ],
        found: &[
            "https://example.com",
            "HTTPS://EXAMPLE.COM/a?b#c",
            "https://example.com./",
            "https://example.com:8443/",
            "https://a.example.org/",
            "https://example.org/",
            "https://notexample.com/",
            "https://example.com@evil.example/",
            "https://exa\tmple.com/",
            "ftp://example.com/",
            "https:example.com",
            "example.com",
            "",
            "https://example.com%40evil.example/",
            "https:\\\\example.com/",
            "http://0x7f.1/",
            "http://2130706433/",
            "http://0177.0.0.1/",
            "http://10.1.2.3:8080/",
            "http://[::1]/",
            "http://[::ffff:127.0.0.1]/",
            "http://[2001:db8::1]/",
            "http://localhost/",
            "https://example.com:99999/",
        ],
    },
    OfTexts {
        operator: "url_scheme_in",
        folds: false,
        wanted: &["https", "mailto", "ssh"],
        found: &[
            "https://a.example/",
            "HTTPS://a.example/",
            "mailto:a@b.example",
            "http://a.example/",
            "javascript:alert(1)//https://",
            " https://a/",
            "https",
            "",
            "//a.example/",
            "ht\ttps://a/",
        ],
    },
    OfTexts {
        operator: "ip_in",
        folds: false,
        wanted: &["10.0.0.0/8", "192.168.1.7", "2001:db8::/32", "::1", "0.0.0.0/0", "::ffff:172.16.0.0/108"],
        found: &[
            "10.1.2.3",
            "11.0.0.0",
            "192.168.1.7",
            "192.168.1.8",
            "2001:db8::1",
            "2001:DB8:ffff::",
            "2001:db9::",
            "::1",
            "::ffff:10.1.2.3",
            "010.1.2.3",
            "10.1",
            "[::1]",
            "10.0.0.1:80",
            "",
            "172.31.0.1",
            "a",
        ],
    },
    OfTexts {
        operator: "argv_in",
        folds: false,
        wanted: &["git status", "git log", "ls", "cargo test -p"],
        found: &[
            "git status",
            "git status --short",
            "  git \t status  ",
            "git",
            "git push",
            "'git' \"status\"",
            "g'i't status",
            "ls 'a;b'",
            "ls; rm",
            "ls $(id)",
            "ls \"$HOME\"",
            "ls '$HOME'",
            "PATH=/tmp ls",
            "ls 'a",
            "",
            "ls\nrm",
            "lsx",
            "cargo test",
            "cargo test -p x",
            "ls *",
            "ls \\x",
            "LS",
        ],
    },
    OfTexts {
        operator: "email_domain_in",
        folds: false,
        wanted: &["example.com", "*.example.org"],
        found: &[
            "a@example.com",
            "first.last+tag@example.com",
            "A@EXAMPLE.COM",
            "a@x.example.org",
            "a@example.org",
            "a@evil.example",
            "a@example.com@evil.example",
            "Ann <a@example.com>",
            "a@127.0.0.1",
            "a",
            "",
            "@example.com",
            "a..b@example.com",
            "a@example.com\n",
            "a@-example.com",
        ],
    },
    OfTexts { operator: "before", folds: false, wanted: &["2026-03-01"], found: &DATES },
    OfTexts { operator: "after", folds: false, wanted: &["2026-03-01T00:00:00Z"], found: &DATES },
    OfTexts {
        operator: "matches",
        folds: true,
        wanted: &["a|b", "[a-z]+", "\\d+", "a.c", "stra(ß|ss)e"],
        found: &["a", "ab", "A", "12", "a\n", "a\nc", "abc", "STRASSE"],
    },
    OfTexts {
        operator: "regex",
        folds: true,
        wanted: &["^a", "b$", "x", "(?i)usd"],
        found: &["ab", "xab", "AB", "USD", "a\nb"],
    },
];

const DATES: [&str; 10] = [
    "2026-02-28",
    "2026-03-01",
    "2026-03-02",
    "2026-02-29",
    "2026-02-28T23:59:59Z",
    "2026-03-01T00:59:59+01:00",
    "2026-03-01T01:00:00+01:00",
    "2026-03-01T00:00:01Z",
    "2026-02-28 23:59:59Z",
    "soon",
];

/// Texts that mean something to an operator.
pub(super) fn texts_for(operator: &str) -> &'static [&'static str] {
    OF_TEXTS.iter().find(|of| of.operator == operator).map_or(&[], |of| of.found)
}

pub(super) fn conditions(dice: &mut Dice, section: Section, least: usize) -> Json {
    (0..least + dice.below(3)).map(|_| condition(dice, section)).collect::<Vec<_>>().into()
}

pub(super) fn condition(dice: &mut Dice, section: Section) -> Json {
    nested(dice, section, 3)
}

fn nested(dice: &mut Dice, section: Section, depth: usize) -> Json {
    let several = |dice: &mut Dice| -> Json {
        (0..1 + dice.below(3)).map(|_| nested(dice, section, depth - 1)).collect::<Vec<_>>().into()
    };
    match dice.below(24) {
        0..=2 if depth > 0 => object([("any", Some(several(dice)))]),
        3 | 4 if depth > 0 => object([("all", Some(several(dice)))]),
        5..=7 if depth > 0 => object([("not", Some(nested(dice, section, depth - 1)))]),
        8 => of_fact(dice, section),
        9 => of_time(dice),
        _ => of_argument(dice),
    }
}

fn leaf(path: &str, operator: &str, value: Option<Json>, on_missing: Option<Json>) -> Json {
    object([
        ("path", Some(path.into())),
        ("op", Some(operator.into())),
        ("value", value),
        ("on_missing", on_missing),
    ])
}

fn of_time(dice: &mut Dice) -> Json {
    let mut test = if dice.chance(50) {
        leaf(
            "time.hour",
            dice.pick(&["lt", "gte", "eq"]),
            Some(Json::number(dice.pick(&["8", "12", "18"]))),
            None,
        )
    } else {
        leaf("time.weekday", dice.pick(&["eq", "neq"]), Some(dice.pick(&["monday", "saturday"]).into()), None)
    };
    let zone = dice.maybe(50, &["Europe/Berlin", "America/New_York"]);
    let Json::Object(members) = &mut test else { unreachable!() };
    members.extend(zone.map(|zone| ("timezone".to_owned(), zone)));
    test
}

fn of_fact(dice: &mut Dice, section: Section) -> Json {
    let of_tool = section == Section::Tools && dice.chance(40);
    let path = if of_tool { dice.pick(&TOOL_FACTS) } else { dice.pick(&FACTS) };
    let on_missing = dice.maybe(30, &["object", "ignore"]);
    let words = ["t", "get_a", "s", "g", "ops", "claude", "Read", "low"];
    if path.ends_with("Hint") {
        return leaf(path, dice.pick(&["eq", "neq"]), Some(Json::Bool(dice.chance(50))), on_missing);
    }
    match dice.below(3) {
        0 => leaf(path, "exists", Some(Json::Bool(dice.chance(60))), None),
        1 => leaf(path, dice.pick(&["eq", "neq"]), Some(dice.pick(&words).into()), on_missing),
        _ => leaf(
            path,
            dice.pick(&["in", "not_in"]),
            Some(vec![dice.pick(&words[..4]).into(), dice.pick(&words[4..]).into()].into()),
            on_missing,
        ),
    }
}

fn of_argument(dice: &mut Dice) -> Json {
    let on_missing = dice.maybe(30, &["object", "object", "ignore"]);
    let (operator, value, folds) = test(dice);
    // Most operators meet values that they can judge where each kind has a place of its own.
    let path = match operator {
        "lt" | "lte" | "gt" | "gte" if dice.chance(50) => "args.n",
        _ if !texts_for(operator).is_empty() && dice.chance(60) => {
            dice.pick(&["args.s", "args.s", "args.texts[*]"])
        }
        _ => dice.pick(&PATHS),
    };
    let on_missing = on_missing.filter(|_| operator != "exists");
    let mut test = leaf(path, operator, value, on_missing);
    let Json::Object(members) = &mut test else { unreachable!() };
    if folds && dice.chance(30) {
        members.push(("compare".to_owned(), "ci".into()));
    }
    test
}

/// An operator, its operand, and whether it can ignore case.
fn test(dice: &mut Dice) -> (&'static str, Option<Json>, bool) {
    match dice.below(20) {
        0..=2 => {
            let value = values::scalar(dice);
            let folds = value.text().is_some();
            (dice.pick(&["eq", "neq"]), Some(value), folds)
        }
        3 => (dice.pick(&["in", "not_in"]), Some(object([("list", Some("words".into()))])), false),
        4 => {
            let values = vec![values::scalar(dice), values::scalar(dice), values::text(dice)];
            (dice.pick(&["in", "not_in"]), Some(values.into()), true)
        }
        5 | 6 => (dice.pick(&["lt", "lte", "gt", "gte"]), Some(values::number(dice)), false),
        7 => ("exists", dice.chance(60).then(|| Json::Bool(dice.chance(50))), false),
        8 => {
            let value = values::scalar(dice);
            let folds = value.text().is_some();
            let value = if value == Json::from("") { "a".into() } else { value };
            ("contains", Some(value), folds)
        }
        9 => (dice.pick(&["length_lte", "length_gte"]), Some(Json::number(dice.below(4))), false),
        10 => {
            let types = ["string", "number", "integer", "boolean", "array", "object"];
            let value = if dice.chance(50) {
                dice.pick(&types).into()
            } else {
                Json::from(vec![dice.pick(&types[..3]).into(), dice.pick(&types[3..]).into()])
            };
            ("one_of_types", Some(value), false)
        }
        11 => (
            "sql_readonly",
            Some(object([("dialect", Some(dice.pick(&["postgres", "mysql", "sqlite", "generic"]).into()))])),
            false,
        ),
        12 => {
            let hosts = Json::from(dice.pick(&["example.com", "10.0.0.0/8"]));
            (
                "url_host_in",
                Some(object([
                    ("hosts", Some(hosts)),
                    ("schemes", Some(dice.pick(&["https", "ftp"]).into())),
                ])),
                false,
            )
        }
        _ => of_texts(dice),
    }
}

fn of_texts(dice: &mut Dice) -> (&'static str, Option<Json>, bool) {
    let of = dice.pick_of(&OF_TEXTS);
    let one = || of.wanted.len() == 1 || ["matches", "regex"].contains(&of.operator);
    let wanted = dice.pick(of.wanted);
    let value = if one() || dice.chance(40) {
        Json::from(wanted)
    } else {
        let other = of.wanted.iter().find(|other| **other != wanted).unwrap();
        vec![wanted.into(), (*other).into()].into()
    };
    (of.operator, Some(value), of.folds)
}

/// A statement whose outcome is known.
pub(super) fn statement(dice: &mut Dice) -> Json {
    dice.pick(&STATEMENTS).0.into()
}
