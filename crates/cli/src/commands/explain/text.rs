//! For people.

use interlock_policy::{Alternative, Verdict};

use super::Explained;
use crate::rehearsal::policies::RulePlaces;
use crate::rehearsal::{shown, times, verdict};
use crate::terminal::escaped;

/// The whole explanation.
pub(super) fn text(explained: &Explained<'_>, places: &RulePlaces<'_>) -> String {
    let mut lines = vec![
        format!("call      {}", explained.call.shown()),
        format!(
            "by        grant {}, of server {}, at {}",
            explained.caller.grant,
            explained.caller.server,
            times::written(explained.at_ms)
        ),
    ];
    lines.extend(shown::outcome(&explained.judged, places));
    if explained.wants_tools {
        lines.push(
            "note      the policy looks at the tool's definition: give the server's list with --tools"
                .to_owned(),
        );
    }
    lines.push(String::new());
    lines.push("what applies, in the order in which it is judged".to_owned());
    lines.extend(shown::trace(&explained.judged, places).into_iter().map(|line| format!("  {line}")));
    lines.push(String::new());
    lines.extend(changes(explained));
    let mut out = lines.iter().map(|line| escaped(line)).collect::<Vec<_>>().join("\n");
    out.push('\n');
    out
}

fn changes(explained: &Explained<'_>) -> Vec<String> {
    if explained.changes.is_empty() {
        return vec!["no change that was tried leads to another verdict".to_owned()];
    }
    let mut lines = vec!["what would change the verdict".to_owned()];
    lines.extend(explained.changes.iter().map(one));
    lines
}

fn one(alternative: &Alternative) -> String {
    let words: Vec<&str> = alternative.changes.iter().map(|change| change.words.as_str()).collect();
    let outcome = &alternative.outcome;
    let by = match outcome.verdict {
        Verdict::Proceed => String::new(),
        Verdict::Deny | Verdict::Ask => format!(", by {}", outcome.rule),
    };
    format!("  {} if {}{by}", verdict(outcome.verdict), words.join(", and "))
}
