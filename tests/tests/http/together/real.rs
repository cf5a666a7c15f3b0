//! One agent with the four AWS servers and three from npm.

use anyhow::{Context, Result, ensure};
use interlock_testkit::http::Request;
use interlock_testkit::peers::Environment;
use interlock_testkit::serving::Site;
use interlock_tests::servers::Server;
use serde_json::{Value, json};

use super::many::names;
use crate::scene::{entry, initialize, records};

/// In the order of their names.
const ALL: [Server; 7] = [
    Server::Everything,
    Server::Filesystem,
    Server::HealthImaging,
    Server::Memory,
    Server::AmazonMq,
    Server::StepFunctions,
    Server::Support,
];

/// What each policy allows, and what is called there.
fn allowed(server: Server) -> (&'static str, Value) {
    match server {
        Server::AmazonMq => ("list_brokers", json!({ "region": "us-east-1" })),
        Server::Everything => ("get-sum", json!({ "a": 1, "b": 2 })),
        Server::Filesystem => ("list_allowed_directories", json!({})),
        Server::HealthImaging => ("list_datastores", json!({})),
        Server::Memory => ("read_graph", json!({})),
        Server::StepFunctions => ("order_total", json!({ "parameters": { "order": 1 } })),
        Server::Support => ("describe_severity_levels", json!({ "format": "markdown" })),
    }
}

#[tokio::test]
async fn one_agent_with_seven_servers() -> Result<()> {
    let environment = Environment::find()?;
    let (mut servers, mut granted, mut worlds) = (String::new(), Vec::new(), Vec::new());
    for server in ALL {
        let world = server.world(&environment)?;
        let mut command = server.command(&environment, &world, "together");
        command.env.extend(world.variables());
        servers += &entry(server.name(), &command)?;
        granted.push(format!("{0}: {0}.yaml", server.name()));
        worlds.push(world);
    }
    let site = Site::new(&format!(
        "servers:\n{servers}grants:\n  agent: {{ servers: {{ {} }} }}\nanonymous: agent\n\
         limits: {{ together_seconds: 120 }}\n",
        granted.join(", ")
    ))?;
    for server in ALL {
        let (tool, _) = allowed(server);
        // Everything is seen; one tool of each can be called.
        let policy = format!("version: \"1\"\ndefault: deny\nlist: all\ntools:\n  \"{tool}\": {{}}\n");
        site.write(&format!("{}.yaml", server.name()), &policy)?;
    }
    let serving = site.serve(|command| command).await?;
    let agent = Agent::greet(&serving.address, "/mcp").await?;
    let listed = agent.ask("tools/list", &json!({})).await?;
    assert_eq!(listed["result"]["_meta"], Value::Null, "nobody is missing: {}", listed["result"]["_meta"]);
    let mut expected = Vec::new();
    for server in ALL {
        let own = Agent::greet(&serving.address, &format!("/mcp/{}", server.name())).await?;
        let own = names(&own.ask("tools/list", &json!({})).await?, "tools", "name");
        ensure!(!own.is_empty(), "{server:?} has no tools");
        expected.extend(own.into_iter().map(|tool| format!("{}__{tool}", server.name())));
    }
    assert_eq!(names(&listed, "tools", "name"), expected);
    for server in ALL {
        let (tool, arguments) = allowed(server);
        let tool = format!("{}__{tool}", server.name());
        let answer = agent.ask("tools/call", &json!({ "name": tool, "arguments": arguments })).await?;
        assert_eq!(answer["result"]["_meta"]["interlock/decision"], Value::Null, "{tool}: {answer}");
        assert!(answer["result"]["content"].is_array(), "{tool}: {answer}");
        let denied =
            agent.ask("tools/call", &json!({ "name": format!("{}__no_such", server.name()) })).await?;
        assert_eq!(denied["result"]["_meta"]["interlock/decision"]["verdict"], "deny", "{denied}");
    }
    let path = site.path().to_owned();
    serving.stop().await?;
    let intents = records(&path, "intent").await?;
    let judged: Vec<_> = intents.iter().filter_map(|intent| intent["server"].as_str()).collect();
    assert_eq!(judged, ALL.map(Server::name), "each by its own policy");
    Ok(())
}

/// A legacy client.
struct Agent {
    address: String,
    path: String,
    session: String,
}

impl Agent {
    async fn greet(address: &str, path: &str) -> Result<Self> {
        let greeting = Request::post(address, path, &initialize("2025-11-25").to_string());
        let response = greeting.open(address).await?.to_end().await?.to_owned();
        let session = response
            .lines()
            .find_map(|line| line.strip_prefix("mcp-session-id: "))
            .with_context(|| format!("{path}: {response}"))?;
        let agent = Self { address: address.to_owned(), path: path.to_owned(), session: session.to_owned() };
        let told = json!({ "jsonrpc": "2.0", "method": "notifications/initialized" });
        let told = agent.post(&told).send(address).await?;
        ensure!(told.status == 202, "{told:?}");
        Ok(agent)
    }

    fn post(&self, message: &Value) -> Request {
        Request::post(&self.address, &self.path, &message.to_string()).header("Mcp-Session-Id", &self.session)
    }

    async fn ask(&self, method: &str, params: &Value) -> Result<Value> {
        let message = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
        // Real servers take their time; the stream is kept open meanwhile.
        let mut stream = self.post(&message).open(&self.address).await?;
        let text = stream.to_end().await?;
        let mut lines = text.lines().map(|line| line.strip_prefix("data: ").unwrap_or(line));
        let answer = lines.rfind(|line| line.starts_with('{'));
        serde_json::from_str(answer.with_context(|| text.to_owned())?).with_context(|| text.to_owned())
    }
}
