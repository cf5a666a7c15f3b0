//! The servers that MCP clients on this machine have in their configurations.

pub(crate) mod asked;
pub(crate) mod known;
pub(crate) mod own;
pub(crate) mod standing;

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use anyhow::Context as _;
use clap::ValueEnum;
use clap::builder::PossibleValue;
use interlock_clients::{
    Client, ConfigFile, Known, Place, Reached, Scope, Server, Surroundings, System, expand, open, places,
    servers,
};
use interlock_gateway::transport::child::ServerCommand;
use interlock_gateway::transport::http::HttpServer;

/// A client, as it is named on the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ClientName(pub(crate) Client);

impl ValueEnum for ClientName {
    fn value_variants<'a>() -> &'a [Self] {
        static ALL: LazyLock<Vec<ClientName>> =
            LazyLock::new(|| Client::ALL.into_iter().map(ClientName).collect());
        &ALL
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(self.0.id()).help(self.0.title()))
    }
}

/// A configuration that is there.
pub(crate) struct Configuration {
    pub(crate) place: Place,
    /// The file and its servers, or why they cannot be told.
    pub(crate) read: Result<Read, String>,
}

impl Configuration {
    /// Whether it is one of these clients', or of any where none is named.
    pub(crate) fn is_of(&self, clients: &[ClientName]) -> bool {
        clients.is_empty() || clients.iter().any(|name| name.0 == self.place.client)
    }
}

/// What a configuration holds.
pub(crate) struct Read {
    pub(crate) file: ConfigFile,
    pub(crate) servers: Vec<Server>,
}

/// Where to look.
pub(crate) struct Survey {
    home: PathBuf,
    project: PathBuf,
}

impl Survey {
    /// The user's home, and the present folder.
    pub(crate) fn here() -> anyhow::Result<Self> {
        let home = dirs::home_dir().context("no home directory to look for configurations in")?;
        let project = std::env::current_dir().context("cannot tell the current folder")?;
        Ok(Self { home, project })
    }

    /// Every configuration of these clients, or of all, that is there. What a folder says is run, and who made the folder
    /// may be anybody: the files of the project are only told, but where they are asked for.
    pub(crate) fn configurations(&self, clients: &[ClientName], project: bool) -> Vec<Configuration> {
        let around = Surroundings {
            system: System::present(),
            home: self.home.clone(),
            project: Some(self.project.clone()),
            variable: &variable,
        };
        let wanted = |place: &Place| clients.is_empty() || clients.iter().any(|name| name.0 == place.client);
        let found = |place: Place| match place.scope {
            Scope::Project if !project => not_looked_at(place),
            _ => configuration(place),
        };
        places(&around).into_iter().filter(wanted).filter_map(found).collect()
    }

    /// The configuration in this file: of the client that is named, else of the one whose file that is, else of the first
    /// that finds servers in it.
    pub(crate) fn configuration_at(
        &self,
        file: &Path,
        client: Option<ClientName>,
    ) -> anyhow::Result<Configuration> {
        let path = std::path::absolute(file)
            .with_context(|| format!("cannot tell where `{}` is", file.display()))?;
        let around = Surroundings {
            system: System::present(),
            home: self.home.clone(),
            project: path.parent().map(Path::to_owned),
            variable: &variable,
        };
        let known = places(&around).into_iter().find(|place| place.path == path);
        let clients = client.map_or(Client::ALL.to_vec(), |name| vec![name.0]);
        let mut any: Vec<Place> =
            clients.into_iter().map(|client| Place::of_file(client, path.clone())).collect();
        // What a file is called says best what it is meant to be.
        any.sort_by_key(|place| !place.format.is_called(&path));
        let mut first = None;
        for place in
            known.filter(|place| client.is_none_or(|name| name.0 == place.client)).into_iter().chain(any)
        {
            let found = configuration(place).with_context(|| format!("there is no `{}`", path.display()))?;
            match &found.read {
                Ok(read) if !read.servers.is_empty() => return Ok(found),
                Ok(_) => drop(first.get_or_insert(Ok(()))),
                Err(error) => drop(first.get_or_insert(Err(error.clone()))),
            }
        }
        if let Some(Err(why)) = first {
            anyhow::bail!("cannot read servers from `{}`: {why}", path.display());
        }
        anyhow::bail!(
            "`{}` has no MCP server in it, as no client of which Interlock knows reads it",
            path.display()
        )
    }

