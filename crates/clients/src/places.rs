//! Where each client keeps its servers.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::client::Client;
use crate::format::Format;

/// Files of one folder of servers that are looked at.
const MOST_FILES: usize = 100;

/// The operating system whose folders are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum System {
    /// Linux and what is like it.
    Linux,
    /// macOS
    MacOs,
    /// Windows
    Windows,
}

impl System {
    /// The one that this program was built for.
    #[must_use]
    pub const fn present() -> Self {
        if cfg!(target_os = "macos") {
            Self::MacOs
        } else if cfg!(windows) {
            Self::Windows
        } else {
            Self::Linux
        }
    }
}

/// What the places depend on.
#[derive(Clone)]
pub struct Surroundings<'v> {
    /// The operating system.
    pub system: System,
    /// The user's home.
    pub home: PathBuf,
    /// The folder whose project files are looked at too.
    pub project: Option<PathBuf>,
    /// Variables of the environment.
    pub variable: &'v dyn Fn(&str) -> Option<String>,
}

impl std::fmt::Debug for Surroundings<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Surroundings")
            .field("system", &self.system)
            .field("home", &self.home)
            .finish_non_exhaustive()
    }
}

/// For whom a configuration counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// For the user, everywhere.
    User,
    /// For one project.
    Project,
}

/// A file in which a client may keep servers; it need not be there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The client.
    pub client: Client,
    /// For whom it counts.
    pub scope: Scope,
    /// The file.
    pub path: PathBuf,
    /// Its language.
    pub format: Format,
    /// The key under which the servers are.
    pub key: &'static str,
    /// The project that it belongs to.
    pub project: Option<PathBuf>,
}

impl Place {
    /// A file in a place of its own, read as this client reads its configuration.
    #[must_use]
    pub fn of_file(client: Client, path: PathBuf) -> Self {
        place(client, Scope::User, path, None)
    }
}

/// Every place of every client.
#[must_use]
pub fn places(around: &Surroundings<'_>) -> Vec<Place> {
    let mut all: Vec<Place> = Client::ALL.into_iter().flat_map(|client| of_user(client, around)).collect();
    if let Some(project) = &around.project {
        all.extend(Client::ALL.into_iter().flat_map(|client| of_project(client, project)));
    }
    // The home may be the project.
    let mut seen = HashSet::new();
    all.retain(|place| seen.insert(place.path.clone()));
    all
}

/// Where a client's servers are in a file.
const fn written(client: Client) -> (Format, &'static str) {
    match client {
        // Read as the standard has it: a file with comments has no servers for them.
        Client::ClaudeDesktop | Client::ClaudeCode => (Format::Json, "mcpServers"),
        Client::Cursor | Client::Windsurf | Client::Cline | Client::Gemini => {
            (Format::JsonWithComments, "mcpServers")
        }
        Client::VsCode => (Format::JsonWithComments, "servers"),
        Client::Codex => (Format::Toml, "mcp_servers"),
        Client::Zed => (Format::JsonWithComments, "context_servers"),
        Client::Continue => (Format::Yaml, "mcpServers"),
    }
}

fn of_user(client: Client, around: &Surroundings<'_>) -> Vec<Place> {
    let home = around.home.as_path();
    let files = match client {
        Client::ClaudeDesktop => vec![around.applications().join("Claude/claude_desktop_config.json")],
        Client::ClaudeCode => {
            vec![around.folder("CLAUDE_CONFIG_DIR").unwrap_or(home.into()).join(".claude.json")]
        }
        Client::Cursor => vec![home.join(".cursor/mcp.json")],
        Client::VsCode => around.code_users().map(|user| user.join("mcp.json")).collect(),
        Client::Cline => {
            let file = "globalStorage/saoudrizwan.claude-dev/settings/cline_mcp_settings.json";
            around.code_users().map(|user| user.join(file)).collect()
        }
        Client::Windsurf => vec![home.join(".codeium/windsurf/mcp_config.json")],
        Client::Gemini => vec![home.join(".gemini/settings.json")],
        Client::Codex => vec![around.folder("CODEX_HOME").unwrap_or(home.join(".codex")).join("config.toml")],
        Client::Zed => vec![around.zed().join("settings.json")],
        Client::Continue => {
            let folder = around.folder("CONTINUE_GLOBAL_DIR").unwrap_or(home.join(".continue"));
            let alone = folder.join("config.yaml");
            std::iter::once(alone).chain(blocks(&folder)).collect()
        }
    };
    files.into_iter().map(|path| place(client, Scope::User, path, None)).collect()
}

fn of_project(client: Client, project: &Path) -> Vec<Place> {
    let files = match client {
        Client::ClaudeDesktop | Client::Windsurf | Client::Cline => Vec::new(),
        Client::ClaudeCode => vec![project.join(".mcp.json")],
        Client::Cursor => vec![project.join(".cursor/mcp.json")],
        Client::VsCode => vec![project.join(".vscode/mcp.json")],
        Client::Gemini => vec![project.join(".gemini/settings.json")],
        Client::Codex => vec![project.join(".codex/config.toml")],
        Client::Zed => vec![project.join(".zed/settings.json")],
        Client::Continue => blocks(&project.join(".continue")),
    };
    files.into_iter().map(|path| place(client, Scope::Project, path, Some(project.to_owned()))).collect()
}

