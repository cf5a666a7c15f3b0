//! The canonical bytes (RFC 8785) of a record, written directly: every key below stands in the order RFC 8785
//! §3.2.3 sorts them.

use interlock_json::canonical;

use crate::entry::{CounterChange, Detail, Entry, Finding, Severity, Verdict};
use crate::fields::Fields;
use crate::leaf::Leaf;
use crate::timestamp;

/// A member's name as it stands in a record, comma and colon included, so that it is written in one piece: `,"seq":`.
/// Names are our own plain ASCII: nothing in them needs an escape.
macro_rules! key {
    ($name:literal) => {
        concat!(",\"", $name, "\":")
    };
}

/// The longest text of any one field, bytes; longer ones are cut and say so.
pub(crate) const MAX_TEXT: usize = 4096;

/// What the chain adds to an entry.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Envelope<'a> {
    pub(crate) seq: u64,
    pub(crate) prev: Option<Leaf>,
    pub(crate) time_ms: i64,
    pub(crate) instance: &'a str,
}

/// Writes the record of `entry` to `out`.
pub(crate) fn record(envelope: &Envelope<'_>, entry: &Entry<'_>, out: &mut String) {
    write(envelope, &Fields::of(entry), out);
}

fn write(envelope: &Envelope<'_>, f: &Fields<'_>, out: &mut String) {
    let mut w = Object::begin(out);
    w.text(key!("approval"), f.ruling.approval);
    w.raw(key!("arguments"), f.arguments.map(|a| a.as_json()));
    w.number(key!("bytes_in"), f.bytes_in);
    w.number(key!("bytes_out"), f.bytes_out);
    w.number(key!("call"), f.call);
    w.text(key!("category"), Some(f.category));
    w.text(key!("client"), f.identity.client);
    w.signed(key!("code"), f.code);
    w.number(key!("count"), f.count);
    w.list(key!("counters"), f.counters, |change, out| counter(change, out));
    w.object(key!("details"), f.details, detail);
    w.text(key!("grant"), f.identity.grant);
    w.text(key!("instance"), Some(envelope.instance));
    w.text(key!("issuer"), f.identity.issuer);
    w.text(key!("kind"), Some(f.kind));
    w.number(key!("latency_us"), f.latency_us);
    w.text(key!("method"), f.target.method);
    w.text(key!("mode"), f.mode);
    w.text(key!("name"), f.ruling.name);
    w.text(key!("on_behalf_of"), f.identity.on_behalf_of);
    w.text(key!("pin"), f.ruling.pin);
    w.text(key!("policy"), f.ruling.policy);
    w.leaf(key!("prev"), envelope.prev);
    w.text(key!("prompt"), f.prompt);
    w.text(key!("reason"), f.ruling.reason);
    w.number(key!("redactions"), f.redactions);
    w.text(key!("request"), f.target.request);
    w.text(key!("resource"), f.resource);
    w.list(key!("resources"), f.target.resources, |uri, out| write_text(uri, out));
    w.number(key!("retry_after_ms"), f.retry_after_ms);
    w.text(key!("rule"), f.ruling.rule);
    w.number(key!("seq"), Some(envelope.seq));
    w.text(key!("server"), f.target.server);
    w.text(key!("session"), f.identity.session);
    w.text(key!("settled"), f.settled);
    w.text(key!("severity"), Some(severity(f.severity)));
    w.list(key!("shadow"), f.ruling.shadow, |finding, out| shadow(finding, out));
    w.text(key!("status"), f.status);
    w.time(key!("time"), envelope.time_ms);
    w.text(key!("tool"), f.tool);
    w.text(key!("traceparent"), f.traceparent);
    w.text(key!("verdict"), f.verdict.map(verdict));
    w.end();
}

fn counter(change: &CounterChange<'_>, out: &mut String) {
    let mut w = Object::begin(out);
    w.text(key!("after"), Some(&change.after.to_string()));
    w.text(key!("before"), Some(&change.before.to_string()));
    w.text(key!("key"), Some(change.key));
    w.end();
}

fn shadow(finding: &Finding<'_>, out: &mut String) {
    let mut w = Object::begin(out);
    w.text(key!("name"), finding.name);
    w.text(key!("reason"), Some(finding.reason));
    w.text(key!("rule"), Some(finding.rule));
    w.text(key!("verdict"), Some(verdict(finding.verdict)));
    w.end();
}

fn detail(value: &Detail<'_>, out: &mut String) {
    match value {
        Detail::Text(text) => write_text(text, out),
        Detail::Number(n) => push_signed(*n, out),
        Detail::Flag(flag) => out.push_str(if *flag { "true" } else { "false" }),
        Detail::List(texts) => write_list(texts, out, |text, out| write_text(text, out)),
    }
}

