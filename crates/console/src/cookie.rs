//! The cookie that names a session.

use axum::http::{HeaderMap, HeaderValue, header};
use interlock_gateway::admin::IsEncrypted;

/// Where the connection is encrypted, this name and no other counts: browsers take a cookie of this name from nobody who
/// speaks in the clear (RFC 6265bis, cookie name prefixes).
const SECURE: &str = "__Secure-interlock_console";
/// On the machine itself.
const PLAIN: &str = "interlock_console";

/// The session that a request names.
pub(crate) fn session(headers: &HeaderMap, IsEncrypted(is_encrypted): IsEncrypted) -> Option<&str> {
    let own = if is_encrypted { SECURE } else { PLAIN };
    let all = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = all.flat_map(|value| value.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(name, _)| *name == own).map(|(_, value)| value)
}

/// Has the browser name this session from now on; with none, forget the one it names.
pub(crate) fn set(session: Option<&str>, IsEncrypted(is_encrypted): IsEncrypted) -> Option<HeaderValue> {
    let (name, secure) = if is_encrypted { (SECURE, "; Secure") } else { (PLAIN, "") };
    let (value, ends) = session.map_or(("", "; Max-Age=0"), |session| (session, ""));
    let text = format!("{name}={value}; HttpOnly; SameSite=Strict; Path=/console{secure}{ends}");
    HeaderValue::try_from(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_is_found_among_other_cookies() {
        for (cookies, clear, encrypted) in [
            (&["interlock_console=a1"][..], Some("a1"), None),
            (&["theme=dark; __Secure-interlock_console=b2; x=y"], None, Some("b2")),
            (&["theme=dark", "interlock_console=c3"], Some("c3"), None),
            (&["interlock_console=d4; __Secure-interlock_console=e5"], Some("d4"), Some("e5")),
            (&["interlock=a; xinterlock_console=b; interlock_consolex=c"], None, None),
            (&[], None, None),
        ] {
            let mut headers = HeaderMap::new();
            for cookie in cookies {
                headers.append(header::COOKIE, HeaderValue::from_static(cookie));
            }
            let found = [false, true].map(|is_encrypted| session(&headers, IsEncrypted(is_encrypted)));
            assert_eq!(found, [clear, encrypted], "{cookies:?}");
        }
    }
}
