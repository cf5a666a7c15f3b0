//! What a server says of one of its tools.

use std::sync::OnceLock;

use interlock_json::{Kind, Value};

use crate::schema::{MOST_BYTES, Schema, SchemaError};

/// A tool as its server's own list defines it.
#[derive(Debug, Default)]
pub struct ToolDefinition {
    required: Vec<String>,
    annotations: Annotations,
    /// `inputSchema` as it was written; `None` where there is none, or where it is too long to be kept.
    schema: Option<Box<str>>,
    too_long: bool,
    /// Most tools' schemas are never validated against.
    compiled: OnceLock<Result<Schema, SchemaError>>,
}

/// `annotations` of a tool: what the server says of it, which it need not keep.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Annotations {
    /// `title`
    pub title: Option<String>,
    /// `readOnlyHint`
    pub read_only: Option<bool>,
    /// `destructiveHint`
    pub destructive: Option<bool>,
    /// `idempotentHint`
    pub idempotent: Option<bool>,
    /// `openWorldHint`
    pub open_world: Option<bool>,
}

/// Longest title that is kept, in bytes.
const LONGEST_TITLE: usize = 1_024;

impl ToolDefinition {
    /// Reads one item of a list of tools.
    ///
    /// # Errors
    /// What is malformed, in words.
    pub fn read(tool: Value<'_>) -> Result<ToolDefinition, &'static str> {
        let schema = tool.get("inputSchema");
        let text = schema.map(Value::raw);
        Ok(ToolDefinition {
            required: required(schema)?,
            annotations: Annotations::read(tool.get("annotations")),
            schema: text.filter(|text| text.len() <= MOST_BYTES).map(Box::from),
            too_long: text.is_some_and(|text| text.len() > MOST_BYTES),
            compiled: OnceLock::new(),
        })
    }

    /// `inputSchema.required`
    pub fn required(&self) -> &[String] {
        &self.required
    }

    /// `annotations`
    pub fn annotations(&self) -> &Annotations {
        &self.annotations
    }

    /// `inputSchema`, compiled when it is first asked for. A tool without one takes anything.
    ///
    /// # Errors
    /// [`SchemaError`] for a schema that cannot be judged by.
    pub fn schema(&self) -> Result<&Schema, SchemaError> {
        let compiled = self.compiled.get_or_init(|| match &self.schema {
            _ if self.too_long => Err(SchemaError::TooLong),
            Some(text) => Schema::new(text),
            None => Schema::new("{}"),
        });
        compiled.as_ref().map_err(Clone::clone)
    }
}

impl PartialEq for ToolDefinition {
    /// By what the server says, whatever has been compiled.
    fn eq(&self, other: &Self) -> bool {
        let said = |tool: &Self| (tool.required.clone(), tool.schema.clone(), tool.too_long);
        said(self) == said(other) && self.annotations == other.annotations
    }
}

impl Eq for ToolDefinition {}

impl Annotations {
    fn read(annotations: Option<Value<'_>>) -> Annotations {
        let hint = |name| annotations.and_then(|hints| hints.get(name)).and_then(Value::as_bool);
        let title = annotations.and_then(|hints| hints.get("title")).and_then(Value::as_str);
        Annotations {
            title: title.filter(|title| title.len() <= LONGEST_TITLE).map(std::borrow::Cow::into_owned),
            read_only: hint("readOnlyHint"),
            destructive: hint("destructiveHint"),
            idempotent: hint("idempotentHint"),
            open_world: hint("openWorldHint"),
        }
    }
}

fn required(schema: Option<Value<'_>>) -> Result<Vec<String>, &'static str> {
    const MALFORMED: &str = "`inputSchema.required` is not an array of strings";
    let Some(required) = schema.and_then(|schema| schema.get("required")) else { return Ok(Vec::new()) };
    if required.kind() != Kind::Array {
        return Err(MALFORMED);
    }
    required.items().map(|name| Some(name.as_str()?.into_owned())).collect::<Option<_>>().ok_or(MALFORMED)
}
