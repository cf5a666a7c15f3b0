use std::convert::Infallible;
use std::path::Path;

use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::header::CONTENT_TYPE;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use interlock_audit::{ArgumentPolicy, DigestKey, Filter, InstanceId, Log, query};
use interlock_json::Decimal;
use interlock_policy::{Source, Syntax, compile};
use interlock_store::{
    BoxFuture, CounterRef, CounterStatus, Counters, Embedded, ReservationId, ReserveAnswer, ReserveRequest,
    Settle, StoreError,
};
use interlock_wire::{Era, Message};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::*;
use crate::crossing;
use crate::fault::caught;
use crate::front::Exchange;
use crate::gateway::Options;
use crate::snapshot::Snapshot;
use crate::transport::http::{HttpLink, HttpServer, HttpTransport};

/// A store with a fault: nothing can be given back.
#[derive(Debug)]
struct Faulty(Embedded);

impl Counters for Faulty {
    fn read(&self, counters: Vec<CounterRef>) -> BoxFuture<'_, Result<Vec<Decimal>, StoreError>> {
        self.0.read(counters)
    }

    fn reserve(&self, request: ReserveRequest) -> BoxFuture<'_, Result<ReserveAnswer, StoreError>> {
        self.0.reserve(request)
    }

    fn settle(&self, _: ReservationId, _: Settle) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(async { panic!("the store is not what it seemed") })
    }

    fn list(&self, most: usize) -> BoxFuture<'_, Result<Vec<CounterStatus>, StoreError>> {
        self.0.list(most)
    }
}

/// Answers calls of `fails` with an error, and all others with a result.
async fn answer(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let body = request.into_body().collect().await.unwrap().to_bytes();
    let asked: Value = serde_json::from_slice(&body).unwrap();
    let mut answer = json!({ "jsonrpc": "2.0", "id": asked["id"] });
    match asked["params"]["name"].as_str() {
        Some("fails") => answer["error"] = json!({ "code": -32_000, "message": "no" }),
        _ => answer["result"] = json!({ "resultType": "complete", "content": [] }),
    }
    let response = Response::builder().header(CONTENT_TYPE, "application/json");
    Ok(response.body(Full::from(answer.to_string())).unwrap())
}

async fn server() -> HttpServer {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/mcp", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service_fn(answer)));
        }
    });
    HttpServer::new(&url, &[]).unwrap().over(HttpTransport::Streamable)
}

fn gateway(data: &Path) -> Arc<Gateway> {
    let instance = InstanceId::generate(1).unwrap();
    Arc::new(Gateway::new(
        Arc::new(Faulty(Embedded::open(data, interlock_store::Options::default()).unwrap())),
        Arc::new(Log::open(data, &instance, interlock_audit::Options::default()).unwrap()),
        ArgumentPolicy::None,
        DigestKey::open(data).unwrap(),
        Options::default(),
    ))
}

fn call(tool: &str) -> Message {
    let message = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {
        "name": tool, "arguments": {}, "_meta": {
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientCapabilities": {} } } });
    Message::parse(message.to_string().into_bytes(), &interlock_json::Limits::default()).unwrap()
}

/// The values of `member` in the records of a kind.
fn recorded(data: &Path, kind: &str, member: &str) -> Vec<String> {
    let filter = Filter { kind: Some(kind.to_owned()), ..Filter::default() };
    let records = query(data, filter).unwrap().map(|record| record.unwrap().json().to_owned());
    let member =
        |text: String| serde_json::from_str::<Value>(&text).unwrap()[member].as_str().map(str::to_owned);
    records.filter_map(member).collect()
}

fn access(policy: &str) -> Arc<Access> {
    let source = Source { name: "policy.yaml", text: policy, syntax: Syntax::Yaml };
    let access = Access::new("s", Vec::new(), Snapshot::of_server(compile(&source).0.unwrap()));
    Arc::new(access.speaking(Some(Era::Modern)))
}

fn identity() -> Identity {
    Identity { grant: "g".to_owned(), session: "s".to_owned(), client: None }
}

/// A fault of the store's leaves nobody waiting and no call without its outcome.
#[tokio::test]
async fn a_fault_of_the_store_is_an_alarm_and_the_answer_goes_back() {
    let policy = "version: \"1\"\ndefault: allow\ntools:\n  fails: { rules: [{ rate_limit: { max: 9, window: 1h, refund: on_error } }] }\n";
    let data = tempfile::tempdir().unwrap();
    let (gateway, server) = (gateway(data.path()), Server::Http(server().await));
    let connection = Connection::open(&gateway, &access(policy), &server, identity(), 0).unwrap();
    for (number, tool) in (1..).zip(["fails", "works", "fails", "works"]) {
        let mut exchange =
            Exchange::begin(connection.relay(), call(tool), number, Some(Arc::default())).await;
        let answer = exchange.next().await.unwrap().line;
        assert_eq!(answer.contains("\"result\""), tool == "works", "{answer}");
    }
    connection.close();
    connection.ended().await;
    gateway.recorder.write().await;
    assert_eq!(recorded(data.path(), "outcome", "status"), ["error", "ok", "error", "ok"]);
    let alarms = recorded(data.path(), "alarm", "reason");
    assert_eq!(alarms.len(), 2, "{alarms:?}");
    assert!(alarms.iter().all(|alarm| alarm.contains("not what it seemed")), "{alarms:?}");
}

/// A fault while a server is asked leaves nobody waiting either, and is an alarm.
#[tokio::test]
async fn a_fault_while_the_server_is_asked_is_an_alarm_and_an_answer() {
    let data = tempfile::tempdir().unwrap();
    let gateway = gateway(data.path());
    let ((to_client, _), (to_server, queued)) = (outbox(1 << 20), outbox(1 << 20));
    let access = access("version: \"1\"\ndefault: allow\n");
    let relay = Relay::new(Arc::clone(&gateway), access, identity(), to_client, to_server);
    let relay = Arc::new(relay);
    let (crossing, mut crossed) = crossing::between(Arc::clone(&relay), queued);
    let link = Arc::new(HttpLink::new(server().await).unwrap());
    let mut exchange = Exchange::begin(&relay, call("works"), 1, Some(Arc::default())).await;
    let asking = async {
        // The call is on its way.
        crossed.next().await.unwrap();
        let cut_off = caught(async { panic!("the answer is not what it seemed") }).await;
        link.unanswered(&crossing, 1, cut_off).await;
    };
    let (answer, ()) = tokio::join!(exchange.next(), asking);
    let answer = answer.unwrap().line;
    assert!(answer.contains("cut off by a fault"), "{answer}");
    gateway.recorder.write().await;
    assert_eq!(recorded(data.path(), "outcome", "status"), ["disconnected"]);
    let alarms = recorded(data.path(), "alarm", "reason");
    assert!(alarms.len() == 1 && alarms[0].contains("not what it seemed"), "{alarms:?}");
}
