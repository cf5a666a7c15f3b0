//! Refusals before policy, above so many a second from one peer, become one record with a count. Pure: the
//! time is passed in.

use std::collections::BTreeMap;

const SECOND_MS: i64 = 1000;
/// Peers beyond so many in one second are counted together: a flood from many names must not grow a map.
const MAX_PEERS: usize = 1024;
/// The name under which they are.
const OTHERS: &str = "*";

/// What to do with one refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fold {
    /// Write its own record.
    Record,
    /// Do not: it is counted, and a [`Folded`] will stand for it.
    Count,
}

/// Refusals that one record stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Folded {
    /// The peer; `*` for all that came when too many were counted already.
    pub peer: String,
    /// How many.
    pub count: u64,
    /// Time of the first and of the last, unix milliseconds.
    pub span: (i64, i64),
    /// The reason of the first.
    pub reason: String,
}

/// Counts refusals by peer and second.
#[derive(Clone, Debug)]
pub struct Flood {
    per_second: u64,
    peers: BTreeMap<String, Second>,
}

#[derive(Clone, Debug)]
struct Second {
    began_ms: i64,
    recorded: u64,
    folded: Option<Folded>,
}

impl Second {
    fn new(began_ms: i64) -> Self {
        Self { began_ms, recorded: 0, folded: None }
    }

    /// A clock that stepped back ends the second too, so that nothing waits for it to come again.
    fn is_over(&self, now_ms: i64) -> bool {
        !(self.began_ms..self.began_ms.saturating_add(SECOND_MS)).contains(&now_ms)
    }
}

impl Default for Flood {
    /// 50 a second.
    fn default() -> Self {
        Self::new(50)
    }
}

impl Flood {
    /// A count that lets `per_second` refusals of one peer have their own records.
    #[must_use]
    pub fn new(per_second: u64) -> Self {
        Self { per_second, peers: BTreeMap::new() }
    }

    /// Takes note of one refusal. Write what [`Flood::due`] gives first, so that the records stand in order.
    pub fn refused(&mut self, peer: &str, reason: &str, now_ms: i64) -> Fold {
        let peer = if self.peers.contains_key(peer) || self.peers.len() < MAX_PEERS { peer } else { OTHERS };
        let second = self.peers.entry(peer.to_owned()).or_insert_with(|| Second::new(now_ms));
        if second.folded.is_none() && second.is_over(now_ms) {
            *second = Second::new(now_ms);
        }
        if second.recorded < self.per_second {
            second.recorded += 1;
            return Fold::Record;
        }
        let folded = second.folded.get_or_insert_with(|| Folded {
            peer: peer.to_owned(),
            count: 0,
            span: (now_ms, now_ms),
            reason: reason.to_owned(),
        });
        folded.count = folded.count.saturating_add(1);
        folded.span.1 = now_ms;
        Fold::Count
    }

    /// What is to be recorded now: the folded refusals of every second that is over.
    pub fn due(&mut self, now_ms: i64) -> Vec<Folded> {
        let over: Vec<String> = self
            .peers
            .iter()
            .filter(|(_, second)| second.is_over(now_ms))
            .map(|(peer, _)| peer.clone())
            .collect();
        over.iter().filter_map(|peer| self.peers.remove(peer)?.folded).collect()
    }

    /// Everything that is still to be recorded, at the end.
    pub fn drain(&mut self) -> Vec<Folded> {
        std::mem::take(&mut self.peers).into_values().filter_map(|second| second.folded).collect()
    }

    /// Whether [`Flood::due`] will have something to give once a second has passed.
    #[must_use]
    pub fn is_waiting(&self) -> bool {
        self.peers.values().any(|second| second.folded.is_some())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn above_the_limit_refusals_are_folded() {
        let mut flood = Flood::new(3);
        let folds: Vec<Fold> = (0..5).map(|i| flood.refused("p", "bad json", 1000 + i)).collect();
        assert_eq!(folds, [Fold::Record, Fold::Record, Fold::Record, Fold::Count, Fold::Count]);
        assert_eq!(flood.refused("q", "bad json", 1005), Fold::Record);
        assert!(flood.is_waiting());
        assert_eq!(flood.due(1999), []);
        let folded = Folded { peer: "p".into(), count: 2, span: (1003, 1004), reason: "bad json".into() };
        assert_eq!(flood.due(2000), [folded]);
        assert!(!flood.is_waiting());
        assert_eq!(flood.refused("p", "bad json", 2001), Fold::Record);
        assert_eq!(flood.drain(), []);
    }

    #[test]
    fn a_clock_that_steps_back_loses_nothing() {
        let mut flood = Flood::new(1);
        flood.refused("p", "x", 5000);
        flood.refused("p", "x", 5001);
        assert_eq!(flood.due(100)[0].count, 1);
        assert_eq!(flood.refused("p", "x", 100), Fold::Record);
    }

    #[test]
    fn peers_are_bounded() {
        let mut flood = Flood::new(1);
        for i in 0..5000 {
            flood.refused(&format!("p{i}"), "x", 0);
        }
        assert_eq!(flood.peers.len(), MAX_PEERS + 1);
        assert_eq!(flood.drain().iter().map(|f| f.count).sum::<u64>(), 5000 - 1024 - 1);
    }

    proptest! {
        /// Every refusal is either recorded by itself or counted in exactly one folded record, and no second
        /// has more than the limit and one record a peer.
        #[test]
        fn nothing_is_lost(steps in prop::collection::vec((0_u8..3, 0_i64..400), 1..200)) {
            let mut flood = Flood::new(4);
            let (mut now, mut recorded, mut counted) = (0, 0, 0);
            for (peer, step) in &steps {
                now += step;
                counted += flood.due(now).iter().map(|f| f.count).sum::<u64>();
                if flood.refused(&peer.to_string(), "x", now) == Fold::Record {
                    recorded += 1;
                }
            }
            counted += flood.drain().iter().map(|f| f.count).sum::<u64>();
            prop_assert_eq!(recorded + counted, steps.len() as u64);
        }
    }
}
