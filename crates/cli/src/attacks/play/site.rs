//! Servers over HTTP, those who call them, and `interlock serve` in between where there is a gateway.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::Path;
use std::time::Duration;

use anyhow::Context;
use interlock_catalog::attacks::Scenario;
use serde_json::{Map, Value, json};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::Child;
use tokio::time::{Instant, sleep, timeout};

use super::http::Place;
use super::process::Processes;
use super::stage::record;
use crate::attacks::fixture::FixtureArgs;

/// The file that the gateway reads.
pub(super) const CONFIG: &str = "interlock.yaml";
/// How long a process may take until it listens.
const PATIENCE: Duration = Duration::from_secs(30);
/// How often it is looked whether one does.
const LOOK: Duration = Duration::from_millis(10);

/// Processes that listen, and the tokens with which they are spoken to.
pub(super) struct Site {
    /// The addresses of the servers.
    servers: BTreeMap<String, String>,
    /// The address of the gateway.
    gateway: Option<String>,
    tokens: BTreeMap<String, String>,
    _processes: Vec<Child>,
}

impl Site {
    /// Starts the servers, and a gateway with these settings where there are any.
    pub(super) async fn start(
        processes: &Processes,
        folder: &Path,
        scenario: &Scenario,
        gateway: Option<&str>,
    ) -> anyhow::Result<Self> {
        let (mut running, mut servers) = (Vec::new(), BTreeMap::new());
        for name in scenario.servers.keys() {
            let place = folder.join(format!("{name}.address"));
            let server = folder.join(format!("{name}.server"));
            let words = FixtureArgs::words(&server, &record(folder, name), Some(&place));
            running.push(processes.command(&words)?.spawn().context("cannot start a server")?);
            servers.insert(name.clone(), written(&place).await?);
        }
        let Some(settings) = gateway else {
            let token = |grant: &String| (grant.clone(), format!("token-of-{grant}"));
            let tokens = scenario.grants.keys().map(token).collect();
            return Ok(Self { servers, gateway: None, tokens, _processes: running });
        };
        let config = config(scenario, &servers, settings)?;
        let file = folder.join(CONFIG);
        std::fs::write(&file, serde_json::to_string_pretty(&config)?)?;
        let mut tokens = BTreeMap::new();
        for grant in scenario.grants.keys() {
            let words: [OsString; 5] =
                ["grants".into(), "create".into(), grant.into(), "-c".into(), file.clone().into()];
            tokens.insert(grant.clone(), processes.output(&words).await?.trim().to_owned());
        }
        let words: [OsString; 3] = ["serve".into(), "-c".into(), file.into()];
        let (child, address) = listening(processes, &words).await?;
        running.push(child);
        Ok(Self { servers, gateway: Some(address), tokens, _processes: running })
    }

    /// Where a grant finds a server.
    pub(super) fn place(&self, server: &str, grant: &str) -> anyhow::Result<Place> {
        let token = self.tokens.get(grant).with_context(|| format!("there is no grant `{grant}`"))?.clone();
        let (address, path) = match &self.gateway {
            Some(gateway) => (gateway, format!("/mcp/{server}")),
            None => (self.servers.get(server).context("there is no such server")?, "/mcp".to_owned()),
        };
        Ok(Place { address: address.clone(), path, token })
    }

    pub(super) fn tokens(&self) -> impl Iterator<Item = &str> {
        self.tokens.values().map(String::as_str)
    }
}

/// What `interlock serve` reads.
fn config(
    scenario: &Scenario,
    addresses: &BTreeMap<String, String>,
    settings: &str,
) -> anyhow::Result<Map<String, Value>> {
    let further: Option<Map<String, Value>> =
        serde_saphyr::from_str(settings).context("the settings of the pattern cannot be read")?;
    let mut config = further.unwrap_or_default();
    let servers = scenario.servers.iter().map(|(name, server)| {
        let address = addresses.get(name).map(String::as_str).unwrap_or_default();
        let credential = server.credential.as_ref().map(|credential| format!("Bearer {credential}"));
        let headers: Map<String, Value> = credential
            .map(|credential| ("Authorization".to_owned(), credential.into()))
            .into_iter()
            .collect();
        (name.clone(), json!({ "url": format!("http://{address}/mcp"), "headers": headers }))
    });
    let servers: Map<String, Value> = servers.collect();
    let policies: Map<String, Value> =
        scenario.servers.keys().map(|name| (name.clone(), format!("{name}.yaml").into())).collect();
    let grants = scenario
        .grants
        .iter()
        .map(|(name, grant)| (name.clone(), json!({ "servers": policies, "labels": grant.labels })));
    let grants: Map<String, Value> = grants.collect();
    let own = [
        ("listen", json!("127.0.0.1:0")),
        ("admin", json!("none")),
        ("data", json!("data")),
        ("servers", servers.into()),
        ("grants", grants.into()),
    ];
    config.extend(own.map(|(key, value)| (key.to_owned(), value)));
    Ok(config)
}

/// What a process writes to a file once it listens.
async fn written(place: &Path) -> anyhow::Result<String> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        match std::fs::read_to_string(place) {
            Ok(address) => return Ok(address),
            Err(_) if Instant::now() < deadline => sleep(LOOK).await,
            Err(error) => return Err(error).context("a server does not listen"),
        }
    }
}

/// Starts the gateway and waits until it says where it listens.
async fn listening(processes: &Processes, words: &[OsString]) -> anyhow::Result<(Child, String)> {
    let mut command = processes.command(words)?;
    let mut child =
        command.stderr(std::process::Stdio::piped()).spawn().context("cannot start the gateway")?;
    let said = child.stderr.take().context("the gateway has no standard error")?;
    let mut lines = BufReader::new(said).lines();
    let mut all = String::new();
    let address = loop {
        let line = timeout(PATIENCE, lines.next_line()).await.context("the gateway does not listen")??;
        let line = line.with_context(|| format!("the gateway ended: {all}"))?;
        if let Some((_, rest)) = line.split_once("listening at http://") {
            break rest.split('/').next().unwrap_or_default().to_owned();
        }
        all.push_str(&line);
        all.push('\n');
    };
    // It goes on saying things, which nobody needs: what is not read would hold it up.
    tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
    Ok((child, address))
}
