//! What one of the two policies says of a name.

use std::collections::BTreeSet;

use super::Stack;
use crate::compile::{CompiledEntry, Constraint, ConstraintTest};
use crate::condition::Look;
use crate::decision::{Call, RuleName};
use crate::judge::{self, Phase};
use crate::limit::{Amount, Limit, Money, Source};
use crate::path::Path;

/// Everything enforced that applies to a name.
pub(super) struct Side<'p> {
    pub(super) stack: &'p Stack<'p>,
    pub(super) shut_out: Option<RuleName>,
    pub(super) constraints: Vec<Stated<'p>>,
    pub(super) limits: Vec<&'p Limit>,
}

/// A constraint in a form that is the same wherever it says the same.
pub(super) struct Stated<'p> {
    pub(super) phase: Phase,
    pub(super) constraint: &'p Constraint,
    /// The same for two that turn out the same on every call, whatever follows from it.
    pub(super) test: String,
    pub(super) print: String,
}

impl<'p> Side<'p> {
    pub(super) fn new(stack: &'p Stack<'p>, call: &Call<'p>) -> Side<'p> {
        let shut_out = judge::shut_out(stack, call);
        let mut side = Side { stack, shut_out, constraints: Vec::new(), limits: Vec::new() };
        for entry in stack.iter().flat_map(|(_, policy)| policy.entries(call.section).of(call.name)) {
            side.constraints.extend(stated(entry));
            side.limits.extend(&entry.enforced.limits);
        }
        side
    }

    /// Whether it can judge two names differently of which it states the same. `known`: what the server says of
    /// each tool is.
    pub(super) fn tells_names_apart(&self, known: bool) -> bool {
        self.constraints.iter().any(|stated| {
            let constraint = stated.constraint;
            let when = match &constraint.test {
                ConstraintTest::Conditions { when: Some(when), .. } => Some(when.expression.paths()),
                ConstraintTest::Conditions { .. } | ConstraintTest::Arguments(_) => None,
            };
            let mut named = when.into_iter().flatten().any(|path| *path == Path::CallTool);
            named |= constraint.leaves().iter().any(|leaf| leaf.written.path == Path::CallTool);
            named || known && constraint.needs_definition
        })
    }

    /// The same for two sides that judge every call of the name alike.
    pub(super) fn print(&self) -> (bool, BTreeSet<&str>, BTreeSet<String>) {
        if self.shut_out.is_some() {
            return (true, BTreeSet::new(), BTreeSet::new());
        }
        let constraints = self.constraints.iter().map(|stated| stated.print.as_str()).collect();
        (false, constraints, self.limits.iter().map(|limit| print(limit)).collect())
    }

    /// Whether it denies whatever the call says.
    pub(super) fn always_denies(&self) -> bool {
        let unconditional =
            |stated: &Stated<'_>| stated.phase == Phase::Deny && stated.constraint.is_unconditional();
        self.shut_out.is_some() || self.constraints.iter().any(unconditional)
    }
}

/// The enforced constraints of an entry.
fn stated(entry: &CompiledEntry) -> impl Iterator<Item = Stated<'_>> {
    Phase::ALL.into_iter().flat_map(|phase| {
        let constraints = phase.of(&entry.enforced).iter().filter(|one| !one.is_idle());
        constraints.map(move |constraint| {
            let test = test(&constraint.test);
            let print = format!("{:?} {test}", phase.verdict());
            Stated { phase, constraint, test, print }
        })
    })
}

/// What is tested, without the words for it. Of an expression it is what it means: blanks make no other test.
fn test(test: &ConstraintTest) -> String {
    match test {
        ConstraintTest::Arguments(validate) => format!("{validate:?}"),
        ConstraintTest::Conditions { kindness, conditions, when, .. } => {
            let when = when.as_ref().map(|when| (when.expression.program(), &when.counters));
            format!("{kindness:?} {conditions:?} {when:?}")
        }
    }
}

/// The same for two entries that do the same to every call of what they match.
pub(super) fn print_of(entry: &CompiledEntry) -> String {
    let constraints: BTreeSet<String> = stated(entry).map(|stated| stated.print).collect();
    let limits: BTreeSet<String> = entry.enforced.limits.iter().map(print).collect();
    let hides = entry.hides && !entry.shadow;
    format!("{} {hides} {constraints:?} {limits:?}", entry.lists)
}

/// What a limit counts, in which counter, up to where.
pub(super) fn print(limit: &Limit) -> String {
    format!("{:?} {:?} {:?} {:?}", limit.template, limit.amount, limit.min, limit.bound)
}

/// Whether a constraint is of a kind that no call made up here can be said to meet.
/// `known`: what the server says of the tool is.
pub(super) fn is_opaque(stated: &Stated<'_>, known: bool) -> Option<&'static str> {
    match &stated.constraint.test {
        ConstraintTest::Arguments(of) if known && !of.schema && !of.refuse_unknown => None,
        ConstraintTest::Arguments(_) => Some("`validate`"),
        ConstraintTest::Conditions { when: Some(_), .. } => Some("`when`"),
        ConstraintTest::Conditions { when: None, .. } => None,
    }
}

/// Whether a limit counts what no call says.
pub(super) fn pays(limit: &Limit) -> bool {
    matches!(&limit.amount, Amount::Money(Money { source: Source::Challenge, .. }))
}

/// What the constraint makes of a call.
pub(super) fn objects(stated: &Stated<'_>, look: &mut Look<'_>) -> bool {
    stated.constraint.objection(stated.phase, look).is_some()
}
