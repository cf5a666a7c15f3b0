//! What a policy needs of the settings and of the environment in which it is to be in force: groups of people, and what
//! its webhook refers to. Where they are not known, it is said that they are needed.

use std::ops::Range;
use std::path::Path;

use interlock_gateway::approvals::Approvers;
use interlock_gateway::{Webhook, WebhookError};
use interlock_policy::{Approvals, Diagnostic, Located, Node, Policy, Severity, Source, Value, quoted};

use crate::settings::Settings;
use crate::{terminal, webhooks};

const GROUP: &str = "group:";
const APPROVERS: [&str; 2] = ["approvals", "approvers"];
const NEEDED: [&str; 2] = ["approvals", "needed"];
const WEBHOOK: [&str; 3] = ["approvals", "notify", "webhook"];

/// What is missing, or cannot be known without the settings.
pub(super) fn findings(
    policy: &Policy,
    source: &Source<'_>,
    file: &Path,
    settings: Option<&Settings>,
) -> Vec<Diagnostic> {
    let Some(approvals) = &policy.document().approvals else { return Vec::new() };
    let mut located = Located::new(source.text);
    let Some(root) = located.read(source.syntax) else { return Vec::new() };
    let mut found = Findings { located: Located::new(source.text), root: &root };
    match settings {
        None => found.unknown(approvals),
        Some(settings) => found.known(approvals, settings),
    }
    found.references(approvals, file, settings.is_some());
    found.located.finish()
}

struct Findings<'s, 'n> {
    located: Located<'s>,
    root: &'n Node,
}

impl Findings<'_, '_> {
    fn add(&mut self, severity: Severity, code: &'static str, keys: &[&str], said: (String, &str)) {
        let pointer: String = keys.iter().map(|key| format!("/{key}")).collect();
        let range = place(self.root, keys).unwrap_or_else(|| self.root.mark());
        self.located.found(severity, code, range, &pointer, said.0, Some(said.1.to_owned()));
    }

    /// What the settings would have to say.
    fn unknown(&mut self, approvals: &Approvals) {
        let with = "see whether it is there with `interlock check --settings FILE`, or `interlock serve --check -c FILE`";
        let groups: Vec<String> = approvals
            .approvers
            .iter()
            .filter(|name| name.starts_with(GROUP))
            .map(|name| quoted(name))
            .collect();
        if !groups.is_empty() {
            let message = format!("the settings have to say who is in {}", groups.join(", "));
            self.add(Severity::Note, "needs-settings", &APPROVERS, (message, with));
        }
        if decides_by_link(approvals) {
            let message = "messages have links to decide by where the settings have `console.url`".to_owned();
            self.add(Severity::Note, "needs-settings", &in_webhook("decide_as"), (message, with));
        }
    }

    /// What the settings do not say.
    fn known(&mut self, approvals: &Approvals, settings: &Settings) {
        match settings.groups() {
            Ok(groups) => self.people(approvals, &groups),
            Err(error) if approvals.approvers.iter().any(|name| name.starts_with(GROUP)) => {
                let message = format!("the settings do not say who is in a group: {error}");
                let help = "mend `groups` in the settings";
                self.add(Severity::Error, "unknown-group", &APPROVERS, (message, help));
            }
            // They are of no concern here.
            Err(_) => {}
        }
        if decides_by_link(approvals) && matches!(settings.console.address(), Ok(None)) {
            let message =
                "messages have no links to decide by: the settings have no `console.url`".to_owned();
            let help = "set `console: { url: https://… }` in the settings, or leave `decide_as` out";
            self.add(Severity::Warning, "no-effect", &in_webhook("decide_as"), (message, help));
        }
    }

    fn people(&mut self, approvals: &Approvals, groups: &Approvers) {
        if let Err(unknown) = groups.knows(&approvals.approvers) {
            let help = "add it to `groups` in the settings, or name its people";
            self.add(Severity::Error, "unknown-group", &APPROVERS, (unknown.to_string(), help));
            return;
        }
        let (people, needed) = (groups.count(&approvals.approvers), approvals.needed.unwrap_or(1));
        let is_enough = u32::try_from(people).map_or(true, |people| people >= needed);
        if !approvals.approvers.is_empty() && !is_enough {
            let keys = if approvals.needed.is_some() { &NEEDED } else { &APPROVERS };
            let message = format!(
                "nobody can ever approve: {needed} have to, and the people in `approvers` are {people}"
            );
            let help = "add people to the groups in the settings, or lower `needed`";
            self.add(Severity::Error, "contradiction", keys, (message, help));
        }
    }

    /// What the webhook reads of the environment and of files; where that is done elsewhere, it may be there.
    fn references(&mut self, approvals: &Approvals, file: &Path, is_here: bool) {
        let Some(webhook) = &approvals.webhook else { return };
        let severity = if is_here { Severity::Error } else { Severity::Note };
        let help = if is_here {
            "until it can be read, this policy is not put in force"
        } else {
            "it has to be there where the gateway runs: until it can be read, this policy is not put in force"
        };
        type Check = fn(&str) -> Result<(), WebhookError>;
        let texts = [
            ("url", Some(&webhook.url), Webhook::check_url as Check),
            ("secret", webhook.secret.as_ref(), Webhook::check_secret),
        ];
        for (key, text, check) in texts {
            let Some(text) = text else { continue };
            match webhooks::referred(key, text, file) {
                Err(error) => {
                    let message = terminal::with_causes(&error);
                    self.add(severity, "missing-reference", &in_webhook(key), (message, help));
                }
                Ok(read) => {
                    let Err(unfit) = check(&read) else { continue };
                    // What refers to nothing is everywhere the same.
                    let severity = if read == *text { Severity::Error } else { severity };
                    let message = format!("the webhook cannot be used: {unfit}");
                    let help = "until it is another one, this policy is not put in force";
                    self.add(severity, "bad-value", &in_webhook(key), (message, help));
                }
            }
        }
    }
}

fn decides_by_link(approvals: &Approvals) -> bool {
    approvals.webhook.as_ref().is_some_and(|webhook| webhook.decide_as.is_some())
}

fn in_webhook(key: &str) -> [&str; 4] {
    let [approvals, notify, webhook] = WEBHOOK;
    [approvals, notify, webhook, key]
}

/// Where the last of these keys stands.
fn place(node: &Node, keys: &[&str]) -> Option<Range<usize>> {
    let (first, rest) = keys.split_first()?;
    let Value::Map(members) = &node.value else { return None };
    let member = members.iter().find(|member| member.key == *first)?;
    if rest.is_empty() { Some(member.key_range.clone()) } else { place(&member.value, rest) }
}
