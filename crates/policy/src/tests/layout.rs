//! One layout: what it looks like, that it is its own, and that nothing is lost.

use proptest::prelude::*;

use super::properties::generate;
use crate::{Source, Syntax, compile, laid_out};

fn yaml(text: &str) -> String {
    laid_out(&Source { name: "p", text, syntax: Syntax::Yaml })
        .unwrap_or_else(|found| panic!("{text}\n{found:#?}"))
}

fn check(text: &str, expected: &str) {
    let written = yaml(text);
    assert_eq!(written, expected, "from {text}");
    assert_eq!(yaml(&written), written, "twice, from {text}");
}

#[test]
fn blanks_and_indentation_are_made_alike() {
    #[rustfmt::skip]
    let table = [
        ("a:   1\nb :  'x'   \n", "a: 1\nb: 'x'\n"),
        ("tools:\n    t:\n        rules: []\n", "tools:\n  t:\n    rules: []\n"),
        ("l:\n- a\n-   b\n", "l:\n  - a\n  - b\n"),
        ("l:\n-   x: 1\n    y: 2\n- z: 3\n", "l:\n  - x: 1\n    y: 2\n  - z: 3\n"),
        ("l: [ a,b , {x: 1,y: [2]} ]\n", "l: [a, b, { x: 1, y: [2] }]\n"),
        ("m: {}\nn: { }\no: []\np:\n", "m: {}\nn: {}\no: []\np:\n"),
        ("m: { a: , b }\n", "m: { a: null, b: null }\n"),
        ("\n\na: 1\n\n\n\nb: 2\n\n", "a: 1\n\nb: 2\n"),
        ("{a: 1, b: {c: 2}}", "{ a: 1, b: { c: 2 } }\n"),
        ("a: 1\r\nb: 2\r\n", "a: 1\nb: 2\n"),
        // What Unicode takes for blank is content.
        ("a:  x\u{85}  # y\u{a0}\nb:   \u{2028}z\n", "a: x\u{85} # y\u{a0}\nb: \u{2028}z\n"),
        ("a:  x\u{85}\n    \u{2029}y\u{a0}\nb: 1\n", "a: x\u{85}\n  \u{2029}y\u{a0}\nb: 1\n"),
        ("a:  |\n    x\u{85}\n    \u{2029}\n", "a: |\n  x\u{85}\n  \u{2029}\n"),
        ("l:\n- - a\n  - b\n-\n  - c\n", "l:\n  - - a\n    - b\n  - - c\n"),
        ("? a\n: 1\n", "a: 1\n"),
        ("---\na: 1\n", "---\na: 1\n"),
        ("é: [ ü ]  # ä\nb:  1\n", "é: [ü] # ä\nb: 1\n"),
        ("\"*\":\n    x:  \"a: b # no\"\n", "\"*\":\n  x: \"a: b # no\"\n"),
        ("", ""),
        ("# only a comment\n", "# only a comment\n"),
    ];
    for (text, expected) in table {
        check(text, expected);
    }
}

#[test]
fn comments_stay_with_what_they_are_about() {
    #[rustfmt::skip]
    let table = [
        ("# head\n\n# above a\na:   1   # beside a\n# above b\nb: 2\n# tail\n", "# head\n\n# above a\na: 1 # beside a\n# above b\nb: 2\n# tail\n"),
        ("t:   # beside t\n    # above a\n    a: 1\n    # below a\n# above u\nu: 2\n", "t: # beside t\n  # above a\n  a: 1\n  # below a\n# above u\nu: 2\n"),
        ("l:\n# above the first\n- a   # one\n# above the second\n- b\n", "l:\n  # above the first\n  - a # one\n  # above the second\n  - b\n"),
        ("l:\n  - # of the item\n    a: 1\n", "l:\n  # of the item\n  - a: 1\n"),
        ("l: [a,   # one\n    b,   # two\n    # none\n   ]\n", "l:\n  - a # one\n  - b # two\n  # none\n"),
        ("m: { # of m\n  a: 1, # one\n  b: 2 }   # behind\n", "m:\n  # of m\n  a: 1 # one\n  b: 2\n  # behind\n"),
        ("m: { a: 1 } # behind\n", "m: { a: 1 } # behind\n"),
        ("tools:\n  a: {}\n\n  # \"*\":\n  #   rules: []\n\n# more\ndefault: deny\n", "tools:\n  a: {}\n\n  # \"*\":\n  #   rules: []\n\n# more\ndefault: deny\n"),
        ("a:\n  rules:\n  - x: 1\n  # about limits\n  limits: []\n", "a:\n  rules:\n    - x: 1\n  # about limits\n  limits: []\n"),
        ("a: # one\n  # two\n  b\n", "# one\n# two\na: b\n"), ("a: # one\n  b # two\n", "a: # one\n  b # two\n"),
        ("# yaml-language-server: $schema=x\na: 1\n", "# yaml-language-server: $schema=x\na: 1\n"),
        ("a: '#no' # yes\nb: x#no\nc: \"#no\"#no\n", ""),
        ("# above\n--- # beside\n# below\na: 1\n", "# above\n---\n# beside\n# below\na: 1\n"),
    ];
    for (text, expected) in table {
        if expected.is_empty() {
            assert!(laid_out(&Source { name: "p", text, syntax: Syntax::Yaml }).is_err());
        } else {
            check(text, expected);
        }
    }
}

#[test]
fn long_brackets_are_broken() {
    let long = "x".repeat(60);
    check(
        &format!("r: [{{ a: {long}, b: {long} }}, {{ c: 1 }}]\n"),
        &format!("r:\n  - a: {long}\n    b: {long}\n  - {{ c: 1 }}\n"),
    );
    check(&format!("r: {{ a: {long} }}\n"), &format!("r: {{ a: {long} }}\n"));
}

