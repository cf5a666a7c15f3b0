//! A call as text: what is called, and its arguments as they were written.

use anyhow::{Context, bail, ensure};
use interlock_json::{Value, canonical};
use interlock_policy::{Section, quoted};

/// A call with its arguments as JSON.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CallText {
    pub(crate) section: Section,
    pub(crate) name: String,
    pub(crate) arguments: Option<String>,
}

impl CallText {
    /// Reads the params of `tools/call`, `resources/read` or `prompts/get`, a whole request, a call as files of tests
    /// write it, or a record of the audit log that has its arguments.
    pub(crate) fn read(text: &str) -> anyhow::Result<Self> {
        let document = interlock_json::scan(text, &interlock_json::Limits::default())?;
        let root = document.root();
        ensure!(root.is_object(), "a call is a JSON object");
        // A line of the log holds a record beside its hash.
        let root = root.get("record").filter(|_| root.get("leaf").is_some()).unwrap_or(root);
        if root.get("kind").is_some() && root.get("seq").is_some() {
            return of_record(root);
        }
        match (string(root, "method"), root.get("params")) {
            (Some(method), Some(params)) => of_request(&method, params),
            (Some(method), None) => bail!("a {} request has `params`", quoted(&method)),
            (None, _)
                if root
                    .get("tool")
                    .or_else(|| root.get("resource"))
                    .or_else(|| root.get("prompt"))
                    .is_some() =>
            {
                of_test(root)
            }
            (None, _) => of_params(root),
        }
    }

    /// `start_export {"a":1}`: for people.
    pub(crate) fn shown(&self) -> String {
        let noun = self.section.noun();
        match &self.arguments {
            Some(arguments) => format!("{noun} {} {}", self.name, super::shown::short(arguments)),
            None => format!("{noun} {}", self.name),
        }
    }
}

fn of_request(method: &str, params: Value<'_>) -> anyhow::Result<CallText> {
    let section = match method {
        "tools/call" => Section::Tools,
        "resources/read" | "resources/subscribe" => Section::Resources,
        "prompts/get" => Section::Prompts,
        other => bail!(
            "{} is not judged by a policy; `tools/call`, `resources/read` and `prompts/get` are",
            quoted(other)
        ),
    };
    let key = if section == Section::Resources { "uri" } else { "name" };
    let name = string(params, key).with_context(|| format!("`params` has no text `{key}`"))?;
    Ok(CallText { section, name, arguments: arguments(params.get("arguments"))? })
}

/// `{"tool": …, "args": {…}}`, with no other members: what is misspelt would be left out of the call.
fn of_test(call: Value<'_>) -> anyhow::Result<CallText> {
    let (section, name) = named(call).context("a call names one `tool`, `resource` or `prompt`")?;
    let known = |key: &str| key == section.noun() || key == "args" && section != Section::Resources;
    if let Some(key) = keys(call).into_iter().find(|key| !known(key)) {
        let advice = match section {
            Section::Resources => "a resource is read without arguments",
            Section::Tools | Section::Prompts => "arguments are in `args`",
        };
        bail!("{} does not belong to a call of a {}; {advice}", quoted(&key), section.noun());
    }
    Ok(CallText { section, name, arguments: arguments(call.get("args"))? })
}

fn named(call: Value<'_>) -> Option<(Section, String)> {
    let places = [("tool", Section::Tools), ("resource", Section::Resources), ("prompt", Section::Prompts)];
    places.into_iter().find_map(|(key, section)| Some((section, string(call, key)?)))
}

fn keys(value: Value<'_>) -> Vec<String> {
    value.members().map(|(key, _)| key.text().into_owned()).collect()
}

fn of_params(params: Value<'_>) -> anyhow::Result<CallText> {
    if let Some(name) = string(params, "name") {
        // Under another name they would be left out, and another call judged.
        let misnamed = ["args", "argument", "params", "parameters", "input"];
        ensure!(
            misnamed.iter().all(|key| params.get(key).is_none()),
            "arguments are in `arguments` beside `name`, or in `args` beside `tool`"
        );
        let arguments = arguments(params.get("arguments"))?;
        return Ok(CallText { section: Section::Tools, name, arguments });
    }
    if let Some(name) = string(params, "uri") {
        return Ok(CallText { section: Section::Resources, name, arguments: None });
    }
    bail!(
        "a call has a `name` and `arguments`, a `uri`, or a `tool` and `args`; a request has `method` and `params`"
    )
}

fn of_record(record: Value<'_>) -> anyhow::Result<CallText> {
    let (section, name) = named(record).context("the record is not that of a call")?;
    let recorded = record.get("arguments");
    let full = recorded.and_then(|arguments| arguments.get("full").or_else(|| arguments.get("redacted")));
    if recorded.is_some() && full.is_none() {
        bail!(
            "the record does not hold the call's arguments; with `audit.arguments: full` or `redacted` in the \
             settings later records do"
        );
    }
    Ok(CallText { section, name, arguments: arguments(full)? })
}

fn arguments(value: Option<Value<'_>>) -> anyhow::Result<Option<String>> {
    match value {
        None => Ok(None),
        Some(value) => {
            ensure!(value.is_object(), "arguments are a JSON object");
            Ok(Some(value.raw().to_owned()))
        }
    }
}

fn string(value: Value<'_>, key: &str) -> Option<String> {
    value.get(key).and_then(Value::as_str).map(|text| text.into_owned())
}

