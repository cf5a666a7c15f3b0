//! Asking the client while one of its calls waits for a person: to have its user decide (`approve: client`), or to send
//! them to where it is decided.
//!
//! A legacy client is asked by a request of the gateway's own, which its server never hears of; it is withdrawn when the
//! wait ends. A modern client is asked by what its call is answered with, and brings the answer when it comes again.

use std::sync::OnceLock;

use interlock_store::Approval;
use interlock_wire::{Era, Version, reply};
use tokio::sync::{oneshot, watch};

use super::Wanted;
use crate::approvals::elicitation::{self, Word};
use crate::approvals::{Answered, Asks, Settings};
use crate::denial::AsksClient;
use crate::outbox::Outbox;
use crate::relay::Relay;
use crate::session::Questioned;

const METHOD: &str = "elicitation/create";
/// Approvals whose link a client's user was shown, of one session: more are shown again.
const MOST_LINKS: usize = 1_000;

/// How a client is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// Not at all.
    Nothing,
    /// Its user decides in a form.
    Form,
    /// Its user is sent to where it is decided.
    Link,
}

/// What a legacy client is asked while its call is held.
pub(super) struct AtClient<'a> {
    pub(super) asks: &'a Asks<'a>,
    pub(super) wanted: Wanted<'a>,
    pub(super) way: Way,
    /// What a link that its user was shown is called there.
    pub(super) shown: &'a OnceLock<String>,
}

/// A request of the gateway's own to the client. Where that has not answered when this is dropped, it is told that
/// nobody waits any more.
struct Elicited<'r> {
    relay: &'r Relay,
    number: u64,
    to: Outbox,
}

impl Drop for Elicited<'_> {
    fn drop(&mut self) {
        let Self { relay, number, to } = self;
        if relay.session().to_client.give_up(*number).is_some() {
            let params = format!(r#"{{"requestId":{number},"reason":"nobody waits for this any more"}}"#);
            to.push(reply::notification("notifications/cancelled", Some(&params)));
        }
    }
}

impl Relay {
    /// How the client of a call is asked, as far as it declared that it can be, the policy lets it, and there is
    /// anything to show.
    pub(super) fn way_at_client(&self, asks: &Asks<'_>, wanted: Wanted<'_>) -> Way {
        let Wanted { number, version, round, .. } = wanted;
        let declared = self.session().to_server.get(number).map(|asked| asked.item.declared);
        // A modern call is asked about when it comes first, and waits after that.
        let Some(declared) = declared.filter(|_| round.count == 0) else { return Way::Nothing };
        let has_form = version >= Version::V2025_06_18 && declared.allow(METHOD, None, version).is_ok();
        let has_link = version >= Version::V2025_11_25 && declared.allow_url().is_ok();
        let settings = Settings::of(&asks.decision, &asks.snapshot, &self.gateway.options.limits);
        if settings.hold.is_zero() && version.era() == Era::Legacy {
            // Nothing can be asked during a call that does not wait.
            Way::Nothing
        } else if settings.at_client && has_form {
            Way::Form
        } else if has_link && self.gateway.places.is_some() {
            Way::Link
        } else {
            Way::Nothing
        }
    }

