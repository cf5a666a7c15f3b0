//! A gateway whose policy asks people about `pay`, and the people at its admin listener.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use interlock_audit::DigestKey;
use interlock_gateway::DecisionLink;
use interlock_store::{Approval, Approvals, Durability, Embedded, Options, Standing, Which};
use interlock_testkit::client::PATIENCE;
use interlock_testkit::http::{Request, Response};
use interlock_testkit::script::Script;
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use crate::scene::{Scene, modern, records};

/// What is paid in most tests.
pub fn payment() -> Value {
    json!({ "amount": 500, "to": "acme" })
}

pub struct Room {
    pub scene: Scene,
    pub admin: String,
}

/// A call that waits.
pub struct Waiting {
    pub id: String,
    pub answer: JoinHandle<Result<Value>>,
}

/// Somebody who has logged in.
#[derive(Debug, Clone)]
pub struct Visitor {
    pub cookie: String,
}

impl Room {
    /// With this in the policy's `approvals`.
    pub async fn new(approvals: &str) -> Result<Self> {
        Self::with_file(approvals, "").await
    }

    pub async fn with_file(approvals: &str, more: &str) -> Result<Self> {
        let policy = format!(
            "version: \"1\"\ndefault: deny\napprovals: {{ {approvals} }}\ntools:\n  look: {{}}\n  pay: {{ rules: [{{ name: payments need a person, action: require_approval }}] }}\n"
        );
        let script = Script::with_tools(&["look", "pay"]);
        let scene = Scene::with_policy(&script, &policy, &format!("anonymous: team\n{more}")).await?;
        let admin = scene.serving.admin.clone();
        Ok(Self { scene, admin })
    }

    /// Makes a call that waits for a person.
    pub async fn ask(&self, arguments: Value) -> Result<Waiting> {
        let before = self.questions().await?.len();
        let address = self.scene.serving.address.clone();
        let params = json!({ "name": "pay", "arguments": arguments });
        let request = modern(&address, 1, "tools/call", &params);
        let answer = tokio::spawn(async move { request.send(&address).await?.answer() });
        let deadline = Instant::now() + PATIENCE;
        loop {
            let questions = self.questions().await?;
            if let Some(newest) = questions.first().filter(|_| questions.len() > before) {
                return Ok(Waiting { id: newest.question.id.clone(), answer });
            }
            ensure!(Instant::now() < deadline, "nobody is asked: {questions:?}");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    fn store(&self) -> Result<Embedded> {
        let options = Options { durability: Durability::Process, ..Options::default() };
        Ok(Embedded::open(&self.scene.site.path().join("data"), options)?)
    }

    /// Every question, the newest change first.
    pub async fn questions(&self) -> Result<Vec<Approval>> {
        Ok(self.store()?.approvals(Which::default(), 100).await?)
    }

    pub async fn standing(&self, id: &str) -> Result<Standing> {
        Ok(self.store()?.approval(id).await?.context("no such question")?.standing)
    }

    /// What arrived at the server.
    pub fn paid(&self) -> Result<Vec<Value>> {
        Ok(self.scene.server.calls()?.into_iter().map(|(_, arguments)| arguments).collect())
    }

    /// The steps that are in the log, and by whom, in the order of their names: the call that waits hears of a decision in
    /// the moment in which that is recorded.
    pub async fn steps(&self) -> Result<Vec<String>> {
        let records = records(self.scene.site.path(), "approval").await?;
        let step = |record: &Value| {
            let by = record["details"]["by"].as_str().map(|by| format!(" {by}")).unwrap_or_default();
            format!("{}{by}", record["details"]["step"].as_str().unwrap_or_default())
        };
        let mut steps: Vec<String> = records.iter().map(step).collect();
        steps.sort_unstable();
        Ok(steps)
    }

    pub async fn refusals(&self) -> Result<Vec<Value>> {
        records(self.scene.site.path(), "refusal").await
    }

    pub async fn token(&self, operator: &str) -> Result<String> {
        self.scene.site.admin_token(operator).await
    }

    pub async fn send(&self, request: &Request) -> Result<Response> {
        request.send(&self.admin).await
    }

    /// The same, where it must be refused: nothing is decided, and it has one record.
    pub async fn refused(&self, what: &str, request: &Request, status: u16) -> Result<Response> {
        let before = self.refusals().await?.len();
        let response = self.send(request).await?;
        ensure!(response.status == status, "{what}: {response:?}");
        let refusals = self.refusals().await?;
        ensure!(refusals.len() == before + 1, "{what}: {before} refusals, and then {refusals:#?}");
        Ok(response)
    }

    /// A request of the API.
    pub fn api(&self, token: &str, method: &str, path: &str) -> Request {
        let request = Request::new(&self.admin, method, &format!("/api/v1/approvals{path}"));
        request.header("Authorization", &format!("Bearer {token}"))
    }

    /// A decision by the API.
    pub fn decision(&self, token: &str, id: &str, body: &Value) -> Request {
        let request = self.api(token, "POST", &format!("/{id}/decision"));
        request.header("Content-Type", "application/json").body(&body.to_string())
    }

    /// A page.
    pub fn page(&self, path: &str) -> Request {
        Request::new(&self.admin, "GET", path)
    }

    /// A form as the listener's own pages send it.
    pub fn form(&self, path: &str, fields: &str) -> Request {
        Request::new(&self.admin, "POST", path)
            .header("Origin", &format!("http://{}", self.admin))
            .header("Content-Type", "application/x-www-form-urlencoded")
            .body(fields)
    }

    pub fn login(&self, token: &str) -> Request {
        self.form("/console/login", &format!("token={token}&next=/console/approvals"))
    }

    /// Logs in.
    pub async fn visitor(&self, token: &str) -> Result<Visitor> {
        let response = self.send(&self.login(token)).await?;
        ensure!(response.status == 303, "{response:?}");
        let cookie = response.header("set-cookie").context("no cookie")?;
        Ok(Visitor { cookie: cookie.split(';').next().unwrap_or_default().to_owned() })
    }

    /// What the forms of a page carry.
    pub async fn form_token(&self, visitor: &Visitor, path: &str) -> Result<String> {
        let page = self.send(&visitor.sends(self.page(path))).await?;
        let (_, rest) =
            page.body.split_once("name=\"form\" value=\"").with_context(|| format!("{page:?}"))?;
        Ok(rest.split('"').next().unwrap_or_default().to_owned())
    }

    /// A decision link, as messages have it.
    pub fn link(&self, id: &str, approves: bool, person: &str, expires_ms: i64) -> Result<String> {
        let key = DigestKey::open_for_links(&self.scene.site.path().join("data"))?;
        let link = DecisionLink { approval: id.to_owned(), approves, person: person.to_owned(), expires_ms };
        let base = format!("http://{}", self.admin);
        Ok(link.url(&base, &key).strip_prefix(&base).context("another base")?.to_owned())
    }
}

impl Visitor {
    pub fn sends(&self, request: Request) -> Request {
        request.header("Cookie", &self.cookie)
    }
}

/// Whether a call was made, or what its agent was told instead.
pub fn verdict(answer: &Value) -> Result<(&str, &str)> {
    let result = &answer["result"];
    let text = result["content"][0]["text"].as_str().with_context(|| answer.to_string())?;
    let verdict = result["_meta"]["interlock/decision"]["verdict"].as_str();
    Ok((verdict.unwrap_or("done"), text))
}
