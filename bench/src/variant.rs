//! The ways to the server that are compared.

use std::ffi::OsStr;
use std::time::{Duration, Instant};

use anyhow::Result;
use interlock_benches::policies;
use interlock_testkit::interlock::ALLOW_ALL;
use interlock_testkit::serving::{Serving, Site};

use tempfile::NamedTempFile;

use crate::client::{Client, Target};
use crate::messages::Era;
use crate::process::Listening;

/// How the server answers a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answers {
    /// One JSON document.
    Json,
    /// A stream of one event.
    Events,
}

impl Answers {
    /// As it stands in tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Events => "sse",
        }
    }
}

/// What stands between the client and the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// Nothing.
    Direct,
    /// The proxy that parses nothing.
    Floor,
    /// The same proxy, which reads the messages as JSON and writes a record of each.
    Inspecting,
    /// The gateway, with a policy that allows everything.
    Open,
    /// With two typed conditions.
    Policy,
    /// With three limits besides.
    Full,
    /// With all that, and on the disk before it is answered.
    Durable,
}

impl Way {
    /// All of them, in the order of their turns.
    pub const ALL: [Self; 7] =
        [Self::Direct, Self::Floor, Self::Inspecting, Self::Open, Self::Policy, Self::Full, Self::Durable];

    /// As it stands in tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Direct => "direct",
            Self::Floor => "floor",
            Self::Inspecting => "inspect",
            Self::Open => "no rules",
            Self::Policy => "policy",
            Self::Full => "full",
            Self::Durable => "durable",
        }
    }

    fn policy(self) -> String {
        match self {
            Self::Policy => policies::conditions(),
            Self::Full | Self::Durable => policies::limited(),
            _ => ALLOW_ALL.to_owned(),
        }
    }
}

/// A way that is open.
#[derive(Debug)]
pub struct Variant {
    /// Which.
    pub way: Way,
    process: Process,
    address: String,
}

#[derive(Debug)]
enum Process {
    /// The server itself, which is someone else's.
    None,
    Floor {
        floor: Listening,
        _records: Option<NamedTempFile>,
    },
    Interlock(Box<(Site, Serving)>),
}

impl Variant {
    /// Opens this way to a server at this address.
    ///
    /// # Errors
    /// When what stands on it does not start.
    pub async fn open(way: Way, server: &str) -> Result<Self> {
        let (process, address) = match way {
            Way::Direct => (Process::None, server.to_owned()),
            Way::Floor | Way::Inspecting => {
                let records = (way == Way::Inspecting).then(NamedTempFile::new).transpose()?;
                let mut arguments = vec![OsStr::new(server)];
                if let Some(records) = &records {
                    arguments.extend([OsStr::new("--inspect"), records.path().as_os_str()]);
                }
                let floor = Listening::start("interlock-bench-floor", &arguments)?;
                let address = floor.address.clone();
                (Process::Floor { floor, _records: records }, address)
            }
            _ => {
                let (site, serving) = serve(way, server).await?;
                let address = serving.address.clone();
                (Process::Interlock(Box::new((site, serving))), address)
            }
        };
        Ok(Self { way, process, address })
    }

    /// Where a client finds the server that answers so.
    pub fn target(&self, answers: Answers) -> Target {
        let path = match (&self.process, answers) {
            (Process::Interlock(_), answers) => format!("/mcp/{}", answers.name()),
            (_, Answers::Json) => "/mcp".to_owned(),
            (_, Answers::Events) => "/sse/mcp".to_owned(),
        };
        Target { address: self.address.clone(), path }
    }

    /// The process in between, where there is one.
    pub fn pid(&self) -> Option<u32> {
        match &self.process {
            Process::None => None,
            Process::Floor { floor, .. } => Some(floor.pid()),
            Process::Interlock(interlock) => Some(interlock.1.pid()),
        }
    }
}

async fn serve(way: Way, server: &str) -> Result<(Site, Serving)> {
    let durability = if way == Way::Durable { "power_loss" } else { "process" };
    let site = Site::new(&format!(
        "durability: {durability}\nservers:\n  json: {{ url: 'http://{server}/mcp' }}\n  \
         sse: {{ url: 'http://{server}/sse/mcp' }}\ngrants:\n  \
         bench: {{ servers: {{ json: policy.yaml, sse: policy.yaml }} }}\nanonymous: bench\n"
    ))?;
    site.write("policy.yaml", &way.policy())?;
    let serving = site.serve(|command| command).await?;
    Ok((site, serving))
}

/// How long a gateway takes from its start to its first answered call, beside what the server itself takes.
///
/// # Errors
/// When it does not answer.
pub async fn first_answer(server: &str) -> Result<Duration> {
    let begun = Instant::now();
    let variant = Variant::open(Way::Full, server).await?;
    Client::connect(&variant.target(Answers::Json), Era::Modern).await?.call().await?;
    Ok(begun.elapsed())
}
