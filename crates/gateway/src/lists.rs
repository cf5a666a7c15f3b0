//! What a list shows: the answer of the server with the names cut out that policy leaves out. Cursors,
//! `_meta` and members the gateway does not know stay as they are, byte for byte.

use std::ops::Range;

use interlock_json::{Kind, Value};
use interlock_policy::{Origin, Policy, Section};
use interlock_wire::http::{ParamHeaders, SchemaError};
use interlock_wire::method::Judged;
use interlock_wire::splice::Edit;

/// Which list a request asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct List {
    /// The member of the result that holds the entries.
    member: &'static str,
    /// The member of an entry that policy goes by.
    name: &'static str,
    section: Section,
}

impl List {
    pub(crate) fn of(judged: Judged) -> Option<Self> {
        let (member, name, section) = match judged {
            Judged::ListTools => ("tools", "name", Section::Tools),
            Judged::ListPrompts => ("prompts", "name", Section::Prompts),
            Judged::ListResources => ("resources", "uri", Section::Resources),
            Judged::ListResourceTemplates => ("resourceTemplates", "uriTemplate", Section::Resources),
            _ => return None,
        };
        Some(Self { member, name, section })
    }
}

impl List {
    pub(crate) fn is_of_tools(self) -> bool {
        self.section == Section::Tools
    }
}

/// A list that is none: what it shows cannot be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("`{member}` is not an array")]
pub(crate) struct NoList {
    member: &'static str,
}

/// The edits that leave only what policy shows. An entry whose name cannot be read is not shown, nor is a tool whose
/// definition is invalid, or not the one that `is_accepted`.
///
/// # Errors
/// [`NoList`] where the entries are not in an array.
pub(crate) fn filter(
    list: List,
    result: Value<'_>,
    stack: &[(Origin, &Policy)],
    mut is_accepted: impl FnMut(&str, Value<'_>) -> bool,
) -> Result<Vec<Edit>, NoList> {
    let Some(entries) = result.get(list.member) else { return Ok(Vec::new()) };
    if entries.kind() != Kind::Array {
        return Err(NoList { member: list.member });
    }
    let mut is_told = false;
    let mut shown = |entry: Value<'_>| {
        let Some(name) = entry.get(list.name).and_then(Value::as_str) else { return false };
        if !interlock_policy::visible(stack, list.section, &name) {
            return false;
        }
        if list.is_of_tools() && !is_accepted(&name, entry) {
            return false;
        }
        let Some(error) = invalid(entry).filter(|_| list.is_of_tools()) else { return true };
        // One of them is enough: how many there are is the server's choice.
        if !std::mem::replace(&mut is_told, true) {
            tracing::warn!("a server's tool is not listed: {error}");
        }
        false
    };
    let mut edits = cut(entries, &mut shown);
    if !edits.is_empty() {
        edits.extend(made_private(result));
    }
    Ok(edits)
}

/// What makes a tool's definition invalid, so that nobody is shown it (2026-07-28, "Streamable HTTP", "Custom Headers from
/// Tool Parameters").
fn invalid(entry: Value<'_>) -> Option<SchemaError> {
    let raw = entry.raw();
    // Few tools have marks; a name may be written with escapes.
    if !raw.contains("x-mcp-header") && !raw.contains("\\u") {
        return None;
    }
    ParamHeaders::of_schema(entry.get("inputSchema")?).err()
}

/// Cuts the entries that are not kept, with the commas that joined them.
pub(crate) fn cut(entries: Value<'_>, mut keep: impl FnMut(Value<'_>) -> bool) -> Vec<Edit> {
    cut_parts(entries.span(), entries.items().map(|entry| (entry.span(), keep(entry))))
}

/// Cuts the elements of an array, or members of an object, that are not kept, with the commas that joined them.
pub(crate) fn cut_parts(whole: Range<usize>, parts: impl Iterator<Item = (Range<usize>, bool)>) -> Vec<Edit> {
    let mut edits = Vec::new();
    let mut kept_any = false;
    let mut cut_from = whole.start + 1;
    let mut pending = false;
    for (span, is_kept) in parts {
        if is_kept {
            if pending {
                let joint = if kept_any { "," } else { "" };
                edits.push(Edit { span: cut_from..span.start, text: joint.to_owned() });
            }
            kept_any = true;
            pending = false;
            cut_from = span.end;
        } else {
            pending = true;
        }
    }
    if pending {
        edits.push(Edit { span: cut_from..whole.end - 1, text: String::new() });
    }
    edits
}

