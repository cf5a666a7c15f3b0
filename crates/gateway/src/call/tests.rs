use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use interlock_audit::{ArgumentPolicy, DigestKey, InstanceId, Log};
use interlock_json::Decimal;
use interlock_policy::{Section, Source, Syntax, compile};
use interlock_store::{
    BoxFuture, CounterRef, CounterStatus, Counters, Embedded, ReservationId, ReserveAnswer, ReserveRequest,
    Settle, StoreError,
};

use super::*;
use crate::approvals::nobody;
use crate::gateway::Options;
use crate::identify::{ClientInfo, Identity};
use crate::limits::Limits;
use crate::settle::Ending;

/// Counters that somebody else moves between every look and the reservation, so many times.
#[derive(Debug)]
struct Moving {
    store: Embedded,
    times: AtomicUsize,
}

impl Counters for Moving {
    fn read(&self, counters: Vec<CounterRef>) -> BoxFuture<'_, Result<Vec<Decimal>, StoreError>> {
        self.store.read(counters)
    }

    fn reserve(&self, request: ReserveRequest) -> BoxFuture<'_, Result<ReserveAnswer, StoreError>> {
        let moved = |times: usize| times.checked_sub(1);
        match self.times.fetch_update(Ordering::SeqCst, Ordering::SeqCst, moved) {
            Ok(_) => Box::pin(async { Ok(ReserveAnswer::Stale) }),
            Err(_) => self.store.reserve(request),
        }
    }

    fn settle(&self, reservation: ReservationId, how: Settle) -> BoxFuture<'_, Result<(), StoreError>> {
        self.store.settle(reservation, how)
    }

    fn list(&self, most: usize) -> BoxFuture<'_, Result<Vec<CounterStatus>, StoreError>> {
        self.store.list(most)
    }
}

