//! One webhook: where messages go, what they look like, and what signs them.

use std::sync::Arc;

use interlock_audit::DigestKey;
use interlock_policy::{AnnouncedArguments, AnnouncementFormat};
use interlock_store::{Announcement, Approval, Target};

use super::message::{Message, Places};
use super::signature::{self, SigningKey};
use super::{card, slack, teams};
use crate::transport::http::{NotReceived, Receiver};

/// A webhook in force.
#[derive(Debug)]
pub struct Webhook {
    target: Target,
    receiver: Receiver,
    /// Its host: where something went wrong.
    name: Arc<str>,
    key: Option<SigningKey>,
    format: AnnouncementFormat,
    pub(super) arguments: AnnouncedArguments,
    pub(super) decide_as: Option<String>,
}

/// Why a webhook cannot be used. Neither its address nor its secret is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WebhookError {
    /// Others on the way could read what is sent there.
    #[error("its `url` is not an `https://` address; `http://` is for this machine alone")]
    Address,
    /// It is not what it begins like.
    #[error("its `secret` begins with `whsec_`, and what follows is not base64")]
    Secret,
    /// It reads as nothing.
    #[error("its `secret` is empty")]
    NoSecret,
    /// There are too many of them.
    #[error("more than {0} different webhooks are in force")]
    TooMany(usize),
}

impl Webhook {
    /// The one that a policy names, whose references have been read.
    pub(super) fn new(said: &interlock_policy::Webhook, key: &DigestKey) -> Result<Self, WebhookError> {
        let receiver = receiver(&said.url)?;
        Ok(Self {
            target: target(said, key),
            name: Arc::from(receiver.host()),
            receiver,
            key: said.secret.as_deref().map(signing_key).transpose()?,
            format: said.format.unwrap_or_default(),
            arguments: said.arguments.unwrap_or_default(),
            decide_as: said.decide_as.clone(),
        })
    }

    /// Whether messages can be sent to this address.
    ///
    /// # Errors
    /// [`WebhookError::Address`] where they cannot.
    pub fn check_url(url: &str) -> Result<(), WebhookError> {
        receiver(url).map(drop)
    }

    /// Whether messages can be signed with this secret.
    ///
    /// # Errors
    /// [`WebhookError::NoSecret`] and [`WebhookError::Secret`] where they cannot.
    pub fn check_secret(secret: &str) -> Result<(), WebhookError> {
        signing_key(secret).map(drop)
    }

    /// By which name the store knows it.
    pub(crate) fn target(&self) -> Target {
        self.target
    }

    /// Its host.
    pub(super) fn name(&self) -> &Arc<str> {
        &self.name
    }

    /// Sends it what is announced of a question, as it stands now.
    pub(super) async fn send(
        &self,
        announcement: &Announcement,
        approval: &Approval,
        places: Option<&Places>,
        now_ms: i64,
    ) -> Result<(), NotReceived> {
        let message = Message::new(self, announcement, approval, places);
        let body = match self.format {
            AnnouncementFormat::Json => message.json(),
            AnnouncementFormat::Slack => slack::body(&card::Card::new(&message)),
            AnnouncementFormat::Teams => teams::body(&card::Card::new(&message)),
        };
        let seconds = now_ms.div_euclid(1_000);
        let headers = signature::headers(self.key.as_ref(), &message.id, seconds, &body);
        self.receiver.post(headers, body).await
    }
}

fn receiver(url: &str) -> Result<Receiver, WebhookError> {
    Receiver::new(url).map_err(|_| WebhookError::Address)
}

fn signing_key(secret: &str) -> Result<SigningKey, WebhookError> {
    if secret.trim().is_empty() {
        return Err(WebhookError::NoSecret);
    }
    SigningKey::new(secret).map_err(|_| WebhookError::Secret)
}

/// What is otherwise about it makes another one of it: nobody sends to one what was meant for another. Keyed, since
/// whoever reads the ledger is not to find out a secret by guessing.
fn target(said: &interlock_policy::Webhook, key: &DigestKey) -> Target {
    let said = format!(
        "webhook\n{:?}\n{:?}\n{:?}\n{:?}\n{:?}",
        said.url,
        said.secret,
        said.format.unwrap_or_default(),
        said.arguments.unwrap_or_default(),
        said.decide_as
    );
    let mut target = Target([0; 32]);
    // It is always 64 digits.
    let _decoded = hex::decode_to_slice(key.digest(&said), &mut target.0);
    target
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(url: &str, secret: Option<&str>) -> interlock_policy::Webhook {
        interlock_policy::Webhook {
            url: url.to_owned(),
            secret: secret.map(str::to_owned),
            format: None,
            decide_as: None,
            arguments: None,
        }
    }

    #[test]
    fn what_cannot_be_used_is_said_without_its_secret() {
        let data = tempfile::tempdir().unwrap();
        let key = DigestKey::open(data.path()).unwrap();
        for (url, secret, expected) in [
            ("http://example.com/a", None, WebhookError::Address),
            ("https://u:p@example.com/a", None, WebhookError::Address),
            ("", None, WebhookError::Address),
            ("https://example.com/a", Some(" "), WebhookError::NoSecret),
            ("https://example.com/a", Some("whsec_a"), WebhookError::Secret),
        ] {
            assert_eq!(Webhook::new(&said(url, secret), &key).err(), Some(expected), "{url}");
        }
        let webhook = Webhook::new(&said("https://example.com/T0KEN", Some("s3cret")), &key).unwrap();
        let shown = format!("{webhook:?}");
        assert!(!shown.contains("T0KEN") && !shown.contains("s3cret"), "{shown}");
    }

    #[test]
    fn each_of_its_parts_makes_another_of_it() {
        let [data, other] = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
        let key = DigestKey::open(data.path()).unwrap();
        let plain = || said("https://example.com/a", Some("s"));
        let mut all = vec![
            plain(),
            said("https://example.com/b", Some("s")),
            said("https://example.com/a", Some("t")),
            said("https://example.com/a", None),
            said("https://example.com/a\"\nSome(\"s\")", None),
        ];
        all.push(interlock_policy::Webhook { format: Some(AnnouncementFormat::Slack), ..plain() });
        all.push(interlock_policy::Webhook { decide_as: Some("ada".to_owned()), ..plain() });
        all.push(interlock_policy::Webhook { arguments: Some(AnnouncedArguments::Full), ..plain() });
        let mut targets: Vec<Target> = all.iter().map(|said| target(said, &key)).collect();
        targets.push(target(&plain(), &DigestKey::open(other.path()).unwrap()));
        targets.sort();
        targets.dedup();
        assert_eq!(targets.len(), all.len() + 1);
        let explicit = interlock_policy::Webhook { format: Some(AnnouncementFormat::Json), ..plain() };
        assert_eq!(target(&explicit, &key), target(&plain(), &key));
    }
}
