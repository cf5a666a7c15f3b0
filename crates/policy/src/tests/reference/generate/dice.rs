//! Chance that is the same for the same seed.

use super::super::json::Json;

pub(in super::super) struct Dice(u64);

impl Dice {
    pub(in super::super) fn new(seed: u64) -> Dice {
        Dice(seed)
    }

    /// Weyl's sequence, mixed until neighbouring seeds have nothing in common.
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        for _ in 0..2 {
            mixed = (mixed ^ (mixed >> 31)).wrapping_mul(0xd6e8_feb8_6659_fd93);
        }
        mixed ^ (mixed >> 32)
    }

    pub(in super::super) fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(end).unwrap()).unwrap()
    }

    /// In so many cases of a hundred.
    pub(in super::super) fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    pub(in super::super) fn pick<T: Copy>(&mut self, values: &[T]) -> T {
        values[self.below(values.len())]
    }

    pub(in super::super) fn pick_of<'v, T>(&mut self, values: &'v [T]) -> &'v T {
        &values[self.below(values.len())]
    }

    pub(in super::super) fn maybe(&mut self, percent: usize, words: &[&str]) -> Option<Json> {
        self.chance(percent).then(|| Json::from(self.pick(words)))
    }

    pub(in super::super) fn weighted<T: Copy>(&mut self, values: &[(usize, T)]) -> T {
        let mut rest = self.below(values.iter().map(|(weight, _)| weight).sum());
        for (weight, value) in values {
            if rest < *weight {
                return *value;
            }
            rest -= weight;
        }
        unreachable!("the weights are the sum")
    }
}
