//! Reserving all or none, within a transaction.

use interlock_json::Decimal;
use interlock_meter::{Now, Refused};
use rusqlite::Connection;

use super::tallies::{Parts, Tallies, execute};
use crate::StoreError;
use crate::counters::{
    Cause, Change, Counted, CounterRef, Exhausted, Need, Reservation, ReservationId, ReserveAnswer,
    ReserveRequest, Settle,
};

/// One transaction's view.
pub(super) struct Reserving<'e> {
    pub(super) connection: &'e Connection,
    pub(super) tallies: &'e mut Tallies,
    /// The times to count by.
    pub(super) now: Now,
    /// Counters kept at once.
    pub(super) most: u64,
}

/// One need, looked at.
struct Look<'n> {
    need: &'n Need,
    change: Change,
    is_new: bool,
    /// Shadows that cannot be counted are left out.
    is_counted: bool,
}

impl Reserving<'_> {
    /// What the counters hold.
    pub(super) fn read(&mut self, counters: &[CounterRef]) -> Result<Vec<Decimal>, StoreError> {
        counters.iter().map(|counter| Ok(self.value(counter)?.unwrap_or_default())).collect()
    }

    /// Reserves all needs or none. Nothing is counted unless all fit.
    pub(super) fn reserve(&mut self, request: &ReserveRequest) -> Result<ReserveAnswer, StoreError> {
        for (counter, expected) in &request.expect {
            if self.value(counter)?.unwrap_or_default() != *expected {
                return Ok(ReserveAnswer::Stale);
            }
        }
        match &request.replaces {
            None => self.reserve_all(&request.needs),
            Some(earlier) => self.replace(earlier, &request.needs),
        }
    }

    /// Gives an earlier reservation back and reserves; where the needs do not fit, nothing has happened.
    fn replace(&mut self, earlier: &ReservationId, needs: &[Need]) -> Result<ReserveAnswer, StoreError> {
        let before = self.tallies.clone();
        execute(self.connection, "SAVEPOINT replacing", [])?;
        let (keeps, moved): (Vec<_>, Vec<_>) =
            earlier.counted().into_iter().partition(|counted| counted.pays);
        self.release(&moved)?;
        let answer = self.reserve_all(needs)?;
        if let ReserveAnswer::Reserved(reservation) = &answer {
            // Should the transaction fail, it counts on: nobody can give it back any more.
            earlier.settle(Settle::Commit);
            reservation.id.continue_from(&moved, keeps);
        } else {
            *self.tallies = before;
            execute(self.connection, "ROLLBACK TO replacing", [])?;
        }
        execute(self.connection, "RELEASE replacing", [])?;
        Ok(answer)
    }

    fn reserve_all(&mut self, needs: &[Need]) -> Result<ReserveAnswer, StoreError> {
        let mut looks: Vec<Look<'_>> = Vec::with_capacity(needs.len());
        for (index, need) in needs.iter().enumerate() {
            let look = self.look(need, &looks)?;
            match look {
                Ok(look) => looks.push(look),
                Err(cause) => {
                    return self.exhausted(index, need, cause, &looks).map(ReserveAnswer::Exhausted);
                }
            }
        }
        let mut counted = Vec::with_capacity(looks.len());
        for look in looks.iter().filter(|look| look.is_counted) {
            counted.extend(self.tallies.add(self.connection, self.now, look.need)?);
        }
        let changes = looks.iter().map(|look| look.change).collect();
        Ok(ReserveAnswer::Reserved(Reservation { id: ReservationId::new(counted), changes }))
    }

    /// Gives back what a reservation counted, where it still counts.
    pub(super) fn release(&mut self, counted: &[Counted]) -> Result<(), StoreError> {
        for Counted { counter, mark, .. } in counted {
            self.tallies.release(self.connection, self.now, counter, *mark)?;
        }
        Ok(())
    }

    /// What a need would do to its counter, after the needs before it.
    fn look<'n>(
        &mut self,
        need: &'n Need,
        before: &[Look<'_>],
    ) -> Result<Result<Look<'n>, Cause>, StoreError> {
        let earlier = before.iter().rev().find(|look| look.need.counter.key == need.counter.key);
        let (value, is_new) = match earlier {
            // A need that was not counted has not opened the counter either.
            Some(look) => (look.change.after, look.is_new && !look.is_counted),
            None => self.value(&need.counter)?.map_or((Decimal::ZERO, true), |value| (value, false)),
        };
        let refused = match need.bound.after(value, need.amount) {
            // Nothing is counted, so nothing is opened that would never end.
            Ok(after) if is_new && need.amount.is_zero() => {
                let change = Change { before: value, after, over: false };
                return Ok(Ok(Look { need, change, is_new, is_counted: false }));
            }
            Ok(after) if !is_new || self.has_room(before)? => {
                let change = Change { before: value, after, over: false };
                return Ok(Ok(Look { need, change, is_new, is_counted: true }));
            }
            Ok(_) => Cause::TooManyCounters { most: self.most },
            Err(refused) => Cause::Refused(refused),
        };
        if !need.shadow {
            return Ok(Err(refused));
        }
        // A shadow counter may exceed its limit: it shows what would have been refused.
        let sum = value.checked_add(need.amount).filter(|_| refused == Cause::Refused(Refused::Over));
        let is_counted = sum.is_some() && (!is_new || self.has_room(before)?);
        let after = sum.filter(|_| is_counted).unwrap_or(value);
        let change = Change { before: value, after, over: true };
        Ok(Ok(Look { need, change, is_new, is_counted }))
    }

    /// `None`: there is no such counter yet.
    fn value(&mut self, counter: &CounterRef) -> Result<Option<Decimal>, StoreError> {
        let known = self.tallies.current(self.connection, self.now, counter)?;
        Ok(known.map(|known| known.tally.value()))
    }

    /// Whether one more counter may be opened besides those that this request opens already.
    fn has_room(&mut self, before: &[Look<'_>]) -> Result<bool, StoreError> {
        let opened = before.iter().filter(|look| look.is_new && look.is_counted).count();
        let new = u64::try_from(opened).unwrap_or(u64::MAX).saturating_add(1);
        self.tallies.has_room(self.connection, self.now, new, self.most)
    }

    fn exhausted(
        &mut self,
        index: usize,
        need: &Need,
        cause: Cause,
        before: &[Look<'_>],
    ) -> Result<Exhausted, StoreError> {
        // Where needs of the same call share the counter, they must fit together.
        let own = before.iter().filter(|look| look.need.counter.key == need.counter.key);
        let together = own.clone().try_fold(need.amount, |sum, look| sum.checked_add(look.need.amount));
        let own_sum = own.map(|look| look.change.after).next_back();
        let Some(known) = self.tallies.current(self.connection, self.now, &need.counter)? else {
            let value = own_sum.unwrap_or_default();
            return Ok(Exhausted { index, retry_after_ms: None, value, cause, last: String::new() });
        };
        let value = own_sum.unwrap_or(known.tally.value());
        let last = known.label.clone();
        let mut retry_after_ms = None;
        if let Some(together) = together.filter(|_| !need.amount.is_negative()) {
            let mut parts = Parts::of(self.connection, known);
            retry_after_ms = known.tally.retry_after(self.now, together, &need.bound, &mut parts)?;
        }
        Ok(Exhausted { index, retry_after_ms, value, cause, last })
    }
}
