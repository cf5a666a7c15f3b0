//! A map whose keys are known.

use std::ops::Range;

use super::scalar::known_are;
use crate::diagnostic::{At, Report, nearest, quoted};
use crate::tree::{Member, Node, Value};

/// The members of a map, after its unknown keys have been reported.
pub(crate) struct Fields<'t> {
    members: &'t [Member],
    range: Range<usize>,
    what: &'static str,
    /// Unknown keys, which have been reported, and the known one that each probably is.
    misspelt: Vec<(&'static str, &'t Member)>,
}

/// Keys that stand in one kind of map only, and where: for people who put them somewhere else.
const HOMES: [(&str, &str); 13] = [
    ("rate_limit", "an item of `rules`"),
    ("state", "an item of `rules`"),
    ("action", "an item of `rules`"),
    ("when", "an item of `rules`"),
    ("conditions", "an item of `rules`, `require`, `deny_if` or `approve_if`"),
    ("rules", "an entry of `tools`"),
    ("limits", "an entry of `tools`"),
    ("require", "an entry of `tools`"),
    ("deny_if", "an entry of `tools`"),
    ("approve_if", "an entry of `tools`"),
    ("tools", "the top level of the document"),
    ("default", "the top level of the document"),
    ("on_missing", "a condition"),
];

