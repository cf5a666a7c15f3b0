//! Tools of many kinds, written down with what they are before they were classified.
//!
//! A line is `category | server | tool | description | parameters`; a parameter is `name`, `name:type` or
//! `name=value|value`.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::classify;
use crate::definition::Definition;
use crate::risk::Category;

const LISTS: [&str; 2] = [include_str!("tests/things.txt"), include_str!("tests/services.txt")];

fn labelled(line: &str) -> (&str, Definition) {
    let mut parts = line.splitn(5, " | ");
    let mut part = || parts.next().unwrap_or_default().trim();
    let (category, server, tool, description, parameters) = (part(), part(), part(), part(), part());
    let mut properties = Map::new();
    for parameter in parameters.split(',').map(str::trim).filter(|parameter| !parameter.is_empty()) {
        let (name, schema) = match (parameter.split_once('='), parameter.split_once(':')) {
            (Some((name, values)), _) => (name, json!({"enum": values.split('|').collect::<Vec<_>>()})),
            (_, Some((name, kind))) => (name, json!({"type": kind})),
            _ => (parameter, json!({"type": "string"})),
        };
        properties.insert(name.to_owned(), schema);
    }
    let definition = Definition {
        server: server.to_owned(),
        tool: tool.to_owned(),
        description: Some(description.to_owned()),
        input_schema: json!({"type": "object", "properties": Value::Object(properties)}),
        ..Definition::default()
    };
    (category, definition)
}

/// Shares and not single tools are held: a rule that mends two of them may cost one.
#[test]
fn most_tools_are_what_they_were_said_to_be() {
    let (mut right, mut agree, mut all) = (0, 0, 0);
    let mut wrong: BTreeMap<(String, &str), Vec<String>> = BTreeMap::new();
    for line in LISTS.iter().flat_map(|list| list.lines()) {
        let (label, definition) = labelled(line);
        let said = classify(&definition).category;
        all += 1;
        right += usize::from(said.name() == label);
        agree += usize::from((said == Category::Read) == (label == "Read"));
        if said.name() != label {
            wrong.entry((label.to_owned(), said.name())).or_default().push(definition.tool);
        }
    }
    let read = |label: &str| wrong.get(&(label.to_owned(), "Read"));
    assert!(["Execute", "Destructive", "Financial"].iter().all(|label| read(label).is_none()), "{wrong:#?}");
    assert!(right * 100 >= all * 91, "{right} of {all}: {wrong:#?}");
    assert!(agree * 100 >= all * 97, "{agree} of {all}: {wrong:#?}");
}
