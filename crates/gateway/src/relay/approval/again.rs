//! Calls of modern clients that come again to wait on for a person (2026-07-28, `InputRequiredResult`). What they bring
//! back proves that they were sent to do so: it is of use to the same grant, for the same call, and lets nothing pass.

use std::sync::Arc;

use interlock_json::Value;
use interlock_wire::{Era, Message, Parsed, Version};

use crate::answer::ASKED;
use crate::approvals::elicitation::Word;
use crate::continuation::CallDigest;
use crate::denial::{AsksClient, Denial};
use crate::relay::Relay;
use crate::sealed::NotOpened;

/// What begins the state that a modern client brings back whose call waits for a person.
const STATE: &str = "interlock-approval";
/// How often such a call is sent to come again: clients end a call that goes on without end, and say less of why.
const RETRIES: u32 = 8;
/// What of a call that comes again is for the gateway alone: its server asked for nothing.
const BROUGHT: [&str; 2] = ["requestState", "inputResponses"];

/// How often a call came before, and what it brings.
#[derive(Debug, Default)]
pub(in crate::relay) struct Round {
    pub(in crate::relay) count: u32,
    /// What the person at the client said about which question, where they were asked to decide.
    pub(in crate::relay) said: Option<(String, Word)>,
}

/// What a call that comes again was sent with.
#[derive(Clone, Copy)]
struct Sent<'a> {
    /// The question that it waits for.
    id: &'a str,
    round: u32,
    /// What its client was asked: only a form decides.
    asked: &'a str,
}

const FORM: &str = "form";
const LINK: &str = "link";
const NOTHING: &str = "wait";

impl Relay {
    /// The state with which a modern client's call comes again to wait on, where that helps, and what its client asks
    /// its user before.
    pub(in crate::relay) fn state_of<'d>(
        &self,
        message: &Message,
        denial: &'d Denial,
        version: Version,
        round: u32,
    ) -> Option<(String, Option<&'d str>)> {
        let waits = denial.approval.as_ref()?;
        let (asked, asks) = match &waits.asks {
            Some(AsksClient::Form(params)) => (FORM, Some(params.as_str())),
            Some(AsksClient::Link(params)) => (LINK, Some(params.as_str())),
            None => (NOTHING, None),
        };
        let method = message.method();
        let may = matches!(method.as_deref(), Some("tools/call" | "resources/read" | "prompts/get"));
        let helps = round < RETRIES && (waits.waits_on || asks.is_some());
        let sent = Sent { id: &waits.id, round: round + 1, asked };
        (may && helps && version.era() == Era::Modern).then(|| (self.state(message, sent), asks))
    }

    /// The call as it was made first, and how often it came with what, where a modern client brings back what it was given for
    /// that.
    ///
    /// # Errors
    /// Where it was not given to this grant, for this very call.
    pub(in crate::relay) fn comes_again(
        &self,
        message: &Message,
        version: Version,
    ) -> Result<Option<(Arc<Message>, Round)>, NotOpened> {
        if version.era() != Era::Modern {
            return Ok(None);
        }
        let brought = message.params().and_then(|params| params.get("requestState")?.as_str());
        let Some(brought) = brought.filter(|brought| brought.starts_with(STATE)) else { return Ok(None) };
        let mut parts = brought.split('.').skip(1);
        let mut part = || parts.next().ok_or(NotOpened::Unknown);
        let (id, round, asked) = (part()?, part()?, part()?);
        let round: u32 = round.parse().map_err(|_| NotOpened::Unknown)?;
        let key = self.gateway.recorder.key();
        // What is compared are digests: the time that takes says nothing of the state.
        if key.digest(&self.state(message, Sent { id, round, asked })) != key.digest(&brought) {
            return Err(NotOpened::OtherCall);
        }
        let first = self.read(message.without_params(&BROUGHT).into_bytes());
        match first {
            Ok(Parsed::One(first)) => {
                let said = self.brought(message, asked).map(|word| (id.to_owned(), word));
                Ok(Some((Arc::new(first), Round { count: round, said })))
            }
            Ok(Parsed::Batch(_)) | Err(_) => Err(NotOpened::Unknown),
        }
    }

    /// What the client brings from its user, where it was sent to have them decide.
    fn brought(&self, message: &Message, asked: &str) -> Option<Word> {
        let word = message.params()?.get("inputResponses")?.get(ASKED)?;
        if asked == NOTHING {
            let method = message.method().unwrap_or_default();
            let id = message.id().map(|id| id.raw());
            self.drop_from_client(&method, id, "an answer to a question that nobody asked");
        }
        (asked == FORM).then(|| Word::read(word))
    }

    fn state(&self, message: &Message, sent: Sent<'_>) -> String {
        let Sent { id, round, asked } = sent;
        let params = message.params();
        let member = |name| params.and_then(|params| params.get(name));
        let name = member("name").or(member("uri")).and_then(Value::as_str).unwrap_or_default();
        let method = message.method().unwrap_or_default();
        let call = CallDigest::new(&method, &name, member("arguments"));
        let bound = hex::encode(call.bound_to(&self.session().identity.grant, self.server()));
        let proof = self.gateway.recorder.key().digest(&format!("{STATE}\n{id}\n{round}\n{asked}\n{bound}"));
        format!("{STATE}.{id}.{round}.{asked}.{proof}")
    }
}
