//! Which part of a pattern's control stops a harm, and what is left of the control without it.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::pattern::Control;
use super::scenario::Arrival;

/// What files write for [`Part::Gateway`].
const GATEWAY: &str = "gateway";
/// What files write before a place in the settings; no server of a scenario is called so.
pub(super) const SETTINGS: &str = "settings";
/// Keys that say the strict thing by being absent, and what permits everything: with it they are as good as taken out.
const STRICT_WHEN_ABSENT: [(&str, &str); 2] = [("default", "allow"), ("trust", "allow_changes")];
/// Where an entry of a policy has constraints.
const CONSTRAINTS: [&str; 5] = ["rules", "require", "deny_if", "approve_if", "limits"];
/// A policy that states nothing.
const PERMISSIVE: &str = "version: \"1\"\ndefault: allow\n";

/// A part of what stops an attack. In files it is `files:/tools/read_file/require/0`, `settings:/limits/depth` or
/// `gateway`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Part {
    /// A place in the policy for a server, as a JSON pointer.
    Policy {
        /// The server.
        server: String,
        /// The place.
        pointer: String,
    },
    /// A place in the settings, as a JSON pointer.
    Settings {
        /// The place.
        pointer: String,
    },
    /// What the gateway does whatever its policies and settings say: it cannot be taken out.
    Gateway,
}

/// Why a part cannot be read, or taken out.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum PartError {
    /// None of the three forms.
    #[error("`{0}` is none of `SERVER:/PLACE/IN/ITS/POLICY`, `settings:/PLACE` and `gateway`")]
    Form(String),
    /// A place that there is not.
    #[error("`{0}` is no place in the control")]
    Place(String),
    /// A policy or settings that are no map in YAML.
    #[error("the policy or the settings around `{part}` cannot be read: {what}")]
    Unreadable {
        /// The part that is looked for there.
        part: String,
        /// Why not.
        what: String,
    },
}

impl TryFrom<String> for Part {
    type Error = PartError;

    fn try_from(text: String) -> Result<Self, PartError> {
        if text == GATEWAY {
            return Ok(Self::Gateway);
        }
        match text.split_once(':').filter(|(_, pointer)| pointer.starts_with('/')) {
            Some((SETTINGS, pointer)) => Ok(Self::Settings { pointer: pointer.to_owned() }),
            Some((server, pointer)) if !server.is_empty() => {
                Ok(Self::Policy { server: server.to_owned(), pointer: pointer.to_owned() })
            }
            _ => Err(PartError::Form(text)),
        }
    }
}

impl From<Part> for String {
    fn from(part: Part) -> Self {
        part.to_string()
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Policy { server, pointer } => write!(f, "{server}:{pointer}"),
            Self::Settings { pointer } => write!(f, "{SETTINGS}:{pointer}"),
            Self::Gateway => f.write_str(GATEWAY),
        }
    }
}

impl Control {
    /// The control with parts of it taken out, and all else as it was. Of [`Part::Gateway`] nothing can be taken out, so
    /// that all but it is: policies that permit everything, and no settings.
    ///
    /// # Errors
    /// A part is no place in the control.
    pub fn without(&self, parts: &[Part]) -> Result<Self, PartError> {
        let mut left = self.clone();
        if parts.contains(&Part::Gateway) {
            left.policies.values_mut().for_each(|policy| PERMISSIVE.clone_into(policy));
            left.settings = None;
            return Ok(left);
        }
        // From the last to the first, so that no place moves before its turn.
        let mut parts: Vec<&Part> = parts.iter().collect();
        parts.sort_by_key(|part| std::cmp::Reverse(part.order()));
        for part in parts {
            let nowhere = || PartError::Place(part.to_string());
            let (text, pointer) = match part {
                Part::Policy { server, pointer } => {
                    (left.policies.get_mut(server).ok_or_else(nowhere)?, pointer)
                }
                Part::Settings { pointer } => (left.settings.as_mut().ok_or_else(nowhere)?, pointer),
                Part::Gateway => continue,
            };
            let mut document =
                document(text).map_err(|what| PartError::Unreadable { part: part.to_string(), what })?;
            take_out(&mut document, pointer).ok_or_else(nowhere)?;
            // JSON is YAML.
            *text = document.to_string();
        }
        Ok(left)
    }

