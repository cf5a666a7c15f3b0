//! What went over the wire, and whether two records of it say the same.

use std::collections::BTreeMap;

use anyhow::{Context, Result, ensure};
use interlock_testkit::relay::Tap;
use regex::Regex;
use serde_json::Value;

/// One connection as the client's side of it saw it.
#[derive(Debug)]
pub struct Conversation {
    /// The lines that the client sent.
    pub sent: Vec<String>,
    /// The methods of its requests by id.
    pub methods: BTreeMap<String, String>,
    /// The lines that answer them by id.
    pub answers: BTreeMap<String, String>,
    /// The notifications and requests that it got, in order.
    pub others: Vec<String>,
}

impl Conversation {
    /// Reads what a tap recorded; `masks` are blanked out in all of it.
    ///
    /// # Errors
    /// When a line is not JSON, or two answer the same id.
    pub fn read(tap: &Tap, masks: &[Regex]) -> Result<Self> {
        let mut methods = BTreeMap::new();
        let sent = tap.to_server()?;
        for line in &sent {
            let message = parse(line)?;
            if let (Some(method), id) = (message["method"].as_str(), &message["id"])
                && !id.is_null()
            {
                methods.insert(id.to_string(), method.to_owned());
            }
        }
        let (mut answers, mut others) = (BTreeMap::new(), Vec::new());
        for line in tap.to_client()? {
            let message = parse(&line)?;
            let masked =
                masks.iter().fold(line, |line, mask| mask.replace_all(&line, "(masked)").into_owned());
            if message["method"].is_null() {
                let id = message["id"].to_string();
                ensure!(answers.insert(id.clone(), masked).is_none(), "two answers to {id}");
            } else {
                others.push(masked);
            }
        }
        Ok(Self { sent, methods, answers, others })
    }

    /// Fails unless both say the same: every line that the client sent, every answer, every notification, byte
    /// for byte. Only the answer to a question that neither server understands, and to a call of a tool that there is not,
    /// may be put differently.
    ///
    /// # Errors
    /// Names the first difference.
    pub fn compare(&self, through: &Self) -> Result<()> {
        same("what the client sent", &self.sent, &through.sent)?;
        let ids = |conversation: &Self| conversation.answers.keys().cloned().collect::<Vec<_>>();
        same("the ids that were answered", &ids(self), &ids(through))?;
        for (id, direct) in &self.answers {
            let method = self.methods.get(id).map_or("(unknown)", String::as_str);
            let answer = &through.answers[id];
            let refused = |line: &str| parse(line).is_ok_and(|message| !message["error"].is_null());
            let neither_understands = method == "server/discover" && refused(direct) && refused(answer);
            // What its server does not list, the gateway refuses in the server's place.
            let nobody_has = refused_by_tool(direct) && answer.contains("the server does not list");
            if !neither_understands && !nobody_has {
                same(&format!("the answer to {method} ({id})"), direct, answer)?;
            }
        }
        same("notifications", &steady(&self.others), &steady(&through.others))
    }
}

/// Whether an answer is that a call of a tool failed.
fn refused_by_tool(line: &str) -> bool {
    parse(line).is_ok_and(|message| !message["error"].is_null() || message["result"]["isError"] == true)
}

/// Notifications but those whose number is a matter of time: how often the Step Functions server looks at an
/// execution before it has ended.
fn steady(notifications: &[String]) -> Vec<&String> {
    notifications.iter().filter(|line| !line.contains("Execution status: RUNNING")).collect()
}

fn parse(line: &str) -> Result<Value> {
    serde_json::from_str(line).with_context(|| format!("not JSON: {line}"))
}

fn same<T: PartialEq + std::fmt::Debug>(what: &str, direct: &T, through: &T) -> Result<()> {
    ensure!(direct == through, "{what} differs\n  direct:  {direct:?}\n  through: {through:?}");
    Ok(())
}