/// `{"a": 1}` of `a=1` pairs; the values of `texts` are text, those of `json` are JSON.
pub(crate) fn object(texts: &[String], json: &[String]) -> anyhow::Result<Option<String>> {
    let mut members: Vec<(String, String)> = Vec::new();
    let pairs = texts.iter().map(|pair| (pair, false)).chain(json.iter().map(|pair| (pair, true)));
    for (pair, is_json) in pairs {
        let (name, value) = pair
            .split_once('=')
            .filter(|(name, _)| !name.is_empty())
            .with_context(|| format!("{} is not written as `name=value`", quoted(pair)))?;
        ensure!(!members.iter().any(|(known, _)| known == name), "argument {} is given twice", quoted(name));
        let value = if is_json { checked(name, value)? } else { string_of(value) };
        members.push((name.to_owned(), value));
    }
    if members.is_empty() {
        return Ok(None);
    }
    let members: Vec<String> =
        members.iter().map(|(name, value)| format!("{}: {value}", string_of(name))).collect();
    Ok(Some(format!("{{{}}}", members.join(", "))))
}

fn checked(name: &str, value: &str) -> anyhow::Result<String> {
    interlock_json::scan(value, &interlock_json::Limits::default()).with_context(|| {
        format!("the value of argument {} is not JSON; `--arg` takes text as it is", quoted(name))
    })?;
    Ok(value.to_owned())
}

/// Text as JSON.
pub(crate) fn string_of(text: &str) -> String {
    let mut out = String::new();
    canonical::write_str(text, &mut out);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_read_in_every_form() {
        let call = |section, name: &str, arguments: Option<&str>| CallText {
            section,
            name: name.to_owned(),
            arguments: arguments.map(str::to_owned),
        };
        for (text, expected) in [
            (r#"{"name": "t", "arguments": {"a": 1.0}}"#, call(Section::Tools, "t", Some(r#"{"a": 1.0}"#))),
            (r#"{"name": "t"}"#, call(Section::Tools, "t", None)),
            (r#"{"tool": "t", "args": {"a": 1}}"#, call(Section::Tools, "t", Some(r#"{"a": 1}"#))),
            (r#"{"resource": "file:///x"}"#, call(Section::Resources, "file:///x", None)),
            (r#"{"prompt": "p", "args": {}}"#, call(Section::Prompts, "p", Some("{}"))),
            (r#"{"uri": "file:///x"}"#, call(Section::Resources, "file:///x", None)),
            (
                r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"t","arguments":{}}}"#,
                call(Section::Tools, "t", Some("{}")),
            ),
            (r#"{"method":"prompts/get","params":{"name":"p"}}"#, call(Section::Prompts, "p", None)),
            (
                r#"{"arguments":{"digest":"0","full":{"a":1}},"kind":"intent","seq":1,"tool":"t"}"#,
                call(Section::Tools, "t", Some(r#"{"a":1}"#)),
            ),
            (r#"{"kind":"refusal","seq":1,"prompt":"p"}"#, call(Section::Prompts, "p", None)),
            (
                r#"{"leaf":"0","record":{"kind":"refusal","resource":"r","seq":1}}"#,
                call(Section::Resources, "r", None),
            ),
        ] {
            assert_eq!(CallText::read(text).unwrap(), expected, "{text}");
        }
        for (text, expected) in [
            ("[]", "a call is a JSON object"),
            (r#"{"method":"tools/list","params":{}}"#, "`tools/list` is not judged by a policy"),
            (r#"{"method":"tools/call","params":{}}"#, "`params` has no text `name`"),
            (r#"{"name":"t","arguments":[]}"#, "arguments are a JSON object"),
            (r#"{"kind":"start","seq":1}"#, "not that of a call"),
            (
                r#"{"arguments":{"digest":"0","keys":["a"]},"kind":"intent","seq":1,"tool":"t"}"#,
                "does not hold",
            ),
            ("{}", "a call has a `name`"),
            (r#"{"name":"t","args":{"a":1}}"#, "arguments are in `arguments`"),
            (r#"{"name":"t","input":{"a":1}}"#, "arguments are in `arguments`"),
            (r#"{"tool":"t","arguments":{"a":1}}"#, "`arguments` does not belong to a call of a tool"),
            (r#"{"tool":"t","prompt":"p"}"#, "`prompt` does not belong"),
            (r#"{"resource":"r","args":{}}"#, "`args` does not belong"),
            (r#"{"tool":1}"#, "a call names one"),
            (r#"{"name":"a","name":"b"}"#, "name"),
        ] {
            let error = CallText::read(text).unwrap_err().to_string();
            assert!(error.contains(expected), "{text}: {error}");
        }
    }

    #[test]
    fn pairs_become_arguments() {
        let texts = |pairs: &[&str]| pairs.iter().map(|pair| (*pair).to_owned()).collect::<Vec<_>>();
        let made = object(&texts(&["a=x=\"y\"", "b="]), &texts(&["n=1.50", "o={\"k\":[]}"])).unwrap();
        assert_eq!(made.as_deref(), Some(r#"{"a": "x=\"y\"", "b": "", "n": 1.50, "o": {"k":[]}}"#));
        assert_eq!(object(&[], &[]).unwrap(), None);
        for (text, json, expected) in [
            (&["a"][..], &[][..], "`a` is not written as `name=value`"),
            (&["=a"], &[], "`=a` is not written as `name=value`"),
            (&["a=1"], &["a=1"], "argument `a` is given twice"),
            (&[], &["a=x"], "the value of argument `a` is not JSON"),
        ] {
            let error = object(&texts(text), &texts(json)).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
    }
}
