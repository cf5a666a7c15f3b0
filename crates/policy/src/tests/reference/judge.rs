//! Phases: (no policy), (hidden), (default deny), (ambiguous), validate, deny, require, approvals, limits.

use super::condition::{Three, Type, objects};
use super::counters::{Counter, counted, is_own};
use super::coverage;
use super::json::Json;
use super::limits::{Need, Uncountable, need, together};
use super::number::Number;
use super::policy::{Applied, Policy, glob};
use super::scene::{Scene, Tool};
use super::uri::can_be_read_as_another;
use super::validate;
use crate::{Section, Verdict};

/// A decision, as far as the language's description fixes it.
#[derive(Debug)]
pub(super) struct Ruling {
    pub(super) verdict: Verdict,
    pub(super) rule: String,
    pub(super) name: Option<String>,
    pub(super) reason: Reason,
    pub(super) needs: Vec<Need>,
    pub(super) shadow: Vec<Objection>,
    pub(super) read: Vec<(Counter, Number)>,
    pub(super) approval_timeout: Option<u64>,
}

/// What a constraint says against a call.
#[derive(Debug, Clone)]
pub(super) struct Objection {
    pub(super) verdict: Verdict,
    pub(super) rule: String,
    pub(super) name: Option<String>,
    pub(super) reason: Reason,
    pub(super) approval_timeout: Option<u64>,
}

