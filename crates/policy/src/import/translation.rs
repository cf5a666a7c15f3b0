//! What both dialects are translated with: places, choices with their comments, and what is refused.

use std::ops::Range;

use super::{Choice, Dialect};
use crate::diagnostic::{At, Report, Span, push_pointer_segment, quoted};
use crate::print::Comments;
use crate::tree::{Member, Node, Value, member};

const LISTED: &str = "Tools that `default: deny` keeps out stay listed: `list: all` says so. Without it only what may be called is \
    listed.";

const BEYOND_TOOLS: &str = "`default: deny` and `hide` are about resources and prompts, too, where both dialects judge tools \
    alone: list what may be read and used under `resources` and `prompts`.";

/// A translation under way.
pub(super) struct Translation<'r, 's> {
    pub(super) dialect: Dialect,
    pub(super) report: &'r mut Report<'s>,
    comments: Comments,
    choices: Vec<Choice>,
    /// What is said once for the whole document.
    general: Vec<&'static str>,
}

impl<'r, 's> Translation<'r, 's> {
    /// The author's own remarks stay, and the choices stand below them.
    pub(super) fn new(dialect: Dialect, remarks: Comments, report: &'r mut Report<'s>) -> Self {
        Translation { dialect, report, comments: remarks, choices: Vec::new(), general: Vec::new() }
    }

    pub(super) fn finish(mut self) -> (Comments, Vec<Choice>) {
        let mut head = vec![format!("Imported from {} by `interlock policy import`.", self.dialect.name())];
        for line in &self.general {
            head.extend(wrapped(line));
        }
        head.push(String::new());
        let mut own = self.comments.remove("").unwrap_or_default();
        // The schema of the document that it was; its own comes first.
        own.retain(|line| !line.starts_with("yaml-language-server:"));
        if !own.is_empty() {
            head.extend(own);
            head.push(String::new());
        }
        self.comments.insert(String::new(), head);
        self.choices.sort_by_key(|choice| choice.span.offset);
        (self.comments, self.choices)
    }

    /// A choice about one place, with a comment above it.
    pub(super) fn chose(&mut self, pointer: &str, range: &Range<usize>, stricter: bool, message: &str) {
        self.comments.entry(pointer.to_owned()).or_default().extend(wrapped(message));
        let span = self.report.span(range.clone());
        self.choices.push(Choice { span, message: message.to_owned(), stricter });
    }

    /// A choice about the whole document, said once in the head of the file.
    pub(super) fn generally(&mut self, stricter: bool, message: &'static str) {
        if !self.general.contains(&message) {
            self.general.push(message);
            let span = Span { line: 1, column: 1, ..Span::default() };
            self.choices.push(Choice { span, message: message.to_owned(), stricter });
        }
    }

    /// What cannot be kept, and what to do instead.
    pub(super) fn refuse(&mut self, range: Range<usize>, pointer: &str, message: String, advice: &str) {
        self.report.error("not-importable", range, &At::from_pointer(pointer), message).help(advice);
    }

    /// Refuses keys that the dialect does not know and this language does: there they say nothing, here they would.
    pub(super) fn only(&mut self, node: &mut Node, pointer: &str, dialect: &[&str], ours: &[&str]) {
        let Value::Map(members) = &mut node.value else { return };
        members.retain(|member| {
            let key = member.key.as_str();
            let foreign = !dialect.contains(&key) && ours.contains(&key);
            if foreign {
                let message = format!("{} knows no {} here", self.dialect.name(), quoted(key));
                let advice = "delete it and add it to the imported policy, where it has an effect; what is a policy of \
                              Interlock already needs no import";
                self.refuse(member.key_range.clone(), &below(pointer, key), message, advice);
            }
            !foreign
        });
    }

    /// Refuses a name with `*` in it, which matches nothing there and much here.
    pub(super) fn literal_name(&mut self, member: &Member, pointer: &str) {
        if member.key.contains('*') && member.key != "*" {
            let message = format!(
                "{} takes {} for the name of a tool; here it is a pattern that lists every tool that it matches",
                self.dialect.name(),
                quoted(&member.key)
            );
            let advice = "name the tools one by one, or delete the entry, which has had no effect";
            self.refuse(member.key_range.clone(), pointer, message, advice);
        }
    }

