//! The same question to several servers at once.

use std::sync::Arc;

use interlock_json::{Value, canonical};
use interlock_wire::splice::Edit;
use interlock_wire::{Message, Outcome, RpcError, Shape};
use tokio::task::JoinSet;

use super::lists::{List, Listed, result};
use super::{Combined, Reached};
use crate::answer;

/// What a list says of a server that is not asked any more.
const SILENT: &str = "it does not answer";
/// JSON-RPC: the server knows no such method.
const METHOD_NOT_FOUND: i64 = -32_601;

impl Combined {
    /// Asks each of these servers, none of which holds up another; what came of it, in their order. One that has not
    /// answered for long is not waited for again until it does.
    pub(super) async fn gather<T, F, W>(
        self: &Arc<Self>,
        servers: &[Arc<str>],
        ask: F,
    ) -> Vec<(Arc<str>, Result<T, String>)>
    where
        T: Send + 'static,
        F: Fn(Arc<Self>, Arc<str>) -> W,
        W: Future<Output = Result<T, String>> + Send + 'static,
    {
        let patience = self.front.gateway().options.limits.together;
        let mut answers: Vec<(Arc<str>, Result<T, String>)> =
            servers.iter().map(|server| (Arc::clone(server), Err(SILENT.to_owned()))).collect();
        let mut asking = JoinSet::new();
        for (place, server) in servers.iter().enumerate() {
            let asked = ask(Arc::clone(self), Arc::clone(server));
            if self.together().is_slow(server) {
                self.probe(server, asked);
            } else {
                asking.spawn(async move { (place, tokio::time::timeout(patience, asked).await) });
            }
        }
        while let Some(asked) = asking.join_next().await {
            let Ok((place, in_time)) = asked else { continue };
            let Some((server, answer)) = answers.get_mut(place) else { continue };
            *answer = in_time.unwrap_or_else(|_| {
                self.together().mark_slow(server);
                Err("it has not answered in time".to_owned())
            });
        }
        answers
    }

    /// Waits for a slow server beside everything else, where nobody does yet.
    fn probe<T, W>(self: &Arc<Self>, server: &Arc<str>, asked: W)
    where
        W: Future<Output = Result<T, String>> + Send + 'static,
    {
        if !self.together().begin_probe(server) {
            return;
        }
        let (combined, server) = (Arc::clone(self), Arc::clone(server));
        tokio::spawn(async move {
            if asked.await.is_err() {
                combined.together().end_probe(&server);
            } else if combined.together().has_answered(&server) {
                combined.lists_changed();
            }
        });
    }

    /// The list of what all servers have.
    pub(super) async fn list(self: &Arc<Self>, list: List, asked: &Message) -> String {
        let (servers, left_out) = self.servers();
        let asked = asked.clone();
        let mut listed = self
            .gather(&servers, |combined, server| {
                let asked = asked.clone();
                async move { combined.pages(&server, list, &asked).await }
            })
            .await;
        listed.extend(left_out.into_iter().map(|(server, why)| -> Listed { (server, Err(why)) }));
        listed.sort_by(|(one, _), (other, _)| one.cmp(other));
        list.together(&listed, self.is_modern())
    }

