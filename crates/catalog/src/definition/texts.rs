//! Where in the arguments of a tool texts stand: also in lists, in objects, and where one of several shapes is a text.

use serde_json::Value;

use super::Definition;

/// A place in the arguments that takes text.
#[derive(Debug, Clone)]
pub(crate) struct TextPlace<'d> {
    /// The way there; the first step is a parameter.
    pub(crate) steps: Vec<Step<'d>>,
    /// The schema of the text.
    pub(crate) schema: &'d Value,
}

/// A step into arguments.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Step<'d> {
    /// A member of an object.
    Key(&'d str),
    /// Each element of a list.
    Each,
}

/// How deep schemas are followed, references and alternatives counted.
const MOST_DEEP: usize = 8;
/// Most places that are looked at.
const MOST_PLACES: usize = 256;

impl<'d> TextPlace<'d> {
    /// The parameter that it stands in.
    pub(crate) fn parameter(&self) -> &'d str {
        self.keys().next().unwrap_or_default()
    }

    /// What the text itself is called: the last key of the way.
    pub(crate) fn name(&self) -> &'d str {
        self.keys().last().unwrap_or_default()
    }

    fn keys(&self) -> impl Iterator<Item = &'d str> {
        self.steps.iter().filter_map(|step| match step {
            Step::Key(key) => Some(*key),
            Step::Each => None,
        })
    }
}

impl Definition {
    /// Where texts stand in the arguments. Where a list stands for a text as well, the text alone.
    pub(crate) fn texts(&self) -> Vec<TextPlace<'_>> {
        let mut found = Found { root: &self.input_schema, places: Vec::new() };
        for (name, schema) in self.parameters() {
            found.walk(schema, &[Step::Key(name)], MOST_DEEP);
        }
        found.places
    }
}

struct Found<'d> {
    root: &'d Value,
    places: Vec<TextPlace<'d>>,
}

impl<'d> Found<'d> {
    fn walk(&mut self, schema: &'d Value, steps: &[Step<'d>], deep: usize) {
        let Some(deep) = deep.checked_sub(1).filter(|_| self.places.len() < MOST_PLACES) else { return };
        if let Some(target) = schema.get("$ref").and_then(|name| self.referred(name)) {
            self.walk(target, steps, deep);
        }
        let is = |kind: &str| match schema.get("type") {
            Some(Value::String(is)) => is == kind,
            Some(Value::Array(any)) => any.iter().any(|one| one == kind),
            _ => false,
        };
        const SHAPES: [&str; 7] = ["type", "$ref", "anyOf", "oneOf", "allOf", "properties", "items"];
        let is_anything = SHAPES.iter().all(|key| schema.get(key).is_none());
        if is("string") || is_anything {
            self.add(steps, schema);
        }
        let branches = ["anyOf", "oneOf", "allOf"].into_iter().filter_map(|key| schema.get(key)?.as_array());
        branches.flatten().for_each(|branch| self.walk(branch, steps, deep));
        if let Some(items) = schema.get("items") {
            self.walk(items, &longer(steps, Step::Each), deep);
        } else if is("array") {
            self.add(&longer(steps, Step::Each), schema);
        }
        for (name, member) in schema.get("properties").and_then(Value::as_object).into_iter().flatten() {
            self.walk(member, &longer(steps, Step::Key(name)), deep);
        }
    }

    fn referred(&self, name: &Value) -> Option<&'d Value> {
        self.root.pointer(name.as_str()?.strip_prefix('#')?)
    }

    fn add(&mut self, steps: &[Step<'d>], schema: &'d Value) {
        let as_text = match steps.split_last() {
            Some((Step::Each, text)) => text,
            _ => steps,
        };
        let is_new = !self.places.iter().any(|place| place.steps == steps || place.steps == as_text);
        if is_new && self.places.len() < MOST_PLACES {
            self.places.push(TextPlace { steps: steps.to_vec(), schema });
        }
    }
}

fn longer<'d>(steps: &[Step<'d>], step: Step<'d>) -> Vec<Step<'d>> {
    steps.iter().copied().chain([step]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(properties: &str, expected: &[&str]) {
        let line = format!(
            r##"{{"tool": "t", "inputSchema": {{"$defs": {{"P": {{"properties": {{"email": {{"type": "string"}}}}}}, "R": {{"$ref": "#/$defs/R"}}}}, "properties": {{{properties}}}}}}}"##
        );
        let definition = Definition::read(&line).unwrap();
        let written = |place: &TextPlace<'_>| {
            let steps = place.steps.iter().map(|step| match step {
                Step::Key(key) => format!(".{key}"),
                Step::Each => "[*]".to_owned(),
            });
            steps.collect::<String>()
        };
        assert_eq!(definition.texts().iter().map(written).collect::<Vec<_>>(), expected, "{properties}");
    }

    #[test]
    fn texts_are_found_wherever_they_stand() {
        check(r#""a": {"type": "string"}, "b": {"type": "integer"}, "c": {}"#, &[".a", ".c"]);
        check(r#""a": {"type": ["string", "null"]}"#, &[".a"]);
        check(
            r#""a": {"anyOf": [{"type": "array", "items": {"type": "string"}}, {"type": "null"}]}"#,
            &[".a[*]"],
        );
        check(
            r#""a": {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}"#,
            &[".a"],
        );
        check(r#""a": {"type": "array"}"#, &[".a[*]"]);
        check(r##""a": {"type": "array", "items": {"$ref": "#/$defs/P"}}"##, &[".a[*].email"]);
        check(
            r#""a": {"type": "object", "properties": {"b": {"type": "object", "properties": {"uri": {"type": "string"}}}}}"#,
            &[".a.b.uri"],
        );
        check(r##""a": {"$ref": "#/$defs/R"}, "b": {"$ref": "https://e.example/x"}"##, &[]);
    }
}
