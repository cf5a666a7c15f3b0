//! What moves the severity of a tool beyond its category, or tells of the care it needs, in words for people.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::schema::values;
use super::signals::{Evidence, Place};
use super::words;
use crate::definition::{Definition, TextPlace};
use crate::risk::{Category, Severity};

/// What a definition shows of a tool beside its category.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Risk {
    /// What it is.
    pub kind: RiskKind,
    /// The parameter or the words that show it.
    pub shown_by: String,
}

/// A kind of risk that a definition shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RiskKind {
    /// It cannot be undone, by its own words.
    Irreversible,
    /// It reaches everything, or many things at once by criteria.
    Bulk,
    /// It touches data of patients.
    PatientData,
    /// It touches credentials: keys, tokens, passwords.
    Credentials,
    /// It touches data of persons.
    PersonalData,
    /// An argument names a place to which data leave.
    Egress,
    /// An argument is code or a command that is run.
    FreeCode,
    /// An argument is a query in a language.
    FreeQuery,
    /// An argument is a path in a file system.
    FilePath,
    /// An argument is an address that is fetched or called.
    Address,
    /// It gives, takes or uses rights: roles, policies, members.
    Privilege,
    /// It can show something to everybody.
    Exposure,
    /// It costs money for each call or for as long as what it made exists.
    Cost,
    /// It has so many parameters that nobody sees what a call does.
    ManyParameters,
}

impl fmt::Display for Risk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown_by = &self.shown_by;
        match self.kind {
            RiskKind::Irreversible => write!(f, "cannot be undone (\"{shown_by}\")"),
            RiskKind::Bulk => write!(f, "reaches many things at once ({shown_by})"),
            RiskKind::PatientData => write!(f, "patient data (\"{shown_by}\")"),
            RiskKind::Credentials => write!(f, "credentials (\"{shown_by}\")"),
            RiskKind::PersonalData => write!(f, "personal data (\"{shown_by}\")"),
            RiskKind::Egress => write!(f, "data leave for a place that `{shown_by}` names"),
            RiskKind::FreeCode => write!(f, "runs what `{shown_by}` holds"),
            RiskKind::FreeQuery => write!(f, "free-form query in `{shown_by}`"),
            RiskKind::FilePath => write!(f, "takes a file path in `{shown_by}`"),
            RiskKind::Address => write!(f, "takes an address in `{shown_by}`"),
            RiskKind::Privilege => write!(f, "rights of others (\"{shown_by}\")"),
            RiskKind::Exposure => write!(f, "can show it to everybody (\"{shown_by}\")"),
            RiskKind::Cost => write!(f, "costs money (\"{shown_by}\")"),
            RiskKind::ManyParameters => write!(f, "many parameters ({shown_by})"),
        }
    }
}

/// From so many parameters on nobody sees at a glance what a call does.
const MANY: usize = 10;

const PATIENTS: &str = "patient patients dicom dicomweb fhir ehr emr hl7 clinical phi diagnosis diagnoses prescription prescriptions \
     medication medications healthcare imaging healthimaging healthlake hipaa encounter encounters medical radiology womens heart \
     menstrual";
/// Words of [`PATIENTS`] that are names of services.
const SERVICES: &str = "healthimaging healthlake healthcare";
/// What is kept of patients, by a server for such data.
const RECORDS: &str = "study studies series image images instance instances frame frames record records observation observations";
const CREDENTIALS: &str = "password passwords secret secrets credential credentials apikey passphrase keychain keystore mnemonic \
     privatekey accesskey vault";
const PERSONS: &str = "contact contacts customer customers employee employees person persons people profile profiles ssn passport \
     salary payroll recipient recipients subscriber subscribers applicant candidate candidates guest guests phone birthdate inbox \
     mailbox conversation conversations";
const RIGHTS: &str = "role roles permission permissions iam acl acls sudo privilege privileges admin admins rbac member members \
     collaborator collaborators ownership sharing";
/// The same where the name speaks of it; as a parameter it says mostly something else.
const RIGHTS_IN_NAMES: &str = "guest guests access privacy firewall grant policy policies owner oauth";
/// What people tell each other, and what shows them, where the name speaks of it.
const PRIVATE: &str = "chat chats message messages mail mails email emails sms dm dms whatsapp member members attendee attendees \
     webcam microphone clipboard";
