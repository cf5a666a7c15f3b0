//! The pages on which people decide about calls: no script, nothing from elsewhere, and nothing done that the admin API
//! does not do.
//!
//! Whoever has an operator's token logs in with it, and is known by a session from then on that ends with the token.
//! Whoever has a decision link needs no login, and can do no more than the link says.

mod answer;
mod approvals;
mod arrived;
mod attempts;
mod cookie;
mod links;
mod login;
mod sessions;
mod sheet;

use std::sync::Arc;

use axum::Router;
use axum::middleware::map_response;
use axum::response::Redirect;
use axum::routing::{get, post};
use interlock_gateway::admin::Operations;

use attempts::Attempts;
use sessions::Sessions;

/// What every page needs.
#[derive(Debug)]
struct Console {
    operations: Operations,
    sessions: Sessions,
    attempts: Attempts,
}

/// The pages, all below `/console`; who knows only the address is sent there.
pub fn pages(operations: Operations) -> Router {
    let console = Console { operations, sessions: Sessions::default(), attempts: Attempts::default() };
    Router::new()
        .route("/", get(|| async { Redirect::to(approvals::LIST) }))
        .route("/console", get(|| async { Redirect::to(approvals::LIST) }))
        .route("/console/console.css", get(answer::style))
        .route(login::LOGIN, get(login::show).post(login::log_in))
        .route("/console/logout", post(login::log_out))
        .route(approvals::LIST, get(approvals::list))
        .route("/console/approvals/{id}", get(approvals::show))
        .route("/console/approvals/{id}/decision", post(approvals::decide))
        .route("/console/links/{link}", get(links::show).post(links::decide))
        .route("/console/{*other}", get(answer::nothing))
        .layer(map_response(answer::protect))
        .with_state(Arc::new(console))
}
