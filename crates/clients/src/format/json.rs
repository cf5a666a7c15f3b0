//! JSON, with comments where a client permits them.

use std::ops::Range;

use jsonc_parser::ast::{self, ObjectPropName};
use jsonc_parser::common::Ranged as _;
use jsonc_parser::errors::ParseErrorKind;
use jsonc_parser::{CollectOptions, ParseOptions, parse_to_ast};

use super::{Format, SyntaxError, line_of};
use crate::node::{Layout, Member, Node, Value};

/// What some editors write at the beginning of a file.
const MARK: char = '\u{feff}';

pub(super) fn read(text: &str, format: Format) -> Result<Node, SyntaxError> {
    let rest = text.strip_prefix(MARK).unwrap_or(text);
    let offset = text.len() - rest.len();
    let lenient = format == Format::JsonWithComments;
    let options = ParseOptions {
        allow_comments: lenient,
        allow_trailing_commas: lenient,
        allow_loose_object_property_names: false,
        allow_missing_commas: false,
        allow_single_quoted_strings: false,
        allow_hexadecimal_numbers: false,
        allow_unary_plus_numbers: false,
        allow_bare_decimal_point_numbers: false,
        allow_non_finite_numbers: false,
        allow_extended_string_escapes: false,
    };
    let parsed = parse_to_ast(rest, &CollectOptions::default(), &options).map_err(|error| {
        let line = line_of(rest, error.range().start);
        match error.kind() {
            ParseErrorKind::NestingDepthExceeded => SyntaxError::TooDeep { line },
            _ => SyntaxError::Grammar { line, format: format.title() },
        }
    })?;
    Ok(parsed
        .value
        .map_or(Node { range: text.len()..text.len(), value: Value::Null }, |value| node(value, offset)))
}

fn node(value: ast::Value<'_>, offset: usize) -> Node {
    let range = shifted(value.range(), offset);
    let value = match value {
        ast::Value::StringLit(text) => Value::Text(text.value.into_owned()),
        ast::Value::BooleanLit(literal) => Value::Bool(literal.value),
        ast::Value::NullKeyword(_) => Value::Null,
        ast::Value::NumberLit(_) => Value::Other,
        ast::Value::Array(array) => {
            Value::List(array.elements.into_iter().map(|item| node(item, offset)).collect(), Layout::Brackets)
        }
        ast::Value::Object(object) => Value::Map(
            object.properties.into_iter().map(|prop| member(prop, offset)).collect(),
            Layout::Brackets,
        ),
    };
    Node { range, value }
}

fn member(prop: ast::ObjectProp<'_>, offset: usize) -> Member {
    let key_range = shifted(prop.name.range(), offset);
    let key = match prop.name {
        ObjectPropName::String(text) => text.value.into_owned(),
        ObjectPropName::Word(word) => word.value.to_owned(),
    };
    Member { key, key_range, value: node(prop.value, offset) }
}

fn shifted(range: jsonc_parser::common::Range, offset: usize) -> Range<usize> {
    range.start + offset..range.end + offset
}
