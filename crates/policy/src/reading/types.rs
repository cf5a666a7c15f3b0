//! `one_of_types`: the value's type, as JSON Schema names types.

use interlock_json::{Kind, Value};

use super::{Flaw, Judged};
use crate::diagnostic::{did_you_mean, quoted};

/// A type by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Type {
    Text,
    Number,
    Integer,
    Boolean,
    Array,
    Object,
}

const NAMES: [(&str, Type); 6] = [
    ("string", Type::Text),
    ("number", Type::Number),
    ("integer", Type::Integer),
    ("boolean", Type::Boolean),
    ("array", Type::Array),
    ("object", Type::Object),
];

/// The types that a value may have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Types(Vec<Type>);

impl Types {
    pub(crate) fn new(names: &[String]) -> Result<Types, (usize, Flaw)> {
        let find = |(index, name): (usize, &String)| {
            let known = NAMES.iter().find(|(known, _)| known == name);
            known.map(|(_, of)| *of).ok_or_else(|| (index, flaw(name)))
        };
        names.iter().enumerate().map(find).collect::<Result<_, _>>().map(Types)
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &'static str> {
        self.0.iter().filter_map(|of| NAMES.iter().find(|(_, known)| known == of).map(|(name, _)| *name))
    }

    pub(super) fn has_text(&self) -> bool {
        self.0.contains(&Type::Text)
    }

    pub(super) fn judge(&self, value: Value<'_>) -> Judged {
        let of = match value.kind() {
            Kind::Null => return Ok(false),
            Kind::String => Type::Text,
            Kind::Bool => Type::Boolean,
            Kind::Array => Type::Array,
            Kind::Object => Type::Object,
            Kind::Number => return self.number(value),
        };
        Ok(self.0.contains(&of))
    }

    /// A whole number is an integer however it is written: `1.0` and `1e3` are.
    fn number(&self, value: Value<'_>) -> Judged {
        if self.0.contains(&Type::Number) {
            return Ok(true);
        }
        if !self.0.contains(&Type::Integer) {
            return Ok(false);
        }
        match value.decimal() {
            Some(Ok(number)) => Ok(number.is_integer()),
            Some(Err(_)) | None => Err("is out of the range of numbers that can be compared".into()),
        }
    }
}

fn flaw(name: &str) -> Flaw {
    let flaw = Flaw::new(format!("{} is not the name of a type", quoted(name)));
    match name {
        "null" => flaw.help("a null argument counts as missing: use `op: exists`"),
        "text" | "str" => flaw.help("write `string`"),
        "bool" => flaw.help("write `boolean`"),
        "int" => flaw.help("write `integer`"),
        "float" | "decimal" => flaw.help("write `number`"),
        "list" => flaw.help("write `array`"),
        "map" | "dict" => flaw.help("write `object`"),
        _ => match did_you_mean(name, NAMES.iter().map(|(known, _)| *known)) {
            Some(near) => flaw.help(near),
            None => flaw.help("types are `string`, `number`, `integer`, `boolean`, `array` and `object`"),
        },
    }
}
