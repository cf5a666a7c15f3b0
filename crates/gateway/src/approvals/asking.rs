//! Asking about one call, and waiting for the answer.

use std::sync::Arc;
use std::time::{Duration, Instant};

use interlock_json::Value;
use interlock_policy::{Decision, Section};
use interlock_store::{Approval, Asked, Asker, Question, Standing, StoreError};
use serde_json::value::RawValue;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::people::Heard;
use super::{Definition, Details, Exact, People, Settings};
use crate::access::Access;
use crate::answer::duration;
use crate::denial::{Denial, Waits};
use crate::gateway::Gateway;
use crate::record::{About, now_ms};
use crate::route::Target;
use crate::snapshot::Snapshot;

/// Random bytes of a question's name.
const NAME: usize = 16;
/// As much of it as people write.
const SHORT: usize = 8;
/// Bytes of what a person is shown of one call: nobody reads more, and everybody's questions are kept.
const MOST_DETAILS: usize = 256 << 10;

/// How much later than its time it is looked whether a question has expired: no clock is exact.
const DUE: Duration = Duration::from_millis(5);

/// A call that a rule asks about.
#[derive(Debug)]
pub(crate) struct Asks<'m> {
    pub(crate) about: About,
    pub(crate) target: Target<'m>,
    pub(crate) decision: Box<Decision>,
    pub(crate) exact: Exact,
    pub(crate) snapshot: Arc<Snapshot>,
}

/// Whoever waits for the answer to a call.
#[derive(Debug, Clone)]
pub(crate) struct Waiter {
    /// The server, as they may use it.
    pub(crate) access: Arc<Access>,
    /// Tells when they have left.
    pub(crate) left: CancellationToken,
    /// Tells when other policies are in force than those that the call was judged by.
    pub(crate) policies: watch::Receiver<u64>,
}

/// Who asks about which call, and how long it waits.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asking<'a> {
    pub(crate) asker: &'a Asker,
    pub(crate) asks: &'a Asks<'a>,
    pub(crate) waiter: &'a Waiter,
    /// When the call was made that waits no longer than the policies say; `None`: it waits for as long as people take.
    pub(crate) since: Option<Instant>,
    /// Whether it waits at all.
    pub(crate) holds: bool,
    /// Whoever also asks the client's own user looks here for what is asked.
    pub(crate) posed: &'a watch::Sender<Option<Approval>>,
}

/// A person's word for one exact call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Granted {
    pub(crate) id: String,
    pub(crate) digest: [u8; 32],
    /// Until when it is good, unix milliseconds.
    pub(crate) expires_ms: i64,
}

/// What came of asking.
#[derive(Debug)]
pub(crate) enum Answered {
    /// Somebody has approved it.
    Granted(Granted),
    /// It is not made, or not now.
    Refused(Box<Denial>),
    /// It is to be judged by other policies now, and nobody asks this any more.
    Outdated,
}

impl Gateway {
    /// Asks people about a call and waits for their answer as long as the policy says, while its caller is there.
    pub(crate) async fn ask_people(self: &Arc<Self>, asking: Asking<'_>) -> Answered {
        let Some(people) = self.people() else {
            return Answered::Refused(Box::new(nobody(&asking.asks.decision)));
        };
        match self.asked(people, asking).await {
            Ok(answered) => answered,
            Err(error) => {
                tracing::error!("calls that a person must approve are denied: {error}");
                let reason = "nobody can be asked about this call now";
                Answered::Refused(Box::new(Denial::unavailable("(approvals)", reason, &error)))
            }
        }
    }

