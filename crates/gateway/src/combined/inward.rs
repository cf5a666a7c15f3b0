//! What a client of several servers sends, as the one server gets it that it is for.

use std::borrow::Cow;

use interlock_json::{Value, canonical};
use interlock_wire::method::Judged;
use interlock_wire::splice::Edit;
use interlock_wire::{Message, Request, Response};

use super::names;

/// A message with the server that it is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Routed {
    pub(crate) server: String,
    /// The server's own name for the tool, prompt or resource; nothing where the request is for none.
    pub(crate) name: Option<String>,
    /// The message as that server knows it.
    pub(crate) text: String,
}

/// Why a message is for no server.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NoServer {
    /// What it names is nobody's.
    #[error("unknown {what} `{name}`: the names here begin with that of a server")]
    Unknown {
        /// `tool`, `prompt`, `resource`…
        what: &'static str,
        /// The name, as the client wrote it.
        name: String,
    },
    /// It names nothing.
    #[error("`params.{member}` is missing or not a string")]
    Nameless {
        /// The member that would name it.
        member: &'static str,
    },
    /// It is for one server, and does not say for which.
    #[error("`{method}` says nothing of which server it is for; use /mcp/NAME")]
    Unaddressed {
        /// The method.
        method: String,
    },
}

/// Finds the server that a request is for. `secret` marks the tokens of progress that are this client's.
pub(crate) fn request(
    message: &Message,
    request: &Request<'_>,
    judged: Judged,
    secret: &str,
) -> Result<Routed, NoServer> {
    let (what, member, value) = subject(request, judged)?;
    let joint = value.and_then(Value::as_str).ok_or(NoServer::Nameless { member })?;
    let is_address = member == "uri";
    let split = if is_address { names::split_address(&joint) } else { names::split(&joint) };
    let (server, own) =
        split.ok_or_else(|| NoServer::Unknown { what, name: joint.chars().take(256).collect() })?;
    let mut edits: Vec<Edit> = value.map(|value| Edit::new(value.span(), text(own))).into_iter().collect();
    edits.extend(token(message, secret));
    edits.extend(related_task(request.params, server));
    Ok(Routed { server: server.to_owned(), name: Some(own.to_owned()), text: message.with_edits(edits) })
}

/// What a request is for, the member that names it, and its name.
type Subject<'m> = (&'static str, &'static str, Option<Value<'m>>);

fn subject<'m>(request: &Request<'m>, judged: Judged) -> Result<Subject<'m>, NoServer> {
    let member = |name| request.params.and_then(|params| params.get(name));
    Ok(match judged {
        Judged::CallTool => ("tool", "name", member("name")),
        Judged::GetPrompt => ("prompt", "name", member("name")),
        Judged::ReadResource | Judged::Subscribe | Judged::Unsubscribe => ("resource", "uri", member("uri")),
        Judged::Task => ("task", "taskId", member("taskId")),
        Judged::Complete => {
            let reference = member("ref");
            let prompt = reference.and_then(|reference| reference.get("name"));
            let resource = reference.and_then(|reference| reference.get("uri"));
            match (prompt, resource) {
                (Some(_), None) => ("prompt", "name", prompt),
                (None, Some(_)) => ("resource", "uri", resource),
                // With both, it is not for the gateway to guess which one the server reads.
                _ => return Err(NoServer::Nameless { member: "ref" }),
            }
        }
        _ => return Err(NoServer::Unaddressed { method: request.method.chars().take(256).collect() }),
    })
}

/// A request with its token of progress marked as this client's, for a server that is one of several asked the same.
fn token(message: &Message, secret: &str) -> Option<Edit> {
    let token = message.progress_token()?;
    Some(Edit::new(token.span(), text(&format!("{secret}/{}", token.raw()))))
}

/// The server that a client's answer or its news of progress is for, and what that server gets.
pub(crate) fn answer(message: &Message, response: &Response<'_>) -> Option<Routed> {
    let id = response.id?;
    let tag = id.as_str()?;
    let (server, own) = names::untagged(&tag)?;
    let edit = Edit::new(id.value().span(), own);
    Some(Routed { server: server.to_owned(), name: None, text: message.with_edits(vec![edit]) })
}

/// The server whose question a client tells the progress of.
pub(crate) fn progress(message: &Message) -> Option<Routed> {
    let token = message.progress_token()?;
    let tag = token.as_str()?;
    let (server, own) = names::untagged(&tag)?;
    let edit = Edit::new(token.span(), own);
    Some(Routed { server: server.to_owned(), name: None, text: message.with_edits(vec![edit]) })
}

