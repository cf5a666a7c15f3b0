//! The people who are asked: what they are asked and what they say is in the store, and whoever waits here hears of it.

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use interlock_audit::{Detail, Identity, Lifecycle, LifecycleKind};
use interlock_store::{Approval, Approvals, Outdated, Standing, StoreError};
use tokio::sync::watch;

use crate::access::Access;
use crate::gateway::Gateway;
use crate::record::now_ms;

/// How long a question waits for it to be known which processes have ended.
const TAKING_OVER: Duration = Duration::from_secs(5);
/// How soon a decision is heard of that was made in another process.
const LOOK: Duration = Duration::from_millis(250);

/// The people who are asked, and the calls that wait for them in this process.
pub(crate) struct People {
    pub(crate) store: Arc<dyn Approvals>,
    waiting: Mutex<Rooms>,
    /// The last change that was heard of.
    heard: AtomicI64,
    /// How many still look which processes have ended: their questions are to be taken up, and not asked again.
    takers: watch::Sender<usize>,
}

/// Holds questions back until it is known which processes have ended.
#[derive(Debug)]
pub struct TakingOver(Arc<Gateway>);

impl Drop for TakingOver {
    fn drop(&mut self) {
        if let Some(people) = self.0.people() {
            people.takers.send_modify(|takers| *takers -= 1);
        }
    }
}

#[derive(Debug, Default)]
struct Rooms {
    by_question: HashMap<String, Room>,
    /// When what was asked here expires: however often the same is asked, it is one time.
    expiries: BTreeSet<i64>,
    /// Where it was asked, so that it is seen when calls are judged otherwise there.
    asked_at: HashMap<(String, String), AskedAt>,
    /// Somebody looks for news.
    is_watched: bool,
}

/// A server, as a grant may use it, about whose calls people were asked.
#[derive(Debug)]
struct AskedAt {
    access: Weak<Access>,
    /// By what calls were judged there when it was looked last; nothing where it never was.
    judged_by: Option<[u8; 32]>,
}

/// Where those wait who asked the same.
#[derive(Debug)]
struct Room {
    news: watch::Sender<News>,
    waiters: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct News {
    /// Which of those who wait came last.
    turn: u64,
    standing: Standing,
}

/// A place in the room of one question.
#[derive(Debug)]
pub(crate) struct Place<'p> {
    people: &'p People,
    id: String,
    turn: u64,
    news: watch::Receiver<News>,
}

/// What became of the wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Heard {
    /// The question stands otherwise now.
    Now(Standing),
    /// The same call was made again, and waits instead.
    Replaced,
}

impl People {
    pub(crate) fn new(store: Arc<dyn Approvals>) -> Self {
        let takers = watch::Sender::new(0);
        Self { store, waiting: Mutex::default(), heard: AtomicI64::new(0), takers }
    }

    fn rooms(&self) -> MutexGuard<'_, Rooms> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until what others asked that have ended may be taken up.
    pub(crate) async fn taken_over(&self) {
        let mut takers = self.takers.subscribe();
        let none = takers.wait_for(|takers| *takers == 0);
        // Where that takes too long, a question is asked a second time, no more.
        drop(tokio::time::timeout(TAKING_OVER, none).await);
    }

    /// Sees to it that what changes from now on is heard of.
    pub(crate) async fn listen(&self, gateway: &Arc<Gateway>) -> Result<(), StoreError> {
        if self.rooms().is_watched {
            return Ok(());
        }
        let (_, last) = self.store.changes(i64::MAX).await?;
        let mut rooms = self.rooms();
        if !std::mem::replace(&mut rooms.is_watched, true) {
            self.heard.store(last, Ordering::Release);
            tokio::spawn(watch_over(Arc::downgrade(gateway)));
        }
        Ok(())
    }

