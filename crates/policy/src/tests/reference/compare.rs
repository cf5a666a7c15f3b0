//! One case by both evaluators.

use std::cell::RefCell;
use std::collections::HashMap;

use interlock_json::{Decimal, Limits, scan};

use super::counters::{Bound, Counter, argument, identical};
use super::generate::calls::GeneratedCall;
use super::json::Json;
use super::judge::{Objection, Reason, Ruling, judge as judge_by_reference, visible as visible_by_reference};
use super::limits::Need;
use super::number::Number;
use super::policy::Policy;
use super::scene::{Paid, Scene, Tool};
use crate::{
    Call, CounterKey, CounterValues, Decision, Facts, Judgement, Origin, Payment, Price, ScopePart,
    ShadowFinding, ToolDefinition, ToolFacts, judge, visible,
};

/// Policies in both forms.
pub(super) struct Pair {
    pub(super) reference: Vec<Policy>,
    pub(super) compiled: Vec<(Origin, crate::Policy)>,
}

/// What stays the same for many cases.
pub(super) struct Bench {
    definitions: HashMap<&'static str, (Json, ToolDefinition)>,
    /// What each digest of a call was made of.
    calls: RefCell<HashMap<String, String>>,
}

impl Bench {
    pub(super) fn new() -> Bench {
        let definitions = super::generate::calls::DEFINITIONS.map(|text| {
            let plain = Json::from(serde_json::from_str::<serde_json::Value>(text).unwrap());
            let read = ToolDefinition::read(scan(text, &Limits::default()).unwrap().root()).unwrap();
            (text, (plain, read))
        });
        Bench { definitions: definitions.into_iter().collect(), calls: RefCell::default() }
    }

    /// Where the two differ: in what, and both of it.
    pub(super) fn differences(
        &self,
        pair: &Pair,
        call: &GeneratedCall,
        held: &Held,
    ) -> Vec<(&'static str, String)> {
        let text = call.arguments.as_ref().map(Json::to_string);
        let scanned = text.as_deref().map(|text| scan(text, &Limits::default()).unwrap());
        let arguments = scanned.as_ref().map(|scanned| scanned.root());
        let judged = Call { section: call.section, server: "s", name: call.name, arguments };
        let price = price(&call.paid);
        let payment = match (&call.paid, &price) {
            (Paid::Unknown, _) => Payment::Unknown("it answers nothing"),
            (_, Some(price)) => Payment::Due(price),
            _ => Payment::None,
        };
        let definition = call.tool.map(|listed| listed.map(|text| &self.definitions[text]));
        let scene = self.scene(call, definition.map(|listed| listed.map(|(plain, _)| plain)), held);
        let values = Values { bench: self, held, call: identical(&scene) };
        let facts = Facts {
            labels: &call.labels,
            client: call.client,
            tool: match definition {
                None => ToolFacts::Unknown,
                Some(None) => ToolFacts::Absent,
                Some(Some((_, definition))) => ToolFacts::Known { definition },
            },
            category: call.category,
            severity: call.severity,
            counters: Some(&values),
            payment,
            ..Facts::new(call.grant, call.session, call.now_ms)
        };
        let stack: Vec<(Origin, &crate::Policy)> =
            pair.compiled.iter().map(|(origin, policy)| (*origin, policy)).collect();
        let Judgement::Decided(decision) = judge(&stack, &judged, &facts) else {
            return vec![("protocol", "counters are asked for that were given".to_owned())];
        };
        let ruling = judge_by_reference(&pair.reference, &scene);
        super::coverage::hit(format!("verdict {:?}", ruling.verdict));
        super::coverage::hit(format!("decided by {}", super::coverage::kind(&ruling.rule)));
        if !ruling.read.is_empty() {
            super::coverage::hit("counters read".to_owned());
        }
        let mut found = self.compare(&decision, &ruling, &values);
        let shown = [visible(&stack, call.section, call.name), visible_by_reference(&pair.reference, &scene)];
        if shown[1] {
            super::coverage::hit("something visible".to_owned());
        }
        if shown[0] != shown[1] {
            found.push(("visible", format!("{shown:?}")));
        }
        let first = judge(&stack, &judged, &Facts { counters: None, ..facts });
        found.extend(self.asked(&first, &decision, &ruling, &values));
        found
    }