pub(crate) fn verdict(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Deny => "deny",
        Verdict::Ask => "ask",
        Verdict::Proceed => "proceed",
    }
}

fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Informational => "informational",
        Severity::Low => "low",
        Severity::Medium => "medium",
        Severity::High => "high",
        Severity::Critical => "critical",
    }
}

/// An object being written; members come in sorted order, absent ones not at all.
struct Object<'o> {
    out: &'o mut String,
    empty: bool,
}

impl<'o> Object<'o> {
    fn begin(out: &'o mut String) -> Self {
        out.push('{');
        Self { out, empty: true }
    }

    fn end(self) {
        self.out.push('}');
    }

    /// Takes a [`key!`]; the first one goes without its comma.
    #[inline]
    fn key(&mut self, key: &'static str) {
        let without_comma = key.get(1..).unwrap_or_default();
        self.out.push_str(if self.empty { without_comma } else { key });
        self.empty = false;
    }

    fn text(&mut self, key: &'static str, value: Option<&str>) {
        if let Some(value) = value {
            self.key(key);
            write_text(value, self.out);
        }
    }

    fn raw(&mut self, key: &'static str, value: Option<&str>) {
        if let Some(value) = value {
            self.key(key);
            self.out.push_str(value);
        }
    }

    fn number(&mut self, key: &'static str, value: Option<u64>) {
        if let Some(value) = value {
            self.key(key);
            push_number(value, self.out);
        }
    }

    fn signed(&mut self, key: &'static str, value: Option<i64>) {
        if let Some(value) = value {
            self.key(key);
            push_signed(value, self.out);
        }
    }

    fn time(&mut self, key: &'static str, unix_ms: i64) {
        self.key(key);
        self.out.push('"');
        timestamp::write_ms(unix_ms, self.out);
        self.out.push('"');
    }

    fn leaf(&mut self, key: &'static str, value: Option<Leaf>) {
        if let Some(leaf) = value {
            self.key(key);
            self.out.push('"');
            leaf.write(self.out);
            self.out.push('"');
        }
    }

    fn list<T>(&mut self, key: &'static str, items: &[T], each: impl Fn(&T, &mut String)) {
        if !items.is_empty() {
            self.key(key);
            write_list(items, self.out, each);
        }
    }

    /// An object whose names come from the caller: sorted here as RFC 8785 does; of equal names the first
    /// stays.
    fn object<T: Copy>(&mut self, key: &'static str, members: &[(&str, T)], each: impl Fn(&T, &mut String)) {
        if members.is_empty() {
            return;
        }
        let mut sorted = members.to_vec();
        sorted.sort_by(|(a, _), (b, _)| canonical::cmp_utf16(a, b));
        sorted.dedup_by(|(a, _), (b, _)| a == b);
        self.key(key);
        self.out.push('{');
        for (i, (name, value)) in sorted.iter().enumerate() {
            if i > 0 {
                self.out.push(',');
            }
            canonical::write_str(name, self.out);
            self.out.push(':');
            each(value, self.out);
        }
        self.out.push('}');
    }
}

fn write_list<T>(items: &[T], out: &mut String, each: impl Fn(&T, &mut String)) {
    out.push('[');
    for (i, item) in items.iter().enumerate() {
        if i > 0 {
            out.push(',');
        }
        each(item, out);
    }
    out.push(']');
}

/// A JSON string, cut to [`MAX_TEXT`].
pub(crate) fn write_text(text: &str, out: &mut String) {
    if text.len() <= MAX_TEXT {
        return canonical::write_str(text, out);
    }
    let end = (0..=MAX_TEXT).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    let cut = text.get(..end).unwrap_or_default();
    canonical::write_str(&format!("{cut}…[+{} bytes]", text.len() - end), out);
}

/// Decimal digits without the formatting machinery: a record has a handful of numbers and one is written for
/// every call.
fn push_number(value: u64, out: &mut String) {
    let mut digits = [0_u8; 20];
    let mut rest = value;
    let mut used = 0;
    for slot in digits.iter_mut().rev() {
        *slot = b'0' + (rest % 10) as u8;
        rest /= 10;
        used += 1;
        if rest == 0 {
            break;
        }
    }
    for digit in digits.iter().skip(digits.len() - used) {
        out.push(char::from(*digit));
    }
}

fn push_signed(value: i64, out: &mut String) {
    if value < 0 {
        out.push('-');
    }
    push_number(value.unsigned_abs(), out);
}

#[cfg(test)]
mod tests;
