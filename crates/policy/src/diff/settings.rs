//! What two policies say differently that is no verdict on a call: how limits count, who approves and how long they
//! have, what a denied agent learns.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Direction, SettingChange, Stack, budgets};
use crate::compile::{CompiledEntry, Policy};
use crate::decision::{Origin, RuleName};
use crate::document::{AnnouncedArguments, Approvals, Refund, Section, TellAgent, Webhook};
use crate::limit::Limit;

/// Everything that is otherwise.
pub(super) fn compare([old, new]: [&Stack<'_>; 2]) -> Vec<SettingChange> {
    let mut told = Told { origin: Origin::Server, alone: new.len() == 1, changes: Vec::new() };
    for ((origin, old), (_, new)) in old.iter().zip(new) {
        told.origin = *origin;
        told.document(old, new);
        for section in Section::ALL {
            let [old, new] = [old, new].map(|policy| by_pointer(policy, section));
            for (pointer, old) in &old {
                if let Some(new) = new.get(pointer) {
                    told.timeouts(old, new);
                    told.limits(old, new);
                }
            }
        }
    }
    told.changes
}

fn by_pointer(policy: &Policy, section: Section) -> BTreeMap<&str, &CompiledEntry> {
    policy.entries(section).all().map(|entry| (&*entry.pointer, entry)).collect()
}

struct Told {
    origin: Origin,
    /// Whose a rule is need not be said.
    alone: bool,
    changes: Vec<SettingChange>,
}

impl Told {
    fn tell(&mut self, pointer: &str, direction: Option<Direction>, words: &str) {
        let rule = RuleName::At { origin: self.origin, pointer: Arc::from(pointer) };
        let of = if self.alone { pointer.to_owned() } else { rule.text() };
        self.changes.push(SettingChange { direction, rule, words: format!("{of}: {words}") });
    }

    fn document(&mut self, old: &Policy, new: &Policy) {
        let [old, new] = [old, new].map(Policy::document);
        let [told, tells] = [old, new].map(|document| document.tell_agent.unwrap_or_default());
        if told != tells {
            let direction = if tells > told { Direction::Widen } else { Direction::Narrow };
            let words = format!("a denied agent learned {} before, and {} now", learns(told), learns(tells));
            self.tell("/tell_agent", Some(direction), &words);
        }
        let none = Approvals {
            timeout: None,
            dedupe_window: None,
            approvers: Vec::new(),
            needed: None,
            hold: None,
            approve: None,
            webhook: None,
        };
        let [old, new] = [old, new].map(|document| document.approvals.as_ref().unwrap_or(&none));
        self.span("/approvals/timeout", "a request waited for a person", [old.timeout, new.timeout], true);
        self.span("/approvals/hold", "a caller was kept waiting", [old.hold, new.hold], false);
        let words = "a repeated request was taken for the same one";
        self.span("/approvals/dedupe_window", words, [old.dedupe_window, new.dedupe_window], false);
        self.approvers(&old.approvers, &new.approvers);
        let [were, are] = [old.needed, new.needed].map(|needed| needed.unwrap_or(1));
        if were != are {
            let direction = if are < were { Direction::Widen } else { Direction::Narrow };
            let words = format!("{were} had to approve a call before, and {are} now");
            self.tell("/approvals/needed", Some(direction), &words);
        }
        let [was, is] = [old, new].map(|approvals| approvals.approve.unwrap_or_default());
        if was != is {
            let direction = if is > was { Direction::Widen } else { Direction::Narrow };
            let may = if is > was { "may" } else { "may no longer" };
            self.tell(
                "/approvals/approve",
                Some(direction),
                &format!("whoever sits at the client {may} approve a call"),
            );
        }
        self.webhook(old.webhook.as_ref(), new.webhook.as_ref());
    }

    /// Where requests for approval are announced, and what a message says and may do.
    fn webhook(&mut self, old: Option<&Webhook>, new: Option<&Webhook>) {
        const AT: &str = "/approvals/notify/webhook";
        if old.map(|of| &of.url) != new.map(|of| &of.url) {
            self.tell(AT, None, "requests for approval are announced elsewhere");
        } else if old.map(|of| &of.secret) != new.map(|of| &of.secret) {
            self.tell(AT, None, "requests for approval are signed otherwise");
        }
        let format = |of: Option<&Webhook>| of.and_then(|of| of.format).unwrap_or_default();
        if format(old) != format(new) {
            self.tell(&format!("{AT}/format"), None, "requests for approval look otherwise");
        }
        let arguments = |of: Option<&Webhook>| of.and_then(|of| of.arguments).unwrap_or_default();
        if arguments(old) != arguments(new) {
            let words = match arguments(new) {
                AnnouncedArguments::Full => "calls are announced with all their arguments now",
                AnnouncedArguments::Keys => "calls are announced without the values of their arguments now",
            };
            self.tell(&format!("{AT}/arguments"), None, words);
        }
        let decide_as = |of: Option<&Webhook>| of.and_then(|of| of.decide_as.clone());
        let (were, are) = (decide_as(old), decide_as(new));
        if were != are {
            let direction = match (&were, &are) {
                (None, _) => Some(Direction::Widen),
                (_, None) => Some(Direction::Narrow),
                _ => None,
            };
            let words = match are {
                Some(name) => format!("whoever has a link of a message decides as {name:?} now"),
                None => "nobody decides by a link of a message any more".to_owned(),
            };
            self.tell(&format!("{AT}/decide_as"), direction, &words);
        }
    }

    /// A span of time that is longer or shorter now. `waits`: with a longer one more is approved.
    fn span(&mut self, pointer: &str, what: &str, [old, new]: [Option<u64>; 2], waits: bool) {
        if old == new {
            return;
        }
        let direction = match (old, new) {
            (Some(old), Some(new)) if waits && new > old => Some(Direction::Widen),
            (Some(old), Some(new)) if waits && new < old => Some(Direction::Narrow),
            _ => None,
        };
        let words = format!("{what} for {} before, for {} now", spelt(old), spelt(new));
        self.tell(pointer, direction, &words);
    }

    fn approvers(&mut self, old: &[String], new: &[String]) {
        let missing = |of: &[String], from: &[String]| -> Vec<String> {
            of.iter().filter(|name| !from.contains(name)).map(|name| format!("{name:?}")).collect()
        };
        let (gone, added) = (missing(old, new), missing(new, old));
        let direction = match (gone.is_empty(), added.is_empty()) {
            (true, true) => return,
            // Without any names nobody in particular is asked.
            _ if old.is_empty() || new.is_empty() => None,
            (true, false) => Some(Direction::Widen),
            (false, true) => Some(Direction::Narrow),
            (false, false) => None,
        };
        let say = |names: &[String], what: &str| {
            (!names.is_empty()).then(|| format!("{} {what}", names.join(", ")))
        };
        let said: Vec<String> = [say(&added, "may approve now"), say(&gone, "may no longer approve")]
            .into_iter()
            .flatten()
            .collect();
        self.tell("/approvals/approvers", direction, &said.join("; "));
    }

    /// `approval_timeout` of rules that ask about the same.
    fn timeouts(&mut self, old: &CompiledEntry, new: &CompiledEntry) {
        for constraint in &new.enforced.ask {
            let test = format!("{:?}", constraint.test);
            let Some(was) = old.enforced.ask.iter().find(|was| format!("{:?}", was.test) == test) else {
                continue;
            };
            let spans = [was.approval_timeout, constraint.approval_timeout];
            self.span(&constraint.pointer, "a request waited for a person", spans, true);
        }
    }

    /// Limits of the same name, or at the same place.
    fn limits(&mut self, old: &CompiledEntry, new: &CompiledEntry) {
        let was: Vec<&Limit> = old.enforced.limits.iter().chain(&old.shadowed.limits).collect();
        let is: Vec<&Limit> = new.enforced.limits.iter().chain(&new.shadowed.limits).collect();
        for limit in &is {
            let named = was.iter().find(|was| was.template.counter == limit.template.counter);
            let gone = |was: &&&Limit| !is.iter().any(|is| is.template.counter == was.template.counter);
            let there = || was.iter().filter(gone).find(|was| was.pointer == limit.pointer);
            let Some(was) = named.or_else(there) else { continue };
            self.limit(was, limit);
        }
    }

    fn limit(&mut self, was: &Limit, is: &Limit) {
        if was.refund != is.refund {
            let direction = if is.refund > was.refund { Direction::Widen } else { Direction::Narrow };
            let [before, now] = [was, is].map(|limit| given_back(limit.refund));
            let words = format!("what a call counted is {now}, and was {before}");
            self.tell(&is.pointer, Some(direction), &words);
        }
        if format!("{:?}", was.template) != format!("{:?}", is.template) {
            let words = budgets::anew(was, is);
            self.tell(&is.pointer, None, &words);
        } else if budgets::amount(was) != budgets::amount(is) {
            let [was, is_now] = [was, is].map(budgets::adds);
            self.tell(&is.pointer, None, &format!("a call counted {was} before, and counts {is_now} now"));
        }
    }
}

/// What becomes of what a call counted when it fails.
fn given_back(refund: Refund) -> &'static str {
    match refund {
        Refund::Keep => "kept on errors",
        Refund::OnProtocolError => "given back on errors of the protocol alone",
        Refund::OnError => "given back on errors",
    }
}

/// A span of time in its largest unit.
fn spelt(seconds: Option<u64>) -> String {
    let Some(seconds) = seconds else { return "the usual time".to_owned() };
    let mut units = [(86_400, "day"), (3_600, "hour"), (60, "minute")].into_iter();
    let (size, unit) = units.find(|(size, _)| seconds.is_multiple_of(*size)).unwrap_or((1, "second"));
    let many = seconds / size;
    format!("{many} {unit}{}", if many == 1 { "" } else { "s" })
}

fn learns(tell: TellAgent) -> &'static str {
    match tell {
        TellAgent::Nothing => "only that it was denied",
        TellAgent::Reason => "also why",
        TellAgent::Full => "also by which rule",
    }
}
