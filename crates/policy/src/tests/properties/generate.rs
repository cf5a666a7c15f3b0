//! Documents without errors, and calls that they say something about.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Map, Value, json};

/// Texts that are hard to print: quotes, marks of YAML, words that YAML reads as something else.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        select(vec![
            "yes",
            "null",
            "1",
            "0x1",
            "1e3",
            "~",
            "- a",
            "a: b",
            "a #b",
            "*",
            "&a",
            "!a",
            "|",
            "%a",
            "'",
            "\"",
            "\\",
            " a",
            "a ",
            "\t",
            "\u{85}",
            "\u{2028}",
            "\u{feff}",
            "\u{1f600}",
            "\u{7f}",
            "e\u{301}",
            "a\nb",
            "---",
            "...",
            "true",
            "on",
            "2024-01-01",
            "{a}",
            "[a]",
            ",",
            "?",
            "@",
            "`",
            "a:",
            ":a",
            "=",
            "<<",
            ".inf",
            "-",
            "\u{e000}",
            "\u{fffd}",
            "\u{10ffff}",
        ])
        .prop_map(str::to_owned),
        "[a-z_]{1,6}",
        ".{1,12}",
    ]
}

/// A text without control characters, as names are.
fn name() -> impl Strategy<Value = String> {
    text().prop_map(|text| {
        let name: String = text.chars().filter(|character| !character.is_control()).collect();
        if name.is_empty() { "n".to_owned() } else { name }
    })
}

fn tool() -> impl Strategy<Value = String> {
    select(vec!["t", "u", "get_a", "get_*", "*_a", "g*t_*", "*", "/a~b", "état"]).prop_map(str::to_owned)
}

fn number() -> impl Strategy<Value = Value> {
    prop_oneof![
        any::<i64>().prop_map(|number| json!(number)),
        (-50_i64..50).prop_map(|number| json!(number)),
        (-500_i64..500).prop_map(|number| json!(f64::from(i32::try_from(number).unwrap()) / 10.0)),
    ]
}

fn amount() -> impl Strategy<Value = Value> {
    (0_u32..1_000).prop_map(|number| json!(number))
}

fn scalar() -> impl Strategy<Value = Value> {
    prop_oneof![text().prop_map(Value::from), number(), any::<bool>().prop_map(Value::from)]
}

fn argument() -> impl Strategy<Value = String> {
    select(vec!["args.a", "args.b", "args.a.b", "args.items[0]", "args[\"a.b\"]", "/args/b"])
        .prop_map(str::to_owned)
}

fn path() -> impl Strategy<Value = String> {
    prop_oneof![3 => argument(), 1 => select(vec!["args.items[*]", "args.items[*].a"]).prop_map(str::to_owned)]
}

fn condition() -> impl Strategy<Value = Value> {
    leaf().prop_recursive(3, 8, 3, |inner| {
        prop_oneof![
            vec(inner.clone(), 1..4).prop_map(|inner| json!({"any": inner})),
            vec(inner.clone(), 1..4).prop_map(|inner| json!({"all": inner})),
            inner.prop_map(|inner| json!({"not": inner})),
        ]
    })
}

fn leaf() -> impl Strategy<Value = Value> {
    prop_oneof![4 => test_of_argument(), 1 => test_of_fact()]
}

fn test_of_fact() -> impl Strategy<Value = Value> {
    let names =
        select(vec!["grant.labels.team", "grant.labels[\"a b\"]", "client.name", "grant.name", "call.tool"]);
    let zone = select(vec![None, Some("Europe/Berlin"), Some("America/New_York")]);
    let hour = (0..24_u32, select(vec!["lt", "lte", "gt", "gte", "eq"]), zone.clone()).prop_map(
        |(hour, op, zone)| {
            let mut test = json!({"path": "time.hour", "op": op, "value": hour});
            put(&mut test, "timezone", zone.map(Value::from));
            test
        },
    );
    let day = (select(vec!["monday", "friday"]), zone).prop_map(|(day, zone)| {
        let mut test = json!({"path": "time.weekday", "op": "in", "value": [day, "thursday"]});
        put(&mut test, "timezone", zone.map(Value::from));
        test
    });
    prop_oneof![
        (names, text()).prop_map(|(path, value)| json!({"path": path, "op": "neq", "value": value})),
        hour,
        day,
    ]
}

