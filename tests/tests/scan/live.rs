//! Real servers that are started and scanned: AWS's four, and those from npm and PyPI that need nothing but themselves. Two
//! that need what they serve are scanned by what they listed.
//!
//! Each is held to what a careful person says of its tools (`tests/fixtures/judged`), and to a policy that is one, passes
//! `check` by the server's own tools, and the tests that were written with it.

use std::fs;
use std::process::Output;

use anyhow::{Context as _, Result, ensure};
use interlock_testkit::binaries::workspace_root;
use interlock_testkit::command::Command;
use interlock_testkit::peers::Environment;
use interlock_tests::servers::{Server, World};
use serde_json::{Value, json};

use super::Scanner;
use super::judged::{agrees, judgements, links_agree};

/// One test for each, so that they run beside each other and fail alone.
macro_rules! servers {
    ($($name:ident: $judged:literal, $server:expr;)*) => {$(
        #[test]
        fn $name() -> Result<()> {
            scanned($judged, $server).map(drop)
        }
    )*};
}

servers! {
    amazon_mq: "aws-mq", of_aws(Server::AmazonMq);
    aws_support: "aws-support", of_aws(Server::Support);
    step_functions: "aws-stepfunctions", of_aws(Server::StepFunctions);
    memory_of_npm: "memory", npm("server-memory");
    everything_of_npm: "everything", npm("server-everything");
    playwright_of_npm: "playwright", playwright();
    fetch_of_pypi: "fetch", pypi("mcp-server-fetch");
    git_of_pypi: "git", pypi("mcp-server-git");
    time_of_pypi: "time", pypi("mcp-server-time");
}

/// What is asked of every scan: a report for programs, and the policy that fits.
const REPORT: &[&str] = &["--format", "json", "-o", "recommended.yaml"];

/// A server, and what it works on.
type Started = (Option<World>, Command);

fn of_aws(server: Server) -> Result<Started> {
    let environment = Environment::find()?;
    let world = server.world(&environment)?;
    let mut command = server.command(&environment, &world, "scan");
    command.env.extend(world.variables());
    Ok((Some(world), command.env("FASTMCP_LOG_LEVEL", "ERROR")))
}

fn npm(package: &str) -> Result<Started> {
    Ok((None, Environment::find()?.node_server(package)))
}

fn filesystem() -> Result<Started> {
    let environment = Environment::find()?;
    let world = Server::Filesystem.world(&environment)?;
    let command = Server::Filesystem.command(&environment, &world, "scan");
    Ok((Some(world), command))
}

fn playwright() -> Result<Started> {
    Ok((None, Environment::find()?.node_program("@playwright/mcp/cli.js")))
}

fn pypi(program: &str) -> Result<Started> {
    Ok((None, Environment::find()?.python_program(program)))
}

/// Scans a server: its report, and the policy that was written for it.
fn scanned(judged: &str, server: Result<Started>) -> Result<(Value, String)> {
    let (_world, command) = server?;
    let scanner = Scanner::new()?;
    let output = scanner.scan(&command, &[&["--server", judged], REPORT].concat())?;
    held_to(judged, &scanner, &output)
}

fn held_to(judged: &str, scanner: &Scanner, output: &Output) -> Result<(Value, String)> {
    let said = [&output.stdout[..], &output.stderr].concat();
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&said));
    let report = serde_json::from_slice(&output.stdout).context("the report")?;
    let said = judgements(judged)?;
    agrees(&report, &said)?;
    if judged.starts_with("aws-") {
        links_agree(judged, &report)?;
    }
    for arguments in [
        &["check", "--strict", "--tools", "recommended.tools.json", "recommended.yaml"][..],
        &["test", "recommended.yaml"],
    ] {
        let output = scanner.interlock(arguments)?.output()?;
        let said = String::from_utf8([output.stdout, output.stderr].concat())?;
        ensure!(output.status.success(), "{arguments:?}: {said}");
        ensure!(arguments[0] != "test" || said.contains("passed, 0 failed"), "{said}");
    }
    Ok((report, fs::read_to_string(scanner.folder.path().join("recommended.yaml"))?))
}

/// What a server listed once is in the repository, a line for each tool.
fn listed(server: &str) -> Result<()> {
    let scanner = Scanner::new()?;
    let lines = fs::read_to_string(workspace_root().join(format!("catalogue/definitions/{server}.jsonl")))?;
    let tool = |line: &str| {
        let mut tool: Value = serde_json::from_str(line)?;
        let name = tool["tool"].take();
        tool["name"] = name;
        tool.as_object_mut().context("a tool")?.retain(|member, _| member != "tool" && member != "server");
        Ok(tool)
    };
    let tools = lines.lines().map(tool).collect::<Result<Vec<_>>>()?;
    fs::write(scanner.folder.path().join("tools.json"), json!({ "tools": tools }).to_string())?;
    let scan = [&["scan", "--tools", "tools.json", "--server", server], REPORT].concat();
    held_to(server, &scanner, &scanner.interlock(&scan)?.output()?).map(drop)
}

#[test]
fn filesystem_of_npm() -> Result<()> {
    let (world, command) = filesystem()?;
    let given = command.line.last().context("a folder")?.to_string_lossy().into_owned();
    let (_, policy) = scanned("filesystem", Ok((world, command)))?;
    ensure!(policy.contains(&given) && !policy.contains("/your/folder"), "{given} is not in {policy}");
    Ok(())
}

#[test]
fn kafka_by_what_it_listed() -> Result<()> {
    listed("kafka")
}

#[test]
fn modal_by_what_it_listed() -> Result<()> {
    listed("modal")
}

#[test]
fn an_export_of_patients_data_is_work_elsewhere_with_its_egress() -> Result<()> {
    let (report, policy) = scanned("aws-healthimaging", of_aws(Server::HealthImaging))?;
    let tools = report["servers"][0]["tools"].as_array().context("tools")?;
    let export = tools.iter().find(|tool| tool["tool"] == "start_dicom_export_job").context("the export")?;
    ensure!(export["category"] == "Execute" && export["severity"] == "high", "{export}");
    for risk in [
        json!({ "kind": "patient_data", "shown_by": "dicom" }),
        json!({ "kind": "egress", "shown_by": "output_s3_uri" }),
    ] {
        ensure!(export["risks"].as_array().context("risks")?.contains(&risk), "{export}");
    }
    let entry = policy.split("  start_dicom_export_job:").nth(1).context("the export's entry")?;
    let entry = entry.split("\n  #").next().unwrap_or_default();
    for part in ["rate_limit: 10/minute", "schema: true", "{ list: places }", "{ list: roles }"] {
        ensure!(entry.contains(part), "{part} is not in {entry}");
    }
    Ok(())
}
