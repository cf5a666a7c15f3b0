//! The conditions on a tool's arguments that matter: where data go, what is run, which files and addresses are meant.

use super::lists::List;
use super::plain::Plain;
use crate::classify::{Judgement, Place, RiskKind, of_format, of_text, words};
use crate::definition::{Definition, Step, TextPlace};
use crate::lint::Finding;
use crate::risk::Category;

/// Most guards of one tool.
pub(super) const MOST_GUARDS: usize = 16;

/// A condition on one text in the arguments.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Guard<'d> {
    /// The way to it.
    pub(super) steps: Vec<Step<'d>>,
    /// Whether no call goes without it.
    pub(super) is_required: bool,
    pub(super) kind: GuardKind,
}

/// What the condition is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum GuardKind {
    /// A person is asked about what is not on the list.
    Listed(List),
    /// A person is asked about SQL that does not only read, in this dialect.
    OnlyReads(&'static str),
    /// What lies in the network of the server is denied.
    NotInside(Addresses),
    /// Files that hold keys are denied.
    NoKeys,
    /// A person is asked about hosts that are easily taken for others.
    NotAlike(Addresses),
    /// A person is asked about SQL that names what secrets are kept in.
    NoSecrets,
    /// What is more than a name is denied.
    Plain(Plain),
    /// A person is asked where there is an argument whose definition gives models orders.
    Steered,
}

/// What an argument that holds addresses may hold besides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Addresses {
    /// Nothing: what is no address is denied.
    Alone,
    /// Names of other things, which are let through: `image_uri`, `id_or_url`.
    OrNames,
}

impl GuardKind {
    /// Whether what it objects to is denied, and not asked about.
    pub(super) const fn denies(self) -> bool {
        matches!(self, Self::NotInside(_) | Self::NoKeys | Self::Plain(_))
    }

    /// Whether it is what the argument is looked at for, and no more beside that.
    pub(super) const fn is_main(self) -> bool {
        !matches!(self, Self::NotAlike(_) | Self::NoSecrets | Self::Plain(_) | Self::Steered)
    }
}

/// A name's words, to look for some.
struct Words(Vec<String>);

impl Words {
    fn of(name: &str) -> Self {
        Self(words::of_name(name))
    }

    fn any(&self, known: &[&str]) -> bool {
        self.0.iter().any(|word| known.contains(&word.as_str()))
    }

    fn last(&self, known: &[&str]) -> bool {
        self.0.last().is_some_and(|last| known.contains(&last.as_str()))
    }
}

/// The guards of one tool, at most [`MOST_GUARDS`] main ones.
pub(super) fn of<'d>(
    definition: &'d Definition,
    judgement: &Judgement,
    findings: &[Finding],
) -> Vec<Guard<'d>> {
    let mut guards = main(definition, judgement);
    let beside = |guard: &Guard<'d>| -> Option<Guard<'d>> {
        let kind = match guard.kind {
            GuardKind::NotInside(addresses) => GuardKind::NotAlike(addresses),
            GuardKind::OnlyReads(_) => GuardKind::NoSecrets,
            _ => return None,
        };
        Some(Guard { steps: guard.steps.clone(), is_required: guard.is_required, kind })
    };
    let beside: Vec<_> = guards.iter().filter_map(beside).collect();
    guards.extend(beside);
    let steered = definition
        .parameters()
        .map(|(name, _)| name)
        .filter(|name| findings.iter().any(|finding| is_of_parameter(finding, name)));
    guards.extend(steered.take(MOST_GUARDS).map(|name| Guard {
        steps: vec![Step::Key(name)],
        is_required: definition.required().any(|required| required == name),
        kind: GuardKind::Steered,
    }));
    guards
}

/// Whether what was found is in the definition of one parameter.
pub(super) fn is_of_parameter(finding: &Finding, name: &str) -> bool {
    let within = finding.place.strip_prefix("inputSchema.properties.");
    let rest = within.and_then(|within| within.strip_prefix(name));
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

fn main<'d>(definition: &'d Definition, judgement: &Judgement) -> Vec<Guard<'d>> {
    let is_code = |parameter: &str| {
        judgement.evidence.iter().any(|one| one.place == Place::Code && one.words == parameter)
    };
    let mut guards = Vec::new();
    // A value that is one of few that are named needs no list.
    let is_free =
        |place: &TextPlace<'_>| place.schema.get("enum").or_else(|| place.schema.get("const")).is_none();
    for place in definition.texts().into_iter().filter(is_free) {
        let kind = code(&place, definition).filter(|_| is_code(place.parameter()));
        let kind = kind
            .or_else(|| by_name(place.name(), definition, judgement.category))
            .or_else(|| by_risk(&place, definition, judgement.category));
        if let Some(kind) = kind.filter(|_| guards.len() < MOST_GUARDS) {
            let is_required =
                place.steps.len() == 1 && definition.required().any(|name| name == place.name());
            guards.push(Guard { steps: place.steps, is_required, kind });
        }
    }
    guards
}

fn code(place: &TextPlace<'_>, definition: &Definition) -> Option<GuardKind> {
    let words = Words::of(place.name());
    if words.any(&["sql", "query", "statement", "statements"]) {
        return Some(GuardKind::OnlyReads(dialect(definition)));
    }
    words.any(&["command", "cmd", "commands"]).then_some(GuardKind::Listed(List::Commands))
}

