//! What tools that people have labelled turned out to be, word by word.
//!
//! Verbs and their objects say what most tools do. `find_remote`, "Make the physical remote beep", says it by its company:
//! of the labelled tools with `remote` many move something. [`Counts`] keeps for each word how many labelled tools had it and
//! how many of those were dangerous (Execute, Destructive or Financial, by `catalogue/labels/rubric.md`); the words of a
//! definition together are evidence for or against danger, as in naive Bayes. It is a table that anybody can look into,
//! not a model that has to be run, and it is only asked about tools that the rules take for reads: it makes a judgement
//! worse, never better.

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::sync::LazyLock;

use super::words;
use crate::definition::Definition;

/// The table: a first line with all tools and the dangerous ones, then `part word tools dangerous`, between tabs.
/// `cargo xtask count` writes it.
const TABLE: &str = include_str!("counts/counts.tsv");

/// The part of a definition that a word stands in: it is another word there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Part {
    /// Its name.
    Name,
    /// The first sentence of its description.
    Said,
    /// What its description says behind that.
    Further,
    /// The names of its parameters.
    Parameter,
}

impl Part {
    const ALL: [Self; 4] = [Self::Name, Self::Said, Self::Further, Self::Parameter];

    const fn name(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Said => "said",
            Self::Further => "further",
            Self::Parameter => "parameter",
        }
    }

    /// How much a word counts here. Words of one text come together, so that each of many says less than it seems to.
    const fn factor(self) -> f64 {
        match self {
            Self::Name | Self::Said => 1.0,
            Self::Further => 0.25,
            Self::Parameter => 0.5,
        }
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// The words of a definition, each once for each part that it stands in. Numbers are none.
#[must_use]
pub fn words_of(definition: &Definition) -> BTreeSet<(Part, String)> {
    let text = definition.description.as_deref().or(definition.title.as_deref()).unwrap_or_default();
    let mut sentences = words::of_text(text).into_iter();
    let said = sentences.next().unwrap_or_default();
    let properties = definition.input_schema.get("properties").and_then(serde_json::Value::as_object);
    let parameters = properties.into_iter().flatten().flat_map(|(name, _)| words::of_name(name));
    let of = |part| move |word| (part, word);
    let mut found: BTreeSet<_> = words::of_name(&definition.tool).into_iter().map(of(Part::Name)).collect();
    found.extend(said.into_iter().map(of(Part::Said)));
    found.extend(sentences.flatten().map(of(Part::Further)));
    found.extend(parameters.map(of(Part::Parameter)));
    found.retain(|(_, word)| word.chars().any(char::is_alphabetic));
    found
}

/// How many tools, and how many of them are dangerous.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Count {
    tools: u32,
    dangerous: u32,
}

impl Count {
    fn of(tools: &str, dangerous: &str) -> Option<Self> {
        let count = Self { tools: tools.parse().ok()?, dangerous: dangerous.parse().ok()? };
        (count.dangerous <= count.tools).then_some(count)
    }
}

/// How much more likely danger is with a word than without knowing it: thousandths of a natural logarithm, in whole numbers,
/// so that sums are the same everywhere.
type Weight = i32;

/// What is counted of labelled tools.
#[derive(Debug)]
struct Counts {
    all: Count,
    words: HashMap<(Part, &'static str), Weight>,
}

/// Tools of an average kind that each word is taken to have been seen on as well, so that what few had says little.
const UNSEEN: f64 = 8.0;

/// What one word at least has to say: many that say next to nothing are no evidence. It was chosen, as [`Part::factor`] was,
/// by labelled tools of servers that the counts left out in turn.
const CLEAR: Weight = 300;

/// Words that are named as evidence.
const NAMED: usize = 3;

impl Counts {
    /// The table of this build; the tests hold that each line of it can be read.
    fn get() -> &'static Self {
        static COUNTS: LazyLock<Counts> = LazyLock::new(|| Counts::read(TABLE));
        &COUNTS
    }

    fn read(table: &'static str) -> Self {
        let mut counts = Self { all: Count::default(), words: HashMap::new() };
        for line in table.lines() {
            let mut cells = line.split('\t');
            let mut cell = || cells.next().unwrap_or_default();
            let (part, word) = (cell(), cell());
            let Some(count) = Count::of(cell(), cell()) else { continue };
            match Part::ALL.into_iter().find(|one| one.name() == part) {
                Some(part) => {
                    let weight = counts.weight(part, count);
                    counts.words.insert((part, word), weight);
                }
                None => counts.all = count,
            }
        }
        counts
    }

