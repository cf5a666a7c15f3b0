//! What people do about calls that wait: list them, look at one, decide. Commands, the admin API and pages all do it here.

use std::sync::Arc;

use interlock_audit::{AuditError, Detail, Identity, Lifecycle, LifecycleKind};
use interlock_store::{Approval, Approvals, Opinion, Standing, StoreError, Timekeeping, Told, Which};

use super::report::{subject, word, yes};
use super::{Account, Sheet, shown};
use crate::gateway::Gateway;

/// Letters of a reason.
pub const LONGEST_REASON: usize = 1_000;
/// Decisions about others like it that are shown.
const SIMILAR: usize = 5;
/// What is looked through for them.
const LOOKED_AT: usize = 100;

/// Writes down what people do.
pub trait Book: Send + Sync {
    /// Records an event.
    ///
    /// # Errors
    /// When the log cannot be written.
    fn record(&self, event: Lifecycle<'_>) -> Result<(), AuditError>;

    /// Hears how a call stands now.
    fn decided(&self, _approval: &Approval) {}
}

/// Where people decide.
#[derive(Clone)]
pub struct DecisionDesk {
    store: Arc<dyn Approvals>,
    time: Arc<dyn Timekeeping>,
    book: Arc<dyn Book>,
}

/// What a person says.
#[derive(Debug, Clone)]
pub struct Saying<'a> {
    /// In whose name.
    pub by: &'a Account,
    /// Yes or no.
    pub approves: bool,
    /// Why.
    pub reason: Option<&'a str>,
}

/// One call, and what else helps to decide about it.
#[derive(Debug)]
pub struct Looked {
    /// The call.
    pub approval: Approval,
    /// The last decisions about the same name of the same server, the last first.
    pub similar: Vec<Approval>,
    /// The time that calls expire by, unix milliseconds.
    pub now_ms: i64,
}

/// What came of deciding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decided {
    /// It counts.
    Counted(Approval),
    /// This account has spoken already.
    Again(Approval),
    /// It is too late: the call waits no more.
    TooLate(Approval),
    /// The policy names others.
    NotAllowed(Approval),
    /// There is no such call.
    Unknown,
}

/// Why nothing can be said of what came of it.
#[derive(Debug, thiserror::Error)]
pub enum NotDecided {
    /// The store does not answer; what was meant is recorded.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// It could not be recorded before it was done.
    #[error("not decided, because it cannot be recorded: {0}")]
    NotRecorded(AuditError),
    /// It is decided, and recorded that it would be.
    #[error("{}, but the audit log does not have what came of it: {error}", decided.said(by))]
    Unrecorded {
        /// What came of it.
        decided: Box<Decided>,
        /// In whose name.
        by: Box<Account>,
        /// Why it is not in the log.
        error: AuditError,
    },
}

/// A reason as it is kept: without blanks at its ends, and not too long.
///
/// # Errors
/// In words, what is wrong with it.
pub fn reason(text: &str) -> Result<String, String> {
    let text = text.trim();
    match text.chars().count() {
        0 => Err("the reason is empty; leave it out, or write one".to_owned()),
        1..=LONGEST_REASON => Ok(text.to_owned()),
        _ => Err(format!("a reason has at most {LONGEST_REASON} letters")),
    }
}

impl DecisionDesk {
    /// Over what is kept.
    pub fn new(store: Arc<dyn Approvals>, time: Arc<dyn Timekeeping>, book: Arc<dyn Book>) -> Self {
        Self { store, time, book }
    }

