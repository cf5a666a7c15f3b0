//! The parameters of a tool, with those inside of them.

use serde_json::Value;

use super::words;
use crate::definition::Definition;

/// A parameter, or a member of one.
pub(super) struct Parameter<'d> {
    /// Its name, behind those of the parameters that it stands in.
    pub(super) path: String,
    /// Its name in lower case, words joined by `_`.
    pub(super) key: String,
    /// The same of the parameter that it stands in, where there is one.
    pub(super) parent: String,
    /// What it may be.
    pub(super) schema: &'d Value,
    /// The values that are named for it.
    pub(super) values: Vec<&'d str>,
}

/// Schemas inside of schemas: what stands deeper is data.
const DEPTH: usize = 8;
/// Parameters of one tool that are looked at, and schemas that they may be written with.
const MOST: usize = 300;

/// All parameters, those inside of others behind them.
pub(super) fn parameters(definition: &Definition) -> Vec<Parameter<'_>> {
    let mut walk = Walk { root: &definition.input_schema, left: MOST, found: Vec::new() };
    walk.through(&definition.input_schema, None, DEPTH);
    walk.found
}

struct Walk<'d> {
    root: &'d Value,
    /// Schemas that may still be looked into: one that refers to itself has no end.
    left: usize,
    found: Vec<Parameter<'d>>,
}

impl<'d> Walk<'d> {
    fn through(&mut self, schema: &'d Value, outer: Option<(&str, &str)>, depth: usize) {
        if depth == 0 || self.left == 0 {
            return;
        }
        self.left -= 1;
        let schema = resolved(self.root, schema);
        let (path, key) = outer.unwrap_or_default();
        let mut inner = Vec::new();
        for (name, own) in schema.get("properties").and_then(Value::as_object).into_iter().flatten() {
            if self.found.len() == MOST {
                return;
            }
            let own = resolved(self.root, own);
            let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
            let key = (words::of_name(name).join("_"), key.to_owned());
            if has_members(own) {
                inner.push((path.clone(), key.0.clone(), own));
            }
            let values = values(self.root, own);
            self.found.push(Parameter { path, key: key.0, parent: key.1, schema: own, values });
        }
        for (path, key, own) in inner {
            self.through(own, Some((&path, &key)), depth - 1);
        }
        for branch in branches(schema).chain(schema.get("items")) {
            self.through(branch, outer, depth - 1);
        }
    }
}

fn has_members(schema: &Value) -> bool {
    ["properties", "items", "anyOf", "oneOf", "allOf"].iter().any(|key| schema.get(key).is_some())
}

fn branches(schema: &Value) -> impl Iterator<Item = &Value> {
    ["anyOf", "oneOf", "allOf"].into_iter().filter_map(|key| schema.get(key)?.as_array()).flatten()
}

/// What a `$ref` within the schema stands for; anything else is itself.
fn resolved<'d>(root: &'d Value, schema: &'d Value) -> &'d Value {
    let within = schema.get("$ref").and_then(Value::as_str).and_then(|link| link.strip_prefix('#'));
    within.and_then(|pointer| root.pointer(pointer)).unwrap_or(schema)
}

/// The values that a parameter, or each element of it, may have, where they are named.
pub(super) fn values<'d>(root: &'d Value, schema: &'d Value) -> Vec<&'d str> {
    let direct = resolved(root, schema);
    let choices = branches(direct).map(|branch| resolved(root, branch));
    let elements = direct.get("items").map(|items| resolved(root, items));
    let each = [direct].into_iter().chain(choices).chain(elements);
    let named = each.flat_map(|one| {
        let several = one.get("enum").and_then(Value::as_array).into_iter().flatten();
        several.chain(one.get("const"))
    });
    named.filter_map(Value::as_str).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(schema: &str) -> Vec<(String, usize)> {
        let json = format!(r#"{{"tool": "t", "inputSchema": {schema}}}"#);
        let definition = Definition::read(&json).unwrap();
        parameters(&definition).into_iter().map(|one| (one.path, one.values.len())).collect()
    }

    #[test]
    fn what_is_inside_of_a_parameter_is_found() {
        let nested = r##"{"properties": {"request": {"$ref": "#/$defs/Request"}}, "$defs": {"Request": {"properties":
            {"action": {"$ref": "#/$defs/Action"}}}, "Action": {"enum": ["list", "delete"]}}}"##;
        assert_eq!(found(nested), [("request".to_owned(), 0), ("request.action".to_owned(), 2)]);
        let listed = r#"{"properties": {"steps": {"type": "array", "items": {"anyOf": [{"properties": {"op": {"const": "drop"}}}]}}}}"#;
        assert_eq!(found(listed), [("steps".to_owned(), 0), ("steps.op".to_owned(), 1)]);
    }

    #[test]
    fn a_schema_that_holds_itself_ends() {
        let own = r##"{"properties": {"a": {"$ref": "#"}, "b": {"$ref": "#/properties/b"}}}"##;
        assert!(found(own).len() < MOST);
        let wide: Vec<String> = (0..2 * MOST).map(|at| format!(r#""p{at}": {{}}"#)).collect();
        assert_eq!(found(&format!(r#"{{"properties": {{{}}}}}"#, wide.join(","))).len(), MOST);
    }
}
