//! From what a definition says to what its tool is taken for.

use std::fmt;

use serde::Serialize;

use super::parameters::Takes;
use super::risks::{self, Risk};
use super::signals::{Evidence, Place};
use super::text::Described;
use super::told::Told;
use super::{counts, foreign, name, parameters, statements, text};
use crate::definition::Definition;
use crate::risk::{Category, Severity};

/// How sure a judgement is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Confidence {
    /// Nothing says what it does, or what is said disagrees.
    Low,
    /// One part of the definition says so.
    Medium,
    /// Its name and its description say the same.
    High,
}

impl fmt::Display for Confidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        })
    }
}

/// What a tool is taken for, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Judgement {
    /// The worst that one call can do.
    pub category: Category,
    /// How bad that is.
    pub severity: Severity,
    /// How sure that is.
    pub confidence: Confidence,
    /// What it rests on.
    pub evidence: Vec<Evidence>,
    /// What else the definition shows of the care that the tool needs.
    pub risks: Vec<Risk>,
}

/// All that a definition says of what its tool does.
struct Said {
    name: Option<name::Named>,
    described: Described,
    /// The description only tells of something.
    is_told: bool,
    worse: Option<Evidence>,
    read_only: Option<Evidence>,
    parameters: Vec<Evidence>,
    words: Option<Evidence>,
    annotations: Vec<Evidence>,
}

/// Judges a tool by its definition. What cannot be understood is not taken for reading.
#[must_use]
pub fn classify(definition: &Definition) -> Judgement {
    let mut said = Said::of(definition);
    let mut ours = said.category();
    if ours == Some(Category::Read) && !said.is_plainly_read() {
        said.words = words(definition);
        ours = ours.max(said.words.as_ref().map(|words| words.category));
    }
    let annotated = said.annotations.iter().map(|one| one.category).max();
    // The publisher may be wrong or lie: what it says makes a judgement worse, never better.
    let category = ours.into_iter().chain(annotated).max().unwrap_or(Category::Write);
    let confidence = said.confidence(ours, annotated);
    let evidence = said.evidence();
    let risks = risks::of(definition, category, &evidence);
    let severity = risks::severity(definition, category, &risks, &evidence);
    Judgement { category, severity, confidence, evidence, risks }
}

impl Said {
    fn of(definition: &Definition) -> Self {
        let text = definition.description.as_deref().or(definition.title.as_deref()).unwrap_or_default();
        let name = name::of(definition);
        let mut described = match foreign::is_other_script(text) {
            true => Described {
                head: foreign::of(text),
                is_firm: true,
                told: foreign::told(text),
                ..Described::default()
            },
            false => text::of(text),
        };
        if described.head.is_none() {
            described.head = foreign::of(text);
        }
        let told = described.told.take().filter(|_| described.head.is_none());
        let told = told.filter(|told| is_told(told, name.as_ref(), definition));
        let is_told = told.is_some();
        if let Some(told) = told {
            described.is_firm = told.is_plain;
            described.head = Some(told.evidence);
        }
        Self {
            name,
            described,
            is_told,
            worse: statements::worse(text),
            read_only: statements::read_only(text),
            parameters: parameters::of(definition),
            words: None,
            annotations: annotations(definition),
        }
    }

    /// What name, description and parameters say together; nothing where they say nothing.
    fn category(&self) -> Option<Category> {
        let base = self.base();
        let joined = self.described.also.as_ref().map(|also| also.category);
        let is_read = base == Some(Category::Read);
        if let Some(read_only) = &self.read_only
            && self.may_be_read_only(base)
        {
            return Some(read_only.category);
        }
        let action = self.at(Place::Action);
        // A name that says what is done says more than what its program is handed, and so does one of what is read.
        let says = |named: &name::Named| named.is_firm || named.evidence.category == Category::Read;
        let only_tells = self.is_told && self.described.also.is_none();
        let whole = self.at(Place::Whole).filter(|_| !only_tells && !self.name.as_ref().is_some_and(says));
        // What only keeps code, or a product's `code`, does not run it.
        let keeps = is_read || base == Some(Category::Write);
        let is_script =
            self.parameters.iter().any(|one| one.place == Place::Code && parameters::is_script(&one.words));
        let is_unnamed = self.name.is_none();
        let code = self
            .at(Place::Code)
            .filter(|_| !keeps || is_unnamed || is_script || self.runs() || self.requests());
        // What is only looked at is not overwritten, unless the answer is written to a file.
        let is_kept =
            self.parameters.iter().any(|one| one.place == Place::Flag && one.category == Category::Write);
        let flags = self.parameters.iter().filter(|one| one.place == Place::Flag);
        let counts = |one: &&Evidence| !is_read || is_kept || !parameters::is_manner(&one.words);
        let flag = flags.filter(counts).map(|one| one.category).max();
        let firmly_read = is_read && self.name.as_ref().is_some_and(|named| named.is_firm);
        let joined = joined.filter(|joined| !firmly_read || *joined > Category::Execute);
        // What is only read is told of what was lost before.
        let changes = !firmly_read || joined.is_some_and(|joined| joined > Category::Read);
        let worse = self.worse.as_ref().map(|worse| worse.category);
        let worse = worse.filter(|worse| changes || *worse == Category::Execute);
        [base, joined, action, whole, code, flag, worse].into_iter().flatten().max()
    }