    /// The time that calls expire by.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn now_ms(&self) -> Result<i64, StoreError> {
        Ok(self.time.dates().await?.ledger_ms)
    }

    /// Calls, those that changed last first, and whether there are more.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn list(&self, which: Which, most: usize) -> Result<(Vec<Approval>, bool), StoreError> {
        let mut found = self.store.approvals(which, most.saturating_add(1)).await?;
        let more = found.len() > most;
        found.truncate(most);
        Ok((found, more))
    }

    /// One call by its whole name.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn look(&self, id: &str) -> Result<Option<Looked>, StoreError> {
        let Some(approval) = self.store.approval(id).await? else { return Ok(None) };
        let similar = self.similar(&approval).await?;
        Ok(Some(Looked { approval, similar, now_ms: self.now_ms().await? }))
    }

    /// The last decisions about others like it.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn similar(&self, approval: &Approval) -> Result<Vec<Approval>, StoreError> {
        let question = &approval.question;
        // What was withdrawn tells something where somebody had said what they think of it.
        let tells = |other: &Approval| other.standing != Standing::Withdrawn || !other.opinions.is_empty();
        let like = |other: &Approval| {
            other.question.id != question.id && other.question.section == question.section && tells(other)
        };
        // Each standing by itself: however many wait, they hide nothing of what was decided.
        let decided =
            [Standing::Approved, Standing::Denied, Standing::Expired, Standing::Used, Standing::Withdrawn];
        let mut found = Vec::new();
        for standing in decided {
            let which = Which {
                standing: Some(standing),
                server: Some(question.server.clone()),
                name: Some(question.name.clone()),
                bare: true,
                ..Which::default()
            };
            let those = self.store.approvals(which, LOOKED_AT).await?;
            found.extend(those.into_iter().filter(like).take(SIMILAR));
        }
        found.sort_by_key(|other| std::cmp::Reverse(other.change));
        found.truncate(SIMILAR);
        for bare in &mut found {
            // What is forgotten meanwhile is shown as far as it is known.
            if let Some(whole) = self.store.approval(&bare.question.id).await? {
                bare.question.details = whole.question.details;
            }
        }
        Ok(found)
    }

    /// Says yes or no. It is recorded what is meant before it is done, and what came of it after; what counts for
    /// nothing has one record.
    ///
    /// # Errors
    /// [`NotDecided`] when the store or the log cannot be written.
    pub async fn decide(&self, id: &str, saying: &Saying<'_>) -> Result<Decided, NotDecided> {
        let (desk, id, by) = (self.clone(), id.to_owned(), saying.by.clone());
        let (approves, reason) = (saying.approves, saying.reason.map(str::to_owned));
        // Whoever waits for it may leave: what is begun is done, and recorded, all the same.
        let deciding = tokio::spawn(async move {
            let saying = Saying { by: &by, approves, reason: reason.as_deref() };
            decide(desk.store.as_ref(), desk.book.as_ref(), &id, &saying).await
        });
        deciding.await.unwrap_or_else(|error| {
            Err(StoreError::Failed { action: "note a decision", message: error.to_string() }.into())
        })
    }
}

/// Says yes or no, as [`DecisionDesk::decide`].
///
/// # Errors
/// [`NotDecided`] when the store or the log cannot be written.
pub(super) async fn decide(
    store: &dyn Approvals,
    book: &dyn Book,
    id: &str,
    saying: &Saying<'_>,
) -> Result<Decided, NotDecided> {
    let Some(approval) = store.approval(id).await? else { return Ok(Decided::Unknown) };
    let by = saying.by.to_string();
    let idle = if !saying.by.may_decide(&approval.question.approvers) {
        Some(Decided::NotAllowed(approval.clone()))
    } else if approval.standing != Standing::Waiting {
        Some(Decided::TooLate(approval.clone()))
    } else if approval.opinions.iter().any(|opinion| opinion.by == by) {
        Some(Decided::Again(approval.clone()))
    } else {
        None
    };
    let noted = |approval: &Approval, step| note(book, approval, saying.by, saying.reason, step);
    if let Some(idle) = idle {
        noted(&approval, idle.step(saying)).map_err(NotDecided::NotRecorded)?;
        return Ok(idle);
    }
    let meant = if saying.approves { "approving" } else { "denying" };
    noted(&approval, meant).map_err(NotDecided::NotRecorded)?;
    let opinion =
        Opinion { by, approves: saying.approves, reason: saying.reason.map(str::to_owned), at_ms: 0 };
    let decided = match store.tell(id, opinion).await {
        Ok(Told::Counted(now)) => Decided::Counted(now),
        Ok(Told::Again(now)) => Decided::Again(now),
        Ok(Told::TooLate(now)) => Decided::TooLate(now),
        Ok(Told::Unknown) => Decided::Unknown,
        Err(error) => {
            // The store's own answer says more than that the log cannot be written either.
            drop(noted(&approval, "failed"));
            return Err(error.into());
        }
    };
    let noted = noted(decided.approval().unwrap_or(&approval), decided.step(saying));
    if let Decided::Counted(now) = &decided {
        book.decided(now);
    }
    match noted {
        Ok(()) => Ok(decided),
        Err(error) => {
            let (decided, by) = (Box::new(decided), Box::new(saying.by.clone()));
            Err(NotDecided::Unrecorded { decided, by, error })
        }
    }
}

