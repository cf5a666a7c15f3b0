//! Grants and their tokens.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Extension, Json, State};
use axum::http::StatusCode;
use interlock_audit::{LifecycleKind, format_ms};
use interlock_store::{Revoked, TokenEntry, TokenKind};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::super::Desk;
use super::super::entry::Operator;
use super::super::problem::Problem;
use super::{FromBody, FromPath, record, said, unavailable};
use crate::record::now_ms;
use crate::token::Token;

/// One grant.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct GrantReport {
    name: String,
    /// Whether the file has it. Tokens of one that it has no more open nothing.
    declared: bool,
    /// Its servers, each with its policy file, or `server` for the server's own.
    servers: BTreeMap<String, String>,
    tokens: Vec<TokenReport>,
}

/// One token, without the token.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TokenReport {
    id: String,
    created: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires: Option<String>,
    /// `valid`, `expired` or `revoked`.
    state: &'static str,
}

/// All grants.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct GrantList {
    grants: Vec<GrantReport>,
}

/// What a new token is to be.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct NewToken {
    /// After how many seconds it ends by itself.
    #[schema(minimum = 1)]
    expires_seconds: Option<u64>,
}

/// A token that was just made.
#[derive(Serialize, ToSchema)]
pub(crate) struct CreatedToken {
    /// The token. It is not shown again.
    token: String,
    id: String,
    grant: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires: Option<String>,
}

/// How many tokens were in force until now.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RevokedTokens {
    revoked: u64,
}

fn token_report(entry: &TokenEntry) -> TokenReport {
    let state = match entry {
        TokenEntry { revoked_ms: Some(_), .. } => "revoked",
        TokenEntry { expires_ms: Some(expires), .. } if *expires <= now_ms() => "expired",
        _ => "valid",
    };
    TokenReport {
        id: entry.id.clone(),
        created: format_ms(entry.created_ms),
        expires: entry.expires_ms.map(format_ms),
        state,
    }
}

async fn reports(desk: &Desk) -> Result<Vec<GrantReport>, Problem> {
    let entries = desk.operated.grant_tokens.tokens().await.map_err(unavailable)?;
    let configured = desk.operated.configuration.current();
    let mut names: Vec<&String> =
        configured.grants.keys().chain(entries.iter().map(|entry| &entry.grant)).collect();
    names.sort_unstable();
    names.dedup();
    let report = |name: &String| GrantReport {
        name: name.clone(),
        declared: configured.grants.contains_key(name),
        servers: configured.grants.get(name).cloned().unwrap_or_default(),
        tokens: entries.iter().filter(|entry| entry.grant == *name).map(token_report).collect(),
    };
    Ok(names.into_iter().map(report).collect())
}

async fn find(desk: &Desk, name: &str) -> Result<GrantReport, Problem> {
    let found = reports(desk).await?.into_iter().find(|grant| grant.name == name);
    found.ok_or_else(|| Problem::not_found(format!("there is no grant `{name}`")))
}

/// All grants and their tokens
#[utoipa::path(get, path = "/api/v1/grants", tag = "grants", security(("operator" = [])),
    responses((status = 200, description = "All grants", body = GrantList)))]
pub(crate) async fn list(State(desk): State<Arc<Desk>>) -> Result<Json<GrantList>, Problem> {
    Ok(Json(GrantList { grants: reports(&desk).await? }))
}

/// One grant
#[utoipa::path(get, path = "/api/v1/grants/{name}", tag = "grants", security(("operator" = [])),
    params(("name" = String, Path)),
    responses(
        (status = 200, description = "The grant", body = GrantReport),
        (status = 404, description = "There is none of this name", body = Problem,
            content_type = "application/problem+json"),
    ))]
pub(crate) async fn show(
    State(desk): State<Arc<Desk>>,
    name: FromPath<String>,
) -> Result<Json<GrantReport>, Problem> {
    let name = said(name)?.0;
    find(&desk, &name).await.map(Json)
}

/// Make a token for a grant of the file
#[utoipa::path(post, path = "/api/v1/grants/{name}/tokens", tag = "grants", security(("operator" = [])),
    params(("name" = String, Path)), request_body = NewToken,
    responses(
        (status = 201, description = "The token, shown once", body = CreatedToken),
        (status = 404, description = "The file has no such grant", body = Problem,
            content_type = "application/problem+json"),
    ))]
pub(crate) async fn create(
    State(desk): State<Arc<Desk>>,
    Extension(operator): Extension<Operator>,
    name: FromPath<String>,
    body: FromBody<NewToken>,
) -> Result<(StatusCode, Json<CreatedToken>), Problem> {
    let (name, wanted) = (said(name)?.0, said(body)?.0);
    make(&desk, &operator, &name, &wanted, None).await
}

