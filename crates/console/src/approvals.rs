//! What waits for a person, and its decision, for operators.

use std::sync::Arc;
use std::time::Instant;

use askama::Template;
use axum::extract::rejection::{FormRejection, QueryRejection};
use axum::extract::{Form, Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Redirect, Response};
use interlock_audit::RefusalCategory;
use interlock_gateway::approvals::shown::{self, Piece};
use interlock_gateway::approvals::{
    Account, Decided, Looked, Saying, Sheet, details, length, reason, subject, word, yes,
};
use interlock_store::{Approval, Standing, Which};
use serde::Deserialize;

use crate::arrived::Arrived;
use crate::sessions::Visit;
use crate::sheet::{Entry, entries, explained};
use crate::{Console, answer, login};

/// Where the list is.
pub(crate) const LIST: &str = "/console/approvals";
/// Calls on a page.
const PAGE: usize = 50;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Wanted {
    /// All, whatever became of them.
    all: Option<String>,
    /// Those before this change.
    before: Option<i64>,
    /// The page fetches itself anew.
    auto: Option<String>,
    /// It does not.
    still: Option<String>,
}

#[derive(Template)]
#[template(path = "list.html")]
struct ListPage<'a> {
    visit: Option<&'a Visit>,
    rows: Vec<Row>,
    all: bool,
    /// Whether it fetches itself anew.
    renews: bool,
    next: Option<i64>,
}

struct Row {
    id: String,
    subject: Vec<Piece>,
    server: Vec<Piece>,
    grant: Vec<Piece>,
    rule: Vec<Piece>,
    state: &'static str,
    age: String,
    left: String,
}

/// One call, and what can be done about it.
#[derive(Template)]
#[template(path = "approval.html")]
pub(crate) struct ApprovalPage<'a> {
    pub(crate) visit: Option<&'a Visit>,
    heading: Vec<Piece>,
    /// What has just come of it.
    pub(crate) notice: Option<String>,
    state: &'static str,
    stands: String,
    entries: Vec<Entry<'a>>,
    marked: Vec<String>,
    more_marked: usize,
    /// In whose name one would decide.
    account: String,
    pub(crate) form: Option<DecisionForm>,
}

