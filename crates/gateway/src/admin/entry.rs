//! Who may ask, looked at before anything else.

use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, StatusCode, Uri, Version, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::Desk;
use super::problem::Problem;
use crate::record::now_ms;

/// The operator whose token came with a request.
#[derive(Debug, Clone)]
pub(super) struct Operator(pub(super) Arc<str>);

/// Where a request came from.
#[derive(Debug, Clone, Copy)]
pub struct CameFrom(pub IpAddr);

/// Whether a request came over an encrypted connection, as far as the browser that sent it knows.
#[derive(Debug, Clone, Copy)]
pub struct IsEncrypted(pub bool);

/// Whether a request's answer may hold what not everybody may know.
#[derive(Debug, Clone, Copy)]
pub(super) struct IsTrusted(pub(super) bool);

/// How long a request may take, its body included.
const ANSWER: Duration = Duration::from_secs(60);
/// What everybody may ask who reaches the listener: whether it is there.
const OPEN: [&str; 2] = ["/healthz", "/readyz"];
/// What nobody needs a token for on the machine itself.
const LOCAL: [&str; 3] = ["/healthz", "/readyz", "/metrics"];

/// Below this are pages for people, who log in there.
const PAGES: &str = "/console";
/// What is typed where no more of the address is known.
const START: &str = "/";

/// Lets a request pass whose `Host` is one of the listener's, that no web page sent but its own, and whose sender may ask
/// this.
pub(super) async fn admit(State(desk): State<Arc<Desk>>, mut request: Request, next: Next) -> Response {
    let from = request.extensions().get::<CameFrom>();
    let from = from.map_or(IpAddr::V6(Ipv6Addr::UNSPECIFIED), |CameFrom(address)| *address);
    match check(&desk, &mut request).await {
        Ok(()) => match tokio::time::timeout(ANSWER, next.run(request)).await {
            Ok(response) => response,
            Err(_) => Problem::new(StatusCode::SERVICE_UNAVAILABLE, "it took too long").into_response(),
        },
        Err(problem) => {
            desk.refused(from, problem.category(), problem.status(), problem.detail()).await;
            problem.into_response()
        }
    }
}

async fn check(desk: &Desk, request: &mut Request) -> Result<(), Problem> {
    let forbidden = |detail| Problem::new(StatusCode::FORBIDDEN, detail);
    let host = host(request.headers(), request.uri(), request.version())?;
    if !desk.hosts.iter().any(|allowed| allowed.eq_ignore_ascii_case(host)) {
        return Err(forbidden("this is not a `Host` of the admin listener's; name it in `hosts`"));
    }
    let path = request.uri().path();
    let is_page =
        matches!(path, PAGES | START) || path.strip_prefix(PAGES).is_some_and(|rest| rest.starts_with('/'));
    match only(request.headers(), &header::ORIGIN)? {
        Some(origin) if is_page && desk.origins.has(origin, host) => {}
        Some(_) => return Err(forbidden("web pages may not use the admin listener")),
        // Browsers say it of every form that is sent; what says nothing may be sent for another page.
        None if is_page && !request.method().is_safe() => {
            return Err(forbidden("forms are sent by the console's own pages, with their `Origin`"));
        }
        None => {}
    }
    let is_encrypted = IsEncrypted(desk.origins.is_secure(host));
    let operator = operator(desk, request.headers()).await?;
    let free: &[&str] = if desk.is_local { &LOCAL } else { &OPEN };
    if operator.is_none() && !is_page && !free.contains(&path) {
        return Err(Problem::unauthorized());
    }
    request.extensions_mut().insert(is_encrypted);
    request.extensions_mut().insert(IsTrusted(desk.is_local || operator.is_some()));
    if let Some(operator) = operator {
        request.extensions_mut().insert(operator);
    }
    Ok(())
}

/// The name that the request is for; a page that rebinds its own name to this address sends another (DNS rebinding).
fn host<'r>(headers: &'r HeaderMap, uri: &'r Uri, version: Version) -> Result<&'r str, Problem> {
    let named = match version {
        Version::HTTP_2 => uri.authority().map(|authority| authority.as_str()),
        _ => only(headers, &header::HOST)?,
    };
    named.ok_or_else(|| Problem::new(StatusCode::BAD_REQUEST, "the `Host` header is missing"))
}

async fn operator(desk: &Desk, headers: &HeaderMap) -> Result<Option<Operator>, Problem> {
    let Some(value) = only(headers, &header::AUTHORIZATION)? else { return Ok(None) };
    let token = value.split_once(' ').filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
    let (_, token) = token.ok_or_else(Problem::unauthorized)?;
    let holder = desk.operated.tokens.grant_of(token.trim_start(), now_ms()).await;
    let (holder, _) = holder.ok_or_else(Problem::unauthorized)?;
    Ok(Some(Operator(Arc::from(holder))))
}

fn only<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Result<Option<&'h str>, Problem> {
    let bad = |detail: String| Problem::new(StatusCode::BAD_REQUEST, detail);
    let mut values = headers.get_all(name).iter();
    let first = values.next();
    if values.next().is_some() {
        return Err(bad(format!("the header `{name}` stands more than once")));
    }
    first
        .map(|value| value.to_str())
        .transpose()
        .map_err(|_| bad(format!("the header `{name}` is not plain text")))
}
