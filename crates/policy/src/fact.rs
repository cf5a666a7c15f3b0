//! What is known of a call besides its arguments, under the names that paths give it.

use std::fmt;

use interlock_json::{Decimal, Value};

use crate::counter::CounterValues;
use crate::decision::{Call, Payment};
use crate::path::Path;
use crate::tool::ToolDefinition;
use crate::zone::{self, Zone};

/// What is known besides the call.
#[derive(Clone, Copy)]
pub struct Facts<'a> {
    /// The grant's name.
    pub grant: &'a str,
    /// The grant's labels, each with its value.
    pub labels: &'a [(String, String)],
    /// The session's id.
    pub session: &'a str,
    /// What the client calls itself; `None` where it does not say.
    pub client: Option<&'a str>,
    /// The time of the call in milliseconds since 1970.
    pub now_ms: i64,
    /// The tool's definition; needed where [`requires_definition`](crate::requires_definition) says so.
    pub tool: ToolFacts<'a>,
    /// What the catalogue takes the tool for, such as `Destructive`; `None` where that is not known.
    pub category: Option<&'a str>,
    /// How bad the catalogue thinks that a call can get, such as `critical`; `None` where that is not known.
    pub severity: Option<&'a str>,
    /// Counter values; left out at first and supplied when [`Judgement::Read`](crate::Judgement::Read) asks for them.
    pub counters: Option<&'a dyn CounterValues>,
    /// What the call pays for itself; looked at where
    /// [`spends_on_challenge`](crate::spends_on_challenge) says so.
    pub payment: Payment<'a>,
}

impl<'a> Facts<'a> {
    /// Who calls and when; nothing else is known.
    pub fn new(grant: &'a str, session: &'a str, now_ms: i64) -> Facts<'a> {
        Facts {
            grant,
            session,
            now_ms,
            labels: &[],
            client: None,
            tool: ToolFacts::Unknown,
            category: None,
            severity: None,
            counters: None,
            payment: Payment::None,
        }
    }
}

/// What the server's own complete list says about the tool.
#[derive(Debug, Clone, Copy)]
pub enum ToolFacts<'a> {
    /// The list has not been read.
    Unknown,
    /// The list does not hold the tool.
    Absent,
    /// The list holds the tool.
    Known {
        /// What the list says of it.
        definition: &'a ToolDefinition,
    },
}

/// What a path that names a fact finds.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Found<'a> {
    Text(&'a str),
    Number(Decimal),
    Value(Value<'a>),
    /// There could be something, and there is not.
    Missing,
    /// Nobody has said yet.
    NotKnown,
}

/// The fact that a path names; `None` for arguments and counters.
pub(crate) fn find<'a>(
    path: &Path,
    zone: Option<Zone>,
    call: &Call<'a>,
    facts: &Facts<'a>,
) -> Option<Found<'a>> {
    Some(match path {
        Path::Args(_) | Path::State { .. } => return None,
        Path::CallTool => Found::Text(call.name),
        Path::CallServer => Found::Text(call.server),
        Path::GrantName => Found::Text(facts.grant),
        Path::GrantLabel(label) => {
            let labelled = facts.labels.iter().find(|(name, _)| name == label);
            labelled.map_or(Found::Missing, |(_, value)| Found::Text(value))
        }
        Path::ClientName => facts.client.map_or(Found::Missing, Found::Text),
        Path::TimeHour => zone::hour(facts.now_ms, zone)
            .and_then(|hour| u64::try_from(hour).ok())
            .map_or(Found::NotKnown, |hour| Found::Number(hour.into())),
        Path::TimeWeekday => zone::weekday(facts.now_ms, zone).map_or(Found::NotKnown, Found::Text),
        Path::ToolCategory => facts.category.map_or(Found::NotKnown, Found::Text),
        Path::ToolSeverity => facts.severity.map_or(Found::NotKnown, Found::Text),
        Path::ToolAnnotation(hint) => match facts.tool {
            ToolFacts::Unknown | ToolFacts::Absent => Found::NotKnown,
            ToolFacts::Known { definition } => match definition.annotations() {
                None => Found::Missing,
                Some(annotations) if !annotations.is_object() => Found::NotKnown,
                Some(annotations) => {
                    let found = annotations.get(hint).filter(|value| !value.is_null());
                    found.map_or(Found::Missing, Found::Value)
                }
            },
        },
    })
}

impl fmt::Debug for Facts<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Facts")
            .field("grant", &self.grant)
            .field("labels", &self.labels)
            .field("session", &self.session)
            .field("client", &self.client)
            .field("now_ms", &self.now_ms)
            .field("tool", &self.tool)
            .field("category", &self.category)
            .field("severity", &self.severity)
            .field("counters", &self.counters.is_some())
            .field("payment", &self.payment)
            .finish()
    }
}
