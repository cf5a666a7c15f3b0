//! What a list shows: the answer of the server with the names cut out that policy leaves out. Cursors,
//! `_meta` and members the gateway does not know stay as they are, byte for byte.

use interlock_json::{Kind, Value};
use interlock_policy::{Origin, Policy, Section};
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

/// The edits that leave only what policy shows. An entry whose name cannot be read is not shown.
///
/// # Errors
/// [`NoList`] where the entries are not in an array.
pub(crate) fn filter(
    list: List,
    result: Value<'_>,
    stack: &[(Origin, &Policy)],
) -> Result<Vec<Edit>, NoList> {
    let Some(entries) = result.get(list.member) else { return Ok(Vec::new()) };
    if entries.kind() != Kind::Array {
        return Err(NoList { member: list.member });
    }
    let shown = |entry: Value<'_>| {
        entry
            .get(list.name)
            .and_then(Value::as_str)
            .is_some_and(|name| interlock_policy::visible(stack, list.section, &name))
    };
    let mut edits = cut(entries, shown);
    if !edits.is_empty() {
        edits.extend(made_private(result));
    }
    Ok(edits)
}

/// Cuts the entries that are not kept, with the commas that joined them.
pub(crate) fn cut(entries: Value<'_>, keep: impl Fn(Value<'_>) -> bool) -> Vec<Edit> {
    let mut edits = Vec::new();
    let mut kept_any = false;
    let mut cut_from = entries.span().start + 1;
    let mut pending = false;
    for entry in entries.items() {
        let span = entry.span();
        if keep(entry) {
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
        edits.push(Edit { span: cut_from..entries.span().end - 1, text: String::new() });
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
            let found = filter(list, document.root(), &[]).map(|edits| edits.len());
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
