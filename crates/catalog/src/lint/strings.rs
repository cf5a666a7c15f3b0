//! Every string of a definition, with the way to it.

use serde_json::{Map, Value};

use crate::definition::Definition;

/// A string that a model reads. The way to it is made only where it is asked for.
pub(crate) enum Text<'t> {
    /// A sentence or a value.
    Prose { place: &'t dyn Fn() -> String, text: &'t str },
    /// The name of the tool, or of a member.
    Name { place: &'t dyn Fn() -> String, name: &'t str },
}

/// One step from a value to one within it.
#[derive(Clone, Copy)]
enum Step<'s> {
    Member(&'s str),
    Item(usize),
}

/// Calls `see` with every string. The name of the server is the operator's, and not looked at.
pub(crate) fn each(definition: &Definition, see: &mut dyn FnMut(Text<'_>)) {
    see(Text::Name { place: &|| "name".to_owned(), name: &definition.tool });
    for (name, text) in [("title", &definition.title), ("description", &definition.description)] {
        if let Some(text) = text {
            see(Text::Prose { place: &|| name.to_owned(), text });
        }
    }
    value(&definition.input_schema, &mut vec![Step::Member("inputSchema")], see);
    if let Some(annotations) = &definition.annotations {
        if let Some(title) = &annotations.title {
            see(Text::Prose { place: &|| "annotations.title".to_owned(), text: title });
        }
        members(&annotations.rest, &mut vec![Step::Member("annotations")], see);
    }
    members(&definition.rest, &mut Vec::new(), see);
}

/// Goes down a value. What was read from JSON is no deeper than the scan lets pass.
fn value<'v>(within: &'v Value, way: &mut Vec<Step<'v>>, see: &mut dyn FnMut(Text<'_>)) {
    match within {
        Value::String(text) => see(Text::Prose { place: &|| path(way), text }),
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                way.push(Step::Item(index));
                value(item, way, see);
                way.pop();
            }
        }
        Value::Object(object) => members(object, way, see),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn members<'v>(object: &'v Map<String, Value>, way: &mut Vec<Step<'v>>, see: &mut dyn FnMut(Text<'_>)) {
    for (name, member) in object {
        way.push(Step::Member(name));
        see(Text::Name { place: &|| path(way), name });
        value(member, way, see);
        way.pop();
    }
}

/// `inputSchema.properties.path.enum[2]`; a name that is no plain word is quoted as in JSON.
fn path(way: &[Step<'_>]) -> String {
    let mut path = String::new();
    for step in way {
        match step {
            Step::Item(index) => path.push_str(&format!("[{index}]")),
            Step::Member(name) if is_plain(name) => {
                if !path.is_empty() {
                    path.push('.');
                }
                path.push_str(name);
            }
            Step::Member(name) => path.push_str(&format!("[\"{}\"]", name.escape_debug())),
        }
    }
    path
}

fn is_plain(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|letter| letter.is_ascii_alphanumeric() || "_-$".contains(letter))
}
