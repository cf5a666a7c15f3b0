//! Servers: those of the file, and those that are registered.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Extension, Json, State};
use axum::http::StatusCode;
use interlock_audit::LifecycleKind;
use interlock_store::ServerEntry;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;

use super::super::Desk;
use super::super::configuration::{ConfiguredServer, Source};
use super::super::entry::Operator;
use super::super::problem::Problem;
use super::{FromBody, FromPath, record, said, unavailable};
use crate::record::now_ms;
use crate::registration::Registration;

/// How long a change may take to be in force.
const IN_FORCE: Duration = Duration::from_secs(15);

/// One server.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ServerReport {
    name: String,
    source: Source,
    /// `command` or `url`.
    transport: &'static str,
    /// The program, or the address; without arguments, which may hold secrets.
    reached: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    policy: Option<String>,
    /// The grants that may use it, each with its policy file, or `server` for the server's own.
    grants: BTreeMap<String, String>,
    /// Whether it is in force.
    in_force: bool,
    /// Why it is not.
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<String>,
    /// What went wrong with it last, where it has not answered since.
    #[serde(skip_serializing_if = "Option::is_none")]
    trouble: Option<String>,
    /// Connections to it that are open now.
    connections: usize,
}

/// All servers.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ServerList {
    servers: Vec<ServerReport>,
    /// Why what the file says now is not in force, where it is not.
    #[serde(skip_serializing_if = "Option::is_none")]
    mistake: Option<String>,
}

/// A server to register.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct NewServer {
    /// Letters, digits, `-`, `_` and `.`
    name: String,
    #[serde(flatten)]
    registration: Registration,
}

/// What is flattened takes members that it does not know; a registration must not.
impl<'de> Deserialize<'de> for NewServer {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut members = serde_json::Map::deserialize(deserializer)?;
        let Some(serde_json::Value::String(name)) = members.remove("name") else {
            return Err(D::Error::custom("`name` is missing, or not text"));
        };
        let registration =
            Registration::deserialize(serde_json::Value::Object(members)).map_err(D::Error::custom)?;
        Ok(Self { name, registration })
    }
}

fn reports(desk: &Desk) -> Vec<ServerReport> {
    let open = desk.operated.front.open_connections();
    let report = |server: &ConfiguredServer| ServerReport {
        name: server.name.clone(),
        source: server.source,
        transport: server.transport,
        reached: server.reached.clone(),
        policy: server.policy.clone(),
        grants: server.grants.clone(),
        in_force: server.problem.is_none(),
        problem: server.problem.clone(),
        trouble: desk.operated.front.gateway().conditions.of(&server.name),
        connections: if server.problem.is_none() { open.get(&server.name).copied().unwrap_or(0) } else { 0 },
    };
    desk.operated.configuration.current().servers.iter().map(report).collect()
}

fn find(desk: &Desk, name: &str) -> Result<ServerReport, Problem> {
    let found = reports(desk).into_iter().find(|server| server.name == name);
    found.ok_or_else(|| Problem::not_found(format!("there is no server `{name}`")))
}

/// All servers, and their state
#[utoipa::path(get, path = "/api/v1/servers", tag = "servers", security(("operator" = [])),
    responses((status = 200, description = "All servers", body = ServerList)))]
pub(crate) async fn list(State(desk): State<Arc<Desk>>) -> Json<ServerList> {
    let mistake = desk.operated.configuration.current().mistake.clone();
    Json(ServerList { servers: reports(&desk), mistake })
}

/// One server
#[utoipa::path(get, path = "/api/v1/servers/{name}", tag = "servers", security(("operator" = [])),
    params(("name" = String, Path)),
    responses(
        (status = 200, description = "The server", body = ServerReport),
        (status = 404, description = "There is none of this name", body = Problem,
            content_type = "application/problem+json"),
    ))]
pub(crate) async fn show(
    State(desk): State<Arc<Desk>>,
    name: FromPath<String>,
) -> Result<Json<ServerReport>, Problem> {
    let name = said(name)?.0;
    find(&desk, &name).map(Json)
}

