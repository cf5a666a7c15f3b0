//! Under which addresses people reach the pages, and which pages may send what.

use std::fmt;

use url::{Host, Url};

/// The address below which people reach the pages, such as that of a proxy that encrypts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConsoleAddress {
    /// As browsers write an origin.
    origin: String,
    /// What stands in `Host` there.
    authority: String,
}

/// What is not such an address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not the address of a host, such as https://interlock.example.com; one in the clear is on this machine"
)]
pub struct NotAnAddress(String);

impl ConsoleAddress {
    /// Reads one: a scheme and a host, and a port where it is not the scheme's own.
    ///
    /// # Errors
    /// [`NotAnAddress`] where it says more, or less.
    pub fn read(text: &str) -> Result<Self, NotAnAddress> {
        let unfit = || NotAnAddress(text.to_owned());
        let url = Url::parse(text).map_err(|_| unfit())?;
        let is_bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
        let is_named = url.username().is_empty() && url.password().is_none();
        let is_kept = match url.scheme() {
            "https" => true,
            "http" => is_this_machine(&url),
            _ => false,
        };
        if !is_bare || !is_named || !is_kept {
            return Err(unfit());
        }
        let origin = url.origin().ascii_serialization();
        let (_, authority) = origin.split_once("://").ok_or_else(unfit)?;
        Ok(Self { authority: authority.to_owned(), origin })
    }

    /// What stands in `Host` there.
    pub(super) fn authority(&self) -> &str {
        &self.authority
    }

    /// Whether connections to it are encrypted.
    pub fn is_secure(&self) -> bool {
        self.origin.starts_with("https://")
    }
}

impl fmt::Display for ConsoleAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.origin)
    }
}

/// The origins of the listener's own pages.
#[derive(Debug)]
pub(super) struct Origins {
    scheme: &'static str,
    console: Option<String>,
}

impl Origins {
    pub(super) fn new(is_secure: bool, console: Option<&ConsoleAddress>) -> Self {
        let scheme = if is_secure { "https" } else { "http" };
        Self { scheme, console: console.map(ToString::to_string) }
    }

    /// Whether what is asked for under this host comes over an encrypted connection, to the listener or to what stands
    /// before it.
    pub(super) fn is_secure(&self, host: &str) -> bool {
        let is_console = |console: &String| {
            console.strip_prefix("https://").is_some_and(|authority| authority.eq_ignore_ascii_case(host))
        };
        self.scheme == "https" || self.console.as_ref().is_some_and(is_console)
    }

    /// Whether a page of this origin is one of the listener's own, asked for under this host, which is one of its names.
    pub(super) fn has(&self, origin: &str, host: &str) -> bool {
        let is_own = origin
            .split_once("://")
            .is_some_and(|(scheme, authority)| scheme == self.scheme && authority.eq_ignore_ascii_case(host));
        is_own || self.console.as_deref() == Some(origin)
    }
}

/// What goes there in the clear leaves the machine nowhere.
fn is_this_machine(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_a_scheme_and_a_host() {
        for (text, expected) in [
            ("https://ops.example.com", Some("https://ops.example.com")),
            ("https://Ops.Example.com:443/", Some("https://ops.example.com")),
            ("http://127.0.0.1:7421", Some("http://127.0.0.1:7421")),
            ("https://[::1]:8443", Some("https://[::1]:8443")),
            ("http://localhost:7421", Some("http://localhost:7421")),
            ("http://ops.example.com", None),
            ("http://10.0.0.5:7421", None),
            ("https://ops.example.com/console", None),
            ("https://ops.example.com/?a", None),
            ("https://me@ops.example.com", None),
            ("ftp://ops.example.com", None),
            ("javascript:alert(1)", None),
            ("ops.example.com", None),
            ("", None),
        ] {
            let read = ConsoleAddress::read(text).ok().map(|address| address.to_string());
            assert_eq!(read.as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn pages_are_the_listeners_own_or_those_of_its_address() {
        let console = ConsoleAddress::read("https://ops.example.com").unwrap();
        let origins = Origins::new(false, Some(&console));
        for (origin, expected) in [
            ("http://127.0.0.1:7421", true),
            ("https://ops.example.com", true),
            ("https://127.0.0.1:7421", false),
            ("http://ops.example.com", false),
            ("http://127.0.0.1:7422", false),
            ("http://evil.example", false),
            ("null", false),
            ("", false),
        ] {
            assert_eq!(origins.has(origin, "127.0.0.1:7421"), expected, "{origin}");
        }
        assert!(origins.is_secure("Ops.example.com") && !origins.is_secure("127.0.0.1:7421"));
        assert!(Origins::new(true, None).is_secure("127.0.0.1:7421"));
    }
}
