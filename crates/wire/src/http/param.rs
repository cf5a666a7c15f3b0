//! Headers that repeat arguments: `Mcp-Param-{X}` for properties marked `x-mcp-header` (2026-07-28, "Streamable
//! HTTP", "Custom Headers from Tool Parameters").

use interlock_json::{Decimal, Kind, Value};
use thiserror::Error;

use super::{Fields, HeaderError, PARAM_PREFIX, decode, encode};

const MARK: &str = "x-mcp-header";
/// 2^53 - 1, the largest integer that every reader holds exactly.
const SAFE: u128 = (1 << 53) - 1;

/// Keywords of JSON Schema 2020-12 whose value is a schema, a list of them, or a map of them. A mark below any of
/// them makes a definition invalid. Everything else holds data, in which a mark is none; references are not
/// followed.
const ONE: &[&str] = &[
    "items",
    "contains",
    "additionalProperties",
    "propertyNames",
    "unevaluatedItems",
    "unevaluatedProperties",
    "not",
    "if",
    "then",
    "else",
    "contentSchema",
];
const LIST: &[&str] = &["allOf", "anyOf", "oneOf", "prefixItems"];
const MAP: &[&str] = &["patternProperties", "dependentSchemas", "$defs", "definitions"];

/// The arguments of one tool that headers repeat.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ParamHeaders {
    params: Vec<Param>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Param {
    /// The names of the properties that lead to it.
    path: Vec<String>,
    /// The header's whole name.
    header: String,
}

/// Why a tool's definition is invalid: a client leaves the tool out of what it lists.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum SchemaError {
    /// A mark that is not on a property, or on one that `properties` alone do not lead to.
    #[error("`x-mcp-header` stands where no argument can be read from")]
    Place,
    /// A mark that is no name of a header.
    #[error("`x-mcp-header` is not the name of a header")]
    Name,
    /// A mark on something else than an integer, a string or a boolean.
    #[error("`x-mcp-header` is on a property that is no integer, string or boolean")]
    Type,
    /// Two marks of one name, compared without case.
    #[error("`x-mcp-header` has the same name twice")]
    Duplicate,
}

