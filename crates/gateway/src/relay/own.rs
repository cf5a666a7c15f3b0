//! The gateway's own requests to the server, and what an answer says about how a call ended.

use std::sync::Arc;
use std::time::Instant;

use interlock_audit::Status;
use interlock_json::canonical;
use interlock_wire::http::ParamHeaders;
use interlock_wire::{Era, Message, Outcome, Shape, Version, reply};
use tokio::sync::oneshot;

use super::Relay;
use crate::call::DefinitionSource;
use crate::definitions::{DefinitionsError, Next, ToolList};
use crate::pins::PinnedServer;
use crate::session::Awaited;
use crate::settle::Ending;
use crate::tasks::TASKS;

/// What a modern request says of the gateway when it asks for itself: no client, so no capabilities.
const MODERN_META: &str = concat!(
    r#""_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","#,
    r#""io.modelcontextprotocol/clientCapabilities":{},"#,
    r#""io.modelcontextprotocol/clientInfo":{"name":"interlock","version":""#,
    env!("CARGO_PKG_VERSION"),
    r#""}}"#
);

/// The same of a client that can take tasks.
pub(super) fn meta_with_tasks() -> String {
    let declared = format!(r#"clientCapabilities":{{"extensions":{{"{TASKS}":{{}}}}}}"#);
    MODERN_META.replacen(r#"clientCapabilities":{}"#, &declared, 1)
}

impl DefinitionSource for Relay {
    fn pins(&self) -> Option<&PinnedServer> {
        self.pins.as_deref()
    }

    fn fresh(&self) -> Option<Arc<ToolList>> {
        self.definitions.fresh(Instant::now())
    }

    async fn current(&self) -> Result<Arc<ToolList>, DefinitionsError> {
        // A server whose tools change faster than they can be read is not judged by any of its lists.
        for _ in 0..self.gateway.options.limits.rejudgements {
            match self.definitions.next(Instant::now()) {
                Next::Use(list) => return Ok(list),
                Next::Wait => {
                    if let Some(error) = self.definitions.reported().await {
                        return Err(error);
                    }
                }
                Next::Ask(asking) => {
                    let limit = self.gateway.options.limits.definitions;
                    let answer = match tokio::time::timeout(limit, self.list_tools()).await {
                        // What was read across a change is read again, and is no first sight of the server either.
                        Ok(Ok(list)) if asking.holds() => self.pinned(list).await.map(Arc::new),
                        Ok(answer) => answer.map(Arc::new),
                        Err(_) => Err(DefinitionsError::TimedOut),
                    };
                    if asking.learned(&answer) {
                        return answer;
                    }
                }
            }
        }
        Err(DefinitionsError::Malformed { what: "it changes while it is read" })
    }
}

impl Relay {
    /// The arguments of a tool that headers repeat (2026-07-28). Without `asking`, only where the server has been asked
    /// already.
    pub(crate) async fn param_headers(&self, tool: &str, asking: bool) -> Option<ParamHeaders> {
        let list = match self.definitions.known() {
            Some(list) => list,
            None if asking => Box::pin(self.current()).await.ok()?,
            None => return None,
        };
        list.headers_of(tool).cloned()
    }

    async fn list_tools(&self) -> Result<ToolList, DefinitionsError> {
        let limits = &self.gateway.options.limits;
        let mut list = ToolList::default();
        let mut cursor = None;
        let mut bytes = 0;
        for _ in 0..limits.definition_pages {
            let answer = self.ask_for_tools(cursor.as_deref()).await?;
            bytes += answer.source().len();
            if bytes > limits.definition_bytes {
                return Err(DefinitionsError::TooMany { what: "bytes", limit: limits.definition_bytes });
            }
            let Shape::Response(response) = answer.shape() else {
                return Err(DefinitionsError::Malformed { what: "it is not an answer" });
            };
            cursor = match response.outcome {
                Outcome::Result(result) => list.add_page(result, limits.definition_tools)?,
                Outcome::Error(error) => {
                    return Err(DefinitionsError::Refused { message: error.message.into_owned() });
                }
            };
            if cursor.is_none() {
                self.gateway.metrics.listed(self.access.server(), list.names());
                self.gateway.left_out(self.access.server(), list.malformed());
                return Ok(list);
            }
        }
        Err(DefinitionsError::TooMany { what: "pages", limit: limits.definition_pages })
    }

    async fn ask_for_tools(&self, cursor: Option<&str>) -> Result<Message, DefinitionsError> {
        let (sender, receiver) = oneshot::channel();
        let (number, version) = {
            let version = self.session().negotiated.version();
            let asked = self.asked(Awaited::Own(sender), version, None);
            let number = self.session().to_server.insert_own(asked).map_err(|_| DefinitionsError::Busy)?;
            (number, version)
        };
        let _forgotten = OwnRequest { relay: self, number };
        // Calls wait for the answer in the room that they have in the queue: it must not wait for theirs.
        self.upstream.push(list_request(number, cursor, version));
        receiver.await.map_err(|_| DefinitionsError::Gone)
    }
}

/// A request of the gateway's own: nobody waits for it any more when this is dropped.
struct OwnRequest<'r> {
    relay: &'r Relay,
    number: u64,
}

impl Drop for OwnRequest<'_> {
    fn drop(&mut self) {
        // What it asked may still be answered, when it has waited for long enough.
        self.relay.session().to_server.give_up(self.number);
    }
}

pub(crate) fn list_request(number: u64, cursor: Option<&str>, version: Version) -> String {
    let mut params = Vec::new();
    if let Some(cursor) = cursor {
        let mut text = String::from(r#""cursor":"#);
        canonical::write_str(cursor, &mut text);
        params.push(text);
    }
    if version.era() == Era::Modern {
        params.push(MODERN_META.to_owned());
    }
    let params = params.join(",");
    reply::request(number, "tools/list", Some(&format!("{{{params}}}")))
}

/// The question which versions a server speaks (2026-07-28, "Discovery").
pub(crate) fn discover_request(number: u64) -> String {
    reply::request(number, "server/discover", Some(&format!("{{{MODERN_META}}}")))
}

/// How a call ended, by what its answer says.
pub(super) fn answered(outcome: &Outcome<'_>, bytes: usize) -> Ending {
    let (status, code) = match outcome {
        Outcome::Error(error) => (Status::Error, Some(error.code)),
        Outcome::Result(result) => {
            let failed = result.get("isError").and_then(interlock_json::Value::as_bool) == Some(true);
            (if failed { Status::ToolError } else { Status::Ok }, None)
        }
    };
    Ending::Answered { status, bytes: bytes as u64, code }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_requests_carry_what_their_era_wants() {
        assert_eq!(
            list_request(7, Some("a\"b"), Version::V2025_11_25),
            r#"{"jsonrpc":"2.0","id":7,"method":"tools/list","params":{"cursor":"a\"b"}}"#
        );
        let modern = list_request(7, None, Version::V2026_07_28);
        let message = Message::parse(modern.into_bytes(), &interlock_json::Limits::default())
            .expect("it is well-formed");
        let Shape::Request(request) = message.shape() else { panic!("it is a request") };
        let meta = interlock_wire::modern_meta(&request).expect("a modern server accepts it");
        assert_eq!(Version::parse(&meta.protocol_version), Some(Version::V2026_07_28));
    }
}