/// A list that policy has filtered is for this caller alone (2026-07-28, `cacheScope`).
fn made_private(result: Value<'_>) -> Option<Edit> {
    let scope = result.get("cacheScope")?;
    (scope.as_str().as_deref() != Some("private"))
        .then(|| Edit { span: scope.span(), text: "\"private\"".to_owned() })
}

#[cfg(test)]
mod tests {
    use interlock_json::{Limits, scan};
    use interlock_wire::splice;

    use super::*;

    fn filtered(source: &str, keep: &[&str]) -> String {
        let document = scan(source, &Limits::default()).unwrap();
        let entries = document.root().get("tools").unwrap();
        let kept = |entry: Value<'_>| {
            entry.get("name").and_then(Value::as_str).is_some_and(|name| keep.contains(&name.as_ref()))
        };
        let text = splice::apply(source, &mut cut(entries, kept));
        scan(text.as_str(), &Limits::default()).unwrap();
        text
    }

    #[test]
    fn cutting_leaves_every_other_byte_alone() {
        let source = r#"{"tools":[ {"name":"a"} , {"name":"b","x":1.0} ,{"name":"c"} ],"nextCursor":"q","_meta":{"k":1e2}}"#;
        for (keep, expected) in [
            (&["a", "b", "c"][..], r#"[ {"name":"a"} , {"name":"b","x":1.0} ,{"name":"c"} ]"#),
            (&["a", "c"], r#"[ {"name":"a"} ,{"name":"c"} ]"#),
            (&["b"], r#"[{"name":"b","x":1.0}]"#),
            (&["c"], r#"[{"name":"c"} ]"#),
            (&["a"], r#"[ {"name":"a"}]"#),
            (&[], "[]"),
        ] {
            let text = filtered(source, keep);
            assert!(text.ends_with(r#","nextCursor":"q","_meta":{"k":1e2}}"#), "{text}");
            let list = text.trim_start_matches(r#"{"tools":"#).split(r#","nextCursor"#).next().unwrap();
            let names = |s: &str| s.replace(' ', "");
            assert_eq!(names(list), names(expected), "keep {keep:?}");
        }
    }

    #[test]
    fn entries_without_a_readable_name_are_not_shown() {
        let source = r#"{"tools":[{"name":1},{"nam":"a"},null,{"name":"a"}]}"#;
        assert_eq!(filtered(source, &["a"]), r#"{"tools":[{"name":"a"}]}"#);
    }

    #[test]
    fn a_tool_with_an_invalid_mark_is_found() {
        for (entry, is_invalid) in [
            (r#"{"name":"a"}"#, false),
            (r#"{"inputSchema":{"properties":{"x":{"type":"string","x-mcp-header":"X"}}}}"#, false),
            (
                r#"{"description":"x-mcp-header \u00e9","inputSchema":{"properties":{"x":{"type":"string"}}}}"#,
                false,
            ),
            (r#"{"inputSchema":{"properties":{"x":{"type":"object","x-mcp-header":"X"}}}}"#, true),
            (r#"{"inputSchema":{"properties":{"x":{"type":"string","x-mcp-header":"a b"}}}}"#, true),
            (r#"{"inputSchema":{"properties":{"x":{"type":"string","\u0078-mcp-header":""}}}}"#, true),
        ] {
            let document = scan(entry, &Limits::default()).unwrap();
            assert_eq!(invalid(document.root()).is_some(), is_invalid, "{entry}");
        }
    }

    #[test]
    fn what_is_no_array_is_no_list() {
        let list = List::of(Judged::ListTools).unwrap();
        for (source, expected) in [
            ("{}", Ok(0)),
            (r#"{"tools":[]}"#, Ok(0)),
            (r#"{"tools":[{"name":"a"}]}"#, Ok(1)),
            (r#"{"tools":{"0":{"name":"a"}}}"#, Err(NoList { member: "tools" })),
            (r#"{"tools":"a"}"#, Err(NoList { member: "tools" })),
            (r#"{"tools":null}"#, Err(NoList { member: "tools" })),
        ] {
            let document = scan(source, &Limits::default()).unwrap();
            // No policy shows nothing.
            let found = filter(list, document.root(), &[], |_, _| true).map(|edits| edits.len());
            assert_eq!(found, expected, "{source}");
        }
    }

    #[test]
    fn a_filtered_list_is_private() {
        let source = r#"{"tools":[],"cacheScope":"public"}"#;
        let document = scan(source, &Limits::default()).unwrap();
        let edit = made_private(document.root()).unwrap();
        assert_eq!(splice::apply(source, &mut [edit]), r#"{"tools":[],"cacheScope":"private"}"#);
    }
}
