//! The checked-in document of the admin API, as a judge of answers.

use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use interlock_testkit::http::Response;
use serde_json::Value;

/// An OpenAPI document.
pub struct Document(Value);

impl Document {
    pub fn read(path: &Path) -> Result<Self> {
        Ok(Self(serde_json::from_str(&std::fs::read_to_string(path)?)?))
    }

    /// Whether the document has an operation that may be answered so. What goes wrong before an operation is chosen or
    /// its input is read is a problem document, too.
    pub fn check(&self, method: &str, path: &str, response: &Response, body: &Value) -> Result<()> {
        let status = response.status.to_string();
        let operation = self.operation(path).map(|operations| &operations[&method.to_lowercase()]);
        let described =
            operation.map(|operation| &operation["responses"][&status]).filter(|found| !found.is_null());
        let media = response.header("content-type").unwrap_or_default();
        let Some(described) = described else {
            ensure!(
                response.status >= 400 && media == "application/problem+json",
                "{method} {path}: {response:?}"
            );
            return self.valid(&self.0["components"]["schemas"]["Problem"], body, "problem");
        };
        let Some(content) = described["content"].as_object() else {
            ensure!(body.is_null(), "{method} {path} answers nothing: {response:?}");
            return Ok(());
        };
        let schema = content.get(media).with_context(|| format!("{method} {path}: not as {media}"))?;
        self.valid(&schema["schema"], body, path)
    }

    fn operation(&self, path: &str) -> Option<&Value> {
        let parts = |path: &str| path.split('/').map(str::to_owned).collect::<Vec<_>>();
        let wanted = parts(path);
        let fits = |template: &str| {
            let template = parts(template);
            let pairs = || template.iter().zip(&wanted);
            template.len() == wanted.len()
                && pairs().all(|(part, word)| part == word || part.starts_with('{'))
        };
        self.0["paths"]
            .as_object()?
            .iter()
            .find(|(template, _)| fits(template))
            .map(|(_, operations)| operations)
    }

    /// As much of JSON Schema as the document uses; what it does not know fails.
    fn valid(&self, schema: &Value, value: &Value, at: &str) -> Result<()> {
        for (word, meant) in schema.as_object().with_context(|| format!("{at}: no schema"))? {
            match word.as_str() {
                "$ref" => {
                    let name = meant.as_str().and_then(|path| path.rsplit('/').next()).unwrap_or_default();
                    self.valid(&self.0["components"]["schemas"][name], value, at)?;
                }
                "type" => ensure!(is_of_type(meant, value), "{at} is not {meant}: {value}"),
                "required" => {
                    for name in meant.as_array().into_iter().flatten().filter_map(Value::as_str) {
                        ensure!(value.get(name).is_some(), "{at} has no {name}: {value}");
                    }
                }
                "properties" => self.members(schema, value, at)?,
                "items" => {
                    for item in value.as_array().into_iter().flatten() {
                        self.valid(meant, item, at)?;
                    }
                }
                "enum" => ensure!(
                    meant.as_array().is_some_and(|values| values.contains(value)),
                    "{at} is none of {meant}: {value}"
                ),
                "minimum" => ensure!(value.as_f64() >= meant.as_f64(), "{at} is less than {meant}: {value}"),
                "maximum" => ensure!(value.as_f64() <= meant.as_f64(), "{at} is more than {meant}: {value}"),
                "description" | "format" | "propertyNames" | "additionalProperties" => {}
                other => bail!("{at}: the document uses `{other}`, which this does not know"),
            }
        }
        Ok(())
    }

    /// Nothing is answered that the document does not name.
    fn members(&self, schema: &Value, value: &Value, at: &str) -> Result<()> {
        for (name, member) in value.as_object().into_iter().flatten() {
            let named = &schema["properties"][name];
            ensure!(!named.is_null(), "{at} has a member {name} that the document does not name");
            self.valid(named, member, &format!("{at}/{name}"))?;
        }
        Ok(())
    }
}

fn is_of_type(wanted: &Value, value: &Value) -> bool {
    match wanted {
        Value::Array(any) => any.iter().any(|wanted| is_of_type(wanted, value)),
        Value::String(name) => match name.as_str() {
            "object" => value.is_object(),
            "array" => value.is_array(),
            "string" => value.is_string(),
            "boolean" => value.is_boolean(),
            "integer" => value.is_i64() || value.is_u64(),
            "number" => value.is_number(),
            "null" => value.is_null(),
            _ => false,
        },
        _ => false,
    }
}
