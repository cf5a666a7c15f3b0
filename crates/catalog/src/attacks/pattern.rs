//! One pattern, as its file says it.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::mistakes::{self, PatternError};
use super::part::Part;
use super::scenario::{Arrival, Scenario};
use crate::classify::{Judgement, Risk, RiskKind, words};
use crate::risk::Category;

/// An attack, or an accident of the same shape.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pattern {
    /// Its name in commands and addresses, which is its file's: lower case words with `-` between.
    pub id: String,
    /// Its name for people.
    pub name: String,
    /// What kind it is.
    pub category: AttackCategory,
    /// What happens, in plain words.
    pub happens: String,
    /// Where it did.
    pub case: Case,
    /// What an agent must be able to do for it.
    #[serde(default)]
    pub access: Access,
    /// What stops it.
    pub control: Control,
    /// What others call it.
    #[serde(default)]
    pub references: References,
    /// How it is played.
    pub scenario: Scenario,
}

/// What an attack goes by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AttackCategory {
    /// What two readers of the protocol take differently, and who is taken for whom.
    Protocol,
    /// What servers say of their tools.
    Definition,
    /// What agents do by themselves.
    AgentBehaviour,
    /// What is installed.
    SupplyChain,
    /// What calls carry: where data go, and what arguments reach.
    Data,
}

/// A case that is published.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// What happened there.
    pub what: String,
    /// The title of its source.
    pub title: String,
    /// When it was published, as far as is known: `2025`, `2025-07` or `2025-07-18`.
    pub date: String,
    /// Where it is.
    pub url: String,
}

/// What a tool must give for the pattern: one of the categories, and one of the risks. None listed means any; a pattern
/// that lists neither is about the connection and no tool's own.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Access {
    /// What a call can do.
    #[serde(default)]
    pub categories: Vec<Category>,
    /// What its arguments and words show.
    #[serde(default)]
    pub risks: Vec<RiskKind>,
    /// Words of which none is in the argument that shows the risk: `s3`, where an address is meant that is fetched.
    #[serde(default)]
    pub except: Vec<String>,
}

/// What stops it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Control {
    /// In plain words.
    pub what: String,
    /// The policy for each server of the scenario.
    pub policies: BTreeMap<String, String>,
    /// The settings that it takes, where a policy is not all.
    #[serde(default)]
    pub settings: Option<String>,
    /// What it does not stop.
    pub leaves: String,
    /// What the policy that is recommended for the tools of the scenario, from their definitions alone, lets through, and
    /// why; absent where it lets no harm through.
    #[serde(default)]
    pub recommended: Option<String>,
}

/// The identifiers that others have for it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct References {
    /// OWASP MCP Top 10 (2025): `MCP03`.
    #[serde(default)]
    pub owasp_mcp: Vec<String>,
    /// OWASP Top 10 for Agentic Applications (2026): `ASI02`.
    #[serde(default)]
    pub owasp_agentic: Vec<String>,
    /// MITRE ATLAS: `AML.T0053`.
    #[serde(default)]
    pub mitre_atlas: Vec<String>,
    /// CoSAI, "Model Context Protocol (MCP) Security": `MCP-T4`.
    #[serde(default)]
    pub cosai: Vec<String>,
    /// SAFE-MCP: `SAFE-T1001`.
    #[serde(default)]
    pub safe_mcp: Vec<String>,
}

impl Pattern {
    /// Reads a file. `name` is the file's, without its ending.
    ///
    /// # Errors
    /// The text is no pattern, or does not hold together; the error says where.
    pub fn read(name: &str, yaml: &str) -> Result<Self, PatternError> {
        let mut pattern: Self = serde_saphyr::from_str(yaml)
            .map_err(|error| PatternError::Shape { file: name.to_owned(), what: error.to_string() })?;
        pattern.say_what_stops();
        match mistakes::of(name, &pattern) {
            mistakes if mistakes.is_empty() => Ok(pattern),
            mistakes => Err(PatternError::Mistakes { file: name.to_owned(), mistakes }),
        }
    }
}

impl Pattern {
    /// Says what stops a harm where only one part of its policy can.
    fn say_what_stops(&mut self) {
        for harm in self.scenario.harm.iter_mut().filter(|harm| harm.stopped_by.is_empty()) {
            let mut candidates = self.control.candidates(harm);
            if candidates.len() == 1 {
                harm.stopped_by.append(&mut candidates);
            }
        }
    }

    /// The parts that each stop some of the harm, once each, with that harm.
    #[must_use]
    pub fn stopped_by(&self) -> BTreeMap<&[Part], Vec<&Arrival>> {
        let mut of: BTreeMap<&[Part], Vec<&Arrival>> = BTreeMap::new();
        for harm in &self.scenario.harm {
            of.entry(harm.stopped_by.as_slice()).or_default().push(harm);
        }
        of
    }
}

impl Access {
    /// Whether a tool of this judgement gives it. What needs nothing of a tool is given by none.
    #[must_use]
    pub fn is_given_by(&self, judgement: &Judgement) -> bool {
        let category = self.categories.is_empty() || self.categories.contains(&judgement.category);
        let is_other =
            |risk: &Risk| words::of_name(&risk.shown_by).iter().any(|word| self.except.contains(word));
        let gives = |risk: &Risk| self.risks.contains(&risk.kind) && !is_other(risk);
        let risk = self.risks.is_empty() || judgement.risks.iter().any(gives);
        !(self.categories.is_empty() && self.risks.is_empty()) && category && risk
    }
}

impl References {
    /// Each framework's name with the identifiers, where there are any.
    pub fn by_framework(&self) -> impl Iterator<Item = (&'static str, &[String])> {
        [
            ("OWASP MCP Top 10", &self.owasp_mcp),
            ("OWASP Agentic", &self.owasp_agentic),
            ("MITRE ATLAS", &self.mitre_atlas),
            ("CoSAI", &self.cosai),
            ("SAFE-MCP", &self.safe_mcp),
        ]
        .into_iter()
        .filter(|(_, identifiers)| !identifiers.is_empty())
        .map(|(framework, identifiers)| (framework, identifiers.as_slice()))
    }
}

impl fmt::Display for AttackCategory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Protocol => "protocol",
            Self::Definition => "definition",
            Self::AgentBehaviour => "agent behaviour",
            Self::SupplyChain => "supply chain",
            Self::Data => "data",
        })
    }
}
