//! Entries for names that are all hidden.

use std::collections::BTreeSet;

use super::Check;
use crate::diagnostic::{At, push_pointer_segment, quoted};
use crate::document::{Entry, Matcher, Mode, Section};
use crate::glob::{Glob, GlobSet};
use crate::tree;

impl Check<'_, '_, '_> {
    /// What is hidden is denied before any rule of its entry is looked at.
    pub(super) fn dead_entries(&mut self) {
        if !self.known.head || self.document.mode == Some(Mode::Shadow) {
            return;
        }
        let hide = &self.document.hide;
        let names: BTreeSet<&str> = hide.iter().map(Matcher::as_str).collect();
        let patterns = hide.iter().filter(|matcher| !matches!(matcher, Matcher::Exact(_)));
        let patterns = GlobSet::new(patterns.map(|matcher| Glob::new(matcher.as_str())).collect());
        for section in Section::ALL {
            for (matcher, entry) in self.document.section(section) {
                let name = matcher.as_str();
                // A star of the entry's pattern can only fall to a star of the hiding one: what covers the
                // pattern's text covers every name.
                let by = names.get(name).copied().or_else(|| patterns.first(name).map(Glob::as_str));
                if let Some(by) = by.filter(|_| !only_hides(entry)) {
                    self.dead(section, name, by);
                }
            }
        }
    }

    fn dead(&mut self, section: Section, name: &str, by: &str) {
        let mut pointer = format!("/{}", section.key());
        push_pointer_segment(&mut pointer, name);
        if self.report.is_full() {
            return;
        }
        let Some(range) = tree::find_key(self.root, &pointer) else { return };
        let message = format!(
            "`hide` takes out {}, so every call of {} is denied and this entry says nothing",
            quoted(by),
            quoted(name)
        );
        self.report
            .warning("hidden-entry", range, &At::from_pointer(&pointer), message)
            .help("remove the entry, or take the name out of `hide`");
    }
}

/// An entry that says the same as `hide`.
fn only_hides(entry: &Entry) -> bool {
    entry.hide && *entry == Entry { hide: true, ..Entry::default() }
}
