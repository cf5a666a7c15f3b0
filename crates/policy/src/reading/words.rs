//! Operators in words, for the reasons that agents and people read.

use super::{Operand, Reading};
use crate::describe::quoted;

/// Most alternatives named in a reason.
const MOST_LISTED: usize = 8;

impl Reading {
    /// What must hold: `must be a read-only SQL statement`.
    pub(crate) fn requirement(&self) -> String {
        match &self.operand {
            Operand::Matches(whole) => format!("must match {} as a whole", quoted(whole.as_str())),
            Operand::StartsWith(affixes) => format!("must start with {}", alternatives(affixes.texts())),
            Operand::EndsWith(affixes) => format!("must end with {}", alternatives(affixes.texts())),
            Operand::MatchesGlob(shapes) => format!("must match {}", alternatives(shapes.texts())),
            Operand::LengthLte(length) => format!("must have at most {} characters or items", length.bound()),
            Operand::LengthGte(length) => {
                format!("must have at least {} characters or items", length.bound())
            }
            _ => self.being("must be"),
        }
    }

    /// What is the case: `is a read-only SQL statement`.
    pub(crate) fn statement(&self) -> String {
        match &self.operand {
            Operand::Matches(whole) => format!("matches {} as a whole", quoted(whole.as_str())),
            Operand::StartsWith(affixes) => format!("starts with {}", alternatives(affixes.texts())),
            Operand::EndsWith(affixes) => format!("ends with {}", alternatives(affixes.texts())),
            Operand::MatchesGlob(shapes) => format!("matches {}", alternatives(shapes.texts())),
            Operand::LengthLte(length) => format!("has at most {} characters or items", length.bound()),
            Operand::LengthGte(length) => format!("has at least {} characters or items", length.bound()),
            _ => self.being("is"),
        }
    }

    fn being(&self, be: &str) -> String {
        match &self.operand {
            Operand::OneOfTypes(types) => format!("{be} of type {}", alternatives(types.names())),
            Operand::WithinPath(roots) => format!("{be} a path within {}", alternatives(roots.texts())),
            Operand::UrlHostIn(hosts) => format!("{be} a URL at {}", alternatives(hosts.texts())),
            Operand::UrlSchemeIn(schemes) => {
                format!("{be} a URL with the scheme {}", alternatives(schemes.texts()))
            }
            Operand::IpIn(ranges) => format!("{be} an IP address in {}", alternatives(ranges.texts())),
            Operand::SqlReadonly(_) => format!("{be} a read-only SQL statement"),
            Operand::ArgvIn(commands) => {
                format!("{be} a command that begins with {}", alternatives(commands.texts()))
            }
            Operand::EmailDomainIn(domains) => {
                format!("{be} an email address at {}", alternatives(domains.texts()))
            }
            Operand::Before(moment) => format!("{be} before {}", moment.as_str()),
            Operand::After(moment) => format!("{be} after {}", moment.as_str()),
            // These have verbs of their own.
            Operand::Matches(_)
            | Operand::StartsWith(_)
            | Operand::EndsWith(_)
            | Operand::MatchesGlob(_)
            | Operand::LengthLte(_)
            | Operand::LengthGte(_) => format!("{be} as `{}` wants it", self.name()),
        }
    }
}

/// `"a", "b" or "c"`
fn alternatives<'t>(texts: impl Iterator<Item = &'t str>) -> String {
    let texts: Vec<&str> = texts.collect();
    let mut shown: Vec<String> = texts.iter().take(MOST_LISTED).map(|text| quoted(text)).collect();
    if let Some(more) = texts.len().checked_sub(MOST_LISTED).filter(|more| *more > 0) {
        shown.push(format!("{more} more"));
    }
    match shown.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
        _ => shown.concat(),
    }
}
