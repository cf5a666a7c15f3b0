//! Decision links: whoever has one decides about one call, in one way, in the name that the link says.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::rejection::FormRejection;
use axum::extract::{Form, Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Redirect, Response};
use interlock_audit::RefusalCategory;
use interlock_gateway::approvals::Looked;
use interlock_gateway::{DecisionLink, NotALink};

use crate::approvals::{ApprovalPage, DecisionForm, Outcome, Said, decided, may_say};
use crate::arrived::Arrived;
use crate::{Console, answer, login};

/// Shows the call. Programs that look at links decide nothing.
pub(crate) async fn show(
    State(console): State<Arc<Console>>,
    Arrived { from, .. }: Arrived,
    Path(text): Path<String>,
) -> Response {
    let link = match open(&console, from, &text).await {
        Ok(link) => link,
        Err(response) => return *response,
    };
    let looked = match console.operations.decisions().look(&link.approval).await {
        Ok(Some(looked)) => looked,
        Ok(None) => return unknown(&console, from, &link).await,
        Err(error) => return answer::unavailable(None, &error),
    };
    let (by, id) = (link.account().to_string(), &looked.approval.question.id);
    if let Err(error) = console.operations.read(&by, "decision link", Some(id)) {
        return answer::unavailable(None, &error);
    }
    shown_by(&link, &text, &looked, StatusCode::OK, None, None)
}

/// Decides.
pub(crate) async fn decide(
    State(console): State<Arc<Console>>,
    Arrived { from, .. }: Arrived,
    Path(text): Path<String>,
    said: Result<Form<Said>, FormRejection>,
) -> Response {
    let link = match open(&console, from, &text).await {
        Ok(link) => link,
        Err(response) => return *response,
    };
    // Its button says what the link says: nothing else is one of its forms.
    let said = match said {
        Ok(Form(said)) if said.approves() == link.approves => said,
        _ => return login::malformed(&console, from, None).await,
    };
    match decided(&console, &link.approval, &link.account(), &said).await {
        Outcome::Counted => Redirect::to(&place(&text)).into_response(),
        Outcome::Unknown => unknown(&console, from, &link).await,
        Outcome::Failed(error) => answer::unavailable(None, &error),
        Outcome::Not { status, looked, notice, problem } => {
            let written = problem.map(|problem| (said.written(), problem));
            shown_by(&link, &text, &looked, status, notice, written)
        }
    }
}

fn place(text: &str) -> String {
    format!("/console/links/{text}")
}

async fn open(console: &Console, from: IpAddr, text: &str) -> Result<DecisionLink, Box<Response>> {
    let now_ms = match console.operations.decisions().now_ms().await {
        Ok(now_ms) => now_ms,
        Err(error) => return Err(Box::new(answer::unavailable(None, &error))),
    };
    let error = match DecisionLink::open(text, console.operations.link_key(), now_ms) {
        Ok(link) => return Ok(link),
        Err(error) => error,
    };
    let (status, category, heading, advice) = match error {
        NotALink::Altered => (
            StatusCode::NOT_FOUND,
            RefusalCategory::Unauthenticated,
            "This is not a decision link",
            "It may have been cut off on its way. Nothing was decided.",
        ),
        NotALink::Expired => (
            StatusCode::GONE,
            RefusalCategory::Approval,
            "This decision link has expired",
            "The call was not decided with it, and it can be no more.",
        ),
    };
    console.refuse(from, category, status, &error.to_string()).await;
    Err(Box::new(answer::message(status, None, heading, advice)))
}

fn shown_by(
    link: &DecisionLink,
    text: &str,
    looked: &Looked,
    status: StatusCode,
    notice: Option<String>,
    written: Option<(String, String)>,
) -> Response {
    let account = link.account();
    let sheet = looked.sheet();
    let mut page = ApprovalPage::new(looked, &sheet, &account);
    let (reason, problem) = written.map_or((String::new(), None), |(text, problem)| (text, Some(problem)));
    page.form = may_say(looked, &account).then(|| DecisionForm {
        action: place(text),
        token: String::new(),
        asks_token: false,
        approves: link.approves,
        denies: !link.approves,
        reason,
        problem,
    });
    page.notice = notice;
    answer::page(status, &page)
}

async fn unknown(console: &Console, from: IpAddr, link: &DecisionLink) -> Response {
    let status = StatusCode::NOT_FOUND;
    let reason = format!("{} used a decision link for a call that is not known any more", link.account());
    console.refuse(from, RefusalCategory::Unroutable, status, &reason).await;
    answer::message(status, None, "The call of this link is not known any more", "Nothing was decided.")
}
