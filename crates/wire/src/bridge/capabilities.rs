//! What a client declared that it can be asked, and what a server offers.

use interlock_json::Value;

use super::edit;

/// The tasks of 2026-07-28.
pub(super) const TASKS_EXTENSION: &str = "io.modelcontextprotocol/tasks";

/// The capabilities of a client that a server's questions depend on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Askable {
    roots: bool,
    sampling: bool,
    sampling_tools: bool,
    sampling_context: bool,
    form: bool,
    pub(super) url: bool,
}

impl Askable {
    pub(super) fn read(declared: Option<Value<'_>>) -> Self {
        let elicitation = object(declared, "elicitation");
        let sampling = object(declared, "sampling");
        let url = object(elicitation, "url").is_some();
        Self {
            roots: object(declared, "roots").is_some(),
            sampling: sampling.is_some(),
            sampling_tools: object(sampling, "tools").is_some(),
            sampling_context: object(sampling, "context").is_some(),
            // 2025-11-25: that neither mode is named means `form`, the only one that was there before.
            form: elicitation.is_some() && (object(elicitation, "form").is_some() || !url),
            url,
        }
    }

    /// Whether the client can be asked this; otherwise the capability that it lacks.
    pub(super) fn allow(self, method: &str, params: Option<Value<'_>>) -> Result<(), &'static str> {
        let member = |name| params.and_then(|params| params.get(name));
        let needed = |has: bool, name| if has { Ok(()) } else { Err(name) };
        match method {
            "roots/list" => needed(self.roots, "roots"),
            "sampling/createMessage" => {
                needed(self.sampling, "sampling")?;
                let tools = member("tools").is_some() || member("toolChoice").is_some();
                needed(!tools || self.sampling_tools, "sampling.tools")?;
                let context = member("includeContext").is_some_and(|context| !context.is_str("none"));
                needed(!context || self.sampling_context, "sampling.context")
            }
            "elicitation/create" => match member("mode") {
                Some(mode) if mode.is_str("url") => needed(self.url, "elicitation.url"),
                Some(mode) if !mode.is_str("form") => Err("elicitation"),
                _ => needed(self.form, "elicitation.form"),
            },
            _ => Err("none that a client could declare"),
        }
    }
}

/// A client's capabilities for a server of the other era. Extensions are agreed on request by request and not
/// once, of tasks neither era knows the other's, and news of changed roots was taken away.
pub(super) fn client_for_other_era(declared: Value<'_>) -> String {
    let roots = object(Some(declared), "roots").filter(|roots| roots.get("listChanged").is_some());
    match roots {
        None => edit::object(declared, &["extensions", "tasks"], ""),
        Some(roots) => {
            let kept = format!("\"roots\":{}", edit::object(roots, &["listChanged"], ""));
            edit::object(declared, &["extensions", "tasks", "roots"], &kept)
        }
    }
}

/// A server's capabilities for a client of the other era: tasks are not carried.
pub(super) fn server_for_other_era(offered: Option<Value<'_>>) -> String {
    let Some(offered) = offered.filter(|offered| offered.is_object()) else { return "{}".to_owned() };
    let extensions = offered.get("extensions").filter(|extensions| extensions.get(TASKS_EXTENSION).is_some());
    match extensions {
        None => edit::object(offered, &["tasks"], ""),
        Some(extensions) => {
            let kept = format!("\"extensions\":{}", edit::object(extensions, &[TASKS_EXTENSION], ""));
            edit::object(offered, &["tasks", "extensions"], &kept)
        }
    }
}

/// Whether `capabilities.<capability>.<flag>` is `true`.
pub(super) fn has_flag(offered: Option<Value<'_>>, capability: &str, flag: &str) -> bool {
    let value = object(offered, capability).and_then(|capability| capability.get(flag));
    value.and_then(Value::as_bool) == Some(true)
}

/// A capability is declared by an object, even an empty one.
pub(super) fn object<'v>(parent: Option<Value<'v>>, name: &str) -> Option<Value<'v>> {
    parent?.get(name).filter(|value| value.is_object())
}