    /// Asks a legacy client as soon as there is a question.
    pub(super) async fn ask_client(
        &self,
        at_client: AtClient<'_>,
        mut posed: watch::Receiver<Option<Approval>>,
    ) {
        let AtClient { asks, wanted, way, shown } = at_client;
        if way == Way::Nothing || wanted.version.era() != Era::Legacy {
            return;
        }
        let Ok(Some(approval)) = posed.wait_for(Option::is_some).await.map(|posed| posed.clone()) else {
            return;
        };
        let id = &approval.question.id;
        if way == Way::Link && self.session().links_shown.contains(id) {
            return;
        }
        let (answers, answer) = oneshot::channel();
        let own = Questioned { ticket: None, deadline: None, own: Some(answers) };
        let inserted = self.session().to_client.insert_own(own);
        let Ok(number) = inserted else { return };
        let to = self.way_to_ask(Some(wanted.number));
        let elicited = Elicited { relay: self, number, to };
        let name = format!("{id}.{number}");
        let params = match way {
            Way::Form => elicitation::form(&approval),
            _ => self.gateway.console_of(id).map(|url| elicitation::link(&url, Some(&name))),
        };
        let who = &asks.about.identity;
        let Some(params) = params else {
            self.session().to_client.take(number);
            return self.gateway.at_client(&approval, who, "too long for the client");
        };
        self.gateway.at_client(&approval, who, step(way));
        elicited.to.send(reply::request(number, METHOD, Some(&params))).await;
        let word = answer.await.unwrap_or(Word::NotUnderstood);
        if way == Way::Form {
            return self.gateway.said_at_client(&approval, who, &word).await;
        }
        // Whatever they did with it: a link decides nothing.
        let _first = shown.set(name);
        let mut session = self.session();
        session.links_shown.insert(id.clone());
        while session.links_shown.len() > MOST_LINKS {
            session.links_shown.pop_first();
        }
    }

    /// Where a link was shown and somebody has decided, its client is told that nothing is left to do there.
    pub(super) async fn tell_complete(&self, shown: &OnceLock<String>, number: u64) {
        let Some((name, people)) = shown.get().zip(self.gateway.people()) else { return };
        let id = name.split('.').next().unwrap_or_default();
        let standing = people.store.approval(id).await.ok().flatten().map(|approval| approval.standing);
        if standing != Some(interlock_store::Standing::Waiting) {
            let params = format!(r#"{{"elicitationId":"{name}"}}"#);
            let told = reply::notification("notifications/elicitation/complete", Some(&params));
            self.way_to_ask(Some(number)).push(told);
        }
    }

    /// Notes what a modern client brings from its user, where that is about this very call as it would be asked about
    /// now.
    pub(super) async fn take_word(&self, asks: &Asks<'_>, wanted: Wanted<'_>) {
        let (Some((id, word)), Some(people)) = (&wanted.round.said, self.gateway.people()) else { return };
        let settings = Settings::of(&asks.decision, &asks.snapshot, &self.gateway.options.limits);
        let about = &asks.about;
        match people.store.approval(id).await {
            Ok(Some(approval))
                if settings.at_client
                    && approval.question.digest == asks.exact.digest
                    && approval.question.asker.grant == about.identity.grant =>
            {
                self.gateway.said_at_client(&approval, &about.identity, word).await;
            }
            Ok(_) => {
                let reason = "an answer about a call that would not be asked about so any more";
                self.drop_from_client(&about.method, about.request.as_deref(), reason);
            }
            Err(error) => tracing::error!("what was said at a client cannot be noted: {error}"),
        }
    }

    /// Adds to a refusal where the call is decided, and what a modern client asks its user before it comes again.
    pub(super) fn say_where(
        &self,
        answered: &mut Answered,
        asks: &Asks<'_>,
        wanted: Wanted<'_>,
        way: Way,
        posed: Option<&Approval>,
    ) {
        let Answered::Refused(denial) = answered else { return };
        let Some(waits) = &mut denial.approval else { return };
        waits.url = self.gateway.console_of(&waits.id);
        let Some(approval) = posed.filter(|_| wanted.version.era() == Era::Modern) else { return };
        waits.asks = match way {
            Way::Form => elicitation::form(approval).map(AsksClient::Form),
            Way::Link if waits.waits_on => {
                waits.url.as_deref().map(|url| AsksClient::Link(elicitation::link(url, None)))
            }
            Way::Link | Way::Nothing => return,
        };
        let step = if waits.asks.is_some() { step(way) } else { "too long for the client" };
        self.gateway.at_client(approval, &asks.about.identity, step);
    }
}

/// What it is called in the log.
fn step(way: Way) -> &'static str {
    match way {
        Way::Form => "asked client",
        Way::Link | Way::Nothing => "sent link",
    }
}
