//! `subscriptions/listen` (2026-07-28) with all servers at once: one subscription for the client, one at each server
//! that it is for.

use std::collections::BTreeMap;
use std::sync::Arc;

use interlock_json::{Kind, Value};
use interlock_wire::splice::Edit;
use interlock_wire::{Message, Request, Shape, reply};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};

use super::inward::text;
use super::{Asked, Combined, INVALID_PARAMS, Reached, names};
use crate::outbox::Outbox;

/// News that waits for a client that reads slowly, of all servers together.
const AHEAD: usize = 64;
/// News that is kept until the subscription is acknowledged.
const EARLY: usize = 256;
const ACKNOWLEDGED: &str = "notifications/subscriptions/acknowledged";

/// What one server's part of a subscription says.
enum Heard {
    /// It has agreed to this filter (JSON of `params.notifications`).
    Agreed(Message),
    News(String),
    /// It has ended, or never began.
    Ended,
}

impl Combined {
    pub(super) async fn listen(
        self: &Arc<Self>,
        message: &Message,
        request: &Request<'_>,
        asked: &Asked<'_>,
        to: &Outbox,
    ) {
        let filter = request.params.and_then(|params| params.get("notifications"));
        let Some(filter) = filter.filter(|filter| filter.is_object()) else {
            return self.refuse(to, asked, INVALID_PARAMS, "`params.notifications` is not an object");
        };
        let (servers, _) = self.servers();
        let most = self.front.gateway().options.limits.subscribed;
        let parts = match parts(message, filter, &servers, most) {
            Ok(parts) => parts,
            Err(why) => return self.refuse(to, asked, INVALID_PARAMS, &why),
        };
        let (heard, mut hearing) = mpsc::channel(AHEAD);
        let mut tasks = JoinSet::new();
        for (server, text) in parts {
            let (combined, heard) = (Arc::clone(self), heard.clone());
            tasks.spawn(async move { combined.listen_at(&server, text, &heard).await });
        }
        drop(heard);
        self.tell_news(asked, tasks.len(), &mut hearing, to).await;
    }

    /// One server's part, for as long as it lasts.
    async fn listen_at(self: &Arc<Self>, server: &str, text: String, heard: &mpsc::Sender<(String, Heard)>) {
        if let Ok(reached) = self.reach(server).await {
            self.pass_on(server, &reached, text, heard).await;
        }
        let _gone = heard.send((server.to_owned(), Heard::Ended)).await;
    }

    async fn pass_on(
        &self,
        server: &str,
        reached: &Reached,
        text: String,
        heard: &mpsc::Sender<(String, Heard)>,
    ) {
        let Some(mut exchange) = self.send(reached, text, reached.exchange).await else { return };
        while let Some(taken) = exchange.next().await {
            let Ok(message) = self.read_again(taken.line) else { continue };
            let said = match message.shape() {
                // Its end, or why there is none; the client's own ends when all have ended.
                Shape::Response(_) => return,
                _ if message.method().as_deref() == Some("notifications/cancelled") => return,
                _ if message.method().as_deref() == Some(ACKNOWLEDGED) => Heard::Agreed(message),
                _ => match self.translated(server, message.into_source(), "") {
                    Some(text) => Heard::News(text),
                    None => continue,
                },
            };
            if heard.send((server.to_owned(), said)).await.is_err() {
                return;
            }
        }
    }