/// A server that lists one tool, with these annotations.
struct Annotated(&'static str);

impl DefinitionSource for Annotated {
    async fn current(&self) -> Result<Arc<ToolList>, DefinitionsError> {
        let page = format!(r#"{{"tools":[{{"name":"once","annotations":{}}}]}}"#, self.0);
        let mut list = ToolList::default();
        list.add_page(interlock_json::scan(page, &interlock_json::Limits::default()).unwrap().root(), 1)?;
        Ok(Arc::new(list))
    }
}

struct NoDefinitions;

impl DefinitionSource for NoDefinitions {
    async fn current(&self) -> Result<Arc<ToolList>, DefinitionsError> {
        Err(DefinitionsError::Gone)
    }
}

const LIMITED: &str = "version: \"1\"\ndefault: deny\ntools:\n  once: { rules: [{ rate_limit: 1/hour }] }\n";

/// A gateway and the policies in force.
struct Scene {
    gateway: Arc<Gateway>,
    policies: Arc<Snapshot>,
}

fn gateway(policy: &str, counters: Arc<dyn Counters>, data: &std::path::Path, limits: Limits) -> Scene {
    let source = Source { name: "policy.yaml", text: policy, syntax: Syntax::Yaml };
    let log =
        Log::open(data, &InstanceId::generate(1).unwrap(), interlock_audit::Options::default()).unwrap();
    let gateway = Arc::new(Gateway::new(
        counters,
        Arc::new(log),
        ArgumentPolicy::None,
        DigestKey::open(data).unwrap(),
        Options { limits, ..Options::default() },
    ));
    Scene { gateway, policies: Arc::new(Snapshot::of_server(compile(&source).0.unwrap())) }
}

/// Decides a call of the tool `once`.
async fn decide(gateway: &Scene, request: &str, retry: &Retry) -> Result<Passage, Denial> {
    decide_for(None, gateway, request, retry, &NoDefinitions).await
}

async fn decide_for(
    client: Option<ClientInfo>,
    Scene { gateway, policies }: &Scene,
    request: &str,
    retry: &Retry,
    definitions: &impl DefinitionSource,
) -> Result<Passage, Denial> {
    let identity = Identity { grant: "g".to_owned(), session: "s".to_owned(), client };
    let about = About {
        identity: Arc::new(identity),
        server: Arc::from("server"),
        method: "tools/call".to_owned(),
        request: Some(request.to_owned()),
        subject: None,
        resources: Vec::new(),
        traceparent: None,
        trace: None,
        since: std::time::Instant::now(),
    };
    let target = Target { section: Section::Tools, name: "once".into(), arguments: None };
    let decided =
        gateway.decide(Arc::clone(policies), about, &[target], definitions, retry, Consent::default()).await;
    decided.map_err(|halted| match halted {
        Halted::Refused(refused) => refused.denial,
        Halted::Asks(asks) => nobody(&asks.decision),
    })
}

/// Decides one call whose counters move so many times, within these limits.
async fn decided(times: usize, limits: Limits) -> Result<(), Denial> {
    judged(LIMITED, times, limits, None, &NoDefinitions).await
}

async fn judged(
    policy: &str,
    times: usize,
    limits: Limits,
    client: Option<ClientInfo>,
    definitions: &impl DefinitionSource,
) -> Result<(), Denial> {
    let data = tempfile::tempdir().unwrap();
    let counters = Moving { store: store(data.path()), times: AtomicUsize::new(times) };
    let gateway = gateway(policy, Arc::new(counters), data.path(), limits);
    let passage = decide_for(client, &gateway, "1", &Retry::default(), definitions).await?;
    passage.ticket.settle(Ending::NotSent).await;
    Ok(())
}

fn store(data: &std::path::Path) -> Embedded {
    Embedded::open(data, interlock_store::Options::default()).unwrap()
}

fn failed() -> Ending {
    Ending::Answered { status: interlock_audit::Status::ToolError, bytes: 1, code: None }
}

#[tokio::test]
async fn what_never_reached_the_server_is_no_first_call() {
    let data = tempfile::tempdir().unwrap();
    let policy = "version: \"1\"\ndefault: deny\ntools:\n  once: { rules: [{ idempotency_window: 1h }] }\n";
    let gateway = gateway(policy, Arc::new(store(data.path())), data.path(), Limits::default());
    for request in ["1", "2"] {
        decide(&gateway, request, &Retry::default()).await.unwrap().ticket.settle(Ending::NotSent).await;
    }
    // One that failed has reached it, and what is said of it is bounded.
    let long = format!("\"{}\"", "x".repeat(1_000));
    decide(&gateway, &long, &Retry::default()).await.unwrap().ticket.settle(failed()).await;
    let denial = decide(&gateway, "4", &Retry::default()).await.unwrap_err();
    let named = format!("an identical call (request \"{}) was let through", "x".repeat(63));
    assert!(denial.reason.starts_with(&named), "{denial:?}");
}

/// The legs of one call hold what the first has reserved: until the last has ended it is not given back, and then
/// once; a later leg that never reached the server gives nothing back.
#[tokio::test]
async fn what_the_first_leg_reserved_is_settled_with_the_last() {
    let policy = "version: \"1\"\ndefault: deny\ntools:\n  once: { rules: [{ rate_limit: { max: 1, window: 1h, refund: on_error } }] }\n";
    for (ending, is_free) in [(failed(), true), (Ending::NotSent, false), (Ending::TimedOut, false)] {
        let data = tempfile::tempdir().unwrap();
        let gateway = gateway(policy, Arc::new(store(data.path())), data.path(), Limits::default());
        let first = decide(&gateway, "1", &Retry::default()).await.unwrap();
        let leg = Leg {
            intent: first.intent,
            snapshot: Arc::clone(&first.snapshot),
            approval: None,
            held: first.held.clone(),
            before: 0,
            challenge: None,
        };
        first.ticket.settle(failed().continues()).await;
        assert!(decide(&gateway, "2", &Retry::default()).await.is_err(), "it waits for its retry");
        let retry = Retry { first: Some(leg), paid: None };
        let last = decide(&gateway, "3", &retry).await.unwrap();
        last.ticket.settle(ending.clone()).await;
        assert_eq!(decide(&gateway, "4", &Retry::default()).await.is_ok(), is_free, "{ending:?}");
        assert!(decide(&gateway, "5", &Retry::default()).await.is_err(), "{ending:?}: given back once");
    }
}

/// A store that never answers when something is given back.
#[derive(Debug)]
struct Stuck(Embedded);

impl Counters for Stuck {
    fn read(&self, counters: Vec<CounterRef>) -> BoxFuture<'_, Result<Vec<Decimal>, StoreError>> {
        self.0.read(counters)
    }

    fn reserve(&self, request: ReserveRequest) -> BoxFuture<'_, Result<ReserveAnswer, StoreError>> {
        self.0.reserve(request)
    }

    fn settle(&self, _: ReservationId, _: Settle) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(std::future::pending())
    }

    fn list(&self, most: usize) -> BoxFuture<'_, Result<Vec<CounterStatus>, StoreError>> {
        self.0.list(most)
    }
}

/// Whoever settles a call may be cut off while the store is asked: the call has its outcome all the same.
#[tokio::test]
async fn a_call_whose_settling_is_given_up_has_its_outcome() {
    let data = tempfile::tempdir().unwrap();
    let counters = Arc::new(Stuck(store(data.path())));
    let gateway = gateway(LIMITED, counters, data.path(), Limits::default());
    let passage = decide(&gateway, "1", &Retry::default()).await.unwrap();
    let mut settling = Box::pin(passage.ticket.settle(Ending::NotSent));
    let polled =
        std::future::poll_fn(|context| std::task::Poll::Ready(settling.as_mut().poll(context))).await;
    assert!(polled.is_pending());
    drop(settling);
    gateway.gateway.recorder.write().await;
    let filter = interlock_audit::Filter { kind: Some("outcome".to_owned()), ..Default::default() };
    let outcomes: Vec<_> = interlock_audit::query(data.path(), filter).unwrap().collect();
    assert_eq!(outcomes.len(), 1, "{outcomes:?}");
    assert!(outcomes[0].as_ref().unwrap().json().contains("not_sent"), "{outcomes:?}");
}

