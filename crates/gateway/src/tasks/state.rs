//! How a task stands, as the two eras say it.

use std::time::Duration;

use interlock_audit::Status;
use interlock_json::Value;
use interlock_wire::Era;

use crate::settle::Ending;

/// The extension of 2026-07-28 for tasks.
pub(crate) const TASKS: &str = "io.modelcontextprotocol/tasks";

/// What a server says of a task, beside its name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct State {
    pub(crate) has_ended: bool,
    /// How long the server keeps it; nothing where it says nothing, or for ever.
    pub(crate) ttl: Option<Duration>,
    /// How often the server wants to be asked.
    pub(crate) poll: Option<Duration>,
}

impl State {
    /// Reads what `task` says of itself: `ttl` and `pollInterval` (2025-11-25), or `ttlMs` and `pollIntervalMs` (the
    /// extension).
    pub(crate) fn read(task: Value<'_>) -> Self {
        let ms = |names: [&str; 2]| {
            let value = names.into_iter().find_map(|name| task.get(name))?;
            Some(Duration::from_millis(value.as_number()?.parse().ok()?))
        };
        let status = task.get("status").and_then(Value::as_str).unwrap_or_default();
        Self {
            has_ended: matches!(&*status, "completed" | "failed" | "cancelled"),
            ttl: ms(["ttlMs", "ttl"]),
            poll: ms(["pollIntervalMs", "pollInterval"]),
        }
    }
}

/// How the call that made a task has ended, by what the task says of itself. The extension has the result in it, and
/// `failed` for errors of JSON-RPC alone; in 2025-11-25 a tool that fails makes its task fail, too.
pub(crate) fn outcome_of(task: Value<'_>, era: Era, bytes: usize) -> Ending {
    let status = task.get("status").and_then(Value::as_str).unwrap_or_default();
    let failed = task.get("result").and_then(|result| result.get("isError")).and_then(Value::as_bool);
    let bytes = bytes as u64;
    match &*status {
        "cancelled" => Ending::Cancelled,
        "failed" if era == Era::Modern => {
            let code = task.get("error").and_then(|error| error.get("code")).and_then(Value::as_number);
            Ending::Answered { status: Status::Error, bytes, code: code.and_then(|code| code.parse().ok()) }
        }
        "failed" => Ending::Answered { status: Status::ToolError, bytes, code: None },
        _ if failed == Some(true) => Ending::Answered { status: Status::ToolError, bytes, code: None },
        _ => Ending::Answered { status: Status::Ok, bytes, code: None },
    }
}

#[cfg(test)]
mod tests {
    use interlock_json::{Limits, scan};

    use super::*;

    #[test]
    fn a_task_s_end_is_that_of_its_call() {
        let answered = |status, code| Ending::Answered { status, bytes: 7, code };
        for (text, era, expected) in [
            (r#"{"status":"completed"}"#, Era::Legacy, answered(Status::Ok, None)),
            (r#"{"status":"failed"}"#, Era::Legacy, answered(Status::ToolError, None)),
            (r#"{"status":"cancelled"}"#, Era::Legacy, Ending::Cancelled),
            (r#"{"status":"completed","result":{}}"#, Era::Modern, answered(Status::Ok, None)),
            (
                r#"{"status":"completed","result":{"isError":true}}"#,
                Era::Modern,
                answered(Status::ToolError, None),
            ),
            (
                r#"{"status":"failed","error":{"code":-32603}}"#,
                Era::Modern,
                answered(Status::Error, Some(-32_603)),
            ),
        ] {
            let document = scan(text, &Limits::default()).unwrap();
            assert_eq!(outcome_of(document.root(), era, 7), expected, "{text}");
            assert!(State::read(document.root()).has_ended);
        }
    }

    #[test]
    fn both_eras_say_how_long_it_is_kept() {
        let check = |text: &str, ttl: Option<u64>, poll: Option<u64>| {
            let document = scan(text, &Limits::default()).unwrap();
            let ms = |ms: Option<u64>| ms.map(Duration::from_millis);
            let expected = State { has_ended: false, ttl: ms(ttl), poll: ms(poll) };
            assert_eq!(State::read(document.root()), expected, "{text}");
        };
        check(r#"{"status":"working","ttl":60000,"pollInterval":5}"#, Some(60_000), Some(5));
        check(r#"{"status":"input_required","ttlMs":1,"pollIntervalMs":2}"#, Some(1), Some(2));
        check(r#"{"status":"working","ttl":null}"#, None, None);
        check(r#"{"status":"new","ttlMs":"7"}"#, None, None);
    }
}
