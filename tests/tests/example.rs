//! The first example of the README, as a user would type it: the AWS HealthImaging server started by `uvx`, a
//! real client, and at the other end a stand-in that says what reached AWS.

use std::ffi::OsString;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use interlock_testkit::binaries::workspace_root;
use interlock_testkit::command::Command;
use interlock_testkit::interlock::Interlock;
use interlock_testkit::peers::{Environment, uvx_variables};
use interlock_testkit::standin::{Standin, aws_variables};
use interlock_tests::drive::{Client, words};
use interlock_tests::plan::{Report, Run, Step, call, list};
use serde_json::{Value, json};

const STORE: &str = "00000000000000000000000000000001";
const DENIED: &str = "[INTERLOCK DENIED] ";

struct Example {
    environment: Environment,
    standin: Standin,
    interlock: Interlock,
}

impl Example {
    fn new(interlock: Interlock) -> Result<Self> {
        let environment = Environment::find()?;
        let standin = Standin::healthimaging(&environment)?;
        Ok(Self { environment, standin, interlock })
    }

    /// One session of an agent: the command of the README, and these steps.
    async fn session(&self, steps: Vec<Step>) -> Result<Report> {
        let server = Command::new("uvx").arg("awslabs.healthimaging-mcp-server@0.1.1");
        let run = Run {
            command: words(&self.interlock.before(&server)?)?,
            url: None,
            version: "auto".to_owned(),
            handlers: false,
            steps,
        };
        let aws =
            aws_variables(self.standin.url()).into_iter().map(|(name, value)| (name.into(), value.into()));
        let uvx =
            uvx_variables(&workspace_root()).into_iter().map(|(name, value)| (name.into(), value.into()));
        let variables: Vec<(OsString, OsString)> = aws.chain(uvx).collect();
        let mut reports = Client::Python.drive(&self.environment, &variables, vec![run]).await?;
        Ok(reports.remove(0))
    }

    /// How many requests of each kind reached AWS: exports started, exports asked about, deletions.
    fn arrived(&self) -> Result<[usize; 3]> {
        let requests = self.standin.requests()?;
        let count =
            |wanted: &dyn Fn(&Value) -> bool| requests.iter().filter(|request| wanted(request)).count();
        let path =
            |request: &Value, part: &str| request["path"].as_str().is_some_and(|path| path.contains(part));
        Ok([
            count(&|request| path(request, "/startDICOMExportJob/")),
            count(&|request| path(request, "/getDICOMExportJob/")),
            count(&|request| request["method"] == "DELETE"),
        ])
    }
}

fn export() -> Value {
    json!({
        "datastore_id": STORE,
        "data_access_role_arn": "arn:aws:iam::123456789012:role/export",
        "output_s3_uri": "s3://exports/today/",
    })
}

fn start() -> Step {
    call("start_dicom_export_job", export())
}

/// The reason of a denial at this step.
fn denial(report: &Report, step: usize) -> Result<&str> {
    let what = || format!("step {step} was not denied: {}", report.results[step]);
    let text = report.text(step).strip_prefix(DENIED).with_context(what)?;
    assert_eq!(report.results[step]["ok"]["isError"], true);
    Ok(text)
}

fn passed(report: &Report, step: usize) {
    let result = &report.results[step];
    assert!(result["ok"].is_object() && result["ok"]["isError"] != true, "step {step}: {result}");
}

fn names(result: &Value) -> Vec<&str> {
    let tools = result["ok"].as_array().into_iter().flatten();
    tools.filter_map(|tool| tool["name"].as_str()).collect()
}

