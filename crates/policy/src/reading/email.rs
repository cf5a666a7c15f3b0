//! `email_domain_in`: one bare address at one of several domains.

use super::{DomainPattern, Flaw, Judged, Unjudgeable, domain};

/// The domains that an address may be at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct EmailDomains(Vec<DomainPattern>);

impl EmailDomains {
    pub(crate) fn new(texts: &[String]) -> Result<EmailDomains, (usize, Flaw)> {
        let domain = |(index, text): (usize, &String)| {
            let bare = text.strip_prefix('@').unwrap_or(text);
            match (DomainPattern::new(text), bare.rsplit_once('@')) {
                (Ok(pattern), _) => Ok(pattern),
                (Err(flaw), Some((_, after))) => {
                    Err((index, flaw.help(format!("write the domain only: `{after}`"))))
                }
                (Err(flaw), None) if bare != text => Err((index, flaw.help(format!("write `{bare}`")))),
                (Err(flaw), None) => Err((index, flaw)),
            }
        };
        texts.iter().enumerate().map(domain).collect::<Result<_, _>>().map(EmailDomains)
    }

    pub(crate) fn texts(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(DomainPattern::as_str)
    }

    /// Display names, comments, quoted parts, lists and routes are all refused: mail programs read them differently.
    pub(super) fn judge(&self, text: &str) -> Judged {
        let (local, domain) = text.split_once('@').ok_or("is not an email address")?;
        if domain.contains('@') {
            return Err("is more than one email address".into());
        }
        if !is_local(local) {
            return Err(Unjudgeable::from("is not one plain email address"));
        }
        let name = domain::ascii(domain)?;
        Ok(self.0.iter().any(|pattern| pattern.matches(&name)))
    }
}

/// A dot-atom (RFC 5322 §3.2.3) without the characters that routes and shells use.
fn is_local(local: &str) -> bool {
    let atom = |part: &str| {
        !part.is_empty()
            && part.bytes().all(|byte| {
                byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'+' | b'=' | b'\'' | b'&')
            })
    };
    local.len() <= 64 && local.split('.').all(atom)
}
