//! Counters: what limits have counted.

use std::sync::Arc;

use axum::extract::{Extension, Json, State};
use axum::http::StatusCode;
use interlock_audit::{LifecycleKind, format_ms};
use interlock_store::CounterStatus;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::super::Desk;
use super::super::entry::Operator;
use super::super::problem::Problem;
use super::{FromQuery, record, said, unavailable};

/// Counters in one answer unless it is said otherwise, and at most.
const MOST: usize = 1_000;

/// Which counters.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub(crate) struct Wanted {
    /// So many at the most.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<usize>,
    /// The one of this name.
    key: Option<String>,
}

/// Counters, those nearest their limit first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CounterList {
    counters: Vec<Counter>,
}

/// One counter. Amounts are decimals, written as text so that no reader rounds them.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Counter {
    key: String,
    /// Whose limit it is.
    rule: String,
    value: String,
    /// How much it may hold; not there where it only counts.
    #[serde(skip_serializing_if = "Option::is_none")]
    limit: Option<String>,
    window: String,
}

/// The ledger's clock, before and after.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Reclocked {
    /// The ledger's date before.
    ledger: String,
    /// The machine's date.
    machine: String,
    /// Whether the ledger's was ahead, and was put right.
    reclocked: bool,
    /// Calendar counters that were in a period that has not begun.
    moved: u64,
}

impl Counter {
    fn new(status: CounterStatus) -> Self {
        Self {
            key: status.key,
            rule: status.label,
            value: status.value.to_string(),
            limit: status.limit.map(|limit| limit.to_string()),
            window: status.window,
        }
    }
}

/// What counters hold, those nearest their limit first
#[utoipa::path(get, path = "/api/v1/counters", tag = "counters", security(("operator" = [])), params(Wanted),
    responses(
        (status = 200, description = "The counters", body = CounterList),
        (status = 400, description = "What is wanted cannot be understood", body = Problem,
            content_type = "application/problem+json"),
    ))]
pub(crate) async fn list(
    State(desk): State<Arc<Desk>>,
    Extension(operator): Extension<Operator>,
    wanted: FromQuery<Wanted>,
) -> Result<Json<CounterList>, Problem> {
    let Wanted { limit, key } = said(wanted)?.0;
    let limit = limit.unwrap_or(MOST);
    if limit == 0 || limit > MOST {
        return Err(Problem::new(StatusCode::BAD_REQUEST, "`limit` is from 1 to 1000"));
    }
    let gateway = desk.operated.front.gateway();
    record(gateway, LifecycleKind::Read, &operator, "counters list", &[])?;
    let most = if key.is_some() { usize::MAX } else { limit };
    let listed = gateway.counters.list(most).await.map_err(unavailable)?;
    let is_wanted = |status: &CounterStatus| key.as_deref().is_none_or(|key| key == status.key);
    let counters = listed.into_iter().filter(is_wanted).take(limit).map(Counter::new).collect();
    Ok(Json(CounterList { counters }))
}

/// Have calendar budgets go by the machine's date again
#[utoipa::path(post, path = "/api/v1/counters/reclock", tag = "counters", security(("operator" = [])),
    responses((status = 200, description = "What was done", body = Reclocked)))]
pub(crate) async fn reclock(
    State(desk): State<Arc<Desk>>,
    Extension(operator): Extension<Operator>,
) -> Result<Json<Reclocked>, Problem> {
    let dates = desk.operated.time.dates().await.map_err(unavailable)?;
    let (ledger, machine) = (format_ms(dates.ledger_ms), format_ms(dates.machine_ms));
    let mut report = Reclocked { ledger, machine, reclocked: false, moved: 0 };
    // With dates that agree there is nothing to do, and nothing to record.
    if dates.ledger_ms > dates.machine_ms {
        let more = [("from", report.ledger.as_str()), ("to", report.machine.as_str())];
        let action = "calendar budgets go by the machine's date again";
        record(desk.operated.front.gateway(), LifecycleKind::Reclock, &operator, action, &more)?;
        report.moved = desk.operated.time.reclock().await.map_err(unavailable)?.moved;
        report.reclocked = true;
    }
    Ok(Json(report))
}