const PUBLIC: &str = "publicly anonymous anonymously";
/// What has messages that are nobody's.
const MACHINES: &str =
    "error errors console log logs commit queue queues kafka topic schema protobuf consumer";
const MANY_AT_ONCE: &str = "bulk batch all mass every multiple many";
/// Deleting one of these is put right by making it anew.
const MINOR: &str = "comment comments reaction bookmark bookmarks note notes draft drafts filter filters view views breakpoint \
     breakpoints alias aliases reminder reminders highlight highlights layer shape element cell row slide paragraph \
     chart charts image slicer sparkline sparklines hyperlink breakpoint annotation annotations marker bullet checklist";
const PATHS: &str = "path file filepath filename directory dir folder files paths";
const ADDRESSES: &str = "url uri urls link endpoint webhook href callback website";
const QUERIES: &str = "query sql where expression kql jql promql logql graphql cypher jq xpath jmespath soql statement aql flux dsl";
const LEAVES: &str =
    "destination output upload export recipient recipients webhook callback target sink forward";
const PLACES: &str = "uri url bucket address addresses endpoint s3 email host path location container topic";

fn has(words: &str, word: &str) -> bool {
    words.split_whitespace().any(|known| known == word)
}

/// What a definition shows beside its category.
pub(super) fn of(definition: &Definition, category: Category, evidence: &[Evidence]) -> Vec<Risk> {
    let mut found: Vec<Risk> = Vec::new();
    let mut shows = |kind: RiskKind, shown_by: &str| {
        if !found.iter().any(|risk| risk.kind == kind) {
            found.push(Risk { kind, shown_by: shown_by.to_owned() });
        }
    };
    for one in evidence.iter().filter(|one| one.category == Category::Destructive) {
        match one.place {
            Place::Statement => shows(RiskKind::Irreversible, &one.words),
            Place::Code
            | Place::Whole
            | Place::Annotation
            | Place::Name
            | Place::Description
            | Place::Action
            | Place::Flag
            | Place::Words => {}
        }
    }
    subjects(definition, category, &mut shows);
    // Who gets a copy is the least of the places to which data leave.
    let mut shown = of_parameters(definition, category);
    shown.sort_by_key(|(_, parameter)| words::of_name(parameter).iter().any(|word| has("cc bcc", word)));
    for (kind, parameter) in shown {
        shows(kind, parameter);
    }
    if let Some(code) = evidence.iter().find(|one| one.place == Place::Code && category >= Category::Execute)
    {
        shows(RiskKind::FreeCode, &code.words);
    }
    let parameters = definition.parameters().count();
    if parameters >= MANY {
        shows(RiskKind::ManyParameters, &parameters.to_string());
    }
    found.sort_by_key(|risk| risk.kind);
    found
}

