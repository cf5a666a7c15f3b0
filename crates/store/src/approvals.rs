//! Calls that wait for a person, and what people decided about them.
//!
//! A question is asked once for one exact call. It waits, is approved or denied by people, or expires; an approval is
//! taken by the one call that it was given for, and by that only once.

use crate::{BoxFuture, StoreError, Target};

/// What a person is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// Its name: unguessable, and no secret beside that.
    pub id: String,
    /// What tells this call from every other: identity, server, name, definition, arguments and policy (SHA-256).
    pub digest: [u8; 32],
    /// By what the call is judged: policies, labels, and who may decide (SHA-256).
    pub judged_by: [u8; 32],
    /// Who asks.
    pub asker: Asker,
    /// The server that would be called.
    pub server: String,
    /// `tools`, `resources` or `prompts`.
    pub section: String,
    /// What would be called there.
    pub name: String,
    /// Who may decide, by name; empty: every operator.
    pub approvers: Vec<String>,
    /// How many different people have to say yes; at least 1.
    pub needed: u32,
    /// What people are shown, JSON as its reader understands it.
    pub details: String,
    /// To whom it is announced that it was asked, decided, or expired.
    pub announce_to: Vec<Target>,
}

/// Who asks: a grant, and its session where it has one.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Asker {
    /// The grant.
    pub grant: String,
    /// The process through which it asks.
    pub instance: String,
    /// The session there, which no other process can have. `None`: any of the grant's, because its protocol has none or the one that asked has ended.
    pub session: Option<String>,
}

/// How long a question stands, milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// Until it expires, and an approval with it.
    pub timeout_ms: u64,
    /// How long after it was denied or used the same call is not asked about again.
    pub dedupe_ms: u64,
    /// How many questions of one grant may wait.
    pub most: u64,
    /// How many bytes the [`Question::details`] of these may have together.
    pub most_bytes: u64,
}

/// How a question stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Standing {
    /// Nobody has decided yet, or not enough people.
    Waiting,
    /// The call may be made, once.
    Approved,
    /// It may not.
    Denied,
    /// Nobody decided in time, or the approval was not used in time.
    Expired,
    /// The call was made.
    Used,
    /// Nobody asks it any more: its call is judged otherwise by now.
    Withdrawn,
}

/// Which questions nobody asks any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outdated {
    /// The one of this name, as long as it is this asker's.
    One {
        /// Its name.
        id: String,
        /// Who asked it.
        asker: Asker,
    },
    /// Those of a grant at a server that are judged otherwise, of this process and of those that have ended.
    JudgedOtherwise {
        /// The grant.
        grant: String,
        /// The server.
        server: String,
        /// The process.
        instance: String,
        /// By what calls are judged there now.
        by: [u8; 32],
    },
}

/// A question with all that came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Approval {
    /// What was asked.
    pub question: Question,
    /// When, unix milliseconds, as all times here.
    pub asked_ms: i64,
    /// When it expires.
    pub expires_ms: i64,
    /// How it stands.
    pub standing: Standing,
    /// When it came to stand so, where it is not waiting.
    pub since_ms: Option<i64>,
    /// What people said, in that order.
    pub opinions: Vec<Opinion>,
    /// Its place in the order of all changes: later ones have higher numbers.
    pub change: i64,
}

/// What one person said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opinion {
    /// Who, by a name that no other kind of account can have.
    pub by: String,
    /// Yes or no.
    pub approves: bool,
    /// Why, in their words.
    pub reason: Option<String>,
    /// When, by the store's clock, whatever it was before it was told.
    pub at_ms: i64,
}

/// What came of asking.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Asked {
    /// It is a new question.
    New(Approval),
    /// It was asked before: it waits, is approved, or was denied or used a short while ago.
    Known(Approval),
    /// As many of the grant's questions as may are waiting.
    TooMany,
    /// With this one, the details of the grant's waiting questions would be longer together than they may be.
    TooLong,
}

/// What came of an opinion.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Told {
    /// It counts, and this is how the question stands now.
    Counted(Approval),
    /// This person has spoken already.
    Again(Approval),
    /// It is too late: the question waits no more.
    TooLate(Approval),
    /// There is no such question.
    Unknown,
}