    /// What the name and the first verb of the description say together.
    fn base(&self) -> Option<Category> {
        let (Some(named), Some(head)) = (&self.name, &self.described.head) else {
            let head = self.described.head.as_ref().map(|head| head.category);
            return self.name.as_ref().map(|named| named.evidence.category).or(head);
        };
        let (by_name, by_text) = (named.evidence.category, head.category);
        // `delete_organization_member`: `Removes a user from an organization` says more closely what is removed, and
        // `add`: `Adds two numbers` what is added.
        let is_same = named.is_alone && named.evidence.words == head.words;
        if is_same || (is_removal(&named.evidence) && is_removal(head) && by_text == Category::Write) {
            return Some(by_text);
        }
        if by_name == Category::Read && named.is_firm {
            // `get_report`: `Runs the report` says how. That something is sent, deleted or paid for is no way of getting.
            // That something is kept is none either.
            let keeps = matches!(head.words.as_str(), "save" | "add" | "store");
            let is_way = (by_text <= Category::Write && !keeps) || is_way_of_reading(&head.words);
            return Some(if is_way { by_name } else { by_text });
        }
        if named.is_bare && self.described.is_firm && self.at(Place::Code).is_none() {
            return Some(by_text);
        }
        // `Execute the update_broker operation` says no more than the name does.
        if named.is_firm && matches!(head.words.as_str(), "execute" | "perform" | "call" | "invoke") {
            return Some(by_name);
        }
        if !named.is_firm && self.described.is_firm {
            return Some(by_text.max(if by_text == Category::Read { by_text } else { by_name }));
        }
        Some(if self.described.is_firm { by_name.max(by_text) } else { by_name })
    }

    /// Nothing is read-only that deletes or pays by its own name.
    fn may_be_read_only(&self, base: Option<Category>) -> bool {
        let named = self.name.as_ref();
        let contradicts = named.is_some_and(|named| {
            named.evidence.category > Category::Execute
                || (named.is_firm && !named.is_bare && named.evidence.category > Category::Read)
        });
        let head = self.described.head.as_ref();
        let said = head.is_some_and(|head| {
            self.described.is_firm
                && head.category > Category::Read
                && !matches!(head.words.as_str(), "execute" | "run" | "call" | "invoke" | "perform")
        });
        // That a script is run in a read-only place is its publisher's word alone; a query can be held to it.
        let code = self.parameters.iter().filter(|one| one.place == Place::Code);
        let mut scripts = code.filter(|one| !parameters::is_query(&one.words) && !is_request(one));
        scripts.next().is_none()
            && !contradicts
            && !said
            && self.worse.is_none()
            && base.is_none_or(|base| base <= Category::Execute)
    }

    /// Whether its text only names what is given back, or it or the name begins with what only reads, whatever it is done
    /// with, and nothing speaks against it; or its text says outright that it only reads, which was believed where it could be.
    fn is_plainly_read(&self) -> bool {
        const PLAIN: &str = "get list describe find fetch retrieve view lookup count show info details read search query \
            decode explain preview compare validate parse calculate compute evaluate simulate sum encode estimate inspect summarize \
            translate convert navigate echo wait poll";
        let is_plain = |said: Option<&Evidence>| {
            said.is_some_and(|said| PLAIN.split_whitespace().any(|plain| plain == said.words))
        };
        let (name, head) = (self.name.as_ref().map(|named| &named.evidence), self.described.head.as_ref());
        let texts = [head, self.described.also.as_ref(), self.worse.as_ref()];
        let others = texts.into_iter().flatten().chain(&self.parameters).map(|one| one.category);
        let is_read = others.max().is_none_or(|category| category == Category::Read);
        let is_named = name.is_none_or(|name| name.category == Category::Read);
        self.read_only.is_some()
            || (is_read && (self.is_told || (is_named && (is_plain(name) || is_plain(head)))))
    }

