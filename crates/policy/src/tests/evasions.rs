//! Every operator against the same evasions: values of other kinds, numbers and letters that nearly are the ones meant,
//! and what cannot be judged, wherever a condition can stand.

use super::operators::{Is, value_of};
use super::{Given, judged, policy, shown};
use crate::Origin;

use Is::{False, Missing, True, Unknown};

/// An operator with its operand, the kinds of value that it judges, and as JSON a value for which it holds, one for
/// which it does not, and one that it cannot judge.
struct Sample {
    op: &'static str,
    operand: &'static str,
    kinds: &'static str,
    fits: &'static str,
    fails: &'static str,
    odd: &'static str,
}

const fn sample(
    op: &'static str,
    operand: &'static str,
    kinds: &'static str,
    [fits, fails, odd]: [&'static str; 3],
) -> Sample {
    Sample { op, operand, kinds, fits, fails, odd }
}

const TEXT: &str = "text";
const NUMBER: &str = "number";

/// All but `exists`, to which nothing is odd.
#[rustfmt::skip]
const SAMPLES: [Sample; 26] = [
    sample("eq", r#""a""#, TEXT, [r#""a""#, r#""b""#, "5"]),
    sample("neq", r#""a""#, TEXT, [r#""b""#, r#""a""#, "5"]),
    sample("in", r#"["a", "c"]"#, TEXT, [r#""c""#, r#""b""#, "5"]),
    sample("not_in", r#"["a", "c"]"#, TEXT, [r#""b""#, r#""c""#, "5"]),
    sample("lt", "500", NUMBER, ["499", "500", r#""499""#]),
    sample("lte", "500", NUMBER, ["500", "501", r#""500""#]),
    sample("gt", "500", NUMBER, ["501", "500", r#""501""#]),
    sample("gte", "500", NUMBER, ["500", "499", r#""500""#]),
    sample("regex", r#""^a$""#, TEXT, [r#""a""#, r#""b""#, "5"]),
    sample("contains", r#""a""#, "text, array", [r#""xay""#, r#""b""#, "5"]),
    sample("matches", r#""a+""#, TEXT, [r#""aa""#, r#""b""#, r#"["a"]"#]),
    sample("starts_with", r#""a""#, TEXT, [r#""ab""#, r#""ba""#, "5"]),
    sample("ends_with", r#""a""#, TEXT, [r#""ba""#, r#""ab""#, "5"]),
    sample("matches_glob", r#""a*""#, TEXT, [r#""ab""#, r#""ba""#, "5"]),
    sample("length_lte", "1", "text, array", [r#""a""#, r#""ab""#, "5"]),
    sample("length_gte", "2", "text, array", [r#""ab""#, r#""a""#, "5"]),
    sample("one_of_types", r#""integer""#, "text, number, boolean, array, object", ["1", r#""1""#, "1e99999"]),
    sample("within_path", r#""/data""#, TEXT, [r#""/data/a""#, r#""/etc""#, r#""/data/%2e%2e/etc""#]),
    sample("url_host_in", r#""a.example""#, TEXT, [r#""https://a.example/""#, r#""https://b.example/""#, r#""https://a.example@b.example/""#]),
    sample("url_scheme_in", r#""https""#, TEXT, [r#""https://a.example/""#, r#""http://a.example/""#, r#"" https://a.example/""#]),
    sample("ip_in", r#""10.0.0.0/8""#, TEXT, [r#""10.1.2.3""#, r#""11.0.0.1""#, r#""010.1.2.3""#]),
    sample("sql_readonly", r#"{"dialect": "postgres"}"#, TEXT, [r#""SELECT 1""#, r#""DELETE FROM t""#, r#""SELECT pg_sleep(1)""#]),
    sample("argv_in", r#""ls""#, TEXT, [r#""ls -la""#, r#""rm x""#, r#""ls; rm x""#]),
    sample("email_domain_in", r#""a.example""#, TEXT, [r#""x@a.example""#, r#""x@b.example""#, r#""x@b.example,y@a.example""#]),
    sample("before", r#""2026-03-01""#, TEXT, [r#""2026-02-28""#, r#""2026-03-02""#, r#""2026-02-30""#]),
    sample("after", r#""2026-03-01""#, TEXT, [r#""2026-03-02""#, r#""2026-02-28""#, r#""2026-02-30""#]),
];

impl Sample {
    fn leaf(&self, path: &str) -> String {
        let Sample { op, operand, .. } = self;
        format!(r#"{{"path": "{path}", "op": "{op}", "value": {operand}}}"#)
    }

    fn is(&self, value: &str) -> Is {
        let leaf = self.leaf("args.v");
        let inner = leaf.trim_start_matches('{').strip_suffix('}').unwrap();
        let arguments = if value.is_empty() { "{}".to_owned() } else { format!(r#"{{"v": {value}}}"#) };
        value_of(inner, &arguments)
    }
}

/// Whether a call passes a condition as a guard, and as an objection.
fn passes(condition: &str, arguments: &str) -> [bool; 2] {
    ["evaluate", "deny"].map(|action| {
        let text = format!(
            r#"{{"version": "1", "default": "deny", "tools": {{"t": {{"rules": [{{"action": "{action}", "conditions": [{condition}]}}]}}}}}}"#
        );
        let policy = policy(&text);
        shown(&judged(&[(Origin::Server, &policy)], "t", arguments, &Given::default())).starts_with("proceed")
    })
}

#[test]
fn no_operator_is_without_a_sample() {
    let mut sampled: Vec<&str> = SAMPLES.iter().map(|sample| sample.op).chain(["exists"]).collect();
    let mut all = crate::parse::operator::all();
    sampled.sort_unstable();
    all.sort_unstable();
    assert_eq!(sampled, all);
}

/// Kleene's logic around a value that nobody can judge never turns it into a way through; the same conditions over
/// values that can be judged let the call pass in exactly one of their two uses.
#[test]
fn what_cannot_be_judged_is_refused_wherever_it_stands() {
    for sample in &SAMPLES {
        let leaf = sample.leaf("args.v");
        let (holds, never) =
            (r#"{"path": "args.x", "op": "exists"}"#, r#"{"path": "args.y", "op": "exists"}"#);
        for condition in [
            leaf.clone(),
            format!(r#"{{"not": {leaf}}}"#),
            format!(r#"{{"not": {{"not": {leaf}}}}}"#),
            format!(r#"{{"any": [{leaf}, {never}]}}"#),
            format!(r#"{{"any": [{never}, {{"not": {leaf}}}]}}"#),
            format!(r#"{{"all": [{leaf}, {holds}]}}"#),
            format!(r#"{{"all": [{holds}, {{"not": {leaf}}}]}}"#),
            format!(r#"{{"not": {{"any": [{leaf}, {never}]}}}}"#),
            format!(r#"{{"not": {{"all": [{leaf}, {holds}]}}}}"#),
        ] {
            let arguments = |value: &str| format!(r#"{{"v": {value}, "x": 1}}"#);
            assert_eq!(passes(&condition, &arguments(sample.odd)), [false, false], "{condition}");
            for definite in [sample.fits, sample.fails] {
                let [guard, objection] = passes(&condition, &arguments(definite));
                assert_ne!(guard, objection, "{condition} on {definite}");
            }
        }
    }
}

#[test]
fn one_item_that_cannot_be_judged_is_refused_among_others() {
    for sample in &SAMPLES {
        let Sample { fits, fails, odd, .. } = sample;
        let leaf = sample.leaf("args.v[*]");
        for condition in [leaf.clone(), format!(r#"{{"not": {leaf}}}"#), format!(r#"{{"all": [{leaf}]}}"#)] {
            for items in [
                format!("[{odd}]"),
                format!("[{fits}, {odd}]"),
                format!("[{odd}, {fits}]"),
                format!("[{fails}, {odd}]"),
                format!("[{odd}, {fails}]"),
            ] {
                let found = passes(&condition, &format!(r#"{{"v": {items}}}"#));
                assert_eq!(found, [false, false], "{condition} on {items}");
            }
        }
        let guard = |items: &str| passes(&leaf, &format!(r#"{{"v": {items}}}"#));
        assert_eq!(guard(&format!("[{fits}, {fits}]")), [true, false], "{leaf}");
        assert_eq!(guard(&format!("[{fails}, {fails}]")), [false, true], "{leaf}");
    }
}

#[test]
fn values_of_other_kinds() {
    for sample in &SAMPLES {
        for (kind, value) in [
            ("text", r#""""#.to_owned()),
            ("number", "0".to_owned()),
            ("number", "1e99999".to_owned()),
            ("boolean", "true".to_owned()),
            ("array", format!("[{}]", sample.fits)),
            ("array", "[]".to_owned()),
            ("object", format!(r#"{{"v": {}}}"#, sample.fits)),
            ("object", "{}".to_owned()),
        ] {
            if !sample.kinds.contains(kind) {
                assert_eq!(sample.is(&value), Unknown, "{} on {value}", sample.op);
            }
        }
        for nothing in ["null", ""] {
            assert_eq!(sample.is(nothing), Missing, "{} on {nothing:?}", sample.op);
        }
        assert_eq!(sample.is(sample.fits), True, "{}", sample.op);
        assert_eq!(sample.is(sample.fails), False, "{}", sample.op);
        assert_eq!(sample.is(sample.odd), Unknown, "{}", sample.op);
    }
}

/// Numbers are what their text says, to the last digit: whether each is below, equal to or above 9007199254740993.
#[test]
fn numbers_nearly_the_same() {
    use std::cmp::Ordering::{Equal, Greater, Less};
    for (number, order) in [
        ("9007199254740993", Some(Equal)),
        ("9007199254740993.0", Some(Equal)),
        ("9007199254740993e0", Some(Equal)),
        ("9.007199254740993E+15", Some(Equal)),
        ("90071992547409930e-1", Some(Equal)),
        ("9007199254740992", Some(Less)),
        ("9007199254740992.9999999999999999999", Some(Less)),
        ("9007199254740993.0000000000000000001", Some(Greater)),
        ("9007199254740994", Some(Greater)),
        ("-9007199254740993", Some(Less)),
        ("-0", Some(Less)),
        ("0e99999999999999999999", Some(Less)),
        ("1e-9999", Some(Less)),
        ("1e400", Some(Greater)),
        ("-1e400", Some(Less)),
        ("1e99999", None),
        ("-1e99999", None),
        ("1e-99999", None),
        ("1e99999999999999999999", None),
        ("123456789012345678901234567890123456789", None),
        (r#""9007199254740993""#, None),
        (r#""9,007,199,254,740,993""#, None),
        (r#""0x20000000000001""#, None),
        (r#""９""#, None),
        ("[9007199254740993]", None),
        ("true", None),
    ] {
        for (op, holds) in [
            ("eq", [Equal].as_slice()),
            ("neq", &[Less, Greater]),
            ("in", &[Equal]),
            ("not_in", &[Less, Greater]),
            ("lt", &[Less]),
            ("lte", &[Less, Equal]),
            ("gt", &[Greater]),
            ("gte", &[Greater, Equal]),
        ] {
            let operand = if op.ends_with("in") { "[9007199254740993]" } else { "9007199254740993" };
            let condition = format!(r#""path": "args.v", "op": "{op}", "value": {operand}"#);
            let expected = match order {
                None => Unknown,
                Some(order) if holds.contains(&order) => True,
                Some(_) => False,
            };
            assert_eq!(value_of(&condition, &format!(r#"{{"v": {number}}}"#)), expected, "{op} on {number}");
        }
    }
}

/// Letters are compared one by one: what only looks the same, or becomes it by normalising, is another text. Case is
/// ignored where it is asked for, whichever way a letter is written large or small.
#[test]
#[rustfmt::skip]
fn letters_nearly_the_same() {
    for (text, plain, without_case) in [
        ("maß-kit", true, true), ("MASS-KIT", false, true), ("mass-kit", false, true), ("MAẞ-KIT", false, true), ("Maß-Kit", false, true), ("maſs-\u{212a}it", false, true),
        ("ｍaß-kit", false, false), ("m\u{430}ß-kit", false, false), ("maß-kit\u{200b}", false, false), ("\u{feff}maß-kit", false, false), ("\u{202e}maß-kit", false, false), ("maß\u{2010}kit", false, false), ("maß\u{ad}-kit", false, false),
        ("maß-kit ", false, false), ("maß-kit\0", false, false), ("maß-kit\n", false, false), ("maß-ki\u{301}t", false, false), ("maß-k\u{130}t", false, false), ("", false, false),
    ] {
        for (op, operand, negated) in [
            ("eq", r#""maß-kit""#, false), ("neq", r#""maß-kit""#, true), ("in", r#"["maß-kit", "other"]"#, false), ("not_in", r#"["maß-kit", "other"]"#, true), ("matches_glob", r#""maß-k*it""#, false),
        ] {
            for (compare, same) in [("", plain), (r#", "compare": "ci""#, without_case)] {
                let condition = format!(r#""path": "args.v", "op": "{op}", "value": {operand}{compare}"#);
                let value = serde_json::Value::from(text);
                let expected = if same == negated { False } else { True };
                assert_eq!(value_of(&condition, &format!(r#"{{"v": {value}}}"#)), expected, "{op}{compare} on {text:?}");
            }
        }
    }
}