    /// A name with `*` in `hide` matches nothing there; here it hides what it matches.
    pub(super) fn hidden_patterns(&mut self, root: &mut Node) {
        let Some(Node { value: Value::List(items), .. }) = member_mut(root, "hide") else { return };
        let patterns: Vec<(usize, Range<usize>)> = items
            .iter()
            .enumerate()
            .filter(|(_, item)| matches!(&item.value, Value::Text(text) if text.contains('*') && text != "*"))
            .map(|(index, item)| (index, item.range.clone()))
            .collect();
        for (index, range) in patterns {
            let message =
                "Here this is a pattern and hides every tool that it matches; it was taken for a name.";
            self.chose(&format!("/hide/{index}"), &range, true, message);
        }
    }

    /// A list of several kinds: `"1"` is among `[1, "a"]` there, and here it is none of them.
    pub(super) fn one_kind(&mut self, condition: &Node, pointer: &str) {
        let Some(Node { value: Value::List(items), range }) = member(condition, "value") else { return };
        let kind = |node: &Node| std::mem::discriminant(&node.value);
        if items.iter().zip(items.iter().skip(1)).any(|(one, other)| kind(one) != kind(other)) {
            let message = "values of several kinds are compared by their texts there, and by type here";
            let advice = "write a condition for each kind";
            self.refuse(range.clone(), &below(pointer, "value"), message.to_owned(), advice);
        }
    }

    /// Both dialects judge tools alone.
    pub(super) fn beyond_tools(&mut self, root: &Node) {
        let is = |node: &Node, word: &str| matches!(&node.value, Value::Text(text) if text == word);
        let denies = member(root, "default").is_some_and(|default| is(default, "deny"));
        let hidden = member(root, "hide").is_some_and(
            |hide| matches!(&hide.value, Value::List(names) if names.iter().any(|name| is(name, "*"))),
        );
        if denies || hidden {
            self.generally(true, BEYOND_TOOLS);
        }
    }

    /// Both dialects list whatever is not hidden; here what `default: deny` keeps out is left out.
    pub(super) fn listing(&mut self, root: &mut Node) {
        let Value::Map(members) = &mut root.value else { return };
        let denies = |member: &Member| {
            member.key == "default" && matches!(&member.value.value, Value::Text(text) if text == "deny")
        };
        let Some(at) = members.iter().position(denies) else { return };
        let Some(range) = members.get(at).map(|default| default.value.mark()) else { return };
        members.insert(at + 1, member_at("list", text_at("all", &range)));
        self.generally(false, LISTED);
    }

    /// The source text of a node.
    pub(super) fn written(&self, node: &Node) -> &'s str {
        self.report.source().get(node.range.clone()).unwrap_or_default()
    }
}

/// Longest line of a comment, without its indentation.
const LINE: usize = 96;

/// A message as the lines of a comment.
fn wrapped(message: &str) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in message.split(' ') {
        match lines.last_mut() {
            Some(line) if line.is_empty() => line.push_str(word),
            Some(line) if line.len() + 1 + word.len() <= LINE => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

/// The keys of a condition in both dialects, and those that only this language has.
pub(super) const CONDITION: [&str; 3] = ["path", "op", "value"];
pub(super) const OURS_IN_CONDITION: [&str; 6] = ["on_missing", "compare", "timezone", "any", "all", "not"];

/// The pointer of a member.
pub(super) fn below(pointer: &str, key: &str) -> String {
    let mut out = pointer.to_owned();
    push_pointer_segment(&mut out, key);
    out
}

/// The members of a map; nothing for whatever is not one, which reading the result reports.
pub(super) fn members_mut(node: &mut Node) -> &mut [Member] {
    match &mut node.value {
        Value::Map(members) => members,
        _ => &mut [],
    }
}

/// The items of a list.
pub(super) fn items_mut(node: &mut Node) -> &mut [Node] {
    match &mut node.value {
        Value::List(items) => items,
        _ => &mut [],
    }
}

pub(super) fn member_mut<'t>(node: &'t mut Node, key: &str) -> Option<&'t mut Node> {
    members_mut(node).iter_mut().find(|member| member.key == key).map(|member| &mut member.value)
}

/// Text that begins where another node does.
pub(super) fn text_at(text: &str, range: &Range<usize>) -> Node {
    Node { value: Value::Text(text.into()), range: range.clone() }
}

/// A member that begins where another node does.
pub(super) fn member_at(key: &str, value: Node) -> Member {
    Member { key: key.into(), key_range: value.mark(), value }
}

/// Puts a key that was left out at the beginning of a map.
pub(super) fn put_first(node: &mut Node, key: &str, text: &str) {
    let range = node.range.start..node.range.start;
    if node.value == Value::Null {
        node.value = Value::Map(Vec::new());
    }
    if let Value::Map(members) = &mut node.value {
        members.insert(0, member_at(key, text_at(text, &range)));
    }
}
