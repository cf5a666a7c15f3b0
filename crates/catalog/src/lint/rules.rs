//! Phrases: compiled once, looked for in one pass by how they begin.

mod compact;
mod elsewhere;
mod english;
mod hostile;

use std::sync::LazyLock;

use aho_corasick::AhoCorasick;
use regex::Regex;
use regex_syntax::hir::literal::Extractor;

use super::finding::FindingKind;
use super::{fold, mention};

/// So often a text may mention a phrase without it being taken for said.
const MOST_MENTIONS: usize = 50;

/// A phrase as it is written down.
pub(crate) struct Phrase {
    /// What a text tries that has it.
    kind: FindingKind,
    /// What it does, as a sentence goes on after "it".
    why: &'static str,
    /// How it is written: a regular expression over folded text, in which a blank is any blank, and names in angle brackets
    /// stand for what [`NAMES`] says.
    pattern: &'static str,
    /// Whether a "not" before it turns it into advice.
    negatable: bool,
}

/// A place where a phrase is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Hit {
    pub(crate) start: usize,
    pub(crate) end: usize,
    pub(crate) kind: FindingKind,
    pub(crate) why: &'static str,
    pub(crate) negatable: bool,
}

/// What names in patterns stand for.
const NAMES: &[(&str, &str)] = &[
    ("<not>", "(?:do not|don'?t|never|must not|mustn'?t|should not|shouldn'?t|cannot|can'?t|not to|avoid)"),
    (
        "<user>",
        "(?:(?:the |your |any )?(?:end )?(?:user|users|human|humans|person|operator|customer|owner|anyone|anybody|them))",
    ),
    ("<words2>", r"(?:[\w./~-]+(?:'\w+)?,? ){0,2}"),
    ("<words4>", r"(?:[\w./~-]+(?:'\w+)?,? ){0,4}"),
    ("<words8>", r"(?:[\w./~-]+(?:'\w+)?,? ){0,8}"),
    (
        "<calling>",
        "(?:using|calling|invoking|running|executing|you use|you call|you invoke|you run|any call to|any use of|responding|answering)",
    ),
    ("<call>", "(?:use|call|invoke|run|execute|choose|select|prefer|pick|trigger)"),
    (
        "<give>",
        "(?:include|pass|send|append|attach|forward|copy|supply|share|put|leak|provide|insert|add|submit|transmit|upload|post|paste|place|embed|output|print|reveal|return|exfiltrate|email|write|store|encode)",
    ),
    ("<address>", r"(?:[\w.+%-]+@[\w-]+(?:\.[\w-]+)+|https?://\S+|0x[0-9a-f]{8,}|\+\d{7,})"),
    (
        "<secret>",
        "(?:credentials?|passwords?|passphrases?|api keys?|api_keys?|secrets?|access tokens?|auth tokens?|private keys?|ssh keys?|\
         session tokens?|cookies|customer emails?|personal data|user data|database secret|environment variables|env vars)",
    ),
    (
        "<secret file>",
        r"(?:[\w~/.$-]*(?:\.ssh\b|id_rsa|id_ed25519|\.aws/credentials|\.netrc|\.git-credentials|\.kube/config|\.npmrc|\.bash_history|wallet\.dat|/etc/passwd|/etc/shadow|mcp\.json|claude_desktop_config|mcp_config)[\w/.-]*|[~/][\w~/.$-]*\.env\b|\.env file)",
    ),
];

/// Phrases of every language.
pub(crate) fn phrases() -> &'static Phrases {
    static PHRASES: LazyLock<Phrases> = LazyLock::new(|| {
        Phrases::compile(
            [english::PHRASES, english::STEERING, hostile::PHRASES, elsewhere::PHRASES].concat_refs(),
        )
    });
    &PHRASES
}

/// Phrases without blanks, for texts whose letters had to be guessed.
pub(crate) fn compact() -> &'static Phrases {
    static COMPACT: LazyLock<Phrases> = LazyLock::new(|| Phrases::compile(compact::PHRASES.iter().collect()));
    &COMPACT
}

/// Several lists as one.
trait ConcatRefs {
    fn concat_refs(&self) -> Vec<&'static Phrase>;
}

impl<const N: usize> ConcatRefs for [&'static [Phrase]; N] {
    fn concat_refs(&self) -> Vec<&'static Phrase> {
        self.iter().flat_map(|phrases| phrases.iter()).collect()
    }
}