    fn scene<'a>(
        &self,
        call: &'a GeneratedCall,
        definition: Option<Option<&'a Json>>,
        held: &'a Held,
    ) -> Scene<'a> {
        Scene {
            section: call.section,
            server: "s",
            name: call.name,
            arguments: call.arguments.as_ref(),
            grant: call.grant,
            session: call.session,
            labels: &call.labels,
            client: call.client,
            now_ms: call.now_ms,
            tool: match definition {
                None => Tool::NotRead,
                Some(None) => Tool::Absent,
                Some(Some(definition)) => Tool::Known(definition),
            },
            category: call.category,
            severity: call.severity,
            paid: &call.paid,
            held,
            read: RefCell::default(),
        }
    }

    /// Before any counter is known those are asked for that conditions read, or it is decided without.
    fn asked(
        &self,
        first: &Judgement,
        then: &Decision,
        ruling: &Ruling,
        values: &Values<'_>,
    ) -> Option<(&'static str, String)> {
        match first {
            Judgement::Decided(first) if ruling.read.is_empty() && same_but_shadow(first, then) => None,
            Judgement::Decided(first) => {
                Some(("asked", format!("decided at once: {first:?}\nread: {:?}", ruling.read)))
            }
            Judgement::Read(keys) => {
                let keys: Vec<Counter> = keys.iter().map(|key| values.counter(key)).collect();
                let left_out = ruling.read.iter().find(|(counter, _)| !keys.contains(counter));
                left_out.map(|(counter, _)| ("asked", format!("{counter:?} is not asked for in {keys:?}")))
            }
        }
    }

    fn compare(
        &self,
        decision: &Decision,
        ruling: &Ruling,
        values: &Values<'_>,
    ) -> Vec<(&'static str, String)> {
        let mut found = Vec::new();
        let mut differ = |what: &'static str, same: bool, both: String| {
            if !same {
                found.push((what, both));
            }
        };
        differ(
            "verdict",
            decision.verdict == ruling.verdict,
            format!("{:?} {:?}", decision.verdict, ruling.verdict),
        );
        differ("rule", decision.rule.text() == ruling.rule, format!("{} {}", decision.rule, ruling.rule));
        differ("name", decision.name == ruling.name, format!("{:?} {:?}", decision.name, ruling.name));
        differ(
            "reason",
            fits(&ruling.reason, &decision.reason),
            format!("{:?}\n{:?}", decision.reason, ruling.reason),
        );
        let timeouts = (decision.approval_timeout, ruling.approval_timeout);
        differ("approval_timeout", timeouts.0 == timeouts.1, format!("{timeouts:?}"));
        let needs: Vec<Need> = decision.needs.iter().map(|need| values.need(need)).collect();
        differ("needs", needs == ruling.needs, format!("{needs:#?}\n{:#?}", ruling.needs));
        let read: Vec<(Counter, Number)> =
            decision.read.iter().map(|(key, value)| (values.counter(key), number(*value))).collect();
        differ("read", read == ruling.read, format!("{read:?}\n{:?}", ruling.read));
        // In which order findings stand is nowhere said.
        let mut findings: Vec<&ShadowFinding> = decision.shadow.iter().collect();
        findings.sort_by_key(|finding| finding.rule.text());
        let mut expected: Vec<&Objection> = ruling.shadow.iter().collect();
        expected.sort_by_key(|finding| finding.rule.clone());
        let same = findings.len() == expected.len()
            && findings.into_iter().zip(expected).all(|(a, b)| same_finding(a, b));
        differ("shadow", same, format!("{:#?}\n{:#?}", decision.shadow, ruling.shadow));
        found
    }
}

