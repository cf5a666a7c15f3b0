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
    lines.extend(shown::trace(&explained.judged.trace, places).into_iter().map(|line| format!("  {line}")));
    lines.push(String::new());
    lines.extend(changes(explained));
    let mut out = lines.iter().map(|line| escaped(line)).collect::<Vec<_>>().join("\n");
    out.push('\n');
    out
}

fn changes(explained: &Explained<'_>) -> Vec<String> {
    let passes = explained.judged.rehearsed.verdict == Verdict::Proceed;
    if explained.changes.is_empty() {
        let what = if passes {
            "no single change that was tried would stop it"
        } else {
            "no change that was tried would let it pass"
        };
        return vec![what.to_owned()];
    }
    let mut lines =
        vec![if passes { "it would not go through if" } else { "it would go through if" }.to_owned()];
    lines.extend(explained.changes.iter().map(|change| one(change, passes)));
    lines
}

fn one(alternative: &Alternative, passes: bool) -> String {
    let words: Vec<&str> = alternative.changes.iter().map(|change| change.words.as_str()).collect();
    let outcome = if passes {
        format!(" ({} by {})", verdict(alternative.outcome.verdict), alternative.outcome.rule)
    } else {
        String::new()
    };
    format!("  - {}{outcome}", words.join(", and "))
}
