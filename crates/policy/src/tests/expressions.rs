//! `when`: what each construct of CEL makes of a call, as a guard and as an objection.

use proptest::prelude::*;
use proptest::sample::select;

use super::{Given, call, compiled, facts, judged, policy, shown};
use crate::{Facts, Origin, ToolFacts, explain, requires_definition};

fn document(action: &str, expression: &str) -> String {
    let when = serde_json::Value::from(expression);
    format!(
        "{{\"version\": \"1\", \"default\": \"deny\", \"tools\": {{\"t\": {{\"rules\": [{{\"action\": \"{action}\", \"when\": {when}}}]}}}}}}"
    )
}

#[derive(Debug, Clone, PartialEq)]
enum Is {
    True,
    False,
    /// Cannot be judged, for this reason.
    Unknown(&'static str),
}

fn value_of(expression: &str, arguments: &str) -> Result<bool, String> {
    let [guard, objection] = ["evaluate", "deny"].map(|action| {
        let policy = policy(&document(action, expression));
        let line = shown(&judged(&[(Origin::Server, &policy)], "t", arguments, &Given::default()));
        let (head, reason) = line.split_once(": ").unwrap();
        (head.starts_with("proceed"), reason.to_owned())
    });
    match (guard, objection) {
        ((true, _), (false, _)) => Ok(true),
        ((false, _), (true, _)) => Ok(false),
        ((false, why), (false, other)) => {
            assert_eq!(why, other, "{expression} on {arguments}");
            Err(why)
        }
        other => panic!("no value gives {other:?}: {expression} on {arguments}"),
    }
}

fn check_all(table: &[(&str, &str, Is)]) {
    for (expression, arguments, expected) in table {
        let expected = match expected {
            Is::True => Ok(true),
            Is::False => Ok(false),
            Is::Unknown(why) => Err((*why).to_owned()),
        };
        assert_eq!(value_of(expression, arguments), expected, "{expression} on {arguments}");
    }
}

use Is::{False, True, Unknown};

#[test]
#[rustfmt::skip]
fn comparing() {
    check_all(&[
        ("args.amount <= 500 && args.currency in ['usd', 'eur']", r#"{"amount": 500, "currency": "eur"}"#, True),
        ("args.amount <= 500 && args.currency in ['usd', 'eur']", r#"{"amount": 501, "currency": "eur"}"#, False),
        ("args.amount <= 500 && args.currency in ['usd', 'eur']", r#"{"amount": 500, "currency": "EUR"}"#, False),
        ("args.amount <= 500", "{}", Unknown("argument \"amount\" is missing")),
        ("args.amount <= 500", "", Unknown("argument \"amount\" is missing")),
        ("args.amount <= 500", r#"{"amount": "5"}"#, Unknown("argument \"amount\" is text, which `<=` does not compare with a number")),
        ("500 >= args.amount", r#"{"amount": "5"}"#, Unknown("argument \"amount\" is text, which `>=` does not compare with a number")),
        ("args.amount <= 500", r#"{"amount": null}"#, Unknown("argument \"amount\" is null, which `<=` does not compare with a number")),
        ("args.amount <= 500", r#"{"amount": [5]}"#, Unknown("argument \"amount\" is an array, which `<=` does not compare with a number")),
        ("args.amount <= 500.0", r#"{"amount": 500}"#, True),
        ("args.amount == 1", r#"{"amount": 1.0}"#, True),
        ("args.amount < 9.99", r#"{"amount": 9.98}"#, True),
        ("args.amount < 9.99", r#"{"amount": 9.989999999999999999999999}"#, Unknown("argument \"amount\" is out of the range of numbers that can be compared")),
        ("args.amount == 9007199254740993", r#"{"amount": 9007199254740993}"#, True),
        ("args.amount == 9007199254740993", r#"{"amount": 9007199254740992}"#, False),
        ("args.amount > 9007199254740992.0", r#"{"amount": 9007199254740993}"#, True),
        ("args.amount < 5", r#"{"amount": 1e400}"#, Unknown("argument \"amount\" is out of the range of numbers that can be compared")),
        ("args.amount < 5", r#"{"amount": 18446744073709551617}"#, Unknown("argument \"amount\" is out of the range of numbers that can be compared")),
        ("args.amount >= 0", r#"{"amount": -0}"#, True),
        ("args.a == 'x'", r#"{"a": "x"}"#, True),
        ("args.a == 'x'", r#"{"a": "\u0078"}"#, True),
        ("args.a != 'x'", r#"{"a": "X"}"#, True),
        // Another type is no way around an inequality.
        ("args.a != 'x'", r#"{"a": ["x"]}"#, Unknown("argument \"a\" is an array, which `!=` does not compare with text")),
        ("args.a != 'x'", r#"{"a": 1}"#, Unknown("argument \"a\" is a number, which `!=` does not compare with text")),
        ("!(args.a in ['x', 'y'])", r#"{"a": {"b": "x"}}"#, Unknown("argument \"a\" is an object, which `in` does not compare with an array")),
        // Null leaves the value to the server, as leaving it out does: only where `null` is written out is it asked for.
        ("args.a != 'x'", r#"{"a": null}"#, Unknown("argument \"a\" is null, which `!=` does not compare with text")),
        ("args.a == 'x'", r#"{"a": null}"#, Unknown("argument \"a\" is null, which `==` does not compare with text")),
        ("!(args.a in ['x', 'y'])", r#"{"a": null}"#, Unknown("argument \"a\" is null, which `in` does not compare with an array")),
        ("args.a == args.b", r#"{"a": null, "b": 1}"#, Unknown("argument \"a\" is null, which `==` does not compare with a number")),
        ("args.a == args.b", r#"{"a": null, "b": null}"#, True),
        ("args.a != ['x']", r#"{"a": [null]}"#, Unknown("argument \"a\" is an array, which `!=` does not compare with an array")),
        ("args.a == null || args.a != 'x'", r#"{"a": null}"#, True),
        ("args.a == null || args.a != 'x'", r#"{"a": "x"}"#, False),
        ("null != args.a", r#"{"a": "x"}"#, True),
        ("args.a in [null, 'x']", r#"{"a": null}"#, True),
        ("args.a in [null, 'x']", r#"{"a": "y"}"#, False),
        ("args.a == null", "{}", Unknown("argument \"a\" is missing")),
        ("args.a == null", r#"{"a": null}"#, True),
        ("args.a != null", r#"{"a": 0}"#, True),
        ("args.a == ['x', 1]", r#"{"a": ["x", 1.0]}"#, True),
        ("args.a == ['x', 1]", r#"{"a": ["x"]}"#, False),
        ("args.a == args.b", r#"{"a": {"x": 1, "y": [2]}, "b": {"y": [2], "x": 1e0}}"#, True),
        ("args.a == args.b", r#"{"a": {"x": 1}, "b": {"x": "1"}}"#, Unknown("argument \"a\" is an object, which `==` does not compare with an object")),
        ("'a' < args.a", r#"{"a": "b"}"#, True),
        ("'b' in args.a", r#"{"a": ["a", "b"]}"#, True),
        ("'b' in args.a", r#"{"a": {"b": 1}}"#, True),
        ("'b' in args.a", r#"{"a": []}"#, False),
        ("args.a in [1, 'x']", r#"{"a": "y"}"#, False),
    ]);
}

#[test]
#[rustfmt::skip]
fn logic_and_presence() {
    check_all(&[
        ("has(args.a) && args.a > 5", "{}", False),
        ("has(args.a) && args.a > 5", "", False),
        ("has(args.a) && args.a > 5", r#"{"a": 6}"#, True),
        ("has(args.a) && args.a > 5", r#"{"a": null}"#, Unknown("argument \"a\" is null, which `>` does not compare with a number")),
        ("!has(args.a) || args.a <= 5", "{}", True),
        ("has(args.a.b)", r#"{"a": {}}"#, False),
        ("has(args.a.b)", "{}", False),
        ("has(args.a.b)", r#"{"a": 1}"#, Unknown("argument \"a.b\" cannot be looked up inside a number")),
        // One side that settles it is enough, on either side.
        ("args.a == 1 || args.b == 1", r#"{"b": 1}"#, True),
        ("args.a == 1 || args.b == 1", r#"{"a": 1}"#, True),
        ("args.a == 1 || args.b == 1", r#"{"b": 2}"#, Unknown("argument \"a\" is missing")),
        ("args.a == 1 && args.b == 1", r#"{"b": 2}"#, False),
        ("args.a == 1 && args.b == 1", r#"{"b": 1}"#, Unknown("argument \"a\" is missing")),
        ("!(args.a == 1)", "{}", Unknown("argument \"a\" is missing")),
        ("args.a", r#"{"a": true}"#, True),
        ("args.a", r#"{"a": 1}"#, Unknown("`when` must be true or false, not a number")),
        ("!args.a", r#"{"a": 1}"#, Unknown("argument \"a\" must be true or false, not a number")),
        ("args.a || true", r#"{"a": 1}"#, True),
        ("args.a ? args.b == 1 : args.c == 1", r#"{"a": true, "b": 1}"#, True),
        ("args.a ? args.b == 1 : args.c == 1", r#"{"a": false, "b": 1}"#, Unknown("argument \"c\" is missing")),
        ("true", "{}", True),
        ("false", "{}", False),
        ("args['a.b'] == 1 && args.c[0] == 2", r#"{"a.b": 1, "c": [2]}"#, True),
        ("args.c[1] == 2", r#"{"c": [2]}"#, Unknown("argument \"c[1]\" is missing")),
        ("args.c[args.i] == 2", r#"{"c": [1, 2], "i": 1}"#, True),
        ("args.c[args.i] == 2", r#"{"c": [1, 2], "i": 2}"#, Unknown("a part of argument \"c\" is missing")),
        ("args.c[args.i] == 2", r#"{"c": {"k": 2}, "i": "k"}"#, True),
        ("args.c[args.i] == 2", r#"{"c": [1, 2], "i": -1}"#, Unknown("a part of argument \"c\" is missing")),
    ]);
}

#[test]
#[rustfmt::skip]
fn functions_and_computing() {
    check_all(&[
        ("args.a + args.b <= 10", r#"{"a": 4, "b": 6}"#, True),
        ("args.a * 2.5 == 10.0", r#"{"a": 4}"#, True),
        ("args.a / 2 == 2", r#"{"a": 5}"#, True),
        ("args.a % 2 == 1", r#"{"a": 5}"#, True),
        ("args.a - 1 < 0", r#"{"a": 0}"#, True),
        ("-args.a == -5", r#"{"a": 5}"#, True),
        ("args.a + 1 > 0", r#"{"a": 9223372036854775807}"#, Unknown("a number in `when` is beyond those that can be computed with")),
        ("-args.a > 0", r#"{"a": -9223372036854775808}"#, Unknown("a number in `when` is beyond those that can be computed with")),
        ("args.a / args.b > 0", r#"{"a": 1, "b": 0}"#, Unknown("a number in `when` is divided by zero")),
        ("args.a % args.b > 0", r#"{"a": -9223372036854775808, "b": -1}"#, Unknown("a number in `when` is beyond those that can be computed with")),
        ("args.a * 1e308 < 1.5", r#"{"a": 10}"#, Unknown("a number in `when` is beyond those that can be computed with")),
        ("args.a + 1 == 2", r#"{"a": "1"}"#, Unknown("`+` does not join argument \"a\" (text) and a value in `when` (a number)")),
        ("args.a + 'b' == 'ab'", r#"{"a": "a"}"#, True),
        ("size(args.a) <= 3", r#"{"a": "äöü"}"#, True),
        ("args.a.size() == 2", r#"{"a": [1, "x"]}"#, True),
        ("size(args.a) == 1", r#"{"a": {"b": 1}}"#, True),
        ("size(args.a) == 1", r#"{"a": 1}"#, Unknown("argument \"a\" must be text, an array or an object, not a number")),
        ("size(args) <= 2", r#"{"a": 1, "b": 2}"#, True),
        ("'admin' in args", r#"{"a": 1}"#, False),
        ("args.a.startsWith('/tmp/')", r#"{"a": "/tmp/x"}"#, True),
        ("args.a.endsWith('.txt')", r#"{"a": "x.TXT"}"#, False),
        ("args.a.contains(args.b)", r#"{"a": "abc", "b": "b"}"#, True),
        ("args.a.contains('b')", r#"{"a": ["b"]}"#, Unknown("argument \"a\" must be text for `contains`, not an array")),
        ("args.a.matches('^[a-z]+$')", r#"{"a": "abc"}"#, True),
        ("args.a.matches('^[a-z]+$')", r#"{"a": "abc\n"}"#, False),
        ("matches(args.a, 'b')", r#"{"a": "abc"}"#, True),
        ("int(args.a) == 5", r#"{"a": "5"}"#, True),
        ("int(args.a) == 5", r#"{"a": 5.9}"#, True),
        ("int(args.a) == 5", r#"{"a": "5.0"}"#, Unknown("argument \"a\" must be a whole number, not text")),
        ("double(args.a) == 0.5", r#"{"a": "0.5"}"#, True),
        ("double(args.a) > 0.0", r#"{"a": "inf"}"#, Unknown("argument \"a\" must be a number that a double holds, not text")),
        ("double(args.a) <= 500.0", r#"{"a": "500"}"#, True),
        ("double(args.a) <= 500.0", r#"{"a": "500.00000000000000001"}"#, Unknown("argument \"a\" must be a number that a double holds, not text")),
        ("double(args.a) <= 500.0", r#"{"a": "9007199254740993"}"#, Unknown("argument \"a\" must be a number that a double holds, not text")),
        ("double(args.a) <= 500.0", r#"{"a": "+5"}"#, Unknown("argument \"a\" must be a number that a double holds, not text")),
        ("double(args.a) <= 500.0", r#"{"a": "1e-400"}"#, Unknown("argument \"a\" must be a number that a double holds, not text")),
        ("string(args.a) == '5'", r#"{"a": 5}"#, True),
    ]);
}

#[test]
#[rustfmt::skip]
fn comprehensions() {
    check_all(&[
        ("args.items.all(x, x.amount <= 5)", r#"{"items": [{"amount": 1}, {"amount": 5}]}"#, True),
        ("args.items.all(x, x.amount <= 5)", r#"{"items": [{"amount": 1}, {"amount": 6}]}"#, False),
        ("args.items.all(x, x.amount <= 5)", r#"{"items": []}"#, True),
        ("args.items.all(x, x.amount <= 5)", r#"{"items": [{"amount": 1}, {}]}"#, Unknown("a part of an item is missing")),
        ("args.items.all(x, x.amount <= 5)", r#"{"items": [{}, {"amount": 6}]}"#, False),
        ("args.items.all(x, x.amount <= 5)", "{}", Unknown("argument \"items\" is missing")),
        ("args.items.all(x, x.amount <= 5)", r#"{"items": 5}"#, Unknown("argument \"items\" must be an array, not a number")),
        ("args.items.all(x, has(x.amount))", r#"{"items": [{"amount": 1}, {}]}"#, False),
        ("args.items.exists(x, x == 2)", r#"{"items": [1, 2]}"#, True),
        ("args.items.exists(x, x == 2)", r#"{"items": [1, "2"]}"#, Unknown("an item is text, which `==` does not compare with a number")),
        ("args.items.exists(x, x == 2)", r#"{"items": ["2", 2]}"#, True),
        ("args.items.exists(x, x == 2)", r#"{"items": [1, 1e400]}"#, Unknown("an item of argument \"items\" is out of the range of numbers that can be compared")),
        ("args.items.exists_one(x, x > 1)", r#"{"items": [1, 2]}"#, True),
        ("args.items.exists_one(x, x > 1)", r#"{"items": [1, 2, 3]}"#, False),
        ("args.items.filter(x, x > 1).size() == 2", r#"{"items": [1, 2, 3]}"#, True),
        ("args.items.map(x, x * 2) == [2, 4]", r#"{"items": [1, 2]}"#, True),
        ("args.items.map(x, x > 1, x * 2) == [4]", r#"{"items": [1, 2]}"#, True),
        ("args.a.all(k, k in ['x', 'y'])", r#"{"a": {"x": 1, "z": 1}}"#, False),
        ("args.rows.all(row, row.all(x, x < 3))", r#"{"rows": [[1, 2], [0]]}"#, True),
        ("args.rows.all(row, row.exists(x, args.rows.exists(y, x in y)))", r#"{"rows": [[1, 2], [0]]}"#, True),
        ("args.items.map(x, [x]).all(x, size(x) == 1)", r#"{"items": [1, 2]}"#, True),
    ]);
}

/// Cost is bounded whatever the arguments are, and what is over the bound is denied.
#[test]
fn a_judgement_takes_a_bounded_number_of_steps() {
    let items = |count: usize| format!("{{\"items\": [{}]}}", vec!["1"; count].join(","));
    let text = format!("{{\"a\": \"{}\", \"items\": [{}]}}", "x".repeat(1 << 20), vec!["1"; 1_000].join(","));
    let too_many = Err("`when` takes too many steps with these arguments".to_owned());
    assert_eq!(value_of("args.items.all(x, x == 1)", &items(5_000)), Ok(true));
    assert_eq!(value_of("args.items.map(x, x).size() == 5000", &items(5_000)), Ok(true));
    assert_eq!(value_of("args.items.all(x, x == 1)", &items(100_000)), too_many);
    assert_eq!(value_of("args.items.all(x, args.items.all(y, x == y))", &items(1_000)), too_many);
    assert_eq!(value_of("args.items.map(x, args.a + args.a).size() > 0", &text), too_many);
    assert_eq!(value_of("args.items.all(x, args.a.matches('^x+$'))", &text), too_many);
    assert_eq!(value_of("args.a.size() > 5", &text), Ok(true));
}

/// What is read anew for every item is paid for every time: texts that have to be unescaped, numbers of many digits,
/// values that are compared to their ends.
#[test]
fn large_values_cost_what_reading_them_takes() {
    let too_many = Err("`when` takes too many steps with these arguments".to_owned());
    let escaped = format!("\"{}\"", "\\u0061".repeat(100_000));
    let plain = format!("\"{}\"", "a".repeat(600_000));
    let digits = format!("0.{}1", "0".repeat(600_000));
    let members: String = (0..20_000).map(|index| format!("\"k{index}\": 1,")).collect();
    let object = format!("{{{members} \"z\": 1}}");
    let ones = format!("[{}]", vec!["1"; 500].join(","));
    for (expression, a, b) in [
        ("args.items.all(i, args.a != 'x')", &escaped, &plain),
        ("args.items.all(i, args.b <= args.b)", &escaped, &plain),
        ("args.items.all(i, args.b == args.b)", &escaped, &plain),
        ("args.items.all(i, args['a'] != 'x')", &escaped, &plain),
        ("args.items.all(i, args.a > args.a || true)", &digits, &plain),
        ("[args.a].all(x, args.items.all(i, x != 'x'))", &escaped, &plain),
        ("args.items.all(i, args.a == args.b)", &object, &object),
        ("args.items.all(i, [args.a] == [args.b])", &object, &object),
        ("args.items.all(i, args.a == args.b)", &format!("[{escaped}]"), &format!("[{escaped}]")),
        ("args.items.all(i, ['x'] != args.a)", &format!("[{escaped}]"), &plain),
        ("args.items.all(i, !('x' in args.a))", &format!("[{escaped}]"), &plain),
        ("args.items.all(i, double(args.a) < 1.0)", &format!("\"{digits}\""), &plain),
    ] {
        let arguments = format!("{{\"a\": {a}, \"b\": {b}, \"items\": {ones}}}");
        assert_eq!(value_of(expression, &arguments), too_many, "{expression}");
    }
    // Once they may be looked at.
    let arguments = format!("{{\"a\": {object}, \"b\": {escaped}}}");
    assert_eq!(value_of("args.a == args.a && args.b != 'x'", &arguments), Ok(true));
}

/// Names that comprehensions give to their items never stand in for what the call holds.
#[test]
fn names_are_not_shadowed() {
    for (expression, code) in [
        ("args.items.exists(args, args > 1)", "bad-expression"),
        ("args.items.all(call, call.tool == 't')", "bad-expression"),
        ("args.items.all(state, true)", "bad-expression"),
        ("args.items.map(grant, grant).size() > 0", "bad-expression"),
        ("args.items.all(x, x > 1) && x > 1", "unknown-name"),
        ("@result", "bad-expression"),
        ("args.items.all(x, @result)", "bad-expression"),
        ("{'a': 1}.a == 1", "bad-expression"),
        ("{1: 'a'}[1] == 'a'", "bad-expression"),
        ("b'a' == args.a", "bad-expression"),
        ("1u == args.a", "bad-expression"),
        ("dyn(args.a) == 1", "unknown-function"),
        ("type(args.a) == int", "unknown-function"),
        ("timestamp(args.a) > timestamp('2026-01-01T00:00:00Z')", "unknown-function"),
        ("args.a.matches(args.b)", "bad-regex"),
        ("args.a.matches('(a{1000}){1000}')", "bad-regex"),
        ("args.a.all(x, x.all(y, y.all(z, z.all(w, w))))", "too-deep"),
        ("has(args)", "bad-expression"),
        ("has(args.a) || has(call.tool)", "no-effect"),
    ] {
        let (compiled, found) = compiled(&document("deny", expression));
        assert!(compiled.is_none(), "{expression}");
        assert_eq!(found.first().map(|found| found.code), Some(code), "{expression}: {found:#?}");
    }
    check_all(&[
        ("args.a.all(x, args.b.all(x, x > 1))", r#"{"a": [0], "b": [2]}"#, True),
        ("args.a.all(x, args.b.exists(x, x > 1) && x < 1)", r#"{"a": [0], "b": [2]}"#, True),
        ("args.a.all(x, args.x == x)", r#"{"a": [1], "x": 1}"#, True),
    ]);
}

/// A fault is absorbed only by a side that settles the whole without it, and never turned round.
#[test]
#[rustfmt::skip]
fn faults() {
    let missing = Unknown("argument \"a\" is missing");
    let zero = Unknown("a number in `when` is divided by zero");
    check_all(&[
        ("!(args.a == 1)", "{}", missing.clone()), ("!!(args.a == 1)", "{}", missing.clone()),
        ("(args.a == 1) == false", "{}", missing.clone()), ("(args.a == 1) != true", "{}", missing.clone()), ("(args.a == 1) in [false]", "{}", missing.clone()),
        ("args.a == 1 ? true : true", "{}", missing.clone()), ("true ? args.a == 1 : true", "{}", missing.clone()), ("false ? args.a == 1 : true", "{}", True),
        ("[1].all(x, args.a == x)", "{}", missing.clone()), ("[1].exists(x, args.a == x)", "{}", missing.clone()), ("[1].exists_one(x, args.a == x)", "{}", missing.clone()), ("[1].filter(x, args.a == x).size() == 0", "{}", missing.clone()), ("size([1].map(x, args.a)) == 1", "{}", missing.clone()), ("[args.a, 1].size() == 2", "{}", missing.clone()),
        ("[1, 2].all(x, args.a == x || x == 1) || false", "{}", missing.clone()), ("[].all(x, args.a == 1)", "{}", True), ("[].exists(x, args.a == 1)", "{}", False),
        ("true || args.a == 1", "{}", True), ("args.a == 1 || true", "{}", True), ("false && args.a == 1", "{}", False), ("args.a == 1 && false", "{}", False), ("true && args.a == 1", "{}", missing.clone()), ("false || args.a == 1", "{}", missing),
        ("1 / 0 == 1", "{}", zero.clone()), ("1 % 0 == 1", "{}", zero.clone()), ("1.0 / 0.0 > 1.0", "{}", Unknown("a number in `when` is beyond those that can be computed with")), ("1 / 0 == 1 || true", "{}", True), ("!(1 / 0 == 1)", "{}", zero),
        ("has(args.a.b)", r#"{"a": null}"#, False), ("has(args.a)", r#"{"a": null}"#, True), ("has(args.a.b)", r#"{"a": [1]}"#, Unknown("argument \"a.b\" cannot be looked up inside an array")),
        ("size(args.a) == 0", r#"{"a": null}"#, Unknown("argument \"a\" must be text, an array or an object, not null")), ("args.a < 1", r#"{"a": null}"#, Unknown("argument \"a\" is null, which `<` does not compare with a number")),
        ("int(args.a) == 1", r#"{"a": "1e0"}"#, Unknown("argument \"a\" must be a whole number, not text")), ("int(args.a) == 1", r#"{"a": " 1"}"#, Unknown("argument \"a\" must be a whole number, not text")), ("int(args.a) > 0", r#"{"a": "9223372036854775808"}"#, Unknown("argument \"a\" must be a whole number, not text")), ("int(args.a) > 0", r#"{"a": true}"#, Unknown("argument \"a\" must be a number or text, not true or false")),
    ]);
}

#[test]
#[rustfmt::skip]
fn facts_have_the_names_that_paths_have() {
    let labels = [("team".to_owned(), "ops".to_owned())];
    let definition = super::annotated(r#"{"readOnlyHint": true}"#);
    let tool = ToolFacts::Known { definition: &definition };
    let all = Facts { labels: &labels, client: Some("c"), tool, now_ms: 1_772_409_600_000, ..facts() };
    for (expression, expected) in [
        ("call.tool == 't' && call.server == 's' && grant.name == 'g'", true),
        ("grant.labels.team == 'ops' && grant.labels['team'] in ['ops', 'dev']", true),
        ("has(grant.labels.team) && !has(grant.labels.none)", true),
        ("client.name.startsWith('c')", true),
        ("time.hour == 0 && time.weekday == 'monday'", true),
        ("tool.annotations.readOnlyHint", true),
        ("has(tool.annotations.destructiveHint)", false),
        ("tool.annotations.destructiveHint", false),
        ("tool.category == 'Read'", false),
    ] {
        let policy = policy(&document("evaluate", expression));
        let stack = [(Origin::Server, &policy)];
        let trace = explain(&stack, &call("t", None), &all);
        let crate::Judgement::Decided(decision) = trace.judgement else { panic!("{expression}") };
        assert_eq!(decision.verdict == crate::Verdict::Proceed, expected, "{expression}: {}", decision.reason);
        let seen: Vec<_> = trace.steps.iter().flat_map(|step| &step.seen).collect();
        assert_eq!(seen.len(), 1, "{expression}");
        assert_eq!(seen[0].condition, expression);
        assert_eq!(requires_definition(&stack, &call("t", None)), expression.contains("tool."), "{expression}");
    }
}

/// Conditions and `when` hold together; counters are asked for and supplied as for conditions.
#[test]
#[rustfmt::skip]
fn beside_conditions_and_counters() {
    let text = "
version: '1'
default: deny
tools:
  t:
    limits: [{ counter: c, window: day, max: 100 }]
    rules:
      - { name: small, conditions: [{ path: args.a, op: lt, value: 10 }], when: 'args.b < args.a', on_deny: keep b below a }
      - { name: busy, action: deny, conditions: [{ path: args.a, op: exists }], when: 'state.t.c >= 5 && args.a > 1' }
";
    let policy = policy(text);
    let stack = [(Origin::Server, &policy)];
    let key = "server=s/tools/t/c/day/sliding/grant=g";
    let line = |arguments: &str, counter: Option<&'static str>| {
        let given = Given { counters: counter.map(|value| vec![("/c/", value)]), ..Given::default() };
        shown(&judged(&stack, "t", arguments, &given))
    };
    let passed = format!("proceed server:/tools/t: permitted\n+ 1 {key} <= 100\n=");
    assert_eq!(line(r#"{"a": 2, "b": 1}"#, None), format!("read {key}"));
    assert_eq!(line(r#"{"a": 2, "b": 1}"#, Some("4")), format!("{passed} 4 {key}"));
    assert_eq!(line(r#"{"a": 2, "b": 1}"#, Some("5")), format!("deny server:/tools/t/rules/1 [busy]: argument \"a\" is given and `state.t.c >= 5 && args.a > 1` holds\n= 5 {key}"));
    assert_eq!(line(r#"{"a": 1, "b": 0}"#, Some("5")), format!("{passed} 5 {key}"));
    assert_eq!(line(r#"{"a": 2, "b": 3}"#, Some("4")), format!("deny server:/tools/t/rules/0 [small]: keep b below a\n= 4 {key}"));
    assert_eq!(line(r#"{"a": 2}"#, Some("4")), format!("deny server:/tools/t/rules/0 [small]: keep b below a. Argument \"b\" is missing\n= 4 {key}"));
    assert_eq!(line(r#"{"a": 2, "b": 1}"#, Some("unreadable")), "deny server:/tools/t/rules/1 [busy]: counter \"c\" of \"t\" could not be read");
}

#[test]
fn nothing_nested_takes_the_stack() {
    for (open, close, times) in [
        ("(", ")", 2_000),
        ("[", "]", 2_000),
        ("!", "", 4_000),
        ("-", "", 4_000),
        ("args.a ? 1 : ", "", 290),
        ("true && ", "", 500),
    ] {
        let inner = if open == "-" { "1" } else { "true" };
        let expression = format!("{}{inner}{}", open.repeat(times), close.repeat(times));
        let (compiled, diagnostics) = compiled(&document("deny", &expression));
        assert_eq!(
            compiled.is_none(),
            diagnostics.iter().any(|found| found.severity == crate::Severity::Error)
        );
    }
}

const TOKENS: &[&str] = &[
    "args",
    ".a",
    ".items",
    "[0]",
    "['k']",
    " == ",
    " && ",
    " || ",
    "!",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    ",",
    "1",
    "0.5",
    "'x'",
    "\"",
    "has(",
    ".all(x, ",
    ".map(x, ",
    "x",
    ".size()",
    "size(",
    " in ",
    " ? ",
    " : ",
    "-",
    " + ",
    "null",
    "true",
    "state.t.c",
    "time.hour",
    "1u",
    "b'x'",
    ".matches('a')",
    "\\",
    "`a`",
    ".?a",
    "@result",
    "//",
    "\n",
    "é",
    "9223372036854775808",
    "1e999",
    "r'",
    "'''",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// No text makes the reader panic, and what is read is printed and decides the same twice.
    #[test]
    fn no_expression_makes_the_reader_or_a_judgement_panic(tokens in proptest::collection::vec(select(TOKENS), 0..12), rest in "\\PC{0,6}") {
        let text = document("deny", &format!("{}{rest}", tokens.concat()));
        if let (Some(one), _) = compiled(&text) {
            let again = policy(&one.document().to_yaml());
            prop_assert_eq!(one.document(), again.document());
            for arguments in ["", "{}", r#"{"a": 1, "items": [1, "x", {"a": 2}]}"#, r#"{"a": "x", "items": {"k": 1}}"#] {
                let line = |policy| shown(&judged(&[(Origin::Server, policy)], "t", arguments, &Given { counters: Some(vec![]), ..Given::default() }));
                prop_assert_eq!(line(&one), line(&again));
            }
        }
    }
}