    /// Takes a place among those who wait for this answer; whoever waited before is replaced.
    pub(crate) fn join(&self, id: &str) -> Place<'_> {
        let mut rooms = self.rooms();
        let room = rooms.by_question.entry(id.to_owned()).or_insert_with(|| Room {
            news: watch::Sender::new(News { turn: 0, standing: Standing::Waiting }),
            waiters: 0,
        });
        room.waiters += 1;
        let mut turn = 0;
        room.news.send_modify(|news| {
            news.turn += 1;
            turn = news.turn;
        });
        Place { people: self, id: id.to_owned(), turn, news: room.news.subscribe() }
    }

    /// Sees to it that it is noted when this question expires, or its call is judged otherwise, whether or not anybody
    /// waits then.
    pub(crate) fn remember(&self, approval: &Approval, access: &Arc<Access>) {
        let (grant, server) = (approval.question.asker.grant.clone(), approval.question.server.clone());
        let mut rooms = self.rooms();
        rooms.expiries.insert(approval.expires_ms);
        let known = rooms.asked_at.get(&(grant.clone(), server.clone()));
        if known.is_none_or(|known| known.access.as_ptr() != Arc::as_ptr(access)) {
            let asked_at = AskedAt { access: Arc::downgrade(access), judged_by: None };
            rooms.asked_at.insert((grant, server), asked_at);
        }
    }

    /// Where calls are judged otherwise than when this was asked last, and by what. Where there is nobody left who could
    /// make them, that is nothing.
    fn changed(&self) -> Vec<((String, String), [u8; 32])> {
        let mut changed = Vec::new();
        self.rooms().asked_at.retain(|place, at| {
            let access = at.access.upgrade();
            let now = access.as_ref().map_or([0; 32], |access| access.policies().judged_by());
            if at.judged_by.replace(now) != Some(now) {
                changed.push((place.clone(), now));
            }
            access.is_some()
        });
        changed
    }

    /// Whether a question that was asked here is past its time.
    fn is_due(&self, now_ms: i64) -> bool {
        self.rooms().expiries.first().is_some_and(|expires| *expires <= now_ms)
    }

    /// Those that were due are noted.
    fn noted(&self, now_ms: i64) {
        self.rooms().expiries.retain(|expires| *expires > now_ms);
    }

    /// Tells those who wait how a question stands now.
    pub(crate) fn tell(&self, id: &str, standing: Standing) {
        if let Some(room) = self.rooms().by_question.get(id) {
            room.news.send_if_modified(|news| std::mem::replace(&mut news.standing, standing) != standing);
        }
    }

    async fn look(&self) -> Result<(), StoreError> {
        loop {
            let (changed, last) = self.store.changes(self.heard.load(Ordering::Acquire)).await?;
            for change in &changed {
                self.tell(&change.id, change.standing);
            }
            let heard = changed.last().map_or(last, |change| change.change);
            self.heard.store(heard, Ordering::Release);
            if heard >= last {
                return Ok(());
            }
        }
    }

    /// Whether there is nothing to look for.
    fn leaves(&self) -> bool {
        let mut rooms = self.rooms();
        if rooms.by_question.is_empty() && rooms.expiries.is_empty() {
            rooms.is_watched = false;
            rooms.asked_at.clear();
        }
        !rooms.is_watched
    }
}

impl Place<'_> {
    /// Waits for the next that is heard.
    pub(crate) async fn hear(&mut self) -> Heard {
        loop {
            let news = *self.news.borrow_and_update();
            if news.turn != self.turn {
                return Heard::Replaced;
            }
            if news.standing != Standing::Waiting {
                return Heard::Now(news.standing);
            }
            // The room is there as long as somebody waits in it.
            if self.news.changed().await.is_err() {
                return Heard::Replaced;
            }
        }
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut rooms = self.people.rooms();
        if let Some(room) = rooms.by_question.get_mut(&self.id) {
            room.waiters -= 1;
            if room.waiters == 0 {
                rooms.by_question.remove(&self.id);
            }
        }
    }
}

impl fmt::Debug for People {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("People").field("waiting", &self.rooms().by_question.len()).finish_non_exhaustive()
    }
}

