//! How often somebody may try to log in.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Tries of one address in a while.
const TRIES: u32 = 10;
/// The while.
pub(crate) const WHILE: Duration = Duration::from_secs(60);
/// Addresses that are counted; of more, the ones that began first are forgotten.
const ADDRESSES: usize = 1_024;

/// Counts by address. Whoever has got in is counted anew.
#[derive(Debug, Default)]
pub(crate) struct Attempts(Mutex<HashMap<IpAddr, Tried>>);

#[derive(Debug, Clone, Copy)]
struct Tried {
    since: Instant,
    times: u32,
}

impl Attempts {
    /// Counts one more try, and says whether it may be made.
    pub(crate) fn may_try(&self, from: IpAddr, now: Instant) -> bool {
        let mut tried = self.tried();
        tried.retain(|_, tried| now.saturating_duration_since(tried.since) < WHILE);
        let who = network(from);
        if tried.len() >= ADDRESSES && !tried.contains_key(&who) {
            let first = tried.iter().min_by_key(|(_, tried)| tried.since).map(|(who, _)| *who);
            first.and_then(|first| tried.remove(&first));
        }
        let of_address = tried.entry(who).or_insert(Tried { since: now, times: 0 });
        of_address.times = of_address.times.saturating_add(1);
        of_address.times <= TRIES
    }

    /// Somebody at this address has got in.
    pub(crate) fn got_in(&self, from: IpAddr) {
        self.tried().remove(&network(from));
    }

    fn tried(&self) -> MutexGuard<'_, HashMap<IpAddr, Tried>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One machine may have all addresses of such a network (RFC 4291, 64 bits).
fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            v6.to_ipv4_mapped().map_or(IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0)), IpAddr::V4)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_may_try_so_often_in_a_while() {
        let (attempts, now) = (Attempts::default(), Instant::now());
        let [one, other]: [IpAddr; 2] = ["2001:db8::1", "2001:db8:0:1::1"].map(|text| text.parse().unwrap());
        let tries = |from, now| (0..TRIES + 5).filter(|_| attempts.may_try(from, now)).count();
        assert_eq!(tries(one, now), 10);
        assert!(!attempts.may_try("2001:db8::2".parse().unwrap(), now), "the same network");
        assert_eq!(tries(other, now), 10, "others are counted by themselves");
        assert!(attempts.may_try(one, now + WHILE), "later again");
        attempts.got_in(other);
        assert_eq!(tries(other, now), 10);
    }

    #[test]
    fn no_more_addresses_are_kept_than_may_be() {
        let (attempts, now) = (Attempts::default(), Instant::now());
        for number in 0..3_000_u32 {
            attempts.may_try(IpAddr::V4(number.into()), now);
        }
        assert_eq!(attempts.tried().len(), ADDRESSES);
    }
}