    /// The server as its client would start or reach it.
    ///
    /// # Errors
    /// In words, where only the client can.
    pub(crate) fn reached(
        &self,
        place: &Place,
        server: &Server,
    ) -> anyhow::Result<interlock_gateway::Server> {
        let known = Known {
            client: place.client,
            home: &self.home,
            project: server.project.as_deref(),
            variable: &variable,
        };
        let text = |text: &String| expand(text, &known);
        let pairs = |pairs: &[(String, String)]| {
            pairs
                .iter()
                .map(|(name, value)| Ok((name.clone(), text(value)?)))
                .collect::<anyhow::Result<Vec<_>>>()
        };
        match &server.reached {
            Reached::Command(words) => {
                let words = words.iter().map(text).collect::<Result<Vec<_>, _>>()?;
                let (program, args) = words.split_first().context("its command is empty")?;
                let env = pairs(&server.variables)?;
                let directory = server.directory.as_ref().map(text).transpose()?;
                // A project that is gone is nowhere that a server could be started in.
                let project = server.project.as_deref().filter(|project| project.is_dir());
                let folder = project.unwrap_or(&self.home);
                Ok(interlock_gateway::Server::Child(ServerCommand {
                    program: program.into(),
                    args: args.iter().map(Into::into).collect(),
                    env: env.into_iter().map(|(name, value)| (name.into(), value.into())).collect(),
                    directory: Some(directory.map_or(folder.to_owned(), |directory| folder.join(directory))),
                }))
            }
            Reached::Url { url, headers } => {
                let server = HttpServer::new(&text(url)?, &pairs(headers)?)?;
                Ok(interlock_gateway::Server::Http(server))
            }
            Reached::Nothing => anyhow::bail!("it has neither a command nor an address"),
        }
    }

    /// An entry's name, with the project that it is for where the file is about more than that.
    pub(crate) fn entry(&self, place: &Place, server: &Server) -> String {
        let name = server.name.replace('\n', " ");
        match server.project.as_ref().filter(|project| Some(*project) != place.project.as_ref()) {
            Some(project) => format!("{name} of {}", self.shown(project)),
            None => name,
        }
    }

    /// A path as people write it.
    pub(crate) fn shown(&self, path: &Path) -> String {
        match path.strip_prefix(&self.home) {
            Ok(rest) if !rest.as_os_str().is_empty() => format!("~/{}", rest.display()),
            _ => path.display().to_string(),
        }
    }
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// Why the files of the present folder's project have no servers here.
pub(crate) const NOT_LOOKED_AT: &str = "not looked at (`--project`)";

/// A file that is there, and is not read.
fn not_looked_at(place: Place) -> Option<Configuration> {
    place.path.symlink_metadata().ok()?;
    Some(Configuration { place, read: Err(NOT_LOOKED_AT.to_owned()) })
}

fn configuration(place: Place) -> Option<Configuration> {
    let read = match open(&place.path) {
        Ok(None) => return None,
        Ok(Some(file)) => servers(&place, &file.text, &own::is_own)
            .map(|servers| Read { file, servers })
            .map_err(|error| error.to_string()),
        Err(error) => Err(error.to_string()),
    };
    Some(Configuration { place, read })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_the_project_are_read_only_where_they_are_asked_for() {
        let folder = tempfile::TempDir::new().unwrap();
        let [home, project] = ["home", "project"].map(|name| folder.path().join(name));
        let text = r#"{"mcpServers": {"a": {"command": "a"}}}"#;
        for (folder, file) in [(&home, ".cursor/mcp.json"), (&project, ".cursor/mcp.json")] {
            let path = folder.join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        let survey = Survey { home, project };
        let read = |project| {
            let found = survey.configurations(&[ClientName(Client::Cursor)], project);
            let servers = |found: &Configuration| {
                found.read.as_ref().map(|read| read.servers.len()).map_err(Clone::clone)
            };
            found.iter().map(|found| (found.place.scope, servers(found))).collect::<Vec<_>>()
        };
        let left_out = (Scope::Project, Err(NOT_LOOKED_AT.to_owned()));
        assert_eq!(read(false), [(Scope::User, Ok(1)), left_out]);
        assert_eq!(read(true), [(Scope::User, Ok(1)), (Scope::Project, Ok(1))]);
    }
}
