//! A record as a reader sees it.

use std::borrow::Cow;

use interlock_json::{Document, Kind, Value, scan};

use crate::head::{self, LIMITS};
use crate::{InstanceId, Leaf, Seq, leaf_of, line, timestamp};

/// A record of the log. Whether it is the one that was written is for [`verify`](crate::verify()) to say;
/// [`Record::is_intact`] looks at its own leaf only.
#[derive(Debug)]
pub struct Record {
    instance: InstanceId,
    seq: u64,
    time_ms: i64,
    leaf: String,
    document: Document<String>,
}

/// What one constraint in shadow mode would have done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shadow<'r> {
    /// The rule.
    pub rule: Cow<'r, str>,
    /// The rule's own name, where its author gave one.
    pub name: Option<Cow<'r, str>>,
    /// `deny` or `ask`.
    pub verdict: Cow<'r, str>,
    /// Why.
    pub reason: Cow<'r, str>,
}

impl Record {
    /// Reads a line without its line feed; `None` if it is not one of the log.
    pub(crate) fn of(instance: &InstanceId, line: &[u8]) -> Option<Self> {
        let (leaf, record) = line::split(line)?;
        let text = String::from_utf8(record.to_vec()).ok()?;
        let document = scan(text, &LIMITS).ok()?;
        let root = document.root();
        let seq = head::number(root, "seq")?;
        let time_ms = timestamp::parse_ms(&root.get("time")?.as_str()?)?;
        let leaf = String::from_utf8(leaf.to_vec()).ok()?;
        Some(Self { instance: instance.clone(), seq, time_ms, leaf, document })
    }

    /// The instance whose chain the record stands in.
    #[must_use]
    pub fn instance(&self) -> &InstanceId {
        &self.instance
    }

    /// Its number in the chain.
    #[must_use]
    pub fn seq(&self) -> Seq {
        Seq(self.seq)
    }

    /// Its time, unix milliseconds.
    #[must_use]
    pub fn time_ms(&self) -> i64 {
        self.time_ms
    }

    /// Its leaf hash as it stands in the file, hexadecimal.
    #[must_use]
    pub fn leaf(&self) -> &str {
        &self.leaf
    }

    /// Whether the leaf is that of the record.
    #[must_use]
    pub fn is_intact(&self) -> bool {
        Leaf::parse(self.leaf.as_bytes()) == Some(leaf_of(self.json().as_bytes()))
    }

    /// The record's canonical JSON.
    #[must_use]
    pub fn json(&self) -> &str {
        self.document.source()
    }

    /// The record as a value.
    #[must_use]
    pub fn root(&self) -> Value<'_> {
        self.document.root()
    }

    /// A member that is a string.
    #[must_use]
    pub fn text(&self, key: &str) -> Option<Cow<'_, str>> {
        self.root().get(key)?.as_str()
    }

    /// A member that is a whole number.
    #[must_use]
    pub fn number(&self, key: &str) -> Option<u64> {
        head::number(self.root(), key)
    }

    /// `intent`, `outcome`, `refusal`, `start`, …
    #[must_use]
    pub fn kind(&self) -> Cow<'_, str> {
        self.text("kind").unwrap_or_default()
    }

    /// The tool, resource or prompt acted on.
    #[must_use]
    pub fn subject(&self) -> Option<Cow<'_, str>> {
        ["tool", "resource", "prompt"].iter().find_map(|key| self.text(key))
    }

    /// What constraints in shadow mode would have done.
    pub fn shadow(&self) -> impl Iterator<Item = Shadow<'_>> {
        let findings = self.root().get("shadow").into_iter().flat_map(|findings| findings.items());
        findings.filter_map(|finding| {
            let text = |key| finding.get(key).and_then(|value| value.as_str());
            Some(Shadow {
                rule: text("rule")?,
                name: text("name"),
                verdict: text("verdict")?,
                reason: text("reason").unwrap_or_default(),
            })
        })
    }

    /// Everything acted on: a request may name several resources.
    pub(crate) fn subjects(&self) -> impl Iterator<Item = Cow<'_, str>> {
        let listed = self.root().get("resources").map(Value::items).into_iter().flatten();
        self.subject().into_iter().chain(listed.filter_map(Value::as_str))
    }

    /// Whether any text in it, at any depth, contains `wanted`, which is in ASCII lower case.
    pub(crate) fn says(&self, wanted: &str) -> bool {
        let mut left = vec![self.root()];
        while let Some(value) = left.pop() {
            match value.kind() {
                Kind::String => {
                    let text = value.as_str().unwrap_or_default();
                    if text.to_ascii_lowercase().contains(wanted) {
                        return true;
                    }
                }
                Kind::Array => left.extend(value.items()),
                Kind::Object => left.extend(value.members().map(|(_, member)| member)),
                Kind::Null | Kind::Bool | Kind::Number => {}
            }
        }
        false
    }
}

/// The time of a line, found without reading its JSON: of the members behind `time`, all are strings, in
/// which a quote is escaped, so that the last `"time":"` is the record's own.
pub(crate) fn quick_time(line: &[u8]) -> Option<i64> {
    const KEY: &[u8] = b"\"time\":\"";
    let at = memchr::memmem::rfind(line, KEY)? + KEY.len();
    timestamp::parse_ms(std::str::from_utf8(line.get(at..at + 24)?).ok()?)
}

/// The number of a line, found the same way: behind `seq` come strings, and objects without such a key.
pub(crate) fn quick_seq(line: &[u8]) -> Option<i64> {
    const KEY: &[u8] = b"\"seq\":";
    let at = memchr::memmem::rfind(line, KEY)? + KEY.len();
    let digits = line.get(at..)?.iter().take_while(|b| b.is_ascii_digit());
    digits.copied().try_fold(0_i64, |n, b| n.checked_mul(10)?.checked_add(i64::from(b - b'0')))
}
