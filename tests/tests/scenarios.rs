//! What servers and clients do beside plain calls: questions to the client, progress, cancellation,
//! subscriptions, log messages, with real ones on both sides of Interlock.

use anyhow::{Result, ensure};
use interlock_testkit::interlock::{ALLOW_ALL, Interlock};
use interlock_testkit::peers::Environment;
use interlock_testkit::relay::Tap;
use interlock_tests::drive::{Client, words};
use interlock_tests::plan::{Report, Run, Step, call, call_with_progress, wait};
use serde_json::{Value, json};
use tempfile::TempDir;

const RESOURCE: &str = "demo://resource/dynamic/text/1";

/// A server that has something to ask.
#[derive(Clone, Copy)]
enum Asking {
    /// npm's reference server, legacy only.
    Everything,
    /// `tests/fixtures/python/asking_server.py`, of both eras.
    Python,
}

/// Runs the steps in one version through Interlock; gives the report and what reached the server.
async fn run(
    client: Client,
    server: Asking,
    version: &str,
    steps: Vec<Step>,
) -> Result<(Report, Vec<Value>)> {
    let environment = Environment::find()?;
    let server = match server {
        Asking::Everything => environment.node_server("server-everything"),
        Asking::Python => environment.python_script("asking_server.py"),
    };
    let interlock = Interlock::with_policy(ALLOW_ALL)?;
    let directory = TempDir::new()?;
    let tap = Tap::new(directory.path());
    let command = interlock.before(&tap.before(&server)?)?;
    let run =
        Run { command: words(&command)?, url: None, version: version.to_owned(), handlers: true, steps };
    let mut reports = client.drive(&environment, &[], vec![run]).await?;
    let report = reports.remove(0);
    ensure!(report.version == version, "{version} became {}", report.version);
    let arrived =
        tap.to_server()?.iter().map(|line| Ok(serde_json::from_str(line)?)).collect::<Result<_>>()?;
    Ok((report, arrived))
}

/// The id that the server was told to cancel is the one that it knows the call by.
fn check_cancelled(arrived: &[Value], is_the_call: impl Fn(&Value) -> bool) {
    let cancelled: Vec<_> =
        arrived.iter().filter(|message| message["method"] == "notifications/cancelled").collect();
    let call =
        arrived.iter().find(|message| message["method"] == "tools/call" && is_the_call(&message["params"]));
    let wanted = call.map(|call| &call["id"]);
    assert!(
        cancelled.iter().any(|message| Some(&message["params"]["requestId"]) == wanted),
        "{wanted:?} was not cancelled: {arrived:#?}"
    );
}

/// Each step of one call's progress arrived, in order. The TypeScript SDK looks at a notification after the answer
/// that it read with it, and by then nobody listens to that progress any more: of what the server says at once with
/// its result, only the order is certain there. (That progress arrives by itself, [`Step::CancelCall`] waits for.)
/// `rmcp` gives each notification to a task of its own, in whatever order these run.
fn check_progress(client: Client, report: &Report, steps: u32, at_once: usize) {
    let total = Some(f64::from(steps));
    let of_the_call = |event: &&Value| event["event"] == "progress" && event["total"].as_f64() == total;
    let mut done: Vec<_> =
        report.events.iter().filter(of_the_call).filter_map(|step| step["done"].as_f64()).collect();
    if client == Client::Rmcp {
        done.sort_by(f64::total_cmp);
    }
    let all: Vec<_> = (1..=steps).map(f64::from).collect();
    let certain = if client == Client::TypeScript { all.len() - at_once } else { all.len() };
    assert!(done.len() >= certain && all.starts_with(&done), "progress: {done:?} in {report:#?}");
}

