//! What one of several servers says, as the client gets it: every name that it could use later says whose it is.

use interlock_json::{Kind, Value};
use interlock_wire::splice::Edit;
use interlock_wire::{Message, Notification, Outcome, Request, Response, Shape};

use super::inward::text;
use super::names;

/// 2025-11-25, "Tasks": what belongs to a task names it here.
pub(super) const RELATED_TASK: &str = "io.modelcontextprotocol/related-task";

/// One server as this client sees it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Outward<'s> {
    pub(crate) server: &'s str,
    /// Marks the tokens of progress that are the client's.
    pub(crate) secret: &'s str,
    /// Whether a server ends a subscription by cancelling it (2026-07-28), instead of a question of its own.
    pub(crate) is_modern: bool,
}

/// Why a message is not for the client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("progress of a request that nobody made there")]
pub(crate) struct NotTheirs;

impl Outward<'_> {
    /// The message for the client. `method` is that of the request which it answers.
    pub(crate) fn message(self, message: &Message, method: &str) -> Result<String, NotTheirs> {
        let edits = match message.shape() {
            Shape::Request(request) => self.question(&request),
            Shape::Notification(notification) => self.news(&notification)?,
            Shape::Response(response) => self.answer(&response, method),
        };
        Ok(if edits.is_empty() { message.source().to_owned() } else { message.with_edits(edits) })
    }

    fn question(self, request: &Request<'_>) -> Vec<Edit> {
        let mut edits = vec![self.tagged(request.id.value())];
        let token = meta(request.params).and_then(|meta| meta.get("progressToken"));
        edits.extend(token.filter(|token| !token.is_null()).map(|token| self.tagged(token)));
        edits.extend(self.related_task(request.params));
        edits
    }

    fn news(self, notification: &Notification<'_>) -> Result<Vec<Edit>, NotTheirs> {
        let member = |name| notification.params.and_then(|params| params.get(name));
        let mut edits = Vec::new();
        match &*notification.method {
            "notifications/progress" => {
                let token = member("progressToken").ok_or(NotTheirs)?;
                let own = token
                    .as_str()
                    .and_then(|token| Some(token.strip_prefix(self.secret)?.strip_prefix('/')?.to_owned()));
                edits.push(Edit::new(token.span(), own.ok_or(NotTheirs)?));
            }
            "notifications/cancelled" if !self.is_modern => {
                edits.extend(member("requestId").map(|id| self.tagged(id)));
            }
            "notifications/resources/updated" => edits.extend(self.address(member("uri"))),
            "notifications/tasks/status" | "notifications/tasks" => {
                edits.extend(self.named(member("taskId")))
            }
            _ => {}
        }
        edits.extend(self.related_task(notification.params));
        Ok(edits)
    }

    fn answer(self, response: &Response<'_>, method: &str) -> Vec<Edit> {
        let Outcome::Result(result) = response.outcome else { return Vec::new() };
        let mut edits: Vec<Edit> = self.related_task(Some(result)).into_iter().collect();
        match method {
            "tools/call" => {
                items(result.get("content")).for_each(|content| edits.extend(self.content(content)));
                // 2025-11-25 and the extension of 2026-07-28.
                edits.extend(self.named(result.get("task").and_then(|task| task.get("taskId"))));
                edits.extend(self.named(result.get("taskId")));
            }
            "prompts/get" => {
                for message in items(result.get("messages")) {
                    let content = message.get("content");
                    edits.extend(content.and_then(|content| self.content(content)));
                    items(content).for_each(|content| edits.extend(self.content(content)));
                }
            }
            "resources/read" => {
                items(result.get("contents"))
                    .for_each(|contents| edits.extend(self.address(contents.get("uri"))));
            }
            "tasks/result" => {
                items(result.get("content")).for_each(|content| edits.extend(self.content(content)));
            }
            "tasks/get" | "tasks/cancel" | "tasks/update" => edits.extend(self.named(result.get("taskId"))),
            _ => {}
        }
        edits
    }

    /// The address in a link to a resource, or of one that is embedded.
    fn content(self, content: Value<'_>) -> Option<Edit> {
        match content.get("type").and_then(Value::as_str).as_deref() {
            Some("resource_link") => self.address(content.get("uri")),
            Some("resource") => {
                self.address(content.get("resource").and_then(|resource| resource.get("uri")))
            }
            _ => None,
        }
    }

    fn related_task(self, holder: Option<Value<'_>>) -> Option<Edit> {
        self.named(meta(holder)?.get(RELATED_TASK)?.get("taskId"))
    }

    fn tagged(self, value: Value<'_>) -> Edit {
        Edit::new(value.span(), names::tagged(self.server, value.raw()))
    }

    fn named(self, name: Option<Value<'_>>) -> Option<Edit> {
        before(name?, &names::prefix(self.server))
    }

    fn address(self, uri: Option<Value<'_>>) -> Option<Edit> {
        before(uri?, &names::address_prefix(self.server))
    }
}