#[tokio::test]
async fn the_first_example_goes_as_the_readme_says() -> Result<()> {
    let policy = workspace_root().join("policies/aws-healthimaging.yaml");
    let example = Example::new(Interlock::with_policy_file(&policy)?)?;

    let mut incomplete = export();
    incomplete.as_object_mut().context("an object")?.remove("output_s3_uri");
    let first = example
        .session(vec![
            list("tools"),
            start(),
            call("start_dicom_export_job", incomplete),
            call("delete_datastore", json!({ "datastore_id": STORE })),
        ])
        .await?;
    let visible = names(&first.results[0]);
    assert!(visible.len() <= 39, "{visible:?}");
    for name in ["get_dicom_export_job", "start_dicom_export_job"] {
        assert!(visible.contains(&name), "{name} is not among {visible:?}");
    }
    passed(&first, 1);
    let reason = denial(&first, 2)?;
    assert!(reason.contains("output_s3_uri"), "the reason does not name the argument: {reason}");
    denial(&first, 3)?;
    assert_eq!(example.arrived()?, [1, 0, 0]);

    // A new session of the same agent: the budget is what is left of it, not a new one.
    let job = &first.results[1]["ok"]["structuredContent"]["job_id"];
    let mut steps = vec![call("get_dicom_export_job", json!({ "datastore_id": STORE, "job_id": job }))];
    steps.extend((2..=11).map(|_| start()));
    let second = example.session(steps).await?;
    passed(&second, 0);
    assert_eq!(second.results[0]["ok"]["structuredContent"]["job_properties"]["job_id"], *job);
    for step in 1..=9 {
        passed(&second, step);
    }
    let reason = denial(&second, 10)?;
    let wait = &second.results[10]["ok"]["_meta"]["interlock/decision"]["retryAfterMs"];
    let wait = wait.as_u64().with_context(|| format!("no time to wait in {}", second.results[10]))?;
    assert!((1..=60_000).contains(&wait), "{wait} ms to wait; {reason}");
    assert!(reason.chars().any(|letter| letter.is_ascii_digit()), "the reason has no time to wait: {reason}");
    assert_eq!(example.arrived()?, [10, 1, 0]);
    Ok(())
}

/// The bucket that is on no list.
const ELSEWHERE: &str = "s3://patient-exports/2026/";
const STUDY: &str = "1.2.840.113619.2.55.3.604688119";
/// A bucket that nobody may export to.
const REFUSED: &str = "s3://exports.example/";

fn export_to(bucket: &str) -> Step {
    let mut arguments = export();
    arguments["output_s3_uri"] = json!(bucket);
    arguments["study_instance_uid"] = json!(STUDY);
    arguments["job_name"] = json!("second opinion");
    call("start_dicom_export_job", arguments)
}

impl Example {
    /// What `interlock approvals …` prints.
    async fn approvals(&self, arguments: &[&str]) -> Result<String> {
        let output = self.interlock.output(&[&["approvals"], arguments].concat()).await?;
        ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        Ok(String::from_utf8(output.stdout)?)
    }

