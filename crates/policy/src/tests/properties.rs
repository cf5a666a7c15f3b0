//! What holds for every document and every call.

mod differences;
pub(crate) mod generate;
mod limit_warnings;
mod mutate;
mod pairs;
mod warnings;

use proptest::prelude::*;

use super::{Given, judged, shown};
use crate::{Document, Judgement, Origin, Policy, RuleName, Source, Syntax, Verdict, compile, explain};

fn read(text: &str, syntax: Syntax) -> Result<Document, String> {
    let (policy, diagnostics) = compile(&Source { name: "p", text, syntax });
    policy.map(|policy| policy.document().clone()).ok_or_else(|| format!("{diagnostics:#?}\n{text}"))
}

fn compiled(text: &str) -> Policy {
    compile(&Source { name: "p", text, syntax: Syntax::Json }).0.unwrap()
}

const WHOLE: [&str; 4] = [
    include_str!("../../../../policies/aws-healthimaging.yaml"),
    include_str!("../../../../policies/filesystem.yaml"),
    include_str!("../../../../policies/everything.yaml"),
    r#"{ "version": "1", "default": "deny", "tools": { "t": { "limits": [ { "counter": "c", "window": "minute", "max": 10,
       "scope": ["grant", "tool"] } ], "deny_if": [{ "conditions": [{ "path": "args.a[*].b", "op": "in", "value": [1, "a"] }] }] } } }"#,
];

/// Bytes that mean something to one of the notations.
const TELLING: &str = "{}[]:,-?&*!|>'\"%@`#\\ \t\n\r0e.\u{0}\u{85}\u{2028}\u{feff}é";

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn a_printed_policy_reads_back_as_itself(document in generate::document()) {
        let text = document.to_string();
        let document = read(&text, Syntax::Json).map_err(TestCaseError::fail)?;
        for (printed, syntax) in [(document.to_yaml(), Syntax::Yaml), (document.to_json(), Syntax::Json)] {
            let again = read(&printed, syntax).map_err(TestCaseError::fail)?;
            prop_assert_eq!(&again, &document, "{}", printed);
        }
    }

    /// Two compiled forms of one document hash differently and decide alike.
    #[test]
    fn a_decision_depends_on_nothing_else(
        server in generate::document(), grant in generate::document(), call in generate::call(), counted in any::<bool>(),
    ) {
        let (name, arguments) = call;
        let given = Given { counters: counted.then(Vec::new), required: Some(vec!["a".to_owned()]), ..Given::default() };
        let once = || {
            let (server, grant) = (compiled(&server.to_string()), compiled(&grant.to_string()));
            judged(&[(Origin::Server, &server), (Origin::Grant, &grant)], &name, &arguments.to_string(), &given)
        };
        let (first, second) = (once(), once());
        prop_assert_eq!(shown(&first), shown(&second));
        prop_assert_eq!(first, second);
    }

    /// The trace names the same decision, and the constraint that decided is the first that objects in it.
    #[test]
    fn the_trace_agrees_with_the_decision(document in generate::document(), call in generate::call()) {
        let policy = compiled(&document.to_string());
        let (name, arguments) = call;
        let text = arguments.to_string();
        let scanned = interlock_json::scan(text.as_str(), &interlock_json::Limits::default()).unwrap();
        let call = super::call(&name, Some(scanned.root()));
        let trace = explain(&[(Origin::Server, &policy)], &call, &super::facts());
        let Judgement::Decided(decision) = trace.judgement else { return Err(TestCaseError::fail("not decided")) };
        let deciding = trace.steps.iter().find(|step| !step.shadow && step.verdict != Verdict::Proceed);
        let enforced_limit = trace.steps.iter().any(|step| !step.shadow && step.kind == crate::ItemKind::Limit && step.verdict == Verdict::Deny);
        match (&decision.rule, decision.verdict) {
            (RuleName::At { .. }, Verdict::Proceed) | (RuleName::DefaultAllow, _) => prop_assert!(deciding.is_none()),
            (RuleName::At { .. }, Verdict::Ask) => prop_assert_eq!(deciding.map(|step| &step.rule), Some(&decision.rule)),
            (RuleName::At { .. }, Verdict::Deny) => {
                let rules: Vec<_> = trace.steps.iter().filter(|step| step.verdict == Verdict::Deny).map(|step| &step.rule).collect();
                prop_assert!(rules.contains(&&decision.rule));
                prop_assert!(enforced_limit || deciding.map(|step| &step.rule) == Some(&decision.rule));
            }
            _ => {}
        }
    }

    #[test]
    fn no_text_makes_the_reader_panic(text in ".*", json in any::<bool>()) {
        let syntax = if json { Syntax::Json } else { Syntax::Yaml };
        let _ = compile(&Source { name: "p", text: &text, syntax });
    }

    #[test]
    fn no_heap_of_marks_makes_the_reader_panic(
        marks in proptest::collection::vec(proptest::sample::select(TELLING.chars().collect::<Vec<_>>()), 0..80),
    ) {
        let text: String = marks.into_iter().collect();
        for syntax in [Syntax::Yaml, Syntax::Json] {
            let _ = compile(&Source { name: "p", text: &text, syntax });
        }
    }

    /// Documents with a few characters removed, put in, or swapped; and every place of a finding lies in the text.
    #[test]
    fn no_mangled_policy_makes_the_reader_panic(
        which in 0..WHOLE.len(),
        edits in proptest::collection::vec((any::<prop::sample::Index>(), proptest::sample::select(TELLING.chars().collect::<Vec<_>>()), 0..3_u8), 1..6),
    ) {
        let mut text: Vec<char> = WHOLE[which].chars().collect();
        for (at, mark, how) in edits {
            let at = at.index(text.len());
            match how {
                0 => { text.remove(at); }
                1 => text.insert(at, mark),
                _ => text[at] = mark,
            }
        }
        let text: String = text.into_iter().collect();
        for syntax in [Syntax::Yaml, Syntax::Json] {
            let (policy, diagnostics) = compile(&Source { name: "p", text: &text, syntax });
            prop_assert!(policy.is_some() || !diagnostics.is_empty());
            for found in diagnostics {
                prop_assert!(text.get(found.span.offset..found.span.offset + found.span.len).is_some(), "{:?}", found);
                let before = &text[..found.span.offset];
                prop_assert_eq!(found.span.line, before.matches('\n').count() + 1);
                let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
                prop_assert_eq!(found.span.column, column);
            }
        }
    }
}