    /// What could stop a harm: the constraints that the policy has for its tool, or for all where it is about none. What
    /// is not listed is stopped by the default.
    pub(super) fn candidates(&self, harm: &Arrival) -> Vec<Part> {
        let policy = self.policies.get(&harm.server).and_then(|text| document(text).ok());
        let Some(policy) = policy else { return Vec::new() };
        let part = |pointer: String| Part::Policy { server: harm.server.clone(), pointer };
        let none = Map::new();
        let tools = policy.get("tools").and_then(Value::as_object).unwrap_or(&none);
        if harm.tool.as_ref().is_some_and(|tool| !tools.contains_key(tool)) {
            let is_open = policy.get("default").is_some_and(|default| default == "allow");
            let keys = if is_open { &["hide"][..] } else { &["default", "hide"] };
            let stated = keys.iter().filter(|key| policy.get(**key).is_some());
            return stated.map(|key| part(format!("/{key}"))).collect();
        }
        let of = tools.iter().filter(|(tool, _)| harm.tool.as_ref().is_none_or(|wanted| wanted == *tool));
        of.flat_map(|(tool, entry)| {
            constraints(entry).map(move |place| part(format!("/tools/{}/{place}", escaped(tool))))
        })
        .collect()
    }
}

impl Part {
    /// Places in the order of their text, and those of a list in the order of their numbers.
    fn order(&self) -> (String, usize) {
        let text = self.to_string();
        match text.rsplit_once('/').map(|(list, last)| (list.to_owned(), last.parse())) {
            Some((list, Ok(index))) => (list, index),
            _ => (text, 0),
        }
    }
}

fn constraints(entry: &Value) -> impl Iterator<Item = String> {
    let lists = CONSTRAINTS.into_iter().flat_map(|key| {
        let count = entry.get(key).and_then(Value::as_array).map_or(0, Vec::len);
        (0..count).map(move |index| format!("{key}/{index}"))
    });
    lists.chain(entry.get("validate").map(|_| "validate".to_owned()))
}

fn document(text: &str) -> Result<Value, String> {
    let document: BTreeMap<String, Value> =
        serde_saphyr::from_str(text).map_err(|error| error.to_string())?;
    Ok(Value::Object(document.into_iter().collect()))
}

/// Takes out what stands at a place. `None` where nothing does.
fn take_out(document: &mut Value, pointer: &str) -> Option<()> {
    let (around, last) = pointer.rsplit_once('/')?;
    match document.pointer_mut(around)? {
        Value::Object(members) => {
            let key = last.replace("~1", "/").replace("~0", "~");
            let member = members.get_mut(&key)?;
            match STRICT_WHEN_ABSENT.iter().find(|(strict, _)| *strict == key) {
                Some((_, permissive)) => *member = Value::from(*permissive),
                None => drop(members.remove(&key)),
            }
            Some(())
        }
        Value::Array(elements) => {
            let index = last.parse().ok().filter(|index| *index < elements.len())?;
            elements.remove(index);
            Some(())
        }
        _ => None,
    }
}