fn test_of_argument() -> impl Strategy<Value = Value> {
    let test = prop_oneof![
        (select(vec!["eq", "neq", "contains"]), scalar())
            .prop_map(|(op, value)| json!({"op": op, "value": value})),
        (select(vec!["in", "not_in"]), vec(scalar(), 1..4))
            .prop_map(|(op, values)| json!({"op": op, "value": values})),
        (select(vec!["in", "not_in"]), select(vec!["words", "a b"]))
            .prop_map(|(op, list)| json!({"op": op, "value": {"list": list}})),
        (select(vec!["lt", "lte", "gt", "gte"]), number())
            .prop_map(|(op, value)| json!({"op": op, "value": value})),
        select(vec!["^a$", "a|b", "(?i)x+", "\\d"]).prop_map(|value| json!({"op": "regex", "value": value})),
        any::<bool>().prop_map(|value| json!({"op": "exists", "value": value})),
        text().prop_map(|value| json!({"op": "eq", "value": value, "compare": "ci"})),
        reading(),
    ];
    let on_missing = prop_oneof![Just(None), select(vec!["object", "ignore"]).prop_map(Some)];
    (path(), test, on_missing).prop_map(|(path, mut test, on_missing)| {
        test["path"] = path.into();
        put(&mut test, "on_missing", on_missing.map(Value::from));
        test
    })
}

/// A test by an operator that parses what it judges.
fn reading() -> impl Strategy<Value = Value> {
    let texts = (select(vec!["starts_with", "ends_with", "argv_in"]), vec("[a-z]{1,4}", 1..3))
        .prop_map(|(op, texts)| (op, json!(texts)));
    let lengths =
        (select(vec!["length_lte", "length_gte"]), 0..5_u8).prop_map(|(op, bound)| (op, json!(bound)));
    let others = select(vec![
        ("matches", json!("a|b")),
        ("matches", json!("(?x) a # b")),
        ("matches_glob", json!(["a*", "*"])),
        ("one_of_types", json!(["string", "integer"])),
        ("one_of_types", json!("array")),
        ("within_path", json!(["/data", "src"])),
        ("url_host_in", json!(["example.com", "*.example.org", "[::1]:80"])),
        ("url_host_in", json!({"hosts": "10.0.0.0/8", "schemes": ["ssh", "https"]})),
        ("url_scheme_in", json!("https")),
        ("ip_in", json!(["10.0.0.0/8", "::1"])),
        ("sql_readonly", json!({"dialect": "generic"})),
        ("sql_readonly", json!({"dialect": "postgres"})),
        ("email_domain_in", json!("bücher.example")),
        ("before", json!("2026-01-31")),
        ("after", json!("2026-01-31T12:00:00+02:00")),
    ]);
    prop_oneof![texts, lengths, others].prop_map(|(op, value)| json!({"op": op, "value": value}))
}

pub(super) fn put(map: &mut Value, key: &str, value: Option<Value>) {
    if let Some(value) = value {
        map[key] = value;
    }
}

fn maybe(words: &'static [&'static str]) -> impl Strategy<Value = Option<Value>> {
    prop_oneof![2 => Just(None), 1 => select(words).prop_map(|word| Some(Value::from(word)))]
}

fn mode() -> impl Strategy<Value = Option<Value>> {
    maybe(&["enforce", "shadow"])
}

fn window() -> impl Strategy<Value = Value> {
    select(vec![
        json!("minute"),
        json!("day"),
        json!("week"),
        json!("month"),
        json!(10),
        json!("90s"),
        json!("2h"),
        json!("1d"),
    ])
}

fn scope() -> impl Strategy<Value = Option<Value>> {
    select(vec![
        None,
        Some(json!("session")),
        Some(json!("global")),
        Some(json!(["tool", "session"])),
        Some(json!(["grant"])),
        Some(json!({"arg": "args.a"})),
        Some(json!(["session", {"arg": "/args/b"}, {"arg": "args[\"a.b\"].c"}])),
    ])
}

/// Where a counter's window begins, and what is given back of it.
fn calendar() -> impl Strategy<Value = (Option<Value>, Option<Value>, Option<Value>)> {
    (
        maybe(&["sliding", "calendar"]),
        maybe(&["UTC", "Europe/Berlin", "America/Argentina/Buenos_Aires"]),
        maybe(&["keep", "on_error"]),
    )
}

fn put_calendar(
    map: &mut Value,
    (align, timezone, refund): (Option<Value>, Option<Value>, Option<Value>),
    default: &str,
) {
    let has_dates = ["day", "week", "month", "1d"].map(Value::from).contains(&map["window"]);
    let calendar = align.clone().unwrap_or_else(|| default.into()) == "calendar";
    put(map, "align", align);
    put(map, "timezone", timezone.filter(|_| has_dates && calendar));
    put(map, "refund", refund);
}

fn rate_limit() -> impl Strategy<Value = Value> {
    let long = (amount(), window(), scope(), calendar()).prop_map(|(max, window, scope, calendar)| {
        let mut rate = json!({"max": max, "window": window});
        put(&mut rate, "scope", scope);
        put_calendar(&mut rate, calendar, "sliding");
        rate
    });
    prop_oneof![Just(json!("10/minute")), Just(json!("5/10s")), long]
}

