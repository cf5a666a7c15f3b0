//! The attack patterns that are built in, and the stage on which they are played.
//!
//! ```text
//! attacks/*.yaml ──build.rs──► patterns ──play──► what arrived without the control, and with it
//!                                         │
//!                      agent (scripted) ──┴─► [interlock run | serve] ──► fixture, which records
//! ```

pub(crate) mod fixture;
pub(crate) mod play;

use anyhow::Context;
use interlock_catalog::attacks::Pattern;
use interlock_policy::{did_you_mean, quoted};

/// The files of `attacks/`: name and text, sorted by name.
const FILES: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/attack_patterns.rs"));

/// Every pattern that is built in, sorted by identifier.
pub(crate) fn patterns() -> anyhow::Result<Vec<Pattern>> {
    FILES
        .iter()
        .map(|(name, text)| {
            Pattern::read(name, text).context("an attack pattern that is built in cannot be read")
        })
        .collect()
}

/// The pattern of this identifier.
pub(crate) fn named<'p>(patterns: &'p [Pattern], id: &str) -> anyhow::Result<&'p Pattern> {
    let found = patterns.iter().find(|pattern| pattern.id == id);
    found.with_context(|| {
        let known = patterns.iter().map(|pattern| pattern.id.as_str());
        let advice = did_you_mean(id, known);
        let advice =
            advice.unwrap_or_else(|| "`interlock attacks list` shows those that there are".to_owned());
        format!("there is no attack pattern {}; {advice}", quoted(id))
    })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use interlock_policy::{Severity, Source, Syntax, compile};

    use super::*;
    use crate::commands::attacks::needs;

    #[test]
    fn every_pattern_can_be_read_and_its_policies_have_no_mistake() {
        let patterns = patterns().unwrap();
        assert_eq!(patterns.len(), FILES.len());
        assert!(patterns.len() >= 25, "{}", patterns.len());
        for pattern in &patterns {
            for (server, text) in pattern.control.policies.iter().chain(&pattern.scenario.careless) {
                let name = format!("{}/{server}", pattern.id);
                let (policy, diagnostics) = compile(&Source { name: &name, text, syntax: Syntax::Yaml });
                let mistakes: Vec<_> =
                    diagnostics.iter().filter(|one| one.severity >= Severity::Warning).collect();
                assert!(policy.is_some() && mistakes.is_empty(), "{name}: {mistakes:#?}");
            }
        }
    }

    /// The page with its first table replaced. `INTERLOCK_WRITE_DOCS=1` writes it.
    #[test]
    fn the_page_has_a_row_for_every_pattern() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/attacks.md");
        let page = std::fs::read_to_string(&path).unwrap();
        let begin = page.find("|---|---|---|---|\n").unwrap() + "|---|---|---|---|\n".len();
        let end = begin + page[begin..].find("\n\n").unwrap_or_default();
        let end = if page[begin..].starts_with('\n') { begin } else { end + 1 };
        let rows: String = patterns().unwrap().iter().map(row).collect();
        let written = format!("{}{rows}{}", &page[..begin], &page[end..]);
        if std::env::var_os("INTERLOCK_WRITE_DOCS").is_some() {
            std::fs::write(&path, &written).unwrap();
        }
        assert!(page == written, "docs/attacks.md is stale; this file says how to write its table");
    }

    fn row(pattern: &Pattern) -> String {
        let (case, category) = (&pattern.case, pattern.category);
        let name = format!("`{}`<br>{}", pattern.id, pattern.name);
        let happens = format!("{} ([{}]({}), {})", case.what.trim(), case.title, case.url, case.date);
        format!("| {name} | {category} | {happens} | {} |\n", needs(&pattern.access))
    }

    #[test]
    fn one_that_there_is_not_is_told_with_the_nearest() {
        let patterns = patterns().unwrap();
        let error = named(&patterns, "destructive-autonomi").unwrap_err().to_string();
        assert!(error.contains("destructive-autonomy"), "{error}");
    }
}
