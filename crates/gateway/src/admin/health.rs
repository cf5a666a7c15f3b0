//! Whether the gateway is alive, whether it is ready, and what it counts.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Extension, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use super::entry::IsTrusted;
use super::problem::Problem;
use super::{Desk, Offers};
use crate::gateway::OnFailure;
use crate::metrics::MEDIA_TYPE;

/// How long the ledger may take to answer.
const LEDGER: Duration = Duration::from_secs(2);

/// Whether requests can be served.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Readiness {
    ready: bool,
    /// Why not. Strangers are not told.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    reasons: Vec<String>,
}

/// Whoever gets this far is alive.
#[utoipa::path(get, path = "/healthz", tag = "health", responses((status = 200, description = "It is alive", body = String)))]
pub(super) async fn alive() -> &'static str {
    "ok\n"
}

#[utoipa::path(get, path = "/readyz", tag = "health", responses(
    (status = 200, description = "Requests can be served", body = Readiness),
    (status = 503, description = "Not now, and why", body = Readiness),
))]
pub(super) async fn ready(
    State(desk): State<Arc<Desk>>,
    Extension(trusted): Extension<IsTrusted>,
) -> Response {
    let mut reasons = reasons(&desk).await;
    let ready = reasons.is_empty();
    if !trusted.0 {
        reasons.clear();
    }
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let mut response = (status, axum::Json(Readiness { ready, reasons })).into_response();
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

async fn reasons(desk: &Desk) -> Vec<String> {
    let front = &desk.operated.front;
    let mut reasons = Vec::new();
    if desk.operated.offers == Offers::Everything && !front.is_listening() {
        reasons.push("the listener is not up".to_owned());
    }
    if front.is_draining() {
        reasons.push("it is being stopped, and answers what is in flight".to_owned());
    }
    match tokio::time::timeout(LEDGER, desk.operated.time.dates()).await {
        Ok(Ok(_)) => {}
        Ok(Err(error)) => reasons.push(error.to_string()),
        Err(_) => reasons.push("the ledger does not answer in time".to_owned()),
    }
    let gateway = front.gateway();
    if gateway.recorder.backlog().is_failing && gateway.options.on_audit_failure == OnFailure::Deny {
        reasons.push("the audit log cannot be written".to_owned());
    }
    reasons
}

#[utoipa::path(get, path = "/metrics", tag = "health", responses(
    (status = 200, description = "Everything that is counted, as OpenMetrics text", body = String,
        content_type = "application/openmetrics-text"),
    (status = 401, description = "Without an operator's token, where the listener is not of this machine alone",
        body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn metrics(State(desk): State<Arc<Desk>>) -> Response {
    let front = &desk.operated.front;
    match front.gateway().metrics.text(front.levels()) {
        Ok(text) => ([(header::CONTENT_TYPE, MEDIA_TYPE)], text).into_response(),
        Err(_) => {
            Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "the metrics cannot be written").into_response()
        }
    }
}
