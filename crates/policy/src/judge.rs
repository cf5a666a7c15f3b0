//! The evaluator: phases over all entries that apply.
//!
//! `(no policy)` → `(hidden)` → `(default deny)` → `(ambiguous)` → validate → deny → require, evaluate → approvals → limits. Inside a
//! phase: the server's policy before the grant's, and in each the exact entry, globs in file order, `"*"`, `all_tools`.

mod constraint;
mod validation;

use std::sync::Arc;

use crate::compile::{CompiledEntry, Constraint, Constraints, Policy};
use crate::condition::Look;
use crate::counter::CounterKey;
use crate::decision::{Call, Decision, Judgement, Need, Origin, RuleName, ShadowFinding, Verdict};
use crate::describe;
use crate::document::{DefaultVerdict, ListMode, Section};
use crate::fact::Facts;
use crate::uri;

/// Judges a call by the policies that apply to it, the server's first.
///
/// The same policies, call and facts always give the same judgement.
pub fn judge(stack: &[(Origin, &Policy)], call: &Call<'_>, facts: &Facts<'_>) -> Judgement {
    Walk::new(stack, call, facts).judge()
}

/// Whether lists show a name: not what is hidden, nor (unless `list: all`) what is denied by default or ambiguous. In shadow mode
/// nothing is left out.
pub fn visible(stack: &[(Origin, &Policy)], section: Section, name: &str) -> bool {
    let shown = |policy: &Policy| {
        policy.default == DefaultVerdict::Allow
            || policy.list == ListMode::All
            || policy.shadow
            || listed(policy, section, name)
    };
    let closed = |policy: &Policy| {
        hidden(policy, section, name, false)
            || (policy.list != ListMode::All && !policy.shadow && ambiguous(policy, section, name))
    };
    let visible = |policy: &Policy| !closed(policy) && shown(policy);
    !stack.is_empty() && stack.iter().all(|(_, policy)| visible(policy))
}

/// Whether a constraint on the call looks at the tool's definition, so that [`Facts::tool`] must be known. A call
/// that is not permitted at all needs none.
pub fn requires_definition(stack: &[(Origin, &Policy)], call: &Call<'_>) -> bool {
    looks_at_definition(stack, call) && shut_out(stack, call).is_none()
}

/// The same of a call whose every constraint is to be explained, although it may not be permitted at all.
pub fn looks_at_definition(stack: &[(Origin, &Policy)], call: &Call<'_>) -> bool {
    let mut entries = stack.iter().flat_map(|(_, policy)| policy.entries(call.section).of(call.name));
    entries.any(|entry| entry.needs_definition)
}

/// Whether a budget is spent of by calls that answer a payment challenge, so that [`Facts::payment`] must be known and
/// what the server asks for be remembered.
pub fn spends_on_challenge(stack: &[(Origin, &Policy)], section: Section, name: &str) -> bool {
    stack
        .iter()
        .flat_map(|(_, policy)| policy.entries(section).of(name))
        .any(|entry| entry.spends_on_challenge)
}

/// What keeps the call out before any constraint is looked at.
pub(crate) fn shut_out(stack: &[(Origin, &Policy)], call: &Call<'_>) -> Option<RuleName> {
    let (section, name) = (call.section, call.name);
    if stack.is_empty() {
        return Some(RuleName::NoPolicy);
    }
    if stack.iter().any(|(_, policy)| hidden(policy, section, name, false)) {
        return Some(RuleName::Hidden);
    }
    let enforced = || stack.iter().map(|(_, policy)| *policy).filter(|policy| !policy.shadow);
    if enforced().any(|policy| default_denied(policy, section, name)) {
        return Some(RuleName::DefaultDeny);
    }
    enforced().any(|policy| ambiguous(policy, section, name)).then_some(RuleName::Ambiguous)
}

