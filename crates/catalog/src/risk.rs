//! How bad a call can get.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What a single call of a tool can do, at worst. Later ones are worse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Category {
    /// It returns information and changes nothing.
    Read,
    /// It creates or changes what another call can put right.
    Write,
    /// It starts work elsewhere: jobs, code, messages, workflows.
    Execute,
    /// It deletes, or cannot be undone.
    Destructive,
    /// It moves or commits money.
    Financial,
}

/// How much harm that may do. Later ones are worse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Of no consequence beyond what is read.
    Low,
    /// Somebody has to put it right.
    Medium,
    /// It reaches beyond the service.
    High,
    /// It cannot be put right.
    Critical,
}

impl Category {
    /// The severity where nothing else is known.
    #[must_use]
    pub const fn severity(self) -> Severity {
        match self {
            Self::Read => Severity::Low,
            Self::Write => Severity::Medium,
            Self::Execute => Severity::High,
            Self::Destructive | Self::Financial => Severity::Critical,
        }
    }

    /// Its name, as in policies: `tool.category`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Read => "Read",
            Self::Write => "Write",
            Self::Execute => "Execute",
            Self::Destructive => "Destructive",
            Self::Financial => "Financial",
        }
    }

    /// Whether a call may do what nobody can put right, or reaches beyond the service.
    #[must_use]
    pub fn is_dangerous(self) -> bool {
        self >= Self::Execute
    }
}

impl Severity {
    /// Its name, as in policies: `tool.severity`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

impl fmt::Display for Category {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