/// Whoever waits for the intent to be recorded may be cut off: the intent comes into the log all the same, and has its
/// outcome there; what was reserved is given back.
#[tokio::test]
async fn a_call_that_is_cut_off_while_it_is_recorded_has_its_outcome() {
    let data = tempfile::tempdir().unwrap();
    let gateway = gateway(LIMITED, Arc::new(store(data.path())), data.path(), Limits::default());
    let retry = Retry::default();
    {
        // Others have something to record too, so that this one lets them go first.
        let _company = [gateway.gateway.recorder.company(), gateway.gateway.recorder.company()];
        let mut deciding = Box::pin(decide(&gateway, "1", &retry));
        loop {
            let pending = gateway.gateway.recorder.backlog().records;
            let polled =
                std::future::poll_fn(|context| std::task::Poll::Ready(deciding.as_mut().poll(context))).await;
            assert!(polled.is_pending(), "it was not held up");
            if gateway.gateway.recorder.backlog().records > pending {
                break;
            }
            tokio::task::yield_now().await;
        }
    }
    let outcomes = || {
        let filter = interlock_audit::Filter { kind: Some("outcome".to_owned()), ..Default::default() };
        interlock_audit::query(data.path(), filter).unwrap().collect::<Vec<_>>()
    };
    let recorded = async {
        while outcomes().is_empty() {
            tokio::task::yield_now().await;
            gateway.gateway.recorder.write().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), recorded).await.unwrap();
    let outcomes = outcomes();
    assert_eq!(outcomes.len(), 1, "{outcomes:?}");
    assert!(outcomes[0].as_ref().unwrap().json().contains("not_sent"), "{outcomes:?}");
    // One an hour may pass: the one before has not.
    decide(&gateway, "2", &retry).await.unwrap().ticket.settle(Ending::HandedOver).await;
    assert!(decide(&gateway, "3", &retry).await.is_err());
}

#[tokio::test]
async fn counters_that_keep_moving_deny_only_after_real_time() {
    let patient = Limits { rejudgements: 2, rejudging: Duration::from_secs(60), ..Limits::default() };
    assert_eq!(decided(500, patient).await, Ok(()));
    let hasty = Limits { rejudgements: 2, rejudging: Duration::from_millis(1), ..Limits::default() };
    let denial = decided(usize::MAX, hasty.clone()).await.unwrap_err();
    assert!(denial.reason.contains("keep changing"), "{denial:?}");
    // A few looks are always allowed, however slow the store is.
    assert_eq!(decided(1, Limits { rejudging: Duration::ZERO, ..hasty }).await, Ok(()));
}

/// What conditions look at besides the call comes from the session, the server's definitions and the clock.
#[tokio::test]
async fn conditions_see_the_client_the_definition_and_the_time() {
    let claude = || Some(ClientInfo { name: "claude".to_owned(), text: "claude/1".to_owned() });
    let table = [
        ("path: client.name, op: eq, value: claude", claude(), "{}", true),
        ("path: client.name, op: eq, value: claude/1", claude(), "{}", false),
        ("path: client.name, op: eq, value: claude", None, "{}", false),
        ("path: tool.annotations.readOnlyHint, op: eq, value: true", None, r#"{"readOnlyHint":true}"#, true),
        (
            "path: tool.annotations.readOnlyHint, op: eq, value: true",
            None,
            r#"{"readOnlyHint":false}"#,
            false,
        ),
        ("path: tool.annotations.readOnlyHint, op: eq, value: true", None, "[]", false),
        ("path: tool.annotations.readOnlyHint, op: eq, value: true", None, "null", false),
        ("path: time.hour, op: gte, value: 0", None, "{}", true),
        ("path: tool.category, op: eq, value: Read", None, "{}", false),
        ("path: tool.category, op: eq, value: Write", None, "{}", true),
        ("path: tool.category, op: eq, value: Destructive", None, r#"{"destructiveHint":true}"#, true),
        ("path: tool.category, op: eq, value: Write", None, r#"{"readOnlyHint":1e999}"#, false),
        ("path: tool.severity, op: in, value: [low, medium]", None, "{}", true),
        ("path: tool.severity, op: in, value: [low, medium]", None, r#"{"destructiveHint":true}"#, false),
    ];
    for (condition, client, annotations, passes) in table {
        let policy =
            format!("version: \"1\"\ndefault: deny\ntools:\n  once: {{ require: [{{ {condition} }}] }}\n");
        let decided = judged(&policy, 0, Limits::default(), client, &Annotated(annotations)).await;
        assert_eq!(decided.is_ok(), passes, "{condition} {annotations}: {decided:?}");
    }
    let unlisted = "version: \"1\"\ndefault: deny\ntools:\n  once: { require: [{ path: tool.annotations.readOnlyHint, op: eq, value: true }] }\n";
    let denial = judged(unlisted, 0, Limits::default(), None, &NoDefinitions).await.unwrap_err();
    assert_eq!(denial.rule, "(definitions)");
}
