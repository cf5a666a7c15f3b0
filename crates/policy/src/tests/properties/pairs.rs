//! Pairs of policies about few names, arguments and values, so that calls made up at random meet what they differ in.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Map, Value, json};

use super::generate::put;
use super::mutate::mutated;

/// Two documents in JSON: the second made on its own, or by a few edits of the first.
pub(super) fn pair() -> impl Strategy<Value = (Value, Value)> {
    let edits = vec((any::<prop::sample::Index>(), any::<u8>()), 1..3);
    prop_oneof![
        1 => (document().boxed(), document().boxed()),
        4 => (document().boxed(), edits).prop_map(|(old, edits)| {
            let new = edits.into_iter().fold(old.clone(), |new, (site, how)| mutated(&new, site, how));
            (old, with_counters(new))
        }),
    ]
}

/// A document in JSON; some have mistakes and are not compiled.
pub(super) fn document() -> impl Strategy<Value = Value> {
    let head = (
        word(&["allow", "deny"]),
        option::weighted(0.1, select(vec!["enforce", "shadow"])),
        option::weighted(0.2, select(vec!["permitted", "all"])),
        vec(matcher(), 0..2),
        vec(scalar(), 1..3),
    );
    let of = |names| vec((names, entry().boxed()), 0..3);
    (
        head,
        of(matcher().boxed()),
        of(uri().boxed()),
        vec((matcher(), entry().boxed()), 0..2),
        option::weighted(0.2, entry().boxed()),
    )
        .prop_map(|((default, mode, list, hide, listed), tools, resources, prompts, all_tools)| {
            let section =
                |entries: Vec<(String, Value)>| Value::from(entries.into_iter().collect::<Map<_, _>>());
            let mut document =
                json!({"version": "1", "default": default, "hide": hide, "lists": {"l": listed}});
            put(&mut document, "mode", mode.map(Value::from));
            put(&mut document, "list", list.map(Value::from));
            put(&mut document, "all_tools", all_tools);
            document["tools"] = section(tools);
            for (key, mut entries) in [("resources", section(resources)), ("prompts", section(prompts))] {
                without_schemas(&mut entries);
                document[key] = entries;
            }
            with_counters(document)
        })
}

/// A resource and a prompt have no schema.
fn without_schemas(value: &mut Value) {
    match value {
        Value::Object(map) => {
            map.remove("validate");
            map.values_mut().for_each(without_schemas);
        }
        Value::Array(items) => items.iter_mut().for_each(without_schemas),
        _ => {}
    }
}

/// What conditions read is counted.
fn with_counters(mut document: Value) -> Value {
    if document.to_string().contains("state.t.c") {
        let tools = document["tools"].as_object_mut().unwrap();
        let entry = tools.entry("t").or_insert_with(|| json!({}));
        let rules = entry.as_object_mut().unwrap().entry("rules").or_insert_with(|| json!([]));
        let counts = |rule: &Value| rule["state"]["counter"] == "c";
        if let Some(rules) = rules.as_array_mut().filter(|rules| !rules.iter().any(counts)) {
            rules.push(json!({"state": {"counter": "c", "window": "day", "increment": 1}}));
        }
    }
    document
}

fn word(words: &'static [&'static str]) -> impl Strategy<Value = Value> {
    select(words).prop_map(Value::from)
}

fn matcher() -> impl Strategy<Value = String> {
    select(vec!["t", "u", "get_a", "get_*", "*_a", "*"]).prop_map(str::to_owned)
}

fn uri() -> impl Strategy<Value = String> {
    select(vec!["file:///a", "file:///*", "*/b", "memo://a", "*"]).prop_map(str::to_owned)
}

pub(super) const NUMBERS: [f64; 7] = [0.0, 1.0, 2.0, 3.0, 10.0, 1.5, -1.0];
pub(super) const TEXTS: [&str; 8] = ["a", "b", "ab", "A", "", "a/b", "1", "é"];

fn number() -> impl Strategy<Value = Value> {
    select(NUMBERS.to_vec()).prop_map(|number| json!(number))
}

fn text() -> impl Strategy<Value = Value> {
    select(TEXTS.to_vec()).prop_map(Value::from)
}