/// The dialect of SQL that the definition speaks of; where it names none, or several, what all of them take.
fn dialect(definition: &Definition) -> &'static str {
    let text = format!(
        "{} {} {}",
        definition.server,
        definition.tool,
        definition.description.as_deref().unwrap_or_default()
    );
    let text = text.to_lowercase();
    let known = [("postgres", "postgres"), ("mysql", "mysql"), ("mariadb", "mysql"), ("sqlite", "sqlite")];
    let mut spoken = known.iter().filter(|(word, _)| text.contains(word)).map(|(_, dialect)| *dialect);
    match (spoken.next(), spoken.next()) {
        (Some(one), None) => one,
        _ => "generic",
    }
}

/// What a name says by itself, whatever else the tool shows.
fn by_name(name: &str, definition: &Definition, category: Category) -> Option<GuardKind> {
    const ENDS: [&str; 11] =
        ["src", "dst", "source", "dest", "destination", "target", "from", "to", "input", "output", "outfile"];
    const STORED: [&str; 4] = ["save_to", "save_as", "saveas", "output_filename"];
    let words = Words::of(name);
    if category == Category::Read {
        return None;
    }
    if words.any(&["role"]) && words.last(&["arn", "role", "name"]) && words.0.len() > 1 {
        return Some(GuardKind::Listed(List::Roles));
    }
    // An address within the storage, and not the name of a bucket there.
    if words.any(&["s3", "gs", "gcs"]) && words.last(&["uri", "url", "path", "location"]) {
        return Some(GuardKind::Listed(List::Places));
    }
    if words.any(&["bucket", "buckets"]) && words.last(&["bucket", "buckets", "name", "names"]) {
        return Some(GuardKind::Listed(List::Buckets));
    }
    if words.any(&["cc", "bcc"]) || category == Category::Execute && is_recipient(&words) {
        return Some(GuardKind::Listed(List::MailDomains));
    }
    let stores = words.last(&ENDS) && moves_files(definition) || STORED.contains(&words.0.join("_").as_str());
    (stores && !is_elsewhere(definition)).then_some(GuardKind::Listed(List::Folders))
}

/// Whether a name is one of whom something is sent to. A plain `to` may be an amount, an account or a day.
fn is_recipient(words: &Words) -> bool {
    words.last(&["recipient", "recipients", "email", "emails", "mail"])
        || words.any(&["email", "recipient"]) && words.last(&["address", "addresses", "list", "to"])
}

fn by_risk(place: &TextPlace<'_>, definition: &Definition, category: Category) -> Option<GuardKind> {
    let words = Words::of(place.name());
    let mut of = of_text(place.name(), definition, category);
    of.extend(of_format(place.schema));
    let shows = |kind| of.contains(&kind);
    let is_address = words.last(&["url", "urls", "website", "link", "webhook", "href", "callback"]);
    let is_host = words.last(&["endpoint", "host", "address", "addresses"]);
    let is_path = words.last(&["path", "paths", "file", "filename", "folder", "directory", "dir"]);
    if shows(RiskKind::Egress) {
        let list = match () {
            () if words.any(&["recipient", "recipients", "email", "emails", "to"]) => List::MailDomains,
            () if is_address || is_host => List::Hosts,
            () if is_path => List::Folders,
            () if words.any(&["destination"]) && moves_files(definition) => List::Folders,
            () => List::Places,
        };
        return Some(GuardKind::Listed(list));
    }
    if shows(RiskKind::FilePath) {
        return match category {
            Category::Read => Some(GuardKind::NoKeys),
            // What is in a repository or a bucket is not in a folder of the machine.
            _ if is_elsewhere(definition) => None,
            _ => Some(GuardKind::Listed(List::Folders)),
        };
    }
    shows(RiskKind::Address).then(|| GuardKind::NotInside(addresses(&words)))
}

/// A `url` is an address; a `uri` may name anything, and so may one of two things.
fn addresses(words: &Words) -> Addresses {
    let may_be_other = words.any(&["or", "uri", "uris"])
        || !words.last(&["url", "urls", "webhook", "website", "href", "link"]);
    if may_be_other { Addresses::OrNames } else { Addresses::Alone }
}

/// Whether paths are those of a repository or of a store that another machine keeps.
fn is_elsewhere(definition: &Definition) -> bool {
    const ELSEWHERE: [&str; 9] = [
        "repo",
        "repository",
        "repos",
        "branch",
        "bucket",
        "workspace_id",
        "project_id",
        "drive_id",
        "site_id",
    ];
    definition.parameters().any(|(name, _)| {
        let words = words::of_name(name);
        ELSEWHERE.contains(&words.join("_").as_str())
            || words.first().is_some_and(|first| matches!(first.as_str(), "repo" | "repository" | "bucket"))
    })
}

/// Whether a command has arguments, an environment or a folder of its own beside it.
pub(super) fn has_company(definition: &Definition) -> bool {
    const COMPANY: [&str; 14] = [
        "args",
        "arguments",
        "argv",
        "env",
        "environment",
        "cwd",
        "workdir",
        "dir",
        "directory",
        "shell",
        "stdin",
        "input",
        "options",
        "flags",
    ];
    definition.parameters().any(|(name, _)| Words::of(name).any(&COMPANY))
}

/// Whether a destination is one in a file system.
fn moves_files(definition: &Definition) -> bool {
    const FILES: [&str; 5] = ["file", "files", "folder", "directory", "path"];
    Words::of(&definition.tool).any(&FILES)
        || definition.parameters().any(|(name, _)| Words::of(name).any(&FILES))
}
