//! What pages for people are made over: what the admin API does, for a person who has logged in.

use std::net::IpAddr;
use std::sync::Arc;

use interlock_audit::{AuditError, Detail, DigestKey, Lifecycle, LifecycleKind, RefusalCategory};

use super::Desk;
use crate::approvals::DecisionDesk;
use crate::identify::Proof;
use crate::record::now_ms;

/// What pages can do.
#[derive(Debug, Clone)]
pub struct Operations(pub(super) Arc<Desk>);

/// An operator who has shown a token. It is worth as much as the token is at the moment.
#[derive(Debug, Clone)]
pub struct LoggedIn {
    operator: Arc<str>,
    proof: Proof,
}

/// Something that was not done for somebody.
#[derive(Debug, Clone, Copy)]
pub struct PageRefusal<'a> {
    /// Where they are.
    pub from: IpAddr,
    /// What was wrong with it.
    pub category: RefusalCategory,
    /// The HTTP status that they were answered.
    pub status: u16,
    /// Why, without anything secret.
    pub reason: &'a str,
}

impl LoggedIn {
    /// Who it is.
    #[must_use]
    pub fn operator(&self) -> &str {
        &self.operator
    }

    /// Whether the token has neither ended nor been revoked.
    #[must_use]
    pub fn is_valid(&self) -> bool {
        !self.proof.withdrawn.is_cancelled() && self.proof.until_ms.is_none_or(|until| until > now_ms())
    }
}

impl Operations {
    /// The operator whose token this is.
    pub async fn log_in(&self, token: &str) -> Option<LoggedIn> {
        let (operator, proof) = self.0.operated.tokens.grant_of(token, now_ms()).await?;
        Some(LoggedIn { operator: Arc::from(operator), proof })
    }

    /// Where people decide.
    #[must_use]
    pub fn decisions(&self) -> &DecisionDesk {
        &self.0.decisions
    }

    /// What decision links are signed with.
    #[must_use]
    pub fn link_key(&self) -> &DigestKey {
        &self.0.operated.link_key
    }

    /// Notes that somebody looks at something, before they see it.
    ///
    /// # Errors
    /// When the log cannot be written; they are not to see it then.
    pub fn read(&self, by: &str, what: &str, approval: Option<&str>) -> Result<(), AuditError> {
        let mut details = vec![("operator", Detail::Text(by))];
        details.extend(approval.map(|approval| ("approval", Detail::Text(approval))));
        let event =
            Lifecycle { details: &details, reason: Some(what), ..Lifecycle::new(LifecycleKind::Read) };
        self.0.operated.front.gateway().recorder.lifecycle(event).map(drop)
    }

    /// Records that something was not done, before they are told.
    pub async fn refused(&self, refusal: PageRefusal<'_>) {
        self.0.refused(refusal.from, refusal.category, refusal.status, refusal.reason).await;
    }
}
