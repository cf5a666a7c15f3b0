//! A recommended policy as text, with comments that say why.

use std::fmt::Write as _;

use super::Known;
use super::entry::{Entry, Validation, Verdict};
use super::guards::{Addresses, Guard, GuardKind};
use super::lists::List;
use super::plain::{self, Name};
use crate::definition::Step;
use crate::risk::Category;

/// Files that hold keys and tokens, by what they are usually called.
const KEYS: &str = r"(^|[/\\])(\.ssh|\.aws|\.azure|\.gnupg|\.kube|\.docker|\.config[/\\]+(gcloud|gh)|\.netrc|\.npmrc|\.pypirc|\.pgpass|\.git-credentials|\.git[/\\]+config|\.vault-token|\.[a-z]+_history|\.env[^/\\]*|id_[a-z0-9_-]+|[^/\\]*\.(pem|key|p12|pfx|ppk|jks|kdbx))[. ]*([/\\:]|$)|(^|[/\\])(\.\.([/\\]|$)|etc[/\\]+(shadow|gshadow|sudoers))|^(file:)?[/\\]+(proc|sys|dev)[/\\]|%[0-9a-f]{2}|[\x00-\x1f]";
/// Addresses inside of a network, the machine's own among them.
const INSIDE: &str = r#"[localhost, "*.localhost", metadata, "*.internal", "*.local", "*.lan", "*.home.arpa", 0.0.0.0/8, 127.0.0.0/8, 100.64.0.0/10, 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16, 169.254.0.0/16, 168.63.129.16, 192.0.0.0/24, 198.18.0.0/15, 224.0.0.0/3, "::1", "::", "fc00::/7", "fe80::/10"]"#;
/// What is an address beyond doubt, however it is written.
const ADDRESS: &str = r"^\s*((https?|wss?|ftps?):|[/\\]{2})";
/// Hosts that are easily taken for others: one that begins as another does (`docs.example.com.elsewhere.example`), or has
/// letters of other alphabets, as such or encoded.
const ALIKE: &str =
    r"^\s*[a-z][a-z0-9+.-]*:/*[^/?#]*(\.(com|org|net|edu|gov|io)\.[^./?#:]+\.[^/?#]|xn--|[^\x00-\x7f])";
/// What secrets are kept in, as tables and columns are usually called.
const SECRETS: &str = r"passw(or)?d|secret|credential|(api|access|private)_?key|tokens?([^a-z]|$)|pg_(shadow|authid)|mysql\W+user([^a-z]|$)";
/// Longest part of a comment that is taken from a definition, in characters.
const MOST_QUOTED: usize = 80;

const SECTIONS: [(Category, &str); 5] = [
    (Category::Read, "Reads."),
    (Category::Write, "Changes that another call can undo."),
    (Category::Execute, "Starts work elsewhere."),
    (Category::Destructive, "Deletes, or cannot be undone."),
    (Category::Financial, "Moves or commits money."),
];

