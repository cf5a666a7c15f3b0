//! Calls of modern clients that come again to wait on for a person (2026-07-28, `InputRequiredResult`). What they bring
//! back proves that they were sent to do so: it is of use to the same grant, for the same call, and lets nothing pass.

use std::sync::Arc;

use interlock_json::Value;
use interlock_wire::{Era, Message, Parsed, Version};

use crate::continuation::CallDigest;
use crate::denial::Denial;
use crate::relay::Relay;
use crate::sealed::NotOpened;

/// What begins the state that a modern client brings back whose call waits for a person.
const STATE: &str = "interlock-approval";
/// How often such a call is sent to come again: clients end a call that goes on without end, and say less of why.
const RETRIES: u32 = 8;
/// What of a call that comes again is for the gateway alone: its server asked for nothing.
const BROUGHT: [&str; 2] = ["requestState", "inputResponses"];

impl Relay {
    /// The state with which a modern client's call comes again to wait on, where that helps.
    pub(in crate::relay) fn state_of(
        &self,
        message: &Message,
        denial: &Denial,
        version: Version,
        round: u32,
    ) -> Option<String> {
        let waits = denial.approval.as_ref().filter(|waits| waits.waits_on && round < RETRIES)?;
        let method = message.method();
        let may = matches!(method.as_deref(), Some("tools/call" | "resources/read" | "prompts/get"));
        (may && version.era() == Era::Modern).then(|| self.state(message, &waits.id, round + 1))
    }

    /// The call as it was made first, and how often it came, where a modern client brings back what it was given for
    /// that.
    ///
    /// # Errors
    /// Where it was not given to this grant, for this very call.
    pub(in crate::relay) fn comes_again(
        &self,
        message: &Message,
        version: Version,
    ) -> Result<Option<(Arc<Message>, u32)>, NotOpened> {
        if version.era() != Era::Modern {
            return Ok(None);
        }
        let brought = message.params().and_then(|params| params.get("requestState")?.as_str());
        let Some(brought) = brought.filter(|brought| brought.starts_with(STATE)) else { return Ok(None) };
        let mut parts = brought.split('.').skip(1);
        let (Some(id), Some(round)) = (parts.next(), parts.next()) else { return Err(NotOpened::Unknown) };
        let round: u32 = round.parse().map_err(|_| NotOpened::Unknown)?;
        let key = self.gateway.recorder.key();
        // What is compared are digests: the time that takes says nothing of the state.
        if key.digest(&self.state(message, id, round)) != key.digest(&brought) {
            return Err(NotOpened::OtherCall);
        }
        let first = self.read(message.without_params(&BROUGHT).into_bytes());
        match first {
            Ok(Parsed::One(first)) => Ok(Some((Arc::new(first), round))),
            Ok(Parsed::Batch(_)) | Err(_) => Err(NotOpened::Unknown),
        }
    }

    fn state(&self, message: &Message, id: &str, round: u32) -> String {
        let params = message.params();
        let member = |name| params.and_then(|params| params.get(name));
        let name = member("name").or(member("uri")).and_then(Value::as_str).unwrap_or_default();
        let method = message.method().unwrap_or_default();
        let call = CallDigest::new(&method, &name, member("arguments"));
        let bound = hex::encode(call.bound_to(&self.session().identity.grant, self.server()));
        let proof = self.gateway.recorder.key().digest(&format!("{STATE}\n{id}\n{round}\n{bound}"));
        format!("{STATE}.{id}.{round}.{proof}")
    }
}