impl<'t> Fields<'t> {
    /// Opens a map and reports its keys that are unknown. Null is an empty map.
    pub(crate) fn open(
        node: &'t Node,
        what: &'static str,
        known: &'static [&'static str],
        at: &At<'_>,
        report: &mut Report<'_>,
    ) -> Option<Fields<'t>> {
        #[cfg(test)]
        opened::note(what, known);
        let members = match &node.value {
            Value::Map(members) => members.as_slice(),
            Value::Null => &[],
            _ => {
                let shown: Vec<String> = known.iter().take(3).map(|key| format!("`{key}`")).collect();
                report
                    .error("wrong-type", node.mark(), at, format!("{what} is a map, not {}", node.kind()))
                    .help(format!("write it with keys such as {}", shown.join(", ")));
                return None;
            }
        };
        let mut misspelt = Vec::new();
        for member in members {
            let at = at.key(&member.key);
            let range = member.key_range.clone();
            if !known.contains(&member.key.as_str()) {
                let message = format!("unknown key {} in {what}", quoted(&member.key));
                // Past the last finding that is shown, guessing is work for nothing.
                if report.is_full() {
                    report.error("unknown-key", range, &at, message);
                    continue;
                }
                if home(&member.key).is_none() {
                    misspelt.extend(meant(&member.key, known).map(|key| (key, member)));
                }
                report.error("unknown-key", range, &at, message).help(advice(member, known));
            }
        }
        Some(Fields { members, range: node.mark(), what, misspelt })
    }

    pub(crate) fn get(&self, key: &str) -> Option<&'t Node> {
        self.members.iter().find(|member| member.key == key).map(|member| &member.value)
    }

    /// Whether the map has no other keys than these.
    pub(crate) fn only(&self, keys: &[&str]) -> bool {
        self.members.iter().all(|member| keys.contains(&member.key.as_str()))
    }

    /// The member of that key, or one whose misspelt key is probably that one: what stands behind it is read all the
    /// same, so that its mistakes show together with the key's. A value without parts has none to show.
    pub(crate) fn meant(&self, key: &str) -> Option<&'t Member> {
        let has_parts = |member: &Member| matches!(member.value.value, Value::Map(_) | Value::List(_));
        let named = self.members.iter().find(|member| member.key == key);
        named.or_else(|| self.misspelt(key).find(|member| has_parts(member)))
    }

    fn misspelt(&self, key: &str) -> impl Iterator<Item = &'t Member> {
        self.misspelt.iter().filter(move |(meant, _)| *meant == key).map(|(_, member)| *member)
    }

    /// The place of a key, for findings that are about its being there.
    pub(crate) fn key_range(&self, key: &str) -> Range<usize> {
        let member = self.members.iter().find(|member| member.key == key);
        member.map_or(self.range.clone(), |member| member.key_range.clone())
    }

    /// Reads the value of a key that may be left out.
    pub(crate) fn read<T>(
        &self,
        key: &str,
        at: &At<'_>,
        report: &mut Report<'_>,
        read: impl FnOnce(&'t Node, &At<'_>, &mut Report<'_>) -> Option<T>,
    ) -> Option<T> {
        let member = self.meant(key)?;
        let at = at.key(&member.key);
        let value = read(&member.value, &at, report)?;
        if member.value.value == Value::Null {
            let message = format!("nothing stands behind {}, so it is as if it were not there", quoted(key));
            report
                .warning("empty-value", member.key_range.clone(), &at, message)
                .help("write what is meant, or leave the key out");
        }
        Some(value)
    }

    /// Reads the value of a key that must be there.
    pub(crate) fn need<T>(
        &self,
        key: &str,
        at: &At<'_>,
        report: &mut Report<'_>,
        read: impl FnOnce(&'t Node, &At<'_>, &mut Report<'_>) -> Option<T>,
    ) -> Option<T> {
        if self.meant(key).is_none() {
            if self.misspelt(key).next().is_some() {
                return None;
            }
            let message = format!("{} needs `{key}`", self.what);
            report.error("missing-key", self.range.clone(), at, message).maybe_help(example(key));
            return None;
        }
        self.read(key, at, report, read)
    }
}

/// What a key that has to be there looks like.
fn example(key: &str) -> Option<String> {
    let example = match key {
        "path" => "path: args.amount",
        "op" => "op: lte",
        "value" => "value: 500",
        "conditions" => "conditions: [{ path: args.amount, op: gt, value: 500 }]",
        "window" => "window: day",
        "max" => "max: 10",
        "counter" => "counter: daily_total",
        "amount" => "amount: args.amount",
        "arg" => "arg: args.customer",
        "list" => "list: approved_buckets",
        "hosts" => "hosts: [example.com]",
        "dialect" => "dialect: postgres",
        "url" => "url: https://approvals.example.com/hook",
        _ => return None,
    };
    Some(format!("such as `{example}`"))
}

fn advice(member: &Member, known: &[&'static str]) -> String {
    if member.key == "reason" && known.contains(&"on_deny") {
        return "here it is called `on_deny`".to_owned();
    }
    home(&member.key)
        .or_else(|| cut_off(member))
        .or_else(|| meant(&member.key, known).map(|key| format!("did you mean `{key}`?")))
        .unwrap_or_else(|| known_are(known.iter().copied()))
}

/// Keys of other languages, and ours of the same meaning.
const OTHER_KEYS: [(&str, &[&str]); 6] = [
    ("any", &["any_of", "anyOf", "one_of", "oneOf", "oneof", "or"]),
    ("all", &["all_of", "allOf", "and"]),
    ("op", &["operator", "comparison"]),
    ("path", &["arg", "argument", "field", "key"]),
    ("on_deny", &["error", "message"]),
    ("when", &["cel", "expression", "if"]),
];

/// The key that is probably meant.
fn meant(written: &str, known: &[&'static str]) -> Option<&'static str> {
    let other = OTHER_KEYS.iter().find(|(_, others)| others.contains(&written)).map(|(ours, _)| *ours);
    other.filter(|ours| known.contains(ours)).or_else(|| nearest(written, known.iter().copied()))
}

fn home(key: &str) -> Option<String> {
    HOMES.iter().find(|(name, _)| *name == key).map(|(name, home)| format!("`{name}` belongs into {home}"))
}

/// The rest of an unquoted text after a comma, in braces, is read as a key without a value.
fn cut_off(member: &Member) -> Option<String> {
    let cut_off = member.value.value == Value::Null && member.key.contains(' ');
    cut_off.then(|| "a text that holds a comma needs quotes inside `{ }`".to_owned())
}

/// Which maps have been opened with which keys, for the test that compares them with the schema.
#[cfg(test)]
pub(crate) mod opened {
    use std::cell::RefCell;
    use std::collections::BTreeMap;

    type Known = BTreeMap<&'static str, Vec<&'static str>>;

    thread_local! {
        static OPENED: RefCell<Known> = const { RefCell::new(BTreeMap::new()) };
        static WORDS: RefCell<BTreeMap<String, Vec<&'static str>>> = const { RefCell::new(BTreeMap::new()) };
    }

    pub(super) fn note(what: &'static str, known: &[&'static str]) {
        OPENED.with_borrow_mut(|opened| opened.insert(what, known.to_vec()));
    }

    /// The words that the value at a pointer may be.
    pub(crate) fn note_words<T>(pointer: &str, words: &[(&'static str, T)]) {
        let words = words.iter().map(|(word, _)| *word).collect();
        WORDS.with_borrow_mut(|known| known.insert(pointer.to_owned(), words));
    }

    /// By pointer, the words that this thread has read.
    pub(crate) fn words() -> BTreeMap<String, Vec<&'static str>> {
        WORDS.with_borrow(Clone::clone)
    }

    /// What this thread has opened.
    pub(crate) fn all() -> Known {
        OPENED.with_borrow(Clone::clone)
    }
}