fn scalar() -> impl Strategy<Value = Value> {
    prop_oneof![4 => text(), 4 => number(), 1 => any::<bool>().prop_map(Value::from)]
}

fn path() -> impl Strategy<Value = &'static str> {
    prop_oneof![
        8 => select(vec!["args.a", "args.b"]),
        1 => select(vec!["args.o.x", "args.items[*]", "args.items[0]", "args.items[*].x", "/args/b", "/args/items/0"]),
    ]
}

fn condition() -> impl Strategy<Value = Value> {
    leaf().prop_recursive(2, 5, 2, |inner| {
        prop_oneof![
            vec(inner.clone(), 1..3).prop_map(|inner| json!({"any": inner})),
            vec(inner.clone(), 1..3).prop_map(|inner| json!({"all": inner})),
            inner.prop_map(|inner| json!({"not": inner})),
        ]
    })
}

fn leaf() -> impl Strategy<Value = Value> {
    prop_oneof![4 => of_argument(), 1 => of_fact()]
}

fn of_argument() -> impl Strategy<Value = Value> {
    let on_missing = option::weighted(0.3, select(vec!["object", "ignore"]));
    (path(), test(), on_missing, option::weighted(0.15, Just("ci"))).prop_map(
        |(path, (op, value), missing, ci)| {
            let mut leaf = json!({"path": path, "op": op, "value": value});
            put(&mut leaf, "on_missing", missing.map(Value::from));
            let folds = [
                "eq",
                "neq",
                "in",
                "not_in",
                "contains",
                "matches",
                "starts_with",
                "ends_with",
                "matches_glob",
            ];
            put(&mut leaf, "compare", ci.filter(|_| folds.contains(&op)).map(Value::from));
            leaf
        },
    )
}

fn test() -> impl Strategy<Value = (&'static str, Value)> {
    let several = || vec(scalar(), 1..3).prop_map(Value::from);
    let list = Just(json!({"list": "l"}));
    prop_oneof![
        3 => (select(vec!["eq", "neq", "contains"]), scalar()),
        2 => (select(vec!["in", "not_in"]), prop_oneof![3 => several(), 1 => list]),
        4 => (select(vec!["lt", "lte", "gt", "gte"]), number()),
        1 => any::<bool>().prop_map(|value| ("exists", json!(value))),
        2 => (select(vec!["regex", "matches"]), select(REGULAR.to_vec()).prop_map(Value::from)),
        2 => (select(vec!["starts_with", "ends_with"]), vec(select(vec!["a", "b", "ab", "A"]), 1..3).prop_map(|of| json!(of))),
        1 => vec(select(vec!["a*", "*b", "*", "a*b*"]), 1..3).prop_map(|of| ("matches_glob", json!(of))),
        1 => (select(vec!["length_lte", "length_gte"]), (0..4_u8).prop_map(|bound| json!(bound))),
        2 => select(READINGS.to_vec()).prop_map(|(op, value)| (op, serde_json::from_str(value).unwrap())),
    ]
}

const REGULAR: [&str; 8] = ["^a$", "a|b", "a+", "[a-z]*", "(?i)ab?", "\\d", "a.b", "\\bb"];