/// Register a server; it is in force when this answers
#[utoipa::path(post, path = "/api/v1/servers", tag = "servers", security(("operator" = [])),
    request_body = NewServer,
    responses(
        (status = 201, description = "It is registered", body = ServerReport),
        (status = 409, description = "There is one of this name", body = Problem,
            content_type = "application/problem+json"),
        (status = 422, description = "It cannot be reached so, or a grant or policy is missing", body = Problem,
            content_type = "application/problem+json"),
    ))]
pub(crate) async fn add(
    State(desk): State<Arc<Desk>>,
    Extension(operator): Extension<Operator>,
    body: FromBody<NewServer>,
) -> Result<(StatusCode, Json<ServerReport>), Problem> {
    let NewServer { name, registration } = said(body)?.0;
    let unfit = |why: String| Problem::new(StatusCode::UNPROCESSABLE_ENTITY, why);
    registration.check(&name).map_err(|error| unfit(error.to_string()))?;
    if find(&desk, &name).is_ok() {
        return Err(taken(&name));
    }
    let checked = {
        let (desk, name, registration) = (Arc::clone(&desk), name.clone(), registration.clone());
        tokio::task::spawn_blocking(move || (desk.operated.check)(&name, &registration)).await
    };
    checked.map_err(|_| unfit("it could not be checked".to_owned()))?.map_err(unfit)?;
    let definition = serde_json::to_string(&registration).map_err(|error| unfit(error.to_string()))?;
    let shown = registration.shown();
    let more = [("server", name.as_str()), ("reached", shown.as_str())];
    let gateway = desk.operated.front.gateway();
    record(gateway, LifecycleKind::Configuration, &operator, "server registered", &more)?;
    let entry = ServerEntry { name: name.clone(), definition, added_ms: now_ms() };
    if !desk.operated.servers.add_server(entry).await.map_err(unavailable)? {
        return Err(taken(&name));
    }
    in_force(&desk).await?;
    Ok((StatusCode::CREATED, Json(find(&desk, &name)?)))
}

/// Forget a registered server; only its own connections end
#[utoipa::path(delete, path = "/api/v1/servers/{name}", tag = "servers", security(("operator" = [])),
    params(("name" = String, Path)),
    responses(
        (status = 204, description = "It is gone"),
        (status = 404, description = "There is none of this name", body = Problem,
            content_type = "application/problem+json"),
        (status = 409, description = "It stands in the file, or a grant of the file names it", body = Problem,
            content_type = "application/problem+json"),
    ))]
pub(crate) async fn remove(
    State(desk): State<Arc<Desk>>,
    Extension(operator): Extension<Operator>,
    name: FromPath<String>,
) -> Result<StatusCode, Problem> {
    let name = said(name)?.0;
    let gone = || Problem::not_found(format!("there is no registered server `{name}`"));
    let registered = desk.operated.servers.servers().await.map_err(unavailable)?;
    if !registered.iter().any(|entry| entry.name == name) {
        let conflict = "it stands in the file, and is removed there";
        return Err(
            find(&desk, &name).map_or_else(|_| gone(), |_| Problem::new(StatusCode::CONFLICT, conflict))
        );
    }
    let configured = desk.operated.configuration.current();
    if configured.servers.iter().any(|server| server.name == name && server.is_named_in_file) {
        return Err(Problem::new(
            StatusCode::CONFLICT,
            "a grant of the file names it; take it out there first",
        ));
    }
    let gateway = desk.operated.front.gateway();
    record(gateway, LifecycleKind::Configuration, &operator, "server removed", &[("server", name.as_str())])?;
    if !desk.operated.servers.remove_server(&name).await.map_err(unavailable)? {
        return Err(gone());
    }
    in_force(&desk).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn taken(name: &str) -> Problem {
    Problem::new(StatusCode::CONFLICT, format!("there is a server `{name}`; remove it first"))
}

async fn in_force(desk: &Desk) -> Result<(), Problem> {
    let read = tokio::time::timeout(IN_FORCE, desk.operated.configuration.read_again()).await;
    read.map_err(|_| Problem::new(StatusCode::SERVICE_UNAVAILABLE, "it is kept, and not in force yet"))
}
