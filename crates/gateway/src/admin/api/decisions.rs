//! Decisions, as the audit log has them.

use std::sync::Arc;

use axum::extract::{Extension, Json, State};
use axum::http::StatusCode;
use interlock_audit::{Filter, LifecycleKind, Record, format_ms, parse_ms, query};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::super::Desk;
use super::super::entry::Operator;
use super::super::problem::Problem;
use super::{FromQuery, record, said};

/// Records on a page unless it is said otherwise, and at most.
const PAGE: usize = 100;
const LONGEST_PAGE: usize = 1_000;

/// Which decisions. In names, `*` stands for any text.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub(crate) struct Wanted {
    /// Not before this time, as in 2026-11-21T10:00:00Z.
    #[param(format = DateTime)]
    since: Option<String>,
    /// Before this time.
    #[param(format = DateTime)]
    until: Option<String>,
    /// Of this grant.
    grant: Option<String>,
    /// Of this server.
    server: Option<String>,
    /// Of this tool, resource or prompt.
    tool: Option<String>,
    /// `proceed`, `deny` or `ask`.
    verdict: Option<String>,
    /// Decided by this rule.
    rule: Option<String>,
    /// So many on a page.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<usize>,
    /// The `next` of the page before.
    after: Option<String>,
}

/// A page of decisions, the oldest first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DecisionPage {
    decisions: Vec<Decided>,
    /// Where the next page begins; not there on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

/// One decision.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Decided {
    /// The record's address in the log, as `interlock audit show` takes it.
    id: String,
    /// The record, as it stands in the log.
    record: serde_json::Map<String, serde_json::Value>,
}

/// The place of a record in the order of the log.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    time_ms: i64,
    instance: String,
    seq: u64,
}

impl Place {
    fn of(record: &Record) -> Self {
        Self { time_ms: record.time_ms(), instance: record.instance().to_string(), seq: record.seq().0 }
    }

    fn text(&self) -> String {
        format!("{}.{}.{}", self.time_ms, self.instance, self.seq)
    }

    fn read(text: &str) -> Option<Self> {
        let (time, rest) = text.split_once('.')?;
        let (instance, seq) = rest.rsplit_once('.')?;
        Some(Self { time_ms: time.parse().ok()?, instance: instance.to_owned(), seq: seq.parse().ok()? })
    }
}

impl Wanted {
    fn filter(&self) -> Result<(Filter, Option<Place>, usize), Problem> {
        let unfit = |what: &str| Problem::new(StatusCode::BAD_REQUEST, what);
        let time = |text: &Option<String>| {
            let parsed = text
                .as_deref()
                .map(|text| parse_ms(text).ok_or_else(|| unfit("a time is written 2026-11-21T10:00:00Z")));
            parsed.transpose()
        };
        if self.verdict.as_deref().is_some_and(|verdict| !["proceed", "deny", "ask"].contains(&verdict)) {
            return Err(unfit("`verdict` is `proceed`, `deny` or `ask`"));
        }
        let limit = self.limit.unwrap_or(PAGE);
        if limit == 0 || limit > LONGEST_PAGE {
            return Err(unfit("`limit` is from 1 to 1000"));
        }
        let after = self
            .after
            .as_deref()
            .map(|text| Place::read(text).ok_or_else(|| unfit("`after` is the `next` of a page")));
        let after = after.transpose()?;
        let since = time(&self.since)?;
        let filter = Filter {
            from_ms: since.max(after.as_ref().map(|place| place.time_ms)),
            to_ms: time(&self.until)?,
            grant: self.grant.clone(),
            server: self.server.clone(),
            tool: self.tool.clone(),
            verdict: self.verdict.clone(),
            rule: self.rule.clone(),
            ..Filter::default()
        };
        Ok((filter, after, limit))
    }
}

/// Decisions, the oldest first
#[utoipa::path(get, path = "/api/v1/decisions", tag = "decisions", security(("operator" = [])), params(Wanted),
    responses(
        (status = 200, description = "A page of them", body = DecisionPage),
        (status = 400, description = "What is wanted cannot be understood", body = Problem,
            content_type = "application/problem+json"),
    ))]
pub(crate) async fn list(
    State(desk): State<Arc<Desk>>,
    Extension(operator): Extension<Operator>,
    wanted: FromQuery<Wanted>,
) -> Result<Json<DecisionPage>, Problem> {
    let (filter, after, limit) = said(wanted)?.0.filter()?;
    let from = filter.from_ms.map(format_ms).unwrap_or_default();
    record(desk.operated.front.gateway(), LifecycleKind::Read, &operator, "decisions", &[("since", &from)])?;
    let data = desk.operated.data.clone();
    let read = tokio::task::spawn_blocking(move || page(&data, filter, after.as_ref(), limit)).await;
    let failed = |why: String| {
        tracing::error!("the audit log cannot be read: {why}");
        Problem::new(StatusCode::SERVICE_UNAVAILABLE, "the audit log cannot be read")
    };
    read.map_err(|error| failed(error.to_string()))?.map(Json).map_err(|error| failed(error.to_string()))
}

fn page(
    data: &std::path::Path,
    filter: Filter,
    after: Option<&Place>,
    limit: usize,
) -> Result<DecisionPage, interlock_audit::AuditError> {
    let mut decisions = Vec::new();
    let mut last = None;
    for record in query(data, filter)? {
        let record = record?;
        let place = Place::of(&record);
        let is_wanted = matches!(record.kind().as_ref(), "intent" | "refusal")
            && after.is_none_or(|after| place > *after);
        if !is_wanted {
            continue;
        }
        if decisions.len() == limit {
            return Ok(DecisionPage { decisions, next: last.as_ref().map(Place::text) });
        }
        let id = format!("{}:{}", record.instance(), record.seq());
        decisions.push(Decided { id, record: serde_json::from_str(record.json()).unwrap_or_default() });
        last = Some(place);
    }
    Ok(DecisionPage { decisions, next: None })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_read_as_it_is_written() {
        let place = Place { time_ms: 1_700_000_000_000, instance: "01kahz3b2c5xyz".to_owned(), seq: 12 };
        assert_eq!(Place::read(&place.text()), Some(place));
        for text in ["", "1", "1.2", "a.b.c", "1.x.y"] {
            assert_eq!(Place::read(text), None, "{text}");
        }
    }
}
