//! Names that are one letter apart.

use std::collections::{BTreeSet, HashMap};

use crate::classify::is_verb;

/// Shorter names are one letter apart by chance.
const SHORTEST_NAME: usize = 6;

/// Shorter words are other words when a letter differs: `list_pets`, `list_bets`.
const SHORTEST_WORD: usize = 5;

/// More names than these that are the same but for a letter at one place are a row (`axis_x`, `axis_y`, …), and no imitation.
const LONGEST_ROW: usize = 6;

/// The longest name that is compared, in letters. What is longer is no name that anybody reads.
const LONGEST_NAME: usize = 128;

/// Pairs of shapes that are equal once a letter is taken out of one or both: the only ones that can be one letter apart.
pub(super) fn apart_by_one<'s>(
    shapes: impl Iterator<Item = &'s String>,
) -> BTreeSet<(&'s String, &'s String)> {
    let mut without: HashMap<String, Vec<&String>> = HashMap::new();
    for shape in shapes {
        let length = shape.chars().count();
        if !(SHORTEST_NAME..=LONGEST_NAME).contains(&length) {
            continue;
        }
        let shorter = (0..length).map(|left_out| leave_out(shape, left_out));
        for shorter in shorter.chain([shape.clone()]).collect::<BTreeSet<String>>() {
            without.entry(shorter).or_default().push(shape);
        }
    }
    let mut pairs = BTreeSet::new();
    for names in without.values().filter(|names| names.len() <= LONGEST_ROW) {
        for (index, one) in names.iter().enumerate() {
            pairs.extend(
                names
                    .iter()
                    .skip(index + 1)
                    .filter(|other| is_apart_by_one(one, other))
                    .map(|other| (*one, *other)),
            );
        }
    }
    pairs
}

fn leave_out(shape: &str, place: usize) -> String {
    shape.chars().enumerate().filter(|(at, _)| *at != place).map(|(_, letter)| letter).collect()
}

/// One letter more, less, exchanged, or two neighbours in the other order.
fn is_apart_by_one(one: &str, other: &str) -> bool {
    strsim::osa_distance(one, other) == 1
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