fn counter() -> impl Strategy<Value = String> {
    name()
        .prop_map(|name| name.replace("_rate_", "rate").replace("_spend_", "spend").replace("_once_", "once"))
}

fn spend() -> impl Strategy<Value = Value> {
    let money = || proptest::option::of(amount());
    let argument = (argument(), proptest::option::of(argument())).prop_map(|(amount, currency_from)| {
        let mut spend = json!({"amount": amount, "currency": "eur"});
        put(&mut spend, "currency_from", currency_from.map(Value::from));
        spend
    });
    let challenge = select(vec!["usd", "0xA0b8", "eip155:8453/0xA0b8"])
        .prop_map(|currency| json!({"amount": "challenge", "currency": currency}));
    (prop_oneof![argument, challenge], money(), money(), money(), scope(), calendar()).prop_map(
        |(mut spend, per_call, daily, monthly, scope, (_, timezone, refund))| {
            put(&mut spend, "per_call", per_call);
            put(&mut spend, "daily", daily);
            put(&mut spend, "monthly", monthly);
            put(&mut spend, "scope", scope);
            put(&mut spend, "timezone", timezone);
            put(&mut spend, "refund", refund);
            spend
        },
    )
}

fn when() -> impl Strategy<Value = Option<Value>> {
    maybe(&[
        "args.a == 1 || has(args.b)",
        "args.items.all(x, x != 'a') && size(args) < 3",
        "grant.labels.team in ['ops', \"dev\"]\n && time.hour < 20",
        "args.a.matches('^a\\\\d')",
    ])
}

fn rule() -> impl Strategy<Value = Value> {
    let conditions = || vec(condition(), 0..3);
    let guard = (
        maybe(&["evaluate", "allow"]),
        conditions(),
        proptest::option::of(rate_limit()),
        any::<bool>(),
        when(),
    )
        .prop_map(|(action, conditions, rate_limit, validate, when)| {
            let mut rule = json!({"conditions": conditions});
            put(&mut rule, "when", when);
            put(&mut rule, "action", action);
            put(&mut rule, "rate_limit", rate_limit);
            put(
                &mut rule,
                "validate",
                validate.then(|| json!({"required_args": true, "schema": true, "unknown_args": "deny"})),
            );
            rule
        });
    let objection = (select(vec!["deny", "require_approval"]), conditions(), when()).prop_map(
        |(action, conditions, when)| {
            let mut rule = json!({"action": action, "conditions": conditions});
            put(&mut rule, "when", when);
            rule
        },
    );
    let budget = (counter(), window(), argument(), any::<bool>(), calendar()).prop_map(
        |(counter, window, from, fixed, calendar)| {
            let mut state = json!({"counter": counter, "window": window});
            put_calendar(&mut state, calendar, "calendar");
            if fixed {
                state["increment"] = json!(2.5);
            } else {
                state["increment_from"] = from.into();
            }
            json!({"state": state})
        },
    );
    let money = (proptest::option::of(spend()), proptest::option::of(1_u32..100_000)).prop_map(
        |(spend, idempotency_window)| {
            let mut rule = json!({});
            put(&mut rule, "spend", spend);
            put(&mut rule, "idempotency_window", idempotency_window.map(Value::from));
            rule
        },
    );
    (
        prop_oneof![guard, objection, budget, money],
        proptest::option::of(name()),
        proptest::option::of(text()),
        mode(),
    )
        .prop_map(|(mut rule, name, on_deny, mode)| {
            put(&mut rule, "name", name.map(Value::from));
            put(&mut rule, "on_deny", on_deny.map(Value::from));
            put(&mut rule, "mode", mode);
            rule
        })
}

fn block() -> impl Strategy<Value = Value> {
    (vec(condition(), 0..3), proptest::option::of(text()), mode()).prop_map(|(conditions, on_deny, mode)| {
        let mut block = json!({"conditions": conditions});
        put(&mut block, "on_deny", on_deny.map(Value::from));
        put(&mut block, "mode", mode);
        block
    })
}

fn limit() -> impl Strategy<Value = Value> {
    let optional =
        (proptest::option::of(counter()), proptest::option::of(argument()), proptest::option::of(name()));
    (optional, window(), amount(), scope(), mode(), calendar()).prop_map(
        |((counter, amount, shared), window, max, scope, mode, calendar)| {
            let mut limit = json!({"window": window, "max": max});
            put_calendar(&mut limit, calendar, if amount.is_some() { "calendar" } else { "sliding" });
            put(&mut limit, "min", amount.as_ref().map(|_| json!(1.5)));
            put(&mut limit, "amount", amount.map(Value::from));
            put(&mut limit, "counter", counter.map(Value::from));
            put(&mut limit, "shared", shared.map(Value::from));
            put(&mut limit, "scope", scope);
            put(&mut limit, "mode", mode);
            limit
        },
    )
}

