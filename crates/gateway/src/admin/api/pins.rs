//! Definitions of tools that are in quarantine, and accepting them.

use std::sync::Arc;

use axum::extract::{Extension, Json, State};
use axum::http::StatusCode;
use interlock_audit::{Detail, Lifecycle, LifecycleKind};
use interlock_catalog::Fingerprint;
use interlock_store::{AcceptOutcome, Acceptance};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::super::Desk;
use super::super::entry::Operator;
use super::super::problem::Problem;
use super::{FromBody, FromPath, FromQuery, record, said, unavailable};
use crate::approvals::Account;
use crate::pins::{Pinning, Quarantined};

/// Tools on a page unless it is said otherwise, and at most.
const PAGE: usize = 50;
const LONGEST_PAGE: usize = 200;
/// Tools that one request accepts.
const MOST: usize = 1_000;

/// Servers that have tools in quarantine.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PinList {
    servers: Vec<PinsOfServer>,
}

/// One of them.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PinsOfServer {
    server: String,
    /// How many of its tools are hidden and denied.
    quarantined: u64,
}

/// Which tools.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub(crate) struct Wanted {
    /// So many on a page.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<usize>,
    /// The `next` of the page before.
    after: Option<String>,
}

/// A page of tools in quarantine, by name.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct QuarantinePage {
    tools: Vec<Quarantined>,
    /// Where the next page begins; not there on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

/// Definitions that an operator accepts.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewAcceptance {
    #[schema(min_items = 1, max_items = 1000)]
    tools: Vec<Seen>,
}

/// One of them, as it was looked at.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Seen {
    tool: String,
    /// The definition's fingerprint: `shown` of what was looked at.
    #[schema(min_length = 64, max_length = 64)]
    fingerprint: String,
}

/// What became of an operator's word.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AcceptanceReport {
    tools: Vec<Accepted>,
}

/// The same of one tool.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Accepted {
    tool: String,
    outcome: Outcome,
}

#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Outcome {
    /// It may be called as it was looked at.
    Accepted,
    /// It was accepted already.
    Already,
    /// Its server has shown another definition since, or there is no such tool.
    Outdated,
}

impl From<AcceptOutcome> for Outcome {
    fn from(outcome: AcceptOutcome) -> Self {
        match outcome {
            AcceptOutcome::Accepted => Self::Accepted,
            AcceptOutcome::Already => Self::Already,
            AcceptOutcome::Outdated => Self::Outdated,
        }
    }
}

/// Servers that have tools in quarantine
#[utoipa::path(get, path = "/api/v1/pins", tag = "pins", security(("operator" = [])),
    responses(
        (status = 200, description = "The servers, with how many tools", body = PinList),
        (status = 503, description = "The store or the log does not answer", body = Problem,
            content_type = "application/problem+json"),
    ))]
pub(crate) async fn list(
    State(desk): State<Arc<Desk>>,
    Extension(operator): Extension<Operator>,
) -> Result<Json<PinList>, Problem> {
    record(desk.operated.front.gateway(), LifecycleKind::Read, &operator, "pins list", &[])?;
    let found = pinning(&desk)?.quarantines().await.map_err(unavailable)?;
    let servers = found.into_iter().map(|(server, quarantined)| PinsOfServer { server, quarantined });
    Ok(Json(PinList { servers: servers.collect() }))
}

/// A server's tools that are in quarantine, with what is different
#[utoipa::path(get, path = "/api/v1/pins/{server}", tag = "pins", security(("operator" = [])),
    params(("server" = String, Path, description = "Its name"), Wanted),
    responses(
        (status = 200, description = "A page of them", body = QuarantinePage),
        (status = 400, description = "What is wanted cannot be understood", body = Problem,
            content_type = "application/problem+json"),
        (status = 503, description = "The store or the log does not answer", body = Problem,
            content_type = "application/problem+json"),
    ))]
pub(crate) async fn show(
    State(desk): State<Arc<Desk>>,
    Extension(operator): Extension<Operator>,
    server: FromPath<String>,
    wanted: FromQuery<Wanted>,
) -> Result<Json<QuarantinePage>, Problem> {
    let (server, Wanted { limit, after }) = (said(server)?.0, said(wanted)?.0);
    let limit = limit.unwrap_or(PAGE);
    if limit == 0 || limit > LONGEST_PAGE {
        return Err(Problem::new(StatusCode::BAD_REQUEST, "`limit` is from 1 to 200"));
    }
    let more = [("server", server.as_str())];
    record(desk.operated.front.gateway(), LifecycleKind::Read, &operator, "pins diff", &more)?;
    let pins = pinning(&desk)?.pins_of(&server).await.map_err(unavailable)?;
    let is_wanted = |tool: &str| after.as_deref().is_none_or(|after| tool > after);
    let mut waiting = pins.iter().filter(|pin| pin.is_quarantined && is_wanted(&pin.tool));
    let tools = waiting.by_ref().take(limit).map(|pin| Quarantined::new(pin, &pins));
    let tools = tools.collect::<Result<Vec<_>, _>>().map_err(|error| {
        tracing::error!("pins of `{server}`: {error}");
        Problem::new(StatusCode::INTERNAL_SERVER_ERROR, error.to_string())
    })?;
    let next = waiting.next().and_then(|_| tools.last().map(|last| last.tool.clone()));
    Ok(Json(QuarantinePage { tools, next }))
}