/// What the tool is about: the words of its name, its parameters and its first sentences.
fn subjects(definition: &Definition, category: Category, shows: &mut impl FnMut(RiskKind, &str)) {
    let name = words::of_name(&definition.tool);
    let text = words::of_text(definition.description.as_deref().unwrap_or_default());
    let parameters: Vec<String> =
        definition.parameters().flat_map(|(name, _)| words::of_name(name)).collect();
    let first = || text.iter().take(2).flatten();
    let server = words::of_name(&definition.server);
    if let Some(word) = patients(&name, &text, &parameters, &server, category) {
        shows(RiskKind::PatientData, &word);
    }
    // `chat, phone, web` are ways to reach somebody.
    let is_way = |word: &String| word == "phone" && first().any(|other| other == "web" || other == "chat");
    let told = || first().filter(|word| !is_way(word));
    let about = || name.iter().chain(told()).chain(&parameters).chain(&server);
    let kinds = [(RiskKind::Credentials, CREDENTIALS), (RiskKind::PersonalData, PERSONS)];
    for (kind, list) in kinds {
        let subject = about().find(|word| has(list, word)).cloned();
        if let Some(word) = subject {
            shows(kind, &word);
        }
    }
    if name.iter().any(|word| matches!(word.as_str(), "env" | "environ" | "dotenv")) {
        shows(RiskKind::Credentials, "env");
    }
    if let Some(pair) =
        first().zip(first().skip(1)).find(|(one, two)| *one == "environment" && *two == "variables")
    {
        shows(RiskKind::Credentials, &format!("{} {}", pair.0, pair.1));
    }
    // That a text speaks of an API key says mostly that the server needs one.
    if let Some(pair) = name.iter().zip(name.iter().skip(1)).find(|(one, two)| is_credential(one, two)) {
        shows(RiskKind::Credentials, &format!("{} {}", pair.0, pair.1));
    }
    if !name.iter().any(|word| has(MACHINES, word))
        && !speaks_of_machines(definition)
        && let Some(word) = name.iter().find(|word| has(PRIVATE, word))
    {
        shows(RiskKind::PersonalData, word);
    }
    if category > Category::Read {
        let rights = name.iter().chain(&parameters).find(|word| has(RIGHTS, word));
        // `connect_with_oauth` uses a right, and gives none.
        let is_used = |at: usize| {
            let before = at.checked_sub(1).and_then(|before| name.get(before));
            before.is_some_and(|word| matches!(word.as_str(), "with" | "by" | "via" | "using"))
        };
        let mut given =
            name.iter().enumerate().filter(|(at, word)| has(RIGHTS_IN_NAMES, word) && !is_used(*at));
        let named = || given.next().map(|(_, word)| word);
        if let Some(word) = rights.or_else(named) {
            shows(RiskKind::Privilege, word);
        }
        name.iter().filter(|word| has(MANY_AT_ONCE, word)).for_each(|word| shows(RiskKind::Bulk, word));
        if let Some(word) = name.iter().chain(&parameters).chain(first()).find(|word| has(PUBLIC, word)) {
            shows(RiskKind::Exposure, word);
        }
    }
    const COSTS: &[&str] =
        &["billed", "charges apply", "incur", "pricing applies", "costs money", "usage costs"];
    let text = definition.description.as_deref().unwrap_or_default().to_lowercase();
    if let Some(cost) = COSTS.iter().find(|cost| text.contains(**cost)) {
        shows(RiskKind::Cost, cost);
    }
}

/// Whether one of several values that a parameter may have is of a machine: `level: error | info`.
fn speaks_of_machines(definition: &Definition) -> bool {
    let values = definition.parameters().flat_map(|(_, schema)| values(&definition.input_schema, schema));
    values.flat_map(words::of_name).any(|word| has(MACHINES, &word))
}

/// The word that says that a tool touches data of patients. On a server for such data, what deletes does, and what names a
/// kind of record that is kept of them; what tells how a job goes does not.
fn patients(
    name: &[String],
    text: &[Vec<String>],
    parameters: &[String],
    server: &[String],
    category: Category,
) -> Option<String> {
    let tells = name.iter().any(|word| has("job jobs status tag tags", word));
    if category == Category::Read && tells {
        return None;
    }
    let own = || name.iter().chain(text.iter().take(2).flatten()).chain(parameters);
    let medical = || own().chain(server).find(|word| has(PATIENTS, word)).cloned();
    let kept = || name.iter().chain(parameters).any(|word| has(RECORDS, word));
    // The name of the service stands in every description.
    let by_word = own().any(|word| has(PATIENTS, word) && !has(SERVICES, word));
    if by_word || category == Category::Destructive || kept() { medical() } else { None }
}

fn is_credential(one: &str, two: &str) -> bool {
    const KINDS: &str = "api access private secret auth oauth bearer ssh refresh";
    has(KINDS, one) && has("key keys token tokens", two)
}

/// What each parameter shows, with those that stand inside of it.
fn of_parameters(definition: &Definition, category: Category) -> Vec<(RiskKind, &str)> {
    let is_free = |place: &TextPlace<'_>| values(&definition.input_schema, place.schema).is_empty();
    let texts = definition.texts().into_iter().filter(is_free).flat_map(|place| {
        let kinds = of_text(place.name(), definition, category).into_iter();
        kinds.chain(of_format(place.schema)).map(move |kind| (kind, place.parameter()))
    });
    let others = definition.parameters().filter_map(|(parameter, schema)| {
        of_parameter(parameter, schema, category).map(|kind| (kind, parameter))
    });
    let shown = definition.parameters().map(|(parameter, _)| parameter);
    let shown = shown.filter(|parameter| is_shown_to_log_in(parameter, definition));
    texts.chain(others).chain(shown.map(|parameter| (RiskKind::Credentials, parameter))).collect()
}

