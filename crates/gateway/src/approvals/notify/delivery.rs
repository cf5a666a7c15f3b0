//! Takes what is to be announced from the store, and sends it.
//!
//! Any process whose policies have the webhook does, so that what was asked by one that died is announced by another.
//! Each webhook has its own few messages on the way: one that is slow holds up nobody but itself.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, Weak};
use std::time::Duration;

use interlock_audit::{Detail, Identity, Lifecycle, LifecycleKind};
use interlock_store::{Announcement, Announcements, Approval, Claim, Claimed, PutOff, StoreError, Target};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::Webhook;
use super::message::recorded;
use crate::gateway::Gateway;
use crate::record::now_ms;

/// How often it is looked for what other processes asked, decided, or left behind.
const LOOK: Duration = Duration::from_secs(1);
/// Messages to one webhook at the same time.
const AT_ONCE: usize = 4;
/// How long a process has what it took: longer than sending it takes.
const HELD: Duration = Duration::from_secs(30);
/// How long the end waits for what is on its way.
const END: Duration = Duration::from_secs(2);
/// How long after the first attempt the next one is made; each wait is four times as long as the one before.
const FIRST_WAIT: Duration = Duration::from_secs(1);
/// The longest such wait.
const LONGEST_WAIT: Duration = Duration::from_secs(60 * 60);

/// What announces, until it is ended.
#[derive(Debug)]
pub(crate) struct Announcer {
    end: CancellationToken,
    announcing: JoinHandle<()>,
}

/// One process's part in announcing.
struct Office {
    gateway: Weak<Gateway>,
    store: Arc<dyn Announcements>,
    /// The process.
    by: String,
    sending: JoinSet<Target>,
    /// How many messages are on their way to each.
    on_the_way: HashMap<Target, usize>,
}

impl Gateway {
    /// Announces from now on what the store has for the webhooks of policies in force, in the name of this instance.
    pub fn announce_approvals(self: &Arc<Self>, store: Arc<dyn Announcements>, instance: &str) {
        let end = CancellationToken::new();
        let office = Office {
            gateway: Arc::downgrade(self),
            store,
            by: instance.to_owned(),
            sending: JoinSet::new(),
            on_the_way: HashMap::new(),
        };
        let announcing = tokio::spawn(office.work(end.clone()));
        *self.announcer.lock().unwrap_or_else(PoisonError::into_inner) = Some(Announcer { end, announcing });
    }

    /// Announces what is due by now, and then nothing more; waits a moment for what is on its way. What is left, others
    /// announce.
    pub async fn leave_announcing(&self) {
        let announcer = self.announcer.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(Announcer { end, announcing }) = announcer {
            end.cancel();
            drop(announcing.await);
        }
    }
}

impl Office {
    async fn work(mut self, end: CancellationToken) {
        while !end.is_cancelled() {
            let Some(gateway) = self.gateway.upgrade() else { return };
            let webhooks = gateway.webhooks.known();
            self.turn(&gateway, &webhooks).await;
            let news = async {
                tokio::select! {
                    () = gateway.webhooks.news.notified() => {}
                    // Where nothing can be announced, nothing is looked for.
                    () = tokio::time::sleep(LOOK), if !webhooks.is_empty() => {}
                }
            };
            tokio::select! {
                () = end.cancelled() => {}
                Some(sent) = self.sending.join_next() => self.arrived(sent.ok()),
                () = news => {}
            }
        }
        let Some(gateway) = self.gateway.upgrade() else { return };
        let webhooks = gateway.webhooks.known();
        self.turn(&gateway, &webhooks).await;
        let all = async { while self.sending.join_next().await.is_some() {} };
        drop(timeout(END, all).await);
    }

    fn arrived(&mut self, target: Option<Target>) {
        match target.and_then(|target| self.on_the_way.get_mut(&target)) {
            Some(many) => *many = many.saturating_sub(1),
            // One was cut off by a fault, nobody knows which: those that are left are counted anew.
            None if self.sending.is_empty() => self.on_the_way.clear(),
            None => {}
        }
        self.on_the_way.retain(|_, many| *many > 0);
    }

    /// Takes what is due, as much of it as may be on its way.
    async fn turn(&mut self, gateway: &Arc<Gateway>, webhooks: &[Arc<Webhook>]) {
        let wanted: Vec<(Target, usize)> = webhooks
            .iter()
            .map(|webhook| (webhook.target(), self.room(webhook.target())))
            .filter(|(_, room)| *room > 0)
            .collect();
        if wanted.is_empty() {
            return;
        }
        match self.claim(wanted).await {
            Ok(Some(claimed)) => self.begin(gateway, webhooks, claimed).await,
            Ok(None) => {}
            Err(error) => tracing::warn!("it cannot be seen what is to be announced: {error}"),
        }
    }

    fn room(&self, target: Target) -> usize {
        AT_ONCE.saturating_sub(self.on_the_way.get(&target).copied().unwrap_or(0))
    }

    async fn claim(&self, wanted: Vec<(Target, usize)>) -> Result<Option<Claimed>, StoreError> {
        let targets = wanted.iter().map(|(target, _)| *target).collect();
        if !self.store.is_due(targets).await? {
            return Ok(None);
        }
        let claim = Claim { by: self.by.clone(), for_ms: ms(HELD), wanted };
        self.store.claim(claim).await.map(Some)
    }

