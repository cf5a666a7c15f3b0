//! Logging in with an operator's token, and out.

use std::sync::Arc;
use std::time::Instant;

use askama::Template;
use axum::extract::rejection::{FormRejection, QueryRejection};
use axum::extract::{Form, Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Redirect, Response};
use interlock_audit::RefusalCategory;
use serde::Deserialize;

use crate::arrived::Arrived;
use crate::sessions::Visit;
use crate::{Console, answer, approvals, attempts, cookie};

/// Where one logs in.
pub(crate) const LOGIN: &str = "/console/login";
/// Letters of a page that one wanted.
const LONGEST_NEXT: usize = 256;

#[derive(Template)]
#[template(path = "login.html")]
struct LoginPage<'a> {
    visit: Option<&'a Visit>,
    next: &'a str,
    problem: Option<&'a str>,
}

/// Has a browser ask again by itself.
#[derive(Template)]
#[template(path = "again.html")]
struct AgainPage<'a> {
    visit: Option<&'a Visit>,
    here: &'a str,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Wanted {
    next: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Credentials {
    token: String,
    #[serde(default)]
    next: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LogOut {
    form: String,
}

/// The visitor, or what they are answered who are not logged in.
pub(crate) fn visitor(
    console: &Console,
    Arrived { headers, is_encrypted, .. }: &Arrived,
    here: &str,
    is_use: bool,
) -> Result<Visit, Box<Response>> {
    let here = local(here);
    let named = cookie::session(headers, *is_encrypted);
    let visit = named.and_then(|name| console.sessions.visit(name, is_use, Instant::now()));
    visit.ok_or_else(|| {
        // A browser that comes from another site does not say which session it has (SameSite=Strict). One that is sent on
        // by a page of ours does.
        let site = headers.get("sec-fetch-site").and_then(|site| site.to_str().ok());
        if named.is_none() && site == Some("cross-site") {
            return Box::new(answer::page(StatusCode::OK, &AgainPage { visit: None, here }));
        }
        Box::new(Redirect::to(&format!("{LOGIN}?next={here}")).into_response())
    })
}

/// A page of ours that somebody wanted before they logged in; of anything else nothing is left.
fn local(next: &str) -> &str {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "/-_".contains(letter);
    let is_ours = next.len() <= LONGEST_NEXT
        && next.starts_with("/console/")
        && !next.contains("//")
        && next.chars().all(is_plain);
    if is_ours { next } else { approvals::LIST }
}

pub(crate) async fn show(
    State(console): State<Arc<Console>>,
    arrived: Arrived,
    wanted: Result<Query<Wanted>, QueryRejection>,
) -> Response {
    let next = wanted.map(|wanted| wanted.0.next).unwrap_or_default();
    let named = cookie::session(&arrived.headers, arrived.is_encrypted);
    if named.is_some_and(|name| console.sessions.visit(name, true, Instant::now()).is_some()) {
        return Redirect::to(local(&next)).into_response();
    }
    answer::page(StatusCode::OK, &LoginPage { visit: None, next: local(&next), problem: None })
}

pub(crate) async fn log_in(
    State(console): State<Arc<Console>>,
    Arrived { from, is_encrypted, headers }: Arrived,
    form: Result<Form<Credentials>, FormRejection>,
) -> Response {
    let Ok(Form(Credentials { token, next })) = form else {
        return malformed(&console, from, None).await;
    };
    let failed = |status, problem| {
        answer::page(status, &LoginPage { visit: None, next: local(&next), problem: Some(problem) })
    };
    // Tokens cannot be guessed: what is limited is how much room failures take in the log, and nobody else's login.
    let Some(login) = console.operations.log_in(token.trim()).await else {
        if !console.attempts.may_try(from, Instant::now()) {
            let (status, problem) =
                (StatusCode::TOO_MANY_REQUESTS, "Too many tries from here. Wait a minute and try again.");
            let reason = "too many tries to log in to the console";
            console.refuse(from, RefusalCategory::Limit, status, reason).await;
            let wait = attempts::WHILE.as_secs().to_string();
            return ([(header::RETRY_AFTER, wait)], failed(status, problem)).into_response();
        }
        let (status, problem) =
            (StatusCode::UNAUTHORIZED, "This is not an operator's token, or it has ended or been revoked.");
        let reason = "a token that opens nothing was shown to the console";
        console.refuse(from, RefusalCategory::Unauthenticated, status, reason).await;
        return failed(status, problem);
    };
    console.attempts.got_in(from);
    if let Err(error) = console.operations.read(login.operator(), "console login", None) {
        return answer::unavailable(None, &error);
    }
    let Some(name) = console.sessions.begin(login, Instant::now()) else {
        return answer::unavailable(None, &"the system has no randomness to give");
    };
    // Whoever logs in anew leaves the session that they had.
    if let Some(before) = cookie::session(&headers, is_encrypted) {
        console.sessions.end(before);
    }
    let mut response = Redirect::to(local(&next)).into_response();
    if let Some(cookie) = cookie::set(Some(&name), is_encrypted) {
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    response
}

pub(crate) async fn log_out(
    State(console): State<Arc<Console>>,
    arrived: Arrived,
    form: Result<Form<LogOut>, FormRejection>,
) -> Response {
    let visit = match visitor(&console, &arrived, approvals::LIST, true) {
        Ok(visit) => visit,
        Err(response) => return *response,
    };
    let Ok(Form(LogOut { form })) = form else {
        return malformed(&console, arrived.from, Some(&visit)).await;
    };
    if !visit.sent(&form) {
        return forged(&console, arrived.from, &visit).await;
    }
    if let Some(name) = cookie::session(&arrived.headers, arrived.is_encrypted) {
        console.sessions.end(name);
    }
    let mut response = Redirect::to(LOGIN).into_response();
    if let Some(cookie) = cookie::set(None, arrived.is_encrypted) {
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    response
}

/// A form that is none of ours.
pub(crate) async fn malformed(console: &Console, from: std::net::IpAddr, visit: Option<&Visit>) -> Response {
    let status = StatusCode::BAD_REQUEST;
    let reason = "a form of the console was sent with other fields than it has";
    console.refuse(from, RefusalCategory::Malformed, status, reason).await;
    answer::message(status, visit, "That form is not one of this page", "Go back and try again.")
}

/// A form that no page of this session has sent.
pub(crate) async fn forged(console: &Console, from: std::net::IpAddr, visit: &Visit) -> Response {
    let status = StatusCode::FORBIDDEN;
    let reason =
        format!("a form was sent in the name of operator:{} that none of their pages has", visit.operator);
    console.refuse(from, RefusalCategory::Malformed, status, &reason).await;
    let text = "Nothing was done. Open the page anew and try again.";
    answer::message(status, Some(visit), "That form is of another session", text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_arrives_at_no_other_site() {
        for (next, expected) in [
            ("/console/approvals/3f9c2a71", "/console/approvals/3f9c2a71"),
            ("/console/approvals", "/console/approvals"),
            ("/console//evil.example", approvals::LIST),
            ("//evil.example/console/", approvals::LIST),
            ("https://evil.example/console/", approvals::LIST),
            ("/console/../api/v1/grants", approvals::LIST),
            ("/console/\\evil.example", approvals::LIST),
            ("/console/a?next=b", approvals::LIST),
            ("/console/a\r\nLocation: b", approvals::LIST),
            ("/api/v1/grants", approvals::LIST),
            ("", approvals::LIST),
        ] {
            assert_eq!(local(next), expected, "{next:?}");
        }
    }
}
