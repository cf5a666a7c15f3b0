//! The types of the params that decide what a call does. Everything else is the server's to check.

use interlock_json::{Kind, Value};

use crate::id::RequestId;
use crate::meta::PROTOCOL_VERSION;
use crate::refusal::{Place, RefusalKind};

use Need::{Optional, Required};
use Type::{Object, RequestIdentifier, Text, Token};

#[derive(Copy, Clone, PartialEq, Eq)]
enum Need {
    Required,
    Optional,
}

#[derive(Copy, Clone)]
enum Type {
    Text,
    Object,
    Token,
    RequestIdentifier,
}

type Member = (&'static str, Type, Need);

const NAMED: &[Member] = &[("name", Text, Required), ("arguments", Object, Optional)];
const LOCATED: &[Member] = &[("uri", Text, Required)];
const LISTED: &[Member] = &[("cursor", Text, Optional)];
const TASK: &[Member] = &[("taskId", Text, Required)];

/// Exact bytes, like the method table.
fn members_of(method: &str) -> &'static [Member] {
    match method {
        "tools/call" | "prompts/get" => NAMED,
        "resources/read" | "resources/subscribe" | "resources/unsubscribe" => LOCATED,
        "notifications/resources/updated" => LOCATED,
        "tools/list" | "prompts/list" | "resources/list" | "resources/templates/list" | "tasks/list" => {
            LISTED
        }
        "tasks/get" | "tasks/result" | "tasks/cancel" | "tasks/update" => TASK,
        "completion/complete" => &[("ref", Object, Required), ("argument", Object, Required)],
        "initialize" => &[("protocolVersion", Text, Required), ("capabilities", Object, Optional)],
        "notifications/progress" => &[("progressToken", Token, Required)],
        // Optional since 2025-11-25, where a task is cancelled by `tasks/cancel` instead.
        "notifications/cancelled" => &[("requestId", RequestIdentifier, Optional)],
        _ => &[],
    }
}

/// Methods that 2026-07-28 has no more.
const REMOVED: &[&str] = &["initialize", "resources/subscribe", "resources/unsubscribe"];

/// Checks the params of a request or notification. `params`, where present, is an object.
pub(super) fn check(method: &str, params: Option<Value<'_>>) -> Result<(), RefusalKind> {
    // A request of a version that does not have its method is refused for that, whatever its params lack.
    let is_modern = || params.and_then(|params| params.get("_meta")?.get(PROTOCOL_VERSION)).is_some();
    if REMOVED.contains(&method) && is_modern() {
        return Ok(());
    }
    for (key, kind, need) in members_of(method) {
        match params.and_then(|params| params.get(key)) {
            Some(value) => require(Place::Params, key, *kind, value)?,
            None if *need == Required => {
                return Err(RefusalKind::MissingMember { place: Place::Params, key });
            }
            None => {}
        }
    }
    let token = params.and_then(|params| params.get("_meta")).and_then(|meta| meta.get("progressToken"));
    // Null means none to those who write it; nothing is sent under it.
    match token.filter(|token| !token.is_null()) {
        Some(token) => require(Place::Meta, "progressToken", Token, token),
        None => Ok(()),
    }
}

fn require(place: Place, key: &'static str, kind: Type, value: Value<'_>) -> Result<(), RefusalKind> {
    let (fits, expected) = match kind {
        Text => (value.kind() == Kind::String, "a string"),
        Object => (value.kind() == Kind::Object, "an object"),
        Token => (matches!(value.kind(), Kind::String | Kind::Number), "a string or a number"),
        RequestIdentifier => (RequestId::from_value(value).is_some(), "a string or an integer"),
    };
    if fits { Ok(()) } else { Err(RefusalKind::InvalidMember { place, key, expected }) }
}
