//! What could not be written: outcomes are kept, the rest is counted, until the log can be written to again.

use std::borrow::Cow;
use std::collections::VecDeque;

use interlock_json::{Limits, canonical, scan};

use crate::encode::Envelope;
use crate::entry::{Detail, Entry};
use crate::timestamp::format_ms;

/// More outcomes than this are counted instead of kept. As many calls can hardly be in flight in one
/// instance.
const MAX_OUTCOMES: usize = 1024;

#[derive(Debug, Default)]
pub(super) struct Backlog {
    outcomes: VecDeque<LateOutcome>,
    lost: Lost,
}

/// An outcome with the record it would have had.
#[derive(Debug)]
pub(super) struct LateOutcome {
    pub(super) call: u64,
    time_ms: i64,
    record: String,
}

/// Numbers of what was not recorded.
#[derive(Debug, Default)]
pub(super) struct Lost {
    refusals: u64,
    outcomes: u64,
    events: u64,
    span: Option<(i64, i64)>,
}

pub(super) enum LostDetail {
    Number(i64),
    Text(String),
}

impl LostDetail {
    pub(super) fn as_detail(&self) -> Detail<'_> {
        match self {
            Self::Number(n) => Detail::Number(*n),
            Self::Text(text) => Detail::Text(text),
        }
    }
}

impl Lost {
    pub(super) fn total(&self) -> u64 {
        self.refusals.saturating_add(self.outcomes).saturating_add(self.events)
    }

    pub(super) fn details(&self) -> Vec<(&'static str, LostDetail)> {
        let number = |n: u64| LostDetail::Number(i64::try_from(n).unwrap_or(i64::MAX));
        let mut details = vec![
            ("refusals", number(self.refusals)),
            ("outcomes", number(self.outcomes)),
            ("events", number(self.events)),
        ];
        if let Some((first, last)) = self.span {
            details.push(("first", LostDetail::Text(format_ms(first))));
            details.push(("last", LostDetail::Text(format_ms(last))));
        }
        details
    }

    fn note(&mut self, time_ms: i64) {
        let first = self.span.map_or(time_ms, |(first, _)| first);
        self.span = Some((first, time_ms));
    }
}

impl Backlog {
    pub(super) fn is_empty(&self) -> bool {
        self.outcomes.is_empty() && self.lost.span.is_none()
    }

    /// An intent is not counted: its call is refused now, and that refusal is.
    pub(super) fn keep(&mut self, time_ms: i64, entry: &Entry<'_>, record: String) {
        match entry {
            Entry::Intent(_) => return,
            Entry::Outcome(outcome) if self.outcomes.len() < MAX_OUTCOMES => {
                self.outcomes.push_back(LateOutcome { call: outcome.call.0, time_ms, record });
                return;
            }
            Entry::Outcome(_) => self.lost.outcomes += 1,
            Entry::Refusal(refusal) => self.lost.refusals = self.lost.refusals.saturating_add(refusal.count),
            Entry::Lifecycle(_) => self.lost.events += 1,
        }
        self.lost.note(time_ms);
    }

    pub(super) fn first_outcome(&self) -> Option<&LateOutcome> {
        self.outcomes.front()
    }

    pub(super) fn outcome_written(&mut self) {
        self.outcomes.pop_front();
    }

    pub(super) fn lost(&self) -> Option<&Lost> {
        self.lost.span.map(|_| &self.lost)
    }

    pub(super) fn lost_written(&mut self) {
        self.lost = Lost::default();
    }
}

impl LateOutcome {
    /// The record at its new place in the chain, with the time it happened at in `happened`.
    pub(super) fn renumbered(&self, envelope: &Envelope<'_>) -> String {
        let limits = Limits { bytes: usize::MAX, ..Limits::default() };
        let Ok(document) = scan(self.record.as_str(), &limits) else {
            // We wrote it ourselves as valid JSON.
            return self.record.clone();
        };
        let quoted = |text: &str| format!("\"{text}\"");
        let mut members: Vec<(Cow<'_, str>, Cow<'_, str>)> = document
            .root()
            .members()
            .map(|(key, value)| (key.text(), Cow::Borrowed(value.raw())))
            .filter(|(key, _)| !matches!(key.as_ref(), "prev" | "seq" | "time"))
            .collect();
        members.push(("happened".into(), quoted(&format_ms(self.time_ms)).into()));
        members.push(("seq".into(), envelope.seq.to_string().into()));
        members.push(("time".into(), quoted(&format_ms(envelope.time_ms)).into()));
        members.extend(envelope.prev.map(|leaf| ("prev".into(), quoted(&leaf.to_string()).into())));
        members.sort_by(|(a, _), (b, _)| canonical::cmp_utf16(a, b));
        let members: Vec<String> = members.iter().map(|(key, value)| format!("\"{key}\":{value}")).collect();
        format!("{{{}}}", members.join(","))
    }
}
