//! The step that reserves: all limits of a call, or none.

mod once;

use interlock_audit::CounterChange;
use interlock_json::Decimal;
use interlock_policy::{CounterKey, Need};
use interlock_store::{
    self as store, CounterRef, Counters, Failure, Refund, ReservationId, ReserveAnswer, ReserveRequest,
    Settle, StoreError,
};

use crate::denial::Denial;
use crate::gateway::Gateway;

/// A reservation that is not settled yet.
#[derive(Debug, Clone)]
pub(crate) struct Held {
    pub(crate) id: ReservationId,
    /// Whether any of it is given back when the server answers with an error.
    pub(crate) refunds: Refund,
}

/// What was reserved.
#[derive(Debug)]
pub(crate) struct Reserved {
    /// `None` when the call has no limits.
    pub(crate) held: Option<Held>,
    pub(crate) changes: Vec<(String, Decimal, Decimal)>,
    /// Limits in shadow mode that would have denied the call: the rule, its name and its words.
    pub(crate) over: Vec<(String, Option<String>, String)>,
}

impl Reserved {
    pub(crate) fn none() -> Self {
        Self { held: None, changes: Vec::new(), over: Vec::new() }
    }

    /// The counters before and after, for the record.
    pub(crate) fn changes(&self) -> Vec<CounterChange<'_>> {
        self.changes
            .iter()
            .map(|change| CounterChange { key: &change.0, before: change.1, after: change.2 })
            .collect()
    }
}

/// Why nothing was reserved.
#[derive(Debug)]
pub(crate) enum Failed {
    /// A limit is used up.
    Limit {
        denial: Denial,
        /// Whose need it was, by its place among them.
        need: usize,
    },
    /// The store cannot answer.
    Store(StoreError),
}

/// Reserves `needs`, if the counters in `reads` still hold what the call was judged on, in the place of what is
/// held from `earlier` for the same call. `Ok(None)`: they do not, judge again.
///
/// A later call that is denied because this one was let through names its `request`.
pub(crate) async fn reserve(
    counters: &dyn Counters,
    request: Option<&str>,
    needs: &[&Need],
    reads: &[&(CounterKey, Decimal)],
    earlier: Option<&Held>,
) -> Result<Option<Reserved>, Failed> {
    if needs.is_empty() && reads.is_empty() && earlier.is_none() {
        return Ok(Some(Reserved::none()));
    }
    let names: Vec<String> = needs.iter().map(|need| need.key.text()).collect();
    let request = ReserveRequest {
        needs: needs.iter().zip(&names).map(|(need, name)| need_of(need, name.clone(), request)).collect(),
        expect: reads.iter().map(|(key, value)| (counter_of(key), *value)).collect(),
        replaces: earlier.map(|earlier| earlier.id.clone()),
    };
    match counters.reserve(request).await.map_err(Failed::Store)? {
        ReserveAnswer::Reserved(reservation) => Ok(Some(reserved(needs, names, reservation, earlier))),
        ReserveAnswer::Stale => Ok(None),
        ReserveAnswer::Exhausted(exhausted) => {
            Err(Failed::Limit { denial: exhausted_denial(needs, &exhausted), need: exhausted.index })
        }
    }
}

/// Gives back what was reserved for a call that never reached the server. `false` when there was nothing to
/// give back or the store did not take it, in which case it stays counted.
pub(crate) async fn release(gateway: &Gateway, held: Option<Held>) -> bool {
    match held {
        Some(held) => settle(gateway, held, Settle::Release).await,
        None => false,
    }
}

/// Gives back what the policy refunds when the server answers with an error. `false` where there is nothing of
/// the kind, or the store did not take it.
pub(crate) async fn refund(gateway: &Gateway, held: Option<Held>, failure: Failure) -> bool {
    match held {
        Some(held) if held.refunds.covers(failure) => settle(gateway, held, Settle::Refund(failure)).await,
        _ => false,
    }
}

async fn settle(gateway: &Gateway, held: Held, how: Settle) -> bool {
    match gateway.counters.settle(held.id, how).await {
        Ok(()) => true,
        Err(error) => {
            tracing::warn!("a reservation could not be given back and stays counted: {error}");
            false
        }
    }
}