/// What came of taking an approval.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::large_enum_variant, reason = "one at a time, looked at where it is given")]
pub enum Taken {
    /// The call may be made; nobody else takes it.
    Taken(Approval),
    /// It is not approved, not any more, not for this call, or not for this asker.
    Refused,
}

/// Which questions to list.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Which {
    /// Those that stand so; all where `None`.
    pub standing: Option<Standing>,
    /// Those of this grant.
    pub grant: Option<String>,
    /// Those of this server.
    pub server: Option<String>,
    /// Those about this name.
    pub name: Option<String>,
    /// Those that changed before this one did, for the next page: the last's [`Approval::change`].
    pub before: Option<i64>,
    /// Without their [`Question::details`], which are long: empty.
    pub bare: bool,
}

/// Keeps questions and decisions.
///
/// Promises of every backend: each step is one transaction; an approval is taken at most once, whoever tries, in
/// whatever process; a question that is past its time is expired whether or not anybody has noted that; what was
/// answered is durable.
pub trait Approvals: Send + Sync + std::fmt::Debug {
    /// Asks, unless the same call of the same asker is being asked about already, or was decided a short while ago.
    ///
    /// The same asker is the same grant with the same session, or one whose question belongs to no session any more;
    /// a question that is asked again belongs to the session that asked last. What was denied or used a short while ago
    /// is known to all sessions of the grant: another one neither gets around a no, nor makes the same call twice.
    fn ask(&self, question: Question, patience: Patience) -> BoxFuture<'_, Result<Asked, StoreError>>;

    /// Notes what a person says. One no denies; as many different people as needed approve.
    fn tell<'a>(&'a self, id: &str, opinion: Opinion) -> BoxFuture<'a, Result<Told, StoreError>>;

    /// Takes an approval, for the call with this digest, by this asker.
    fn take<'a>(
        &'a self,
        id: &str,
        digest: [u8; 32],
        asker: &Asker,
    ) -> BoxFuture<'a, Result<Taken, StoreError>>;

    /// Gives an approval back that was taken for a call which was not made: it is as good as before, unless its time is
    /// over. Gives whether it was.
    fn give_back<'a>(&'a self, id: &str, digest: [u8; 32]) -> BoxFuture<'a, Result<bool, StoreError>>;

    /// Withdraws questions that wait or are approved, some hundred at most, and gives them without their
    /// [`Question::details`].
    fn withdraw(&self, outdated: Outdated) -> BoxFuture<'_, Result<Vec<Approval>, StoreError>>;

    /// Notes which questions are past their time, up to some hundred at once. Each is given out once, to whoever is to
    /// record it, without its [`Question::details`].
    fn expire(&self) -> BoxFuture<'_, Result<Vec<Approval>, StoreError>>;

    /// The questions of a session that has ended belong to no session any more, and those of an instance that has ended
    /// to none.
    fn free<'a>(&'a self, instance: &str, session: Option<&str>) -> BoxFuture<'a, Result<(), StoreError>>;

    /// One question.
    fn approval<'a>(&'a self, id: &str) -> BoxFuture<'a, Result<Option<Approval>, StoreError>>;

    /// Questions, those that changed last first, `most` at the most and never more than some hundred.
    fn approvals(&self, which: Which, most: usize) -> BoxFuture<'_, Result<Vec<Approval>, StoreError>>;

    /// What changed after this change, in order, some hundred at most; and the last change there is.
    fn changes(&self, after: i64) -> BoxFuture<'_, Result<(Vec<Changed>, i64), StoreError>>;

    /// Forgets those that have come to their end before this, up to some thousand at once; gives how many. One whose
    /// time has passed comes to its end when that is noted.
    fn forget(&self, before_ms: i64) -> BoxFuture<'_, Result<u64, StoreError>>;
}

/// That a question stands otherwise than before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changed {
    /// Which.
    pub id: String,
    /// How it stands now.
    pub standing: Standing,
    /// The number of the change.
    pub change: i64,
}