/// What would keep the call out if the policy were not in shadow mode.
fn shut_out_in_shadow(policy: &Policy, call: &Call<'_>) -> Option<RuleName> {
    if hidden(policy, call.section, call.name, true) {
        return Some(RuleName::Hidden);
    }
    if !policy.shadow {
        return None;
    }
    if default_denied(policy, call.section, call.name) {
        return Some(RuleName::DefaultDeny);
    }
    ambiguous(policy, call.section, call.name).then_some(RuleName::Ambiguous)
}

/// Whether the policy hides the name, by constraints that are in shadow mode or by those that are not.
pub(crate) fn hidden(policy: &Policy, section: Section, name: &str, shadow: bool) -> bool {
    policy.shadow == shadow && policy.hide.contains(name) || policy.entries(section).hide(name, shadow)
}

pub(crate) fn listed(policy: &Policy, section: Section, name: &str) -> bool {
    policy.entries(section).of(name).any(|entry| entry.lists)
}

fn default_denied(policy: &Policy, section: Section, name: &str) -> bool {
    policy.default == DefaultVerdict::Deny && !listed(policy, section, name)
}

/// Whether a resource's URI can be read as another one, by a policy that tells resources apart and does not name it
/// exactly so.
fn ambiguous(policy: &Policy, section: Section, name: &str) -> bool {
    section == Section::Resources
        && policy.tells_apart(section)
        && !policy.entries(section).names(name)
        && !uri::is_plain(name)
}

/// The phases in which constraints object or ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Phase {
    Validate,
    Deny,
    Hold,
    Ask,
}

impl Phase {
    pub(crate) const ALL: [Phase; 4] = [Phase::Validate, Phase::Deny, Phase::Hold, Phase::Ask];

    pub(crate) fn of(self, constraints: &Constraints) -> &[Constraint] {
        match self {
            Phase::Validate => &constraints.validate,
            Phase::Deny => &constraints.deny,
            Phase::Hold => &constraints.hold,
            Phase::Ask => &constraints.ask,
        }
    }

    pub(crate) fn verdict(self) -> Verdict {
        if self == Phase::Ask { Verdict::Ask } else { Verdict::Deny }
    }
}

/// An entry that applies to the call, with its policy.
#[derive(Clone, Copy)]
pub(crate) struct Applied<'a> {
    pub(crate) origin: Origin,
    pub(crate) entry: &'a CompiledEntry,
}

pub(crate) struct Walk<'a> {
    pub(crate) stack: &'a [(Origin, &'a Policy)],
    pub(crate) call: &'a Call<'a>,
    pub(crate) applied: Vec<Applied<'a>>,
    pub(crate) look: Look<'a>,
}

/// What decided, before it is dressed as a decision.
struct Ruling<'a> {
    verdict: Verdict,
    rule: RuleName,
    constraint: Option<&'a Constraint>,
    name: Option<&'a str>,
    reason: String,
}

