//! Messages the gateway writes itself. `id` is displayed as JSON: a [`RequestId`](crate::RequestId), an
//! [`Id`](crate::Id), or the text of one. All are one line without its end, as long as the JSON passed in is.

use std::fmt::{Display, Write as _};

use interlock_json::canonical::write_str;

use crate::version::Era;

/// An error response; `data` is JSON.
pub fn error(id: impl Display, code: i64, message: &str, data: Option<&str>) -> String {
    let mut out = begin(id);
    let _ = write!(out, ",\"error\":{{\"code\":{code},\"message\":");
    write_str(message, &mut out);
    if let Some(data) = data {
        out.push_str(",\"data\":");
        out.push_str(data);
    }
    out.push_str("}}");
    out
}

/// A result response; `result` is a JSON object.
pub fn result(id: impl Display, result: &str) -> String {
    let mut out = begin(id);
    out.push_str(",\"result\":");
    out.push_str(result);
    out.push('}');
    out
}

/// The result of a tool call that policy denied, for a legacy client. It is a result and not an error, so
/// that the model reads why (MCP, "Tools", error handling). `meta` is a JSON object.
pub fn tool_denied(id: impl Display, text: &str, meta: &str) -> String {
    tool_denied_in(Era::Legacy, id, text, meta)
}

/// [`tool_denied`] for a client of either era: modern results carry `resultType`.
pub fn tool_denied_in(era: Era, id: impl Display, text: &str, meta: &str) -> String {
    let mut out = begin(id);
    out.push_str(",\"result\":{");
    if era == Era::Modern {
        out.push_str("\"resultType\":\"complete\",");
    }
    out.push_str("\"content\":[{\"type\":\"text\",\"text\":");
    write_str(text, &mut out);
    out.push_str("}],\"isError\":true,\"_meta\":");
    out.push_str(meta);
    out.push_str("}}");
    out
}

/// A request; `params` is a JSON object.
pub fn request(id: impl Display, method: &str, params: Option<&str>) -> String {
    let mut out = begin(id);
    out.push_str(",\"method\":");
    write_str(method, &mut out);
    end_params(out, params)
}

/// A notification; `params` is a JSON object.
pub fn notification(method: &str, params: Option<&str>) -> String {
    let mut out = String::from("{\"jsonrpc\":\"2.0\",\"method\":");
    write_str(method, &mut out);
    end_params(out, params)
}

fn begin(id: impl Display) -> String {
    let mut out = String::with_capacity(128);
    let _ = write!(out, "{{\"jsonrpc\":\"2.0\",\"id\":{id}");
    out
}

fn end_params(mut out: String, params: Option<&str>) -> String {
    if let Some(params) = params {
        out.push_str(",\"params\":");
        out.push_str(params);
    }
    out.push('}');
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Message, Outcome, RequestId, Shape};
    use interlock_json::Limits;

    fn parse(text: &str) -> Message {
        Message::parse(text.as_bytes().to_vec(), &Limits::default())
            .unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    #[test]
    fn what_is_written_parses() {
        let id = RequestId::from("a\"b");
        let check = |text: String, expected: &str| {
            assert_eq!(text, expected);
            parse(&text);
        };
        check(
            error(&id, 40300, "no \"x\"\n", Some(r#"{"rule":1}"#)),
            r#"{"jsonrpc":"2.0","id":"a\"b","error":{"code":40300,"message":"no \"x\"\n","data":{"rule":1}}}"#,
        );
        check(error(7, -32601, "", None), r#"{"jsonrpc":"2.0","id":7,"error":{"code":-32601,"message":""}}"#);
        check(result("7", "{}"), r#"{"jsonrpc":"2.0","id":7,"result":{}}"#);
        check(
            tool_denied(1, "no", r#"{"a":1}"#),
            r#"{"jsonrpc":"2.0","id":1,"result":{"content":[{"type":"text","text":"no"}],"isError":true,"_meta":{"a":1}}}"#,
        );
        check(
            tool_denied_in(Era::Modern, 1, "no", "{}"),
            r#"{"jsonrpc":"2.0","id":1,"result":{"resultType":"complete","content":[{"type":"text","text":"no"}],"isError":true,"_meta":{}}}"#,
        );
        check(request(1, "ping", None), r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#);
        check(notification("a/b", Some("{}")), r#"{"jsonrpc":"2.0","method":"a/b","params":{}}"#);
    }

    #[test]
    fn text_cannot_leave_its_string() {
        let text = "\"},\"isError\":false}\u{0}\u{2028}\\";
        let message = parse(&tool_denied(1, text, "{}"));
        let Shape::Response(response) = message.shape() else { panic!("{message:?}") };
        let Outcome::Result(result) = response.outcome else { panic!("{message:?}") };
        assert_eq!(result.get("isError").unwrap().as_bool(), Some(true));
        let content = result.get("content").unwrap().items().next().unwrap();
        assert_eq!(content.get("text").unwrap().as_str().unwrap(), text);
    }
}
