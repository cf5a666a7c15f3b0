//! Names of domains: as policies write them, and as values spell them.

use super::{Flaw, Unjudgeable};
use crate::diagnostic::quoted;

/// Longest name, in bytes (RFC 1035 §3.1 without the root's).
const MOST: usize = 253;

/// One domain, or with `*.` everything below it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DomainPattern {
    text: String,
    ascii: String,
    below: bool,
}

impl DomainPattern {
    pub(crate) fn new(text: &str) -> Result<DomainPattern, Flaw> {
        let (below, name) = match text.strip_prefix("*.") {
            Some(name) => (true, name),
            None => (false, text),
        };
        if name.contains('*') {
            let flaw = Flaw::new(format!("{} is no domain: `*` stands at the beginning only", quoted(text)));
            return Err(flaw.help("write `*.example.com` for everything below example.com"));
        }
        match ascii(name) {
            Ok(ascii) => Ok(DomainPattern { text: text.to_owned(), ascii, below }),
            Err(_) => Err(Flaw::new(format!("{} is no domain", quoted(text)))
                .help("write `example.com`, or `*.example.com` for everything below it")),
        }
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether the pattern is about a name that [`ascii`] gave.
    pub(super) fn matches(&self, name: &str) -> bool {
        if !self.below {
            return self.ascii == name;
        }
        name.strip_suffix(self.ascii.as_str())
            .and_then(|rest| rest.strip_suffix('.'))
            .is_some_and(|rest| !rest.is_empty())
    }
}

/// A domain's name in lower case, letters beyond ASCII in punycode. A name that only becomes one by being mapped, such
/// as one in full-width letters, is refused: not everybody maps alike.
pub(super) fn ascii(name: &str) -> Result<String, Unjudgeable> {
    if name.len() > MOST {
        return Err("has a domain that is too long".into());
    }
    // The last four are mapped to other letters and look no different once their case is gone.
    if name.contains(['ß', 'ẞ', 'ς', 'İ', '\u{212a}', '\u{212b}', '\u{2126}']) {
        return Err("has a domain that is read in two ways".into());
    }
    // The parser of hosts would decode it, and nobody else who is given a domain.
    if name.contains('%') {
        return Err("has a percent-encoded domain".into());
    }
    let Ok(::url::Host::Domain(ascii)) = ::url::Host::parse(name) else {
        return Err("has no valid domain".into());
    };
    if !ascii.split('.').all(is_label) {
        return Err("has no valid domain".into());
    }
    let unmapped = name.is_ascii() || ::url::quirks::domain_to_unicode(&ascii) == name.to_lowercase();
    if unmapped { Ok(ascii) } else { Err("has a domain in letters that stand for others".into()) }
}

fn is_label(label: &str) -> bool {
    let inner = label.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
    inner && (1..=63).contains(&label.len()) && !label.starts_with('-') && !label.ends_with('-')
}