/// A task that a message belongs to, by the server's own name for it.
fn related_task(params: Option<Value<'_>>, server: &str) -> Option<Edit> {
    let id = params?.get("_meta")?.get(super::outward::RELATED_TASK)?.get("taskId")?;
    let joint = id.as_str()?;
    let (named, own) = names::split(&joint)?;
    (named == server).then(|| Edit::new(id.span(), text(own)))
}

/// A string as JSON.
pub(super) fn text(text: &str) -> Cow<'static, str> {
    let mut json = String::with_capacity(text.len() + 2);
    canonical::write_str(text, &mut json);
    Cow::Owned(json)
}

#[cfg(test)]
mod tests {
    use interlock_wire::Shape;

    use super::*;

    fn parsed(text: &str) -> Message {
        Message::parse(text.as_bytes().to_vec(), &interlock_json::Limits::default()).unwrap()
    }

    fn routed(judged: Judged, method: &str, params: &str) -> Result<(String, String), String> {
        let message = parsed(&format!(r#"{{"jsonrpc":"2.0","id":1,"method":"{method}","params":{params}}}"#));
        let Shape::Request(asked) = message.shape() else { panic!("it is a request") };
        let routed = request(&message, &asked, judged, "s3").map_err(|why| why.to_string())?;
        let params = parsed(&routed.text).params().unwrap().raw().to_owned();
        Ok((routed.server, params))
    }

    #[test]
    fn each_request_goes_to_the_server_that_it_names_under_its_own_name_there() {
        for (judged, method, params, expected) in [
            (
                Judged::CallTool,
                "tools/call",
                r#"{"name":"a__b__c", "arguments":{"name":"a__b"}}"#,
                Ok(("a", r#"{"name":"b__c", "arguments":{"name":"a__b"}}"#)),
            ),
            (
                Judged::CallTool,
                "tools/call",
                r#"{"name":"a\u005f_b","_meta":{"progressToken":7}}"#,
                Ok(("a", r#"{"name":"b","_meta":{"progressToken":"s3/7"}}"#)),
            ),
            (
                Judged::ReadResource,
                "resources/read",
                r#"{"uri":"interlock://a/file:///x \"y"}"#,
                Ok(("a", r#"{"uri":"file:///x \"y"}"#)),
            ),
            (
                Judged::Complete,
                "completion/complete",
                r#"{"ref":{"type":"ref/prompt","name":"a__p"},"argument":{"name":"x","value":""}}"#,
                Ok(("a", r#"{"ref":{"type":"ref/prompt","name":"p"},"argument":{"name":"x","value":""}}"#)),
            ),
            (Judged::Task, "tasks/get", r#"{"taskId":"a__t"}"#, Ok(("a", r#"{"taskId":"t"}"#))),
            (
                Judged::CallTool,
                "tools/call",
                r#"{"name":"b"}"#,
                Err("unknown tool `b`: the names here begin with that of a server"),
            ),
            (
                Judged::ReadResource,
                "resources/read",
                r#"{"uri":"file:///x"}"#,
                Err("unknown resource `file:///x`: the names here begin with that of a server"),
            ),
            (
                Judged::Relay,
                "x/extension",
                "{}",
                Err("`x/extension` says nothing of which server it is for; use /mcp/NAME"),
            ),
        ] {
            let expected = expected
                .map(|(server, params)| (server.to_owned(), params.to_owned()))
                .map_err(str::to_owned);
            assert_eq!(routed(judged, method, params), expected, "{params}");
        }
    }

    #[test]
    fn answers_and_progress_go_to_whom_they_name() {
        let message = parsed(r#"{"jsonrpc":"2.0","id":"a/7","result":{"roots":[]}}"#);
        let Shape::Response(response) = message.shape() else { panic!("it is an answer") };
        let routed = answer(&message, &response).unwrap();
        assert_eq!(
            (&*routed.server, &*routed.text),
            ("a", r#"{"jsonrpc":"2.0","id":7,"result":{"roots":[]}}"#)
        );
        for id in [r#""a""#, "7", r#""a/7,8""#] {
            let message = parsed(&format!(r#"{{"jsonrpc":"2.0","id":{id},"result":{{}}}}"#));
            let Shape::Response(response) = message.shape() else { panic!("it is an answer") };
            assert_eq!(answer(&message, &response), None, "{id}");
        }
        let told = parsed(
            r#"{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":"b/\"x\"","progress":1}}"#,
        );
        let routed = progress(&told).unwrap();
        assert_eq!(routed.server, "b");
        assert!(routed.text.contains(r#""progressToken":"x""#), "{}", routed.text);
    }
}
