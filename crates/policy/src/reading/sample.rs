//! Values for which an operator holds, or does not, as JSON. They are guesses: each is tried before it is told.

use interlock_json::canonical;

use super::{Operand, Reading};

/// Longest text made up for a length, in characters.
const LONGEST: usize = 256;

impl Reading {
    /// Values for which the operator probably holds.
    pub(crate) fn examples(&self) -> Vec<String> {
        match &self.operand {
            // Made up from the pattern, by those who know how.
            Operand::Matches(_) => Vec::new(),
            Operand::StartsWith(affixes) | Operand::EndsWith(affixes) => quoted(affixes.texts(), ""),
            Operand::MatchesGlob(shapes) => {
                shapes.texts().map(|text| json(&text.replace('*', "x"))).collect()
            }
            Operand::LengthLte(_) => vec![json(""), "[]".to_owned()],
            Operand::LengthGte(length) => long(length.bound().to_i128(), 0),
            Operand::OneOfTypes(types) => types.names().filter_map(of_type).map(str::to_owned).collect(),
            Operand::WithinPath(roots) => {
                roots.texts().map(|root| json(&format!("{}/example", root.trim_end_matches('/')))).collect()
            }
            Operand::UrlHostIn(hosts) => {
                let scheme = hosts.schemes().and_then(|schemes| schemes.texts().next()).unwrap_or("https");
                hosts.texts().map(|host| json(&format!("{scheme}://{}/", below(host)))).collect()
            }
            Operand::UrlSchemeIn(schemes) => quoted(schemes.texts(), "://example.com/"),
            Operand::IpIn(ranges) => ranges.texts().map(|text| json(first(text))).collect(),
            Operand::SqlReadonly(_) => vec![json("SELECT 1")],
            Operand::ArgvIn(commands) => quoted(commands.texts(), ""),
            Operand::EmailDomainIn(domains) => {
                domains.texts().map(|domain| json(&format!("a@{}", below(domain)))).collect()
            }
            Operand::Before(_) => dates("0001-01-02"),
            Operand::After(_) => dates("9999-12-30"),
        }
    }

    /// Values for which it probably does not.
    pub(crate) fn counterexamples(&self) -> Vec<String> {
        match &self.operand {
            Operand::LengthLte(length) => long(length.bound().to_i128(), 1),
            Operand::LengthGte(_) => vec![json(""), "[]".to_owned()],
            Operand::OneOfTypes(_) => TYPES.iter().map(|(_, value)| (*value).to_owned()).collect(),
            Operand::WithinPath(_) => vec![json("/example"), json("example")],
            Operand::UrlHostIn(hosts) => {
                let scheme = hosts.schemes().and_then(|schemes| schemes.texts().next()).unwrap_or("https");
                vec![json(&format!("{scheme}://other.example/"))]
            }
            Operand::UrlSchemeIn(_) => vec![json("other://example.com/")],
            Operand::IpIn(_) => vec![json("192.0.2.1"), json("2001:db8::1"), json("10.0.0.1")],
            Operand::SqlReadonly(_) => vec![json("DELETE FROM t")],
            Operand::ArgvIn(_) => vec![json("other")],
            Operand::EmailDomainIn(_) => vec![json("a@other.example")],
            Operand::Before(_) => dates("9999-12-30"),
            Operand::After(_) => dates("0001-01-02"),
            _ => vec![json("example"), json(""), json("0")],
        }
    }
}

const TYPES: [(&str, &str); 6] = [
    ("string", "\"example\""),
    ("number", "1.5"),
    ("integer", "1"),
    ("boolean", "true"),
    ("array", "[]"),
    ("object", "{}"),
];

fn of_type(name: &str) -> Option<&'static str> {
    TYPES.iter().find(|(known, _)| *known == name).map(|(_, value)| *value)
}

/// A name that the pattern of a domain is about, without brackets that are not wanted and with those that are.
fn below(pattern: &str) -> String {
    let name = first(pattern);
    match pattern.strip_prefix("*.") {
        Some(domain) => format!("a.{domain}"),
        None if name.matches(':').count() > 1 && !name.starts_with('[') => format!("[{name}]"),
        None => name.to_owned(),
    }
}

/// The first address of a range.
fn first(range: &str) -> &str {
    range.split('/').next().unwrap_or(range)
}

fn long(length: Option<i128>, more: usize) -> Vec<String> {
    let length = length.and_then(|length| usize::try_from(length).ok()).filter(|length| *length <= LONGEST);
    length.map(|length| json(&"x".repeat(length + more))).into_iter().collect()
}

fn dates(date: &str) -> Vec<String> {
    vec![json(date), json(&format!("{date}T00:00:00Z"))]
}

fn quoted<'t>(texts: impl Iterator<Item = &'t str>, after: &str) -> Vec<String> {
    texts.map(|text| json(&format!("{text}{after}"))).collect()
}

fn json(text: &str) -> String {
    let mut out = String::new();
    canonical::write_str(text, &mut out);
    out
}
