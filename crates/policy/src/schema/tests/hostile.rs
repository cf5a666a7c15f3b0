//! Schemas that a hostile server writes: each ends soon, and none of them lets anything through.

use std::fmt::Write as _;

use interlock_json::{Limits, scan};

use super::super::Schema;
use super::compared;

const TOO_MUCH: &str = "? the arguments take too much work to compare with the tool's schema";

/// Unbounded work would not end: whoever runs the tests ends what hangs.
fn ends(what: &str, schema: &str, arguments: &str, expected: &str) {
    let said = compared(schema, arguments);
    assert!(said.starts_with(expected), "{what}: {said}");
}

fn nested(open: &str, inner: &str, close: &str, times: usize) -> String {
    format!("{}{inner}{}", open.repeat(times), close.repeat(times))
}

#[test]
fn references_that_multiply_or_never_end() {
    // Forty levels of two alternatives each would be 2^40 comparisons.
    let mut levels = String::new();
    for level in 0..40 {
        let next = level + 1;
        write!(
            levels,
            r##""d{level}": {{"anyOf": [{{"$ref": "#/$defs/d{next}"}}, {{"$ref": "#/$defs/d{next}"}}]}},"##
        )
        .unwrap();
    }
    for keyword in ["anyOf", "oneOf", "allOf"] {
        let last = if keyword == "allOf" { "true" } else { "false" };
        let levels = levels.replace("anyOf", keyword);
        let schema = format!(r##"{{"$ref": "#/$defs/d0", "$defs": {{{levels} "d40": {last}}}}}"##);
        ends(keyword, &schema, "{}", TOO_MUCH);
        ends(
            "under `not`",
            &format!(r#"{{"not": {schema}}}"#).replace("#/$defs", "#/not/$defs"),
            "{}",
            TOO_MUCH,
        );
    }
    ends("itself", r##"{"$ref": "#"}"##, "{}", TOO_MUCH);
    ends(
        "each other",
        r##"{"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}}}"##,
        "{}",
        TOO_MUCH,
    );
    ends("through not", r##"{"not": {"$ref": "#"}}"##, "{}", TOO_MUCH);
    let branching = r##"{"type": "object", "required": ["a"], "properties": {"a": {"oneOf": [{"$ref": "#"}, {"$ref": "#"}]}}}"##;
    ends("down the arguments", branching, &nested(r#"{"a":"#, "1", "}", 60), TOO_MUCH);
    // A chain of references is neither endless nor deep to compile; it is too deep to follow.
    let mut chain = String::new();
    for link in 0..10_000 {
        write!(chain, r##""c{link}": {{"$ref": "#/$defs/c{}"}},"##, link + 1).unwrap();
    }
    let chain = format!(r##"{{"$ref": "#/$defs/c0", "$defs": {{{chain} "c10000": true}}}}"##);
    ends("a chain", &chain, "{}", TOO_MUCH);
}

#[test]
fn patterns_that_blow_up() {
    let pattern = |pattern: &str| {
        format!(r#"{{"properties": {{"a": {{"pattern": {}}}}}}}"#, serde_json::to_string(pattern).unwrap())
    };
    let text = |length: usize| format!(r#"{{"a": "{}!"}}"#, "a".repeat(length));
    ends("backtracking", &pattern("^(a+)+$"), &text(100_000), "argument");
    ends("alternatives", &pattern("^(a|a|aa)*$"), &text(100_000), "argument");
    ends("many states", &pattern("^(a|b)*a(a|b){12}$"), &text(50_000), "argument");
    ends("repeated repeats", &pattern("((a{100}){100}){100}"), "{}", "! its pattern");
    ends("a long one", &pattern(&"a".repeat(5_000)), "{}", "! its pattern");
    ends("many bytes", &pattern(r"\w{200}x$"), &text(4_000_000), TOO_MUCH);
    let many: String = (0..2_000).map(|index| format!(r#""x{{900}}{index}": true,"#)).collect();
    ends("many of them", &format!(r#"{{"patternProperties": {{{many} "z": true}}}}"#), "{}", "! its pattern");
}

#[test]
fn large_and_deep_ones() {
    let values: String = (0..60_000).map(|index| format!("{index},")).collect();
    let listed = format!(r#"{{"properties": {{"a": {{"enum": [{values} 0]}}}}}}"#);
    ends("a large list of values", &listed, r#"{"a": -1}"#, r#"argument "a" must be one of 0,"#);
    ends("too long", &format!(r#"{{"title": "{}"}}"#, "x".repeat(600_000)), "{}", "! it is longer");
    let parts = "{},".repeat(30_000);
    ends("too many parts", &format!(r#"{{"anyOf": [{parts} {{}}]}}"#), "{}", "! it has more than");
    ends("too deep", &nested(r#"{"not":"#, "{}", "}", 101), "{}", "! it is not well-formed JSON");
    ends("keys twice", r#"{"type": "object", "type": "array"}"#, "{}", "! it is not well-formed JSON");
    let members: String = (0..20_000).map(|index| format!(r#""k{index}": 1,"#)).collect();
    let required: String = (0..20_000).map(|index| format!(r#""k{index}","#)).collect();
    ends(
        "many names asked for",
        &format!(r#"{{"required": [{required} "k0"]}}"#),
        &format!("{{{members} \"z\": 1}}"),
        TOO_MUCH,
    );
    let items = "[[1]],".repeat(100_000);
    ends(
        "unique items",
        r#"{"properties": {"a": {"uniqueItems": true}}}"#,
        &format!(r#"{{"a": [{items} [[1]]]}}"#),
        "argument",
    );
    let asks = r##"{"unevaluatedProperties": {"$ref": "#"}, "anyOf": [{"$ref": "#/$defs/x"}, true], "$defs": {"x": {"unevaluatedProperties": true}}}"##;
    ends("what is left over", asks, &nested(r#"{"a":"#, "1", "}", 90), "");
}

/// Every part that looks at a name or a number reads it anew, and is paid for it.
#[test]
fn long_names_and_numbers_for_many_parts() {
    let all =
        |part: &str| format!(r#"{{"properties": {{"a": {{"allOf": [{}]}}}}}}"#, vec![part; 4_000].join(","));
    let name = format!(r#"{{"a": {{"{}": 1}}}}"#, "x".repeat(9_000));
    let escaped = format!(r#"{{"a": {{"{}": 1}}}}"#, "\\u0061".repeat(1_500));
    let whole = format!(r#"{{"a": 1.{}}}"#, "0".repeat(9_000));
    let text = format!(r#"{{"a": "{}"}}"#, "\\u0061".repeat(1_500));
    ends("names", &all(r#"{"propertyNames": true}"#), &name, TOO_MUCH);
    ends("escaped names", &all(r#"{"minProperties": 1}"#), &escaped, TOO_MUCH);
    ends("multiples", &all(r#"{"multipleOf": 1}"#), &whole, TOO_MUCH);
    ends("integers", &all(r#"{"type": "integer"}"#), &whole, TOO_MUCH);
    ends("texts", &all(r#"{"minLength": 1}"#), &text, TOO_MUCH);
}

#[test]
fn undeclared_arguments_are_found_in_bounded_time_too() {
    let mut levels = String::new();
    for level in 0..1_000 {
        write!(levels, r##""d{level}": {{"anyOf": [{{"$ref": "#/$defs/d{}"}}, {{"$ref": "#"}}], "properties": {{"p{level}": {{"$ref": "#"}}}}}},"##, level + 1).unwrap();
    }
    let schema = format!(
        r##"{{"$ref": "#/$defs/d0", "$defs": {{{levels} "d1000": {{"patternProperties": {{"^(a|b)*a(a|b){{12}}$": {{"$ref": "#"}}}}}}}}}}"##
    );
    let compiled = Schema::new(&schema).unwrap();
    let arguments = nested(&format!(r#"{{"{}":"#, "ab".repeat(20)), "1", "}", 90);
    let members: String =
        (0..50_000).map(|index| format!(r#""p{}x{index}": {{}},"#, index % 1_000)).collect();
    for text in [arguments, format!("{{{members} \"q\": 1}}")] {
        let document = scan(text, &Limits::default()).unwrap();
        assert!(compiled.refuse_undeclared(document.root()).is_err());
    }
}