    #[expect(clippy::cast_possible_truncation, reason = "a logarithm of a ratio of counts of tools is small")]
    fn weight(&self, part: Part, count: Count) -> Weight {
        let odds = |dangerous: f64, others: f64| dangerous.ln() - others.ln();
        let [dangerous, others] = [self.all.dangerous, self.all.tools - self.all.dangerous].map(f64::from);
        let unseen = UNSEEN / f64::from(self.all.tools);
        let here = odds(
            f64::from(count.dangerous) + unseen * dangerous,
            f64::from(count.tools - count.dangerous) + unseen * others,
        );
        ((here - odds(dangerous, others)) * part.factor() * 1000.0).round() as Weight
    }

    /// The words that speak for danger, most first, where all together make it likelier than it is on the average.
    fn against_read(&self, definition: &Definition) -> Option<Vec<String>> {
        let found = words_of(definition);
        let weight = |part, word: &str| self.words.get(&(part, word)).copied();
        let weighed = found.iter().filter_map(|(part, word)| Some((weight(*part, word)?, *part, word)));
        let weighed: Vec<(Weight, Part, &String)> = weighed.collect();
        if weighed.iter().map(|(weight, ..)| i64::from(*weight)).sum::<i64>() <= 0 {
            return None;
        }
        let mut named: Vec<_> =
            weighed.into_iter().filter(|(_, part, word)| is_telling(*part, word)).collect();
        named.sort_by(|one, other| other.0.cmp(&one.0).then_with(|| one.2.cmp(other.2)));
        named.first().filter(|(weight, ..)| *weight >= CLEAR)?;
        let speaking = named.into_iter().take_while(|(weight, ..)| *weight > 0).map(|(_, _, word)| word);
        let mut words: Vec<String> = Vec::new();
        for word in speaking {
            if words.len() < NAMED && !words.contains(word) {
                words.push(word.clone());
            }
        }
        Some(words)
    }
}

/// Whether a word can be named as evidence: not `to` or `a`, and nothing that a long text only mentions.
fn is_telling(part: Part, word: &str) -> bool {
    part != Part::Further && word.chars().nth(2).is_some()
}

/// The words that speak most against taking a tool for a read, where all of its words together do.
pub(super) fn against_read(definition: &Definition) -> Option<Vec<String>> {
    Counts::get().against_read(definition)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::classify::{Confidence, Place, classify};
    use crate::risk::Category;

    fn definition(tool: &str, description: &str) -> Definition {
        Definition {
            tool: tool.to_owned(),
            description: Some(description.to_owned()),
            ..Definition::default()
        }
    }

    #[test]
    fn every_line_of_the_table_is_read() {
        let counts = Counts::get();
        assert_eq!(counts.words.len() + 1, TABLE.lines().count());
        assert!(counts.all.dangerous * 2 < counts.all.tools, "{:?}", counts.all);
        assert!(counts.words.values().all(|weight| weight.abs() < 8_000), "{counts:?}");
        assert!(counts.words.keys().all(|(_, word)| word.chars().any(char::is_alphabetic)));
    }

    #[test]
    fn a_word_is_another_one_in_another_part() {
        let mut takes = definition("getUser2", "Gets 2 users. Or 3, or none");
        takes.input_schema = serde_json::json!({"properties": {"userId": {}}});
        let found = words_of(&takes);
        let found: Vec<String> = found.iter().map(|(part, word)| format!("{part} {word}")).collect();
        let expected = [
            "name get",
            "name user2",
            "said gets",
            "said users",
            "further none",
            "further or",
            "parameter id",
            "parameter user",
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn what_is_seldom_seen_says_little_and_what_is_as_the_average_nothing() {
        const FEW: &str =
            "all\t\t1000\t200\nname\toften\t100\t100\nname\tonce\t1\t1\nsaid\teven\t100\t20\nsaid\tbad\t1\t2";
        let counts = Counts::read(FEW);
        let weight = |part, word| counts.words.get(&(part, word)).copied();
        assert!(weight(Part::Name, "often") > weight(Part::Name, "once"), "{counts:?}");
        assert_eq!(weight(Part::Said, "even"), Some(0));
        assert_eq!((weight(Part::Said, "often"), weight(Part::Said, "bad")), (None, None));
    }

    #[test]
    fn its_company_tells_what_a_verb_does_not() {
        let acts = classify(&definition("find_remote", "Make the physical remote beep so it can be found"));
        assert_eq!((acts.category, acts.confidence), (Category::Write, Confidence::Low));
        assert!(acts.evidence.iter().any(|one| one.place == Place::Words), "{:?}", acts.evidence);
        let plain = classify(&definition("find_remote", "Find a physical remote, make and model included"));
        assert_eq!(plain.category, Category::Read, "{:?}", plain.evidence);
        let told = classify(&definition("departures", "Next departures at a stop"));
        assert_eq!(told.category, Category::Read, "{:?}", told.evidence);
    }
}