/// Writes the policy.
pub(super) fn policy(name: &str, entries: &[Entry<'_>], known: Known<'_>) -> String {
    let mut out = head(name, entries);
    let lists: Vec<List> = List::ALL.into_iter().filter(|list| uses(entries, *list)).collect();
    if !lists.is_empty() {
        out.push_str("\n# Put your own in their place, here and in the tests, which name them too. A person is asked about everything else.\nlists:\n");
        for list in lists {
            let entries: Vec<String> = list.entries(known).into_iter().map(scalar).collect();
            let _infallible =
                writeln!(out, "  # {}\n  {}: [{}]", list.about(), list.name(), entries.join(", "));
        }
    }
    if entries.iter().any(|entry| entry.spends.is_some()) {
        out.push_str("\n# Bounds of money are in this currency, in the unit that each argument is in. Put your own in the place of both.\nspend_currency: usd\n");
    }
    if !entries.iter().any(Entry::can_be_named) {
        out.push_str("\ntools: {}\n");
        return out;
    }
    out.push_str("\ntools:\n");
    for (category, heading) in SECTIONS {
        let of: Vec<&Entry<'_>> = entries
            .iter()
            .filter(|entry| entry.judgement.category == category && entry.can_be_named())
            .collect();
        if !of.is_empty() {
            let _infallible = writeln!(out, "  # {heading}");
        }
        of.into_iter().for_each(|entry| tool(&mut out, entry));
    }
    out.push_str(&names(entries).unwrap_or_default());
    out
}

fn uses(entries: &[Entry<'_>], list: List) -> bool {
    let guards = entries.iter().filter(|entry| entry.verdict == Verdict::Allow && entry.can_be_named());
    guards.flat_map(|entry| &entry.guards).any(|guard| guard.kind == GuardKind::Listed(list))
}

fn head(name: &str, entries: &[Entry<'_>]) -> String {
    let count = |category| entries.iter().filter(|entry| entry.judgement.category == category).count();
    let counts: Vec<String> = SECTIONS
        .iter()
        .map(|(category, _)| (category, count(*category)))
        .filter(|(_, count)| *count > 0)
        .map(|(category, count)| format!("{count} {category}"))
        .collect();
    let name = quoted(name);
    if entries.is_empty() {
        return format!(
            "# {name} lists no tools. This policy denies all that may come until it is named here.\nversion: \"1\"\n\
             description: {}\ndefault: deny\n",
            scalar(&format!("What agents may do with {name}: nothing yet")),
        );
    }
    format!(
        "# {name}: {} ({}), judged by their definitions alone.\n#\n# Read it before you use it: a definition says what \
         its publisher wants it to say. What is not named here is\n# denied and left out of `tools/list`.\nversion: \"1\"\n\
         description: {}\ndefault: deny\n",
        match entries.len() {
            1 => "1 tool".to_owned(),
            many => format!("{many} tools"),
        },
        counts.join(", "),
        scalar(&format!("What agents may do with {name}")),
    )
}

fn tool(out: &mut String, entry: &Entry<'_>) {
    let name = scalar(&entry.definition.tool);
    let blocks = blocks(entry);
    // A plain read needs no word of why.
    let is_plain = entry.is_plain_read() && entry.judgement.risks.is_empty() && !entry.is_guess();
    if !is_plain {
        let _infallible = writeln!(out, "  # {}", why(entry));
    }
    if blocks.is_empty() {
        let _infallible = writeln!(out, "  {name}: {{}}");
        return;
    }
    let _infallible = writeln!(out, "  {name}:");
    for block in blocks {
        let _infallible = writeln!(out, "    {block}");
    }
}

/// What the judgement rests on.
fn why(entry: &Entry<'_>) -> String {
    let judgement = entry.judgement;
    let mut said: Vec<String> = Vec::new();
    for one in judgement.evidence.iter().filter(|one| one.category == judgement.category).take(2) {
        said.push(format!("{} says \"{}\"", one.place.in_words(), quoted(&one.words)));
    }
    if said.is_empty() {
        said.push("nothing in its definition says what it does, so it is taken for a change".to_owned());
    }
    said.extend(judgement.risks.iter().map(|risk| quoted(&risk.to_string())));
    let steers = entry.findings.first();
    said.extend(steers.map(|found| format!("it gives models orders: \"{}\"", quoted(&found.excerpt))));
    format!("{}, {}: {}", judgement.category, judgement.severity, said.join("; "))
}

/// Text of a definition in a comment: on one line, not long, and nothing in it that a reader would be misled by.
fn quoted(text: &str) -> String {
    let is_plain = |c: &char| !c.is_control() && !is_unseen(*c);
    let short: String = text.chars().filter(is_plain).take(MOST_QUOTED).collect();
    short
}

fn blocks(entry: &Entry<'_>) -> Vec<String> {
    if entry.verdict == Verdict::Deny {
        return vec!["rules: [{ name: never by agents, action: deny, on_deny: this is done by people and not by agents }]".to_owned()];
    }
    let mut blocks = Vec::new();
    match entry.validation {
        Validation::None => {}
        Validation::Required => blocks.push("validate: { required_args: true }".to_owned()),
        Validation::Schema => blocks.push("validate: { required_args: true, schema: true }".to_owned()),
        Validation::Closed => blocks.push("validate: { schema: true, unknown_args: deny }".to_owned()),
    }
    let (denied, asked): (Vec<&Guard<'_>>, Vec<&Guard<'_>>) =
        entry.guards.iter().partition(|guard| guard.kind.denies());
    for (key, guards) in [("deny_if", denied), ("approve_if", asked)] {
        // Where a person decides about each call, there is nothing more to ask them.
        if guards.is_empty() || (key == "approve_if" && entry.verdict == Verdict::Ask) {
            continue;
        }
        blocks.push(format!("{key}:"));
        blocks.extend(guards.into_iter().map(|guard| format!("  - {}", condition(guard))));
    }
    let rules = rules(entry);
    if !rules.is_empty() {
        blocks.push("rules:".to_owned());
        blocks.extend(rules.into_iter().map(|rule| format!("  - {rule}")));
    }
    blocks
}

fn rules(entry: &Entry<'_>) -> Vec<String> {
    let mut rules = Vec::new();
    if entry.verdict == Verdict::Ask {
        rules.push("{ name: a person decides, action: require_approval }".to_owned());
    }
    if let Some(spends) = &entry.spends {
        rules.push(format!(
            "{{ name: budget, spend: {{ amount: {}, per_call: {}, daily: {} }} }}",
            scalar(&path(&[Step::Key(&spends.amount)])),
            spends.per_call,
            spends.daily
        ));
    }
    rules.extend(entry.rate.map(|rate| format!("{{ name: few calls, rate_limit: {rate} }}")));
    rules
}

/// One condition on all arguments that are names, for all tools.
fn names(entries: &[Entry<'_>]) -> Option<String> {
    let one = |name: &Name<'_, '_>| {
        let optional = if name.guard.is_required { "" } else { ", on_missing: ignore" };
        format!(
            "{{ path: {}, op: regex, value: '{}'{optional} }}",
            scalar(&path(&name.guard.steps)),
            name.plain.letters()
        )
    };
    let all: Vec<String> = plain::of(entries).iter().map(one).collect();
    let conditions = match all.as_slice() {
        [] => return None,
        [one] => one.clone(),
        many => format!("{{ any: [{}] }}", many.join(", ")),
    };
    Some(format!(
        "\n# Identifiers and paths hold nothing that a shell takes for more than a name.\nall_tools:\n  deny_if:\n    - \
         {{ name: more than a name, conditions: [{conditions}], on_deny: a shell could take this for a command }}\n"
    ))
}

fn condition(guard: &Guard<'_>) -> String {
    let path = scalar(&path(&guard.steps));
    // Of a list it is asked whether there is one; an element of it that lacks what is looked at is objected to.
    let whole = guard.steps.iter().take_while(|step| **step != Step::Each).copied().collect::<Vec<_>>();
    let there = format!("{{ path: {}, op: exists }}", scalar(&self::path(&whole)));
    // Without the argument there is nothing to object to.
    let optional = if guard.is_required { "" } else { ", on_missing: ignore" };
    match guard.kind {
        GuardKind::Listed(list) => format!(
            "{{ name: not on the list of {}, conditions: [{there}, {{ not: {{ path: {path}, op: {}, value: {{ list: {} }} }} }}], on_deny: {} }}",
            list.name(),
            list.operator(),
            list.name(),
            list.reason()
        ),
        GuardKind::OnlyReads(dialect) => format!(
            "{{ name: more than reading, conditions: [{there}, {{ not: {{ path: {path}, op: sql_readonly, value: {{ dialect: {dialect} }} }} }}], on_deny: this statement may change something }}"
        ),
        GuardKind::NotInside(addresses) => {
            let is_address = is_address(addresses, &path, optional);
            format!(
                "{{ name: inside the network, conditions: [{is_address}{{ path: {path}, op: url_host_in, value: {INSIDE}{optional} }}], on_deny: this address is inside of the network }}"
            )
        }
        GuardKind::NotAlike(_) => format!(
            "{{ name: like another host, conditions: [{{ path: {path}, op: regex, value: '{ALIKE}', compare: ci{optional} }}], on_deny: this host is easily taken for another }}"
        ),
        GuardKind::NoSecrets => format!(
            "{{ name: secrets, conditions: [{{ path: {path}, op: regex, value: '{SECRETS}', compare: ci{optional} }}], on_deny: this statement may read secrets }}"
        ),
        GuardKind::Steered => format!(
            "{{ name: gives models orders, conditions: [{there}], on_deny: the definition of this argument gives models orders }}"
        ),
        GuardKind::Plain(plain) => format!(
            "{{ conditions: [{{ path: {path}, op: regex, value: '{}'{optional} }}] }}",
            plain.letters()
        ),
        GuardKind::NoKeys => format!(
            "{{ name: keys, conditions: [{{ path: {path}, op: regex, value: '{KEYS}', compare: ci{optional} }}], on_deny: this path may hold keys or tokens }}"
        ),
    }
}

/// The condition before others that holds for addresses, where an argument may hold something else.
fn is_address(addresses: Addresses, path: &str, optional: &str) -> String {
    match addresses {
        Addresses::Alone => String::new(),
        Addresses::OrNames => {
            format!("{{ path: {path}, op: regex, value: '{ADDRESS}', compare: ci{optional} }}, ")
        }
    }
}

/// The path of a text in the arguments, as policies write it.
pub(super) fn path(steps: &[Step<'_>]) -> String {
    let mut out = "args".to_owned();
    for step in steps {
        let _infallible = match step {
            Step::Each => write!(out, "[*]"),
            Step::Key(key) if is_plain(key) => write!(out, ".{key}"),
            Step::Key(key) => write!(out, "[{}]", serde_json::Value::from(*key)),
        };
    }
    out
}

fn is_plain(key: &str) -> bool {
    key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        && key.chars().next().is_some_and(|first| !first.is_ascii_digit())
}

/// A text as YAML takes it: plain where nothing else could be meant, else in quotation marks as JSON has it.
pub(super) fn scalar(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-./ ".contains(c);
    let first = text.chars().next();
    let begins = first.is_some_and(|first| first.is_ascii_alphabetic() || first == '_');
    let is_word = matches!(
        text.to_lowercase().as_str(),
        "true" | "false" | "null" | "yes" | "no" | "on" | "off" | "y" | "n"
    );
    let is_plain =
        begins && !is_word && text.chars().all(plain) && !text.ends_with(' ') && !text.contains("  ");
    if is_plain { text.to_owned() } else { escaped(text) }
}

/// In JSON's quotation marks, with what is not seen written as escapes.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            c if c.is_control() || is_unseen(c) => {
                let _infallible = write!(out, "\\U{:08x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// Whether a letter is not seen, turns what is, or is none (Unicode, "Noncharacters"), which YAML does not take.
pub(super) fn is_unseen(c: char) -> bool {
    let code = u32::from(c);
    interlock_json::is_deceptive(c) || code & 0xFFFE == 0xFFFE || (0xFDD0..=0xFDEF).contains(&code)
}

/// JSON as YAML, in which letters that are not seen have other escapes.
pub(super) fn flow(json: &serde_json::Value) -> String {
    let mut out = String::new();
    for c in json.to_string().chars() {
        if is_unseen(c) {
            let _infallible = write!(out, "\\U{:08x}", u32::from(c));
        } else {
            out.push(c);
        }
    }
    out
}
