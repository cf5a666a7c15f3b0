//! Calls that a person decides about: they wait here for the answer, and are then judged anew.

mod again;
mod apart;
mod at_client;

use std::sync::atomic::Ordering;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use interlock_json::Value;
use interlock_store::{Approval, Asker, Outdated};
use interlock_wire::{Era, Version};
use tokio::sync::watch;

use super::Relay;
use crate::approvals::{Answered, Asking, Asks, Granted, Waiter, never_the_same, nobodys};
use crate::call::{Consent, Halted, Passage, Refused, borrowed, findings};
use crate::continuation::Retry;
use crate::denial::Denial;
use crate::identify::Credential;
use crate::outbox::Room;
use crate::record::About;
use crate::route::Target;
use crate::snapshot::Snapshot;

pub(super) use again::Round;
use at_client::{AtClient, Way};

/// What was asked about a call that was then to be judged again.
struct Posed {
    id: String,
    asker: Asker,
    exact: [u8; 32],
    policies: Arc<Snapshot>,
}

impl Posed {
    fn new(approval: &Approval, asks: &Asks<'_>) -> Self {
        Self {
            id: approval.question.id.clone(),
            asker: approval.question.asker.clone(),
            exact: asks.exact.digest,
            policies: Arc::clone(&asks.snapshot),
        }
    }

    /// Whether nobody asks this any more, since its call was decided so. One that is refused for another reason, a limit
    /// say, may come again while the same policies are in force.
    fn is_outdated_by(&self, decided: &Result<Passage, Halted<'_>>) -> bool {
        match decided {
            Ok(passage) => passage.approval.as_ref().is_none_or(|granted| granted.id != self.id),
            Err(Halted::Asks(asks)) => asks.exact.digest != self.exact,
            Err(Halted::Refused(refused)) => refused.snapshot.judged_by() != self.policies.judged_by(),
        }
    }
}

/// How often one call is asked about because what its server says of the tool changed meanwhile.
const ROUNDS: usize = 8;

/// How long the end of a session waits for its calls to see it.
const LAST_WORDS: Duration = Duration::from_secs(1);
/// How often a caller that wants to hear of progress is told that its call waits.
const NEWS: Duration = Duration::from_secs(10);
/// How far the progress goes with each of these.
const STEP: f64 = 1e-6;

/// A request, as far as people are asked about it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wanted<'a> {
    pub(super) params: Option<Value<'a>>,
    /// Its number among those that wait for the server.
    pub(super) number: u64,
    pub(super) version: Version,
    /// How often it came before, and what it brings.
    pub(super) round: &'a Round,
}

