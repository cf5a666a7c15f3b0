//! What moves the severity of a tool beyond its category, or tells of the care it needs, in words for people.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::parameters::values;
use super::signals::{Evidence, Place};
use super::words;
use crate::definition::Definition;
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
            RiskKind::Cost => write!(f, "costs money (\"{shown_by}\")"),
            RiskKind::ManyParameters => write!(f, "many parameters ({shown_by})"),
        }
    }
}

/// From so many parameters on nobody sees at a glance what a call does.
const MANY: usize = 10;

const PATIENTS: &str = "patient patients dicom fhir ehr hl7 clinical phi diagnosis diagnoses prescription prescriptions medication \
     medications healthcare imaging hipaa encounter encounters";
const CREDENTIALS: &str = "password passwords secret secrets credential credentials apikey passphrase keychain keystore mnemonic \
     privatekey accesskey vault";
const PERSONS: &str = "contact contacts customer customers employee employees person persons people profile profiles ssn passport \
     salary payroll recipient recipients subscriber subscribers applicant candidate candidates guest guests phone birthdate inbox \
     mailbox conversation conversations";
const RIGHTS: &str = "role roles permission permissions iam acl acls sudo privilege privileges admin admins rbac member members \
     collaborator collaborators ownership sharing";
const MANY_AT_ONCE: &str = "bulk batch all mass every multiple many";
/// Deleting one of these is put right by making it anew.
const MINOR: &str = "comment comments reaction bookmark bookmarks note notes draft drafts filter filters view views breakpoint \
     breakpoints alias aliases reminder reminders highlight highlights layer shape element cell row slide paragraph";
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
            | Place::Annotation
            | Place::Name
            | Place::Description
            | Place::Action
            | Place::Flag => {}
        }
    }
    subjects(definition, category, &mut shows);
    for (kind, parameter) in of_parameters(definition, category) {
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
    let about = || name.iter().chain(first()).chain(&parameters).chain(&server);
    let kinds = [
        (RiskKind::PatientData, PATIENTS),
        (RiskKind::Credentials, CREDENTIALS),
        (RiskKind::PersonalData, PERSONS),
    ];
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
    if category > Category::Read {
        name.iter()
            .chain(&parameters)
            .filter(|word| has(RIGHTS, word))
            .for_each(|word| shows(RiskKind::Privilege, word));
        name.iter().filter(|word| has(MANY_AT_ONCE, word)).for_each(|word| shows(RiskKind::Bulk, word));
    }
    const COSTS: &[&str] =
        &["billed", "charges apply", "incur", "pricing applies", "costs money", "usage costs"];
    let text = definition.description.as_deref().unwrap_or_default().to_lowercase();
    if let Some(cost) = COSTS.iter().find(|cost| text.contains(**cost)) {
        shows(RiskKind::Cost, cost);
    }
}

fn is_credential(one: &str, two: &str) -> bool {
    const KINDS: &str = "api access private secret auth bearer ssh refresh";
    has(KINDS, one) && has("key keys token tokens", two)
}

/// What each parameter shows.
pub(crate) fn of_parameters(definition: &Definition, category: Category) -> Vec<(RiskKind, &str)> {
    let all = definition.parameters().flat_map(|(parameter, schema)| {
        let leaves = category > Category::Read && leaves(parameter, schema, definition);
        let own = of_parameter(parameter, schema, category);
        // That it is an address, too, goes without saying.
        let own = own.filter(|kind| !leaves || !matches!(kind, RiskKind::Address | RiskKind::FilePath));
        [leaves.then_some(RiskKind::Egress), own].into_iter().flatten().map(move |kind| (kind, parameter))
    });
    all.collect()
}

/// What a text in the arguments shows by what it is called.
pub(crate) fn of_text(name: &str, definition: &Definition, category: Category) -> Vec<RiskKind> {
    let leaves = category > Category::Read && leaves(name, &Value::Null, definition);
    let own = of_parameter(name, &Value::Null, category);
    [leaves.then_some(RiskKind::Egress), own].into_iter().flatten().collect()
}

fn of_parameter(parameter: &str, schema: &Value, category: Category) -> Option<RiskKind> {
    let words = words::of_name(parameter);
    let last = words.last().map_or("", String::as_str);
    let is_text = schema.get("type").is_none_or(|kind| kind == "string") && values(schema).is_empty();
    let is_list = schema.get("type").is_some_and(|kind| kind == "array");
    if words.iter().any(|word| has(CREDENTIALS, word)) {
        return Some(RiskKind::Credentials);
    }
    if is_text && words.iter().any(|word| has(QUERIES, word)) {
        return Some(RiskKind::FreeQuery);
    }
    if (is_text || is_list) && has(PATHS, last) {
        return Some(RiskKind::FilePath);
    }
    if (is_text || is_list) && has(ADDRESSES, last) {
        return Some(RiskKind::Address);
    }
    if category > Category::Read && is_list && matches!(last, "ids" | "keys" | "names" | "items" | "records")
    {
        return Some(RiskKind::Bulk);
    }
    None
}

/// Whether an argument names a place that data leave for.
fn leaves(parameter: &str, schema: &Value, definition: &Definition) -> bool {
    let words = words::of_name(parameter);
    let any = |list: &str| words.iter().any(|word| has(list, word));
    let is_text = schema.get("type").is_none_or(|kind| kind == "string" || kind == "array");
    let exports = || {
        words::of_name(&definition.tool)
            .iter()
            .any(|word| matches!(word.as_str(), "export" | "upload" | "send" | "forward" | "share"))
    };
    is_text
        && values(schema).is_empty()
        && ((any(LEAVES) && any(PLACES))
            || has("webhook recipient recipients destination", &words.join("_"))
            || (exports() && any("to bucket destination uri url")))
}

/// How bad the worst is that the category says, by what else the definition shows.
pub(super) fn severity(definition: &Definition, category: Category, risks: &[Risk]) -> Severity {
    let shows = |kinds: &[RiskKind]| risks.iter().any(|risk| kinds.contains(&risk.kind));
    let sensitive = shows(&[RiskKind::PatientData, RiskKind::Credentials]);
    match category {
        Category::Read if shows(&[RiskKind::Credentials]) => Severity::High,
        Category::Read if sensitive || shows(&[RiskKind::PersonalData]) => Severity::Medium,
        Category::Write if shows(&[RiskKind::Privilege, RiskKind::Bulk]) || sensitive => Severity::High,
        Category::Execute if shows(&[RiskKind::FreeCode, RiskKind::Irreversible]) => Severity::Critical,
        Category::Destructive
            if !sensitive && !shows(&[RiskKind::Bulk, RiskKind::Irreversible]) && is_minor(definition) =>
        {
            Severity::High
        }
        _ => category.severity(),
    }
}

fn is_minor(definition: &Definition) -> bool {
    words::of_name(&definition.tool).iter().any(|word| has(MINOR, word))
}
