//! The real servers: how each is started, what it is asked, and what of its answers is different each time.

use std::ffi::OsString;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use interlock_testkit::command::Command;
use interlock_testkit::peers::Environment;
use interlock_testkit::script::VERSIONS;
use interlock_testkit::standin::{Standin, aws_variables};
use regex::Regex;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::plan::{Step, argument, call, list};

const STORE: &str = "00000000000000000000000000000001";

/// A real server by its usual name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Server {
    /// `awslabs.healthimaging-mcp-server`
    HealthImaging,
    /// `awslabs.stepfunctions-tool-mcp-server`
    StepFunctions,
    /// `awslabs.aws-support-mcp-server`
    Support,
    /// `awslabs.amazon-mq-mcp-server`
    AmazonMq,
    /// `@modelcontextprotocol/server-everything`
    Everything,
    /// `@modelcontextprotocol/server-filesystem`
    Filesystem,
    /// `@modelcontextprotocol/server-memory`
    Memory,
}

/// What a server works on: a stand-in for AWS, or files.
#[derive(Debug)]
pub struct World {
    standin: Option<Standin>,
    directory: TempDir,
}

impl World {
    /// What the server's environment has besides ours.
    #[must_use]
    pub fn variables(&self) -> Vec<(OsString, OsString)> {
        let variables = self.standin.as_ref().map(|standin| aws_variables(standin.url())).unwrap_or_default();
        variables.into_iter().map(|(name, value)| (name.into(), value.into())).collect()
    }

    fn files(&self) -> std::path::PathBuf {
        self.directory.path().join("files")
    }
}

impl Server {
    /// The name that its budgets and records are kept under.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::HealthImaging => "healthimaging",
            Self::StepFunctions => "stepfunctions",
            Self::Support => "support",
            Self::AmazonMq => "mq",
            Self::Everything => "everything",
            Self::Filesystem => "filesystem",
            Self::Memory => "memory",
        }
    }

    /// Whether it speaks this version; asked `auto`, every server finds one.
    #[must_use]
    pub fn speaks(self, version: &str) -> bool {
        let npm = matches!(self, Self::Everything | Self::Filesystem | Self::Memory);
        version == "auto" || VERSIONS.contains(&version) && !(npm && version == "2026-07-28")
    }

    /// Makes what it works on.
    ///
    /// # Errors
    /// When a stand-in does not start.
    pub fn world(self, environment: &Environment) -> Result<World> {
        let standin = match self {
            Self::HealthImaging => Some(Standin::healthimaging(environment)?),
            Self::StepFunctions | Self::Support | Self::AmazonMq => Some(Standin::moto(environment)?),
            Self::Everything | Self::Filesystem | Self::Memory => None,
        };
        let world = World { standin, directory: TempDir::new()? };
        fs::create_dir(world.files())?;
        fs::write(world.files().join("notes.txt"), "one\ntwo\nthree\n")?;
        Ok(world)
    }

    /// The command that starts it. Runs of different names share nothing that they write.
    #[must_use]
    pub fn command(self, environment: &Environment, world: &World, run: &str) -> Command {
        match self {
            Self::HealthImaging => environment.python_program("awslabs.healthimaging-mcp-server"),
            Self::StepFunctions => environment.python_program("awslabs.stepfunctions-tool-mcp-server"),
            Self::Support => environment.python_program("awslabs.aws-support-mcp-server"),
            Self::AmazonMq => environment.python_program("awslabs.amazon-mq-mcp-server"),
            Self::Everything => environment.node_server("server-everything"),
            Self::Filesystem => environment.node_server("server-filesystem").arg(world.files()),
            Self::Memory => {
                let mut file = OsString::from("MEMORY_FILE_PATH=");
                file.push(world.directory.path().join(format!("memory-{run}.jsonl")));
                environment.node_server("server-memory").behind(Command::new("env").arg(file))
            }
        }
    }

    /// What it is asked.
    #[must_use]
    pub fn steps(self, world: &World) -> Vec<Step> {
        let mut steps = vec![list("tools")];
        steps.extend(match self {
            Self::HealthImaging => health_imaging(),
            Self::StepFunctions => vec![
                call("order_total", json!({ "parameters": { "order": 9_007_199_254_740_993_u64 } })),
                call("order_total", json!({})),
                call("no_such_tool", json!({})),
            ],
            Self::Support => vec![
                call("describe_support_cases", json!({ "include_resolved_cases": true })),
                call("describe_severity_levels", json!({ "format": "markdown" })),
                call("resolve_support_case", json!({})),
            ],
            Self::AmazonMq => vec![
                call("list_brokers", json!({ "region": "us-east-1" })),
                call("describe_broker", json!({ "region": "us-east-1", "BrokerId": "none" })),
                call(
                    "rabbitmq_broker_get_guideline",
                    json!({ "guideline_name": "rabbimq_broker_sizing_guide" }),
                ),
                call("list_users", json!({ "region": "us-east-1" })),
            ],
            Self::Everything => everything(),
            Self::Filesystem => filesystem(&world.files()),
            Self::Memory => memory(),
        });
        steps
    }

    /// What differs between two runs of the same questions.
    ///
    /// # Errors
    /// When a mask does not compile.
    pub fn masks(self) -> Result<Vec<Regex>> {
        let patterns: &[&str] = match self {
            // An error says when it happened; moto moves a case on each time it is asked about.
            Self::Support => &[
                r#"\\?"timestamp\\?": ?[0-9.]+"#,
                r#"\\?"status\\?": ?\\?"(opened|pending-customer-action|reopened|resolved|unassigned|work-in-progress)\\?""#,
            ],
            // An execution without a name gets a random one.
            Self::StepFunctions => &["execution:order-total:[0-9a-f-]{36}"],
            // A tool that shows its text with the time in it.
            Self::Everything => &["[0-9]+:[0-9]{2}:[0-9]{2} [AP]M"],
            _ => &[],
        };
        patterns.iter().map(|pattern| Regex::new(pattern).context("compile a mask")).collect()
    }
}