fn entry() -> impl Strategy<Value = Value> {
    let require = vec(prop_oneof![condition(), block()], 0..2);
    (vec(rule(), 0..3), require, vec(block(), 0..2), vec(block(), 0..2), vec(limit(), 0..2), mode(), 0..9_u8).prop_map(
        |(rules, require, deny_if, approve_if, limits, mode, hide)| {
            let mut entry = json!({"rules": rules, "require": require, "deny_if": deny_if, "approve_if": approve_if, "limits": limits});
            put(&mut entry, "mode", mode);
            put(&mut entry, "hide", (hide == 0).then_some(Value::Bool(true)));
            entry
        },
    )
}

fn approvals() -> impl Strategy<Value = Value> {
    let webhook = (
        name(),
        proptest::option::of(text()),
        maybe(&["json", "slack", "teams"]),
        maybe(&["keys", "full"]),
        proptest::option::of(name()),
    );
    // What stands before a `:` says of which kind an account is.
    let approver = name().prop_map(|name| name.replace(':', ";"));
    (1_u32..100_000, vec(approver, 0..3), webhook).prop_map(
        |(timeout, approvers, (url, secret, format, arguments, decide_as))| {
            let plain = |text: String| text.replace("${", "$");
            let page: String = plain(url.split_whitespace().collect());
            let mut webhook = json!({"url": format!("https://example.com/{page}")});
            put(&mut webhook, "secret", secret.map(|secret| format!("s{}", plain(secret)).into()));
            put(&mut webhook, "format", format);
            put(&mut webhook, "arguments", arguments);
            put(&mut webhook, "decide_as", decide_as.map(Into::into));
            json!({"timeout": timeout, "hold": "30s", "approvers": approvers, "notify": {"webhook": webhook}})
        },
    )
}

/// A document in JSON that compiles without errors.
pub(crate) fn document() -> impl Strategy<Value = Value> {
    let head = (
        maybe(&["1"]),
        maybe(&["allow", "deny"]),
        mode(),
        maybe(&["permitted", "all"]),
        maybe(&["reason", "full", "nothing"]),
        (proptest::option::of(text()), proptest::option::of(name())),
        (vec(scalar(), 1..4), vec(scalar(), 1..3)),
    );
    let entries = || vec((tool(), entry()), 0..4);
    (
        head,
        vec(tool(), 0..2),
        entries(),
        entries(),
        proptest::option::of(entry()),
        proptest::option::of(approvals()),
    )
        .prop_map(
            |(
                (version, default, mode, list, tell_agent, (description, currency), lists),
                hide,
                tools,
                prompts,
                all_tools,
                approvals,
            )| {
                let lists = json!({"words": lists.0, "a b": lists.1});
                let mut document =
                    json!({"lists": lists, "hide": hide, "tools": tools.into_iter().collect::<Map<_, _>>()});
                let mut prompts: Map<String, Value> = prompts.into_iter().collect();
                for entry in prompts.values_mut() {
                    for rule in entry["rules"].as_array_mut().unwrap() {
                        rule.as_object_mut().unwrap().remove("validate");
                        if rule["spend"]["amount"] == "challenge" {
                            rule.as_object_mut().unwrap().remove("spend");
                        }
                    }
                }
                document["prompts"] = prompts.into();
                // Resources have no arguments.
                document["resources"] = json!({"doc:*": {"rules": [{"rate_limit": "5/minute"}]}, "a": {}});
                put(&mut document, "version", version);
                put(&mut document, "default", default);
                put(&mut document, "mode", mode);
                put(&mut document, "list", list);
                put(&mut document, "tell_agent", tell_agent);
                put(&mut document, "description", description.map(Value::from));
                put(&mut document, "spend_currency", currency.map(Value::from));
                put(&mut document, "all_tools", all_tools);
                put(&mut document, "approvals", approvals);
                document
            },
        )
}

/// A tool's name and its arguments.
pub(super) fn call() -> impl Strategy<Value = (String, Value)> {
    let items = vec(prop_oneof![scalar(), scalar().prop_map(|value| json!({"a": value}))], 0..3)
        .prop_map(Value::from);
    let value = prop_oneof![3 => scalar(), 1 => Just(Value::Null), 1 => items, 1 => scalar().prop_map(|value| json!({"b": value}))];
    let key = select(vec!["a", "b", "items", "a.b"]).prop_map(str::to_owned);
    let arguments =
        vec((key, value), 0..4).prop_map(|members| Value::from(members.into_iter().collect::<Map<_, _>>()));
    (select(vec!["t", "u", "get_a", "get_b", "x_a", "other"]).prop_map(str::to_owned), arguments)
}
