//! What could not be written: outcomes are kept, the rest is counted, until the log can be written to again.

use std::borrow::Cow;
use std::collections::VecDeque;

use interlock_json::{Limits, canonical, scan};

use crate::encode::{self, Envelope};
use crate::entry::{Detail, Entry, Lifecycle, LifecycleKind};
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

impl Lost {
    /// The record of kind `unrecorded` with these numbers.
    pub(super) fn record(&self, envelope: &Envelope<'_>) -> String {
        let number = |n: u64| Detail::Number(i64::try_from(n).unwrap_or(i64::MAX));
        let span = self.span.map(|(first, last)| (format_ms(first), format_ms(last)));
        let mut details = vec![
            ("refusals", number(self.refusals)),
            ("outcomes", number(self.outcomes)),
            ("events", number(self.events)),
        ];
        if let Some((first, last)) = &span {
            details.extend([("first", Detail::Text(first)), ("last", Detail::Text(last))]);
        }
        let event = Lifecycle {
            count: Some(self.refusals.saturating_add(self.outcomes).saturating_add(self.events)),
            details: &details,
            reason: Some("the log could not be written to, or the last room on the disk was kept for calls"),
            ..Lifecycle::new(LifecycleKind::Unrecorded)
        };
        let mut record = String::new();
        encode::record(envelope, &Entry::Lifecycle(event), &mut record);
        record
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

    /// How many outcomes wait.
    pub(super) fn outcomes(&self) -> usize {
        self.outcomes.len()
    }

    /// An outcome with the record it would have had.
    pub(super) fn keep_outcome(&mut self, call: u64, time_ms: i64, record: String) {
        if self.outcomes.len() < MAX_OUTCOMES {
            self.outcomes.push_back(LateOutcome { call, time_ms, record });
        } else {
            self.lost.outcomes += 1;
            self.lost.note(time_ms);
        }
    }

    pub(super) fn count_refusals(&mut self, time_ms: i64, count: u64) {
        self.lost.refusals = self.lost.refusals.saturating_add(count);
        self.lost.note(time_ms);
    }

    pub(super) fn count_event(&mut self, time_ms: i64) {
        self.lost.events += 1;
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