fn escaped(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLICY: &str = "version: \"1\"\ndefault: deny\ntools:\n  read: { require: [{ path: args.a, op: exists }, \
                          { path: args.b, op: exists }], rules: [{ rate_limit: 1/hour }] }\n  list: {}\n  a/b: { validate: { schema: true } }\n";

    fn control() -> Control {
        Control {
            what: "Rules.".to_owned(),
            policies: BTreeMap::from([("files".to_owned(), POLICY.to_owned())]),
            settings: Some("servers: { files: { trust: first_use } }\nlimits: { depth: 8 }\n".to_owned()),
            leaves: "Much.".to_owned(),
            recommended: None,
        }
    }

    fn parts(texts: &[&str]) -> Vec<Part> {
        texts.iter().map(|text| Part::try_from((*text).to_owned()).unwrap()).collect()
    }

    #[test]
    fn a_part_is_read_and_written_alike() {
        for text in ["files:/tools/read_file/require/0", "settings:/limits/depth", "gateway"] {
            assert_eq!(Part::try_from(text.to_owned()).unwrap().to_string(), text);
        }
        for wrong in ["", "files", "files:", "files:tools", ":/tools", "/tools", "gateways"] {
            let error = Part::try_from(wrong.to_owned()).unwrap_err();
            assert_eq!(error, PartError::Form(wrong.to_owned()));
        }
    }

    /// Where it leads, what stands there once the parts are out.
    #[test]
    fn parts_are_taken_out_and_nothing_else() {
        for (out, policy, settings) in [
            (
                &["files:/tools/read/require/0"][..],
                "/tools/read/require",
                r#"[{"op":"exists","path":"args.b"}]"#,
            ),
            (&["files:/tools/read/require/0", "files:/tools/read/require/1"], "/tools/read/require", "[]"),
            (&["files:/tools/read/require/1"], "/tools/read/rules", r#"[{"rate_limit":"1/hour"}]"#),
            (&["files:/tools/a~1b/validate"], "/tools/a~1b", "{}"),
            // Left out it would deny as well.
            (&["files:/default"], "/default", r#""allow""#),
        ]
        .map(|(out, place, left)| (out, (place, left), ("/limits/depth", "8")))
        .into_iter()
        .chain([
            (&["settings:/limits/depth"][..], ("/default", r#""deny""#), ("/limits", "{}")),
            (
                &["settings:/servers/files/trust"],
                ("/default", r#""deny""#),
                ("/servers/files/trust", r#""allow_changes""#),
            ),
        ]) {
            let left = control().without(&parts(out)).unwrap();
            let documents = [&left.policies["files"], left.settings.as_ref().unwrap()];
            for (text, (place, expected)) in documents.into_iter().zip([policy, settings]) {
                let found = document(text).unwrap().pointer(place).map(ToString::to_string);
                assert_eq!(found.as_deref(), Some(expected), "{out:?} {place}");
            }
        }
        let open = control().without(&[Part::Gateway]).unwrap();
        assert_eq!((open.policies["files"].as_str(), open.settings), (PERMISSIVE, None));
    }

    #[test]
    fn a_place_that_there_is_not_is_told() {
        for wrong in [
            "files:/tools/read/require/2",
            "files:/tools/write",
            "files:/tools/read/require/0/op/x",
            "other:/default",
            "settings:/limits/message_bytes",
        ] {
            let error = control().without(&parts(&[wrong])).unwrap_err();
            assert_eq!(error, PartError::Place(wrong.to_owned()));
        }
    }

    #[test]
    fn what_could_stop_a_harm_is_found_in_the_policy() {
        for (tool, expected) in [
            (
                Some("read"),
                &["files:/tools/read/rules/0", "files:/tools/read/require/0", "files:/tools/read/require/1"]
                    [..],
            ),
            (Some("list"), &[]),
            (Some("a/b"), &["files:/tools/a~1b/validate"]),
            (Some("delete"), &["files:/default"]),
        ] {
            let harm =
                Arrival { server: "files".to_owned(), tool: tool.map(str::to_owned), ..Arrival::default() };
            assert_eq!(control().candidates(&harm), parts(expected), "{tool:?}");
        }
        let any = Arrival { server: "files".to_owned(), ..Arrival::default() };
        assert_eq!(control().candidates(&any).len(), 4);
    }
}
