//! A document of a server's tools, as the server answered `tools/list`: for comparing a policy with it.

use std::collections::BTreeMap;

use interlock_json::{Kind, Limits, Value, scan};

use crate::diagnostic::quoted;
use crate::tool::ToolDefinition;

/// Largest document that is read, in bytes.
const MOST_BYTES: usize = 64 << 20;
/// Most tools.
const MOST_TOOLS: usize = 10_000;
/// Answers inside each other.
const MOST_WRAPPED: usize = 4;

/// The tools of a server, by name.
#[derive(Debug, Default)]
pub struct ToolList {
    tools: BTreeMap<String, ToolDefinition>,
}

/// Why a document is not a list of tools.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ToolListError {
    /// It is not JSON.
    #[error("it is not JSON: {0}")]
    NotJson(String),
    /// It is JSON of another kind.
    #[error(
        "it is not a list of tools: expected an array of tools, an object with `tools`, or the answer to `tools/list`"
    )]
    NotTools,
    /// The server answered with an error.
    #[error("it is an answer that says why there is no list: {0}")]
    Refused(String),
    /// A tool is malformed.
    #[error("the tool {name} is malformed: {what}")]
    Malformed {
        /// The tool.
        name: String,
        /// What is wrong.
        what: &'static str,
    },
    /// Two tools have one name.
    #[error("two tools are called {0}")]
    Twice(String),
    /// More tools than are read.
    #[error("it has more than {MOST_TOOLS} tools")]
    TooMany,
}

impl ToolList {
    /// Reads a document: an array of tools, an object with `tools`, a JSON-RPC answer with either, an array of such
    /// (the pages of a list), or one of them a line.
    ///
    /// # Errors
    /// [`ToolListError`] for anything else.
    pub fn read(text: &str) -> Result<ToolList, ToolListError> {
        let mut list = ToolList::default();
        let limits = Limits { bytes: MOST_BYTES, ..Limits::default() };
        match scan(text, &limits) {
            Ok(document) => list.add(document.root())?,
            Err(error) => {
                let lines = || text.lines().filter(|line| !line.trim().is_empty());
                let documents: Result<Vec<_>, _> = lines().map(|line| scan(line, &limits)).collect();
                let documents = documents.map_err(|_| ToolListError::NotJson(error.to_string()))?;
                if documents.is_empty() {
                    return Err(ToolListError::NotTools);
                }
                documents.iter().try_for_each(|document| list.add(document.root()))?;
            }
        }
        Ok(list)
    }

    /// The tool of this name.
    pub fn get(&self, name: &str) -> Option<&ToolDefinition> {
        self.tools.get(name)
    }

    /// All tools in the order of their names.
    pub fn tools(&self) -> impl Iterator<Item = (&str, &ToolDefinition)> {
        self.tools.iter().map(|(name, tool)| (name.as_str(), tool))
    }

    /// How many tools there are.
    pub fn len(&self) -> usize {
        self.tools.len()
    }

    /// Whether there is no tool.
    pub fn is_empty(&self) -> bool {
        self.tools.is_empty()
    }

    fn add(&mut self, root: Value<'_>) -> Result<(), ToolListError> {
        each_tool(root, &mut |tool| match name(tool) {
            Some(name) => self.add_tool(name, tool),
            None => {
                let what = "`name` is missing";
                Err(ToolListError::Malformed { name: "without a name".to_owned(), what })
            }
        })
    }

    fn add_tool(&mut self, name: Value<'_>, tool: Value<'_>) -> Result<(), ToolListError> {
        let Some(name) = name.as_str() else {
            let what = "`name` is not text";
            return Err(ToolListError::Malformed { name: "without a name".to_owned(), what });
        };
        if self.tools.len() >= MOST_TOOLS {
            return Err(ToolListError::TooMany);
        }
        let definition = ToolDefinition::read(tool)
            .map_err(|what| ToolListError::Malformed { name: quoted(&name), what })?;
        match self.tools.insert(name.into_owned(), definition) {
            None => Ok(()),
            Some(_) => {
                let name = self::name(tool).and_then(Value::as_str).unwrap_or_default();
                Err(ToolListError::Twice(quoted(&name)))
            }
        }
    }
}

/// A tool's name: `name` as servers list it, `tool` where somebody wrote the server beside it.
fn name(tool: Value<'_>) -> Option<Value<'_>> {
    tool.get("name").or_else(|| tool.get("tool"))
}

/// Hands on each tool of a document: an array of tools, an object with `tools`, a JSON-RPC answer with either, an array of
/// such (the pages of a list), or a single tool.
///
/// # Errors
/// [`ToolListError`] for anything else, and what `take` fails with.
pub fn each_tool<'d, E: From<ToolListError>>(
    root: Value<'d>,
    take: &mut impl FnMut(Value<'d>) -> Result<(), E>,
) -> Result<(), E> {
    each_wrapped(root, 0, take)
}

fn each_wrapped<'d, E: From<ToolListError>>(
    value: Value<'d>,
    wrapped: usize,
    take: &mut impl FnMut(Value<'d>) -> Result<(), E>,
) -> Result<(), E> {
    if wrapped > MOST_WRAPPED {
        return Err(ToolListError::NotTools.into());
    }
    match value.kind() {
        Kind::Array => value.items().try_for_each(|item| match name(item) {
            Some(_) => take(item),
            None => each_wrapped(item, wrapped + 1, take),
        }),
        // Nothing but a line of a dump has this member.
        Kind::Object if value.get("tool").is_some_and(|name| name.kind() == Kind::String) => take(value),
        Kind::Object => {
            if let Some(tools) = value.get("tools").filter(|tools| tools.kind() == Kind::Array) {
                return tools.items().try_for_each(take);
            }
            if let Some(result) = value.get("result") {
                return each_wrapped(result, wrapped + 1, take);
            }
            if name(value).is_some() {
                return take(value);
            }
            let message = value.get("error").and_then(|error| error.get("message")).and_then(Value::as_str);
            let refused = |message: std::borrow::Cow<'_, str>| ToolListError::Refused(quoted(&message));
            Err(message.map_or(ToolListError::NotTools, refused).into())
        }
        _ => Err(ToolListError::NotTools.into()),
    }
}
