//! What was found, where, and why it matters.

use std::fmt;

use serde::Serialize;

/// The longest excerpt, in characters.
const LONGEST_EXCERPT: usize = 120;

/// One place that somebody should read before an agent does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What kind of text it is.
    pub kind: FindingKind,
    /// Where it is: the way to the member, such as `inputSchema.properties.path.description`. A name that steers is where
    /// its member is.
    pub place: String,
    /// Its words, shortened; what no terminal should be sent is escaped.
    pub excerpt: String,
    /// Why it is told, as what it does.
    pub why: String,
}

/// What a text tries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FindingKind {
    /// To set aside the instructions that the model has, or somebody's approval.
    Override,
    /// To keep something from the user.
    Secrecy,
    /// To have files, credentials, prompts or the conversation handed out.
    Exfiltration,
    /// To have commands run, or instructions fetched from elsewhere.
    Execution,
    /// To be used before, or instead of, all other tools.
    Precedence,
    /// To change how other tools are used.
    Shadowing,
    /// To have what is meant for somebody go elsewhere.
    Redirection,
    /// To pass for the system, the user or their administrator.
    Imitation,
    /// To press with urgency, threats or rewards.
    Pressure,
    /// To be read by models and not by people.
    HiddenText,
    /// To attack, steal or break in, in its own words.
    HostilePurpose,
}

impl FindingKind {
    /// Every kind.
    pub const ALL: &[Self] = &[
        Self::Override,
        Self::Secrecy,
        Self::Exfiltration,
        Self::Execution,
        Self::Precedence,
        Self::Shadowing,
        Self::Redirection,
        Self::Imitation,
        Self::Pressure,
        Self::HiddenText,
        Self::HostilePurpose,
    ];

    /// Its name, as in JSON.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Override => "override",
            Self::Secrecy => "secrecy",
            Self::Exfiltration => "exfiltration",
            Self::Execution => "execution",
            Self::Precedence => "precedence",
            Self::Shadowing => "shadowing",
            Self::Redirection => "redirection",
            Self::Imitation => "imitation",
            Self::Pressure => "pressure",
            Self::HiddenText => "hidden_text",
            Self::HostilePurpose => "hostile_purpose",
        }
    }
}

impl fmt::Display for FindingKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at {}: {}: `{}`", self.kind, self.place, self.why, self.excerpt)
    }
}

/// The words, shortened, with what is invisible or steers a terminal written out.
pub(crate) fn excerpt(text: &str) -> String {
    let mut words = String::new();
    for (count, letter) in text.trim().chars().enumerate() {
        if count == LONGEST_EXCERPT {
            words.push('…');
            break;
        }
        match letter {
            '\n' | '\t' | '\r' => words.push(' '),
            letter if letter.is_control() || super::hidden::is_invisible(letter) => {
                words.extend(letter.escape_unicode())
            }
            letter => words.push(letter),
        }
    }
    words
}
