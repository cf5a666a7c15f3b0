//! The clients whose configurations are known.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A program that starts MCP servers on behalf of a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Client {
    /// Claude Desktop
    ClaudeDesktop,
    /// Claude Code
    ClaudeCode,
    /// Cursor
    Cursor,
    /// Visual Studio Code
    VsCode,
    /// Windsurf
    Windsurf,
    /// Cline, in Visual Studio Code
    Cline,
    /// Gemini CLI
    Gemini,
    /// Codex
    Codex,
    /// Zed
    Zed,
    /// Continue
    Continue,
}

impl Client {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::ClaudeDesktop,
        Self::ClaudeCode,
        Self::Cursor,
        Self::VsCode,
        Self::Windsurf,
        Self::Cline,
        Self::Gemini,
        Self::Codex,
        Self::Zed,
        Self::Continue,
    ];

    /// Its name on a command line.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::ClaudeDesktop => "claude-desktop",
            Self::ClaudeCode => "claude-code",
            Self::Cursor => "cursor",
            Self::VsCode => "vscode",
            Self::Windsurf => "windsurf",
            Self::Cline => "cline",
            Self::Gemini => "gemini",
            Self::Codex => "codex",
            Self::Zed => "zed",
            Self::Continue => "continue",
        }
    }

    /// Its name for people.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::ClaudeDesktop => "Claude Desktop",
            Self::ClaudeCode => "Claude Code",
            Self::Cursor => "Cursor",
            Self::VsCode => "VS Code",
            Self::Windsurf => "Windsurf",
            Self::Cline => "Cline",
            Self::Gemini => "Gemini CLI",
            Self::Codex => "Codex",
            Self::Zed => "Zed",
            Self::Continue => "Continue",
        }
    }

    /// Whether it puts values in the place of `${…}` in its configuration.
    #[must_use]
    pub const fn expands(self) -> bool {
        matches!(
            self,
            Self::ClaudeCode | Self::Cursor | Self::VsCode | Self::Windsurf | Self::Gemini | Self::Continue
        )
    }
}

impl fmt::Display for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.title())
    }
}
