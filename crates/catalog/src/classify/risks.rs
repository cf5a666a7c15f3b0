//! What moves the severity of a tool beyond its category, or tells of the care it needs, in words for people.

use std::fmt;

use serde::{Deserialize, Serialize};

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