/// The store's name of a counter.
pub(crate) fn counter_of(key: &CounterKey) -> CounterRef {
    named(key, key.text())
}

fn named(key: &CounterKey, name: String) -> CounterRef {
    CounterRef { key: name, window: window_of(key.window), align: align_of(key.align) }
}

fn need_of(need: &Need, name: String, request: Option<&str>) -> store::Need {
    store::Need {
        counter: named(&need.key, name),
        amount: need.amount,
        bound: bound_of(&need.bound),
        label: match request.filter(|_| need.key.is_of_one_call()) {
            Some(request) => once::label(&need.rule, request),
            None => need.rule.text(),
        },
        shadow: need.shadow,
        refund: refund_of(need.refund),
        pays: need.pays,
    }
}

fn refund_of(refund: interlock_policy::Refund) -> Refund {
    match refund {
        interlock_policy::Refund::Keep => Refund::Never,
        interlock_policy::Refund::OnProtocolError => Refund::OnProtocolError,
        interlock_policy::Refund::OnError => Refund::OnError,
    }
}

fn window_of(window: interlock_policy::Window) -> store::Window {
    match window {
        interlock_policy::Window::Seconds(seconds) => store::Window::Seconds(seconds),
        interlock_policy::Window::Day => store::Window::Day,
        interlock_policy::Window::Week => store::Window::Week,
        interlock_policy::Window::Month => store::Window::Month,
    }
}

fn align_of(align: interlock_policy::Align) -> store::Align {
    match align {
        interlock_policy::Align::Sliding => store::Align::Sliding,
        interlock_policy::Align::Calendar => store::Align::Calendar,
        // Both know the zones of one database.
        interlock_policy::Align::CalendarIn(zone) => {
            store::Zone::named(zone.name()).map_or(store::Align::Calendar, store::Align::calendar_in)
        }
    }
}

fn bound_of(bound: &interlock_policy::Bound) -> store::Bound {
    match bound {
        interlock_policy::Bound::None => store::Bound::None,
        interlock_policy::Bound::AtMost(max) => store::Bound::AtMost(*max),
        interlock_policy::Bound::Below(max) => store::Bound::Below(*max),
    }
}

fn reserved(
    needs: &[&Need],
    names: Vec<String>,
    reservation: store::Reservation,
    earlier: Option<&Held>,
) -> Reserved {
    let refunds =
        needs.iter().map(|need| refund_of(need.refund)).chain(earlier.map(|earlier| earlier.refunds));
    let refunds = refunds.max().unwrap_or_default();
    let mut reserved = Reserved { held: Some(Held { id: reservation.id, refunds }), ..Reserved::none() };
    for ((need, name), change) in needs.iter().zip(names).zip(reservation.changes) {
        reserved.changes.push((name, change.before, change.after));
        if change.over {
            let name = need.name.as_deref().map(str::to_owned);
            reserved.over.push((need.rule.to_string(), name, format!("{} reached", need.words)));
        }
    }
    reserved
}

/// Words for a limit that is used up: the policy's own where it has some.
fn exhausted_denial(needs: &[&Need], exhausted: &store::Exhausted) -> Denial {
    let Some(need) = needs.get(exhausted.index) else {
        return Denial::limit("(ledger)", "a limit is used up");
    };
    let reason = match (&exhausted.cause, &need.on_deny) {
        (store::Cause::Refused(store::Refused::Over), on_deny) if need.key.is_of_one_call() => {
            let why = once::reason(need, exhausted);
            on_deny.as_ref().map_or(why.clone(), |text| format!("{text} ({why})"))
        }
        (store::Cause::Refused(store::Refused::Over), Some(text)) => text.to_string(),
        (store::Cause::Refused(store::Refused::Over), None) => format!("{} reached", need.words),
        (cause, _) => format!("{}: {cause}", need.words),
    };
    Denial {
        name: need.name.as_deref().map(str::to_owned),
        retry_after_ms: exhausted.retry_after_ms,
        ..Denial::limit(&need.rule.to_string(), reason)
    }
}
