//! `url_host_in` and `url_scheme_in`: addresses by the rules of the web, where every other reader agrees.

use std::net::IpAddr;

use ::url::{Host, Url};

use super::ip::{Range, is_transition, unmapped};
use super::{DomainPattern, Flaw, Judged, Unjudgeable, domain, is_hidden};
use crate::diagnostic::quoted;

/// Longest address that is read, in bytes.
const MOST: usize = 8_192;
/// The schemes that are read where the operand names none.
const USUAL: [&str; 2] = ["http", "https"];

/// The hosts that an address may name, and the schemes that are read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Hosts {
    hosts: Vec<HostPattern>,
    schemes: Option<Schemes>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct HostPattern {
    text: String,
    host: Site,
    port: Option<u16>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Site {
    Domain(DomainPattern),
    Range(Range),
}

/// A host of an address.
enum Named {
    Domain(String),
    Address(IpAddr),
}

impl Hosts {
    pub(crate) fn new(hosts: &[String], schemes: Option<Schemes>) -> Result<Hosts, (usize, Flaw)> {
        let host = |(index, text): (usize, &String)| HostPattern::parse(text).map_err(|flaw| (index, flaw));
        let hosts = hosts.iter().enumerate().map(host).collect::<Result<_, _>>()?;
        Ok(Hosts { hosts, schemes })
    }

    pub(crate) fn texts(&self) -> impl Iterator<Item = &str> {
        self.hosts.iter().map(|host| host.text.as_str())
    }

    pub(crate) fn schemes(&self) -> Option<&Schemes> {
        self.schemes.as_ref()
    }

    pub(super) fn judge(&self, text: &str) -> Judged {
        let url = read(text)?;
        let known = match &self.schemes {
            Some(schemes) => schemes.contains(url.scheme()),
            None => USUAL.contains(&url.scheme()),
        };
        if !known {
            return Err("has a scheme other than those that this condition reads".into());
        }
        let host = named(authority(text)?, &url)?;
        let port = url.port_or_known_default();
        if self.hosts.iter().any(|pattern| pattern.matches(&host, port)) {
            return Ok(true);
        }
        match host {
            Named::Address(IpAddr::V6(address)) if is_transition(address) => {
                Err("has an IPv6 address that may stand for an IPv4 one".into())
            }
            _ => Ok(false),
        }
    }
}

impl HostPattern {
    fn parse(text: &str) -> Result<HostPattern, Flaw> {
        if text.contains("://") || text.contains('@') {
            let flaw = Flaw::new(format!("{} is more than a host", quoted(text)));
            return Err(flaw.help("write the host only, such as `example.com` or `*.example.com`"));
        }
        if text == "*" {
            let flaw = Flaw::new("`*` is not a host");
            return Err(flaw.help(
                "for any host use `op: url_scheme_in`; `*.example.com` is everything below example.com",
            ));
        }
        // Most hosts are names, and to say why a name is no address takes longer than to see that it is none.
        let like_address =
            |text: &str| text.contains(':') || text.starts_with(|first: char| first.is_ascii_digit());
        if like_address(text)
            && let Ok(range) = Range::parse(text)
        {
            return Ok(HostPattern { text: text.to_owned(), host: Site::Range(range), port: None });
        }
        let (host, port) = match text.rsplit_once(':') {
            Some((host, port)) if !text.ends_with(']') => {
                let number = port.parse().ok().filter(|number: &u16| number.to_string() == port);
                let wrong =
                    || Flaw::new(format!("{} is not a port", quoted(port))).help("write `example.com:8443`");
                (host, Some(number.ok_or_else(wrong)?))
            }
            _ => (text, None),
        };
        let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        let host = match like_address(bare).then(|| Range::parse(bare)) {
            Some(Ok(range)) => Site::Range(range),
            // A range that is not quite one gets its own advice.
            Some(Err(flaw))
                if bare.contains('/') && bare.starts_with(|first: char| first.is_ascii_digit()) =>
            {
                return Err(flaw);
            }
            _ => Site::Domain(DomainPattern::new(host)?),
        };
        Ok(HostPattern { text: text.to_owned(), host, port })
    }

    fn matches(&self, host: &Named, port: Option<u16>) -> bool {
        let same = match (&self.host, host) {
            (Site::Domain(pattern), Named::Domain(name)) => pattern.matches(name),
            (Site::Range(range), Named::Address(address)) => range.contains(*address),
            (Site::Domain(_), Named::Address(_)) | (Site::Range(_), Named::Domain(_)) => false,
        };
        same && (self.port.is_none() || self.port == port)
    }
}

/// Schemes of addresses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Schemes(Vec<String>);

impl Schemes {
    pub(crate) fn new(texts: &[String]) -> Result<Schemes, (usize, Flaw)> {
        let scheme = |(index, text): (usize, &String)| {
            if is_scheme(text) && *text == text.to_ascii_lowercase() {
                return Ok(text.clone());
            }
            let flaw = Flaw::new(format!("{} is not a scheme", quoted(text)));
            let bare = text.trim_end_matches(['/', ':']).to_ascii_lowercase();
            Err((
                index,
                if is_scheme(&bare) {
                    flaw.help(format!("write `{bare}`"))
                } else {
                    flaw.help("such as `https`")
                },
            ))
        };
        texts.iter().enumerate().map(scheme).collect::<Result<_, _>>().map(Schemes)
    }

    pub(crate) fn texts(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    fn contains(&self, scheme: &str) -> bool {
        self.0.iter().any(|known| known == scheme)
    }

    pub(super) fn judge(&self, text: &str) -> Judged {
        Ok(self.contains(read(text)?.scheme()))
    }
}

fn is_scheme(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'))
}

/// An address without anything that readers treat differently: the web's rules drop tabs and line ends, turn
/// backslashes round and trim blanks.
fn read(text: &str) -> Result<Url, Unjudgeable> {
    if text.len() > MOST {
        return Err(format!("is longer than {MOST} bytes").into());
    }
    if text.chars().any(|character| is_hidden(character) || character.is_whitespace()) {
        return Err("holds a blank, a control character or an invisible one".into());
    }
    if text.contains('\\') {
        return Err("holds a backslash".into());
    }
    Url::parse(text).map_err(|_| "is not a URL".into())
}

/// What stands between `://` and the path.
fn authority(text: &str) -> Result<&str, Unjudgeable> {
    let (_, rest) = text.split_once(':').ok_or("is not a URL")?;
    let rest = rest.strip_prefix("//").ok_or("has no `//` after its scheme")?;
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    if authority.is_empty() {
        return Err("names no host".into());
    }
    if authority.contains('@') {
        return Err("holds a user name before its host".into());
    }
    if authority.contains('%') {
        return Err("has a percent-encoded host".into());
    }
    Ok(authority)
}

fn named(authority: &str, url: &Url) -> Result<Named, Unjudgeable> {
    let host = without_port(authority);
    let parsed = Host::parse(host).map_err(|_| Unjudgeable::from("names no valid host"))?;
    // What the whole address was read as must be what its host alone is read as.
    if url.host().is_none_or(|whole| whole.to_string() != parsed.to_string() && url.is_special()) {
        return Err("names no valid host".into());
    }
    match parsed {
        Host::Ipv4(_) if !host.is_ascii() => Err("has an address in digits that stand for others".into()),
        Host::Ipv4(_) if host.split('.').any(is_octal) => {
            Err("has an IPv4 address with leading zeros, which is read in two ways".into())
        }
        Host::Ipv4(address) => Ok(Named::Address(address.into())),
        Host::Ipv6(address) => Ok(Named::Address(unmapped(address.into()))),
        Host::Domain(_) => {
            let bare = host.strip_suffix('.').unwrap_or(host);
            Ok(Named::Domain(domain::ascii(bare)?))
        }
    }
}

fn without_port(authority: &str) -> &str {
    match authority.rsplit_once(':') {
        Some((host, _)) if !authority.ends_with(']') => host,
        _ => authority,
    }
}

fn is_octal(part: &str) -> bool {
    part.len() > 1 && part.starts_with('0') && !part.starts_with("0x") && !part.starts_with("0X")
}