/// Accept definitions as they were looked at
#[utoipa::path(post, path = "/api/v1/pins/{server}/accept", tag = "pins", security(("operator" = [])),
    params(("server" = String, Path, description = "Its name")), request_body = NewAcceptance,
    responses(
        (status = 200, description = "What became of each; what a server has changed once more since is not accepted",
            body = AcceptanceReport),
        (status = 422, description = "A fingerprint is none, or there are no tools or too many", body = Problem,
            content_type = "application/problem+json"),
        (status = 503, description = "The store does not answer, or it cannot be recorded: nothing is accepted",
            body = Problem, content_type = "application/problem+json"),
    ))]
pub(crate) async fn accept(
    State(desk): State<Arc<Desk>>,
    Extension(operator): Extension<Operator>,
    server: FromPath<String>,
    body: FromBody<NewAcceptance>,
) -> Result<Json<AcceptanceReport>, Problem> {
    let (server, NewAcceptance { tools }) = (said(server)?.0, said(body)?.0);
    let unfit = |why: &str| Problem::new(StatusCode::UNPROCESSABLE_ENTITY, why);
    if tools.is_empty() || tools.len() > MOST {
        return Err(unfit("`tools` are from 1 to 1000"));
    }
    let seen = |Seen { tool, fingerprint }| Some((tool, *fingerprint.parse::<Fingerprint>().ok()?.bytes()));
    let tools: Option<Vec<(String, [u8; 32])>> = tools.into_iter().map(seen).collect();
    let tools = tools.ok_or_else(|| unfit("`fingerprint` is `shown` of a tool: 64 hexadecimal digits"))?;
    let by = Account::Operator(operator.0.to_string()).to_string();
    let accepting = Accepting { desk: &desk, server: &server, by: &by };
    accepting.record("accepted", &tools)?;
    let acceptance = Acceptance { server: server.clone(), tools: tools.clone(), by: by.clone() };
    let gateway = desk.operated.front.gateway();
    let outcomes = pinning(&desk)?.accept(gateway, acceptance).await.map_err(unavailable)?;
    let judged = tools.into_iter().zip(outcomes);
    let (outdated, tools): (Vec<_>, Vec<_>) = judged
        .map(|(seen, outcome)| {
            let report = Accepted { tool: seen.0.clone(), outcome: outcome.into() };
            ((outcome == AcceptOutcome::Outdated).then_some(seen), report)
        })
        .unzip();
    let outdated: Vec<_> = outdated.into_iter().flatten().collect();
    if !outdated.is_empty() {
        accepting.record("not accepted: changed once more since they were shown", &outdated)?;
    }
    Ok(Json(AcceptanceReport { tools }))
}

/// Whose word for what is recorded.
struct Accepting<'a> {
    desk: &'a Desk,
    server: &'a str,
    by: &'a str,
}

impl Accepting<'_> {
    fn record(&self, what: &str, tools: &[(String, [u8; 32])]) -> Result<(), Problem> {
        let prints: Vec<String> =
            tools.iter().map(|(_, digest)| Fingerprint::from(*digest).to_string()).collect();
        let prints: Vec<&str> = prints.iter().map(String::as_str).collect();
        let tools: Vec<&str> = tools.iter().map(|(tool, _)| tool.as_str()).collect();
        let event = Lifecycle {
            server: Some(self.server),
            reason: Some(what),
            details: &[
                ("by", Detail::Text(self.by)),
                ("tools", Detail::List(&tools)),
                ("fingerprints", Detail::List(&prints)),
            ],
            ..Lifecycle::new(LifecycleKind::Pin)
        };
        let recorded = self.desk.operated.front.gateway().recorder.lifecycle(event);
        recorded.map(drop).map_err(|error| {
            tracing::error!("definitions are not accepted, because it cannot be recorded: {error}");
            Problem::new(StatusCode::SERVICE_UNAVAILABLE, "it cannot be recorded, so it is not done")
        })
    }
}

fn pinning(desk: &Desk) -> Result<&Pinning, Problem> {
    let pinning = desk.operated.front.gateway().pinning();
    pinning.ok_or_else(|| Problem::new(StatusCode::SERVICE_UNAVAILABLE, "nothing keeps pins here"))
}