/// Whether a tool that logs in does so with this. Others are handed a token with every call, as their server has it.
fn is_shown_to_log_in(parameter: &str, definition: &Definition) -> bool {
    let pairs = |words: &[String], of: fn(&str, &str) -> bool| {
        words.iter().zip(words.iter().skip(1)).any(|(one, two)| of(one, two))
    };
    let opens = |verb: &str, what: &str| has("initialize open establish", verb) && what == "connection";
    let name = words::of_name(&definition.tool);
    let logs_in =
        name.iter().any(|word| has("login logon authenticate connect", word)) || pairs(&name, opens);
    logs_in && pairs(&words::of_name(parameter), is_credential)
}

/// What a text in the arguments shows by what it is called.
pub(crate) fn of_text(name: &str, definition: &Definition, category: Category) -> Vec<RiskKind> {
    let words = words::of_name(name);
    let last = words.last().map_or("", String::as_str);
    // That it is an address, too, goes without saying.
    if category > Category::Read && leaves(&words, definition) {
        return vec![RiskKind::Egress];
    }
    let own = match () {
        () if words.iter().any(|word| has(CREDENTIALS, word)) => RiskKind::Credentials,
        () if words.iter().any(|word| has(QUERIES, word)) => RiskKind::FreeQuery,
        () if has(PATHS, last) => RiskKind::FilePath,
        () if has(ADDRESSES, last) => RiskKind::Address,
        () => return Vec::new(),
    };
    vec![own]
}

/// What the schema of a text says of it, whatever it is called.
pub(crate) fn of_format(schema: &Value) -> Option<RiskKind> {
    let format = schema.get("format").and_then(Value::as_str);
    format.filter(|format| matches!(*format, "uri" | "url" | "iri")).map(|_| RiskKind::Address)
}

/// What a parameter shows whether it takes text or not.
fn of_parameter(parameter: &str, schema: &Value, category: Category) -> Option<RiskKind> {
    let words = words::of_name(parameter);
    let last = words.last().map_or("", String::as_str);
    let is_list = schema.get("type").is_some_and(|kind| kind == "array");
    if words.iter().any(|word| has(CREDENTIALS, word)) {
        return Some(RiskKind::Credentials);
    }
    if category == Category::Read {
        return None;
    }
    if words.iter().any(|word| matches!(word.as_str(), "public" | "visibility")) {
        return Some(RiskKind::Exposure);
    }
    // The names of tags are not things.
    let is_things = matches!(last, "ids" | "names" | "items" | "records") || words == ["keys"];
    (is_list && is_things).then_some(RiskKind::Bulk)
}

/// Whether an argument of this name says where data leave for.
fn leaves(words: &[String], definition: &Definition) -> bool {
    let any = |list: &str| words.iter().any(|word| has(list, word));
    let sends = || {
        words::of_name(&definition.tool).iter().any(|word| {
            matches!(word.as_str(), "export" | "upload" | "send" | "forward" | "share" | "reply" | "invite")
        })
    };
    (any(LEAVES) && any(PLACES))
        || has("webhook recipient recipients destination", &words.join("_"))
        || any("cc bcc")
        || (sends() && any("to bucket destination uri url emails recipients"))
}

/// How bad the worst is that the category says, by what else the definition shows.
pub(super) fn severity(
    definition: &Definition,
    category: Category,
    risks: &[Risk],
    evidence: &[Evidence],
) -> Severity {
    let shows = |kinds: &[RiskKind]| risks.iter().any(|risk| kinds.contains(&risk.kind));
    let sensitive = shows(&[RiskKind::PatientData, RiskKind::Credentials]);
    let is_broad = sensitive || shows(&[RiskKind::Bulk, RiskKind::Irreversible, RiskKind::FreeCode]);
    match category {
        Category::Read if shows(&[RiskKind::Credentials]) => of_shown_credentials(definition),
        Category::Read if sensitive || shows(&[RiskKind::PersonalData]) => Severity::Medium,
        Category::Write if sensitive || shows(&[RiskKind::Privilege, RiskKind::Bulk, RiskKind::Exposure]) => {
            Severity::High
        }
        Category::Execute if shows(&[RiskKind::FreeCode, RiskKind::Irreversible]) => Severity::Critical,
        Category::Destructive if !is_broad && (is_minor(definition) || is_incidental(evidence)) => {
            Severity::High
        }
        _ => category.severity(),
    }
}

