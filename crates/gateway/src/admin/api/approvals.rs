//! Calls that wait for a person, and their decision.

use std::sync::Arc;

use axum::extract::{Extension, Json, State};
use axum::http::StatusCode;
use interlock_audit::LifecycleKind;
use interlock_store::Which;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::super::Desk;
use super::super::entry::{CameFrom, Operator};
use super::super::problem::Problem;
use super::{FromBody, FromPath, FromQuery, record, said, unavailable};
use crate::approvals::{Account, Decided, NotDecided, Report, Saying, Sheet, Summary, reason, standing};

/// Calls on a page unless it is said otherwise, and at most.
const PAGE: usize = 50;
const LONGEST_PAGE: usize = 200;
/// Letters of a call's whole name.
const WHOLE_NAME: usize = 32;

/// Which calls.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub(crate) struct Wanted {
    /// Those that are `waiting`, `approved`, `denied`, `expired`, `used` or `withdrawn`.
    state: Option<String>,
    /// Of this grant.
    grant: Option<String>,
    /// Of this server.
    server: Option<String>,
    /// Of this tool, resource or prompt.
    name: Option<String>,
    /// So many on a page.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<usize>,
    /// The `next` of the page before.
    before: Option<i64>,
}

/// A page of calls, those that changed last first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ApprovalPage {
    approvals: Vec<Summary>,
    /// Where the next page begins; not there on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<i64>,
}

/// One call with all that helps to decide.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WholeApproval {
    #[serde(flatten)]
    report: Report,
    /// The last decisions about the same name of the same server, the last first.
    similar: Vec<Summary>,
    /// What of the call hides something or imitates other letters: where, and what it is.
    marked: Vec<String>,
}

/// What an operator says of a call.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewDecision {
    /// Whether exactly this call may be made, once.
    approve: bool,
    /// Why, for the audit log and, of a refusal, the agent.
    #[schema(max_length = 1000)]
    reason: Option<String>,
}

/// A decision that counts.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Decision {
    /// What came of it, in words.
    message: String,
    /// The call as it stands now.
    approval: Summary,
}

/// Calls that wait or waited for a person, those that changed last first
#[utoipa::path(get, path = "/api/v1/approvals", tag = "approvals", security(("operator" = [])), params(Wanted),
    responses(
        (status = 200, description = "A page of them", body = ApprovalPage),
        (status = 400, description = "What is wanted cannot be understood", body = Problem,
            content_type = "application/problem+json"),
        (status = 503, description = "The store or the log does not answer", body = Problem,
            content_type = "application/problem+json"),
    ))]
pub(crate) async fn list(
    State(desk): State<Arc<Desk>>,
    Extension(operator): Extension<Operator>,
    wanted: FromQuery<Wanted>,
) -> Result<Json<ApprovalPage>, Problem> {
    let wanted = said(wanted)?.0;
    let unfit = |what: &str| Problem::new(StatusCode::BAD_REQUEST, what);
    let limit = wanted.limit.unwrap_or(PAGE);
    if limit == 0 || limit > LONGEST_PAGE {
        return Err(unfit("`limit` is from 1 to 200"));
    }
    let state = wanted.state.as_deref().map(|state| {
        let unknown = "`state` is `waiting`, `approved`, `denied`, `expired`, `used` or `withdrawn`";
        standing(state).ok_or_else(|| unfit(unknown))
    });
    let which = Which {
        bare: false,
        standing: state.transpose()?,
        grant: wanted.grant,
        server: wanted.server,
        name: wanted.name,
        before: wanted.before,
    };
    record(desk.operated.front.gateway(), LifecycleKind::Read, &operator, "approvals", &[])?;
    let (found, more) = desk.decisions.list(which, limit).await.map_err(unavailable)?;
    let next = found.last().filter(|_| more).map(|last| last.change);
    Ok(Json(ApprovalPage { approvals: found.iter().map(Summary::new).collect(), next }))
}

/// One call with all that helps to decide
#[utoipa::path(get, path = "/api/v1/approvals/{id}", tag = "approvals", security(("operator" = [])),
    params(("id" = String, Path, description = "Its whole name")),
    responses(
        (status = 200, description = "The call", body = WholeApproval),
        (status = 404, description = "There is none of this name", body = Problem,
            content_type = "application/problem+json"),
        (status = 503, description = "The store or the log does not answer", body = Problem,
            content_type = "application/problem+json"),
    ))]