const READINGS: [(&str, &str); 26] = [
    ("one_of_types", r#"["string", "integer"]"#),
    ("one_of_types", r#"["array", "number"]"#),
    ("within_path", r#"["/data"]"#),
    ("within_path", r#"["/data", "/srv/x"]"#),
    ("within_path", r#"["/data/x"]"#),
    ("url_host_in", r#"["example.com"]"#),
    ("url_host_in", r#"["example.com", "*.example.org"]"#),
    ("url_scheme_in", r#"["https", "ssh"]"#),
    ("ip_in", r#"["10.0.0.0/8"]"#),
    ("ip_in", r#"["10.0.0.0/8", "192.168.0.0/16"]"#),
    ("sql_readonly", r#"{"dialect": "generic"}"#),
    ("argv_in", r#"["ls", "git status"]"#),
    ("email_domain_in", r#"["example.com"]"#),
    ("email_domain_in", r#"["example.com", "*.example.org"]"#),
    ("within_path", r#"["src", "src/a", "/data"]"#),
    ("url_host_in", r#"["*.example.com", "a.example.org"]"#),
    ("url_host_in", r#"{"hosts": ["example.com:8443", "10.0.0.0/8"], "schemes": ["https"]}"#),
    ("ip_in", r#"["10.0.0.0/16", "10.1.2.3"]"#),
    ("ip_in", r#"["::1", "10.1.2.0/24"]"#),
    ("argv_in", r#"["git", "ls -l"]"#),
    ("email_domain_in", r#"["b.example.org"]"#),
    ("after", r#""2026-02-01""#),
    ("before", r#""2026-02-10T00:00:00Z""#),
    ("before", r#""2026-01-31""#),
    ("before", r#""2026-03-01""#),
    ("after", r#""2026-01-31T12:00:00+02:00""#),
];

fn of_fact() -> impl Strategy<Value = Value> {
    let texts = select(vec!["grant.labels.team", "client.name", "grant.name", "call.server", "call.tool"]);
    let of_text = (
        texts,
        select(vec!["eq", "neq", "starts_with"]),
        select(vec!["ops", "t", "get_a", "local", "server"]),
    )
        .prop_map(|(path, op, value)| json!({"path": path, "op": op, "value": value}));
    let zone = || option::weighted(0.3, select(vec!["Europe/Berlin", "America/New_York"]));
    let hour = (0..24_u32, select(vec!["lt", "gte", "eq"]), zone()).prop_map(|(hour, op, zone)| {
        let mut test = json!({"path": "time.hour", "op": op, "value": hour});
        put(&mut test, "timezone", zone.map(Value::from));
        test
    });
    let day = (select(vec!["in", "not_in"]), zone()).prop_map(|(op, zone)| {
        let mut test = json!({"path": "time.weekday", "op": op, "value": ["monday", "sunday"]});
        put(&mut test, "timezone", zone.map(Value::from));
        test
    });
    let tool = select(vec![
        json!({"path": "tool.category", "op": "eq", "value": "Read"}),
        json!({"path": "tool.severity", "op": "in", "value": ["low", "critical"]}),
        json!({"path": "tool.annotations.readOnlyHint", "op": "eq", "value": true}),
    ]);
    let state = (select(vec!["lt", "lte", "gt"]), select(vec![0, 1, 3]))
        .prop_map(|(op, value)| json!({"path": "state.t.c", "op": op, "value": value}));
    prop_oneof![3 => of_text, 1 => hour, 1 => day, 1 => tool, 2 => state]
}

fn conditions() -> impl Strategy<Value = Vec<Value>> {
    vec(condition().boxed(), 0..3)
}

fn mode() -> impl Strategy<Value = Option<Value>> {
    option::weighted(0.15, word(&["enforce", "shadow"]))
}

fn when() -> impl Strategy<Value = Option<Value>> {
    option::weighted(
        0.1,
        word(&["args.a == 1 || has(args.b)", "args.a == 'a'", "grant.labels.team in ['ops']"]),
    )
}

fn rule() -> impl Strategy<Value = Value> {
    let guard = (option::weighted(0.3, word(&["evaluate", "allow"])), conditions(), when()).prop_map(
        |(action, conditions, when)| {
            let mut rule = json!({"conditions": conditions});
            put(&mut rule, "action", action);
            put(&mut rule, "when", when);
            rule
        },
    );
    let objection =
        (word(&["deny", "require_approval"]), conditions(), when()).prop_map(|(action, conditions, when)| {
            let mut rule = json!({"action": action, "conditions": conditions});
            put(&mut rule, "when", when);
            rule
        });
    let counting = (
        option::weighted(0.5, rate().boxed()),
        option::weighted(0.2, Just(60)),
        option::weighted(0.3, spend().boxed()),
    )
        .prop_map(|(rate, once, spend)| {
            let mut rule = json!({});
            put(&mut rule, "rate_limit", rate);
            put(&mut rule, "idempotency_window", once.map(Value::from));
            put(&mut rule, "spend", spend);
            rule
        });
    let budget = (select(vec![1, 3]), any::<bool>(), select(vec!["lt", "lte"]), any::<bool>()).prop_map(
        |(bound, fixed, op, bounded)| {
            let mut state = json!({"counter": "c", "window": "day"});
            let (key, value) =
                if fixed { ("increment", json!(2)) } else { ("increment_from", json!("args.a")) };
            state[key] = value;
            let bound = json!([{"path": "state.t.c", "op": op, "value": bound}]);
            json!({"state": state, "conditions": if bounded { bound } else { json!([]) }})
        },
    );
    let validated = validate().prop_map(|validate| json!({"validate": validate}));
    (prop_oneof![4 => guard, 4 => objection, 2 => counting, 1 => budget, 1 => validated], mode()).prop_map(
        |(mut rule, mode)| {
            put(&mut rule, "mode", mode);
            rule
        },
    )
}

fn validate() -> impl Strategy<Value = Value> {
    select(vec![
        json!({"required_args": true}),
        json!({"schema": true}),
        json!({"unknown_args": "deny", "required_args": true}),
    ])
}

fn rate() -> impl Strategy<Value = Value> {
    (select(vec![0, 1, 3]), word(&["minute", "day"]), scope()).prop_map(|(max, window, scope)| {
        let mut rate = json!({"max": max, "window": window});
        put(&mut rate, "scope", scope);
        rate
    })
}

fn scope() -> impl Strategy<Value = Option<Value>> {
    option::weighted(
        0.3,
        select(vec![json!("global"), json!("session"), json!(["tool", "grant"]), json!({"arg": "args.b"})]),
    )
}

fn spend() -> impl Strategy<Value = Value> {
    let amount = word(&["args.a", "challenge"]);
    (amount, option::of(select(vec![1, 3])), option::of(select(vec![1, 10]))).prop_map(
        |(amount, per_call, daily)| {
            let mut spend = json!({"amount": amount, "currency": "eur"});
            put(&mut spend, "per_call", per_call.map(Value::from));
            put(&mut spend, "daily", daily.map(Value::from));
            spend
        },
    )
}

fn limit() -> impl Strategy<Value = Value> {
    let amount = option::weighted(0.4, word(&["args.a", "args.o.x"]));
    let named = option::weighted(0.5, word(&["c", "d"]));
    let kept =
        (scope(), option::weighted(0.1, Just("all")), option::weighted(0.2, word(&["sliding", "calendar"])));
    (amount, named, word(&["minute", "day"]), select(vec![0, 1, 3]), kept, mode()).prop_map(
        |(amount, counter, window, max, (scope, shared, align), mode)| {
            let mut limit = json!({"window": window, "max": max});
            put(&mut limit, "min", amount.as_ref().filter(|_| max > 0).map(|_| json!(1)));
            put(&mut limit, "amount", amount);
            put(&mut limit, "counter", counter);
            put(&mut limit, "scope", scope);
            put(&mut limit, "shared", shared.map(Value::from));
            put(&mut limit, "align", align);
            put(&mut limit, "mode", mode);
            limit
        },
    )
}

fn block() -> impl Strategy<Value = Value> {
    (conditions(), mode()).prop_map(|(conditions, mode)| {
        let mut block = json!({"conditions": conditions});
        put(&mut block, "mode", mode);
        block
    })
}

fn entry() -> impl Strategy<Value = Value> {
    let require = option::weighted(0.3, prop_oneof![condition().boxed(), block().boxed()]);
    let [deny_if, approve_if] = [(); 2].map(|()| option::weighted(0.25, block().boxed()));
    (
        vec(rule().boxed(), 0..2),
        require,
        deny_if,
        approve_if,
        option::weighted(0.3, limit().boxed()),
        option::weighted(0.1, validate()),
        mode(),
        proptest::bool::weighted(0.05),
    )
        .prop_map(|(rules, require, deny_if, approve_if, limit, validate, mode, hide)| {
            let mut entry = json!({});
            let lists =
                [("require", require), ("deny_if", deny_if), ("approve_if", approve_if), ("limits", limit)];
            put(&mut entry, "rules", (!rules.is_empty()).then(|| rules.into()));
            for (key, one) in lists {
                put(&mut entry, key, one.map(|one| json!([one])));
            }
            put(&mut entry, "validate", validate);
            put(&mut entry, "mode", mode);
            put(&mut entry, "hide", hide.then_some(Value::Bool(true)));
            entry
        })
}