    /// Acknowledges when every server has answered, or long enough has passed, and then tells what they say.
    async fn tell_news(
        &self,
        asked: &Asked<'_>,
        count: usize,
        hearing: &mut mpsc::Receiver<(String, Heard)>,
        to: &Outbox,
    ) {
        let patience = self.front.gateway().options.limits.together;
        let until = Instant::now() + patience;
        let (mut agreed, mut early, mut open) = (BTreeMap::new(), Vec::new(), count);
        let mut answered = 0;
        while answered < count {
            let Ok(said) = timeout_at(until, hearing.recv()).await else { break };
            match said {
                Some((server, Heard::Agreed(message))) => {
                    if agreed.insert(server, message).is_none() {
                        answered += 1;
                    }
                }
                Some((_, Heard::News(text))) if early.len() < EARLY => early.push(text),
                Some((_, Heard::News(_))) => {}
                Some((server, Heard::Ended)) => {
                    open -= 1;
                    answered += usize::from(!agreed.contains_key(&server));
                }
                None => break,
            }
        }
        to.send(acknowledgement(asked, &agreed)).await;
        for text in early {
            to.send(text).await;
        }
        while open > 0 {
            match hearing.recv().await {
                Some((_, Heard::News(text))) => to.send(text).await,
                // It comes late, and widens what the client was told; it loses nothing by it.
                Some((_, Heard::Agreed(_))) => {}
                Some((_, Heard::Ended)) => open -= 1,
                None => break,
            }
        }
        let meta = format!(r#"{{"io.modelcontextprotocol/subscriptionId":{}}}"#, asked.id);
        to.send(reply::result(asked.id, &format!(r#"{{"resultType":"complete","_meta":{meta}}}"#))).await;
    }
}

/// The request for each server that it concerns, with that server's resources alone.
fn parts(
    message: &Message,
    filter: Value<'_>,
    servers: &[Arc<str>],
    most: usize,
) -> Result<Vec<(Arc<str>, String)>, String> {
    let watched =
        [Watched::new(filter, &RESOURCES, servers, most)?, Watched::new(filter, &TASKS, servers, most)?];
    let lists = filter.members().any(|(key, value)| {
        !key.is(RESOURCES.member) && !key.is(TASKS.member) && value.as_bool() == Some(true)
    });
    let concerns =
        |server: &&Arc<str>| lists || watched.iter().any(|watched| watched.own.contains_key(&***server));
    let part = |server: &Arc<str>| {
        let edits = watched.iter().filter_map(|watched| watched.of(server)).collect();
        (Arc::clone(server), message.with_edits(edits))
    };
    Ok(servers.iter().filter(concerns).map(part).collect())
}

/// What a subscription names one by one.
struct Kept {
    /// The member of the filter.
    member: &'static str,
    /// What one is called.
    what: &'static str,
    split: fn(&str) -> Option<(&str, &str)>,
    prefix: fn(&str) -> String,
}

const RESOURCES: Kept = Kept {
    member: "resourceSubscriptions",
    what: "resource",
    split: names::split_address,
    prefix: names::address_prefix,
};
/// The extension io.modelcontextprotocol/tasks.
const TASKS: Kept = Kept { member: "taskIds", what: "task", split: names::split, prefix: names::prefix };

/// What a subscription names, by the servers that it is for and under their own names.
struct Watched<'f> {
    listed: Option<Value<'f>>,
    own: BTreeMap<String, Vec<String>>,
}

impl<'f> Watched<'f> {
    fn new(filter: Value<'f>, of: &Kept, servers: &[Arc<str>], most: usize) -> Result<Self, String> {
        let listed = filter.get(of.member).filter(|listed| !listed.is_null());
        let mut own: BTreeMap<String, Vec<String>> = BTreeMap::new();
        let Some(all) = listed else { return Ok(Self { listed, own }) };
        if all.kind() != Kind::Array {
            return Err(format!("`params.notifications.{}` is not an array of strings", of.member));
        }
        if all.len() > most {
            return Err(format!("a subscription to more than {most} {}s", of.what));
        }
        for joint in all.items() {
            let joint = joint.as_str().ok_or_else(|| format!("the name of a {} is not a string", of.what))?;
            let known =
                (of.split)(&joint).filter(|(server, _)| servers.iter().any(|known| **known == **server));
            let unknown = || format!("unknown {} `{}`", of.what, joint.chars().take(256).collect::<String>());
            let (server, name) = known.ok_or_else(unknown)?;
            own.entry(server.to_owned()).or_default().push(name.to_owned());
        }
        Ok(Self { listed, own })
    }

    /// The edit that leaves one server its own.
    fn of(&self, server: &str) -> Option<Edit> {
        let own = self.own.get(server).map(Vec::as_slice).unwrap_or_default();
        let own: Vec<_> = own.iter().map(|name| text(name)).collect();
        Some(Edit::new(self.listed?.span(), format!("[{}]", own.join(","))))
    }
}

/// What all of them have agreed to.
fn acknowledgement(asked: &Asked<'_>, agreed: &BTreeMap<String, Message>) -> String {
    let filters = || {
        agreed.iter().filter_map(|(server, message)| Some((server, message.params()?.get("notifications")?)))
    };
    let mut members = Vec::new();
    for list in ["toolsListChanged", "promptsListChanged", "resourcesListChanged"] {
        if filters().any(|(_, filter)| filter.get(list).and_then(Value::as_bool) == Some(true)) {
            members.push(format!("\"{list}\":true"));
        }
    }
    for kept in [RESOURCES, TASKS] {
        let mut all = Vec::new();
        for (server, filter) in filters() {
            let listed = filter.get(kept.member).filter(|listed| listed.kind() == Kind::Array);
            let prefix = (kept.prefix)(server);
            let own = listed.into_iter().flat_map(Value::items).filter_map(Value::as_str);
            all.extend(own.map(|name| text(&format!("{prefix}{name}"))));
        }
        if !all.is_empty() {
            members.push(format!("\"{}\":[{}]", kept.member, all.join(",")));
        }
    }
    let params = format!(
        r#"{{"_meta":{{"io.modelcontextprotocol/subscriptionId":{}}},"notifications":{{{}}}}}"#,
        asked.id,
        members.join(",")
    );
    reply::notification(ACKNOWLEDGED, Some(&params))
}

#[cfg(test)]
mod tests {
    use interlock_wire::RequestId;

    use super::*;

    fn parsed(text: &str) -> Message {
        Message::parse(text.as_bytes().to_vec(), &interlock_json::Limits::default()).unwrap()
    }

    fn asked(filter: &str) -> Result<Vec<(String, String)>, String> {
        let message = parsed(&format!(
            r#"{{"jsonrpc":"2.0","id":7,"method":"subscriptions/listen","params":{{"notifications":{filter}}}}}"#
        ));
        let filter = message.params().unwrap().get("notifications").unwrap();
        let servers = ["a", "b"].map(Arc::from);
        let parts = parts(&message, filter, &servers, 3)?;
        let filter =
            |text: &str| parsed(text).params().unwrap().get("notifications").unwrap().raw().to_owned();
        Ok(parts.iter().map(|(server, text)| (server.to_string(), filter(text))).collect())
    }

    #[test]
    fn each_server_is_asked_for_its_own() {
        let own = |server: &str, filter: &str| (server.to_owned(), filter.to_owned());
        assert_eq!(
            asked(r#"{"toolsListChanged":true,"resourceSubscriptions":["interlock://b/x:1"]}"#),
            Ok(vec![
                own("a", r#"{"toolsListChanged":true,"resourceSubscriptions":[]}"#),
                own("b", r#"{"toolsListChanged":true,"resourceSubscriptions":["x:1"]}"#),
            ])
        );
        assert_eq!(
            asked(r#"{"toolsListChanged":false,"resourceSubscriptions":["interlock://b/x:1"]}"#),
            Ok(vec![own("b", r#"{"toolsListChanged":false,"resourceSubscriptions":["x:1"]}"#)])
        );
        assert!(asked(r#"{"resourceSubscriptions":["interlock://c/x:1"]}"#).is_err());
        assert!(asked(r#"{"resourceSubscriptions":["x:1"]}"#).is_err());
        assert!(asked(r#"{"resourceSubscriptions":"x:1"}"#).is_err());
        assert_eq!(
            asked(r#"{"taskIds":["a__t","b__u","a__v"]}"#),
            Ok(vec![own("a", r#"{"taskIds":["t","v"]}"#), own("b", r#"{"taskIds":["u"]}"#)])
        );
        assert!(asked(r#"{"taskIds":["c__t"]}"#).is_err());
        assert!(asked(r#"{"taskIds":["t"]}"#).is_err());
    }

    #[test]
    fn the_client_is_told_what_all_have_agreed_to() {
        let agreed = |filter: &str| {
            parsed(&format!(
                r#"{{"jsonrpc":"2.0","method":"notifications/subscriptions/acknowledged","params":{{"notifications":{filter}}}}}"#
            ))
        };
        let all = BTreeMap::from([
            ("a".to_owned(), agreed(r#"{"toolsListChanged":true}"#)),
            ("b".to_owned(), agreed(r#"{"toolsListChanged":false,"resourceSubscriptions":["x:1"]}"#)),
        ]);
        let id = RequestId::from(7);
        let asked = Asked { method: "", id: &id, subject: None };
        assert_eq!(
            acknowledgement(&asked, &all),
            r#"{"jsonrpc":"2.0","method":"notifications/subscriptions/acknowledged","params":{"_meta":{"io.modelcontextprotocol/subscriptionId":7},"notifications":{"toolsListChanged":true,"resourceSubscriptions":["interlock://b/x:1"]}}}"#
        );
    }
}