impl<'a> Walk<'a> {
    pub(crate) fn new(
        stack: &'a [(Origin, &'a Policy)],
        call: &'a Call<'a>,
        facts: &'a Facts<'a>,
    ) -> Walk<'a> {
        let mut applied = Vec::with_capacity(4);
        for (origin, policy) in stack {
            let entries = policy.entries(call.section).of(call.name);
            applied.extend(entries.map(|entry| Applied { origin: *origin, entry }));
        }
        Walk { stack, call, applied, look: Look::new(call, facts) }
    }

    fn judge(mut self) -> Judgement {
        let mut ruling = self.enforced();
        if self.look.unread {
            return Judgement::Read(self.counters());
        }
        let mut needs = Vec::new();
        if ruling.verdict != Verdict::Deny
            && let Err(denied) = self.limits(&mut needs)
        {
            ruling = denied;
            needs.clear();
        }
        let read = std::mem::take(&mut self.look.read);
        let shadow = self.shadow(&ruling, &mut needs);
        if self.look.unread && ruling.verdict != Verdict::Deny {
            return Judgement::Read(self.counters());
        }
        Judgement::Decided(Box::new(Decision {
            verdict: ruling.verdict,
            rule: ruling.rule,
            name: ruling.name.map(str::to_owned),
            reason: ruling.reason,
            needs,
            shadow,
            digest: self.digest(),
            read,
            approval_timeout: ruling.constraint.and_then(|constraint| constraint.approval_timeout),
        }))
    }

    fn enforced(&mut self) -> Ruling<'a> {
        if let Some(rule) = shut_out(self.stack, self.call) {
            let reason = shut_out_words(&rule, self.call);
            return Ruling { verdict: Verdict::Deny, rule, constraint: None, name: None, reason };
        }
        for phase in Phase::ALL {
            for index in 0..self.applied.len() {
                let Some(applied) = self.applied.get(index).copied() else { continue };
                for constraint in phase.of(&applied.entry.enforced) {
                    let objection = constraint.objection(phase, &mut self.look);
                    if self.look.unread || objection.is_some() {
                        return Ruling::of(phase, applied.origin, constraint, objection.unwrap_or_default());
                    }
                }
            }
        }
        self.proceeds()
    }

    fn proceeds(&self) -> Ruling<'a> {
        let listing = self.applied.iter().find(|applied| applied.entry.lists);
        // A policy in shadow lets pass what nothing in it permits, and that is what the record says.
        let let_off = self.stack.iter().find_map(|(_, policy)| shut_out_in_shadow(policy, self.call));
        let rule = let_off.unwrap_or_else(|| {
            listing.map_or(RuleName::DefaultAllow, |applied| RuleName::At {
                origin: applied.origin,
                pointer: Arc::clone(&applied.entry.pointer),
            })
        });
        Ruling {
            verdict: Verdict::Proceed,
            rule,
            constraint: None,
            name: None,
            reason: "permitted".to_owned(),
        }
    }

    fn limits(&self, needs: &mut Vec<Need>) -> Result<(), Ruling<'a>> {
        for applied in &self.applied {
            for limit in &applied.entry.enforced.limits {
                match limit.need(applied.origin, &self.look) {
                    Ok(Some(need)) => add(needs, need, applied.origin),
                    Ok(None) => {}
                    Err(reason) => {
                        let pointer = Arc::clone(&limit.pointer);
                        return Err(Ruling {
                            verdict: Verdict::Deny,
                            rule: RuleName::At { origin: applied.origin, pointer },
                            constraint: None,
                            name: limit.name.as_deref(),
                            reason: with_text(limit.on_deny.as_deref(), reason),
                        });
                    }
                }
            }
        }
        Ok(())
    }

    /// What constraints in shadow mode would have done; each is judged as if it were alone. Their limits count
    /// where the call goes through.
    fn shadow(&mut self, ruling: &Ruling<'_>, needs: &mut Vec<Need>) -> Vec<ShadowFinding> {
        let counts = ruling.verdict != Verdict::Deny;
        // Nobody has looked for the definition of what is not permitted.
        let defined = ruling.verdict != Verdict::Deny || matches!(ruling.rule, RuleName::At { .. });
        let mut findings = Vec::new();
        self.shadow_policies(&mut findings);
        for index in 0..self.applied.len() {
            let Some(Applied { origin, entry }) = self.applied.get(index).copied() else { continue };
            for phase in Phase::ALL {
                for constraint in phase.of(&entry.shadowed) {
                    if constraint.needs_definition && !defined {
                        continue;
                    }
                    // A denied call reads no counters for the sake of its shadow.
                    let unread = std::mem::take(&mut self.look.unread);
                    let objection = constraint.objection(phase, &mut self.look);
                    if let Some(reason) = objection.filter(|_| !self.look.unread) {
                        let Ruling { rule, name, verdict, reason, .. } =
                            Ruling::of(phase, origin, constraint, reason);
                        findings.push(ShadowFinding { rule, name: name.map(str::to_owned), verdict, reason });
                    }
                    self.look.unread |= unread;
                }
            }
            for limit in &entry.shadowed.limits {
                match limit.need(origin, &self.look) {
                    Ok(Some(need)) if counts => add(needs, need, origin),
                    Ok(_) => {}
                    Err(reason) => findings.push(ShadowFinding {
                        rule: RuleName::At { origin, pointer: Arc::clone(&limit.pointer) },
                        name: limit.name.as_deref().map(str::to_owned),
                        verdict: Verdict::Deny,
                        reason: with_text(limit.on_deny.as_deref(), reason),
                    }),
                }
            }
        }
        findings
    }

    fn shadow_policies(&self, findings: &mut Vec<ShadowFinding>) {
        for (_, policy) in self.stack {
            findings.extend(shut_out_in_shadow(policy, self.call).map(|rule| ShadowFinding {
                reason: shut_out_words(&rule, self.call),
                rule,
                name: None,
                verdict: Verdict::Deny,
            }));
        }
    }

    /// Every counter that conditions on the call may read, so that one look supplies them all.
    fn counters(&self) -> Vec<CounterKey> {
        let mut keys: Vec<CounterKey> = Vec::new();
        for Applied { entry, .. } in &self.applied {
            for constraints in [&entry.enforced, &entry.shadowed] {
                for constraint in Phase::ALL.iter().flat_map(|phase| phase.of(constraints)) {
                    constraint.counters(&mut |template| {
                        // A call without the value that the counter is kept for has no such counter.
                        let Ok(key) = template.key(&self.look.caller) else { return };
                        if !keys.contains(&key) {
                            keys.push(key);
                        }
                    });
                }
            }
        }
        keys
    }

    fn digest(&self) -> String {
        match self.stack {
            [(_, policy)] => policy.digest().to_owned(),
            several => several.iter().map(|(_, policy)| policy.digest()).collect::<Vec<_>>().join("+"),
        }
    }
}