/// Looks for news as long as somebody waits for any, or a question may expire.
async fn watch_over(gateway: Weak<Gateway>) {
    loop {
        tokio::time::sleep(LOOK).await;
        let Some(gateway) = gateway.upgrade() else { return };
        let Some(people) = gateway.people() else { return };
        if let Err(error) = people.look().await {
            tracing::warn!("it cannot be seen what people decide: {error}");
        }
        gateway.withdraw_what_is_judged_otherwise(people).await;
        let now = now_ms();
        if people.is_due(now) && gateway.expire_approvals().await {
            people.noted(now);
        }
        if people.leaves() {
            return;
        }
    }
}

impl Gateway {
    /// Forgets questions, with what was to be called, that came to their end so long ago.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn forget_approvals(&self, after: Duration) -> Result<u64, StoreError> {
        let Some(people) = self.people() else { return Ok(0) };
        let after = i64::try_from(after.as_millis()).unwrap_or(i64::MAX);
        people.store.forget(now_ms().saturating_sub(after)).await
    }

    /// Holds questions back while it is found out which processes have ended, until what is given back is dropped.
    pub fn take_over(self: &Arc<Self>) -> TakingOver {
        if let Some(people) = self.people() {
            people.takers.send_modify(|takers| *takers += 1);
        }
        TakingOver(Arc::clone(self))
    }

    /// What a process asked that has ended may be taken up by the sessions of others.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn take_over_questions(&self, instance: &str) -> Result<(), StoreError> {
        match self.people() {
            None => Ok(()),
            Some(people) => people.store.free(instance, None).await,
        }
    }

    /// Notes and records which questions are past their time.
    ///
    /// `false` where the store does not answer.
    pub async fn expire_approvals(&self) -> bool {
        let Some(people) = self.people() else { return true };
        loop {
            match people.store.expire().await {
                Ok(expired) if expired.is_empty() => return true,
                Ok(expired) => {
                    for approval in &expired {
                        self.record_step(approval, "expired");
                        people.tell(&approval.question.id, Standing::Expired);
                    }
                    self.webhooks.nudge();
                }
                Err(error) => {
                    tracing::warn!("it cannot be noted which approvals have expired: {error}");
                    return false;
                }
            }
        }
    }

    /// Notes and records that nobody asks these any more; gives how many there were.
    pub(crate) async fn withdraw(&self, people: &People, outdated: Outdated) -> usize {
        match people.store.withdraw(outdated).await {
            Ok(withdrawn) => {
                for approval in &withdrawn {
                    self.record_step(approval, "withdrawn");
                    people.tell(&approval.question.id, Standing::Withdrawn);
                }
                self.webhooks.nudge();
                withdrawn.len()
            }
            Err(error) => {
                // They expire.
                tracing::warn!("what nobody asks any more is not withdrawn: {error}");
                0
            }
        }
    }

    /// Whatever was asked of this process, or of one that has ended, and is judged otherwise by now.
    async fn withdraw_what_is_judged_otherwise(&self, people: &People) {
        for ((grant, server), by) in people.changed() {
            let instance = self.recorder.instance().to_string();
            let outdated = Outdated::JudgedOtherwise { grant, server, instance, by };
            while self.withdraw(people, outdated.clone()).await > 0 {}
        }
    }

    /// Records a step of a question that no call and no person takes.
    pub(crate) fn record_step(&self, approval: &Approval, step: &'static str) {
        self.metrics.approval(step);
        let question = &approval.question;
        let needed = i64::from(question.needed);
        let by: Vec<&str> = approval.opinions.iter().map(|opinion| opinion.by.as_str()).collect();
        let details = [
            ("approval", Detail::Text(&question.id)),
            ("step", Detail::Text(step)),
            ("section", Detail::Text(&question.section)),
            ("name", Detail::Text(&question.name)),
            ("needed", Detail::Number(needed)),
            ("by", Detail::List(&by)),
        ];
        let asker = &question.asker;
        self.recorder.note(Lifecycle {
            identity: Identity {
                grant: Some(&asker.grant),
                session: asker.session.as_deref(),
                ..Identity::default()
            },
            server: Some(&question.server),
            details: &details,
            ..Lifecycle::new(LifecycleKind::Approval)
        });
    }
}
