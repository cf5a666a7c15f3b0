//! What tells whether an expression matches a text.

use std::fmt;
use std::panic::{RefUnwindSafe, UnwindSafe};

use regex_automata::Input;
use regex_automata::hybrid::dfa::{self, DFA};
use regex_automata::nfa::thompson::pikevm::{self, PikeVM};
use regex_automata::nfa::thompson::{self, WhichCaptures};
use regex_automata::util::pool::Pool;
use regex_syntax::hir::Hir;

/// Why an expression was not compiled.
#[derive(Debug)]
pub(super) enum NotCompiled {
    /// It needs more memory than it may.
    TooLarge,
    /// The message of the library, whose last line is the cause.
    Invalid(String),
}

/// An automaton that is determinised while it is used, with one beside it that is slower and always finishes.
///
/// Only whether there is a match is ever asked. The engine of `regex` could also say where, and for that it compiles
/// each expression backwards as well, which was half of the time that a policy's expressions took.
pub(super) struct Automaton {
    lazy: DFA,
    sure: PikeVM,
    /// What a search remembers: one for each thread that searches at the same time.
    caches: Pool<Caches, MakeCaches>,
}

type MakeCaches = Box<dyn Fn() -> Caches + Send + Sync + UnwindSafe + RefUnwindSafe>;

struct Caches {
    lazy: dfa::Cache,
    sure: Option<pikevm::Cache>,
}

/// A search that has thrown away what it remembered so often, and gained little from it, is given to the other engine.
const CLEARED: usize = 3;
/// How little: fewer bytes of the text for each state that was made.
const BYTES_A_STATE: usize = 10;

impl Automaton {
    /// Compiles an expression into at most that many bytes.
    pub(super) fn new(tree: &Hir, most: usize) -> Result<Automaton, NotCompiled> {
        // Case is in the tree, and what is captured is never asked for.
        let config = thompson::Config::new().nfa_size_limit(Some(most)).which_captures(WhichCaptures::None);
        let states = thompson::Compiler::new().configure(config).build_from_hir(tree);
        let states = states.map_err(|error| match error.size_limit() {
            Some(_) => NotCompiled::TooLarge,
            None => NotCompiled::Invalid(error.to_string()),
        })?;
        let config = dfa::Config::new()
            // Beyond ASCII it gives up at a word boundary, where the other engine goes on.
            .unicode_word_boundary(true)
            .skip_cache_capacity_check(true)
            .minimum_cache_clear_count(Some(CLEARED))
            .minimum_bytes_per_state(Some(BYTES_A_STATE));
        let lazy = dfa::Builder::new().configure(config).build_from_nfa(states.clone());
        let lazy = lazy.map_err(|error| NotCompiled::Invalid(error.to_string()))?;
        let sure = PikeVM::new_from_nfa(states).map_err(|error| NotCompiled::Invalid(error.to_string()))?;
        let for_caches = lazy.clone();
        let caches: MakeCaches = Box::new(move || Caches { lazy: for_caches.create_cache(), sure: None });
        Ok(Automaton { lazy, sure, caches: Pool::new(caches) })
    }

    /// Whether there is a match anywhere in the text.
    pub(super) fn is_match(&self, text: &str) -> bool {
        let input = Input::new(text).earliest(true);
        let mut caches = self.caches.get();
        match self.lazy.try_search_fwd(&mut caches.lazy, &input) {
            Ok(found) => found.is_some(),
            Err(_) => {
                let cache = caches.sure.get_or_insert_with(|| self.sure.create_cache());
                self.sure.is_match(cache, input)
            }
        }
    }

    /// The size of the automaton, in bytes.
    pub(super) fn memory(&self) -> usize {
        self.lazy.get_nfa().memory_usage()
    }
}

impl fmt::Debug for Automaton {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Automaton").field("memory", &self.memory()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Automaton;
    use crate::regular::MOST;

    fn is_match(expression: &str, text: &str) -> bool {
        let tree = regex_syntax::parse(expression).unwrap();
        Automaton::new(&tree, MOST).unwrap().is_match(text)
    }

    #[test]
    fn word_boundaries_are_those_of_unicode() {
        assert!(is_match(r"\bgrün\b", "das grün hier"));
        assert!(!is_match(r"\bgrün\b", "das grünß hier"));
        assert!(is_match(r"\bgreen\b", "é green"));
        assert!(!is_match(r"\bgreen\b", "égreen"));
    }

    #[test]
    fn what_many_states_are_needed_for_is_found_all_the_same() {
        let text = "ab".repeat(100_000);
        assert!(is_match("^[ab]*a[ab]{301}$", &text));
        assert!(!is_match("^[ab]*b[ab]{301}$", &text));
    }

    proptest! {
        #[test]
        fn it_agrees_with_the_library_that_also_says_where(
            expression in r"(\^|\\b|)([abé]|\.|\\w|\[\^a\]|\(a\|bé\)|\(\?i:b\))([*+?]|\{1,3\}|)([abß]|\\W|\\s)(\$|\\B|)",
            text in "[abAB éß\n]{0,12}",
        ) {
            let same = regex::Regex::new(&expression).unwrap();
            prop_assert_eq!(is_match(&expression, &text), same.is_match(&text));
        }
    }
}
