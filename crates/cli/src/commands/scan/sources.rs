//! Where the tools of a scan are from: a server that is asked, those of a client's configuration, or lists that were kept.

use std::collections::HashMap;
use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, ensure};
use interlock_clients::{State, line_of};
use interlock_gateway::Server;

use super::{ScanArgs, Scanned};
use crate::args::{ReachedArgs, name};
use crate::commands::run::{named, reached};
use crate::configured::asked::{self, Asked};
use crate::configured::known::{EntryAt, known};
use crate::configured::{Configuration, Survey};
use crate::definitions::{self, as_listed};
use crate::new_policy::folders_in;
use crate::settings::Settings;
use crate::terminal;

/// Where somebody would look for a server.
#[derive(Debug, Clone, Default)]
pub(super) struct Origin {
    /// The configuration that names it, or the list of its tools.
    pub(super) file: Option<PathBuf>,
    /// The line on which it is named there.
    pub(super) line: Option<usize>,
    /// The lines on which its tools stand, in their order.
    pub(super) tools: Vec<usize>,
}

pub(super) fn scanned(args: &ScanArgs, settings: &Arc<Settings>) -> anyhow::Result<Vec<Scanned>> {
    if let Some(file) = &args.tools {
        return of_file(file, args);
    }
    let servers = match &args.config {
        Some(file) => of_configuration(file, args)?,
        None => vec![(of_command(args, settings)?, Origin::default())],
    };
    let said = !args.quiet && std::io::stderr().is_terminal();
    let (servers, origins): (Vec<Asked>, Vec<Origin>) = servers.into_iter().unzip();
    let names: Vec<String> = servers.iter().map(|(name, _)| name.clone()).collect();
    let folders: Vec<Vec<String>> = servers.iter().map(|(_, server)| folders_of(server)).collect();
    let answers = asked::ask(servers, settings, args.timeout, said)?;
    let scanned = |(((name, offer), origin), folders)| Scanned { name, offer, origin, folders, pinned: None };
    Ok(names.into_iter().zip(answers).zip(origins).zip(folders).map(scanned).collect())
}

fn folders_of(server: &Result<Server, String>) -> Vec<String> {
    let Ok(Server::Child(command)) = server else { return Vec::new() };
    let words = std::iter::once(&command.program).chain(&command.args);
    let words: Vec<String> = words.map(|word| word.to_string_lossy().into_owned()).collect();
    folders_in(&words)
}

/// The servers of a file, each with its tools: those that their lines name, else the one that the file is called after.
fn of_file(file: &Path, args: &ScanArgs) -> anyhow::Result<Vec<Scanned>> {
    let mut servers: Vec<(String, Vec<String>, Vec<usize>)> = Vec::new();
    let mut places: HashMap<String, usize> = HashMap::new();
    let mut source = String::new();
    definitions::each(&[file.to_owned()], &mut |found| {
        found.source.clone_into(&mut source);
        let place = || format!("cannot use the tools in `{}`: line {}", found.source, found.line);
        let tool = found.tool.and_then(|tool| Ok((server_of(tool)?, as_listed(tool)?)));
        let (own, tool) = tool.map_err(|why| anyhow::anyhow!("{}: {why}", place()))?;
        let stem = found.server.filter(|stem| name(stem).is_ok()).map(str::to_owned);
        let server = own.or(stem).unwrap_or_else(|| "server".to_owned());
        let at = *places.entry(server.clone()).or_insert(servers.len());
        if at == servers.len() {
            servers.push((server, Vec::new(), Vec::new()));
        }
        if let Some((_, tools, lines)) = servers.get_mut(at) {
            tools.push(tool);
            lines.push(found.line);
        }
        Ok(())
    })?;
    if let Some(name) = &args.server {
        ensure!(
            servers.len() < 2,
            "`{source}` has the tools of {} servers; leave out --server",
            servers.len()
        );
        servers.iter_mut().for_each(|server| server.0.clone_from(name));
    }
    if servers.is_empty() {
        let stem = file.file_stem().map(|stem| stem.to_string_lossy().into_owned());
        let stem = stem.filter(|stem| name(stem).is_ok() && stem != "-");
        let name = args.server.clone().or(stem).unwrap_or_else(|| "server".to_owned());
        servers.push((name, Vec::new(), Vec::new()));
    }
    let is_file = file.as_os_str() != "-";
    servers
        .into_iter()
        .map(|(name, raw, tools)| {
            let offer = asked::offer(&name, raw);
            let offer = offer.map_err(|why| anyhow::anyhow!("cannot use the tools in `{source}`: {why}"))?;
            let origin = Origin { file: is_file.then(|| file.to_owned()), line: None, tools };
            Ok(Scanned { name, offer: Ok(offer), origin, folders: Vec::new(), pinned: None })
        })
        .collect()
}

/// The server that a tool of a dump names.
fn server_of(tool: &str) -> Result<Option<String>, String> {
    let definition = interlock_catalog::Definition::read(tool).map_err(|error| error.to_string())?;
    match definition.server {
        server if server.is_empty() => Ok(None),
        server => {
            name(&server).map(Some).map_err(|why| format!("`{server}` cannot be a server's name: {why}"))
        }
    }
}

fn of_command(args: &ScanArgs, settings: &Settings) -> anyhow::Result<Asked> {
    ensure!(
        args.url.is_some() || !args.command.is_empty(),
        "nothing to scan: give a command after `--`, or --url, --config or --tools"
    );
    let how = ReachedArgs {
        url: args.url.clone(),
        headers: args.headers.clone(),
        header_variables: args.header_variables.clone(),
        command: args.command.clone(),
    };
    let server = reached(&how, settings)?;
    let name = args.server.clone().unwrap_or_else(|| named(&server, &args.command));
    Ok((name, Ok(server)))
}

fn of_configuration(file: &Path, args: &ScanArgs) -> anyhow::Result<Vec<(Asked, Origin)>> {
    let survey = Survey::here()?;
    let configurations = vec![survey.configuration_at(file, args.client)?];
    let origin = |line| Origin { file: Some(file.to_owned()), line, tools: Vec::new() };
    let mut found: Vec<(Asked, Origin)> = Vec::new();
    for known in known(&configurations, &Vec::new()) {
        let server = known.reached(&survey, &configurations).context("cannot tell how it is reached");
        let line = known.entries.first().and_then(|at| line(&configurations, *at));
        found.push(((known.name, server.map_err(|error| terminal::with_causes(&error))), origin(line)));
    }
    // A client may understand what is not understood here: nobody is to believe that it was looked at.
    for (configuration, of) in configurations.iter().enumerate() {
        let servers = of.read.as_ref().map(|read| read.servers.as_slice()).unwrap_or_default();
        for (server, entry) in servers.iter().enumerate() {
            if let State::Unclear(why) = &entry.state {
                let why = format!("its entry is not understood: {why}");
                let line = line(&configurations, EntryAt { configuration, server });
                found.push(((entry.name.clone(), Err(why)), origin(line)));
            }
        }
    }
    ensure!(!found.is_empty(), "`{}` has no MCP server that is used", file.display());
    Ok(found)
}

fn line(configurations: &[Configuration], at: EntryAt) -> Option<usize> {
    let configuration = configurations.get(at.configuration)?;
    let read = configuration.read.as_ref().ok()?;
    line_of(&configuration.place, &read.file.text, read.servers.get(at.server)?)
}