/// Everything at once in a version with elicitation, on one connection: each event must find its way among the
/// others.
async fn check_everything(client: Client, version: &str) -> Result<()> {
    let (report, arrived) = run(
        client,
        Asking::Everything,
        version,
        vec![
            call("trigger-sampling-request", json!({ "prompt": "what is in the image" })),
            call("trigger-elicitation-request", json!({})),
            call("get-roots-list", json!({})),
            call_with_progress("trigger-long-running-operation", json!({ "duration": 0.2, "steps": 4 })),
            Step::CancelCall {
                name: "trigger-long-running-operation".to_owned(),
                arguments: json!({ "duration": 60, "steps": 600 }),
            },
            Step::LogLevel { level: "debug".to_owned() },
            call("toggle-simulated-logging", json!({})),
            wait("log"),
            Step::Subscribe { uri: RESOURCE.to_owned() },
            call("toggle-subscriber-updates", json!({})),
            wait("resource_updated"),
            Step::Unsubscribe { uri: RESOURCE.to_owned() },
            Step::Ping,
        ],
    )
    .await?;
    let case = format!("{client:?} {version}: {report:#?}");
    assert!(report.text(0).contains("a sampled answer"), "sampling: {case}");
    assert!(case.contains("trigger-sampling-request context: what is in the image"), "sampling: {case}");
    assert!(report.results[1].to_string().contains("Ada"), "elicitation: {case}");
    assert!(report.text(2).contains("file:///srv/images"), "roots: {case}");
    assert_eq!(report.count("sampling"), 1, "{case}");
    assert_eq!(report.count("elicitation"), 1, "{case}");

    check_progress(client, &report, 4, 1);
    assert!(report.text(3).starts_with("Long running operation completed"), "progress: {case}");

    check_cancelled(&arrived, |params| params["arguments"]["duration"] == 60);
    assert_eq!(report.results[4]["ok"], "cancelled", "{case}");

    assert_eq!(report.results[7]["ok"], "log", "{case}");
    assert_eq!(report.results[10]["ok"], "resource_updated", "{case}");
    let updated = report.events.iter().find(|event| event["event"] == "resource_updated");
    assert_eq!(updated.map(|event| &event["uri"]), Some(&json!(RESOURCE)), "{case}");
    assert!(report.results.iter().all(|result| result["error"].is_null()), "{case}");
    Ok(())
}

/// Questions in the middle of a call, which are requests of their own in one era and results in the other.
async fn check_asking(client: Client, version: &str) -> Result<()> {
    let modern = version == "2026-07-28";
    let image = "image://latest";
    let mut steps = vec![
        call_with_progress("report", json!({ "title": "Findings" })),
        Step::CancelCall { name: "wait_for_cancellation".to_owned(), arguments: json!({}) },
    ];
    if modern {
        steps.extend([
            Step::Listen { uri: image.to_owned() },
            call("replace_image", json!({})),
            wait("resource_updated"),
        ]);
    }
    let (report, arrived) = run(client, Asking::Python, version, steps).await?;
    let case = format!("{client:?} {version}: {report:#?}");
    assert_eq!(report.text(0), "Findings: a sampled answer, signed Ada, in file:///srv/images", "{case}");
    for question in ["sampling", "elicitation", "roots"] {
        assert_eq!(report.count(question), 1, "{question}: {case}");
    }
    check_progress(client, &report, 3, 3);
    check_cancelled(&arrived, |params| params["name"] == "wait_for_cancellation");
    if modern {
        assert_eq!(report.results[4]["ok"], "resource_updated", "{case}");
        let updated = report.events.iter().find(|event| event["event"] == "resource_updated");
        assert_eq!(updated.map(|event| &event["uri"]), Some(&json!(image)), "{case}");
    }
    Ok(())
}

/// A test for each client and version, so that they run beside each other.
macro_rules! scenarios {
    ($($name:ident: $check:ident($client:ident, $version:literal))*) => {$(
        #[tokio::test]
        async fn $name() -> Result<()> {
            $check(Client::$client, $version).await
        }
    )*};
}

scenarios! {
    everything_python_2025_06_18: check_everything(Python, "2025-06-18")
    everything_python_2025_11_25: check_everything(Python, "2025-11-25")
    everything_typescript_2025_06_18: check_everything(TypeScript, "2025-06-18")
    everything_typescript_2025_11_25: check_everything(TypeScript, "2025-11-25")
    everything_rmcp_2025_06_18: check_everything(Rmcp, "2025-06-18")
    everything_rmcp_2025_11_25: check_everything(Rmcp, "2025-11-25")
    asking_python_2025_11_25: check_asking(Python, "2025-11-25")
    asking_python_2026_07_28: check_asking(Python, "2026-07-28")
    asking_typescript_2025_11_25: check_asking(TypeScript, "2025-11-25")
    asking_rmcp_2025_11_25: check_asking(Rmcp, "2025-11-25")
    asking_rmcp_2026_07_28: check_asking(Rmcp, "2026-07-28")
}