    async fn begin(&mut self, gateway: &Arc<Gateway>, webhooks: &[Arc<Webhook>], claimed: Claimed) {
        for announcement in &claimed.overdue {
            let approval = gateway.announced_approval(announcement).await.ok().flatten();
            let known = webhooks.iter().find(|webhook| webhook.target() == announcement.target);
            let told =
                Attempt { announcement, approval: approval.as_ref(), webhook: known.map(AsRef::as_ref) };
            gateway.not_announced(&told, "nobody could be told in time");
        }
        for (_, many) in &claimed.lost {
            gateway.lost_announcements(*many);
        }
        for announcement in claimed.announcements {
            let target = announcement.target;
            let Some(webhook) = webhooks.iter().find(|webhook| webhook.target() == target) else { continue };
            *self.on_the_way.entry(target).or_default() += 1;
            let (gateway, store) = (Arc::clone(gateway), Arc::clone(&self.store));
            let webhook = Arc::clone(webhook);
            self.sending.spawn(async move {
                if let Err(error) = send(&gateway, &*store, &webhook, announcement).await {
                    tracing::warn!("it cannot be noted what was announced: {error}");
                }
                target
            });
        }
    }
}

/// What was tried.
struct Attempt<'a> {
    announcement: &'a Announcement,
    /// Where it is known still.
    approval: Option<&'a Approval>,
    /// Where it is in force here.
    webhook: Option<&'a Webhook>,
}

async fn send(
    gateway: &Gateway,
    store: &dyn Announcements,
    webhook: &Webhook,
    announcement: Announcement,
) -> Result<(), StoreError> {
    let Some(approval) = gateway.announced_approval(&announcement).await? else {
        // It has been forgotten since.
        return store.finish(announcement).await.map(drop);
    };
    let attempt = Attempt { announcement: &announcement, approval: Some(&approval), webhook: Some(webhook) };
    let places = gateway.places.as_ref();
    match webhook.send(&announcement, &approval, places, now_ms()).await {
        Ok(()) => {
            gateway.webhooks.answered(webhook);
            gateway.metrics.announced("delivered");
            gateway.record_announcement(&attempt, "announced", None);
            store.finish(announcement).await?;
        }
        Err(error) => {
            let why = error.to_string();
            gateway.webhooks.failed(webhook, &why);
            gateway.metrics.announced("failed");
            let wait = wait_after(announcement.tries, error.wait());
            if store.put_off(announcement.clone(), ms(wait)).await? == PutOff::GivenUp {
                gateway.not_announced(&attempt, &why);
            }
        }
    }
    Ok(())
}

/// How long after so many attempts the next one is made, to one that wants to be left alone for so long.
fn wait_after(tries: u32, alone: Option<Duration>) -> Duration {
    let longer = 4_u32.saturating_pow(tries.saturating_sub(1));
    FIRST_WAIT.saturating_mul(longer).max(alone.unwrap_or_default()).min(LONGEST_WAIT)
}

fn ms(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}

impl Gateway {
    async fn announced_approval(&self, announcement: &Announcement) -> Result<Option<Approval>, StoreError> {
        match self.people() {
            Some(people) => people.store.approval(&announcement.approval).await,
            None => Ok(None),
        }
    }

    /// Nobody tries any more.
    fn not_announced(&self, attempt: &Attempt<'_>, why: &str) {
        let announcement = attempt.announcement;
        let what = recorded(announcement.event);
        let to = attempt.webhook.map_or("a webhook", |webhook| webhook.name());
        tracing::error!(
            "approval {} is not announced as {what} to {to}, after {} attempts: {why}",
            announcement.approval,
            announcement.tries
        );
        self.metrics.announced("given_up");
        self.record_announcement(attempt, "not announced", Some(why));
    }

    /// More waited than are kept.
    fn lost_announcements(&self, many: u64) {
        let why = "too many announcements wait for one webhook, which takes none";
        tracing::error!("{many} approvals are not announced: {why}");
        for _ in 0..many {
            self.metrics.announced("given_up");
        }
        let many = i64::try_from(many).unwrap_or(i64::MAX);
        self.record(Lifecycle {
            details: &[
                ("step", Detail::Text("not announced")),
                ("many", Detail::Number(many)),
                ("why", Detail::Text(why)),
            ],
            ..Lifecycle::new(LifecycleKind::Approval)
        });
    }

    fn record_announcement(&self, attempt: &Attempt<'_>, step: &str, why: Option<&str>) {
        let Attempt { announcement, approval, webhook } = attempt;
        let mut details = vec![
            ("approval", Detail::Text(&announcement.approval)),
            ("step", Detail::Text(step)),
            ("event", Detail::Text(recorded(announcement.event))),
            ("tries", Detail::Number(announcement.tries.into())),
        ];
        details.extend(webhook.map(|webhook| ("to", Detail::Text(webhook.name()))));
        details.extend(why.map(|why| ("why", Detail::Text(why))));
        let question = approval.map(|approval| &approval.question);
        self.record(Lifecycle {
            identity: Identity {
                grant: question.map(|question| question.asker.grant.as_str()),
                ..Identity::default()
            },
            server: question.map(|question| question.server.as_str()),
            details: &details,
            ..Lifecycle::new(LifecycleKind::Approval)
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_wait_is_longer_up_to_an_hour() {
        let waits: Vec<u64> = [0, 1, 2, 3, 4, 5, 6, 7, 8, u32::MAX]
            .into_iter()
            .map(|tries| wait_after(tries, None).as_secs())
            .collect();
        assert_eq!(waits, [1, 1, 4, 16, 64, 256, 1_024, 3_600, 3_600, 3_600]);
        let alone = |seconds| wait_after(2, Some(Duration::from_secs(seconds))).as_secs();
        assert_eq!([0, 4, 30, u64::MAX].map(alone), [4, 4, 30, 3_600]);
    }
}
