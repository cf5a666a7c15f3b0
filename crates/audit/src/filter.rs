//! Which records a reader wants, and finding them without reading the JSON of the rest.

use interlock_json::canonical;
use memchr::memmem::Finder;

use crate::Record;

/// Which records are wanted; everything given must hold. `grant`, `server`, `tool` and `rule` may contain `*`
/// for any text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Not before this time, unix milliseconds.
    pub from_ms: Option<i64>,
    /// Before this time, unix milliseconds.
    pub to_ms: Option<i64>,
    /// Of this grant.
    pub grant: Option<String>,
    /// Of this server.
    pub server: Option<String>,
    /// Of this tool, resource or prompt.
    pub tool: Option<String>,
    /// With this verdict: `deny`, `ask`, `proceed`.
    pub verdict: Option<String>,
    /// Decided by this rule, or objected to by it in shadow mode, by either of its names.
    pub rule: Option<String>,
    /// Of this kind: `intent`, `outcome`, `refusal`, `start`, …
    pub kind: Option<String>,
    /// With something that a constraint in shadow mode would have done.
    pub shadow: bool,
    /// With this text in any of its texts, whatever the case of ASCII letters.
    pub text: Option<String>,
    /// Of instances whose name begins so.
    pub instance: Option<String>,
    /// At most so many records.
    pub limit: Option<usize>,
}

/// A filter made ready.
#[derive(Debug)]
pub(crate) struct Matcher {
    pub(crate) filter: Filter,
    text: Option<String>,
    /// Bytes that every wanted line contains; the first is what blocks are searched for.
    needles: Vec<Finder<'static>>,
    /// The same for the text, in lower case.
    text_needle: Option<Finder<'static>>,
}

impl Matcher {
    pub(crate) fn new(filter: Filter) -> Self {
        let text = filter.text.as_deref().map(str::to_ascii_lowercase);
        let mut needles = Vec::new();
        // The rarest first.
        needles.extend(filter.rule.as_deref().map(|value| needle(":\"", value)));
        needles.extend(filter.shadow.then(|| Finder::new(b"\"shadow\":[").into_owned()));
        // The value of a member, or one of a list of resources.
        needles.extend(filter.tool.as_deref().map(|value| needle("\"", value)));
        needles.extend(filter.grant.as_deref().map(|value| needle("\"grant\":\"", value)));
        needles.extend(filter.server.as_deref().map(|value| needle("\"server\":\"", value)));
        needles.extend(filter.verdict.as_deref().map(|value| needle("\"verdict\":\"", value)));
        needles.extend(filter.kind.as_deref().map(|value| needle("\"kind\":\"", value)));
        let text_needle =
            text.as_deref().map(|text| Finder::new(&escaped(text).to_ascii_lowercase()).into_owned());
        Self { filter, text, needles, text_needle }
    }

    /// Where in `block` a line that may be wanted is, from `from` on: some byte of it. With nothing to search
    /// for, the next byte is.
    pub(crate) fn find(&self, block: &[u8], lower: &[u8], from: usize) -> Option<usize> {
        let rest = |block| <[u8]>::get(block, from..).filter(|rest| !rest.is_empty());
        match (self.needles.first(), &self.text_needle) {
            (Some(needle), _) => Some(from + needle.find(rest(block)?)?),
            (None, Some(needle)) => Some(from + needle.find(rest(lower)?)?),
            (None, None) => rest(block).map(|_| from),
        }
    }

    /// Whether blocks are searched in lower case.
    pub(crate) fn wants_lower(&self) -> bool {
        self.needles.is_empty() && self.text_needle.is_some()
    }

    /// Whether the line has all needles; `false` is certain, `true` is not.
    pub(crate) fn may_match(&self, line: &[u8]) -> bool {
        self.needles.iter().all(|needle| needle.find(line).is_some())
    }

    pub(crate) fn matches(&self, record: &Record) -> bool {
        let f = &self.filter;
        let is = |wanted: &Option<String>, key: &str| {
            wanted.as_deref().is_none_or(|wanted| record.text(key).is_some_and(|text| glob(wanted, &text)))
        };
        f.from_ms.is_none_or(|from| record.time_ms() >= from)
            && f.to_ms.is_none_or(|to| record.time_ms() < to)
            && is(&f.grant, "grant")
            && is(&f.server, "server")
            && is(&f.verdict, "verdict")
            && is(&f.kind, "kind")
            && (!f.shadow || record.shadow().next().is_some())
            && f.tool.as_deref().is_none_or(|wanted| record.subjects().any(|name| glob(wanted, &name)))
            && f.rule.as_deref().is_none_or(|wanted| names_rule(record, wanted))
            && self.text.as_deref().is_none_or(|text| record.says(text))
    }
}

/// Whether a rule of that name or place decided, or would have were it not in shadow mode.
fn names_rule(record: &Record, wanted: &str) -> bool {
    let decided = ["rule", "name"].into_iter().filter_map(|key| record.text(key));
    let in_shadow = record.shadow().flat_map(|finding| [Some(finding.rule), finding.name]).flatten();
    decided.chain(in_shadow).any(|name| glob(wanted, &name))
}

/// What a line contains if a member's value is `value`: up to the first `*`, or to the closing quote.
fn needle(before: &str, value: &str) -> Finder<'static> {
    let literal = match value.split_once('*') {
        Some((literal, _)) => format!("{before}{}", escaped(literal)),
        None => format!("{before}{}\"", escaped(value)),
    };
    Finder::new(literal.as_bytes()).into_owned()
}

/// A text as it stands between the quotes of canonical JSON.
fn escaped(text: &str) -> String {
    let mut out = String::new();
    canonical::write_str(text, &mut out);
    out.get(1..out.len() - 1).unwrap_or_default().to_owned()
}

/// Whether `text` is `pattern`, in which `*` stands for any text.
fn glob(pattern: &str, text: &str) -> bool {
    let Some((begin, rest)) = pattern.split_once('*') else { return pattern == text };
    let Some(mut text) = text.strip_prefix(begin) else { return false };
    let Some((middle, end)) = rest.rsplit_once('*') else { return text.ends_with(rest) };
    for part in middle.split('*') {
        match text.find(part) {
            Some(at) => text = text.get(at + part.len()..).unwrap_or_default(),
            None => return false,
        }
    }
    text.ends_with(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn globs() {
        let check = |pattern: &str, text: &str, expected: bool| {
            assert_eq!(glob(pattern, text), expected, "{pattern} on {text}");
        };
        check("read", "read", true);
        check("read", "reads", false);
        check("*", "", true);
        check("read*", "read_file", true);
        check("*file", "read_file", true);
        check("r*f*e", "read_file", true);
        check("r*f*e", "read_fil", false);
        check("a*a", "a", false);
        check("*a*b*", "xaxbx", true);
        check("*b*a*", "xaxbx", false);
        check("", "", true);
    }
}
