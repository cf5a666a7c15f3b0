//! What an expression searches for anywhere in a text.

use super::{Expression, Term};

impl Expression {
    /// Whether a search that need not match the whole of a text helps the call. `holds` says whether the expression
    /// itself must hold for the call's good.
    pub(crate) fn leaves_the_rest_unseen(&self, holds: bool) -> bool {
        unanchored(&self.program().root, holds)
    }
}

/// Only where it is certain what the value of a part does to the whole.
fn unanchored(term: &Term, helps: bool) -> bool {
    match term {
        Term::Matches(_, regular) => helps && !regular.anchored(),
        Term::Not(of) => unanchored(of, !helps),
        Term::And(one, other) | Term::Or(one, other) => unanchored(one, helps) || unanchored(other, helps),
        Term::Fold(fold) => unanchored(&fold.step, helps),
        _ => false,
    }
}