/// Adds a need. Where the grant's policy counts in a counter in which the server's counts the call already, the call
/// is counted once, under the tighter bound, and given back only if both give it back: otherwise the one policy would
/// lift the limit of the other.
fn add(needs: &mut Vec<Need>, need: Need, origin: Origin) {
    let of_other = |known: &&mut Need| {
        let other = matches!(&known.rule, RuleName::At { origin: known, .. } if *known != origin);
        other && known.key == need.key && known.amount == need.amount
    };
    match needs.iter_mut().find(of_other) {
        None => needs.push(need),
        Some(known) => {
            let refund = known.refund.min(need.refund);
            if known.bound.tighter(need.bound) != known.bound {
                *known = need;
            }
            known.refund = refund;
        }
    }
}

pub(crate) fn not_permitted(call: &Call<'_>) -> String {
    format!("{} {} is not permitted", call.section.noun(), describe::quoted(call.name))
}

/// Why a call is kept out before any constraint is looked at.
pub(crate) fn shut_out_words(rule: &RuleName, call: &Call<'_>) -> String {
    let words = not_permitted(call);
    match rule {
        RuleName::Ambiguous => format!("{words}: a server can read it as another"),
        _ => words,
    }
}

/// The rule's own text, and as a sentence of its own why the call could not be judged.
fn with_text(on_deny: Option<&str>, why: String) -> String {
    let Some(text) = on_deny.map(str::trim_end).filter(|text| !text.is_empty()) else { return why };
    let stop = if text.ends_with(['.', '!', '?', '…']) { "" } else { "." };
    let mut letters = why.chars();
    let first: String = letters.next().map(|first| first.to_uppercase().collect()).unwrap_or_default();
    format!("{text}{stop} {first}{}", letters.as_str())
}

impl<'a> Ruling<'a> {
    fn of(phase: Phase, origin: Origin, constraint: &'a Constraint, reason: String) -> Ruling<'a> {
        Ruling {
            verdict: phase.verdict(),
            rule: RuleName::At { origin, pointer: Arc::clone(&constraint.pointer) },
            constraint: Some(constraint),
            name: constraint.name.as_deref(),
            reason,
        }
    }
}
