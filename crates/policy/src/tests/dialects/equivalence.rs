//! Documents of each dialect and calls of their tools, decided by a reading of the dialect's own documents and by the
//! policy that is imported: alike, but for what is stricter here on purpose.

mod intercept;
mod policylayer;
mod values;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::RngSeed;
use serde_json::{Map, Value};

use super::ledger::{Answer, Ledger};
use crate::{Dialect, Facts, Judgement, Origin, Policy, Section, Source, Syntax, Verdict, import, judge};

#[derive(Debug, Clone)]
struct Call {
    /// Seconds after the call before.
    after: i64,
    who: &'static str,
    tool: &'static str,
    arguments: Value,
    answer: Answer,
}

/// What a dialect's documents say of a call.
trait Model {
    /// Whether the call is let through.
    fn allows(&self, call: &Call, now: i64) -> bool;
    /// It was let through and answered.
    fn count(&mut self, call: &Call, now: i64);
    /// Whether this language denies it on purpose.
    fn may_be_stricter(&self, call: &Call, now: i64) -> bool;
}

fn calls() -> impl Strategy<Value = Vec<Call>> {
    let arguments = vec((select(vec!["x", "y", "n", "o"]), values::argument()), 0..4);
    let arguments = arguments.prop_map(|members| {
        let mut map = Map::new();
        map.extend(members.into_iter().map(|(key, value)| (key.to_owned(), value)));
        Value::Object(map)
    });
    let after = select(vec![0, 0, 1, 29, 60, 3_600, 90_000]);
    let answer = select(vec![Answer::Good, Answer::Good, Answer::Good, Answer::Failed, Answer::Refused]);
    let call = (after, select(vec!["ann", "bob"]), select(vec!["a", "b", "c"]), arguments, answer);
    let call =
        call.prop_map(|(after, who, tool, arguments, answer)| Call { after, who, tool, arguments, answer });
    vec(call, 1..14)
}

fn imported(document: &Value, dialect: Dialect) -> Policy {
    let text = document.to_string();
    let source = Source { name: "policy", text: &text, syntax: Syntax::Json };
    let (imported, found) = import(&source, Some(dialect), "s.json");
    imported.unwrap_or_else(|| panic!("{document:#}\n{found:#?}")).policy
}

/// Whether the imported policy lets the call through; then it is counted and answered.
fn is_allowed(policy: &Policy, call: &Call, ledger: &mut Ledger) -> bool {
    let text = call.arguments.to_string();
    let document = interlock_json::scan(text.as_str(), &interlock_json::Limits::default()).unwrap();
    let asked = crate::Call {
        section: Section::Tools,
        server: "s",
        name: call.tool,
        arguments: Some(document.root()),
    };
    let values = ledger.now();
    let facts = Facts { counters: Some(&values), ..Facts::new(call.who, "n", 0) };
    let Judgement::Decided(decision) = judge(&[(Origin::Server, policy)], &asked, &facts) else {
        panic!("the values of counters were given");
    };
    let allowed = decision.verdict == Verdict::Proceed && ledger.reserve(&decision.needs).is_ok();
    if allowed {
        ledger.answered(&decision.needs, call.answer);
    }
    allowed
}

/// What one denies and the other lets through is counted by neither, so that they go on alike.
fn compare(mut model: impl Model, document: &Value, dialect: Dialect, calls: &[Call]) {
    let policy = imported(document, dialect);
    let (mut ledger, mut now) = (Ledger::default(), 1_000_000);
    for call in calls {
        now += call.after;
        ledger.at(Some(now));
        let (there, excuse) = (model.allows(call, now), model.may_be_stricter(call, now));
        let here = is_allowed(&policy, call, &mut ledger);
        let shown = || format!("{call:?} at {now}\n{document:#}\n{}", policy.document().to_yaml());
        assert!(there || !here, "denied there and not here: {}", shown());
        assert!(here || !there || excuse, "denied here and not there, and nobody knows why: {}", shown());
        if here {
            model.count(call, now);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { rng_seed: RngSeed::Fixed(1), ..ProptestConfig::with_cases(1_000) })]

    #[test]
    fn policies_of_intercept(document in intercept::document(), calls in calls()) {
        compare(intercept::Model::new(&document), &document, Dialect::Intercept, &calls);
    }

    #[test]
    fn policies_of_policylayer(document in policylayer::document(), calls in calls()) {
        compare(policylayer::Model::new(&document), &document, Dialect::PolicyLayer, &calls);
    }
}