    /// Every page of one server's list.
    async fn pages(
        self: &Arc<Self>,
        server: &str,
        list: List,
        asked: &Message,
    ) -> Result<Vec<Message>, String> {
        let limits = &self.front.gateway().options.limits;
        let reached = self.reach(server).await?;
        if !self.offers(server, list.capability) {
            return Ok(Vec::new());
        }
        let (mut pages, mut bytes, mut cursor) = (Vec::new(), 0, None);
        for _ in 0..limits.definition_pages {
            let page = self.ask(&reached, page_request(asked, cursor.as_deref())).await?;
            bytes += page.source().len();
            if bytes > limits.definition_bytes {
                return Err(format!("it lists more than {} bytes", limits.definition_bytes));
            }
            match page.shape() {
                Shape::Response(response) => match response.outcome {
                    Outcome::Result(_) => {}
                    Outcome::Error(error) if error.code == METHOD_NOT_FOUND => return Ok(pages),
                    Outcome::Error(error) => return Err(in_words(&error)),
                },
                _ => return Err("it gave no answer".to_owned()),
            }
            let next = result(&page).and_then(|result| result.get("nextCursor")).and_then(Value::as_str);
            let next = next.map(std::borrow::Cow::into_owned);
            pages.push(page);
            match next {
                Some(next) => cursor = Some(next),
                None => return Ok(pages),
            }
        }
        Err(format!("it lists more than {} pages", limits.definition_pages))
    }

    /// Asks one server and waits for its answer.
    pub(super) async fn ask(&self, reached: &Reached, text: String) -> Result<Message, String> {
        let exchange = self.front.next_number();
        let unreadable = || "it cannot be asked".to_owned();
        let mut exchange = self.send(reached, text, exchange).await.ok_or_else(unreadable)?;
        while let Some(taken) = exchange.next().await {
            let message = self.read_again(taken.line);
            let message = message.map_err(|refusal| format!("its answer cannot be read: {refusal}"))?;
            // What it says besides belongs to nobody: the client has asked another question than this.
            if matches!(message.shape(), Shape::Response(_)) {
                return Ok(message);
            }
        }
        Err("it has gone".to_owned())
    }
}

/// What went wrong at a server, without its own words: they are not the gateway's to repeat.
pub(super) fn in_words(error: &RpcError<'_>) -> String {
    match error.code {
        // Those that its relay answers with.
        answer::GONE => "it cannot be reached, or has ended".to_owned(),
        answer::TIMED_OUT => "it did not answer in time".to_owned(),
        answer::BUSY => "too many requests wait for it".to_owned(),
        code => format!("it answered with error {code}"),
    }
}

/// The client's request for a list, as it is sent to one server for one page.
fn page_request(asked: &Message, cursor: Option<&str>) -> String {
    let mut edits: Vec<Edit> = asked.id().map(|id| Edit::new(id.value().span(), "0")).into_iter().collect();
    if let Some(cursor) = cursor {
        let mut text = String::from("\"cursor\":");
        canonical::write_str(cursor, &mut text);
        match asked.params() {
            Some(params) => {
                let at = params.span().start + 1;
                text.push_str(if params.is_empty() { "" } else { "," });
                edits.push(Edit::new(at..at, text));
            }
            None => {
                let at = asked.root().span().end.saturating_sub(1);
                edits.push(Edit::new(at..at, format!(",\"params\":{{{text}}}")));
            }
        }
    }
    asked.with_edits(edits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_page_is_asked_for_as_the_client_asked() {
        for (asked, expected) in [
            (
                r#"{"jsonrpc":"2.0","id":"x","method":"tools/list"}"#,
                r#"{"jsonrpc":"2.0","id":0,"method":"tools/list","params":{"cursor":"c\"d"}}"#,
            ),
            (
                r#"{"jsonrpc":"2.0","id":7,"method":"tools/list","params":{}}"#,
                r#"{"jsonrpc":"2.0","id":0,"method":"tools/list","params":{"cursor":"c\"d"}}"#,
            ),
            (
                r#"{"jsonrpc":"2.0","id":7,"method":"tools/list","params":{"_meta":{}}}"#,
                r#"{"jsonrpc":"2.0","id":0,"method":"tools/list","params":{"cursor":"c\"d","_meta":{}}}"#,
            ),
        ] {
            let message =
                Message::parse(asked.as_bytes().to_vec(), &interlock_json::Limits::default()).unwrap();
            assert_eq!(page_request(&message, Some("c\"d")), expected);
            assert!(!page_request(&message, None).contains("cursor"));
        }
    }
}
