//! What a client asks its own user about a call, by elicitation, and what the answer means.
//!
//! A form (`approve: client`) decides; a link only brings somebody to where it is decided. What a form says is all that
//! a person sees before the call is made, so it is whole, and nothing in it can pass for the gateway's own words.

use interlock_json::{Value, canonical};
use interlock_store::Approval;
use interlock_wire::Outcome;

use super::arguments::laid_out;
use super::shown::{self, Shown};
use super::{LONGEST_REASON, details, subject};

/// Bytes of what a form says: nobody reads more in a dialog, and what is cut off is not approved.
const MOST_MESSAGE: usize = 16 << 10;
/// Marked letters that are explained; all are marked.
const EXPLAINED: usize = 10;
/// What a form asks for.
const DECISION: &str = "decision";
const REASON: &str = "reason";
const APPROVE: &str = "approve";
const DENY: &str = "deny";

/// What the person at a client said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Word {
    /// The call may be made, with their reason.
    Yes(Option<String>),
    /// It may not.
    No(Option<String>),
    /// They do not want to decide now.
    Later,
    /// Nothing that decides.
    NotUnderstood,
}

impl Word {
    /// Reads what a client answered.
    pub(crate) fn of(outcome: &Outcome<'_>) -> Self {
        match outcome {
            Outcome::Result(result) => Self::read(*result),
            Outcome::Error(_) => Self::NotUnderstood,
        }
    }

    /// Reads the result of `elicitation/create` in the mode `form`. Only what was asked for, in the words that were
    /// offered, decides.
    pub(crate) fn read(result: Value<'_>) -> Self {
        let action = result.get("action").and_then(Value::as_str).unwrap_or_default();
        match &*action {
            "accept" => result.get("content").and_then(decision).unwrap_or(Self::NotUnderstood),
            "decline" => Self::No(None),
            "cancel" => Self::Later,
            _ => Self::NotUnderstood,
        }
    }
}

fn decision(content: Value<'_>) -> Option<Word> {
    if !content.is_object() || content.members().any(|(key, _)| ![DECISION, REASON].contains(&&*key.text())) {
        return None;
    }
    let reason = match content.get(REASON).filter(|reason| !reason.is_null()) {
        None => None,
        Some(reason) => {
            let reason = reason.as_str()?.trim().to_owned();
            if reason.chars().count() > LONGEST_REASON {
                return None;
            }
            Some(reason).filter(|reason| !reason.is_empty())
        }
    };
    match content.get(DECISION).and_then(Value::as_str).as_deref() {
        Some(APPROVE) => Some(Word::Yes(reason)),
        Some(DENY) => Some(Word::No(reason)),
        _ => None,
    }
}

/// The `params` of a form about this call; `None` where it cannot be shown whole.
pub(crate) fn form(approval: &Approval) -> Option<String> {
    let message = Message::of(approval, &details(&approval.question)?).done();
    if message.len() > MOST_MESSAGE {
        return None;
    }
    // The first choice is the one that some clients make by themselves.
    let schema = format!(
        r#"{{"type":"object","properties":{{"{DECISION}":{{"type":"string","title":"Decision","description":"May exactly this call be made, once?","enum":["{DENY}","{APPROVE}"]}},"{REASON}":{{"type":"string","title":"Reason","description":"Kept in the log; the agent is told why a call was denied","maxLength":{LONGEST_REASON}}}}},"required":["{DECISION}"]}}"#
    );
    Some(format!(r#"{{"message":{},"requestedSchema":{schema}}}"#, quoted(&message)))
}

/// The `params` that send a client's user to where the call is decided. `id` names this asking, in protocols that want it
/// named.
pub(crate) fn link(url: &str, id: Option<&str>) -> String {
    const WORDS: &str = "A person must approve a call that the agent makes. Whoever may decide sees it here, after they log in.";
    let id = id.map(|id| format!(r#","elicitationId":{}"#, quoted(id))).unwrap_or_default();
    format!(r#"{{"mode":"url","message":"{WORDS}","url":{}{id}}}"#, quoted(url))
}

fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    canonical::write_str(text, &mut out);
    out
}

/// What a form says. All that comes from outside stands in one block that a client which lays text out leaves as it is:
/// none of its lines begins with anything from outside, so that nothing in it ends the block.
#[derive(Default)]
struct Message {
    lines: Vec<String>,
    marked: Vec<String>,
}

impl Message {
    fn of(approval: &Approval, details: &super::Details) -> Self {
        let question = &approval.question;
        let mut message = Self::default();
        message.own(
            "A policy has a person decide about this call of the agent's. It is made once, exactly as it stands here, \
             if you approve it.",
        );
        message.own("\n```text");
        message.fact("Server", &question.server);
        message.fact("Calls", &subject(&question.section, &question.name));
        message.fact("Grant", &question.asker.grant);
        let rule = match &details.rule_name {
            Some(name) => format!("{name} ({})", details.rule),
            None => details.rule.clone(),
        };
        message.fact("Rule", &rule);
        message.fact("Reason", &details.reason);
        match &details.arguments {
            None => message.fact("Arguments", "none"),
            Some(arguments) => message.quoted("Arguments", arguments.get()),
        }
        if let Some(besides) = &details.besides {
            message.quoted("Besides", besides.get());
        }
        message.own("```");
        message
    }

    fn own(&mut self, line: &str) {
        self.lines.push(line.to_owned());
    }

    fn fact(&mut self, label: &str, text: &str) {
        let shown = self.looked_at(label, &shown::line(text));
        self.lines.push(format!("{label:<10} {shown}"));
    }

    fn quoted(&mut self, label: &str, json: &str) {
        self.lines.push(format!("{label:<10} all of them:"));
        let shown = self.looked_at(label, &shown::lines(&laid_out(json)));
        self.lines.extend(shown.split('\n').map(|line| format!("  │ {line}")));
    }

    fn looked_at(&mut self, label: &str, shown: &Shown) -> String {
        let label = label.to_lowercase();
        self.marked.extend(shown.findings.iter().map(|finding| format!("{label}, {finding}")));
        shown.to_string()
    }

    fn done(mut self) -> String {
        if !self.marked.is_empty() {
            self.own(
                "\nWarning: some text hides something or imitates other letters. It is written as \\u{…}, and is no part \
                 of what it seems:",
            );
            self.lines.extend(self.marked.iter().take(EXPLAINED).map(|mark| format!("- {mark}")));
            let more = self.marked.len().saturating_sub(EXPLAINED);
            if more > 0 {
                self.lines.push(format!("- and {more} more, each marked where it stands"));
            }
        }
        self.lines.join("\n")
    }
}

#[cfg(test)]
mod tests;