/// How one decides.
pub(crate) struct DecisionForm {
    /// Where it is sent.
    pub(crate) action: String,
    /// What tells it from forms of other pages, where there is a session.
    pub(crate) token: String,
    /// Whether the operator's token is asked for once more.
    pub(crate) asks_token: bool,
    pub(crate) approves: bool,
    pub(crate) denies: bool,
    /// What was written before.
    pub(crate) reason: String,
    /// What was wrong with that.
    pub(crate) problem: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Said {
    #[serde(default)]
    form: String,
    /// The operator's token, where it is asked for.
    #[serde(default)]
    token: String,
    verdict: Verdict,
    #[serde(default)]
    reason: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Verdict {
    Approve,
    Deny,
}

impl Said {
    /// The reason as browsers send it, its lines ended by two letters; none where nothing was written.
    pub(crate) fn reason(&self) -> Result<Option<String>, String> {
        let text = self.reason.replace("\r\n", "\n");
        if text.trim().is_empty() { Ok(None) } else { reason(&text).map(Some) }
    }

    pub(crate) fn approves(&self) -> bool {
        self.verdict == Verdict::Approve
    }

    pub(crate) fn written(&self) -> String {
        self.reason.clone()
    }
}

pub(crate) async fn list(
    State(console): State<Arc<Console>>,
    arrived: Arrived,
    wanted: Result<Query<Wanted>, QueryRejection>,
) -> Response {
    let Wanted { all, before, auto, still } = wanted.map(|wanted| wanted.0).unwrap_or_default();
    let visit = match login::visitor(&console, &arrived, LIST, auto.is_none()) {
        Ok(visit) => visit,
        Err(response) => return *response,
    };
    let all = all.is_some();
    // What a page fetches by itself is not one more look.
    let is_renewed = auto.is_some() && !all && before.is_none();
    if !is_renewed && let Err(error) = console.operations.read(&visit.operator, "console approvals", None) {
        return answer::unavailable(Some(&visit), &error);
    }
    let standing = (!all).then_some(Standing::Waiting);
    let which = Which { standing, before, ..Which::default() };
    let desk = console.operations.decisions();
    let found = match desk.list(which, PAGE).await {
        Ok(found) => desk.now_ms().await.map(|now_ms| (found, now_ms)),
        Err(error) => Err(error),
    };
    match found {
        Ok(((found, more), now_ms)) => {
            let rows = found.iter().map(|approval| Row::new(approval, now_ms)).collect();
            let next = found.last().filter(|_| more).map(|last| last.change);
            let renews = before.is_none() && !all && still.is_none();
            answer::page(StatusCode::OK, &ListPage { visit: Some(&visit), rows, all, renews, next })
        }
        Err(error) => answer::unavailable(Some(&visit), &error),
    }
}

impl Row {
    fn new(approval: &Approval, now_ms: i64) -> Self {
        let question = &approval.question;
        let open = matches!(approval.standing, Standing::Waiting | Standing::Approved);
        let left = length(approval.expires_ms.saturating_sub(now_ms));
        let rule = details(question).map(|details| details.rule_name.unwrap_or(details.rule));
        let pieces = |text: &str| shown::line(text).pieces;
        Self {
            id: question.id.clone(),
            subject: pieces(&subject(&question.section, &question.name)),
            server: pieces(&question.server),
            grant: pieces(&question.asker.grant),
            rule: pieces(&rule.unwrap_or_default()),
            state: word(approval.standing),
            age: length(now_ms.saturating_sub(approval.asked_ms)),
            left: if open { left } else { "–".to_owned() },
        }
    }
}

/// Where one call is shown.
fn place(id: &str) -> String {
    format!("{LIST}/{id}")
}

pub(crate) async fn show(
    State(console): State<Arc<Console>>,
    arrived: Arrived,
    Path(id): Path<String>,
) -> Response {
    let visit = match login::visitor(&console, &arrived, &place(&id), true) {
        Ok(visit) => visit,
        Err(response) => return *response,
    };
    let looked = match console.operations.decisions().look(&id).await {
        Ok(Some(looked)) => looked,
        Ok(None) => return unknown(&console, arrived.from, &visit).await,
        Err(error) => return answer::unavailable(Some(&visit), &error),
    };
    let id = &looked.approval.question.id;
    if let Err(error) = console.operations.read(&visit.operator, "console approval", Some(id)) {
        return answer::unavailable(Some(&visit), &error);
    }
    shown_to(&Viewer::new(&visit, &arrived), &looked, StatusCode::OK, None, None)
}

pub(crate) async fn decide(
    State(console): State<Arc<Console>>,
    arrived: Arrived,
    Path(id): Path<String>,
    said: Result<Form<Said>, FormRejection>,
) -> Response {
    let visit = match login::visitor(&console, &arrived, &place(&id), true) {
        Ok(visit) => visit,
        Err(response) => {
            let reason = "a decision was sent without a session of the console";
            let status = response.status();
            console.refuse(arrived.from, RefusalCategory::Unauthenticated, status, reason).await;
            return *response;
        }
    };
    let Ok(Form(said)) = said else { return login::malformed(&console, arrived.from, Some(&visit)).await };
    if !visit.sent(&said.form) {
        return login::forged(&console, arrived.from, &visit).await;
    }
    let viewer = Viewer::new(&visit, &arrived);
    if viewer.asks_token && !is_theirs(&console, &arrived, &visit, &said.token).await {
        return not_theirs(&console, &id, &viewer, &said).await;
    }
    let by = Account::Operator(visit.operator.clone());
    match decided(&console, &id, &by, &said).await {
        Outcome::Counted => Redirect::to(&place(&id)).into_response(),
        Outcome::Unknown => unknown(&console, arrived.from, &visit).await,
        Outcome::Failed(error) => answer::unavailable(Some(&visit), &error),
        Outcome::Not { status, looked, notice, problem } => {
            let written = problem.map(|problem| (said.written(), problem));
            shown_to(&viewer, &looked, status, notice, written)
        }
    }
}

/// Who looks at a page.
struct Viewer<'a> {
    visit: &'a Visit,
    /// Browsers send cookies to every port of a host: without encryption a session proves too little for a decision.
    asks_token: bool,
}

impl<'a> Viewer<'a> {
    fn new(visit: &'a Visit, arrived: &Arrived) -> Self {
        Self { visit, asks_token: !arrived.is_encrypted.0 }
    }
}

/// Whether a token is one of the operator's whose session it is.
async fn is_theirs(console: &Console, arrived: &Arrived, visit: &Visit, token: &str) -> bool {
    let login = console.operations.log_in(token.trim()).await;
    if login.is_some_and(|login| login.operator() == visit.operator) {
        console.attempts.got_in(arrived.from);
        return true;
    }
    let by = &visit.operator;
    let (category, status, reason) = if console.attempts.may_try(arrived.from, Instant::now()) {
        let reason = format!("a decision was sent in the session of operator:{by} without their token");
        (RefusalCategory::Unauthenticated, StatusCode::FORBIDDEN, reason)
    } else {
        let reason = "too many tries to decide without a token".to_owned();
        (RefusalCategory::Limit, StatusCode::TOO_MANY_REQUESTS, reason)
    };
    console.refuse(arrived.from, category, status, &reason).await;
    false
}

/// Nothing is decided without the token.
async fn not_theirs(console: &Console, id: &str, viewer: &Viewer<'_>, said: &Said) -> Response {
    let problem =
        "Nothing was decided: this is not your token. After ten tries in a minute it takes another minute.";
    match console.operations.decisions().look(id).await {
        Ok(Some(looked)) => {
            let written = Some((said.written(), problem.to_owned()));
            shown_to(viewer, &looked, StatusCode::FORBIDDEN, None, written)
        }
        Ok(None) => {
            answer::message(StatusCode::NOT_FOUND, Some(viewer.visit), "No such call waits here", problem)
        }
        Err(error) => answer::unavailable(Some(viewer.visit), &error),
    }
}

/// What came of a form.
pub(crate) enum Outcome {
    Counted,
    Unknown,
    Failed(String),
    /// It does not count: the call as it stands, and why.
    Not {
        status: StatusCode,
        looked: Box<Looked>,
        notice: Option<String>,
        problem: Option<String>,
    },
}

/// Says what a form says, in this name.
pub(crate) async fn decided(console: &Console, id: &str, by: &Account, said: &Said) -> Outcome {
    let desk = console.operations.decisions();
    let (status, notice, problem) = match said.reason() {
        Err(problem) => (StatusCode::UNPROCESSABLE_ENTITY, None, Some(problem)),
        Ok(reason) => {
            let saying = Saying { by, approves: said.approves(), reason: reason.as_deref() };
            let decided = match desk.decide(id, &saying).await {
                Ok(decided) => decided,
                Err(error) => return Outcome::Failed(error.to_string()),
            };
            let status = match &decided {
                Decided::Counted(_) => return Outcome::Counted,
                Decided::Unknown => return Outcome::Unknown,
                Decided::NotAllowed(_) => StatusCode::FORBIDDEN,
                Decided::Again(_) | Decided::TooLate(_) => StatusCode::CONFLICT,
            };
            (status, Some(decided.said(by)), None)
        }
    };
    match desk.look(id).await {
        Ok(Some(looked)) => Outcome::Not { status, looked: Box::new(looked), notice, problem },
        Ok(None) => Outcome::Unknown,
        Err(error) => Outcome::Failed(error.to_string()),
    }
}

fn shown_to(
    &Viewer { visit, asks_token }: &Viewer<'_>,
    looked: &Looked,
    status: StatusCode,
    notice: Option<String>,
    written: Option<(String, String)>,
) -> Response {
    let account = Account::Operator(visit.operator.clone());
    let sheet = looked.sheet();
    let mut page = ApprovalPage::new(looked, &sheet, &account);
    let (reason, problem) = written.map_or((String::new(), None), |(text, problem)| (text, Some(problem)));
    page.form = may_say(looked, &account).then(|| DecisionForm {
        action: format!("{}/decision", place(&looked.approval.question.id)),
        token: visit.form.clone(),
        asks_token,
        approves: true,
        denies: true,
        reason,
        problem,
    });
    (page.visit, page.notice) = (Some(visit), notice);
    answer::page(status, &page)
}

/// Whether this account's word would count.
pub(crate) fn may_say(looked: &Looked, account: &Account) -> bool {
    let Approval { question, standing, opinions, .. } = &looked.approval;
    let by = account.to_string();
    *standing == Standing::Waiting
        && account.may_decide(&question.approvers)
        && !opinions.iter().any(|opinion| opinion.by == by)
}

impl<'a> ApprovalPage<'a> {
    /// The call as it stands, without anything that can be done about it.
    pub(crate) fn new(looked: &Looked, sheet: &'a Sheet, account: &Account) -> Self {
        let question = &looked.approval.question;
        let heading = format!("{} at {}", subject(&question.section, &question.name), question.server);
        let (marked, more_marked) = explained(sheet);
        Self {
            visit: None,
            heading: shown::line(&heading).pieces,
            notice: None,
            state: word(looked.approval.standing),
            stands: stands(looked, account),
            entries: entries(sheet),
            marked,
            more_marked,
            account: account.to_string(),
            form: None,
        }
    }
}

/// How a call stands, for this account.
fn stands(looked: &Looked, account: &Account) -> String {
    let Approval { question, opinions, standing, expires_ms, .. } = &looked.approval;
    let left = length(expires_ms.saturating_sub(looked.now_ms));
    let by = account.to_string();
    let has_spoken = opinions.iter().any(|opinion| opinion.by == by);
    let count = format!("{} of {} approvals", yes(&looked.approval), question.needed);
    match standing {
        Standing::Waiting if has_spoken => {
            format!("You have approved it. It has {count} and waits for other people, {left} more.")
        }
        Standing::Waiting if !account.may_decide(&question.approvers) => {
            format!(
                "It waits, {left} more, and is not yours to decide: the policy names who may, and not {by}."
            )
        }
        Standing::Waiting if question.needed > 1 => {
            format!("It waits for your decision, {left} more. It has {count}.")
        }
        Standing::Waiting => format!("It waits for your decision, {left} more."),
        Standing::Approved => format!("It is approved, and may be made once in the next {left}."),
        Standing::Denied => "It is denied. The agent is told the reason.".to_owned(),
        Standing::Expired => "It has expired: it was not decided, or not made, in time.".to_owned(),
        Standing::Used => "It was approved and has been made.".to_owned(),
        Standing::Withdrawn => {
            "Nobody asks this any more: what policies or the server say of it has changed, and the call is judged anew.".to_owned()
        }
    }
}

async fn unknown(console: &Console, from: std::net::IpAddr, visit: &Visit) -> Response {
    let status = StatusCode::NOT_FOUND;
    let reason = format!("operator:{} opened the page of a call that does not wait here", visit.operator);
    console.refuse(from, RefusalCategory::Unroutable, status, &reason).await;
    let text = "Its address is wrong, or it ended so long ago that it is forgotten.";
    answer::message(status, Some(visit), "No such call waits or waited here", text)
}
