//! What was found, for people: the worst first.

use interlock_catalog::similar::Likeness;

use super::Scanned;
use super::findings::{Findings, why};
use super::pinning::{Pinned, State};
use crate::commands::pins::differing;
use crate::configured::asked::{Offer, Offered, at_length};
use crate::terminal;
use crate::terminal::table::{folded, table};

pub(super) fn print(scanned: &[Scanned], findings: &Findings<'_>) -> anyhow::Result<()> {
    let mut parts: Vec<String> =
        scanned.iter().enumerate().map(|(at, one)| server(at, one, findings)).collect();
    parts.extend(alike(findings));
    terminal::line(&parts.join("\n\n"))
}

fn server(at: usize, one: &Scanned, findings: &Findings<'_>) -> String {
    let name = one_line(&one.name);
    let offer = match &one.offer {
        Ok(offer) => offer,
        Err(why) => return format!("{name}: was not judged: {}", at_length(why, "  ")),
    };
    if offer.tools.is_empty() {
        let mut out = format!("{name}: no tools; a policy for it denies everything until some appear");
        out.push_str(&steering(at, &[], findings));
        if let Some(pinned) = &one.pinned {
            out.push_str(&format!("\n\n{}", pins(pinned)));
        }
        return out;
    }
    let mut order: Vec<(usize, &Offered)> = offer.tools.iter().enumerate().collect();
    let harm = |tool: &Offered| (tool.judgement.severity, tool.judgement.category);
    order.sort_by(|(_, one), (_, other)| {
        harm(other).cmp(&harm(one)).then_with(|| one.definition.tool.cmp(&other.definition.tool))
    });
    let rows = order.iter().map(|(_, tool)| {
        vec![
            tool.definition.tool.clone(),
            tool.judgement.category.to_string(),
            tool.judgement.severity.to_string(),
            tool.judgement.confidence.to_string(),
            why(&tool.judgement),
        ]
    });
    let mut out = format!(
        "{name}: {}\n{}",
        counts(offer),
        table(&["TOOL", "CATEGORY", "SEVERITY", "SURE", "WHY"], rows)
    );
    out.push_str(&steering(at, &order, findings));
    out.push_str(&attacks(&order, findings));
    if let Some(pinned) = &one.pinned {
        out.push_str("\n\n");
        out.push_str(&pins(pinned));
    }
    out
}

/// Texts that may steer a model: the server's own, and those of its tools.
fn steering(at: usize, order: &[(usize, &Offered)], findings: &Findings<'_>) -> String {
    let own = findings.of_server(at).iter().map(|found| ("(the server itself)", found));
    let of_tools = order.iter().flat_map(|(index, tool)| {
        findings.of_tool(at, *index).iter().map(|found| (tool.definition.tool.as_str(), found))
    });
    let told: Vec<String> = own
        .chain(of_tools)
        .map(|(who, found)| format!("  {}: {}", one_line(who), one_line(&found.to_string())))
        .collect();
    match told.as_slice() {
        [] => String::new(),
        told => format!("\n\nTexts that may steer a model; read them:\n{}", told.join("\n")),
    }
}

/// How the tools stand to what is accepted.
fn pins(pinned: &Pinned) -> String {
    let mut said = match pinned.state {
        State::Taken => "Pinned: all of them are accepted as they are now.".to_owned(),
        State::Review => {
            "Pinned for review: none may be called before a person accepts it; `interlock pins diff` shows them."
                .to_owned()
        }
        State::Unknown => "Not compared: this server was never seen; --pin accepts its tools as they are.".to_owned(),
        State::AllowChanges => "Not pinned: the settings trust it with changes.".to_owned(),
        State::Compared if pinned.changed.is_empty() => "Pins: all are as they were accepted.".to_owned(),
        State::Compared => {
            let mut lines = vec!["Pins: a gateway hides and denies these until a person accepts them:".to_owned()];
            lines.extend(pinned.changed.iter().map(differing::text));
            lines.join("\n")
        }
    };
    if !pinned.gone.is_empty() {
        let gone: Vec<String> = pinned.gone.iter().map(|tool| one_line(tool)).collect();
        let gone: Vec<&str> = gone.iter().map(String::as_str).collect();
        said.push_str(&format!("\nAccepted, and not listed any more: {}", few(&gone)));
    }
    said
}

