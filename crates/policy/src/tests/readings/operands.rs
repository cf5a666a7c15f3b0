//! Mistakes in operands, and what is said about values.

use super::super::{Given, compiled, judged, policy, shown};
use crate::Origin;

/// The first finding about a condition with this test: message and advice.
fn finding(test: &str) -> String {
    let text = format!(
        "{{\"version\": \"1\", \"default\": \"deny\", \"tools\": {{\"t\": {{\"require\": [\
         {{\"path\": \"args.v\", {test}}}]}}}}}}"
    );
    let (_, found) = compiled(&text);
    let first = found.first().unwrap_or_else(|| panic!("nothing is wrong with {test}"));
    match &first.help {
        Some(help) => format!("{}: {}; {help}", first.code, first.message),
        None => format!("{}: {}", first.code, first.message),
    }
}

#[test]
#[rustfmt::skip]
fn mistakes_in_operands() {
    let table = [
        (r#""op": "matches", "value": "a)|(b""#, "bad-regex: the regular expression is not valid: unopened group; a sign that stands for itself needs `\\` before it: `\\(`, `\\.`"),
        (r#""op": "matches", "value": "a{1000}{1000}""#, "bad-regex: the regular expression needs more than 1048576 bytes when compiled; shorten it, or write it as several conditions"),
        (r#""op": "matches", "value": 5"#, "wrong-type: expected text, found a number; put it in quotes"),
        (r#""op": "starts_with", "value": """#, "bad-operand: every text begins and ends with an empty one; write at least one character"),
        (r#""op": "matches_glob", "value": "a?c""#, "bad-operand: `a?c` has no `*`, which is the only sign that means something here; use `op: eq` for one text, `op: matches` for a regular expression"),
        (r#""op": "length_lte", "value": -1"#, "negative: this number must not be negative; write 0 or more"),
        (r#""op": "length_lte", "value": 1.5"#, "not-whole: a length is a whole number; leave the fraction out"),
        (r#""op": "length_lte", "value": "5""#, "wrong-type: expected a number, found text; write it without quotes"),
        (r#""op": "one_of_types", "value": ["text"]"#, "bad-operand: `text` is not the name of a type; write `string`"),
        (r#""op": "one_of_types", "value": ["string", "intger"]"#, "bad-operand: `intger` is not the name of a type; did you mean `integer`?"),
        (r#""op": "one_of_types", "value": "null""#, "bad-operand: `null` is not the name of a type; a null argument counts as missing: use `op: exists`"),
        (r#""op": "one_of_types", "value": []"#, "empty-list: an empty list compares with nothing; list the values, or leave the condition out"),
        (r#""op": "within_path", "value": "~/data""#, "bad-operand: no path is under `~/data`: it begins with `~`, which a shell replaces; write a directory such as `/srv/data`, or `.` and `src` for relative paths"),
        (r#""op": "within_path", "value": ["/a", "/a/../b"]"#, "bad-operand: `/a/../b` leads upwards; write the directory itself, without `..`"),
        (r#""op": "url_host_in", "value": "https://example.com/""#, "bad-operand: `https://example.com/` is more than a host; write the host only, such as `example.com` or `*.example.com`"),
        (r#""op": "url_host_in", "value": "*""#, "bad-operand: `*` is not a host; for any host use `op: url_scheme_in`; `*.example.com` is everything below example.com"),
        (r#""op": "url_host_in", "value": "ex*.com""#, "bad-operand: `ex*.com` is no domain: `*` stands at the beginning only; write `*.example.com` for everything below example.com"),
        (r#""op": "url_host_in", "value": "example.com:99999""#, "bad-operand: `99999` is not a port; write `example.com:8443`"),
        (r#""op": "url_host_in", "value": {"host": "a"}"#, "unknown-key: unknown key `host` in `url_host_in`; did you mean `hosts`?"),
        (r#""op": "url_host_in", "value": {"schemes": "https"}"#, "missing-key: `url_host_in` needs `hosts`; such as `hosts: [example.com]`"),
        (r#""op": "url_host_in", "value": {"hosts": "a", "schemes": "HTTPS"}"#, "bad-operand: `HTTPS` is not a scheme; write `https`"),
        (r#""op": "url_scheme_in", "value": "https://""#, "bad-operand: `https://` is not a scheme; write `https`"),
        (r#""op": "ip_in", "value": "10.0.0.1/8""#, "bad-operand: `10.0.0.1/8` names an address inside its range; the range is `10.0.0.0/8`"),
        (r#""op": "ip_in", "value": ["10.0.0.0/33"]"#, "bad-operand: `10.0.0.0/33` is not a range of addresses; write `10.0.0.0/8`, `2001:db8::/32` or one address"),
        (r#""op": "sql_readonly", "value": "postgres""#, "wrong-type: `sql_readonly` takes a map that says the dialect; write `{ dialect: postgres }`"),
        (r#""op": "sql_readonly", "value": {"dialect": "postgresql"}"#, "unknown-word: `postgresql` is not one of `postgres`, `mysql`, `sqlite` or `generic`; did you mean `postgres`?"),
        (r#""op": "sql_readonly", "value": {}"#, "missing-key: `sql_readonly` needs `dialect`; such as `dialect: postgres`"),
        (r#""op": "argv_in", "value": "git *""#, "bad-operand: `git *` is not the beginning of a command line: it holds `*`, which means something to a shell; write plain words, such as `git status`"),
        (r#""op": "email_domain_in", "value": "@example.com""#, "bad-operand: `@example.com` is no domain; write `example.com`"),
        (r#""op": "email_domain_in", "value": "a@example.com""#, "bad-operand: `a@example.com` is no domain; write the domain only: `example.com`"),
        (r#""op": "before", "value": "2026-01-31T12:00:00""#, "bad-operand: `2026-01-31T12:00:00` does not say where it is that time; write `2026-01-31T12:00:00Z` for UTC, or another offset such as `+02:00`"),
        (r#""op": "before", "value": "31.01.2026""#, "bad-operand: `31.01.2026` is not a date or a moment; write `2026-01-31`, or `2026-01-31T12:00:00Z` with its offset"),
        (r#""op": "ip_in", "value": "::1", "compare": "ci""#, "no-effect: `compare: ci` compares text only; leave it out"),
        (r#""op": "macthes", "value": "a""#, "unknown-operator: unknown operator `macthes`; did you mean `matches`?"),
        (r#""op": "within_path""#, "missing-key: a condition needs `value`; such as `value: 500`"),
    ];
    for (test, expected) in table {
        assert_eq!(finding(test), expected, "{test}");
    }
}

/// As a guard, as an objection.
#[test]
#[rustfmt::skip]
fn what_a_denied_agent_reads() {
    let table = [
        (r#""op": "within_path", "value": ["/data", "/srv"]"#, r#""/etc""#, r#"argument "v" must be a path within "/data" or "/srv""#),
        (r#""op": "within_path", "value": "/data""#, r#""/data/%2e%2e""#, r#"argument "v" is percent-encoded"#),
        (r#""op": "sql_readonly", "value": {"dialect": "sqlite"}"#, r#""DELETE FROM t""#, r#"argument "v" must be a read-only SQL statement"#),
        (r#""op": "sql_readonly", "value": {"dialect": "sqlite"}"#, r#""SELECT load_extension('x')""#, r#"argument "v" calls the function "load_extension", which is not known only to read"#),
        (r#""op": "sql_readonly", "value": {"dialect": "sqlite"}"#, "5", r#"argument "v" must be text, not a number"#),
        (r#""op": "length_lte", "value": 3"#, "{}", r#"argument "v" must be text or an array, not an object"#),
        (r#""op": "matches", "value": "[a-z]+""#, r#""A""#, r#"argument "v" must match "[a-z]+" as a whole"#),
        (r#""op": "url_host_in", "value": "example.com""#, r#""https://a@example.com""#, r#"argument "v" holds a user name before its host"#),
        (r#""op": "argv_in", "value": "ls""#, r#""ls; rm x""#, r#"argument "v" holds `;`, which means something to a shell"#),
        (r#""op": "before", "value": "2026-01-01""#, r#""2027-01-01""#, r#"argument "v" must be before 2026-01-01"#),
    ];
    for (test, value, expected) in table {
        let text = format!(r#"{{"version": "1", "default": "deny", "tools": {{"t": {{"require": [{{"path": "args.v", {test}}}]}}}}}}"#);
        let policy = policy(&text);
        let found = shown(&judged(&[(Origin::Server, &policy)], "t", &format!(r#"{{"v": {value}}}"#), &Given::default()));
        assert!(found.contains(expected), "{test} on {value}: {found}");
    }
    let text = r#"{"version": "1", "default": "allow", "tools": {"t": {"deny_if": [{"conditions": [{"path": "args.v", "op": "ip_in", "value": "10.0.0.0/8"}]}]}}}"#;
    let policy = policy(text);
    for (value, expected) in [
        (r#""10.1.2.3""#, r#"argument "v" is an IP address in "10.0.0.0/8""#),
        (r#""010.1.2.3""#, r#"argument "v" is not an IP address in its usual form"#),
        (r#""11.0.0.1""#, "proceed"),
    ] {
        let found = shown(&judged(&[(Origin::Server, &policy)], "t", &format!(r#"{{"v": {value}}}"#), &Given::default()));
        assert!(found.contains(expected), "{value}: {found}");
    }
}

/// What comes from a named list is written by its name, and names are judged as what they stand for.
#[test]
fn named_lists() {
    let text = r#"{"version": "1", "default": "deny", "lists": {"inside": ["10.0.0.0/8", "::1"], "secure": ["https"], "ours": ["a.example", "*.b.example"]},
        "tools": {"t": {"require": [
            {"path": "args.i", "op": "ip_in", "value": {"list": "inside"}},
            {"path": "args.u", "op": "url_host_in", "value": {"hosts": {"list": "ours"}, "schemes": {"list": "secure"}}},
            {"path": "args.w", "op": "url_host_in", "value": {"list": "ours"}}]}}}"#;
    let policy = policy(text);
    let printed = policy.document().to_json();
    assert_eq!(printed.matches("\"list\"").count(), 4, "{printed}");
    assert_eq!(compiled(&printed).0.unwrap().document(), policy.document());
    for (arguments, passes) in [
        (r#"{"i": "10.0.0.1", "u": "https://a.example", "w": "http://x.b.example"}"#, true),
        (r#"{"i": "11.0.0.1", "u": "https://a.example", "w": "http://a.example"}"#, false),
        (r#"{"i": "10.0.0.1", "u": "http://a.example", "w": "http://a.example"}"#, false),
        (r#"{"i": "10.0.0.1", "u": "https://a.example", "w": "http://b.example"}"#, false),
    ] {
        let found = shown(&judged(&[(Origin::Server, &policy)], "t", arguments, &Given::default()));
        assert_eq!(found.starts_with("proceed"), passes, "{arguments}: {found}");
    }
    let (_, found) = compiled(&text.replace("10.0.0.0/8", "10.0.0.1/8"));
    assert!(found.iter().any(|found| found.code == "bad-operand"), "{found:#?}");
}