    fn runs(&self) -> bool {
        let named =
            self.name.as_ref().filter(|named| named.is_bare || named.evidence.category == Category::Execute);
        let head = self.described.head.as_ref().filter(|head| head.category == Category::Execute);
        named.is_some() || head.is_some()
    }

    /// Whether a parameter gives the method of a request.
    fn requests(&self) -> bool {
        self.parameters.iter().any(is_request)
    }

    fn at(&self, place: Place) -> Option<Category> {
        self.parameters.iter().filter(|one| one.place == place).map(|one| one.category).max()
    }

    fn confidence(&self, ours: Option<Category>, annotated: Option<Category>) -> Confidence {
        let Some(ours) = ours else { return Confidence::Low };
        let name = self.name.as_ref().map(|named| named.evidence.category);
        let text = self.described.head.as_ref().map(|head| head.category);
        match (name, text) {
            _ if annotated.is_some_and(|annotated| annotated > ours) || self.words.is_some() => {
                Confidence::Low
            }
            (Some(name), Some(text)) if name == text && name == ours => Confidence::High,
            (Some(name), Some(text)) if name != text => Confidence::Low,
            _ => Confidence::Medium,
        }
    }

    fn evidence(self) -> Vec<Evidence> {
        let name = self.name.map(|named| named.evidence);
        let own = [name, self.described.head, self.described.also, self.worse, self.read_only];
        own.into_iter().flatten().chain(self.parameters).chain(self.words).chain(self.annotations).collect()
    }
}

/// What its words say against a read: that it changes something. What it changes they do not say.
fn words(definition: &Definition) -> Option<Evidence> {
    let words = counts::against_read(definition)?;
    Some(Evidence { place: Place::Words, words: words.join(", "), category: Category::Write })
}

fn is_request(one: &Evidence) -> bool {
    one.place == Place::Code && one.words.contains(", ")
}

fn is_removal(evidence: &Evidence) -> bool {
    matches!(evidence.words.as_str(), "remove" | "delete")
}

/// Whether a description that only tells of something is believed: its tool takes what says which, and nothing that could
/// be sent or stored; beside a name that may say that something is done, both must be plain.
fn is_told(told: &Told, name: Option<&name::Named>, definition: &Definition) -> bool {
    let takes = parameters::takes(definition);
    match name {
        Some(named) if named.evidence.category > Category::Read => {
            told.is_plain && !named.is_firm && !named.is_bare && takes == Takes::Choices
        }
        _ => takes == Takes::Choices || (told.is_plain && takes == Takes::Unknown),
    }
}

/// Verbs that say how something is read as well as that it is done.
fn is_way_of_reading(verb: &str) -> bool {
    const WAYS: &str =
        "run execute perform call invoke export build respond engage operate request process compile dump";
    WAYS.split_whitespace().any(|way| way == verb)
}

