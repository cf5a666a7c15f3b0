//! How pages are answered: what browsers may do with them, and how something is refused.

use std::net::IpAddr;
use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse as _, Response};
use interlock_audit::RefusalCategory;
use interlock_gateway::admin::PageRefusal;

use crate::Console;
use crate::arrived::Arrived;
use crate::sessions::Visit;

const STYLE: &str = include_str!("../assets/console.css");

/// What browsers are told of every page.
const PROTECTION: [(HeaderName, &str); 6] = [
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; style-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    ),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    // No other site hears of an address. `no-referrer` would have browsers send forms with the `Origin` `null`, which
    // those of any other page can have too.
    (header::REFERRER_POLICY, "same-origin"),
    (header::CACHE_CONTROL, "no-store"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
];

/// Adds what browsers are told.
pub(crate) async fn protect(mut response: Response) -> Response {
    for (name, value) in PROTECTION {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

pub(crate) async fn style() -> Response {
    ([(header::CONTENT_TYPE, "text/css; charset=utf-8")], STYLE).into_response()
}

/// A page.
pub(crate) fn page(status: StatusCode, template: &impl Template) -> Response {
    match template.render() {
        Ok(text) => (status, Html(text)).into_response(),
        Err(error) => {
            tracing::error!("a page cannot be written: {error}");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

/// A page with a message and nothing else.
#[derive(Template)]
#[template(path = "message.html")]
struct Message<'a> {
    visit: Option<&'a Visit>,
    heading: &'a str,
    text: &'a str,
}

pub(crate) fn message(status: StatusCode, visit: Option<&Visit>, heading: &str, text: &str) -> Response {
    page(status, &Message { visit, heading, text })
}

/// The store or the log does not answer: nothing is shown and nothing done.
pub(crate) fn unavailable(visit: Option<&Visit>, error: &dyn std::fmt::Display) -> Response {
    tracing::error!("a page of the console: {error}");
    let text = format!("{error}. Try again in a while.");
    message(StatusCode::SERVICE_UNAVAILABLE, visit, "Not now", &text)
}

impl Console {
    /// Records that something was not done.
    pub(crate) async fn refuse(
        &self,
        from: IpAddr,
        category: RefusalCategory,
        status: StatusCode,
        reason: &str,
    ) {
        let status = status.as_u16();
        self.operations.refused(PageRefusal { from, category, status, reason }).await;
    }
}

/// Where there is no page.
pub(crate) async fn nothing(State(console): State<Arc<Console>>, Arrived { from, .. }: Arrived) -> Response {
    let status = StatusCode::NOT_FOUND;
    console.refuse(from, RefusalCategory::Unroutable, status, "the console has no such page").await;
    message(status, None, "There is no such page", "What waits for a decision is on the first page.")
}
