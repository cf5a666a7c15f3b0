//! Under which addresses people reach the pages.

use std::fmt;

use url::Url;

/// The address below which people reach the pages, such as that of a proxy that encrypts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConsoleAddress {
    /// As browsers write an origin.
    origin: String,
}

/// What is not such an address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not the address of a host, such as https://interlock.example.com")]
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
        if !is_bare || !is_named || !matches!(url.scheme(), "https" | "http") {
            return Err(unfit());
        }
        Ok(Self { origin: url.origin().ascii_serialization() })
    }
}

impl fmt::Display for ConsoleAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.origin)
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
}