#[cfg(test)]
mod tests {
    use interlock_json::{Limits, scan};

    use super::*;

    #[test]
    fn only_what_was_declared_is_asked() {
        let check = |declared: &str, method: &str, params: &str, expected: Result<(), &str>| {
            let declared = scan(declared, &Limits::default()).unwrap();
            let params = scan(params, &Limits::default()).unwrap();
            let found = Askable::read(Some(declared.root())).allow(method, Some(params.root()));
            assert_eq!(found, expected, "{} {method} {}", declared.source(), params.source());
        };
        check("{}", "roots/list", "{}", Err("roots"));
        check(r#"{"roots":{}}"#, "roots/list", "{}", Ok(()));
        check(r#"{"sampling":{}}"#, "sampling/createMessage", "{}", Ok(()));
        check(r#"{"sampling":{}}"#, "sampling/createMessage", r#"{"tools":[]}"#, Err("sampling.tools"));
        check(r#"{"sampling":{"tools":{}}}"#, "sampling/createMessage", r#"{"tools":[]}"#, Ok(()));
        check(r#"{"sampling":{}}"#, "sampling/createMessage", r#"{"includeContext":"none"}"#, Ok(()));
        check(
            r#"{"sampling":{}}"#,
            "sampling/createMessage",
            r#"{"includeContext":"thisServer"}"#,
            Err("sampling.context"),
        );
        check(r#"{"elicitation":{}}"#, "elicitation/create", "{}", Ok(()));
        check(r#"{"elicitation":{}}"#, "elicitation/create", r#"{"mode":"url"}"#, Err("elicitation.url"));
        check(r#"{"elicitation":{"url":{}}}"#, "elicitation/create", "{}", Err("elicitation.form"));
        check(r#"{"elicitation":{"url":{}}}"#, "elicitation/create", r#"{"mode":"url"}"#, Ok(()));
        check(r#"{"elicitation":{}}"#, "elicitation/create", r#"{"mode":1}"#, Err("elicitation"));
        check(r#"{"roots":{}}"#, "tasks/get", "{}", Err("none that a client could declare"));
    }

    #[test]
    fn what_cannot_be_carried_is_not_declared() {
        for (declared, expected) in [
            (r#"{"roots":{},"sampling":{},"x":1e400}"#, r#"{"roots":{},"sampling":{},"x":1e400}"#),
            (r#"{"tasks":{},"extensions":{},"sampling":{}}"#, r#"{"sampling":{}}"#),
            (
                r#"{"sampling":{},"roots":{"listChanged":true,"x":1.0}}"#,
                r#"{"roots":{"x":1.0},"sampling":{}}"#,
            ),
        ] {
            let declared = scan(declared, &Limits::default()).unwrap();
            assert_eq!(client_for_other_era(declared.root()), expected);
        }
    }

    #[test]
    fn tasks_are_not_advertised() {
        for (offered, expected) in [
            (r#"{"tools":{"listChanged":true},"x":1e400}"#, r#"{"tools":{"listChanged":true},"x":1e400}"#),
            (r#"{"tools":{},"tasks":{"list":{}}}"#, r#"{"tools":{}}"#),
            (r#"{"extensions":{"com.example/x":{}}}"#, r#"{"extensions":{"com.example/x":{}}}"#),
            (
                r#"{"extensions":{"io.modelcontextprotocol/tasks":{},"com.example/x":{}},"tools":{}}"#,
                r#"{"extensions":{"com.example/x":{}},"tools":{}}"#,
            ),
            ("[]", "{}"),
        ] {
            let offered = scan(offered, &Limits::default()).unwrap();
            assert_eq!(server_for_other_era(Some(offered.root())), expected);
        }
    }
}
