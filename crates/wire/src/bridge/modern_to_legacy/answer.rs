//! Answers of a legacy server as a modern client expects them.

use interlock_json::{Value, canonical};

use crate::bridge::edit::{self, keep, rewrite};
use crate::id::RequestId;
use crate::message::{Message, Outcome, RpcError};
use crate::payment::Challenge;
use crate::splice::Edit;

/// 2025-11-25 and before: no such resource. 2026-07-28 says -32602 ("Error Codes").
const RESOURCE_NOT_FOUND: i64 = -32_002;
/// 2025-11-25: the client is to open URLs and to ask again.
const URL_ELICITATION_REQUIRED: i64 = -32_042;

/// What a server wants the client's user to open before it is asked again, as the `inputRequests` of
/// 2026-07-28.
pub(super) fn urls_to_open(outcome: &Outcome<'_>, most: usize) -> Option<String> {
    let Outcome::Error(error) = outcome else { return None };
    let elicitations = elicitations(error).filter(|list| list.len() <= most)?;
    let mut requests = String::from("{");
    for (index, elicitation) in elicitations.items().enumerate() {
        if index > 0 {
            requests.push(',');
        }
        let params =
            edit::object(elicitation, &["mode", "elicitationId", "task", "_meta"], r#""mode":"url""#);
        requests.push_str(&format!(r#""url-{index}":{{"method":"elicitation/create","params":{params}}}"#));
    }
    requests.push('}');
    Some(requests)
}

fn elicitations<'m>(error: &RpcError<'m>) -> Option<Value<'m>> {
    let list = error.data.filter(|_| error.code == URL_ELICITATION_REQUIRED)?.get("elicitations")?;
    (list.is_array() && !list.is_empty() && list.items().all(Value::is_object)).then_some(list)
}

/// The answer to a request of this method, under the client's id.
pub(super) fn for_client(message: &Message, outcome: &Outcome<'_>, method: &str, id: &RequestId) -> String {
    let mut edits = match outcome {
        Outcome::Result(result) => in_result(*result, method),
        Outcome::Error(error) => code(outcome, error).into_iter().collect(),
    };
    if let Some(old) = message.id() {
        edits.push(Edit::new(old.value().span(), id.raw()));
    }
    message.with_edits(edits)
}

/// Every result is complete: in a legacy version these members mean nothing, whatever a server says in them.
fn in_result(result: Value<'_>, method: &str) -> Vec<Edit> {
    if !is_cacheable(method) {
        return rewrite(result, &["resultType"], r#""resultType":"complete""#);
    }
    let all = r#""resultType":"complete","ttlMs":0,"cacheScope":"private""#;
    let mut edits = rewrite(result, &["resultType", "ttlMs", "cacheScope"], all);
    if method == "tools/list" {
        edits.extend(result.get("tools").into_iter().flat_map(|tools| keep(tools, can_be_called)));
    }
    edits
}

/// 2026-07-28, `CacheableResult`.
fn is_cacheable(method: &str) -> bool {
    let lists = ["tools/list", "prompts/list", "resources/list", "resources/templates/list"];
    lists.contains(&method) || method == "resources/read"
}

/// A tool that can only be called as a task cannot be called at all (2025-11-25, "Tasks", "Tool-Level
/// Negotiation").
fn can_be_called(tool: Value<'_>) -> bool {
    let support = tool.get("execution").and_then(|execution| execution.get("taskSupport"));
    !support.is_some_and(|support| support.is_str("required"))
}

/// 2026-07-28, "Error Codes": it must not send these two. A payment is asked for under any code.
fn code(outcome: &Outcome<'_>, error: &RpcError<'_>) -> Option<Edit> {
    let code = match error.code {
        RESOURCE_NOT_FOUND => "-32602",
        URL_ELICITATION_REQUIRED if Challenge::read(outcome).is_none() => "-32603",
        _ => return None,
    };
    Some(Edit::new(error.value.get("code")?.span(), code))
}

/// The answer that asks for something first (2026-07-28, `InputRequiredResult`). `requests` is an object.
pub(super) fn input_required(requests: &str, state: &str) -> String {
    let mut result = String::from(r#"{"resultType":"input_required","inputRequests":"#);
    result.push_str(requests);
    result.push_str(",\"requestState\":");
    canonical::write_str(state, &mut result);
    result.push('}');
    result
}