    async fn asked(self: &Arc<Self>, people: &People, asking: Asking<'_>) -> Result<Answered, StoreError> {
        people.taken_over().await;
        people.listen(self).await?;
        let asks = asking.asks;
        let settings = Settings::of(&asks.decision, &asks.snapshot, &self.options.limits);
        if !settings.has_enough {
            let reason = "fewer people may decide about this call than have to approve it";
            return Ok(Answered::Refused(Box::new(of_rule(&asks.decision, reason))));
        }
        let question = question(asking, &settings)?;
        if question.details.len() > MOST_DETAILS {
            let reason = "this call is too long for a person to look at";
            return Ok(Answered::Refused(Box::new(of_rule(&asks.decision, reason))));
        }
        let approval = match people.store.ask(question, settings.patience).await? {
            Asked::TooMany => {
                let reason = "too many calls of this grant wait for a person already";
                let denial = Denial::approval(&asks.decision.rule.text(), reason);
                return Ok(Answered::Refused(Box::new(denial)));
            }
            Asked::TooLong => {
                let reason = "what waits for a person of this grant's calls is too long already; \
                              make the call again when some of them are decided";
                return Ok(Answered::Refused(Box::new(of_rule(&asks.decision, reason))));
            }
            Asked::New(approval) => {
                self.record_step(&approval, "asked");
                let short: String = approval.question.id.chars().take(SHORT).collect();
                tracing::info!("a call waits for a person: `interlock approvals show {short}`");
                self.webhooks.nudge();
                approval
            }
            Asked::Known(approval) => approval,
        };
        if matches!(approval.standing, Standing::Waiting | Standing::Approved) {
            people.remember(&approval, &asking.waiter.access);
            // Whoever looks for news may have left since.
            people.listen(self).await?;
        }
        if approval.standing != Standing::Waiting {
            return Ok(answered(&approval, asks, &settings));
        }
        asking.posed.send_replace(Some(approval.clone()));
        // Whoever withdraws what is outdated may have looked before this was there.
        if asking.waiter.policies.has_changed().unwrap_or(false) {
            return Ok(Answered::Outdated);
        }
        let _held = self.metrics.held();
        let hold = if asking.holds { settings.hold } else { Duration::ZERO };
        let until = asking.since.map(|since| since.checked_add(hold).unwrap_or(since));
        Ok(match wait(people, &approval, until, asking.waiter).await? {
            Waited::Outdated => Answered::Outdated,
            Waited::Replaced => Answered::Refused(Box::new(replaced(asks))),
            // Whoever has left finds the question again.
            Waited::Long | Waited::Gone => {
                Answered::Refused(Box::new(still_waits(&approval, asks, &settings)))
            }
            Waited::Told => match people.store.approval(&approval.question.id).await? {
                Some(now) => answered(&now, asks, &settings),
                None => Answered::Refused(Box::new(expired(&asks.decision))),
            },
        })
    }
}

enum Waited {
    /// The question stands otherwise now.
    Told,
    /// The same call was made again.
    Replaced,
    /// Nobody has decided so far.
    Long,
    /// The caller has left.
    Gone,
    /// Other policies are in force.
    Outdated,
}

async fn wait(
    people: &People,
    approval: &Approval,
    until: Option<Instant>,
    waiter: &Waiter,
) -> Result<Waited, StoreError> {
    let left = u64::try_from(approval.expires_ms.saturating_sub(now_ms())).unwrap_or(0);
    let expires = Instant::now().checked_add(Duration::from_millis(left) + DUE);
    // One that was withdrawn meanwhile would push out the same call, made again since.
    if waiter.left.is_cancelled() {
        return Ok(Waited::Gone);
    }
    let mut place = people.join(&approval.question.id);
    // What was decided before there was a place to hear of it.
    let now = people.store.approval(&approval.question.id).await?;
    if now.is_none_or(|now| now.standing != Standing::Waiting) {
        return Ok(Waited::Told);
    }
    let mut policies = waiter.policies.clone();
    tokio::select! {
        biased;
        heard = place.hear() => Ok(match heard {
            Heard::Now(_) => Waited::Told,
            Heard::Replaced => Waited::Replaced,
        }),
        () = waiter.left.cancelled() => Ok(Waited::Gone),
        Ok(()) = policies.changed() => Ok(Waited::Outdated),
        () = at(expires) => Ok(Waited::Told),
        () = at(until) => Ok(Waited::Long),
    }
}

/// Waits until then; for ever where there is no such time.
async fn at(time: Option<Instant>) {
    match time {
        Some(time) => tokio::time::sleep_until(time.into()).await,
        None => std::future::pending().await,
    }
}

/// What a question that waits no more means for its call.
fn answered(approval: &Approval, asks: &Asks<'_>, settings: &Settings) -> Answered {
    let (decision, question) = (&asks.decision, &approval.question);
    let refused = |denial: Denial| Answered::Refused(Box::new(denial));
    match approval.standing {
        Standing::Approved => {
            let (id, digest) = (question.id.clone(), question.digest);
            Answered::Granted(Granted { id, digest, expires_ms: approval.expires_ms })
        }
        Standing::Waiting => refused(still_waits(approval, asks, settings)),
        Standing::Expired => refused(expired(decision)),
        Standing::Denied => {
            // Who that was is in the log: what people's accounts are called is not for agents.
            let no = approval.opinions.iter().find(|opinion| !opinion.approves);
            let why = no.and_then(|no| no.reason.as_deref());
            let why = why.map(|why| format!(": {why}")).unwrap_or_default();
            refused(of_rule(decision, format!("a person denied this call{why}")))
        }
        Standing::Used => {
            let again = duration(settings.patience.dedupe_ms);
            let reason = format!(
                "this call was approved and let through; the same call may be asked about again {again} after that"
            );
            refused(of_rule(decision, reason))
        }
        Standing::Withdrawn => Answered::Outdated,
    }
}

