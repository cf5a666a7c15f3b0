//! The cookie that names a session.

use axum::http::{HeaderMap, HeaderValue, header};

/// Where the connection is encrypted, browsers take a cookie of this name from nobody who could read it (RFC 6265bis,
/// cookie name prefixes).
const SECURE: &str = "__Secure-interlock_console";
/// On the machine itself.
const PLAIN: &str = "interlock_console";

/// The session that a request names.
pub(crate) fn session(headers: &HeaderMap) -> Option<&str> {
    let all = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = all.flat_map(|value| value.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(name, _)| matches!(*name, SECURE | PLAIN)).map(|(_, value)| value)
}

/// Has the browser name this session from now on; with none, forget the one it names.
pub(crate) fn set(session: Option<&str>, is_secure: bool) -> Option<HeaderValue> {
    let (name, secure) = if is_secure { (SECURE, "; Secure") } else { (PLAIN, "") };
    let (value, ends) = session.map_or(("", "; Max-Age=0"), |session| (session, ""));
    let text = format!("{name}={value}; HttpOnly; SameSite=Strict; Path=/console{secure}{ends}");
    HeaderValue::try_from(text).ok()
}

/// Whether the browser speaks with the listener, or with what stands before it, over an encrypted connection.
pub(crate) fn is_secure(headers: &HeaderMap) -> bool {
    let origin = headers.get(header::ORIGIN).and_then(|origin| origin.to_str().ok());
    origin.is_some_and(|origin| origin.starts_with("https://"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_is_found_among_other_cookies() {
        for (cookies, expected) in [
            (&["interlock_console=a1"][..], Some("a1")),
            (&["theme=dark; __Secure-interlock_console=b2; x=y"], Some("b2")),
            (&["theme=dark", "interlock_console=c3"], Some("c3")),
            (&["interlock=a; xinterlock_console=b; interlock_consolex=c"], None),
            (&[], None),
        ] {
            let mut headers = HeaderMap::new();
            for cookie in cookies {
                headers.append(header::COOKIE, HeaderValue::from_static(cookie));
            }
            assert_eq!(session(&headers), expected, "{cookies:?}");
        }
    }
}
