//! Schemas and arguments, and what is said of them.

mod hostile;
mod undeclared;
mod words;

use interlock_json::{Limits, scan};

use super::{Rejection, Schema};

/// What comparing says: nothing, a reason, or a reason after a question mark where it could not be found out.
pub(super) fn compared(schema: &str, arguments: &str) -> String {
    let schema = match Schema::new(schema) {
        Ok(schema) => schema,
        Err(error) => return format!("! {error}"),
    };
    let document = scan(arguments, &Limits::default()).unwrap();
    shown(schema.validate(document.root()))
}

pub(super) fn shown(result: Result<(), Rejection>) -> String {
    match result {
        Ok(()) => String::new(),
        Err(Rejection { reason, unjudgeable: true }) => format!("? {reason}"),
        Err(Rejection { reason, .. }) => reason,
    }
}

/// Each line is a schema, arguments, and what is said.
pub(super) fn check(table: &[(&str, &str, &str)]) {
    for (schema, arguments, expected) in table {
        assert_eq!(compared(schema, arguments), *expected, "{schema}\n{arguments}");
    }
}
