//! What a client declared that it can be asked. A server asks nothing else.

use interlock_json::{Kind, Value};
use interlock_wire::Version;

/// The capabilities of a client that questions depend on, as its `initialize` or a modern request declares
/// them. Before either, none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Capabilities {
    roots: bool,
    sampling: bool,
    sampling_tools: bool,
    form: bool,
    url: bool,
    elicitation: bool,
    tasks: bool,
    tasks_list: bool,
    tasks_cancel: bool,
}

/// A question that the client did not say it can be asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Undeclared {
    /// The whole method belongs to a capability that was not declared.
    #[error("the client did not declare the capability `{capability}`")]
    Capability {
        /// Its name.
        capability: &'static str,
    },
    /// The method is there, but not in this way.
    #[error("the client did not declare the capability `{capability}`, which `{param}` needs")]
    Param {
        /// Its name.
        capability: &'static str,
        /// The member of `params`.
        param: &'static str,
    },
}

impl Undeclared {
    /// The answer that a client itself would give (2025-11-25, "Roots" and "Elicitation", error handling).
    pub(crate) fn code(&self) -> i64 {
        match self {
            Self::Capability { .. } => -32_601,
            Self::Param { .. } => -32_602,
        }
    }
}

impl Capabilities {
    /// Reads the `capabilities` of `initialize`, or a modern request's `clientCapabilities`.
    pub(crate) fn read(declared: Option<Value<'_>>) -> Self {
        let sampling = object(declared, "sampling");
        let elicitation = object(declared, "elicitation");
        let tasks = object(declared, "tasks");
        let url = object(elicitation, "url").is_some();
        Self {
            roots: object(declared, "roots").is_some(),
            sampling: sampling.is_some(),
            sampling_tools: object(sampling, "tools").is_some(),
            elicitation: elicitation.is_some(),
            // 2025-11-25: that neither mode is named means `form`, the only one that was there before.
            form: elicitation.is_some() && (object(elicitation, "form").is_some() || !url),
            url,
            tasks: tasks.is_some(),
            tasks_list: object(tasks, "list").is_some(),
            tasks_cancel: object(tasks, "cancel").is_some(),
        }
    }

    /// Whether the client may be asked this. Methods that depend on no capability (`ping`, extensions that
    /// the operator listed) always may.
    pub(crate) fn allow(
        self,
        method: &str,
        params: Option<Value<'_>>,
        version: Version,
    ) -> Result<(), Undeclared> {
        let needed = match method {
            "roots/list" => (self.roots, "roots"),
            "sampling/createMessage" => (self.sampling, "sampling"),
            "elicitation/create" => (self.elicitation, "elicitation"),
            "tasks/get" | "tasks/result" => (self.tasks, "tasks"),
            "tasks/list" => (self.tasks_list, "tasks.list"),
            "tasks/cancel" => (self.tasks_cancel, "tasks.cancel"),
            _ => return Ok(()),
        };
        match needed {
            (false, capability) => Err(Undeclared::Capability { capability }),
            // Older versions have one way only, and no members to tell others by.
            (true, _) if version < Version::V2025_11_25 => Ok(()),
            (true, _) => self.allow_params(method, params),
        }
    }

    fn allow_params(self, method: &str, params: Option<Value<'_>>) -> Result<(), Undeclared> {
        let member = |name| params.and_then(|params| params.get(name));
        let (declared, capability, param) = match method {
            "sampling/createMessage" if member("tools").is_some() => {
                (self.sampling_tools, "sampling.tools", "tools")
            }
            "sampling/createMessage" if member("toolChoice").is_some() => {
                (self.sampling_tools, "sampling.tools", "toolChoice")
            }
            "elicitation/create" => match member("mode").map(Value::as_str) {
                None => (self.form, "elicitation.form", "mode"),
                Some(Some(mode)) if mode == "form" => (self.form, "elicitation.form", "mode"),
                Some(Some(mode)) if mode == "url" => (self.url, "elicitation.url", "mode"),
                Some(_) => (false, "elicitation", "mode"),
            },
            _ => return Ok(()),
        };
        if declared { Ok(()) } else { Err(Undeclared::Param { capability, param }) }
    }
}

/// A capability is declared by an object, even an empty one.
fn object<'v>(parent: Option<Value<'v>>, name: &str) -> Option<Value<'v>> {
    parent?.get(name).filter(|value| value.kind() == Kind::Object)
}

#[cfg(test)]
mod tests {
    use interlock_json::{Limits, scan};

    use super::*;

    fn allowed(declared: &str, method: &str, params: &str, version: Version) -> Result<(), i64> {
        let declared = scan(declared, &Limits::default()).unwrap();
        let params = scan(params, &Limits::default()).unwrap();
        Capabilities::read(Some(declared.root()))
            .allow(method, Some(params.root()), version)
            .map_err(|undeclared| undeclared.code())
    }

    #[test]
    fn only_what_was_declared_is_asked() {
        const NONE: Result<(), i64> = Err(-32_601);
        const PARAM: Result<(), i64> = Err(-32_602);
        let check = |declared, method, params, expected| {
            let found = allowed(declared, method, params, Version::V2025_11_25);
            assert_eq!(found, expected, "{declared} {method} {params}");
        };
        check("{}", "ping", "{}", Ok(()));
        check("{}", "roots/list", "{}", NONE);
        check(r#"{"roots":null}"#, "roots/list", "{}", NONE);
        check(r#"{"roots":{}}"#, "roots/list", "{}", Ok(()));
        check(r#"{"roots":{}}"#, "sampling/createMessage", "{}", NONE);
        check(r#"{"sampling":{}}"#, "sampling/createMessage", "{}", Ok(()));
        check(r#"{"sampling":{}}"#, "sampling/createMessage", r#"{"tools":[]}"#, PARAM);
        check(r#"{"sampling":{}}"#, "sampling/createMessage", r#"{"toolChoice":{}}"#, PARAM);
        check(r#"{"sampling":{"tools":{}}}"#, "sampling/createMessage", r#"{"tools":[]}"#, Ok(()));
        check("{}", "elicitation/create", "{}", NONE);
        check(r#"{"elicitation":{}}"#, "elicitation/create", "{}", Ok(()));
        check(r#"{"elicitation":{}}"#, "elicitation/create", r#"{"mode":"form"}"#, Ok(()));
        check(r#"{"elicitation":{}}"#, "elicitation/create", r#"{"mode":"url"}"#, PARAM);
        check(r#"{"elicitation":{"url":{}}}"#, "elicitation/create", r#"{"mode":"url"}"#, Ok(()));
        check(r#"{"elicitation":{"url":{}}}"#, "elicitation/create", "{}", PARAM);
        check(r#"{"elicitation":{"form":{},"url":{}}}"#, "elicitation/create", "{}", Ok(()));
        check(r#"{"elicitation":{}}"#, "elicitation/create", r#"{"mode":1}"#, PARAM);
        check(r#"{"tasks":{}}"#, "tasks/get", "{}", Ok(()));
        check(r#"{"tasks":{}}"#, "tasks/list", "{}", NONE);
        check(r#"{"tasks":{"list":{},"cancel":{}}}"#, "tasks/cancel", "{}", Ok(()));
    }

    #[test]
    fn ways_that_a_version_does_not_have_are_not_looked_at() {
        let asked =
            |version| allowed(r#"{"elicitation":{}}"#, "elicitation/create", r#"{"mode":"x"}"#, version);
        assert_eq!(asked(Version::V2025_06_18), Ok(()));
        assert_eq!(asked(Version::V2025_11_25), Err(-32_602));
    }
}
