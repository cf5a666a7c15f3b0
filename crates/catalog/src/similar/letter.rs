//! Names that are one letter apart.

use std::collections::BTreeSet;
use std::hash::{DefaultHasher, Hasher as _};

use crate::classify::is_verb;

/// Shorter names are one letter apart by chance.
const SHORTEST_NAME: usize = 6;

/// Shorter words are other words when a letter differs: `list_pets`, `list_bets`.
const SHORTEST_WORD: usize = 5;

/// More names than these that are the same but for a letter at one place are a row (`axis_x`, `axis_y`, …), and no imitation.
const LONGEST_ROW: usize = 6;

/// The longest name that is compared by letters. What is longer is no name that anybody reads (the protocol gives a name
/// 128 letters); it is still compared as a whole.
const LONGEST_NAME: usize = 128;

/// Pairs of shapes that are equal once a letter is taken out of one or both: the only ones that can be one letter apart.
/// What is kept for a shape is a digest for each of its letters; what digests say of two shapes is looked at again.
pub(super) fn apart_by_one<'s>(
    shapes: impl Iterator<Item = &'s String>,
) -> BTreeSet<(&'s String, &'s String)> {
    let is_compared = |shape: &&String| (SHORTEST_NAME..=LONGEST_NAME).contains(&shape.chars().count());
    let mut without: Vec<(u64, &String)> = shapes
        .filter(is_compared)
        .flat_map(|shape| shorter(shape).map(move |digest| (digest, shape)))
        .collect();
    without.sort_unstable();
    without.dedup();
    let mut pairs = BTreeSet::new();
    for row in without.chunk_by(|one, other| one.0 == other.0).filter(|row| row.len() <= LONGEST_ROW) {
        for (index, (_, one)) in row.iter().enumerate() {
            let others = row.iter().skip(index + 1).map(|(_, other)| *other);
            pairs.extend(others.filter(|other| is_apart_by_one(one, other)).map(|other| (*one, other)));
        }
    }
    pairs
}

/// Digests of a shape, and of what is left of it without each of its letters.
fn shorter(shape: &str) -> impl Iterator<Item = u64> {
    let mut before = DefaultHasher::new();
    let without = shape.char_indices().map(move |(at, letter)| {
        let (left_out, after) = shape.get(at..).unwrap_or_default().split_at(letter.len_utf8());
        let mut digest = before.clone();
        digest.write(after.as_bytes());
        before.write(left_out.as_bytes());
        digest.finish()
    });
    let mut whole = DefaultHasher::new();
    whole.write(shape.as_bytes());
    without.chain([whole.finish()])
}

/// One letter more, less, exchanged, or two neighbours in the other order.
fn is_apart_by_one(one: &str, other: &str) -> bool {
    let same = one.chars().zip(other.chars()).take_while(|(one, other)| one == other);
    let begin: usize = same.map(|(letter, _)| letter.len_utf8()).sum();
    let rest = |name: &str| name.get(begin..).unwrap_or_default().chars().collect::<Vec<char>>();
    let (mut one, mut other) = (rest(one), rest(other));
    while !one.is_empty() && one.last() == other.last() {
        one.pop();
        other.pop();
    }
    match (one.as_slice(), other.as_slice()) {
        ([_], [_]) | ([_], []) | ([], [_]) => true,
        ([a, b], [c, d]) => (a, b) == (d, c),
        _ => false,
    }
}

/// Whether the difference is a slip and makes no other word.
pub(super) fn is_slip(one: &[String], other: &[String]) -> bool {
    if one.len() != other.len() {
        // `get_a_user`: a word of one letter is no slip, another place for a blank is.
        return one.len().abs_diff(other.len()) == 1
            && !one.iter().chain(other).any(|word| word.chars().nth(1).is_none());
    }
    let mut differing = one.iter().zip(other).filter(|(one, other)| one != other);
    let (Some((one, other)), None) = (differing.next(), differing.next()) else { return false };
    let number = |word: &str| word.chars().filter(char::is_ascii_digit).collect::<String>();
    let form = |longer: &str, shorter: &str| {
        ["s", "d", "r", "n"].iter().any(|end| longer.strip_suffix(end) == Some(shorter))
    };
    one.chars().count().max(other.chars().count()) >= SHORTEST_WORD
        && number(one) == number(other)
        && !form(one, other)
        && !form(other, one)
        && !(is_verb(one) && is_verb(other))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_apart_by_one_is_what_an_edit_distance_says() {
        // Every text of up to four of two letters, after and before the same.
        let texts: Vec<String> = (0..=4_u32)
            .flat_map(|length| (0..1_u32 << length).map(move |bits| (length, bits)))
            .map(|(length, bits)| (0..length).map(|at| if bits >> at & 1 == 0 { 'a' } else { 'é' }).collect())
            .map(|middle: String| format!("ab{middle}ba"))
            .collect();
        for one in &texts {
            for other in &texts {
                let expected = strsim::osa_distance(one, other) == 1;
                assert_eq!(is_apart_by_one(one, other), expected, "{one} {other}");
            }
        }
    }

    #[test]
    fn pairs_are_those_that_comparing_each_with_each_finds() {
        let names = [
            "deleteaccount",
            "deleteacount",
            "deletaeccount",
            "delateaccount",
            "dilateaccount",
            "éléteaccount",
        ];
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let mut sorted: Vec<&String> = names.iter().collect();
        sorted.sort();
        let mut expected = BTreeSet::new();
        for (index, one) in sorted.iter().enumerate() {
            let others = sorted.iter().skip(index + 1);
            expected.extend(
                others.filter(|other| strsim::osa_distance(one, other) == 1).map(|other| (*one, *other)),
            );
        }
        assert_eq!(apart_by_one(names.iter()), expected);
        assert_eq!(expected.len(), 4);
    }

    #[test]
    fn long_names_cost_a_digest_for_each_letter() {
        let name = |length| "n".repeat(length);
        let digests = |length| shorter(&name(length)).count();
        assert_eq!((digests(6), digests(LONGEST_NAME)), (7, LONGEST_NAME + 1));
        let (longest, longer, longer_still) =
            (name(LONGEST_NAME), name(LONGEST_NAME + 1), name(LONGEST_NAME + 2));
        assert!(apart_by_one([&longest, &longer, &longer_still].into_iter()).is_empty());
    }
}