#[test]
fn texts_of_several_lines_keep_what_they_say() {
    #[rustfmt::skip]
    let table = [
        ("a: |\n    one\n      two\n\n    three\nb: 1\n", "a: |\n  one\n    two\n\n  three\nb: 1\n"),
        ("a: >-   # folded\n     one\n     two\n\n\nb: 1\n", "a: >-   # folded\n  one\n  two\n\nb: 1\n"),
        ("a: |+\n    one\n\n\nb: 1\n", "a: |+\n  one\n\n\nb: 1\n"),
        ("l:\n-   |\n    x\n", "l:\n  - |\n    x\n"),
        ("a: |2\n     one\n    two\nb: 1\n", "a: |2\n     one\n    two\nb: 1\n"),
        ("k:\n   a: |1\n      one\n", "k:\n  a: |1\n     one\n"),
        ("a: one\n     two\n\n     three\n", "a: one\n  two\n\n  three\n"),
        ("a: \"one\n     two\\\n     \\ three\"\n", "a: \"one\n  two\\\n  \\ three\"\n"),
        ("a: 'it''s # not\n   a comment'\n", "a: 'it''s # not\n  a comment'\n"),
        ("a: |\n  # not a comment\n# a comment\nb: 1\n", "a: |\n  # not a comment\n# a comment\nb: 1\n"),
    ];
    for (text, expected) in table {
        check(text, expected);
    }
}

#[test]
fn json_is_printed_again() {
    let source = |text| Source { name: "p", text, syntax: Syntax::Json };
    let text = "{\"b\":1.0,\"a\":[{},{\"x\":[1,2]}],\"e\":\"\\u00e9\"}";
    let expected = "{\n  \"b\": 1.0,\n  \"a\": [\n    {},\n    {\n      \"x\": [\n        1,\n        2\n      ]\n    }\n  ],\n  \"e\": \"é\"\n}\n";
    assert_eq!(laid_out(&source(text)).unwrap(), expected);
    assert_eq!(laid_out(&source(expected)).unwrap(), expected);
}

#[test]
fn what_is_no_document_is_not_laid_out() {
    for (text, code) in [
        ("a: [1\n", "syntax"),
        ("a: 1\na: 2\n", "duplicate-key"),
        ("a: &x 1\n", "yaml-alias"),
        ("%YAML 1.2\n---\na: 1\n", "cannot-lay-out"),
    ] {
        let found = laid_out(&Source { name: "p", text, syntax: Syntax::Yaml }).unwrap_err();
        assert_eq!(found.first().map(|found| found.code), Some(code), "{text}");
    }
}

/// Text in which comments, brackets, quotes and indentation meet in every way.
fn odd_yaml() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "a:",
        "b: 1",
        "- ",
        "- x",
        "c: [p, q]",
        "d: { e: 1 }",
        "# c1",
        " # c2",
        "\n",
        "\n",
        "\n  ",
        "\n    ",
        "\n\n",
        "f: |",
        "text",
        "'q # r'",
        "\"s\"",
        "{",
        "}",
        "[",
        "]",
        ", ",
        "g: >-",
        "  ",
        "? h",
        ": i",
        "é: ",
    ]);
    prop::collection::vec(piece, 0..25).prop_map(|pieces| pieces.concat() + "\n")
}

#[test]
#[allow(clippy::disallowed_methods, reason = "this test reads the files that it is given")]
fn the_ready_policies_are_laid_out_without_a_change_of_meaning() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../policies");
    for file in std::fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "yaml") {
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        let written = yaml(&text);
        assert_eq!(yaml(&written), written, "{}", path.display());
        let comments = |text: &str| text.lines().filter(|line| line.trim_start().starts_with('#')).count();
        assert_eq!(comments(&text), comments(&written), "{}", path.display());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn a_policy_is_the_same_policy_when_it_is_laid_out(document in generate::document()) {
        let json = document.to_string();
        let digest = |text: &str, syntax| {
            compile(&Source { name: "p", text, syntax }).0.map(|policy| policy.digest().to_string())
        };
        let policy = compile(&Source { name: "p", text: &json, syntax: Syntax::Json }).0.unwrap();
        let printed = policy.document().to_yaml();
        for (text, syntax) in [(&json, Syntax::Json), (&printed, Syntax::Yaml)] {
            let written = laid_out(&Source { name: "p", text, syntax }).unwrap();
            let again = digest(&written, syntax);
            prop_assert_eq!(again.as_deref(), Some(policy.digest()), "{}", written);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn whatever_reads_is_laid_out_once_and_for_all(text in odd_yaml()) {
        if let Ok(written) = laid_out(&Source { name: "p", text: &text, syntax: Syntax::Yaml }) {
            let again = laid_out(&Source { name: "p", text: &written, syntax: Syntax::Yaml });
            prop_assert_eq!(again.as_ref().ok(), Some(&written), "{}", text);
        } else {
            let mut report = crate::diagnostic::Report::new(&text);
            let root = crate::tree::yaml::read(&mut report);
            let map = root.is_some_and(|root| matches!(root.value, crate::Value::Map(_) | crate::Value::Null));
            // The parser takes `|` inside brackets for text, which YAML does not.
            let odd = text.contains(['{', '[']) && text.contains(['|', '>']);
            let reads = map && !report.has_errors() && !odd;
            prop_assert!(!reads, "{:?} reads and cannot be laid out", text);
        }
    }
}
