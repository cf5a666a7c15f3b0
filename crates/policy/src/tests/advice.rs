//! What a person probably meant: empty entries, the words of other programs, keys that are nearly right.

use super::compiled;
use crate::Severity;

/// The findings of a document, each as `severity code: message; help`.
fn check(text: &str, expected: &[&str]) {
    let (policy, diagnostics) = compiled(text);
    let errors = diagnostics.iter().filter(|found| found.severity == Severity::Error).count();
    assert_eq!(policy.is_none(), errors > 0, "{text}");
    let found: Vec<String> = diagnostics
        .into_iter()
        .map(|found| {
            let severity = if found.severity == Severity::Error { "error" } else { "warning" };
            let help = found.help.map(|help| format!("; {help}")).unwrap_or_default();
            format!(
                "{}:{} {severity} {}: {}{help}",
                found.span.line, found.span.column, found.code, found.message
            )
        })
        .collect();
    assert_eq!(found, expected, "{text}");
}

fn around(part: &str) -> String {
    format!("version: \"1\"\ndefault: deny\n{part}")
}

#[test]
fn what_is_left_empty() {
    for (part, expected) in [
        (
            "tools:\n  wipe-all:\n",
            "4:3 warning empty-entry: nothing stands behind `wipe-all`, so it permits every call of it; \
             write `{}` behind it if that is meant, or what is required",
        ),
        (
            "tools: { get_*: null }\n",
            "3:10 warning empty-entry: nothing stands behind `get_*`, so it permits every call of it; \
             write `{}` behind it if that is meant, or what is required",
        ),
        (
            "prompts:\n  p:\n",
            "4:3 warning empty-entry: nothing stands behind `p`, so it permits every use of it; \
             write `{}` behind it if that is meant, or what is required",
        ),
        (
            "tools:\n  t: {}\n  \"*\":\n",
            "5:3 warning empty-entry: nothing stands behind `*`, so it constrains nothing; \
             write the constraints that are meant, or leave it out",
        ),
        (
            "tools: { t: {} }\nall_tools:\n",
            "4:1 warning empty-entry: nothing stands behind `all_tools`, so it constrains nothing; \
             write the constraints that are meant, or leave it out",
        ),
        (
            "tools:\n  t:\n    rules:\n",
            "5:5 warning empty-value: nothing stands behind `rules`, so it is as if it were not there; \
             write what is meant, or leave the key out",
        ),
        (
            "tools:\n  t:\n    limits: [{ window: day, max: 5 }]\n    deny_if:\n",
            "6:5 warning empty-value: nothing stands behind `deny_if`, so it is as if it were not there; \
             write what is meant, or leave the key out",
        ),
        (
            "tools:\n  t:\n    rules: [{ rate_limit: 5/day, conditions: null }]\n",
            "5:34 warning empty-value: nothing stands behind `conditions`, so it is as if it were not there; \
             write what is meant, or leave the key out",
        ),
    ] {
        check(&around(part), &[expected]);
    }
    for part in ["tools:\n", "tools: { t: {} }\n", "tools: { t: { rules: [] } }\n"] {
        check(&around(part), &[]);
    }
    for text in ["", "# nothing\n", "{}"] {
        check(
            text,
            &[
                "1:1 warning empty-policy: an empty policy denies everything; begin it with `version: \"1\"`, \
               `default: deny` and `tools:`",
            ],
        );
    }
}

#[test]
fn other_programs_words() {
    for (text, meant) in [
        ("default: permit\n", "allow"),
        ("default: Block\n", "deny"),
        ("default: deny\nmode: audit\n", "shadow"),
        ("default: deny\nmode: dry-run\n", "shadow"),
        ("default: deny\nmode: live\n", "enforce"),
        ("default: deny\ntools: { t: { rules: [{ action: block, reason: no }] } }\n", "deny"),
        ("default: deny\ntools: { t: { rules: [{ action: ask, reason: no }] } }\n", "require_approval"),
        ("default: deny\ntools: { t: { rules: [{ action: check, rate_limit: 5/day }] } }\n", "evaluate"),
    ] {
        let (_, diagnostics) = compiled(&format!("version: \"1\"\n{text}"));
        let helps: Vec<_> = diagnostics
            .iter()
            .filter(|found| found.code == "unknown-word")
            .map(|found| found.help.as_deref())
            .collect();
        assert_eq!(helps, [Some(format!("did you mean `{meant}`?").as_str())], "{text}");
    }
}

#[test]
fn entries_that_are_a_verdict() {
    for (value, kind, help) in [
        ("allow", "text", "write `{}` to permit it, or a map with `rules`"),
        ("true", "true or false", "write `{}` to permit it, or a map with `rules`"),
        ("deny", "text", "write `{ rules: [{ action: deny }] }` to deny it"),
        ("false", "true or false", "write `{ rules: [{ action: deny }] }` to deny it"),
    ] {
        let expected = format!("4:6 error wrong-type: an entry is a map, not {kind}; {help}");
        check(&around(&format!("tools:\n  y: {value}\n")), &[&expected]);
    }
}

#[test]
fn keys_that_are_missing() {
    let around = |part: &str| around(&format!("tools:\n  t: {part}\n"));
    for (part, expected) in [
        ("{ limits: [{ max: 5 }] }", "4:17 error missing-key: a limit needs `window`; such as `window: day`"),
        (
            "{ require: [{ path: args.a, op: lte }] }",
            "4:18 error missing-key: a condition needs `value`; such as `value: 500`",
        ),
        (
            "{ deny_if: [{ name: n }] }",
            "4:18 error missing-key: a block needs `conditions`; such as \
             `conditions: [{ path: args.amount, op: gt, value: 500 }]`",
        ),
    ] {
        check(&around(part), &[expected]);
    }
}

/// What stands behind a misspelt key is read as if the key were right.
#[test]
fn mistakes_behind_a_mistake() {
    check(
        &around(
            "tool:\n  t:\n    rule:\n      - rate_limit: { mx: 5, windw: 60, window: fortnight }\n  u:\n",
        ),
        &[
            "3:1 error unknown-key: unknown key `tool` in a policy; did you mean `tools`?",
            "5:5 error unknown-key: unknown key `rule` in an entry; did you mean `rules`?",
            "6:23 error unknown-key: unknown key `mx` in `rate_limit`; did you mean `max`?",
            "6:30 error unknown-key: unknown key `windw` in `rate_limit`; did you mean `window`?",
            "6:49 error bad-window: `fortnight` is not a window; a window is `minute`, `hour`, `day`, `week`, \
             `month`, seconds, or a number with `s`, `m`, `h` or `d`",
            "7:3 warning empty-entry: nothing stands behind `u`, so it permits every call of it; write `{}` \
             behind it if that is meant, or what is required",
        ],
    );
    // The right key counts where both are there, and what has no parts is not guessed at.
    check(
        &around("tools: { t: {} }\ntool: { u: text }\nhidee: 5\n"),
        &[
            "4:1 error unknown-key: unknown key `tool` in a policy; did you mean `tools`?",
            "5:1 error unknown-key: unknown key `hidee` in a policy; did you mean `hide`?",
        ],
    );
    // A condition on a counter whose entry stands behind a misspelt key finds it there.
    check(
        &around(
            "tool:\n  t:\n    rules: [{ conditions: [{ path: state.t.c, op: lt, value: 5 }] }]\n    \
             limits: [{ counter: c, window: day, max: 5 }]\n",
        ),
        &["3:1 error unknown-key: unknown key `tool` in a policy; did you mean `tools`?"],
    );
}
