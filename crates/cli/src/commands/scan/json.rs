//! What was found, for programs.

use interlock_catalog::Judgement;
use interlock_catalog::lint::Finding;
use interlock_catalog::similar::LookAlike;
use serde::Serialize;

use super::Scanned;
use super::findings::Findings;
use super::pinning::Pinned;

/// The whole answer.
#[derive(Serialize)]
pub(super) struct Report<'s> {
    servers: Vec<Server<'s>>,
    look_alikes: &'s [LookAlike<'s>],
}

#[derive(Serialize)]
struct Server<'s> {
    server: &'s str,
    /// Why there is no list, where there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'s str>,
    /// How it stands to what is accepted, where that was looked at.
    #[serde(skip_serializing_if = "Option::is_none")]
    pins: Option<&'s Pinned>,
    /// In its instructions.
    findings: &'s [Finding],
    tools: Vec<Tool<'s>>,
}

#[derive(Serialize)]
struct Tool<'s> {
    tool: &'s str,
    #[serde(flatten)]
    judgement: &'s Judgement,
    findings: &'s [Finding],
    /// The attacks that its access allows.
    attacks: Vec<&'s str>,
}

pub(super) fn report<'s>(scanned: &'s [Scanned], findings: &'s Findings<'s>) -> Report<'s> {
    let servers = scanned.iter().enumerate().map(|(at, one)| {
        let offered = one.offer.iter().flat_map(|offer| &offer.tools).enumerate();
        let tools = offered.map(|(index, tool)| Tool {
            tool: &tool.definition.tool,
            judgement: &tool.judgement,
            findings: findings.of_tool(at, index),
            attacks: findings.attacks(&tool.judgement).map(|pattern| pattern.id.as_str()).collect(),
        });
        Server {
            server: &one.name,
            error: one.offer.as_ref().err().map(String::as_str),
            pins: one.pinned.as_ref(),
            findings: findings.of_server(at),
            tools: tools.collect(),
        }
    });
    Report { servers: servers.collect(), look_alikes: &findings.alike }
}
