//! `${…}` in a configuration, as far as others than its client can know what stands for it.

use std::path::Path;

use crate::client::Client;

/// What a client would know.
#[derive(Clone, Copy)]
pub struct Known<'k> {
    /// The client, which has a way of its own to write such references.
    pub client: Client,
    /// The user's home.
    pub home: &'k Path,
    /// The project, where there is one.
    pub project: Option<&'k Path>,
    /// Variables of the environment.
    pub variable: &'k dyn Fn(&str) -> Option<String>,
}

impl std::fmt::Debug for Known<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Known").field("client", &self.client).finish_non_exhaustive()
    }
}

/// What a reference stands for is not known here.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("what `${{{reference}}}` stands for is known to its client alone, or to an environment that is not here")]
pub struct NotKnown {
    /// The reference, without what marks it as one.
    pub reference: String,
}

/// The text with every reference replaced.
///
/// # Errors
/// [`NotKnown`]: the first that stands for something that cannot be told.
pub fn expand(text: &str, known: &Known<'_>) -> Result<String, NotKnown> {
    if !known.client.expands() {
        return Ok(text.to_owned());
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('$') {
        out.push_str(before);
        match after.strip_prefix('{').and_then(|inner| inner.split_once('}')) {
            Some((reference, after)) => {
                out.push_str(&known.value(reference)?);
                rest = after;
            }
            None if known.client == Client::Gemini => {
                let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
                let name = after.split(|c| !is_name(c)).next().unwrap_or_default();
                // A name without a value stays as it is, as does a sign alone.
                match (known.variable)(name).filter(|_| !name.is_empty()) {
                    Some(value) => {
                        out.push_str(&value);
                        rest = after.get(name.len()..).unwrap_or_default();
                    }
                    None => {
                        out.push('$');
                        rest = after;
                    }
                }
            }
            None => {
                out.push('$');
                rest = after;
            }
        }
    }
    out.push_str(rest);
    Ok(out)
}

impl Known<'_> {
    fn value(&self, reference: &str) -> Result<String, NotKnown> {
        let unknown = || NotKnown { reference: reference.to_owned() };
        match reference {
            "userHome" => return Ok(self.home.display().to_string()),
            "workspaceFolder" | "CLAUDE_PROJECT_DIR" if self.project.is_some() => {
                return Ok(self.project.unwrap_or(self.home).display().to_string());
            }
            "pathSeparator" | "/" => return Ok(std::path::MAIN_SEPARATOR.to_string()),
            _ => {}
        }
        let name = reference.strip_prefix("env:").unwrap_or(reference);
        let (name, default) = match name.split_once(":-") {
            Some((name, default)) => (name, Some(default.to_owned())),
            None => (name, None),
        };
        (self.variable)(name).or(default).ok_or_else(unknown)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(client: Client, text: &str, expected: Result<&str, &str>) {
        let variable = |name: &str| (name == "T").then(|| "v".to_owned());
        let known = Known { client, home: Path::new("/h"), project: Some(Path::new("/w")), variable: &variable };
        let found = expand(text, &known).map_err(|error| error.reference);
        assert_eq!(found.as_deref().map_err(String::as_str), expected, "{client}: {text}");
    }

    #[test]
    fn each_client_has_its_way() {
        check(Client::VsCode, "Bearer ${env:T} in ${workspaceFolder}", Ok("Bearer v in /w"));
        check(Client::VsCode, "${input:key}", Err("input:key"));
        check(Client::ClaudeCode, "${T}${U:-d} $5", Ok("vd $5"));
        check(Client::ClaudeCode, "${U}", Err("U"));
        check(Client::Gemini, "$T/$U/$", Ok("v/$U/$"));
        check(Client::Cursor, "${userHome}/x", Ok("/h/x"));
        check(Client::Zed, "${T}", Ok("${T}"));
        check(Client::Cursor, "${", Ok("${"));
    }
}
