//! What is looked at before a request is read: its Host, its Origin, its path, and who sends it.

use hyper::header::{AUTHORIZATION, HOST, HeaderName, ORIGIN};
use hyper::{HeaderMap, StatusCode, Uri};

use super::refused::HttpRefused;
use crate::identify::WELL_KNOWN;

/// The names under which the listener may be addressed, and the origins of pages that may.
#[derive(Debug, Clone, Default)]
pub(crate) struct Names {
    /// `Host` values, with their port.
    pub(crate) hosts: Vec<String>,
    /// `Origin` values.
    pub(crate) origins: Vec<String>,
}

impl Names {
    /// Refuses what a page of another site could send (DNS rebinding; MCP, "Security Warning").
    pub(super) fn check(&self, headers: &HeaderMap, uri: &Uri) -> Result<(), HttpRefused> {
        let host =
            host(headers, uri)?.ok_or_else(|| HttpRefused::bad_request("the `Host` header is missing"))?;
        if !self.hosts.iter().any(|allowed| allowed.eq_ignore_ascii_case(host)) {
            let reason = "this is not a `Host` of the gateway's; name it in `hosts`";
            return Err(HttpRefused::new(StatusCode::FORBIDDEN, reason));
        }
        match only(headers, &ORIGIN)? {
            Some(origin) if !is_of(origin, host) && !self.origins.iter().any(|allowed| allowed == origin) => {
                let reason = "pages of this `Origin` may not call the gateway; name it in `origins`";
                Err(HttpRefused::new(StatusCode::FORBIDDEN, reason))
            }
            _ => Ok(()),
        }
    }
}

/// The host that is called: the `Host` header, and the address of the request itself where it holds one, as in HTTP/2
/// and in requests to proxies. Where there are both, they say the same (RFC 9113, section 8.3.1).
pub(super) fn host<'r>(headers: &'r HeaderMap, uri: &'r Uri) -> Result<Option<&'r str>, HttpRefused> {
    let header = only(headers, &HOST)?;
    match (uri.authority().map(|authority| authority.as_str()), header) {
        (Some(called), Some(header)) if !called.eq_ignore_ascii_case(header) => {
            Err(HttpRefused::bad_request("the `Host` header and the address that is called differ"))
        }
        (called, header) => Ok(called.or(header)),
    }
}

/// Whether something is at this path, for whoever may have it.
pub(super) fn is_route(path: &str) -> bool {
    place(path).is_ok()
}

/// Whether this is the origin of what is served under this name.
fn is_of(origin: &str, host: &str) -> bool {
    let authority = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"));
    authority.is_some_and(|authority| authority.eq_ignore_ascii_case(host))
}

/// Nothing is at this path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct NotHere;

/// What a path names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place<'p> {
    /// `None`: all servers.
    pub(super) server: Option<&'p str>,
    /// Whether it is that of HTTP with SSE (2024-11-05).
    pub(super) is_old: bool,
}

/// `/mcp` and `/mcp/{server}`, `/sse` and `/sse/{server}`, and nothing that only looks like them.
pub(super) fn place(path: &str) -> Result<Place<'_>, NotHere> {
    for (root, is_old) in [("/mcp", false), ("/sse", true)] {
        match path.strip_prefix(root) {
            Some("") => return Ok(Place { server: None, is_old }),
            Some(rest) => return Ok(Place { server: Some(named(rest).ok_or(NotHere)?), is_old }),
            None => {}
        }
    }
    Err(NotHere)
}

fn named(path: &str) -> Option<&str> {
    path.strip_prefix('/').filter(|name| is_server_name(name))
}

/// Whether a path can name a server so.
pub(crate) fn is_server_name(name: &str) -> bool {
    const LONGEST: usize = 128;
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    (1..=LONGEST).contains(&name.len()) && name.bytes().all(plain) && name != "." && name != ".."
}

/// The path of a resource, where it is its description that is asked for (RFC 9728, section 3.1). What is said of one
/// server is said of every name, so that nobody learns which there are.
pub(super) fn described(path: &str) -> Option<&str> {
    let of = path.strip_prefix(WELL_KNOWN)?;
    (of.is_empty() || is_route(of)).then_some(of)
}

/// The bearer token (RFC 6750, section 2.1), which is never passed on.
pub(super) fn bearer(headers: &HeaderMap) -> Result<Option<&str>, HttpRefused> {
    let Some(value) = only(headers, &AUTHORIZATION)? else { return Ok(None) };
    let wrong =
        || HttpRefused::unauthenticated(Some("invalid_token"), "`Authorization` is not a bearer token");
    let (scheme, token) = value.split_once(' ').ok_or_else(wrong)?;
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(wrong());
    }
    // RFC 6750, section 2.1: the characters of `b64token`, and no others.
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~+/=".contains(&byte);
    let token = token.trim_start_matches(' ');
    if token.is_empty() || !token.bytes().all(plain) {
        return Err(wrong());
    }
    Ok(Some(token))
}

/// A header that stands once, or not at all.
pub(super) fn only<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Result<Option<&'h str>, HttpRefused> {
    let mut values = headers.get_all(name).iter();
    let first = values.next();
    if values.next().is_some() {
        return Err(HttpRefused::bad_request(format!("the header `{name}` stands more than once")));
    }
    let text = first.map(|value| value.to_str()).transpose();
    text.map_err(|_| HttpRefused::bad_request(format!("the header `{name}` is not plain text")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_origin_of_a_host_is_its_own_and_no_other() {
        for (origin, expected) in [
            ("http://127.0.0.1:7420", true),
            ("https://127.0.0.1:7420", true),
            ("http://127.0.0.1:7421", false),
            ("http://127.0.0.1", false),
            ("http://127.0.0.1:7420/", false),
            ("http://127.0.0.1:7420.evil.example", false),
            ("http://evil.example", false),
            ("127.0.0.1:7420", false),
            ("null", false),
        ] {
            assert_eq!(is_of(origin, "127.0.0.1:7420"), expected, "{origin}");
        }
    }

    #[test]
    fn a_path_names_a_server_exactly_or_not_at_all() {
        let mcp = |server| Ok(Place { server, is_old: false });
        let sse = |server| Ok(Place { server, is_old: true });
        for (path, expected) in [
            ("/sse", sse(None)),
            ("/sse/a", sse(Some("a"))),
            ("/sse/a/b", Err(NotHere)),
            ("/sses", Err(NotHere)),
            ("/mcpa", Err(NotHere)),
            ("/", Err(NotHere)),
            ("/mcp/a", mcp(Some("a"))),
            ("/mcp/a-b_c.1", mcp(Some("a-b_c.1"))),
            ("/mcp", mcp(None)),
            ("/mcp/", Err(NotHere)),
            ("/mcp/a/", Err(NotHere)),
            ("/mcp/a/b", Err(NotHere)),
            ("/MCP/a", Err(NotHere)),
            ("//mcp/a", Err(NotHere)),
            ("/mcp/..", Err(NotHere)),
            ("/mcp/%61", Err(NotHere)),
        ] {
            assert_eq!(place(path), expected, "{path}");
        }
    }
}
