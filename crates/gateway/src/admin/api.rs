//! The admin API, version 1: what it takes and answers is in `docs/admin-api.json`, which is made from these types.

mod approvals;
mod counters;
mod decisions;
mod grants;
mod pins;
mod servers;

use std::sync::Arc;

use axum::extract::rejection::{JsonRejection, PathRejection, QueryRejection};
use axum::extract::{Json, Path, Query};
use axum::http::StatusCode;
use axum::routing::{delete, get, post};
use axum::{Router, response::IntoResponse};
use interlock_audit::{Detail, Lifecycle, LifecycleKind};
use interlock_store::StoreError;
use utoipa::OpenApi;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};

use super::entry::Operator;
use super::problem::Problem;
use super::{Desk, Offers, health};
use crate::gateway::Gateway;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Interlock admin API",
        description = "Servers, grants, approvals, decisions, counters and pinned definitions of one gateway. Every change is in its audit log, with \
            the operator who made it. Errors are problem documents (RFC 9457)."
    ),
    paths(
        health::alive,
        health::ready,
        health::metrics,
        document,
        servers::list,
        servers::show,
        servers::add,
        servers::remove,
        grants::list,
        grants::show,
        grants::create,
        grants::rotate,
        grants::revoke_all,
        grants::revoke,
        approvals::list,
        approvals::show,
        approvals::decide,
        decisions::list,
        counters::list,
        counters::reclock,
        pins::list,
        pins::show,
        pins::accept,
    ),
    components(schemas(Problem)),
    modifiers(&Bearer)
)]
struct Document;

struct Bearer;

impl utoipa::Modify for Bearer {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let scheme = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .description(Some("An operator's token, as `interlock admin create` makes them"))
            .build();
        let components = document.components.get_or_insert_default();
        components.add_security_scheme("operator", SecurityScheme::Http(scheme));
    }
}

/// The document of the API (OpenAPI 3.1, JSON).
#[must_use]
pub fn openapi() -> String {
    let mut text = Document::openapi().to_pretty_json().unwrap_or_default();
    text.push('\n');
    text
}

pub(super) fn routes(offers: Offers) -> Router<Arc<Desk>> {
    let approvals = Router::new()
        .route("/api/v1/openapi.json", get(document))
        .route("/api/v1/approvals", get(approvals::list))
        .route("/api/v1/approvals/{id}", get(approvals::show))
        .route("/api/v1/approvals/{id}/decision", post(approvals::decide));
    match offers {
        Offers::Approvals => approvals,
        Offers::Everything => approvals.merge(of_a_gateway()),
    }
}

fn of_a_gateway() -> Router<Arc<Desk>> {
    Router::new()
        .route("/api/v1/servers", get(servers::list).post(servers::add))
        .route("/api/v1/servers/{name}", get(servers::show).delete(servers::remove))
        .route("/api/v1/grants", get(grants::list))
        .route("/api/v1/grants/{name}", get(grants::show))
        .route("/api/v1/grants/{name}/tokens", post(grants::create).delete(grants::revoke_all))
        .route("/api/v1/grants/{name}/tokens/{id}", delete(grants::revoke))
        .route("/api/v1/grants/{name}/rotate", post(grants::rotate))
        .route("/api/v1/decisions", get(decisions::list))
        .route("/api/v1/counters", get(counters::list))
        .route("/api/v1/counters/reclock", post(counters::reclock))
        .route("/api/v1/pins", get(pins::list))
        .route("/api/v1/pins/{server}", get(pins::show))
        .route("/api/v1/pins/{server}/accept", post(pins::accept))
}

/// This document
#[utoipa::path(get, path = "/api/v1/openapi.json", tag = "document", security(("operator" = [])),
    responses((status = 200, description = "The document of the API", body = serde_json::Value)))]
async fn document() -> impl IntoResponse {
    ([(axum::http::header::CONTENT_TYPE, "application/json")], openapi())
}

/// What a path, a query or a body says, or the problem that it does not.
fn said<T>(extracted: Result<T, impl std::fmt::Display + Status>) -> Result<T, Problem> {
    extracted.map_err(|rejection| Problem::new(rejection.status(), rejection.to_string()))
}

type FromPath<T> = Result<Path<T>, PathRejection>;
type FromQuery<T> = Result<Query<T>, QueryRejection>;
type FromBody<T> = Result<Json<T>, JsonRejection>;

trait Status {
    fn status(&self) -> StatusCode;
}

impl Status for PathRejection {
    fn status(&self) -> StatusCode {
        self.status()
    }
}

impl Status for QueryRejection {
    fn status(&self) -> StatusCode {
        self.status()
    }
}

impl Status for JsonRejection {
    fn status(&self) -> StatusCode {
        self.status()
    }
}

/// Notes what an operator is about to do: what is not recorded does not happen.
fn record(
    gateway: &Gateway,
    kind: LifecycleKind,
    operator: &Operator,
    action: &str,
    more: &[(&'static str, &str)],
) -> Result<(), Problem> {
    let mut details = vec![("operator", Detail::Text(&operator.0))];
    details.extend(more.iter().map(|(name, value)| (*name, Detail::Text(value))));
    let event = Lifecycle { details: &details, reason: Some(action), ..Lifecycle::new(kind) };
    gateway.recorder.lifecycle(event).map(|_| ()).map_err(|error| {
        tracing::error!("an operator's request is not done, because it cannot be recorded: {error}");
        Problem::new(StatusCode::SERVICE_UNAVAILABLE, "it cannot be recorded, so it is not done")
    })
}

/// The ledger does not answer.
fn unavailable(error: impl Into<StoreError>) -> Problem {
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, error.into().to_string())
}