/// The attacks that the tools' access allows: those that nearly all of them do, once; and the others each with its tools, the
/// one with the most first.
fn attacks(order: &[(usize, &Offered)], findings: &Findings<'_>) -> String {
    let mut allowed: Vec<(&str, &str, Vec<&str>)> = Vec::new();
    for pattern in findings.patterns() {
        let is_given = |tool: &&Offered| findings.attacks(&tool.judgement).any(|one| one.id == pattern.id);
        let tools = order.iter().map(|(_, tool)| *tool).filter(is_given);
        let tools: Vec<&str> = tools.map(|tool| tool.definition.tool.as_str()).collect();
        if !tools.is_empty() {
            allowed.push((&pattern.id, &pattern.name, tools));
        }
    }
    if allowed.is_empty() {
        return String::new();
    }
    allowed.sort_by_key(|(_, _, tools)| std::cmp::Reverse(tools.len()));
    let any = order.iter().filter(|(_, tool)| findings.attacks(&tool.judgement).next().is_some()).count();
    let is_common = |tools: &[&str]| any >= FEW_TOOLS && tools.len() * 4 >= any * 3;
    let (common, special): (Vec<_>, Vec<_>) = allowed.into_iter().partition(|(_, _, tools)| is_common(tools));
    let mut out = "\n\nWhat such access allows (`interlock attacks show ID`):".to_owned();
    if !special.is_empty() {
        let rows =
            special.into_iter().map(|(id, name, tools)| vec![id.to_owned(), name.to_owned(), few(&tools)]);
        out.push_str(&format!("\n{}", table(&["ID", "ATTACK", "BY"], rows)));
    }
    if !common.is_empty() {
        let ids: Vec<&str> = common.iter().map(|(id, _, _)| *id).collect();
        out.push_str(&format!(
            "\n{}",
            folded(&format!("By nearly all of these tools: {}", ids.join(", ")), 1)
        ));
    }
    out
}

/// Of fewer tools each is named.
const FEW_TOOLS: usize = 5;

/// Text from outside on one line: nobody but this command writes lines of its own.
fn one_line(text: &str) -> String {
    terminal::escaped(text).replace('\n', "\\n")
}

/// Some of the names, and how many others there are.
fn few(names: &[&str]) -> String {
    const SHOWN: usize = 3;
    let shown = names.iter().take(SHOWN).copied().collect::<Vec<_>>().join(", ");
    match names.len().checked_sub(SHOWN).filter(|others| *others > 0) {
        Some(others) => format!("{shown} and {others} more"),
        None => shown,
    }
}

fn counts(offer: &Offer) -> String {
    let counts: Vec<String> =
        offer.counts().into_iter().rev().map(|(category, count)| format!("{count} {category}")).collect();
    let all = offer.tools.len();
    format!("{all} {}: {}", if all == 1 { "tool" } else { "tools" }, counts.join(", "))
}

/// Names at several servers that are taken for one another. That a name is the same is common, and told in JSON alone.
fn alike(findings: &Findings<'_>) -> Option<String> {
    let told: Vec<String> = findings
        .alike
        .iter()
        .filter(|pair| pair.likeness != Likeness::Same)
        .map(|pair| {
            let side = |side: &interlock_catalog::similar::Bearers<'_>| {
                format!("`{}` of {}", side.tool, side.servers.join(", "))
            };
            one_line(&format!("  {} and {}: {}", side(&pair.first), side(&pair.second), pair.likeness))
        })
        .collect();
    (!told.is_empty()).then(|| format!("Names that are taken for one another:\n{}", told.join("\n")))
}