fn annotations(definition: &Definition) -> Vec<Evidence> {
    let Some(said) = &definition.annotations else { return Vec::new() };
    let mut found = Vec::new();
    let mut says = |words: &str, category| {
        found.push(Evidence { place: Place::Annotation, words: words.to_owned(), category });
    };
    if said.read_only_hint == Some(false) {
        says("readOnlyHint: false", Category::Write);
    }
    if said.destructive_hint == Some(true) && said.read_only_hint != Some(true) {
        says("destructiveHint: true", Category::Destructive);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(json: &str) -> Judgement {
        classify(&Definition::read(json).unwrap())
    }

    #[test]
    fn what_nothing_is_known_of_is_not_taken_for_reading() {
        let judgement = judged(r#"{"tool": "frobnicate"}"#);
        assert_eq!((judgement.category, judgement.confidence), (Category::Write, Confidence::Low));
    }

    #[test]
    fn an_annotation_makes_it_worse_and_never_better() {
        let delete =
            r#"{"tool": "delete_all", "description": "Deletes all", "annotations": {"readOnlyHint": true}}"#;
        assert_eq!(judged(delete).category, Category::Destructive);
        let get = r#"{"tool": "get", "description": "Gets", "annotations": {"readOnlyHint": false, "destructiveHint": true}}"#;
        let get = judged(get);
        assert_eq!((get.category, get.confidence), (Category::Destructive, Confidence::Low));
    }

    #[test]
    fn a_query_is_read_only_where_the_definition_says_so() {
        let tool = |name: &str, text: &str| {
            judged(&format!(r#"{{"tool": "{name}", "description": "{text}", "inputSchema": {{"properties": {{"sql": {{"type": "string"}}}}}}}}"#)).category
        };
        assert_eq!(tool("execute_query", "Run SQL"), Category::Execute);
        assert_eq!(tool("execute_query", "Run a read-only SQL query"), Category::Read);
        assert_eq!(tool("execute_query", "Run SQL; fails in read-only mode"), Category::Execute);
        assert_eq!(tool("execute_query", "Run SQL, not read-only"), Category::Execute);
        assert_eq!(tool("delete_rows", "Read-only, believe me"), Category::Destructive);
        let request = |text: &str| {
            judged(&format!(r#"{{"tool": "get_raw", "description": "{text}", "inputSchema": {{"properties": {{"path": {{}}, "method": {{}}}}}}}}"#)).category
        };
        assert_eq!(request("Reads any endpoint. Safe verbs only (GET, HEAD)."), Category::Read);
        assert_eq!(request("Reads any endpoint"), Category::Execute);
        let script = r#"{"tool": "execute_python", "description": "Run Python in a read-only sandbox", "inputSchema": {"properties": {"code": {}}}}"#;
        assert_eq!(judged(script).category, Category::Execute);
        let hidden = r#"{"tool": "get_output", "description": "Gets output", "inputSchema": {"properties": {"shell_command": {}}}}"#;
        assert_eq!(judged(hidden).category, Category::Execute);
    }

    #[test]
    fn parameters_say_what_else_can_be_done() {
        let tool = |name: &str, schema: &str| {
            judged(&format!(r#"{{"tool": "{name}", "inputSchema": {{"properties": {schema}}}}}"#)).category
        };
        assert_eq!(
            tool("manage_users", r#"{"action": {"enum": ["list", "create", "delete"]}}"#),
            Category::Destructive
        );
        assert_eq!(
            tool("manage_users", r#"{"action": {"description": "One of: list, create"}}"#),
            Category::Write
        );
        assert_eq!(tool("fetch", r#"{"url": {}, "method": {"enum": ["GET", "POST"]}}"#), Category::Execute);
        assert_eq!(tool("fetch", r#"{"url": {}, "method": {"enum": ["GET"]}}"#), Category::Read);
        assert_eq!(tool("write_file", r#"{"overwrite": {"type": "boolean"}}"#), Category::Destructive);
        assert_eq!(tool("get_user", r#"{"fields": {"type": "string"}}"#), Category::Read);
        let switch = |name: &str| tool("get_data", &format!(r#"{{"{name}": {{"type": "boolean"}}}}"#));
        assert_eq!(switch("dump_to_file"), Category::Write);
        assert_eq!(switch("install_to_system"), Category::Execute);
        assert_eq!(switch("reset"), Category::Destructive);
        assert_eq!(switch("resettable"), Category::Read);
        let page = r#"{"description": "() => { /* code */ }", "type": "string"}"#;
        assert_eq!(tool("evaluate", &format!(r#"{{"function": {page}}}"#)), Category::Execute);
    }

    #[test]
    fn what_takes_one_object_of_anything_stands_for_a_program() {
        let tool = |name: &str, text: &str, object: &str| {
            judged(&format!(r#"{{"tool": "{name}", "description": "{text}", "inputSchema": {{"properties": {{"parameters": {object}}}}}}}"#)).category
        };
        let open = r#"{"type": "object"}"#;
        assert_eq!(tool("order_total", "Sums the prices of an order", open), Category::Execute);
        assert_eq!(tool("get_total", "Sums the prices of an order", open), Category::Read);
        let declared = r#"{"type": "object", "properties": {"order": {"type": "string"}}}"#;
        assert_eq!(tool("order_total", "Sums the prices of an order", declared), Category::Read);
    }

    #[test]
    fn an_export_of_patients_data_shows_what_it_risks() {
        let judgement = judged(
            r#"{"tool": "start_dicom_export_job", "description": "Start a DICOM export job.", "inputSchema": {"properties":
            {"datastore_id": {"type": "string"}, "output_s3_uri": {"type": "string"}, "data_access_role_arn": {"type": "string"}}}}"#,
        );
        assert_eq!((judgement.category, judgement.severity), (Category::Execute, Severity::High));
        let kinds: Vec<_> = judgement.risks.iter().map(|risk| (risk.kind, risk.shown_by.as_str())).collect();
        use super::super::RiskKind::{Egress, PatientData, Privilege};
        assert!(
            kinds.contains(&(PatientData, "dicom")) && kinds.contains(&(Egress, "output_s3_uri")),
            "{kinds:?}"
        );
        assert!(kinds.iter().any(|(kind, _)| *kind == Privilege), "{kinds:?}");
    }
}
