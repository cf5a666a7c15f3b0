//! What a server says of one of its tools.

use std::sync::OnceLock;

use interlock_json::{Document, Kind, Limits, Value, scan};

use crate::schema::{MOST_BYTES, Schema, SchemaError};

/// A tool as its server's own list defines it.
#[derive(Debug, Default)]
pub struct ToolDefinition {
    required: Vec<String>,
    title: Option<Box<str>>,
    description: Option<Box<str>>,
    /// As the server wrote them: what it says of the tool, and need not keep.
    annotations: Option<Document<String>>,
    /// `inputSchema` as it was written; `None` where there is none, or where it is too long to be kept.
    schema: Option<Box<str>>,
    too_long: bool,
    /// Most tools' schemas are never validated against.
    compiled: OnceLock<Result<Schema, SchemaError>>,
}

impl ToolDefinition {
    /// A tool that declares every argument and accepts any value of it.
    pub(crate) fn open() -> ToolDefinition {
        let text = r#"{"inputSchema": {"patternProperties": {"": {}}}}"#;
        let read =
            scan(text, &Limits::default()).ok().and_then(|tool| ToolDefinition::read(tool.root()).ok());
        read.unwrap_or_default()
    }

    /// Reads one item of a list of tools.
    ///
    /// # Errors
    /// What is malformed, in words.
    pub fn read(tool: Value<'_>) -> Result<ToolDefinition, &'static str> {
        let schema = tool.get("inputSchema");
        let said = |key| tool.get(key).and_then(Value::as_str).map(Box::from);
        let text = schema.map(Value::raw);
        Ok(ToolDefinition {
            required: required(schema)?,
            title: said("title"),
            description: said("description"),
            annotations: annotations(tool)?,
            schema: text.filter(|text| text.len() <= MOST_BYTES).map(Box::from),
            too_long: text.is_some_and(|text| text.len() > MOST_BYTES),
            compiled: OnceLock::new(),
        })
    }

    /// `title`
    pub fn title(&self) -> Option<&str> {
        self.title.as_deref()
    }

    /// `description`
    pub fn description(&self) -> Option<&str> {
        self.description.as_deref()
    }

    /// `inputSchema` as the server wrote it; `None` where there is none, or where it is too long to be kept.
    pub fn schema_text(&self) -> Option<&str> {
        self.schema.as_deref()
    }

    /// Whether the schema was too long to be kept, so that nothing can be told by it.
    pub fn is_schema_too_long(&self) -> bool {
        self.too_long
    }

    /// `inputSchema.required`
    pub fn required(&self) -> &[String] {
        &self.required
    }

    /// `annotations`; `None` where the definition has none.
    pub fn annotations(&self) -> Option<Value<'_>> {
        self.annotations.as_ref().map(Document::root)
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
        let raw = |tool: &Self| tool.annotations().map(|annotations| annotations.raw().to_owned());
        said(self) == said(other) && raw(self) == raw(other)
    }
}

impl Eq for ToolDefinition {}

fn annotations(tool: Value<'_>) -> Result<Option<Document<String>>, &'static str> {
    let annotations = tool.get("annotations").filter(|annotations| !annotations.is_null());
    let kept = annotations.map(|kept| interlock_json::scan(kept.raw().to_owned(), &Limits::default()));
    kept.transpose().map_err(|_| "`annotations` cannot be read")
}

fn required(schema: Option<Value<'_>>) -> Result<Vec<String>, &'static str> {
    const MALFORMED: &str = "`inputSchema.required` is not an array of strings";
    let Some(required) = schema.and_then(|schema| schema.get("required")) else { return Ok(Vec::new()) };
    if required.kind() != Kind::Array {
        return Err(MALFORMED);
    }
    required.items().map(|name| Some(name.as_str()?.into_owned())).collect::<Option<_>>().ok_or(MALFORMED)
}
