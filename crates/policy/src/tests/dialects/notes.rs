//! What an import writes and says.

use crate::{Call, Facts, Imported, Judgement, Origin, Section, Source, Syntax, Verdict, import, judge};

/// The text that was written, and the choices as `line: message`.
fn written(text: &str) -> (String, Vec<String>) {
    let json = text.trim_start().starts_with('{');
    let syntax = if json { Syntax::Json } else { Syntax::Yaml };
    let (imported, found) = import(&Source { name: "policy", text, syntax }, None, "s.json");
    let imported = imported.unwrap_or_else(|| panic!("{found:#?}"));
    let stricter = |stricter| if stricter { "stricter" } else { "same" };
    let choices = imported.choices.iter();
    let choices = choices
        .map(|choice| format!("{} ({}): {}", choice.span.line, stricter(choice.stricter), choice.message));
    (imported.text, choices.collect())
}

#[test]
fn an_intercept_policy_with_everything_that_is_chosen() {
    let (text, choices) = written(
        r#"tools:
  create_charge:
    rules:
      - name: daily
        conditions:
          - { path: state.create_charge.spend, op: lt, value: 10.5 }
          - { path: args.note, op: regex, value: '^\w+$' }
        state: { counter: spend, window: day, increment: 3, increment_from: args.amount }
  create_issue: { rules: [{ name: r, rate_limit: 5/hour }] }
  start_job: { rules: [{ action: allow, rate_limit: { max: 10, window: 60 } }] }
hide: [delete_*]
"#,
    );
    insta::assert_snapshot!("intercept", format!("{text}\n{}", choices.join("\n")));
}

#[test]
fn a_policylayer_policy_with_everything_that_is_chosen() {
    let (text, choices) = written(
        r#"{ "tools": { "a": {
  "require": [{ "path": "args.x", "op": "regex", "value": "^\\d+$", "reason": "digits only" }],
  "limits": [{ "counter": "n", "window": "minute", "max": 2 }] } } }"#,
    );
    insta::assert_snapshot!("policylayer", format!("{text}\n{}", choices.join("\n")));
}

#[test]
fn nothing_is_said_where_nothing_was_chosen() {
    let (text, choices) = written(
        "version: \"1\"\ndefault: allow\ntools: { a: { rules: [{ name: r, action: deny }] }, b: { rules: [] } }\n",
    );
    let expected = "# yaml-language-server: $schema=s.json\n\
        # Imported from Intercept by `interlock policy import`.\n#\n\
        version: \"1\"\ndefault: allow\ntools:\n  a:\n    rules:\n      - name: r\n        action: deny\n  b: {}\n";
    assert_eq!((text.as_str(), choices.as_slice()), (expected, [].as_slice()));
}

#[test]
fn what_is_denied_for_its_type_or_place_is_told() {
    let (numbers, inside) = ("judge numbers alone", "inside what is no object");
    for (condition, expected) in [
        ("path: args.v, op: gt, value: 1", &[numbers][..]),
        ("path: args.v, op: lte, value: 1", &[numbers]),
        ("path: args.v, op: regex, value: a", &[numbers]),
        ("path: args.o.z, op: gte, value: 1", &[numbers, inside]),
        ("path: args.o.z, op: eq, value: 1", &["compared by type", inside]),
        ("path: args.o.z, op: exists, value: true", &[]),
        ("path: args.v, op: exists, value: true", &[]),
    ] {
        let rule = format!("{{ name: r, action: deny, conditions: [{{ {condition} }}] }}");
        let (text, choices) = written(&format!("default: allow\ntools: {{ t: {{ rules: [{rule}] }} }}\n"));
        let told: Vec<&String> = choices.iter().filter(|choice| choice.contains("(stricter)")).collect();
        assert_eq!(told.len(), expected.len(), "{text}\n{told:?}");
        assert!(told.iter().zip(expected).all(|(told, part)| told.contains(part)), "{text}\n{told:?}");
    }
}

#[test]
fn the_author_s_comments_stay() {
    let (text, _) = written(
        "# Of the shop\nversion: \"1\"\ndefault: allow # all of it\ntools:\n  # reads\n  a: # one\n    rules: [] # none\n\
         \x20 \"b~/c\":\n    rules:\n      # never\n      - { name: r, action: deny } # closed\n  # d: {}\n# end\n",
    );
    let expected = "# yaml-language-server: $schema=s.json\n\
        # Imported from Intercept by `interlock policy import`.\n#\n# Of the shop\n# end\n#\n\
        version: \"1\"\n# all of it\ndefault: allow\n# d: {}\ntools:\n  # reads\n  # one\n  # none\n  a: {}\n\
        \x20 \"b~/c\":\n    rules:\n      # never\n      # closed\n      - name: r\n        action: deny\n";
    assert_eq!(text, expected);
}

#[test]
fn what_the_default_keeps_out_stays_listed() {
    let (text, choices) = written("version: \"1\"\ntools: {}\ndefault: deny\n");
    assert!(text.contains("\ndefault: deny\nlist: all\n"), "{text}");
    assert_eq!(choices.len(), 2, "{choices:?}");
}

#[test]
fn resources_and_prompts_are_kept_out_with_the_tools() {
    for (text, denied) in [
        ("version: \"1\"\ndefault: allow\nhide: [a]\ntools: {}\n", false),
        ("version: \"1\"\ndefault: deny\ntools: {}\n", true),
        ("version: \"1\"\ndefault: allow\nhide: [\"*\"]\ntools: {}\n", true),
    ] {
        let (imported, _) = import(&Source { name: "p", text, syntax: Syntax::Yaml }, None, "s");
        let Imported { policy, choices, .. } = imported.unwrap();
        let said =
            choices.iter().any(|choice| choice.stricter && choice.message.contains("resources and prompts"));
        let call = Call { section: Section::Resources, server: "s", name: "file:///a", arguments: None };
        let Judgement::Decided(decision) =
            judge(&[(Origin::Server, &policy)], &call, &Facts::new("ann", "n", 0))
        else {
            panic!("no counter is read");
        };
        assert_eq!((decision.verdict == Verdict::Deny, said), (denied, denied), "{text}");
    }
}

#[test]
fn a_document_has_one_schema() {
    let (text, _) = written(
        "# yaml-language-server: $schema=theirs.json\n# Of the shop\nversion: \"1\"\ndefault: deny\ntools: {}\n",
    );
    assert_eq!(text.matches("yaml-language-server").count(), 1, "{text}");
    assert!(
        text.starts_with("# yaml-language-server: $schema=s.json\n") && text.contains("# Of the shop\n"),
        "{text}"
    );
}

#[test]
fn a_document_of_both_dialects_is_of_neither() {
    let text = "tools: { a: { rules: [], limits: [] } }";
    let (imported, found) = import(&Source { name: "p", text, syntax: Syntax::Yaml }, None, "s");
    assert!(imported.is_none());
    assert_eq!(found[0].code, "mixed-dialects");
    assert_eq!(
        found[0].message,
        "`rules` is Intercept's and `limits` is PolicyLayer's: the document is in neither dialect"
    );
}