/// Make a token for a grant and revoke all others in the same step
#[utoipa::path(post, path = "/api/v1/grants/{name}/rotate", tag = "grants", security(("operator" = [])),
    params(("name" = String, Path)), request_body = NewToken,
    responses(
        (status = 201, description = "The token, shown once", body = CreatedToken),
        (status = 404, description = "The file has no such grant", body = Problem,
            content_type = "application/problem+json"),
    ))]
pub(crate) async fn rotate(
    State(desk): State<Arc<Desk>>,
    Extension(operator): Extension<Operator>,
    name: FromPath<String>,
    body: FromBody<NewToken>,
) -> Result<(StatusCode, Json<CreatedToken>), Problem> {
    let (name, wanted) = (said(name)?.0, said(body)?.0);
    make(&desk, &operator, &name, &wanted, Some(Revoked::Grant(name.clone()))).await
}

async fn make(
    desk: &Desk,
    operator: &Operator,
    grant: &str,
    wanted: &NewToken,
    instead_of: Option<Revoked>,
) -> Result<(StatusCode, Json<CreatedToken>), Problem> {
    if !desk.operated.configuration.current().grants.contains_key(grant) {
        return Err(Problem::not_found(format!("the file has no grant `{grant}`; add it there first")));
    }
    if wanted.expires_seconds == Some(0) {
        return Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "`expires_seconds` is at least 1"));
    }
    let failed = |_| Problem::new(StatusCode::SERVICE_UNAVAILABLE, "no token can be made");
    let token = Token::generate(TokenKind::Grant).map_err(failed)?;
    let expires = wanted.expires_seconds.map(Duration::from_secs);
    let entry = token.entry(&desk.operated.grant_key, grant, now_ms(), expires);
    let action = if instead_of.is_some() { "token rotated" } else { "token created" };
    let more = [("grant", grant), ("token", entry.id.as_str())];
    record(desk.operated.front.gateway(), LifecycleKind::Configuration, operator, action, &more)?;
    let created = CreatedToken {
        token: token.reveal().to_owned(),
        id: entry.id.clone(),
        grant: grant.to_owned(),
        expires: entry.expires_ms.map(format_ms),
    };
    desk.operated.grant_tokens.add(entry, instead_of).await.map_err(unavailable)?;
    desk.operated.front.tokens_changed().await;
    Ok((StatusCode::CREATED, Json(created)))
}

/// Revoke all tokens of a grant
#[utoipa::path(delete, path = "/api/v1/grants/{name}/tokens", tag = "grants", security(("operator" = [])),
    params(("name" = String, Path)),
    responses(
        (status = 200, description = "How many were in force", body = RevokedTokens),
        (status = 404, description = "There is no such grant", body = Problem,
            content_type = "application/problem+json"),
    ))]
pub(crate) async fn revoke_all(
    State(desk): State<Arc<Desk>>,
    Extension(operator): Extension<Operator>,
    name: FromPath<String>,
) -> Result<Json<RevokedTokens>, Problem> {
    let name = said(name)?.0;
    find(&desk, &name).await?;
    take_back(&desk, &operator, &name, "all", Revoked::Grant(name.clone())).await
}

/// Revoke one token of a grant
#[utoipa::path(delete, path = "/api/v1/grants/{name}/tokens/{id}", tag = "grants", security(("operator" = [])),
    params(("name" = String, Path), ("id" = String, Path)),
    responses(
        (status = 200, description = "Whether it was in force", body = RevokedTokens),
        (status = 404, description = "The grant has no such token", body = Problem,
            content_type = "application/problem+json"),
    ))]
pub(crate) async fn revoke(
    State(desk): State<Arc<Desk>>,
    Extension(operator): Extension<Operator>,
    path: FromPath<(String, String)>,
) -> Result<Json<RevokedTokens>, Problem> {
    let (name, id) = said(path)?.0;
    if !find(&desk, &name).await?.tokens.iter().any(|token| token.id == id) {
        return Err(Problem::not_found(format!("the grant `{name}` has no token `{id}`")));
    }
    take_back(&desk, &operator, &name, &id, Revoked::Token(id.clone())).await
}

async fn take_back(
    desk: &Desk,
    operator: &Operator,
    grant: &str,
    token: &str,
    which: Revoked,
) -> Result<Json<RevokedTokens>, Problem> {
    let more = [("grant", grant), ("token", token)];
    record(desk.operated.front.gateway(), LifecycleKind::Configuration, operator, "token revoked", &more)?;
    let revoked = desk.operated.grant_tokens.revoke(which, now_ms()).await.map_err(unavailable)?;
    desk.operated.front.tokens_changed().await;
    Ok(Json(RevokedTokens { revoked }))
}