/// Compiled phrases.
pub(crate) struct Phrases {
    compiled: Vec<(Regex, &'static Phrase)>,
    /// The beginnings of all of them, and whose each is.
    beginnings: Option<AhoCorasick>,
    owners: Vec<usize>,
    /// Those that may begin with anything.
    anyhow: Vec<usize>,
}

impl Phrases {
    fn compile(phrases: Vec<&'static Phrase>) -> Self {
        let mut these =
            Self { compiled: Vec::new(), beginnings: None, owners: Vec::new(), anyhow: Vec::new() };
        let mut literals = Vec::new();
        for phrase in phrases {
            let source = source(phrase.pattern);
            let Ok(regex) = Regex::new(&source) else { continue };
            let index = these.compiled.len();
            these.compiled.push((regex, phrase));
            match beginnings(&source) {
                Some(found) => {
                    these.owners.resize(these.owners.len() + found.len(), index);
                    literals.extend(found);
                }
                None => these.anyhow.push(index),
            }
        }
        these.beginnings = AhoCorasick::new(&literals).ok();
        if these.beginnings.is_none() {
            these.anyhow = (0..these.compiled.len()).collect();
        }
        these
    }

    /// The first place of each phrase where it is said, and not only mentioned.
    pub(crate) fn find(&self, text: &str) -> Vec<Hit> {
        let mut candidates = vec![false; self.compiled.len()];
        for index in &self.anyhow {
            mark(&mut candidates, *index);
        }
        if let Some(beginnings) = &self.beginnings {
            for found in beginnings.find_overlapping_iter(text) {
                if let Some(owner) = self.owners.get(found.pattern().as_usize()) {
                    mark(&mut candidates, *owner);
                }
            }
        }
        let candidates = self.compiled.iter().zip(candidates).filter(|(_, candidate)| *candidate);
        candidates.filter_map(|((regex, phrase), _)| phrase.said(regex, text)).collect()
    }
}

impl Phrase {
    fn said(&self, regex: &Regex, text: &str) -> Option<Hit> {
        let Self { kind, why, negatable, .. } = *self;
        let hits = regex.find_iter(text).take(MOST_MENTIONS);
        let hits = hits.map(|found| Hit { start: found.start(), end: found.end(), kind, why, negatable });
        let is_defence = |hit: &Hit| {
            hit.kind == FindingKind::HostilePurpose && mention::is_defended(text, hit.start, hit.end)
        };
        // What is mentioned over and over is there to hide something.
        let mut numbered = hits.enumerate();
        let said = |(number, hit): &(usize, Hit)| {
            number + 1 == MOST_MENTIONS || !(mention::is_mentioned(text, hit) || is_defence(hit))
        };
        numbered.find(said).map(|(_, hit)| hit)
    }
}

fn mark(candidates: &mut [bool], index: usize) {
    if let Some(candidate) = candidates.get_mut(index) {
        *candidate = true;
    }
}

/// The pattern as the regular expression that it stands for.
fn source(pattern: &str) -> String {
    let names = NAMES
        .iter()
        .fold(pattern.to_owned(), |pattern, (name, stands_for)| pattern.replace(name, stands_for));
    fold::pattern(&names.replace(' ', "[ \\n]"))
}

/// What every match begins with, if that is one of a few beginnings of some length.
fn beginnings(source: &str) -> Option<Vec<Vec<u8>>> {
    const SHORTEST: usize = 2;
    let hir = regex_syntax::parse(source).ok()?;
    let mut beginnings = Extractor::new();
    beginnings.limit_total(500);
    let mut found = beginnings.extract(&hir);
    found.keep_first_bytes(12);
    found.dedup();
    let literals = found.literals()?;
    let long = literals.iter().all(|literal| literal.as_bytes().len() >= SHORTEST);
    (long && !literals.is_empty())
        .then(|| literals.iter().map(|literal| literal.as_bytes().to_vec()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_phrase_compiles_and_is_looked_for_by_how_it_begins() {
        for phrases in
            [english::PHRASES, english::STEERING, hostile::PHRASES, elsewhere::PHRASES, compact::PHRASES]
        {
            for phrase in phrases {
                let source = source(phrase.pattern);
                assert!(Regex::new(&source).is_ok(), "{source}");
                assert!(beginnings(&source).is_some(), "{source}");
            }
        }
    }
}
