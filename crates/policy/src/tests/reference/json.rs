//! JSON that keeps the text of its numbers and the order of its members.

use std::fmt;

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Json {
    Null,
    Bool(bool),
    /// As it is written: `1.0`, `1e400`, `-0`.
    Number(String),
    Text(String),
    Array(Vec<Json>),
    Object(Vec<(String, Json)>),
}

impl Json {
    #[allow(
        clippy::needless_pass_by_value,
        reason = "a reference reads worse wherever a number is written out"
    )]
    pub(super) fn number(text: impl ToString) -> Json {
        Json::Number(text.to_string())
    }

    /// A member that is there; a null one is not.
    pub(super) fn get(&self, key: &str) -> Option<&Json> {
        self.members()
            .iter()
            .find(|(name, value)| name == key && *value != Json::Null)
            .map(|(_, value)| value)
    }

    pub(super) fn text(&self) -> Option<&str> {
        match self {
            Json::Text(text) => Some(text),
            _ => None,
        }
    }

    pub(super) fn text_at(&self, key: &str) -> Option<&str> {
        self.get(key).and_then(Json::text)
    }

    /// Whether the member says this word.
    pub(super) fn says(&self, key: &str, word: &str) -> bool {
        self.text_at(key) == Some(word)
    }

    /// Whether the member is true.
    pub(super) fn is_set(&self, key: &str) -> bool {
        self.get(key) == Some(&Json::Bool(true))
    }

    pub(super) fn members(&self) -> &[(String, Json)] {
        match self {
            Json::Object(members) => members,
            _ => &[],
        }
    }

    pub(super) fn items(&self) -> &[Json] {
        match self {
            Json::Array(items) => items,
            _ => &[],
        }
    }

    pub(super) fn items_at(&self, key: &str) -> &[Json] {
        self.get(key).map_or(&[], Json::items)
    }
}

/// An object of the members that have a value.
pub(super) fn object<const N: usize>(members: [(&str, Option<Json>); N]) -> Json {
    let members = members.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?)));
    Json::Object(members.collect())
}

impl From<&str> for Json {
    fn from(text: &str) -> Json {
        Json::Text(text.to_owned())
    }
}

impl From<Vec<Json>> for Json {
    fn from(items: Vec<Json>) -> Json {
        Json::Array(items)
    }
}

impl From<serde_json::Value> for Json {
    fn from(value: serde_json::Value) -> Json {
        use serde_json::Value;
        match value {
            Value::Null => Json::Null,
            Value::Bool(value) => Json::Bool(value),
            Value::Number(number) => Json::number(number),
            Value::String(text) => Json::Text(text),
            Value::Array(items) => Json::Array(items.into_iter().map(Json::from).collect()),
            Value::Object(members) => {
                Json::Object(members.into_iter().map(|(key, value)| (key, Json::from(value))).collect())
            }
        }
    }
}

impl fmt::Display for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let quoted = |text: &str| serde_json::to_string(text).unwrap();
        match self {
            Json::Null => f.write_str("null"),
            Json::Bool(value) => write!(f, "{value}"),
            Json::Number(text) => f.write_str(text),
            Json::Text(text) => f.write_str(&quoted(text)),
            Json::Array(items) => {
                f.write_str("[")?;
                for (index, item) in items.iter().enumerate() {
                    write!(f, "{}{item}", if index == 0 { "" } else { ", " })?;
                }
                f.write_str("]")
            }
            Json::Object(members) => {
                f.write_str("{")?;
                for (index, (key, value)) in members.iter().enumerate() {
                    write!(f, "{}{}: {value}", if index == 0 { "" } else { ", " }, quoted(key))?;
                }
                f.write_str("}")
            }
        }
    }
}
