//! Patterns, affixes, globs, lengths and types.

use super::Is::{False, Missing, True, Unknown};
use super::{check_texts, check_values, judged, value_of};

const OTHERS: [&str; 5] = ["5", "true", r#"["a"]"#, r#"{"a": 1}"#, "1e400"];

#[test]
fn what_takes_text_judges_nothing_else() {
    for (name, operand) in [
        ("matches", r#"".*""#),
        ("starts_with", r#""a""#),
        ("ends_with", r#""a""#),
        ("matches_glob", r#""*""#),
        ("within_path", r#""/""#),
        ("url_host_in", r#""a.example""#),
        ("url_scheme_in", r#""https""#),
        ("ip_in", r#""::/0""#),
        ("sql_readonly", r#"{"dialect": "postgres"}"#),
        ("argv_in", r#""ls""#),
        ("email_domain_in", r#""a.example""#),
        ("before", r#""2026-01-01""#),
        ("after", r#""2026-01-01""#),
    ] {
        for other in OTHERS {
            assert_eq!(judged(name, operand, false, other), Unknown, "{name} on {other}");
        }
    }
}

/// A guard fails, an objection has nothing to object to unless it minds.
#[test]
fn what_is_missing_is_missing_to_every_operator() {
    for (name, operand) in [
        ("matches", r#"".*""#),
        ("starts_with", r#""a""#),
        ("ends_with", r#""a""#),
        ("matches_glob", r#""*""#),
        ("length_lte", "5"),
        ("length_gte", "0"),
        ("one_of_types", r#""string""#),
        ("within_path", r#""/""#),
        ("url_host_in", r#""a.example""#),
        ("url_scheme_in", r#""https""#),
        ("ip_in", r#""::/0""#),
        ("sql_readonly", r#"{"dialect": "postgres"}"#),
        ("argv_in", r#""ls""#),
        ("email_domain_in", r#""a.example""#),
        ("before", r#""2026-01-01""#),
        ("after", r#""2026-01-01""#),
    ] {
        let condition = format!(r#""path": "args.v", "op": "{name}", "value": {operand}"#);
        for arguments in ["{}", r#"{"v": null}"#, r#"{"w": "a"}"#] {
            assert_eq!(value_of(&condition, arguments), Missing, "{name} on {arguments}");
        }
    }
}

#[test]
#[rustfmt::skip]
fn each_item_is_judged() {
    let condition = r#""path": "args.v[*]", "op": "email_domain_in", "value": "example.com""#;
    let guards = |value: &str| value_of(condition, &format!(r#"{{"v": {value}}}"#));
    assert_eq!(guards(r#"["a@example.com", "b@example.com"]"#), True);
    assert_eq!(guards(r#"["a@other.example"]"#), False);
    assert_eq!(guards(r#"["a@example.com, b@other.example"]"#), Unknown);
    assert_eq!(guards(r#""a@example.com""#), Unknown);
}

#[test]
#[rustfmt::skip]
fn matches_the_whole_value() {
    check_texts("matches", r#""a|b""#, &[
        ("a", True), ("b", True), ("ab", False), ("a\n", False), ("\na", False), ("a\nb", False), ("A", False),
        ("a\0", False), ("xa", False), ("", False), ("\u{430}", False), ("a\u{301}", False), ("a\u{200b}", False),
    ]);
    // What would end anchors that are put round the text, or a line of it.
    check_texts("matches", r#""(?m)^SELECT$""#, &[("SELECT", True), ("SELECT\nDROP", False), ("DROP\nSELECT", False), ("SELECT\n", False)]);
    check_texts("matches", r#""(?x) a # the letter""#, &[("a", True), ("ab", False), ("ba", False)]);
    check_texts("matches", r#""(?i)a(?-i)b""#, &[("Ab", True), ("aB", False), ("Abx", False)]);
    check_texts("matches", r#""a.c""#, &[("abc", True), ("a\nc", False), ("a\0c", True), ("a\u{1f600}c", True)]);
    check_texts("matches", r#""""#, &[("", True), ("a", False)]);
    check_texts("matches", r#""\\d{3}""#, &[("123", True), ("1234", False), ("١٢٣", True), ("12", False)]);
    check_texts("matches", r#""a*?""#, &[("aaa", True), ("aab", False)]);
    assert_eq!(judged("matches", r#""prod-[0-9]+""#, true, r#""PROD-7""#), True);
    assert_eq!(judged("matches", r#""prod-[0-9]+""#, true, r#""PROD-7x""#), False);
}

#[test]
#[rustfmt::skip]
fn ends_of_a_text() {
    check_texts("starts_with", r#""acme/""#, &[
        ("acme/web", True), ("acme/", True), ("acme", False), ("Acme/web", False), ("acme-evil/web", False), (" acme/", False),
        ("\u{feff}acme/", False), ("", False), ("\u{430}cme/web", False),
    ]);
    check_texts("ends_with", r#"".pdf""#, &[
        ("a.pdf", True), (".pdf", True), ("a.pdf ", False), ("a.pdf\0", False), ("a.pdf\n", False), ("a.PDF", False), ("a.pdf.exe", False), ("pdf", False),
    ]);
    for (text, expected) in [(r#""ACME/web""#, True), (r#""acm/""#, False), ("\"\u{212A}\"", False)] {
        assert_eq!(judged("starts_with", r#""Acme/""#, true, text), expected, "{text}");
    }
    assert_eq!(judged("ends_with", r#""KM""#, true, "\"12\u{212A}m\""), True);
    check_texts("starts_with", r#"["é", "/a"]"#, &[("é", True), ("e\u{301}", False), ("éa", True), ("\u{e9}\u{301}", True), ("//a", False), ("\u{200b}/a", False), ("\u{202e}/a", False), ("／a", False), ("/A", False), ("%2fa", False)]);
    check_texts("ends_with", r#"".pdf""#, &[("a.pdf\u{200b}", False), ("a.pd\u{192}", False), ("a．pdf", False), ("a.pdf\u{301}", False), ("a.pdf.", False), ("a.pdf::$DATA", False), ("\u{202e}fdp.exe.pdf", True)]);
    for (op, operand, text, expected) in [
        ("starts_with", r#""straße""#, r#""STRAẞE 1""#, True), ("ends_with", r#""straße""#, r#""NEUE STRAẞE""#, True), ("ends_with", r#""STRASSE""#, r#""neue straße""#, True), ("starts_with", r#""ſ""#, r#""S""#, True),
        ("matches", r#""straße""#, r#""STRAẞE""#, True), ("matches", r#""straße""#, r#""STRASSE""#, False), ("matches", r#""k.*""#, "\"\u{212a}x\"", True),
    ] {
        assert_eq!(judged(op, operand, true, text), expected, "{op} {operand} {text}");
    }
}

#[test]
#[rustfmt::skip]
fn globs_have_one_metacharacter() {
    check_texts("matches_glob", r#""acme/*-web""#, &[
        ("acme/x-web", True), ("acme/-web", True), ("acme/a/b-web", True), ("acme/x-web\n", False), ("xacme/x-web", False), ("ACME/x-web", False),
        ("acme/x\n-web", True), ("acme/web", False),
    ]);
    check_texts("matches_glob", r#""a?c*""#, &[("a?c", True), ("abc", False), ("a?cd", True)]);
    check_texts("matches_glob", r#""[ab]*""#, &[("[ab]x", True), ("a", False)]);
    assert_eq!(judged("matches_glob", r#""PROD-*""#, true, r#""prod-eu""#), True);
}

#[test]
#[rustfmt::skip]
fn lengths_are_of_characters_and_items() {
    check_values("length_lte", "3", &[
        (r#""abc""#, True), (r#""abcd""#, False), (r#""""#, True), ("\"\u{1f600}\u{1f600}\u{1f600}\"", True), (r#""e\u0301e\u0301""#, False),
        (r#""\ud83d\ude00ab""#, True), (r#""\u0000\u0000\u0000\u0000""#, False), ("[1, 2, 3]", True), ("[1, 2, 3, 4]", False), ("[]", True), ("[[1, 2, 3, 4]]", True), ("[null, null, null, null]", False),
        ("123", Unknown), ("{}", Unknown), (r#"{"a": 1}"#, Unknown), ("true", Unknown), ("1e400", Unknown),
    ]);
    check_values("length_gte", "2", &[(r#""ab""#, True), (r#""a""#, False), ("[0]", False), ("[0, 0]", True), ("5", Unknown), ("{}", Unknown)]);
    // Code points, whatever they look like and however many bytes they take.
    check_texts("length_lte", "4", &[("äöüß", True), ("𝒳𝒳𝒳𝒳", True), ("a\u{301}a\u{301}", True), ("👩‍👩‍👧", False), ("\u{200b}\u{200b}\u{200b}\u{200b}\u{200b}", False), ("İİİİ", True), ("\u{202e}abc", True), ("ﷺﷺﷺﷺ", True)]);
    check_values("length_lte", "0", &[(r#""""#, True), ("[]", True), (r#"" ""#, False)]);
    check_values("length_lte", "3.0", &[(r#""abc""#, True)]);
}

#[test]
#[rustfmt::skip]
fn types_are_those_of_json_schema() {
    check_values("one_of_types", r#""integer""#, &[
        ("1", True), ("1.0", True), ("1e3", True), ("-0", True), ("9007199254740993", True), ("1e400", True), ("1.5", False), ("1e-1", False),
        (r#""1""#, False), ("true", False), ("[1]", False), ("1234567890123456789012345678901234567890", Unknown), ("1e99999", Unknown),
    ]);
    check_values("one_of_types", r#"["number"]"#, &[("1", True), ("1.5", True), ("1e99999", True), (r#""1""#, False), ("false", False)]);
    check_values("one_of_types", r#"["string", "array"]"#, &[(r#""""#, True), ("[]", True), ("{}", False), ("0", False), ("1e99999", False), ("false", False)]);
    check_values("one_of_types", r#"["object", "boolean"]"#, &[("{}", True), ("false", True), (r#""{}""#, False), ("[]", False)]);
    check_values("one_of_types", r#"["integer", "number"]"#, &[("1234567890123456789012345678901234567890", True)]);
}
