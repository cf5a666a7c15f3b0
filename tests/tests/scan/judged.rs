//! What tools are taken for.

use std::fs;

use anyhow::{Context as _, Result, ensure};
use interlock_testkit::binaries::workspace_root;
use interlock_testkit::command::Command as Server;
use interlock_testkit::peers::Environment;
use serde_json::{Value, json};

use super::Scanner;

/// Compares what a scan says with what a careful person would: every tool's name and category, `*` for the rest.
fn agrees(report: &Value, expected: &[(&str, &str)]) -> Result<()> {
    let tools = report["servers"][0]["tools"].as_array().context("tools")?;
    ensure!(!tools.is_empty(), "no tools");
    let mut wrong = Vec::new();
    for tool in tools {
        let name = tool["tool"].as_str().context("a name")?;
        let fits = |pattern: &str| match pattern.strip_suffix('*') {
            Some(beginning) => name.starts_with(beginning),
            None => name == pattern,
        };
        let (_, category) =
            expected.iter().find(|(pattern, _)| fits(pattern)).with_context(|| format!("`{name}` is new"))?;
        if tool["category"] != *category {
            wrong.push(format!("{name} is {category}, not {}: {}", tool["category"], tool["evidence"]));
        }
    }
    ensure!(wrong.is_empty(), "{wrong:#?}");
    Ok(())
}

fn aws(environment: &Environment, package: &str) -> Server {
    environment.python_program(package).env("AWS_REGION", "us-east-1").env("FASTMCP_LOG_LEVEL", "ERROR")
}

#[test]
fn an_export_of_patients_data_is_work_elsewhere_with_its_egress() -> Result<()> {
    let report = Scanner::new()?.report(&aws(&Environment::find()?, "awslabs.healthimaging-mcp-server"))?;
    agrees(
        &report,
        &[
            ("get_*", "Read"),
            ("list_*", "Read"),
            ("search_*", "Read"),
            ("start_*", "Execute"),
            ("create_*", "Write"),
            ("copy_*", "Write"),
            ("tag_*", "Write"),
            ("untag_*", "Write"),
            ("update_*", "Write"),
            ("bulk_update_*", "Write"),
            ("delete_*", "Destructive"),
            ("bulk_delete_*", "Destructive"),
            ("remove_*", "Destructive"),
        ],
    )?;
    let tools = report["servers"][0]["tools"].as_array().context("tools")?;
    let export = tools.iter().find(|tool| tool["tool"] == "start_dicom_export_job").context("the export")?;
    ensure!(export["severity"] == "high", "{export}");
    for risk in [
        json!({ "kind": "patient_data", "shown_by": "dicom" }),
        json!({ "kind": "egress", "shown_by": "output_s3_uri" }),
    ] {
        ensure!(export["risks"].as_array().context("risks")?.contains(&risk), "{export}");
    }
    Ok(())
}

#[test]
fn other_servers_of_aws() -> Result<()> {
    let environment = Environment::find()?;
    let scanner = Scanner::new()?;
    agrees(
        &scanner.report(&aws(&environment, "awslabs.aws-support-mcp-server"))?,
        &[
            ("describe_*", "Read"),
            ("add_attachments_to_set", "Write"),
            ("add_communication_to_case", "Write"),
            ("create_support_case", "Write"),
            ("resolve_support_case", "Write"),
        ],
    )?;
    agrees(
        &scanner.report(&aws(&environment, "awslabs.amazon-mq-mcp-server"))?,
        &[
            ("describe_*", "Read"),
            ("list_*", "Read"),
            ("rabbitmq_broker_*", "Read"),
            // They put the credentials that they are given into the session.
            ("rabbimq_broker_initialize_connection*", "Write"),
            ("update_*", "Write"),
            ("promote", "Execute"),
            ("reboot_broker", "Execute"),
            ("delete_*", "Destructive"),
        ],
    )
}

#[test]
fn servers_from_npm() -> Result<()> {
    let environment = Environment::find()?;
    let scanner = Scanner::new()?;
    let folder = scanner.folder.path().to_owned();
    agrees(
        &scanner.report(&environment.node_server("server-filesystem").arg(&folder))?,
        &[
            ("read_*", "Read"),
            ("list_*", "Read"),
            ("search_files", "Read"),
            ("get_file_info", "Read"),
            ("directory_tree", "Read"),
            ("create_directory", "Write"),
            // Its publisher calls these destructive, and the worse counts.
            ("edit_file", "Destructive"),
            ("move_file", "Destructive"),
            ("write_file", "Destructive"),
        ],
    )?;
    agrees(
        &scanner.report(&environment.node_server("server-memory"))?,
        &[
            ("read_graph", "Read"),
            ("search_nodes", "Read"),
            ("open_nodes", "Read"),
            ("create_*", "Write"),
            ("add_*", "Write"),
            ("delete_*", "Destructive"),
        ],
    )
}

/// Servers from PyPI that cannot be started without what they serve, by what they listed.
#[test]
fn servers_from_pypi_by_what_they_listed() -> Result<()> {
    for (server, expected) in [
        (
            "kafka",
            &[
                ("kafka_cluster_info", "Read"),
                ("kafka_describe_*", "Read"),
                ("kafka_list_*", "Read"),
                ("kafka_sample_messages", "Read"),
                ("kafka_create_topic", "Write"),
                ("kafka_produce_message", "Execute"),
                ("kafka_delete_topic", "Destructive"),
                ("kafka_reset_consumer_group_offsets", "Destructive"),
            ][..],
        ),
        (
            "modal",
            &[
                ("analyze_*", "Read"),
                ("get_*", "Read"),
                // Its publisher says that it is not read-only, and the worse counts.
                ("inspect_modal_secret", "Write"),
                ("list_*", "Read"),
                ("search_*", "Read"),
                ("deploy_modal_app", "Destructive"),
                ("run_modal_app", "Execute"),
                ("manage_*", "Destructive"),
                ("modal_volume_files", "Destructive"),
            ],
        ),
    ] {
        let scanner = Scanner::new()?;
        let lines =
            fs::read_to_string(workspace_root().join(format!("catalogue/definitions/{server}.jsonl")))?;
        let tools: Vec<Value> = lines.lines().map(serde_json::from_str).collect::<Result<_, _>>()?;
        let file = scanner.folder.path().join("tools.json");
        let named = tools.into_iter().map(|mut tool| {
            let name = tool["tool"].take();
            tool["name"] = name;
            if let Some(members) = tool.as_object_mut() {
                members.remove("tool");
                members.remove("server");
            }
            tool
        });
        fs::write(&file, json!({ "tools": named.collect::<Vec<_>>() }).to_string())?;
        let output = scanner
            .interlock(&["scan", "--format", "json", "--server", server, "--tools", "tools.json"])?
            .output()?;
        ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        agrees(&serde_json::from_slice(&output.stdout)?, expected).with_context(|| server.to_owned())?;
    }
    Ok(())
}
