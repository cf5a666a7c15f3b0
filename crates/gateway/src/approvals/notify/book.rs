//! The webhooks in force: each is known for as long as a policy in force has it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Instant;

use interlock_audit::DigestKey;
use interlock_store::Target;
use tokio::sync::Notify;

use super::{Webhook, WebhookError};
use crate::condition::Conditions;

/// Different webhooks at once.
const MOST: usize = 256;

/// The webhooks of all policies, and who waits for them to have something to do.
#[derive(Debug)]
pub(crate) struct Webhooks {
    key: DigestKey,
    known: Mutex<HashMap<Target, Weak<Webhook>>>,
    /// There may be something to announce.
    pub(super) news: Notify,
    conditions: Conditions,
}

impl Webhooks {
    pub(crate) fn new(key: DigestKey) -> Self {
        let (known, news, conditions) = (Mutex::default(), Notify::new(), Conditions::default());
        Self { key, known, news, conditions }
    }

    fn guard(&self) -> MutexGuard<'_, HashMap<Target, Weak<Webhook>>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The webhook that a policy names, with its references read: the same where another policy names the same.
    ///
    /// `has_console`: whether its messages can have links.
    pub(crate) fn named(
        &self,
        said: &interlock_policy::Webhook,
        has_console: bool,
    ) -> Result<Arc<Webhook>, WebhookError> {
        let webhook = Webhook::new(said, &self.key)?;
        let mut known = self.guard();
        if let Some(same) = known.get(&webhook.target()).and_then(Weak::upgrade) {
            return Ok(same);
        }
        known.retain(|_, webhook| webhook.strong_count() > 0);
        if known.len() >= MOST {
            return Err(WebhookError::TooMany(MOST));
        }
        let webhook = Arc::new(webhook);
        known.insert(webhook.target(), Arc::downgrade(&webhook));
        drop(known);
        if webhook.decide_as.is_some() && !has_console {
            tracing::warn!(
                "messages to the webhook at `{}` have no links to decide by, as `decide_as` wants: set `console: {{ url }}` \
                 in the settings",
                webhook.name()
            );
        }
        self.nudge();
        Ok(webhook)
    }

    /// All that are in force.
    pub(super) fn known(&self) -> Vec<Arc<Webhook>> {
        self.guard().values().filter_map(Weak::upgrade).collect()
    }

    /// Something may be to be announced.
    pub(crate) fn nudge(&self) {
        self.news.notify_one();
    }

    /// One did not take a message. The operator is told, not too often.
    pub(super) fn failed(&self, webhook: &Webhook, why: &str) {
        let name = webhook.name();
        if let Some(times) = self.conditions.failed(name, why, Instant::now()) {
            let times = if times > 1 { format!(" ({times} times)") } else { String::new() };
            tracing::warn!("the webhook at `{name}` fails, and is tried again: {why}{times}");
        }
    }

    /// One took a message.
    pub(super) fn answered(&self, webhook: &Webhook) {
        if self.conditions.answered(webhook.name()) {
            tracing::info!("the webhook at `{}` takes messages again", webhook.name());
        }
    }
}
