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

/// Parameters inside of parameters inside of parameters: what stands deeper is data.
const DEPTH: usize = 3;
/// Parameters of one tool that are looked at.
const MOST: usize = 300;

/// All parameters, those inside of others behind them.
pub(super) fn parameters(definition: &Definition) -> Vec<Parameter<'_>> {
    let mut found = Vec::new();
    collect(&definition.input_schema, &definition.input_schema, None, DEPTH, &mut found);
    found
}

fn collect<'d>(
    root: &'d Value,
    schema: &'d Value,
    outer: Option<(&str, &str)>,
    depth: usize,
    found: &mut Vec<Parameter<'d>>,
) {
    if depth == 0 {
        return;
    }
    let schema = resolved(root, schema);
    let (path, key) = outer.unwrap_or_default();
    let mut inner = Vec::new();
    for (name, own) in schema.get("properties").and_then(Value::as_object).into_iter().flatten() {
        if found.len() == MOST {
            return;
        }
        let own = resolved(root, own);
        let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
        let parameter = Parameter {
            path,
            key: words::of_name(name).join("_"),
            parent: key.to_owned(),
            schema: own,
            values: values(root, own),
        };
        if has_members(own) {
            inner.push((parameter.path.clone(), parameter.key.clone(), own));
        }
        found.push(parameter);
    }
    for (path, key, own) in inner {
        collect(root, own, Some((&path, &key)), depth - 1, found);
    }
    for branch in branches(schema).chain(schema.get("items")) {
        collect(root, branch, outer, depth - 1, found);
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