/// Records a step that somebody takes.
///
/// # Errors
/// When the log cannot be written.
pub(super) fn note(
    book: &dyn Book,
    approval: &Approval,
    by: &Account,
    why: Option<&str>,
    step: &str,
) -> Result<(), AuditError> {
    let question = &approval.question;
    let by = by.to_string();
    let mut details = vec![
        ("approval", Detail::Text(&question.id)),
        ("step", Detail::Text(step)),
        ("by", Detail::Text(&by)),
        ("section", Detail::Text(&question.section)),
        ("name", Detail::Text(&question.name)),
        ("approvals", Detail::Number(i64::try_from(yes(approval)).unwrap_or(i64::MAX))),
        ("needed", Detail::Number(question.needed.into())),
        ("state", Detail::Text(word(approval.standing))),
    ];
    details.extend(why.map(|why| ("why", Detail::Text(why))));
    book.record(Lifecycle {
        identity: Identity { grant: Some(&question.asker.grant), ..Identity::default() },
        server: Some(&question.server),
        details: &details,
        ..Lifecycle::new(LifecycleKind::Approval)
    })
}

/// In the chain of a gateway, whose waiting calls hear of it at once.
impl Book for Gateway {
    fn record(&self, event: Lifecycle<'_>) -> Result<(), AuditError> {
        self.recorder.lifecycle(event).map(drop)
    }

    fn decided(&self, approval: &Approval) {
        if matches!(approval.standing, Standing::Approved | Standing::Denied) {
            self.metrics.approval(word(approval.standing));
        }
        if let Some(people) = self.people() {
            people.tell(&approval.question.id, approval.standing);
        }
    }
}

impl std::fmt::Debug for DecisionDesk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DecisionDesk").finish_non_exhaustive()
    }
}

impl Looked {
    /// All of it, for people.
    #[must_use]
    pub fn sheet(&self) -> Sheet {
        Sheet::new(&self.approval, &self.similar, self.now_ms)
    }
}

impl Decided {
    /// The call, as it stands now.
    #[must_use]
    pub fn approval(&self) -> Option<&Approval> {
        match self {
            Self::Counted(now) | Self::Again(now) | Self::TooLate(now) | Self::NotAllowed(now) => Some(now),
            Self::Unknown => None,
        }
    }

    /// What it is called in the log.
    fn step(&self, saying: &Saying<'_>) -> &'static str {
        match self {
            Self::Counted(_) if saying.approves => "approved",
            Self::Counted(_) => "denied",
            Self::Again(_) => "repeated",
            Self::TooLate(_) => "too late",
            Self::NotAllowed(_) => "not allowed",
            Self::Unknown => "unknown",
        }
    }

    /// What programs are told came of it.
    #[must_use]
    pub const fn outcome(&self) -> &'static str {
        match self {
            Self::Counted(_) => "counted",
            Self::Again(_) => "again",
            Self::TooLate(_) => "too late",
            Self::NotAllowed(_) => "not allowed",
            Self::Unknown => "unknown",
        }
    }

    /// What people are told came of it.
    #[must_use]
    pub fn said(&self, by: &Account) -> String {
        match self {
            Self::Counted(now) => counted(now),
            Self::Again(_) => format!("{by} has decided already"),
            Self::TooLate(now) => format!("too late: it is {} already", word(now.standing)),
            Self::NotAllowed(now) => {
                let others = shown::line(&now.question.approvers.join(", "));
                format!("not decided: {by} may not; {others} may")
            }
            Self::Unknown => "no such call waits or waited here".to_owned(),
        }
    }
}

fn counted(approval: &Approval) -> String {
    let question = &approval.question;
    let what = shown::line(&format!(
        "{} at {} for {}",
        subject(&question.section, &question.name),
        question.server,
        question.asker.grant
    ));
    match approval.standing {
        Standing::Waiting => {
            format!("noted: {what} has {} of {} approvals and waits", yes(approval), question.needed)
        }
        standing => format!("{}: {what}", word(standing)),
    }
}

#[cfg(test)]
mod tests;
