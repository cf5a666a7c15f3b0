//! TOML.

use toml_edit::{Document, Item, Key, TableLike, Value as TomlValue};

use super::{Format, SyntaxError, line_of};
use crate::node::{Layout, Member, Node, Value};

pub(super) fn read(text: &str) -> Result<Node, SyntaxError> {
    let document = Document::parse(text).map_err(|error| {
        let line = line_of(text, error.span().map_or(0, |span| span.start));
        SyntaxError::Grammar { line, format: Format::Toml.title() }
    })?;
    Ok(item(document.as_item()))
}

fn item(item: &Item) -> Node {
    let range = item.span().unwrap_or_default();
    let value = match item {
        Item::None => Value::Null,
        Item::Value(value) => return self::value(value),
        Item::Table(table) => Value::Map(members(table), Layout::Lines),
        Item::ArrayOfTables(tables) => {
            let items = tables.iter().map(|table| Node {
                range: table.span().unwrap_or_default(),
                value: Value::Map(members(table), Layout::Lines),
            });
            Value::List(items.collect(), Layout::Lines)
        }
    };
    Node { range, value }
}

fn value(toml: &TomlValue) -> Node {
    let value = match toml {
        TomlValue::String(text) => Value::Text(text.value().clone()),
        TomlValue::Boolean(truth) => Value::Bool(*truth.value()),
        TomlValue::Integer(_) | TomlValue::Float(_) | TomlValue::Datetime(_) => Value::Other,
        TomlValue::Array(array) => Value::List(array.iter().map(self::value).collect(), Layout::Brackets),
        // A dotted key makes such a table too, and that one has no brackets.
        TomlValue::InlineTable(table) if table.is_dotted() => Value::Map(members(table), Layout::Lines),
        TomlValue::InlineTable(table) => Value::Map(members(table), Layout::Brackets),
    };
    Node { range: toml.span().unwrap_or_default(), value }
}

fn members(table: &dyn TableLike) -> Vec<Member> {
    let keys = table.iter().filter_map(|(name, _)| table.get_key_value(name));
    keys.map(|(key, value)| Member { key: key.get().to_owned(), key_range: place(key), value: item(value) })
        .collect()
}

fn place(key: &Key) -> std::ops::Range<usize> {
    key.span().unwrap_or_default()
}