/// Findings that need counters are left out where the call is denied without them.
fn same_but_shadow(first: &Decision, then: &Decision) -> bool {
    let bare = |decision: &Decision| Decision { shadow: Vec::new(), ..decision.clone() };
    bare(first) == bare(then)
}

fn same_finding(found: &ShadowFinding, expected: &Objection) -> bool {
    found.verdict == expected.verdict
        && found.rule.text() == expected.rule
        && found.name == expected.name
        && fits(&expected.reason, &found.reason)
}

fn fits(expected: &Reason, found: &str) -> bool {
    match expected {
        Reason::Is(text) => found == text,
        Reason::About { on_deny: Some(text), judged: true, .. } => found == text,
        Reason::About { on_deny, judged: _, argument } => {
            let begins = on_deny.as_ref().is_none_or(|text| found.starts_with(text.as_str()));
            let names = argument.as_ref().is_none_or(|path| found.contains(super::path::last_key(path)));
            begins && names && !found.is_empty()
        }
    }
}

fn number(decimal: Decimal) -> Number {
    Number::of(&decimal.to_string())
}

fn price(paid: &Paid) -> Option<Price> {
    let Paid::Due { amount, currency, network } = paid else { return None };
    let network = network.map(str::to_owned);
    Some(Price { amount: amount.parse().unwrap(), currency: (*currency).to_owned(), network })
}

/// What counters hold.
pub(super) type Held = dyn Fn(&Counter) -> Option<Number>;

struct Values<'a> {
    bench: &'a Bench,
    held: &'a Held,
    /// What makes this call identical to another.
    call: String,
}

impl CounterValues for Values<'_> {
    fn value(&self, key: &CounterKey) -> Option<Decimal> {
        (self.held)(&self.counter(key)).map(|value| value.to_string().parse().unwrap())
    }
}

impl Values<'_> {
    fn counter(&self, key: &CounterKey) -> Counter {
        let text = |text: &Option<std::sync::Arc<str>>| text.as_ref().map(ToString::to_string);
        let mut scope: Vec<String> = key.scope.iter().map(|part| self.part(part)).collect();
        scope.sort();
        Counter {
            server: text(&key.server),
            shared: text(&key.shared),
            section: key.section,
            matcher: key.matcher.to_string(),
            name: key.counter.to_string(),
            window: key.window.to_string(),
            align: key.align.to_string(),
            scope,
            shadow: key.shadow,
        }
    }

    fn part(&self, part: &ScopePart) -> String {
        match part {
            ScopePart::Grant(grant) => format!("grant={grant}"),
            ScopePart::Session(session) => format!("session={session}"),
            ScopePart::Tool(tool) => format!("tool={tool}"),
            ScopePart::Argument { path, value } => {
                let number = Number::parse_json(value).map(|number| number.to_string());
                argument(path, &number.unwrap_or(value.to_string()))
            }
            ScopePart::Call(digest) => {
                // One digest is one call, and one call one digest.
                let mut calls = self.bench.calls.borrow_mut();
                let known = calls.entry(digest.to_string()).or_insert_with(|| self.call.clone());
                assert_eq!(*known, self.call, "two calls have the digest {digest}");
                format!("call={}", self.call)
            }
        }
    }

    fn need(&self, need: &crate::Need) -> Need {
        Need {
            counter: self.counter(&need.key),
            amount: number(need.amount),
            bound: match need.bound {
                crate::Bound::None => None,
                crate::Bound::AtMost(most) => Some(Bound::AtMost(number(most))),
                crate::Bound::Below(most) => Some(Bound::Below(number(most))),
            },
            rule: need.rule.text(),
            name: need.name.as_ref().map(ToString::to_string),
            on_deny: need.on_deny.as_ref().map(ToString::to_string),
            shadow: need.shadow,
            refund: need.refund as usize,
            pays: need.pays,
        }
    }
}
