//! Levels of log messages (MCP, "Logging").

/// From everything to the worst only (RFC 5424, section 6.2.1).
const LEVELS: [&str; 8] = ["debug", "info", "notice", "warning", "error", "critical", "alert", "emergency"];

/// The least severe log messages that somebody wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Level(usize);

impl Level {
    pub(super) fn parse(name: &str) -> Option<Self> {
        LEVELS.iter().position(|level| *level == name).map(Self)
    }

    pub(super) fn name(self) -> &'static str {
        LEVELS.get(self.0).copied().unwrap_or("emergency")
    }
}
