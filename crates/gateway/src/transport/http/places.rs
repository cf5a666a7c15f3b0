//! Places for connections: so many in all, and so many for one address, so that one that takes all it can leaves some.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

#[derive(Debug)]
pub(crate) struct Places {
    taken: Mutex<Taken>,
    freed: Notify,
    most: usize,
    most_of_peer: usize,
}

#[derive(Debug, Default)]
struct Taken {
    all: usize,
    of_peers: HashMap<IpAddr, usize>,
}

/// One place, until it is dropped.
#[derive(Debug)]
pub(crate) struct Place {
    places: Arc<Places>,
    peer: IpAddr,
}

impl Places {
    pub(crate) fn new(most: usize, most_of_peer: usize) -> Arc<Self> {
        Arc::new(Self { taken: Mutex::default(), freed: Notify::new(), most, most_of_peer })
    }

    fn taken(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until there is a place for somebody.
    pub(crate) async fn free(&self) {
        loop {
            let freed = self.freed.notified();
            if self.taken().all < self.most {
                return;
            }
            freed.await;
        }
    }

    /// A place for this peer, unless it has all that one may have.
    pub(crate) fn take(self: &Arc<Self>, peer: IpAddr) -> Option<Place> {
        let mut taken = self.taken();
        let of_peer = taken.of_peers.get(&peer).copied().unwrap_or(0);
        if of_peer >= self.most_of_peer {
            return None;
        }
        taken.of_peers.insert(peer, of_peer + 1);
        taken.all += 1;
        Some(Place { places: Arc::clone(self), peer })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.places.taken();
        taken.all = taken.all.saturating_sub(1);
        let left = taken.of_peers.get(&self.peer).map_or(0, |of_peer| of_peer.saturating_sub(1));
        if left == 0 {
            taken.of_peers.remove(&self.peer);
        } else {
            taken.of_peers.insert(self.peer, left);
        }
        drop(taken);
        self.places.freed.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::timeout;

    use super::*;

    #[tokio::test]
    async fn one_address_leaves_places_for_others_and_gives_its_own_back() {
        let places = Places::new(3, 2);
        let [one, other] = ["127.0.0.1", "::1"].map(|text| text.parse::<IpAddr>().unwrap());
        let mine = [places.take(one).unwrap(), places.take(one).unwrap()];
        assert!(places.take(one).is_none());
        let theirs = places.take(other).unwrap();
        let full = timeout(Duration::from_millis(10), places.free()).await;
        assert!(full.is_err());
        drop(mine);
        places.free().await;
        assert!(places.take(one).is_some());
        drop(theirs);
        assert!(places.taken().of_peers.is_empty());
        assert_eq!(places.taken().all, 0);
    }
}