fn place(client: Client, scope: Scope, path: PathBuf, project: Option<PathBuf>) -> Place {
    let (format, key) = written(client);
    // Continue takes over files of others as they are.
    let json = path.extension().is_some_and(|extension| extension == "json");
    let format = if client == Client::Continue && json { Format::JsonWithComments } else { format };
    Place { client, scope, path, format, key, project }
}

/// The files of Continue's folder of servers, by name.
fn blocks(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder.join("mcpServers")) else { return Vec::new() };
    let is_block = |path: &PathBuf| {
        let extension = path.extension().and_then(|extension| extension.to_str());
        matches!(extension, Some("yaml" | "yml" | "json"))
    };
    let paths = entries.filter_map(|entry| Some(entry.ok()?.path())).filter(is_block);
    let mut paths: Vec<PathBuf> = paths.take(MOST_FILES).collect();
    paths.sort();
    paths
}

impl Surroundings<'_> {
    /// A folder that a variable names; an empty one names none.
    fn folder(&self, variable: &str) -> Option<PathBuf> {
        (self.variable)(variable).filter(|value| !value.is_empty()).map(PathBuf::from)
    }

    /// Where applications keep what is configured.
    fn applications(&self) -> PathBuf {
        match self.system {
            System::Linux => self.folder("XDG_CONFIG_HOME").unwrap_or_else(|| self.home.join(".config")),
            System::MacOs => self.home.join("Library/Application Support"),
            System::Windows => self.folder("APPDATA").unwrap_or_else(|| self.home.join("AppData/Roaming")),
        }
    }

    /// The user folders of Visual Studio Code and its builds.
    fn code_users(&self) -> impl Iterator<Item = PathBuf> + use<> {
        let base = self.applications();
        ["Code", "Code - Insiders", "VSCodium"].into_iter().map(move |build| base.join(build).join("User"))
    }

    fn zed(&self) -> PathBuf {
        match self.system {
            System::MacOs => self.home.join(".config/zed"),
            System::Linux => self.applications().join("zed"),
            System::Windows => self.applications().join("Zed"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(system: System, variables: &[(&str, &str)]) -> Vec<String> {
        let variable = |name: &str| {
            variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        };
        let around = Surroundings {
            system,
            home: "/home/ada".into(),
            project: Some("/srv/shop".into()),
            variable: &variable,
        };
        places(&around).into_iter().map(|place| place.path.display().to_string()).collect()
    }

    #[test]
    fn each_system_has_its_folders() {
        let cline = "Code/User/globalStorage/saoudrizwan.claude-dev/settings/cline_mcp_settings.json";
        let both = [
            "/home/ada/.claude.json",
            "/home/ada/.cursor/mcp.json",
            "/home/ada/.codeium/windsurf/mcp_config.json",
            "/home/ada/.gemini/settings.json",
            "/home/ada/.codex/config.toml",
            "/home/ada/.continue/config.yaml",
            "/srv/shop/.mcp.json",
            "/srv/shop/.cursor/mcp.json",
            "/srv/shop/.vscode/mcp.json",
            "/srv/shop/.gemini/settings.json",
            "/srv/shop/.codex/config.toml",
            "/srv/shop/.zed/settings.json",
        ];
        let support = "/home/ada/Library/Application Support";
        for (system, own) in [
            (
                System::Linux,
                [
                    "/home/ada/.config/Claude/claude_desktop_config.json".to_owned(),
                    "/home/ada/.config/Code/User/mcp.json".to_owned(),
                    format!("/home/ada/.config/{cline}"),
                    "/home/ada/.config/zed/settings.json".to_owned(),
                ],
            ),
            (
                System::MacOs,
                [
                    format!("{support}/Claude/claude_desktop_config.json"),
                    format!("{support}/Code/User/mcp.json"),
                    format!("{support}/{cline}"),
                    "/home/ada/.config/zed/settings.json".to_owned(),
                ],
            ),
            (
                System::Windows,
                [
                    "/home/ada/AppData/Roaming/Claude/claude_desktop_config.json".to_owned(),
                    "/home/ada/AppData/Roaming/Code/User/mcp.json".to_owned(),
                    format!("/home/ada/AppData/Roaming/{cline}"),
                    "/home/ada/AppData/Roaming/Zed/settings.json".to_owned(),
                ],
            ),
        ] {
            let found = paths(system, &[]);
            for path in own.iter().map(String::as_str).chain(both) {
                assert!(found.iter().any(|known| known == path), "{system:?}: {path} is not in {found:?}");
            }
        }
    }

    #[test]
    fn variables_move_folders() {
        let variables = [
            ("XDG_CONFIG_HOME", "/cfg"),
            ("CODEX_HOME", "/codex"),
            ("CLAUDE_CONFIG_DIR", "/claude"),
            ("CONTINUE_GLOBAL_DIR", ""),
        ];
        let found = paths(System::Linux, &variables);
        for path in [
            "/cfg/Claude/claude_desktop_config.json",
            "/cfg/zed/settings.json",
            "/cfg/Code/User/mcp.json",
            "/codex/config.toml",
            "/claude/.claude.json",
            "/home/ada/.continue/config.yaml",
        ] {
            assert!(found.iter().any(|known| known == path), "{path} is not in {found:?}");
        }
        let windows = paths(System::Windows, &[("APPDATA", "/roaming")]);
        assert!(windows.iter().any(|path| path == "/roaming/Zed/settings.json"));
    }
}