#[derive(Debug, Clone)]
pub(super) enum Reason {
    Is(String),
    /// The policy's text for the agent, or words of the evaluator's own; and more where the call could not be judged.
    About {
        on_deny: Option<String>,
        judged: bool,
        argument: Option<String>,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Phase {
    Hidden,
    DefaultDeny,
    Ambiguous,
    Validate,
    Deny,
    Require,
    Approve,
    Limits,
}

/// One thing that may object, in its phase.
struct Constraint<'d> {
    phase: Phase,
    shadow: bool,
    rule: String,
    part: &'d Json,
    policy: &'d Policy,
    what: What<'d>,
}

enum What<'d> {
    Validate(&'d Json),
    Conditions { kind: Type, conditions: Vec<&'d Json>, when: Option<&'d str> },
}

pub(super) fn judge(policies: &[Policy], scene: &Scene<'_>) -> Ruling {
    if policies.is_empty() {
        return ruling(
            scene,
            gate(Verdict::Deny, "(no policy)", not_permitted(scene)),
            Vec::new(),
            Vec::new(),
        );
    }
    let gates = gates(policies, scene);
    let mut constraints: Vec<Constraint<'_>> =
        policies.iter().flat_map(|policy| constraints(policy, scene)).collect();
    constraints.sort_by_key(|constraint| constraint.phase);

    let closed = gates
        .iter()
        .filter(|gate| !gate.shadow)
        .min_by_key(|gate| gate.phase)
        .map(|gate| gate.objection.clone());
    // What is not permitted at all is not looked up, so nothing is found that would need the tool's definition.
    let looked_up = closed.is_none();
    let enforced = closed.or_else(|| first_objection(&constraints, scene));
    let (needs, uncountable) = needs(policies, scene);
    let enforced = match enforced {
        Some(objection) if objection.verdict == Verdict::Deny => Some(objection),
        // Before a person is asked the limits are looked at.
        asks => uncountable.iter().find(|limit| !limit.shadow).map(|limit| limit.objection.clone()).or(asks),
    };
    let read = scene.read.take();

    let mut shadow: Vec<Objection> =
        gates.iter().filter(|gate| gate.shadow).map(|gate| gate.objection.clone()).collect();
    shadow.extend(
        constraints
            .iter()
            .filter(|constraint| constraint.shadow && (looked_up || !needs_definition(constraint)))
            .filter_map(|constraint| objection(constraint, scene)),
    );
    shadow.extend(uncountable.into_iter().filter(|limit| limit.shadow).map(|limit| limit.objection));

    let decided = enforced.unwrap_or_else(|| {
        gate(Verdict::Proceed, &permitting(policies, &gates, scene), "permitted".to_owned())
    });
    let needs = if decided.verdict == Verdict::Deny { Vec::new() } else { together(needs) };
    scene.read.replace(read);
    ruling(scene, decided, needs, shadow)
}

fn ruling(scene: &Scene<'_>, decided: Objection, needs: Vec<Need>, shadow: Vec<Objection>) -> Ruling {
    let Objection { verdict, rule, name, reason, approval_timeout } = decided;
    Ruling { verdict, rule, name, reason, needs, shadow, read: scene.read.take(), approval_timeout }
}

fn gate(verdict: Verdict, rule: &str, reason: String) -> Objection {
    Objection {
        verdict,
        rule: rule.to_owned(),
        name: None,
        reason: Reason::Is(reason),
        approval_timeout: None,
    }
}

/// Hidden, default-denied and unknown names all get the same words.
fn not_permitted(scene: &Scene<'_>) -> String {
    format!("{} \"{}\" is not permitted", scene.section.noun(), scene.name)
}

/// An objection to the name itself, before any argument is looked at.
struct Gate {
    phase: Phase,
    shadow: bool,
    objection: Objection,
}

/// The server's first; what is enforced is looked at phase by phase.
fn gates(policies: &[Policy], scene: &Scene<'_>) -> Vec<Gate> {
    policies.iter().flat_map(|policy| gates_of(policy, scene)).collect()
}

/// What in shadow only repeats that the name is not permitted is not said.
fn gates_of(policy: &Policy, scene: &Scene<'_>) -> Vec<Gate> {
    let words = not_permitted(scene);
    let other = format!("{words}: a server can read it as another");
    let mut all: Vec<Gate> = Vec::new();
    for (phase, rule, reason, closed) in [
        (Phase::Hidden, "(hidden)", &words, hidden(policy, scene)),
        (Phase::DefaultDeny, "(default deny)", &words, default_denied(policy, scene)),
        (Phase::Ambiguous, "(ambiguous)", &other, ambiguous(policy, scene)),
    ] {
        for shadow in closed {
            if !shadow || all.iter().all(|gate| !gate.shadow) {
                all.push(Gate { phase, shadow, objection: gate(Verdict::Deny, rule, reason.clone()) });
            }
        }
    }
    all
}

/// For each way in which the policy hides the name, whether only in shadow.
fn hidden(policy: &Policy, scene: &Scene<'_>) -> Vec<bool> {
    let hides = |pattern: &Json| glob(pattern.text().unwrap(), scene.name);
    let listed = policy.document.items_at("hide").iter().any(hides);
    let applying = policy.applying(scene.section, scene.name);
    let hiding = applying.iter().filter(|applied| applied.entry.is_set("hide"));
    let by_entries = hiding.map(|applied| policy.is_shadow(Some(applied.entry), None));
    listed.then(|| policy.is_shadow(None, None)).into_iter().chain(by_entries).collect()
}

fn default_denied(policy: &Policy, scene: &Scene<'_>) -> Vec<bool> {
    let listed = policy.applying(scene.section, scene.name).iter().any(Applied::lists);
    let denied = !listed && !policy.allows_by_default();
    denied.then(|| policy.is_shadow(None, None)).into_iter().collect()
}

/// A URI that a server can read as another is permitted by its own text only, where the policy tells resources apart.
fn ambiguous(policy: &Policy, scene: &Scene<'_>) -> Vec<bool> {
    let tells_apart = policy.entries(Section::Resources).iter().any(Applied::lists)
        || !policy.document.items_at("hide").is_empty();
    let exact = policy.applying(scene.section, scene.name).iter().any(Applied::is_exact);
    let odd = scene.section == Section::Resources && can_be_read_as_another(scene.name);
    (odd && tells_apart && !exact).then(|| policy.is_shadow(None, None)).into_iter().collect()
}

/// What lets the name through: what would have denied it and is in shadow, or the first entry that lists it.
fn permitting(policies: &[Policy], gates: &[Gate], scene: &Scene<'_>) -> String {
    let listing = policies.iter().find_map(|policy| {
        let applying = policy.applying(scene.section, scene.name);
        let listing = applying.into_iter().find(Applied::lists);
        listing.map(|applied| format!("{}:{}", policy.origin, applied.pointer))
    });
    match gates.iter().find(|gate| gate.shadow) {
        Some(gate) => gate.objection.rule.clone(),
        None => listing.unwrap_or("(default allow)".to_owned()),
    }
}

/// Everything of a policy that may object to a call, besides its limits, entry by entry.
fn constraints<'d>(policy: &'d Policy, scene: &Scene<'_>) -> Vec<Constraint<'d>> {
    let mut all = Vec::new();
    for applied in policy.applying(scene.section, scene.name) {
        let entry = applied.entry;
        let mut add = |phase: Phase, pointer: String, part: &'d Json, what: What<'d>| {
            let rule = format!("{}:{}/{pointer}", policy.origin, applied.pointer);
            all.push(Constraint {
                phase,
                shadow: policy.is_shadow(Some(entry), Some(part)),
                rule,
                part,
                policy,
                what,
            });
        };
        let block = |block: &'d Json, kind: Type| {
            let alone = block.get("conditions").is_none();
            let conditions = if alone { vec![block] } else { block.items_at("conditions").iter().collect() };
            What::Conditions { kind, conditions, when: None }
        };
        if let Some(said) = entry.get("validate") {
            add(Phase::Validate, "validate".to_owned(), &Json::Null, What::Validate(said));
        }
        for (index, part) in entry.items_at("require").iter().enumerate() {
            add(Phase::Require, format!("require/{index}"), part, block(part, Type::Allow));
        }
        for (index, rule) in entry.items_at("rules").iter().enumerate() {
            let pointer = format!("rules/{index}");
            if let Some(said) = rule.get("validate") {
                add(Phase::Validate, pointer.clone(), rule, What::Validate(said));
            }
            let (phase, kind) = match rule.text_at("action") {
                Some("deny") => (Phase::Deny, Type::Deny),
                Some("require_approval") => (Phase::Approve, Type::Deny),
                _ => (Phase::Require, Type::Allow),
            };
            // A limit on the rule's own counter is tested where it is reserved.
            let conditions =
                rule.items_at("conditions").iter().filter(|leaf| !is_own(leaf, &applied, rule)).collect();
            add(phase, pointer, rule, What::Conditions { kind, conditions, when: rule.text_at("when") });
        }
        for (index, part) in entry.items_at("deny_if").iter().enumerate() {
            add(Phase::Deny, format!("deny_if/{index}"), part, block(part, Type::Deny));
        }
        for (index, part) in entry.items_at("approve_if").iter().enumerate() {
            add(Phase::Approve, format!("approve_if/{index}"), part, block(part, Type::Deny));
        }
    }
    all
}