pub(crate) async fn show(
    State(desk): State<Arc<Desk>>,
    Extension(operator): Extension<Operator>,
    Extension(from): Extension<CameFrom>,
    id: FromPath<String>,
) -> Result<Json<WholeApproval>, Problem> {
    let id = said(id)?.0;
    let Some(looked) = desk.decisions.look(&id).await.map_err(unavailable)? else {
        return Err(unknown(&desk, &id, from, &operator).await);
    };
    let more = [("approval", looked.approval.question.id.as_str())];
    record(desk.operated.front.gateway(), LifecycleKind::Read, &operator, "approval", &more)?;
    Ok(Json(WholeApproval {
        report: Report::new(&looked.approval),
        similar: looked.similar.iter().map(Summary::new).collect(),
        marked: Sheet::of_call(&looked.approval).marked.iter().map(ToString::to_string).collect(),
    }))
}

/// Allow a call once, or refuse it
#[utoipa::path(post, path = "/api/v1/approvals/{id}/decision", tag = "approvals", security(("operator" = [])),
    params(("id" = String, Path, description = "Its whole name")), request_body = NewDecision,
    responses(
        (status = 200, description = "It counts; more people may be needed", body = Decision),
        (status = 403, description = "The policy names other approvers", body = Problem,
            content_type = "application/problem+json"),
        (status = 404, description = "There is none of this name", body = Problem,
            content_type = "application/problem+json"),
        (status = 409, description = "The call waits no more, or this operator has decided already", body = Problem,
            content_type = "application/problem+json"),
        (status = 422, description = "The reason is empty or too long", body = Problem,
            content_type = "application/problem+json"),
        (status = 500, description = "It is decided, and the log does not have what came of it", body = Problem,
            content_type = "application/problem+json"),
        (status = 503, description = "The store does not answer, or it cannot be recorded: nothing is decided",
            body = Problem, content_type = "application/problem+json"),
    ))]
pub(crate) async fn decide(
    State(desk): State<Arc<Desk>>,
    Extension(operator): Extension<Operator>,
    Extension(from): Extension<CameFrom>,
    id: FromPath<String>,
    body: FromBody<NewDecision>,
) -> Result<Json<Decision>, Problem> {
    let (id, NewDecision { approve, reason: why }) = (said(id)?.0, said(body)?.0);
    let unfit = |why: String| Problem::new(StatusCode::UNPROCESSABLE_ENTITY, why);
    let why = why.as_deref().map(reason).transpose().map_err(unfit)?;
    let by = Account::Operator(operator.0.to_string());
    let saying = Saying { by: &by, approves: approve, reason: why.as_deref() };
    let decided = desk.decisions.decide(&id, &saying).await.map_err(|error| not_decided(&error))?;
    let message = decided.said(&by);
    match decided {
        Decided::Counted(now) => Ok(Json(Decision { message, approval: Summary::new(&now) })),
        Decided::NotAllowed(_) => Err(Problem::new(StatusCode::FORBIDDEN, message)),
        Decided::Again(_) | Decided::TooLate(_) => Err(Problem::new(StatusCode::CONFLICT, message)),
        Decided::Unknown => Err(unknown(&desk, &id, from, &operator).await),
    }
}

fn not_decided(error: &NotDecided) -> Problem {
    let status = match error {
        NotDecided::Store(_) | NotDecided::NotRecorded(_) => StatusCode::SERVICE_UNAVAILABLE,
        NotDecided::Unrecorded { .. } => StatusCode::INTERNAL_SERVER_ERROR,
    };
    tracing::error!("a decision: {error}");
    Problem::new(status, error.to_string())
}

/// A name that nothing has may be a guess, and is recorded.
async fn unknown(desk: &Desk, id: &str, CameFrom(from): CameFrom, operator: &Operator) -> Problem {
    // Commands know calls by the beginning of their names, and show no more of them.
    let only_begins = id.len() < WHOLE_NAME;
    let problem = Problem::not_found(if only_begins {
        "no such call waits or waited here; the whole name is needed here"
    } else {
        "no such call waits or waited here"
    });
    let reason = format!("operator:{} named a call that does not wait here", operator.0);
    desk.refused(from, problem.category(), problem.status(), &reason).await;
    problem
}
