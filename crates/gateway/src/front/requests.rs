//! How many requests of each grant are being answered: one grant's leave room for others'.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use foldhash::quality::RandomState;

use super::{Front, TurnedAway};
use crate::registry::Grant;

/// The requests of every grant that has any.
pub(super) type Requests = Arc<Mutex<HashMap<Arc<str>, usize, RandomState>>>;

/// A request that is being answered, among those that its grant may have, for as long as anybody holds its place: the
/// answer on its way, or what was taken of a caller that has left.
#[derive(Debug, Clone)]
pub(crate) struct RequestPlace {
    _taken: Arc<Taken>,
}

#[derive(Debug)]
struct Taken {
    requests: Requests,
    grant: Arc<str>,
}

impl Drop for Taken {
    fn drop(&mut self) {
        let mut requests = self.requests.lock().unwrap_or_else(PoisonError::into_inner);
        let left = requests.get(&self.grant).map_or(0, |open| open.saturating_sub(1));
        if left == 0 {
            requests.remove(&self.grant);
        } else {
            requests.insert(Arc::clone(&self.grant), left);
        }
    }
}

impl Front {
    /// A place for one more request of this grant.
    pub(crate) fn request_place(&self, grant: &Grant) -> Result<RequestPlace, TurnedAway> {
        let limit = self.gateway.options.limits.requests_of_grant;
        let mut requests = self.requests.lock().unwrap_or_else(PoisonError::into_inner);
        let open = requests.entry(Arc::clone(&grant.name)).or_default();
        if *open >= limit {
            return Err(TurnedAway::Busy { limit });
        }
        *open += 1;
        drop(requests);
        let taken = Taken { requests: Arc::clone(&self.requests), grant: Arc::clone(&grant.name) };
        Ok(RequestPlace { _taken: Arc::new(taken) })
    }
}
