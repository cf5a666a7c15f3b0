//! `validate`: a call's arguments against what the tool's own definition says of them.

use std::borrow::Cow;
use std::collections::HashSet;

use interlock_json::{Limits, Value, scan};

use super::not_permitted;
use crate::condition::Look;
use crate::describe;
use crate::document::Validate;
use crate::fact::ToolFacts;
use crate::schema::Rejection;
use crate::tool::ToolDefinition;

/// Required arguments that are looked for one by one.
const FEW: usize = 16;

/// Why the arguments are not accepted; `None` where they are.
pub(super) fn objection(validate: Validate, look: &Look<'_>) -> Option<String> {
    let definition = match look.facts.tool {
        ToolFacts::Unknown => {
            return Some("the arguments that the tool requires are not known yet".to_owned());
        }
        ToolFacts::Absent => return Some(not_permitted(look.call)),
        ToolFacts::Known { definition } => definition,
    };
    let missing = validate.required_args.then(|| required_args(definition, look)).flatten();
    missing.or_else(|| by_schema(validate, definition, look.call.arguments))
}

/// `inputSchema.required` asks for presence; whether null is a value is the schema's own question.
fn required_args(definition: &ToolDefinition, look: &Look<'_>) -> Option<String> {
    let required = definition.required();
    // A server may require, and a call give, so many that each may be looked for once only.
    let given: HashSet<Cow<'_, str>> = match look.call.arguments {
        Some(arguments) if required.len() > FEW => arguments.members().map(|(key, _)| key.text()).collect(),
        _ => HashSet::new(),
    };
    let is_given = |name: &str| match look.call.arguments {
        Some(arguments) if required.len() <= FEW => arguments.get(name).is_some(),
        _ => given.contains(name),
    };
    let missing = required.iter().find(|name| !is_given(name))?;
    Some(format!("required argument {} is missing", describe::quoted(missing)))
}

fn by_schema(
    validate: Validate,
    definition: &ToolDefinition,
    arguments: Option<Value<'_>>,
) -> Option<String> {
    if !validate.schema && !validate.refuse_unknown {
        return None;
    }
    let schema = match definition.schema() {
        Ok(schema) => schema,
        Err(error) => return Some(format!("the tool's schema cannot be used: {error}")),
    };
    // A call without arguments has none of them.
    let Ok(empty) = scan("{}", &Limits::default()) else {
        return Some("the arguments cannot be read".to_owned());
    };
    let arguments = arguments.unwrap_or_else(|| empty.root());
    let unknown = validate.refuse_unknown.then(|| schema.refuse_undeclared(arguments));
    let result = unknown.unwrap_or(Ok(())).and_then(|()| match validate.schema {
        true => schema.validate(arguments),
        false => Ok(()),
    });
    result.err().map(|Rejection { reason, .. }| reason)
}