fn first_objection(constraints: &[Constraint<'_>], scene: &Scene<'_>) -> Option<Objection> {
    constraints
        .iter()
        .filter(|constraint| !constraint.shadow)
        .find_map(|constraint| objection(constraint, scene))
}

fn objection(constraint: &Constraint<'_>, scene: &Scene<'_>) -> Option<Objection> {
    let part = constraint.part;
    let (objects, judged) = match &constraint.what {
        What::Validate(said) => (validate::objects(said, scene), false),
        What::Conditions { kind, conditions, when } => {
            let (objects, value) = objects(constraint.policy, scene, *kind, conditions, *when);
            (objects, value != Three::Unknown)
        }
    };
    coverage::constraint(constraint.phase, objects, constraint.shadow);
    // Where the definition says nothing, nothing is said of the arguments.
    let told = !matches!((&constraint.what, scene.tool), (What::Validate(_), Tool::NotRead | Tool::Absent));
    let text = |key: &str| part.text_at(key).map(str::to_owned);
    let timeout = part.get("approval_timeout").map(|timeout| timeout.to_string().parse().unwrap());
    objects.then(|| Objection {
        verdict: if constraint.phase == Phase::Approve { Verdict::Ask } else { Verdict::Deny },
        rule: constraint.rule.clone(),
        name: text("name"),
        reason: Reason::About {
            on_deny: text("on_deny").or(text("reason")).filter(|_| told),
            judged,
            argument: None,
        },
        approval_timeout: timeout,
    })
}

fn needs_definition(constraint: &Constraint<'_>) -> bool {
    match &constraint.what {
        What::Validate(_) => true,
        What::Conditions { conditions, .. } => {
            conditions.iter().any(|condition| condition.to_string().contains("\"path\": \"tool."))
        }
    }
}

/// What the limits of all policies reserve, and what of them cannot be counted.
fn needs(policies: &[Policy], scene: &Scene<'_>) -> (Vec<Need>, Vec<Gate>) {
    let (mut needs, mut uncountable) = (Vec::new(), Vec::new());
    for policy in policies {
        for counting in counted(policy, &policy.applying(scene.section, scene.name)) {
            let found = need(policy, &counting, scene);
            coverage::constraint(Phase::Limits, found.is_err(), counting.shadow);
            match found {
                Ok(need) => needs.extend(need),
                Err(Uncountable(argument)) => {
                    let text = |key: &str| counting.part.text_at(key).map(str::to_owned);
                    let on_deny = text("on_deny").or(text("reason"));
                    let objection = Objection {
                        verdict: Verdict::Deny,
                        rule: format!("{}:{}", policy.origin, counting.pointer),
                        name: text("name"),
                        reason: Reason::About { on_deny, judged: false, argument },
                        approval_timeout: None,
                    };
                    uncountable.push(Gate { phase: Phase::Limits, shadow: counting.shadow, objection });
                }
            }
        }
    }
    // What is in shadow comes after what is enforced.
    needs.sort_by_key(|need: &Need| need.shadow);
    (needs, uncountable)
}

/// Whether lists show the name.
pub(super) fn visible(policies: &[Policy], scene: &Scene<'_>) -> bool {
    let shows = |policy: &Policy| {
        let all = policy.document.says("list", "all");
        let enforced = |closed: Vec<bool>| closed.contains(&false);
        !enforced(hidden(policy, scene))
            && (all || !enforced(default_denied(policy, scene)) && !enforced(ambiguous(policy, scene)))
    };
    !policies.is_empty() && policies.iter().all(shows)
}
