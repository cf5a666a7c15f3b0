//! YAML that was copied from somewhere that keeps no leading blanks. Read as it stands it says something else, and the
//! mistakes that it then seems to have explain nothing.

use crate::diagnostic::{At, Report};

const SECTIONS: [&str; 5] = ["tools:", "resources:", "prompts:", "all_tools:", "rules:"];

/// Replaces what was reported by the one finding that explains it, where the text shows that its indentation is lost.
pub(crate) fn explain(report: &mut Report<'_>) {
    let Some(place) = place(report.source()) else { return };
    report.clear();
    report.error("indentation-lost", place, &At::ROOT, "this document has lost its indentation").help(
        "copy it again with its leading blanks: what belongs to a key stands further right than the key",
    );
}

/// The first line that ought to be indented.
fn place(source: &str) -> Option<std::ops::Range<usize>> {
    let lines = content_lines(source);
    let (_, first) = *lines.first()?;
    if first.trim_start().starts_with(['{', '[']) {
        return None;
    }
    if let [(at, only)] = lines.as_slice() {
        // Everything on one line, as a web page gives it.
        let keys = only.split_whitespace().filter(|word| SECTIONS.contains(word)).count();
        return (keys >= 2).then(|| *at..*at + only.len());
    }
    let blanks = |line: &str| line.len() - line.trim_start().len();
    if lines.iter().any(|(_, line)| blanks(line) != blanks(first)) {
        return None;
    }
    let pair = lines.windows(2).find(|pair| {
        let [(_, line), (_, next)] = pair else { return false };
        SECTIONS.iter().take(4).any(|section| line.trim() == *section) && !next.trim_start().starts_with('{')
    })?;
    let (at, next) = *pair.last()?;
    Some(at + blanks(next)..at + next.trim_end().len())
}

/// The lines that hold more than blanks and comments, with their first byte.
fn content_lines(source: &str) -> Vec<(usize, &str)> {
    let mut at = 0;
    let mut lines = Vec::new();
    for line in source.split_inclusive('\n') {
        let content = line.trim();
        if !content.is_empty() && !content.starts_with('#') && content != "---" {
            lines.push((at, line.trim_end()));
        }
        at += line.len();
    }
    lines
}