/// A tool that is named for secrets shows them; one that only takes or tests one shows less.
fn of_shown_credentials(definition: &Definition) -> Severity {
    const TESTS: &str = "ping check validate verify test status health whoami";
    let name = words::of_name(&definition.tool);
    let is_named = name.iter().any(|word| has(CREDENTIALS, word));
    if is_named {
        return Severity::High;
    }
    if name.iter().any(|word| has(TESTS, word)) {
        return Severity::Low;
    }
    let text = words::of_text(definition.description.as_deref().unwrap_or_default());
    let is_told = text.iter().take(2).flatten().any(|word| has(CREDENTIALS, word));
    let pairs = name.iter().zip(name.iter().skip(1)).any(|(one, two)| is_credential(one, two));
    let env = name.iter().any(|word| word.starts_with("env") || word == "dotenv");
    if is_told || pairs || env { Severity::High } else { Severity::Medium }
}

/// Whether nothing but a flag, or its publisher's annotation beside words that say less, makes it destructive.
fn is_incidental(evidence: &[Evidence]) -> bool {
    let by_itself = |one: &&Evidence| !matches!(one.place, Place::Flag | Place::Annotation);
    let mut own = evidence.iter().filter(by_itself).peekable();
    own.peek().is_some() && own.all(|one| one.category < Category::Destructive)
}

fn is_minor(definition: &Definition) -> bool {
    words::of_name(&definition.tool).iter().any(|word| has(MINOR, word))
}

#[cfg(test)]
mod tests {
    use super::super::classify;
    use super::*;

    #[test]
    fn the_severity_moves_with_what_is_shown() {
        for (json, expected) in [
            (r#"{"tool": "get_chat_messages", "description": "Messages of a chat"}"#, Severity::Medium),
            (
                r#"{"tool": "get_messages", "inputSchema": {"properties": {"level": {"enum": ["error", "info"]}}}}"#,
                Severity::Low,
            ),
            (r#"{"tool": "console_messages", "description": "Returns console messages"}"#, Severity::Low),
            (
                r#"{"tool": "get_channels", "description": "Ways to reach us: chat, phone, web"}"#,
                Severity::Low,
            ),
            (r#"{"tool": "get_lead", "description": "Name and phone of a lead"}"#, Severity::Medium),
            (r#"{"tool": "get_secret", "description": "Reads a secret"}"#, Severity::High),
            (r#"{"tool": "ping", "description": "Checks the credentials"}"#, Severity::Low),
            (
                r#"{"tool": "list_indices", "inputSchema": {"properties": {"password": {}}}}"#,
                Severity::Medium,
            ),
            (
                r#"{"tool": "connect_with_oauth", "description": "Opens and keeps a session", "inputSchema": {"properties": {"oauth_token": {}}}}"#,
                Severity::High,
            ),
            (r#"{"tool": "add_guest_to_folder", "description": "Adds a guest"}"#, Severity::High),
            (r#"{"tool": "add_firewall_rule", "description": "Adds a rule"}"#, Severity::High),
            (
                r#"{"tool": "create_note", "inputSchema": {"properties": {"public": {"type": "boolean"}}}}"#,
                Severity::High,
            ),
            (r#"{"tool": "create_note", "description": "Creates a note"}"#, Severity::Medium),
            (r#"{"tool": "run_python", "inputSchema": {"properties": {"code": {}}}}"#, Severity::Critical),
            (r#"{"tool": "delete_chart", "description": "Deletes a chart"}"#, Severity::High),
            (r#"{"tool": "delete_database", "description": "Deletes a database"}"#, Severity::Critical),
            // Its words say less than its publisher, whose word for it is worse by habit.
            (
                r#"{"tool": "set_note", "description": "Sets a note", "annotations": {"destructiveHint": true}}"#,
                Severity::High,
            ),
            (r#"{"tool": "frobnicate", "annotations": {"destructiveHint": true}}"#, Severity::Critical),
        ] {
            assert_eq!(classify(&Definition::read(json).unwrap()).severity, expected, "{json}");
        }
    }
}