/// The edit that puts text before a string; nothing for what is none.
pub(super) fn before(value: Value<'_>, prefix: &str) -> Option<Edit> {
    let own = value.as_str()?;
    Some(Edit::new(value.span(), text(&format!("{prefix}{own}"))))
}

fn meta(holder: Option<Value<'_>>) -> Option<Value<'_>> {
    holder?.get("_meta")
}

fn items(array: Option<Value<'_>>) -> impl Iterator<Item = Value<'_>> {
    array.filter(|array| array.kind() == Kind::Array).into_iter().flat_map(Value::items)
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: Outward<'_> = Outward { server: "a", secret: "s3", is_modern: false };

    fn check(outward: Outward<'_>, method: &str, message: &str, expected: Result<&str, NotTheirs>) {
        let limits = interlock_json::Limits::default();
        let parsed = Message::parse(message.as_bytes().to_vec(), &limits).unwrap();
        assert_eq!(outward.message(&parsed, method), expected.map(str::to_owned), "{message}");
    }

    #[test]
    fn what_a_client_could_use_later_says_whose_it_is() {
        check(
            A,
            "tools/call",
            r#"{"jsonrpc":"2.0","id":1,"result":{"content":[{"type":"text","text":"file:///x"},{"type":"resource_link","uri":"file:///x"},{"uri":"y","type":"resource","resource":{"uri":"interlock://b/x"}}],"structuredContent":{"uri":"z"}}}"#,
            Ok(
                r#"{"jsonrpc":"2.0","id":1,"result":{"content":[{"type":"text","text":"file:///x"},{"type":"resource_link","uri":"interlock://a/file:///x"},{"uri":"y","type":"resource","resource":{"uri":"interlock://a/interlock://b/x"}}],"structuredContent":{"uri":"z"}}}"#,
            ),
        );
        check(
            A,
            "prompts/get",
            r#"{"jsonrpc":"2.0","id":1,"result":{"messages":[{"role":"user","content":{"type":"resource","resource":{"uri":"x:"}}}]}}"#,
            Ok(
                r#"{"jsonrpc":"2.0","id":1,"result":{"messages":[{"role":"user","content":{"type":"resource","resource":{"uri":"interlock://a/x:"}}}]}}"#,
            ),
        );
        check(
            A,
            "tools/call",
            r#"{"jsonrpc":"2.0","id":1,"result":{"task":{"taskId":"t"}}}"#,
            Ok(r#"{"jsonrpc":"2.0","id":1,"result":{"task":{"taskId":"a__t"}}}"#),
        );
        check(
            A,
            "",
            r#"{"jsonrpc":"2.0","method":"notifications/resources/updated","params":{"uri":"x:"}}"#,
            Ok(
                r#"{"jsonrpc":"2.0","method":"notifications/resources/updated","params":{"uri":"interlock://a/x:"}}"#,
            ),
        );
    }

    #[test]
    fn questions_of_two_servers_have_two_identifiers() {
        let asked =
            r#"{"jsonrpc":"2.0","id":7,"method":"roots/list","params":{"_meta":{"progressToken":"p"}}}"#;
        check(
            A,
            "",
            asked,
            Ok(
                r#"{"jsonrpc":"2.0","id":"a/7","method":"roots/list","params":{"_meta":{"progressToken":"a/\"p\""}}}"#,
            ),
        );
        let cancelled = r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":7}}"#;
        check(
            A,
            "",
            cancelled,
            Ok(r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":"a/7"}}"#),
        );
        check(Outward { is_modern: true, ..A }, "", cancelled, Ok(cancelled));
    }

    #[test]
    fn progress_is_told_of_the_client_s_own_requests_alone() {
        let told = |token: &str| {
            format!(
                r#"{{"jsonrpc":"2.0","method":"notifications/progress","params":{{"progressToken":{token},"progress":1}}}}"#
            )
        };
        check(A, "", &told(r#""s3/7""#), Ok(&told("7")));
        check(A, "", &told(r#""s3/\"x\"""#), Ok(&told(r#""x""#)));
        for forged in ["7", r#""7""#, r#""s4/7""#, r#""s3""#] {
            check(A, "", &told(forged), Err(NotTheirs));
        }
    }
}