impl ParamHeaders {
    /// Reads the marks of a tool's `inputSchema`.
    ///
    /// # Errors
    /// [`SchemaError`] where one of them is invalid, and the tool with it.
    pub fn of_schema(schema: Value<'_>) -> Result<Self, SchemaError> {
        let mut found = Self::default();
        // A schema and the path of properties to it; no path where something else was crossed.
        let mut todo: Vec<(Option<Vec<String>>, Value<'_>)> = vec![(Some(Vec::new()), schema)];
        while let Some((path, schema)) = todo.pop() {
            if let Some(mark) = schema.get(MARK) {
                found.add(path.as_deref(), mark, schema)?;
            }
            for (keyword, value) in schema.members() {
                let keyword = keyword.text();
                if keyword == "properties" {
                    todo.extend(value.members().map(|(name, schema)| {
                        let path =
                            path.as_ref().map(|path| [&path[..], &[name.text().into_owned()]].concat());
                        (path, schema)
                    }));
                } else if ONE.contains(&&*keyword) {
                    todo.push((None, value));
                } else if LIST.contains(&&*keyword) {
                    todo.extend(value.items().map(|schema| (None, schema)));
                } else if MAP.contains(&&*keyword) {
                    todo.extend(value.members().map(|(_, schema)| (None, schema)));
                }
            }
        }
        // In the order of their names, not in that of the walk.
        found.params.sort_by(|a, b| a.header.cmp(&b.header));
        Ok(found)
    }

    fn add(
        &mut self,
        path: Option<&[String]>,
        mark: Value<'_>,
        schema: Value<'_>,
    ) -> Result<(), SchemaError> {
        let path = path.filter(|path| !path.is_empty()).ok_or(SchemaError::Place)?;
        let name = mark.as_str().filter(|name| is_token(name)).ok_or(SchemaError::Name)?;
        let kind = schema.get("type").and_then(Value::as_str).unwrap_or_default();
        if !matches!(&*kind, "integer" | "string" | "boolean") {
            return Err(SchemaError::Type);
        }
        let header = format!("{PARAM_PREFIX}{name}");
        if self.params.iter().any(|param| param.header.eq_ignore_ascii_case(&header)) {
            return Err(SchemaError::Duplicate);
        }
        self.params.push(Param { path: path.to_vec(), header });
        Ok(())
    }

    /// Whether no header repeats an argument.
    pub fn is_empty(&self) -> bool {
        self.params.is_empty()
    }

    /// Checks that the headers say what the arguments say. Headers of names that the tool does not mark are
    /// ignored, as of every request.
    ///
    /// # Errors
    /// [`HeaderError`], which is 400 and -32020.
    pub fn check(&self, arguments: Option<Value<'_>>, fields: Fields<'_>) -> Result<(), HeaderError> {
        self.params.iter().try_for_each(|param| param.check(arguments, fields))
    }

    /// The headers of a call with these arguments, by name and value.
    ///
    /// # Errors
    /// [`HeaderError::Range`] for a number that a header must not repeat.
    pub fn write(&self, arguments: Option<Value<'_>>) -> Result<Vec<(String, String)>, HeaderError> {
        let mut headers = Vec::new();
        for param in &self.params {
            if let Some(text) = param.repeated(arguments)? {
                headers.push((param.header.clone(), encode(&text).into_owned()));
            }
        }
        Ok(headers)
    }
}

impl Param {
    fn check(&self, arguments: Option<Value<'_>>, fields: Fields<'_>) -> Result<(), HeaderError> {
        let name = || self.header.clone().into();
        let header = fields.one(&self.header)?;
        let text = self.repeated(arguments)?;
        let (header, text) = match (header, text) {
            (None, None) => return Ok(()),
            (None, Some(_)) => return Err(HeaderError::Missing { name: name() }),
            (Some(_), None) => return Err(HeaderError::Unexpected { name: name() }),
            (Some(header), Some(text)) => (header, text),
        };
        let said = decode(header).ok_or_else(|| HeaderError::Base64 { name: name() })?;
        let is_number = self.argument(arguments).is_some_and(|value| value.kind() == Kind::Number);
        if said == text || (is_number && is_same_number(&said, &text)) {
            return Ok(());
        }
        Err(HeaderError::Mismatch { name: name() })
    }

    fn argument<'a>(&self, arguments: Option<Value<'a>>) -> Option<Value<'a>> {
        self.path.iter().try_fold(arguments?, |value, name| value.get(name))
    }

    /// The argument as the text that the header repeats; `None` where there is none, or it is `null` or no
    /// scalar, which no header repeats.
    fn repeated(&self, arguments: Option<Value<'_>>) -> Result<Option<String>, HeaderError> {
        let Some(value) = self.argument(arguments) else { return Ok(None) };
        match value.kind() {
            Kind::String => Ok(value.as_str().map(std::borrow::Cow::into_owned)),
            Kind::Bool => Ok(Some(value.raw().to_owned())),
            Kind::Number => safe_integer(value)
                .map(Some)
                .ok_or_else(|| HeaderError::Range { name: self.header.clone().into() }),
            Kind::Null | Kind::Array | Kind::Object => Ok(None),
        }
    }
}

/// The integer in decimal digits, whatever way it is written in.
fn safe_integer(value: Value<'_>) -> Option<String> {
    let integer = value.decimal()?.ok()?.to_i128()?;
    (integer.unsigned_abs() <= SAFE).then(|| integer.to_string())
}

/// Integers are compared as numbers: `42.0` and `42` are equal ("Server Validation").
fn is_same_number(said: &str, text: &str) -> bool {
    // Digits and a fraction only: what a decimal is beyond that differs between readers.
    let plain = said.strip_prefix('-').unwrap_or(said);
    let plain = plain.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    plain && Decimal::parse(said).is_ok_and(|said| Decimal::parse(text) == Ok(said))
}

/// RFC 9110, section 5.6.2.
fn is_token(name: &str) -> bool {
    let tchar = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !name.is_empty() && name.len() <= 256 && name.bytes().all(tchar)
}