fn health_imaging() -> Vec<Step> {
    let export = json!({
        "datastore_id": STORE,
        "data_access_role_arn": "arn:aws:iam::123456789012:role/export",
        "output_s3_uri": "s3://exports/out/",
        "job_name": "Übergabe 📦",
    });
    vec![
        call("start_dicom_export_job", export),
        call("list_dicom_export_jobs", json!({ "datastore_id": STORE })),
        call("get_dicom_export_job", json!({ "datastore_id": STORE, "job_id": "f".repeat(32) })),
        call("start_dicom_export_job", json!({ "datastore_id": STORE })),
        call("list_datastores", json!({})),
        list("resources"),
        list("prompts"),
    ]
}

fn everything() -> Vec<Step> {
    vec![
        call("echo", json!({ "message": "Zeile\n\u{1F600} \"quoted\" \\ 2^53+1" })),
        call("get-sum", json!({ "a": 1.5, "b": -0.25 })),
        call("get-sum", json!({ "a": "one" })),
        call("get-structured-content", json!({ "location": "Chicago" })),
        call("get-tiny-image", json!({})),
        call("get-annotated-message", json!({ "messageType": "error", "includeImage": true })),
        call("no-such-tool", json!({})),
        list("resources"),
        list("templates"),
        list("prompts"),
        Step::Read { uri: "demo://resource/static/document/architecture.md".to_owned() },
        Step::Read { uri: "demo://nothing/here".to_owned() },
        Step::Prompt { name: "simple-prompt".to_owned(), arguments: Value::Null },
        Step::Prompt { name: "args-prompt".to_owned(), arguments: json!({ "city": "Lyon", "state": "F" }) },
        Step::Complete { prompt: "completable-prompt".to_owned(), argument: argument("department", "S") },
        Step::Ping,
    ]
}

fn filesystem(files: &Path) -> Vec<Step> {
    let path = |name: &str| files.join(name).display().to_string();
    vec![
        call("list_allowed_directories", json!({})),
        call("list_directory", json!({ "path": path("") })),
        call("read_text_file", json!({ "path": path("notes.txt"), "head": 2 })),
        call("write_file", json!({ "path": path("notes.txt"), "content": "one\ntwo\nthree\n" })),
        call("read_text_file", json!({ "path": "/etc/hostname" })),
        call("read_text_file", json!({})),
    ]
}

fn memory() -> Vec<Step> {
    let entity = json!({ "name": "gate", "entityType": "part", "observations": ["closed", "häufig"] });
    vec![
        call("create_entities", json!({ "entities": [entity] })),
        call("add_observations", json!({ "observations": [{ "entityName": "gate", "contents": ["open"] }] })),
        call("read_graph", json!({})),
        call("search_nodes", json!({ "query": "gate" })),
        call("open_nodes", json!({ "names": 7 })),
    ]
}
