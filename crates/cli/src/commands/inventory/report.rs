//! The answer, for people and for programs.

use interlock_audit::format_ms;
use interlock_catalog::{Category, Severity};
use serde::Serialize;

use super::LastCalls;
use super::callers::{Caller, Listed, Unreadable};
use super::pinned::Ledgers;
use crate::configured::NOT_LOOKED_AT;
use crate::configured::asked::{Answer, at_length};
use crate::configured::standing::Standing;
use crate::terminal;
use crate::terminal::table::table;

/// Everything.
#[derive(Serialize)]
pub(super) struct Report<'r> {
    servers: Vec<ServerRow<'r>>,
    tools: Vec<ToolRow<'r>>,
    /// Configurations whose servers are not known.
    unreadable: Vec<Unreadable>,
    /// Files of the present folder that were not read.
    not_looked_at: Vec<String>,
}

/// A server.
#[derive(Serialize)]
struct ServerRow<'r> {
    name: &'r str,
    /// What clients call it.
    called: &'r str,
    /// Its tools; `None` where it does not answer.
    tools: Option<usize>,
    problem: Option<&'r str>,
}

/// A tool, and one who may call it.
#[derive(Serialize)]
struct ToolRow<'r> {
    server: &'r str,
    tool: &'r str,
    category: Category,
    severity: Severity,
    grant: Option<&'r str>,
    clients: &'r [&'static str],
    /// The same, with what each of them calls the server.
    entries: &'r [String],
    /// Whether Interlock decides its calls.
    protected: bool,
    #[serde(flatten)]
    standing: Option<Standing>,
    problem: Option<String>,
    last_call: Option<String>,
}

impl<'r> Report<'r> {
    pub(super) fn new(
        (listed, answers): (&'r [Listed], &'r [Answer]),
        (last, ledgers): (&LastCalls, &mut Ledgers<'_>),
        (unreadable, not_looked_at): (Vec<Unreadable>, Vec<String>),
        wanted: impl Fn(Category) -> bool,
    ) -> Self {
        let mut report = Self { servers: Vec::new(), tools: Vec::new(), unreadable, not_looked_at };
        for (server, answer) in listed.iter().zip(answers) {
            let (tools, problem) = match answer {
                Ok(offer) => (Some(offer.tools.len()), None),
                Err(why) => (None, Some(why.as_str())),
            };
            report.servers.push(ServerRow { name: &server.name, called: &server.called, tools, problem });
            let Ok(offer) = answer else { continue };
            let pins = |caller: &Caller| ledgers.pins(caller.data.as_deref(), &server.name, offer);
            let pins: Vec<_> = server.callers.iter().map(pins).collect();
            for tool in offer.by_harm().into_iter().filter(|tool| wanted(tool.judgement.category)) {
                for (caller, pins) in server.callers.iter().zip(&pins) {
                    let name = tool.definition.tool.as_str();
                    let stands = caller.standing(&server.name, (tool, &offer.list), pins);
                    let (standing, problem) = match stands {
                        Ok(standing) => (Some(standing), None),
                        Err(why) => (None, Some(why)),
                    };
                    report.tools.push(ToolRow {
                        server: &server.name,
                        tool: name,
                        category: tool.judgement.category,
                        severity: tool.judgement.severity,
                        grant: caller.grant.as_deref(),
                        clients: &caller.clients,
                        entries: &caller.entries,
                        protected: caller.grant.is_some(),
                        standing,
                        problem,
                        last_call: last_call(last, server, name, caller),
                    });
                }
            }
        }
        report
    }

    pub(super) fn text(&self) -> String {
        let mut out = String::new();
        if self.servers.is_empty() && self.unreadable.is_empty() {
            out.push_str("no servers are configured\n");
        }
        if !self.tools.is_empty() {
            let header = ["SERVER", "TOOL", "RISK", "WHO", "VERDICT", "RULE", "LAST CALL"];
            out.push_str(&table(&header, self.tools.iter().map(ToolRow::cells)));
            out.push('\n');
        }
        for server in &self.servers {
            let name = one_line(if server.called.is_empty() { server.name } else { server.called });
            if let Some(problem) = server.problem {
                out.push_str(&format!("{name}: does not answer: {}\n", at_length(problem, "  ")));
            } else if server.tools == Some(0) {
                out.push_str(&format!("{name}: no tools\n"));
            }
        }
        for Unreadable { client, file, problem } in &self.unreadable {
            out.push_str(&format!("{client}: {}: {}\n", one_line(file), one_line(problem)));
        }
        for file in &self.not_looked_at {
            out.push_str(&format!("{}: {NOT_LOOKED_AT}\n", one_line(file)));
        }
        out
    }
}

fn last_call(last: &LastCalls, server: &Listed, tool: &str, caller: &Caller) -> Option<String> {
    let key = (server.name.clone(), tool.to_owned(), caller.grant.clone()?);
    last.get(&key).map(|time| format_ms(*time))
}

impl ToolRow<'_> {
    fn cells(&self) -> Vec<String> {
        let severity = format!("{:?}", self.severity).to_lowercase();
        let clients = self.entries.join(", ");
        let who = match (self.grant, clients.is_empty()) {
            (None, _) => clients,
            (Some(grant), true) => grant.to_owned(),
            (Some(grant), false) => format!("{grant} ({clients})"),
        };
        let (verdict, rule) = match &self.standing {
            Some(standing) => (standing.words(), beside(self.tool, &standing.rule)),
            None => ("not known".to_owned(), self.problem.clone().unwrap_or_default()),
        };
        let cells = [
            self.server.to_owned(),
            self.tool.to_owned(),
            format!("{:?}, {severity}", self.category),
            who,
            verdict,
            rule,
            self.last_call.clone().unwrap_or_else(|| "-".to_owned()),
        ];
        cells.iter().map(|cell| cell.replace('\n', " ")).collect()
    }
}

impl Standing {
    fn words(&self) -> String {
        let conditions = self.conditions.then(|| "with conditions".to_owned());
        let more: Vec<String> = self.limits.iter().cloned().chain(conditions).collect();
        if more.is_empty() {
            self.verdict.to_owned()
        } else {
            format!("{}, {}", self.verdict, more.join(", "))
        }
    }
}

/// A rule beside its tool: where it stands in the tool's entry, since the tool is named already.
fn beside(tool: &str, rule: &str) -> String {
    let entry = format!("/tools/{}", tool.replace('~', "~0").replace('/', "~1"));
    match rule.split_once(&entry) {
        Some((origin, "")) => format!("{origin}(its entry)"),
        Some((origin, rest)) if rest.starts_with('/') => format!("{origin}{}", rest.trim_start_matches('/')),
        _ => rule.to_owned(),
    }
}

fn one_line(text: &str) -> String {
    terminal::escaped(text).replace('\n', " ")
}

#[cfg(test)]
mod tests {
    use super::beside;

    #[test]
    fn a_rule_does_not_repeat_its_tool() {
        for (tool, rule, expected) in [
            ("write_file", "server:/tools/write_file/rules/0", "server:rules/0"),
            ("write_file", "grant:/tools/write_file", "grant:(its entry)"),
            ("a/b", "server:/tools/a~1b/rules/1", "server:rules/1"),
            ("write", "server:/tools/write_file/rules/0", "server:/tools/write_file/rules/0"),
            ("write_file", "server:/tools/*/rules/0", "server:/tools/*/rules/0"),
            ("write_file", "(default deny)", "(default deny)"),
        ] {
            assert_eq!(beside(tool, rule), expected);
        }
    }
}
