//! What a client declared that it can be asked. A server asks nothing else.

use interlock_json::{Kind, Value};
use interlock_wire::Version;

/// The capabilities of a client that questions depend on, as its `initialize` or a modern request declares
/// them. Before either, none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(crate) struct Capabilities {
    roots: bool,
    sampling: bool,
    sampling_tools: bool,
    sampling_context: bool,
    sampling_tasks: bool,
    form: bool,
    url: bool,
    elicitation: bool,
    elicitation_tasks: bool,
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
        let with_task = |kind, method| object(object(object(tasks, "requests"), kind), method).is_some();
        let url = object(elicitation, "url").is_some();
        Self {
            roots: object(declared, "roots").is_some(),
            sampling: sampling.is_some(),
            sampling_tools: object(sampling, "tools").is_some(),
            sampling_context: object(sampling, "context").is_some(),
            sampling_tasks: with_task("sampling", "createMessage"),
            elicitation: elicitation.is_some(),
            // 2025-11-25: that neither mode is named means `form`, the only one that was there before.
            form: elicitation.is_some() && (object(elicitation, "form").is_some() || !url),
            url,
            elicitation_tasks: with_task("elicitation", "create"),
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
            (true, _) => self.allow_params(method, params, version),
        }
    }

    /// Whether the client may be told to have its user open a URL.
    pub(crate) fn allow_url(self) -> Result<(), Undeclared> {
        let capability = "elicitation.url";
        if self.url { Ok(()) } else { Err(Undeclared::Capability { capability }) }
    }

    /// A version that does not have a way of asking has no capability for it either: its client could not have
    /// declared it, and may know the way all the same.
    fn allow_params(
        self,
        method: &str,
        params: Option<Value<'_>>,
        version: Version,
    ) -> Result<(), Undeclared> {
        let member = |name| params.and_then(|params| params.get(name));
        let sampling = method == "sampling/createMessage";
        let elicitation = method == "elicitation/create";
        // `includeContext` belongs to plain sampling before 2025-11-25.
        let context = member("includeContext")
            .filter(|context| version >= Version::V2025_11_25 && !context.is_str("none"));
        let (mode_declared, mode) = self.mode(member("mode"));
        for (asked, declared, capability, param) in [
            (sampling && member("tools").is_some(), self.sampling_tools, "sampling.tools", "tools"),
            (sampling && member("toolChoice").is_some(), self.sampling_tools, "sampling.tools", "toolChoice"),
            (sampling && context.is_some(), self.sampling_context, "sampling.context", "includeContext"),
            (
                sampling && member("task").is_some(),
                self.sampling_tasks,
                "tasks.requests.sampling.createMessage",
                "task",
            ),
            (elicitation, mode_declared, mode, "mode"),
            (
                elicitation && member("task").is_some(),
                self.elicitation_tasks,
                "tasks.requests.elicitation.create",
                "task",
            ),
        ] {
            if asked && !declared {
                return Err(Undeclared::Param { capability, param });
            }
        }
        Ok(())
    }

    /// Whether this mode of elicitation was declared, and the capability it belongs to.
    fn mode(self, mode: Option<Value<'_>>) -> (bool, &'static str) {
        match mode.map(Value::as_str) {
            None => (self.form, "elicitation.form"),
            Some(Some(mode)) if mode == "form" => (self.form, "elicitation.form"),
            Some(Some(mode)) if mode == "url" => (self.url, "elicitation.url"),
            Some(_) => (false, "elicitation"),
        }
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
        let check = |declared: &str, method: &str, params: &str, expected: Result<(), i64>| {
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
        for context in ["thisServer", "allServers", "other"] {
            let params = format!(r#"{{"includeContext":"{context}"}}"#);
            check(r#"{"sampling":{}}"#, "sampling/createMessage", &params, PARAM);
            check(r#"{"sampling":{"context":{}}}"#, "sampling/createMessage", &params, Ok(()));
        }
        check(r#"{"sampling":{}}"#, "sampling/createMessage", r#"{"includeContext":null}"#, PARAM);
        check(r#"{"sampling":{}}"#, "sampling/createMessage", r#"{"includeContext":"none"}"#, Ok(()));
        let tasks = |requests: &str| {
            format!(r#"{{"sampling":{{}},"elicitation":{{}},"tasks":{{"requests":{requests}}}}}"#)
        };
        let sampling = tasks(r#"{"sampling":{"createMessage":{}}}"#);
        let elicitation = tasks(r#"{"elicitation":{"create":{}}}"#);
        check(&tasks("{}"), "sampling/createMessage", r#"{"task":{}}"#, PARAM);
        check(&sampling, "sampling/createMessage", r#"{"task":{}}"#, Ok(()));
        check(&sampling, "sampling/createMessage", r#"{"task":{},"tools":[]}"#, PARAM);
        check(&sampling, "elicitation/create", r#"{"task":{}}"#, PARAM);
        check(&elicitation, "elicitation/create", r#"{"task":{}}"#, Ok(()));
        check(&elicitation, "elicitation/create", r#"{"task":{},"mode":"url"}"#, PARAM);
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
    fn ways_that_a_version_does_not_have_are_not_declared_in_it() {
        for version in Version::ALL {
            let asked =
                |method, params| allowed(r#"{"elicitation":{},"sampling":{}}"#, method, params, version);
            assert_eq!(asked("elicitation/create", "{}"), Ok(()));
            for params in [r#"{"mode":"x"}"#, r#"{"mode":"url"}"#, r#"{"task":{}}"#] {
                assert_eq!(asked("elicitation/create", params), Err(-32_602), "{version:?} {params}");
            }
            for params in [r#"{"tools":[]}"#, r#"{"task":{}}"#] {
                assert_eq!(asked("sampling/createMessage", params), Err(-32_602), "{version:?} {params}");
            }
            // This one was everybody's before it had a capability.
            let context = asked("sampling/createMessage", r#"{"includeContext":"thisServer"}"#);
            assert_eq!(context.is_ok(), version < Version::V2025_11_25, "{version:?}");
        }
    }

    #[test]
    fn urls_are_opened_by_those_who_declared_it() {
        for (declared, expected) in [
            ("{}", false),
            (r#"{"sampling":{}}"#, false),
            (r#"{"elicitation":{"form":{}}}"#, false),
            (r#"{"elicitation":{"url":{}}}"#, true),
        ] {
            let document = scan(declared, &Limits::default()).unwrap();
            let found = Capabilities::read(Some(document.root())).allow_url();
            assert_eq!(found.is_ok(), expected, "{declared}");
        }
    }
}
