//! What the parts of a test mean together, and what can hardly be meant.

use crate::condition::{Kindness, Standing};
use crate::diagnostic::{At, Report, did_you_mean, quoted};
use crate::document::{Leaf, Scalar, Test};
use crate::parse::fields::Fields;
use crate::parse::operator::{folds, numeric, textual};
use crate::parse::scalar::known_are;
use crate::path::Path;
use crate::zone::WEEKDAYS;

/// The hints of the protocol. A server may define others.
const HINTS: [&str; 5] = ["title", "readOnlyHint", "destructiveHint", "idempotentHint", "openWorldHint"];

/// `None` where the test can never be judged.
pub(super) fn advise(
    leaf: &Leaf,
    standing: Standing,
    fields: &Fields<'_>,
    at: &At<'_>,
    report: &mut Report<'_>,
) -> Option<()> {
    missing(leaf, standing, fields, at, report);
    unanchored(leaf, standing, fields, at, report);
    hint(leaf, standing, fields, at, report);
    let judgeable = judgeable(leaf, fields, at, report) & case(leaf, fields, at, report);
    let in_time = weekday(leaf, fields, at, report) & timezone(leaf, fields, at, report);
    (judgeable && in_time).then_some(())
}

fn unanchored(leaf: &Leaf, standing: Standing, fields: &Fields<'_>, at: &At<'_>, report: &mut Report<'_>) {
    if let Test::Regex(regular) = &leaf.test
        && standing.leans() == Kindness::Allow
        && !regular.anchored()
    {
        let message = "this regular expression may match any part of the value, and lets the rest through";
        report
            .warning("unanchored-regex", fields.key_range("value"), at, message)
            .help("begin it with `^` and end it with `$`");
    }
}

/// Whether the operator can judge what the path names.
fn judgeable(leaf: &Leaf, fields: &Fields<'_>, at: &At<'_>, report: &mut Report<'_>) -> bool {
    let exists = matches!(leaf.test, Test::Exists(_)) && !leaf.path.is_always_there();
    let (kind, judges) = match &leaf.path {
        Path::State { .. } | Path::TimeHour => ("a number", numeric(&leaf.test)),
        Path::CallTool | Path::CallServer | Path::GrantName | Path::TimeWeekday => {
            ("text", textual(&leaf.test))
        }
        Path::GrantLabel(_) | Path::ClientName | Path::ToolCategory | Path::ToolSeverity => {
            ("text", textual(&leaf.test))
        }
        Path::Args(_) | Path::ToolAnnotation(_) => return true,
    };
    if judges || exists {
        return true;
    }
    let message =
        format!("`{}` is {kind}, which `{}` never compares with this value", leaf.path, leaf.test.operator());
    report
        .error("never-judgeable", fields.key_range("op"), at, message)
        .help(format!("compare it with {kind}"));
    false
}

/// `on_missing` chooses between two readings of a missing value. It has no say where there is one only.
fn missing(leaf: &Leaf, standing: Standing, fields: &Fields<'_>, at: &At<'_>, report: &mut Report<'_>) {
    let why = match leaf.on_missing {
        None => return,
        Some(_) if matches!(leaf.test, Test::Exists(_)) => {
            "with `exists`: a missing value is what it asks about"
        }
        Some(_) if leaf.path.is_always_there() => "on a value that is never missing",
        Some(_) if standing.minds_missing() => return,
        Some(_) if standing.is_negated() => "under `not`: a missing value counts against the call there",
        Some(_) => "on a condition that must hold: a missing value never holds",
    };
    let message = format!("`on_missing` has no effect {why}");
    report.warning("no-effect", fields.key_range("on_missing"), at, message).help("leave it out");
}

/// Servers leave most hints out.
fn hint(leaf: &Leaf, standing: Standing, fields: &Fields<'_>, at: &At<'_>, report: &mut Report<'_>) {
    let Path::ToolAnnotation(hint) = &leaf.path else { return };
    if !HINTS.contains(&hint.as_str()) {
        let message = format!("the protocol knows no annotation {}", quoted(hint));
        report
            .warning("unknown-annotation", fields.key_range("path"), at, message)
            .help(did_you_mean(hint, HINTS).unwrap_or_else(|| known_are(HINTS.into_iter())));
    } else if standing.minds_missing() && leaf.on_missing.is_none() && !matches!(leaf.test, Test::Exists(_)) {
        let message = format!("a tool whose definition leaves {} out is not objected to", quoted(hint));
        report
            .warning("optional-annotation", fields.key_range("path"), at, message)
            .help("write `on_missing: object`, or `on_missing: ignore` if that is meant");
    }
}

/// `compare: ci` is about text.
fn case(leaf: &Leaf, fields: &Fields<'_>, at: &At<'_>, report: &mut Report<'_>) -> bool {
    let pointless = leaf.ignore_case && !folds(&leaf.test);
    if pointless {
        report
            .error("no-effect", fields.key_range("compare"), at, "`compare: ci` compares text only")
            .help("leave it out");
    }
    !pointless
}

/// A day is one of seven words.
fn weekday(leaf: &Leaf, fields: &Fields<'_>, at: &At<'_>, report: &mut Report<'_>) -> bool {
    let values: &[Scalar] = match (&leaf.path, &leaf.test) {
        (Path::TimeWeekday, Test::Eq(value) | Test::Neq(value)) => std::slice::from_ref(value),
        (Path::TimeWeekday, Test::In(values) | Test::NotIn(values)) => values,
        _ => return true,
    };
    let known = |text: &str| WEEKDAYS.contains(&text) || (leaf.ignore_case && is_weekday_ci(text));
    let unknown: Vec<&str> = values
        .iter()
        .filter_map(|value| match value {
            Scalar::Text(text) if !known(text) => Some(text.as_ref()),
            _ => None,
        })
        .collect();
    for word in &unknown {
        let help = did_you_mean(word, WEEKDAYS)
            .unwrap_or_else(|| format!("the days are `{}` to `{}`", WEEKDAYS[0], WEEKDAYS[6]));
        let message = format!("no day of the week is called {}", quoted(word));
        report.error("unknown-word", fields.key_range("value"), at, message).help(help);
    }
    unknown.is_empty()
}

fn is_weekday_ci(text: &str) -> bool {
    WEEKDAYS.iter().any(|day| day.eq_ignore_ascii_case(text))
}

/// Only the time depends on a zone.
fn timezone(leaf: &Leaf, fields: &Fields<'_>, at: &At<'_>, report: &mut Report<'_>) -> bool {
    let pointless = leaf.timezone.is_some() && !matches!(leaf.path, Path::TimeHour | Path::TimeWeekday);
    if pointless {
        let message = "`timezone` has an effect on `time.hour` and `time.weekday` only";
        report.error("no-effect", fields.key_range("timezone"), at, message).help("leave it out");
    }
    !pointless
}
