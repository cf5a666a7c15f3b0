//! Step 4, judge: the policies' word on one target, with the counters its rules look at.

use std::collections::HashMap;

use interlock_json::Decimal;
use interlock_policy::{Call, CounterKey, CounterValues};
use interlock_store::{Counters, StoreError};

use crate::reserve::counter_of;
use crate::route::Target;

/// The call as the evaluator sees it.
pub(crate) fn call<'a>(server: &'a str, target: &'a Target<'a>) -> Call<'a> {
    Call { section: target.section, server, name: &target.name, arguments: target.arguments }
}

/// Counters read in one look, for the conditions that depend on them.
#[derive(Debug)]
pub(crate) struct CounterSnapshot {
    values: HashMap<CounterKey, Decimal>,
}

impl CounterSnapshot {
    pub(crate) async fn read(counters: &dyn Counters, keys: Vec<CounterKey>) -> Result<Self, StoreError> {
        let values = counters.read(keys.iter().map(counter_of).collect()).await?;
        Ok(Self { values: keys.into_iter().zip(values).collect() })
    }
}

impl CounterValues for CounterSnapshot {
    fn value(&self, counter: &CounterKey) -> Option<Decimal> {
        self.values.get(counter).copied()
    }
}
