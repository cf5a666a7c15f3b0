//! A server's tool list from a file, for what policies check against it.

use std::collections::HashMap;

use anyhow::{Context, ensure};
use interlock_json::Value;
use interlock_policy::{ToolFacts, quoted};

/// What a list says about each tool.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tools(HashMap<String, Vec<String>>);

impl Tools {
    /// Reads a list of tools: the answer to `tools/list`, its result, or the list itself.
    pub(crate) fn read(text: &str) -> anyhow::Result<Self> {
        let document = interlock_json::scan(text, &interlock_json::Limits::default())?;
        let root = document.root();
        let result = root.get("result").unwrap_or(root);
        let list = result.get("tools").unwrap_or(result);
        ensure!(list.is_array(), "a tool list is an array, or an object with `tools`");
        let mut tools = HashMap::with_capacity(list.len());
        for tool in list.items() {
            let name = tool.get("name").and_then(Value::as_str).context("a tool has no `name`")?.into_owned();
            let required = required(tool).with_context(|| format!("tool {}", quoted(&name)))?;
            ensure!(!tools.contains_key(&name), "tool {} is listed twice", quoted(&name));
            tools.insert(name, required);
        }
        Ok(Self(tools))
    }

    /// What is known of a tool; without a list nothing is.
    pub(crate) fn facts<'t>(tools: Option<&'t Self>, name: &str) -> ToolFacts<'t> {
        match tools {
            None => ToolFacts::Unknown,
            Some(Self(tools)) => tools
                .get(name)
                .map_or(ToolFacts::Absent, |required| ToolFacts::Known { required, annotations: None }),
        }
    }
}

fn required(tool: Value<'_>) -> anyhow::Result<Vec<String>> {
    let Some(required) = tool.get("inputSchema").and_then(|schema| schema.get("required")) else {
        return Ok(Vec::new());
    };
    ensure!(required.is_array(), "`inputSchema.required` is not an array of texts");
    let names = required.items().map(|name| name.as_str().map(std::borrow::Cow::into_owned));
    names.collect::<Option<Vec<_>>>().context("`inputSchema.required` is not an array of texts")
}
