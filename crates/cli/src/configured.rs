//! The servers that MCP clients on this machine have in their configurations.

pub(crate) mod asked;
pub(crate) mod known;

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use anyhow::Context as _;
use clap::ValueEnum;
use clap::builder::PossibleValue;
use interlock_clients::{
    Client, ConfigFile, Known, Place, Reached, Server, Surroundings, System, expand, open, places, servers,
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

    /// Every configuration of these clients, or of all, that is there.
    pub(crate) fn configurations(&self, clients: &[ClientName]) -> Vec<Configuration> {
        let around = Surroundings {
            system: System::present(),
            home: self.home.clone(),
            project: Some(self.project.clone()),
            variable: &variable,
        };
        let wanted = |place: &Place| clients.is_empty() || clients.iter().any(|name| name.0 == place.client);
        places(&around).into_iter().filter(wanted).filter_map(configuration).collect()
    }

    /// The server as its client would start or reach it.
    ///
    /// # Errors
    /// In words, where only the client can.
    pub(crate) fn reached(&self, place: &Place, server: &Server) -> anyhow::Result<interlock_gateway::Server> {
        let known = Known {
            client: place.client,
            home: &self.home,
            project: server.project.as_deref(),
            variable: &variable,
        };
        let text = |text: &String| expand(text, &known);
        let pairs = |pairs: &[(String, String)]| {
            pairs.iter().map(|(name, value)| Ok((name.clone(), text(value)?))).collect::<anyhow::Result<Vec<_>>>()
        };
        match &server.reached {
            Reached::Command(words) => {
                let words = words.iter().map(text).collect::<Result<Vec<_>, _>>()?;
                let (program, args) = words.split_first().context("its command is empty")?;
                let env = pairs(&server.variables)?;
                let directory = server.directory.as_ref().map(text).transpose()?;
                let folder = server.project.as_deref().unwrap_or(&self.home);
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

fn configuration(place: Place) -> Option<Configuration> {
    let read = match open(&place.path) {
        Ok(None) => return None,
        Ok(Some(file)) => servers(&place, &file.text)
            .map(|servers| Read { file, servers })
            .map_err(|error| error.to_string()),
        Err(error) => Err(error.to_string()),
    };
    Some(Configuration { place, read })
}