impl Relay {
    /// Decides a call. Where a rule asks a person, they are asked and the call waits; what they say lets it be judged
    /// anew, by the policies of that moment.
    pub(super) async fn decided(
        self: &Arc<Self>,
        about: About,
        targets: &[Target<'_>],
        retry: &Retry,
        wanted: Wanted<'_>,
        room: &mut Option<Room>,
    ) -> Result<Passage, Refused> {
        let mut about = about;
        let mut granted: Option<(Granted, Asker)> = None;
        let mut posed: Option<Posed> = None;
        let mut since = None;
        let mut rounds = 0;
        loop {
            let consent = Consent {
                params: wanted.params,
                reached: self.access.where_it_is(),
                granted: granted.as_ref().map(|(granted, asker)| (granted, asker)),
            };
            // Whatever is put in force from here on is news to whoever waits.
            let replaced = self.access.watch();
            let policies = self.access.keep_policies();
            let decided = self.gateway.decide(policies, about, targets, &**self, retry, consent).await;
            if let Some((people, posed)) = self.gateway.people().zip(posed.take())
                && posed.is_outdated_by(&decided)
            {
                self.gateway.withdraw(people, Outdated::One { id: posed.id, asker: posed.asker }).await;
            }
            let asks = match decided {
                Err(Halted::Asks(asks)) => asks,
                Err(Halted::Refused(refused)) => return Err(refused),
                Ok(passage) => {
                    if granted.is_some() {
                        self.begins_to_wait(wanted.number);
                    }
                    return Ok(passage);
                }
            };
            drop(room.take());
            // Each change of a policy is made by a person; what a server says of its tool may change at any time.
            rounds += usize::from(granted.is_some());
            if rounds > ROUNDS {
                let denial = never_the_same(&asks.decision);
                return Err(self.refused(*asks, denial));
            }
            let asker = self.asker(&asks.about, wanted.version);
            let since = *since.get_or_insert_with(Instant::now);
            let (access, left) = (Arc::clone(&self.access), self.until_left(wanted.number));
            let waiter = Waiter { access, left, policies: replaced };
            let (question, asked) = watch::channel(None);
            let asking = Asking {
                asker: &asker,
                asks: &asks,
                waiter: &waiter,
                since: Some(since),
                holds: true,
                posed: &question,
            };
            let answered = Box::pin(self.asked_patiently(asking, wanted)).await;
            posed = asked.borrow().as_ref().map(|approval| Posed::new(approval, &asks));
            granted = match answered {
                Answered::Granted(word) => Some((word, asker)),
                Answered::Outdated => None,
                Answered::Refused(denial) => return Err(self.refused(*asks, *denial)),
            };
            about = asks.about;
        }
    }

    /// Records that a call is not made that people were to be asked about.
    fn refused(&self, asks: Asks<'_>, denial: Denial) -> Refused {
        let (arguments, policy) = (asks.target.arguments, asks.snapshot.digest());
        let findings = findings(&asks.decision);
        let shadow = borrowed(&findings);
        self.gateway.recorder.denied(&asks.about, arguments, &denial, policy, &shadow);
        Refused { denial, snapshot: asks.snapshot }
    }

    /// Asks people while the caller waits, and for as long as they take where the call goes on as a task.
    async fn asked_patiently(self: &Arc<Self>, asking: Asking<'_>, wanted: Wanted<'_>) -> Answered {
        let asks = asking.asks;
        self.take_word(asks, wanted).await;
        let since = asking.since.filter(|_| !self.is_apart(wanted.number));
        let way = since.map_or(Way::Nothing, |_| self.way_at_client(asks, wanted));
        // A modern client asks its user once it is answered.
        let holds = way != Way::Form || wanted.version.era() == Era::Legacy;
        let asking = Asking { since, holds, ..asking };
        let mut answered = match since {
            Some(_) => self.asked_about(asking, wanted, way).await,
            None => self.asked_apart(asking, wanted).await,
        };
        let waits = match &answered {
            Answered::Refused(denial) => denial.approval.as_ref().map(|waits| waits.expires_ms),
            Answered::Granted(_) | Answered::Outdated => None,
        };
        match waits.filter(|_| since.is_some() && holds) {
            Some(expires_ms) if self.goes_on_apart(wanted, asks, expires_ms).await => {
                self.asked_apart(Asking { since: None, ..asking }, wanted).await
            }
            _ => {
                self.say_where(&mut answered, asks, wanted, way, asking.posed.borrow().as_ref());
                answered
            }
        }
    }

    fn credential_of(&self, number: u64) -> Option<Arc<Credential>> {
        let session = self.session();
        session.to_server.get(number).and_then(|asked| asked.item.credential.clone())
    }

    /// Asks people about a call that goes on as a task, for as long as holds what vouched for whoever made it.
    async fn asked_apart(self: &Arc<Self>, asking: Asking<'_>, wanted: Wanted<'_>) -> Answered {
        let credential = self.credential_of(wanted.number);
        let ended = async {
            match &credential {
                Some(credential) => credential.ended().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            () = ended => Answered::Refused(Box::new(nobodys(&asking.asks.decision))),
            answered = self.asked_about(asking, wanted, Way::Nothing) => answered,
        }
    }

    /// Asks people while the caller waits, and meanwhile its client.
    async fn asked_about(&self, asking: Asking<'_>, wanted: Wanted<'_>, way: Way) -> Answered {
        self.has_asked_people.store(true, Ordering::Release);
        let number = wanted.number;
        let shown = OnceLock::new();
        let at_client = AtClient { asks: asking.asks, wanted, way, shown: &shown };
        let question = asking.posed.subscribe();
        let mut answered = std::pin::pin!(self.gateway.ask_people(asking));
        let mut asked = std::pin::pin!(self.ask_client(at_client, question));
        let mut has_answered = false;
        let mut news = tokio::time::interval(NEWS);
        let mut told: u32 = 0;
        let answered = loop {
            tokio::select! {
                biased;
                answered = &mut answered => break answered,
                () = &mut asked, if !has_answered => has_answered = true,
                _ = news.tick() => {
                    told += 1;
                    self.tell_waiting(number, told);
                }
            }
        };
        self.tell_complete(&shown, number).await;
        answered
    }

    /// Tells the caller, who wants to hear of progress, that the call waits. The numbers only have to grow, and stay
    /// below whatever the server may begin with.
    fn tell_waiting(&self, number: u64, told: u32) {
        const WORDS: &str = "waiting for a person to approve this call";
        let (token, way) = {
            let session = self.session();
            let Some(asked) = session.to_server.get(number).map(|waiting| &waiting.item) else { return };
            let (Some(token), Some(reply)) = (&asked.progress, &asked.reply) else { return };
            (token.clone(), reply.outbox())
        };
        let progress = f64::from(told) * STEP;
        way.push(format!(
            r#"{{"jsonrpc":"2.0","method":"notifications/progress","params":{{"progressToken":{token},"progress":{progress},"message":"{WORDS}"}}}}"#
        ));
    }

    /// The session ends: what it asked people may be taken up by another one of its grant.
    pub(crate) async fn leave_questions(&self) {
        self.leave();
        let has_asked = self.has_asked_people.load(Ordering::Acquire);
        let Some(people) = self.gateway.people().filter(|_| has_asked) else { return };
        // A call that is about to ask would have its question belong to nobody who can come again.
        drop(tokio::time::timeout(LAST_WORDS, self.calls.wait()).await);
        let session = self.session().identity.session.clone();
        let instance = self.gateway.recorder.instance().to_string();
        if let Err(error) = people.store.free(&instance, Some(&session)).await {
            tracing::warn!("what a session asked people cannot be handed over: {error}");
        }
    }

    /// Who asks: a modern client's requests stand by themselves, and belong to no session.
    fn asker(&self, about: &About, version: Version) -> Asker {
        let identity = &about.identity;
        Asker {
            grant: identity.grant.clone(),
            instance: self.gateway.recorder.instance().to_string(),
            session: (version.era() == Era::Legacy).then(|| identity.session.clone()),
        }
    }

    /// The server's time for its answer begins when it is asked, however long people took.
    fn begins_to_wait(&self, number: u64) {
        let deadline = self.deadline();
        if let Some(asked) = self.session().to_server.get_mut(number).filter(|asked| asked.deadline.is_some())
        {
            asked.deadline = deadline;
        }
    }
}