fn of_rule(decision: &Decision, reason: impl Into<String>) -> Denial {
    let denial = Denial::approval(&decision.rule.text(), reason);
    Denial { name: decision.name.clone(), ..denial }
}

/// Where no people are to be asked.
pub(crate) fn nobody(decision: &Decision) -> Denial {
    let reason = format!("a person must approve this call, and none can be asked here: {}", decision.reason);
    of_rule(decision, reason)
}

/// Where whatever was approved was another call by then, again and again.
pub(crate) fn never_the_same(decision: &Decision) -> Denial {
    of_rule(decision, "what the server says of this tool changes each time that a person has approved it")
}

/// Where whoever made a call may make none by now.
pub(crate) fn nobodys(decision: &Decision) -> Denial {
    of_rule(decision, "the token or certificate that this call was made with is good no more")
}

fn expired(decision: &Decision) -> Denial {
    of_rule(decision, "nobody decided in time whether this call may be made")
}

fn replaced(asks: &Asks<'_>) -> Denial {
    let reason = "the same call was made again and waits for the decision in the place of this one";
    of_rule(&asks.decision, reason)
}

fn still_waits(approval: &Approval, asks: &Asks<'_>, settings: &Settings) -> Denial {
    let id = &approval.question.id;
    let reason = format!(
        "a person must approve this call first ({}). It is asked for as approval {id}; make exactly the same call \
         again once that is given",
        asks.decision.reason
    );
    let waits_on = !settings.hold.is_zero();
    let waits = Waits { id: id.clone(), expires_ms: approval.expires_ms, waits_on, ..Waits::default() };
    Denial { approval: Some(Box::new(waits)), ..of_rule(&asks.decision, reason) }
}

fn question(asking: Asking<'_>, settings: &Settings) -> Result<Question, StoreError> {
    let failed =
        |action, error: &dyn std::fmt::Display| StoreError::Failed { action, message: error.to_string() };
    let mut random = [0; NAME];
    getrandom::fill(&mut random).map_err(|error| failed("name a question", &error))?;
    let Asking { asker, asks, .. } = asking;
    let Asks { about, target, .. } = asks;
    let details = details(asks, settings);
    let details = serde_json::to_string(&details).map_err(|error| failed("write a question", &error))?;
    Ok(Question {
        id: hex::encode(random),
        digest: asks.exact.digest,
        judged_by: asks.snapshot.judged_by(),
        asker: asker.clone(),
        server: about.server.to_string(),
        section: section(target.section).to_owned(),
        name: target.name.clone().into_owned(),
        approvers: settings.approvers.clone(),
        needed: settings.needed,
        details,
        announce_to: asks.snapshot.announce_to(),
    })
}

fn details(asks: &Asks<'_>, settings: &Settings) -> Details {
    let Asks { about, decision, .. } = asks;
    Details {
        method: about.method.clone(),
        arguments: asks.target.arguments.and_then(raw),
        besides: asks.exact.besides.clone().and_then(|besides| RawValue::from_string(besides).ok()),
        rule: decision.rule.text(),
        rule_name: decision.name.clone(),
        reason: decision.reason.clone(),
        policy: asks.snapshot.digest().to_owned(),
        client: about.identity.client.as_ref().map(|client| client.text.clone()),
        at_client: settings.at_client,
        definition: asks.exact.definition.as_deref().map(|definition| Definition {
            fingerprint: definition.fingerprint.to_string(),
            title: definition.title.as_deref().map(str::to_owned),
            description: definition.description.as_deref().map(str::to_owned),
            annotations: definition.annotations.clone(),
        }),
    }
}

/// A value as it was written.
fn raw(value: Value<'_>) -> Option<Box<RawValue>> {
    RawValue::from_string(value.raw().to_owned()).ok()
}

fn section(section: Section) -> &'static str {
    match section {
        Section::Tools => "tools",
        Section::Resources => "resources",
        Section::Prompts => "prompts",
    }
}
