use super::*;

/// The mistakes of a text, each as `line:column: message (help)`.
fn mistakes(text: &str) -> Vec<String> {
    let (file, found) = read(text, Syntax::Yaml);
    assert_eq!(file.is_some(), found.is_empty(), "{text}");
    found
        .into_iter()
        .map(|found| {
            let help = found.help.map(|help| format!(" ({help})")).unwrap_or_default();
            format!("{}:{}: {}{help}", found.span.line, found.span.column, found.message)
        })
        .collect()
}

#[test]
#[rustfmt::skip]
fn every_mistake_has_its_place() {
    let case = |body: &str| format!("cases:\n  - name: x\n{body}");
    let table: Vec<(String, &[&str])> = vec![
        (case("    call: { tool: t }\n    expect: allow\n"), &[]),
        ("cases: []".to_owned(), &["1:1: a file of tests needs `cases`: a list with at least one case"]),
        ("polcy: a\ncases: [{ name: x, visible: [t] }]".to_owned(),
            &["1:1: unknown key `polcy` in a file of tests (did you mean `policy`?)"]),
        (case("    call: { tool: t, arg: {} }\n    expect: allow\n"),
            &["3:22: unknown key `arg` in a call (did you mean `args`?)"]),
        (case("    call: { tool: t }\n    expct: allow\n"),
            &["2:5: a call needs an `expect`, such as `expect: allow`",
              "4:5: unknown key `expct` in a case (did you mean `expect`?)"]),
        (case("    call: { tool: t }\n    expect: allowed\n"),
            &["4:13: `allowed` is not one of `allow`, `deny`, `await_approval`, `ask` (did you mean `allow`?)"]),
        (case("    call: { tool: t }\n    expect: { verdct: deny }\n"),
            &["4:15: unknown key `verdct` in an expectation (did you mean `verdict`?)"]),
        (case("    call: { tool: t, prompt: p }\n    expect: deny\n"),
            &["3:30: a call names one of `tool`, `resource` and `prompt`"]),
        (case("    call: {}\n    expect: deny\n"), &["3:11: a call names a `tool`, `resource` or `prompt`"]),
        (case("    call: { tool: 1 }\n    expect: deny\n"), &["3:19: expected text, found a number (put it in quotes)"]),
        (case("    call: { tool: t, args: [] }\n    expect: deny\n"), &["3:28: expected a map, found a list"]),
        (case("    call: { tool: t }\n    expect: { retry_after: soon }\n"),
            &["4:28: the wait is a span such as `30s`, `15m` or `2h`"]),
        (case("    call: { tool: t }\n    expect: { reason: { contain: x } }\n"),
            &["4:25: unknown key `contain` in a reason (did you mean `contains`?)"]),
        (case("    call: { tool: t }\n    expect: allow\n    repeat: 0\n"),
            &["5:13: `repeat` is a whole number from 1 to 1000000"]),
        (case("    steps:\n      - { call: { tool: t }, expect: allow, at: later }\n"),
            &["4:49: a step is at `+30s` after the one before, or at a time such as `2026-01-05T09:00:00Z`"]),
        (case("    steps:\n      - { at: +3s }\n"), &["4:9: a step needs a `call`, or `counters` to look at"]),
        (case("    steps:\n      - { counters: { a.b: -1 } }\n"), &["4:28: a counter holds a number that is not negative"]),
        (case("    expect: allow\n"),
            &["2:5: a case needs a `call`, `steps`, `visible` or `hidden`", "3:13: `expect` belongs beside a `call`"]),
        (case("    call: { tool: t }\n    expect: allow\n    steps: []\n"),
            &["5:12: a case has a `call` or `steps`, not both (make the call the first of the steps)"]),
        (case("    clock: noon\n    visible: [t]\n"),
            &["3:12: the clock is a time such as `2026-01-05T09:00:00Z`, or a date"]),
        (case("    visible: { tool: [t] }\n"), &["3:16: unknown key `tool` in a map of lists (did you mean `tools`?)"]),
        (case("    steps: []\n"), &["3:12: a case needs at least one step"]),
        (case("    visible: []\n"), &["3:14: `visible` needs at least one name"]),
        (case("    hidden: {}\n"), &["3:13: `hidden` needs at least one name"]),
        (case("    hidden: { tools: [] }\n"), &["3:13: `hidden` needs at least one name"]),
        (case("    hidden: { tools: [], prompts: [p] }\n"), &[]),
        (case("    call: { tool: t }\n    expect: {}\n"),
            &["4:13: an expectation needs something that can fail, such as `verdict: allow`"]),
        (case("    call: { tool: t }\n    expect: { counters: {} }\n"),
            &["4:13: an expectation needs something that can fail, such as `verdict: allow`"]),
        (case("    call: { tool: t }\n    expect: { shadow: [] }\n"), &[]),
        (case("    steps:\n      - { counters: {} }\n"), &["4:9: a step needs a `call`, or `counters` to look at"]),
        (case("    visible: [{ a: 1 }]\n"), &["3:15: expected a name, found a map"]),
        ("cases:\n  - { visible: [t] }\n  - { name: x, hidden: [t] }\n  - { name: x, hidden: [u] }\n".to_owned(),
            &["2:5: a case needs a `name`", "4:13: two cases have this name"]),
        ("tools: 5\ncases: [{ name: x, visible: [t] }]".to_owned(),
            &["1:8: expected a file's name or a list of tools, found a number"]),
    ];
    for (text, expected) in table {
        assert_eq!(mistakes(&text), expected, "{text}");
    }
}

#[test]
fn arguments_keep_every_digit() {
    let text = "cases:\n- name: x\n  call: { tool: t, args: { a: 1.50, b: [9007199254740993, '1'], \"c d\": null } }\n  expect: deny\n";
    let (file, _) = read(text, Syntax::Yaml);
    let call = file.unwrap().cases.remove(0).steps.remove(0).call.unwrap();
    assert_eq!(call.arguments.as_deref(), Some(r#"{"a": 1.50, "b": [9007199254740993, "1"], "c d": null}"#));
}