    /// The name of the call that waits, once one does that is not `than`.
    async fn waiting(&self, than: &str) -> Result<String> {
        let deadline = Instant::now() + Duration::from_secs(60);
        loop {
            // There is no data directory before the gateway has begun.
            let listed = self.approvals(&["list", "--format", "json"]).await.unwrap_or_default();
            let listed: Value = serde_json::from_str(&listed).unwrap_or_default();
            if let Some(id) = listed[0]["id"].as_str().filter(|id| *id != than) {
                return Ok(id.to_owned());
            }
            ensure!(Instant::now() < deadline, "nothing waits: {listed}");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// How many jobs were started that export to this bucket.
    fn started(&self, bucket: &str) -> Result<usize> {
        let requests = self.standin.requests()?;
        let to = |request: &&Value| {
            let path = request["path"].as_str().unwrap_or_default();
            path.contains("/startDICOMExportJob/") && request["body"].to_string().contains(bucket)
        };
        Ok(requests.iter().filter(to).count())
    }

    /// A person looks at what waits, approves one export and denies the other.
    async fn person(&self) -> Result<String> {
        let id = self.waiting("").await?;
        let shown = self.approvals(&["show", &id]).await?;
        for told in [
            "Calls        start_dicom_export_job\n",
            "Rule         unlisted bucket (",
            "Reason       the bucket is not on the list of buckets that may be exported to\n",
            &format!("\"output_s3_uri\": \"{ELSEWHERE}\""),
            "\"data_access_role_arn\": \"arn:aws:iam::123456789012:role/export\"",
            &format!("\"study_instance_uid\": \"{STUDY}\""),
            "\"job_name\": \"second opinion\"",
            &format!("\"datastore_id\": \"{STORE}\""),
        ] {
            ensure!(shown.contains(told), "{told} in\n{shown}");
        }
        assert_eq!((self.started(ELSEWHERE)?, self.arrived()?), (0, [1, 0, 0]), "it waits");
        self.approvals(&["approve", &id, "--reason", "agreed with the hospital"]).await?;
        let other = self.waiting(&id).await?;
        self.approvals(&["deny", &other, "--reason", "not a bucket of ours"]).await?;
        Ok(id)
    }
}

#[tokio::test]
async fn an_export_to_another_bucket_waits_for_a_person() -> Result<()> {
    let policy = workspace_root().join("policies/aws-healthimaging-exports.yaml");
    let example = Example::new(Interlock::with_policy_file(&policy)?)?;
    let steps = vec![start(), export_to(ELSEWHERE), export_to(ELSEWHERE), export_to(REFUSED)];
    let (report, id) = tokio::try_join!(example.session(steps), example.person())?;
    passed(&report, 0);
    passed(&report, 1);
    assert_eq!(report.results[1]["ok"]["structuredContent"]["job_status"], "SUBMITTED");
    ensure!(denial(&report, 2)?.contains("let through"), "an approval is for one job");
    ensure!(denial(&report, 3)?.contains("denied this call: not a bucket of ours"));
    assert_eq!((example.started(ELSEWHERE)?, example.started(REFUSED)?), (1, 0));
    assert_eq!(example.arrived()?, [2, 0, 0]);

    // The log proves who allowed it.
    let about = |records: Vec<Value>| -> Vec<Value> {
        records.into_iter().filter(|record| record["details"]["approval"] == json!(id)).collect()
    };
    let records = about(example.interlock.records_of("approval").await?);
    let step = |name: &str| records.iter().find(|record| record["details"]["step"] == name);
    let approved = step("approved").with_context(|| format!("{records:#?}"))?;
    let who = approved["details"]["by"].as_str().context("nobody")?;
    ensure!(who.starts_with("user:"), "{approved}");
    assert_eq!(approved["details"]["why"], "agreed with the hospital");
    let taken = step("taken").with_context(|| format!("{records:#?}"))?;
    assert_eq!(taken["details"]["by"], json!([who]));
    let intents = example.interlock.records_of("intent").await?;
    let let_through = intents.iter().filter(|intent| intent["approval"] == json!(id));
    assert_eq!(let_through.count(), 1);
    let (is_whole, said) = example.interlock.verify().await?;
    ensure!(is_whole, "{said}");
    Ok(())
}

#[tokio::test]
async fn only_what_is_listed_is_visible_and_callable() -> Result<()> {
    let policy = "version: \"1\"\ndefault: deny\ntools:\n  list_datastores: {}\n  get_*_export_job: {}\n";
    let example = Example::new(Interlock::with_policy(policy)?)?;
    let report = example
        .session(vec![
            list("tools"),
            call("list_datastores", json!({})),
            start(),
            call("no_such_tool", json!({})),
        ])
        .await?;
    let mut visible = names(&report.results[0]);
    visible.sort_unstable();
    assert_eq!(visible, ["get_dicom_export_job", "list_datastores"]);
    passed(&report, 1);
    assert_eq!(
        denial(&report, 2)?.replace("start_dicom_export_job", "x"),
        denial(&report, 3)?.replace("no_such_tool", "x")
    );
    assert_eq!(example.arrived()?, [0, 0, 0]);
    Ok(())
}
