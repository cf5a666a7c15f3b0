//! The README's first example, run: a real AWS server, a real client, Interlock between them.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use interlock_testkit::peers::{Environment, uvx_variables};
use interlock_testkit::standin::{Standin, aws_variables};

use crate::environment::{self, HEALTHIMAGING};
use crate::process::{self, cargo, debug_directory};

const POLICY: &str = "policies/aws-healthimaging.yaml";
/// One that asks a person.
const ASKING: &str = "policies/aws-healthimaging-exports.yaml";

/// What `cargo xtask demo` takes.
#[derive(Debug, Default, clap::Args)]
pub(crate) struct Options {
    /// Call AWS itself with the credentials of the environment, in place of a stand-in on this machine. It
    /// starts ten export jobs; DEMO_DATASTORE, DEMO_ROLE and DEMO_OUTPUT name what they work on.
    #[arg(long)]
    real: bool,
}

/// Runs it; false when something went another way than the policy says.
pub(crate) fn run(root: &Path, options: &Options) -> Result<bool> {
    if options.real {
        let has = |name: &str| std::env::var_os(name).is_some();
        ensure!(
            has("AWS_ACCESS_KEY_ID") || has("AWS_PROFILE"),
            "no AWS credentials: set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
        );
    }
    environment::install(root)?;
    eprintln!("building interlock");
    process::run(&mut cargo(root, &["build", "--quiet", "--package", "interlock"]))?;

    let peers = Environment::find()?;
    let directory = root.join(".testenv/demo");
    if directory.exists() {
        fs::remove_dir_all(&directory)?;
    }
    fs::create_dir_all(&directory)?;

    let mut client = Command::new(peers.python());
    client.arg(root.join("tests/fixtures/python/demo.py")).current_dir(root).envs(uvx_variables(root));
    let log = directory.join("stderr.log");
    client.arg("--log").arg(&log);
    let standin = if options.real { None } else { Some(Standin::healthimaging(&peers)?) };
    if let Some(standin) = &standin {
        client.arg("--record").arg(standin.record()).envs(aws_variables(standin.url()));
    }
    let server = ["uvx", HEALTHIMAGING];
    client.arg("--server").args(server);
    let (interlock, data) = (debug_directory(root).join("interlock"), directory.join("data"));
    client.arg("--through").arg(&interlock);
    client.args(["run", "-c", POLICY, "--data"]).arg(&data).arg("--").args(server);
    if standin.is_some() {
        // With limits of its own: those of the first are used up.
        let data = directory.join("asking");
        client.arg("--asking").arg(&interlock);
        client.args(["run", "-c", ASKING, "--data"]).arg(&data).arg("--").args(server);
        client.arg("--person").arg(&interlock).arg(&data);
    }

    println!("$ interlock run -c {POLICY} -- {}", server.join(" "));
    match &standin {
        Some(standin) => {
            println!("AWS is a stand-in on this machine, at {}; nothing leaves it.", standin.url())
        }
        None => println!("AWS is AWS: this starts export jobs in your account."),
    }
    let status = client.status().context("start the Python client")?;
    println!("(what server and gateway logged: {})", log.display());
    Ok(status.success())
}
