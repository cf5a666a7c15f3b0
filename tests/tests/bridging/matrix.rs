//! Every pair of transports and eras, through one list of what must work. The clients are those of the SDKs from PyPI,
//! those from crates.io and npm; the servers of the first kept to one era, and npm's reference server.

use anyhow::{Result, ensure};
use interlock_testkit::peers::Environment;
use interlock_tests::drive::Client;
use interlock_tests::plan::{Report, Step, call, call_with_progress, list, wait};
use serde_json::{Value, json};

use crate::world::{Era, Server, Transport, drive};

const RESOURCE: &str = "demo://resource/dynamic/text/1";
/// Bytes of a large result.
const LARGE: usize = 1 << 20;

/// One thing that must work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Topic {
    List,
    Call,
    Structured,
    Progress,
    Cancel,
    Elicitation,
    Sampling,
    Roots,
    Subscribe,
    ListChange,
    Error,
    Large,
    Many,
}

const TOPICS: [Topic; 13] = [
    Topic::List,
    Topic::Call,
    Topic::Structured,
    Topic::Progress,
    Topic::Cancel,
    Topic::Elicitation,
    Topic::Sampling,
    Topic::Roots,
    Topic::Subscribe,
    Topic::ListChange,
    Topic::Error,
    Topic::Large,
    Topic::Many,
];

/// Which server of which era stands at the other end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Of {
    Pypi(Transport, Era),
    Npm,
}

/// What a pair cannot express, and why: with these servers it cannot be done without Interlock either.
fn cannot(by: Client, client: (Transport, Era), server: Of, topic: Topic) -> Option<&'static str> {
    match (topic, server) {
        (Topic::Many, _) if by == Client::TypeScript => Some("its plans make one call after the other"),
        (Topic::Large, _) if client.0 == Transport::Sse => {
            Some("the client's SDK reads no event of more than a mebibyte")
        }
        (Topic::Progress, Of::Npm) if client.1 == Era::Modern => Some(
            "the server asks for roots when it likes, and a client that is asked hears of no progress meanwhile",
        ),
        (Topic::ListChange, Of::Npm) => Some("the server changes no list of its own accord"),
        (Topic::ListChange, Of::Pypi(..)) if client.1 == Era::Modern => Some(
            "the client's SDK shows no news of lists outside of its own `listen`, which the plans do not open",
        ),
        _ => None,
    }
}

impl Topic {
    fn steps(self, client: Era) -> Vec<Step> {
        match self {
            Self::List => vec![list("tools"), list("resources")],
            Self::Call => vec![call("echo", json!({ "message": "hello" }))],
            Self::Structured => vec![call("get-structured-content", json!({ "location": "Chicago" }))],
            Self::Progress => {
                vec![call_with_progress(
                    "trigger-long-running-operation",
                    json!({ "duration": 0.2, "steps": 4 }),
                )]
            }
            Self::Cancel => {
                let name = "trigger-long-running-operation".to_owned();
                let arguments = json!({ "duration": 60, "steps": 600 });
                let told = call("echo", json!({ "message": "still there" }));
                vec![Step::CancelCall { name, arguments }, told]
            }
            Self::Elicitation => vec![call("trigger-elicitation-request", json!({}))],
            Self::Sampling => vec![call("trigger-sampling-request", json!({ "prompt": "what is it" }))],
            Self::Roots => vec![call("get-roots-list", json!({}))],
            Self::Subscribe => {
                let uri = RESOURCE.to_owned();
                let subscribe =
                    if client == Era::Modern { Step::Listen { uri } } else { Step::Subscribe { uri } };
                vec![subscribe, call("toggle-subscriber-updates", json!({})), wait("resource_updated")]
            }
            Self::ListChange => {
                vec![call("grow", json!({})), wait("notifications/tools/list_changed"), list("tools")]
            }
            Self::Error => {
                vec![call("no-such-tool", json!({})), Step::Read { uri: "demo://none".to_owned() }]
            }
            Self::Large => vec![call("echo", json!({ "message": "x".repeat(LARGE) }))],
            Self::Many => {
                vec![Step::Many { name: "echo".to_owned(), arguments: json!({}), count: 32 }]
            }
        }
    }

    /// Looks at the results of the topic's own steps.
    fn check(self, by: Client, results: &[Value], report: &Report) -> Result<()> {
        let text = |step: usize| results[step]["ok"]["content"][0]["text"].as_str().unwrap_or_default();
        let all = || serde_json::to_string(results).unwrap_or_default();
        let holds = match self {
            Self::List => all().contains("\"echo\""),
            Self::Call => text(0) == "Echo: hello",
            Self::Structured => {
                results[0]["ok"]["structuredContent"]["temperature"] == json!(33)
                    || results[0]["ok"]["structuredContent"]["temperature"].is_number()
            }
            Self::Progress => {
                let all = report.events.iter().filter(|event| event["event"] == "progress");
                let four = all.filter(|event| event["total"].as_f64() == Some(4.0)).count();
                // The SDK from npm does not tell of what comes at once with the result.
                let certain = if matches!(by, Client::TypeScript | Client::TypeScript2) { 3 } else { 4 };
                (certain..=4).contains(&four) && text(0).starts_with("Long running operation completed")
            }
            Self::Cancel => results[0]["ok"] == "cancelled" && text(1).ends_with("still there"),
            Self::Elicitation => report.count("elicitation") == 1 && all().contains("Ada"),
            Self::Sampling => report.count("sampling") == 1 && all().contains("a sampled answer"),
            Self::Roots => all().contains("file:///srv/images"),
            Self::Subscribe => {
                let updated = report.events.iter().find(|event| event["event"] == "resource_updated");
                updated.is_some_and(|event| event["uri"] == RESOURCE)
            }
            Self::ListChange => all().contains("\"grown\""),
            Self::Error => {
                let refused = results[0]["ok"]["isError"] == true || results[0]["error"]["code"].is_number();
                refused && results[1]["error"]["code"].is_number()
            }
            Self::Large => text(0).len() > LARGE,
            Self::Many => (0..32).all(|number| {
                results[0]["ok"][number]["content"][0]["text"] == format!("Echo: message {number}")
            }),
        };
        ensure!(holds, "{self:?}: {results:#?}");
        Ok(())
    }
}

async fn check(by: Client, client: (Transport, Era), of: Of) -> Result<()> {
    let environment = Environment::find()?;
    let server = match of {
        Of::Pypi(transport, era) => Server::start(&environment, transport, era).await?,
        Of::Npm => Server::of_npm(&environment),
    };
    let topics: Vec<Topic> =
        TOPICS.into_iter().filter(|topic| cannot(by, client, of, *topic).is_none()).collect();
    let steps = topics.iter().map(|topic| topic.steps(client.1));
    let report = drive(&environment, by, client, &server, steps.flatten().collect()).await?;
    ensure!(report.version == client.1.version(), "{by:?} {client:?} {of:?}: it became {}", report.version);
    let mut results = report.results.as_slice();
    let mut wrong = Vec::new();
    for topic in topics {
        let (own, rest) = results.split_at(topic.steps(client.1).len());
        results = rest;
        wrong.extend(topic.check(by, own, &report).err().map(|error| error.to_string()));
    }
    ensure!(wrong.is_empty(), "{by:?} {client:?} before {of:?}:\n{}", wrong.join("\n"));
    Ok(())
}

/// A test for each pair, so that they run beside each other.
macro_rules! cells {
    ($($client:ident: $by:ident $transport:ident $era:ident;)*) => {$(
        mod $client {
            use super::{Client, Era, Of, Result, Transport, check};

            const CLIENT: (Transport, Era) = (Transport::$transport, Era::$era);

            #[tokio::test]
            async fn before_legacy_stdio() -> Result<()> {
                check(Client::$by, CLIENT, Of::Pypi(Transport::Stdio, Era::Legacy)).await
            }

            #[tokio::test]
            async fn before_modern_stdio() -> Result<()> {
                check(Client::$by, CLIENT, Of::Pypi(Transport::Stdio, Era::Modern)).await
            }

            #[tokio::test]
            async fn before_legacy_http() -> Result<()> {
                check(Client::$by, CLIENT, Of::Pypi(Transport::Http, Era::Legacy)).await
            }

            #[tokio::test]
            async fn before_modern_http() -> Result<()> {
                check(Client::$by, CLIENT, Of::Pypi(Transport::Http, Era::Modern)).await
            }

            #[tokio::test]
            async fn before_sse() -> Result<()> {
                check(Client::$by, CLIENT, Of::Pypi(Transport::Sse, Era::Legacy)).await
            }

            #[tokio::test]
            async fn before_npm_stdio() -> Result<()> {
                check(Client::$by, CLIENT, Of::Npm).await
            }
        }
    )*};
}

cells! {
    legacy_stdio: Python Stdio Legacy;
    modern_stdio: Python Stdio Modern;
    legacy_http: Python Http Legacy;
    modern_http: Python Http Modern;
    sse: Python Sse Legacy;
    rmcp_legacy_stdio: Rmcp Stdio Legacy;
    rmcp_modern_stdio: Rmcp Stdio Modern;
    npm_legacy_stdio: TypeScript Stdio Legacy;
    npm_2_legacy_stdio: TypeScript2 Stdio Legacy;
    npm_2_modern_stdio: TypeScript2 Stdio Modern;
    npm_2_legacy_http: TypeScript2 Http Legacy;
    npm_2_modern_http: TypeScript2 Http Modern;
}
