//! What is made of pins where the store does not answer, and of what clients are shown.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use interlock_audit::{ArgumentPolicy, DigestKey, InstanceId, Log, RefusalCategory};
use interlock_json::{Limits, scan};
use interlock_store::{AcceptOutcome, Acceptance, BoxFuture, Embedded, Observed, PinsOfServer, Seen};

use super::*;
use crate::gateway::Options;

/// A store that may be out of order.
struct Broken {
    store: Embedded,
    is_broken: AtomicBool,
    /// It can be read, and nothing can be written.
    is_full: AtomicBool,
    /// How often it was told something in vain.
    refused: AtomicUsize,
}

impl Broken {
    fn or<'a, T: Send + 'a>(
        &'a self,
        answer: BoxFuture<'a, Result<T, StoreError>>,
    ) -> BoxFuture<'a, Result<T, StoreError>> {
        Box::pin(async move {
            if self.is_broken.load(Ordering::SeqCst) { Err(StoreError::Full) } else { answer.await }
        })
    }
}

impl Pins for Broken {
    fn observe(&self, seen: Seen) -> BoxFuture<'_, Result<Observed, StoreError>> {
        if self.is_full.load(Ordering::SeqCst) {
            self.refused.fetch_add(1, Ordering::SeqCst);
            return Box::pin(async { Err(StoreError::Full) });
        }
        self.or(self.store.observe(seen))
    }
    fn pins_of<'a>(&'a self, server: &str) -> BoxFuture<'a, Result<PinsOfServer, StoreError>> {
        self.or(self.store.pins_of(server))
    }
    fn pin_changes(&self) -> BoxFuture<'_, Result<i64, StoreError>> {
        self.or(self.store.pin_changes())
    }
    fn pins<'a>(
        &'a self,
        server: Option<&str>,
    ) -> BoxFuture<'a, Result<Vec<interlock_store::Pin>, StoreError>> {
        self.or(self.store.pins(server))
    }
    fn quarantined(&self) -> BoxFuture<'_, Result<Vec<(String, u64)>, StoreError>> {
        self.or(self.store.quarantined())
    }
    fn accept(&self, acceptance: Acceptance) -> BoxFuture<'_, Result<Vec<AcceptOutcome>, StoreError>> {
        self.or(self.store.accept(acceptance))
    }
}

struct Scene {
    gateway: Arc<Gateway>,
    store: Arc<Broken>,
    server: Arc<PinnedServer>,
    data: tempfile::TempDir,
}

fn scene() -> Scene {
    scene_in(tempfile::tempdir().unwrap())
}

fn scene_in(data: tempfile::TempDir) -> Scene {
    let store = Embedded::open(data.path(), interlock_store::Options::default()).unwrap();
    let log = Log::open(data.path(), &InstanceId::generate(1).unwrap(), interlock_audit::Options::default());
    let key = DigestKey::open(data.path()).unwrap();
    let (counters, log) = (Arc::new(store.clone()), Arc::new(log.unwrap()));
    let gateway = Gateway::new(counters, log, ArgumentPolicy::None, key, Options::default());
    let (is_broken, is_full) = (AtomicBool::new(false), AtomicBool::new(false));
    let store = Arc::new(Broken { store, is_broken, is_full, refused: AtomicUsize::new(0) });
    let gateway = Arc::new(gateway.pinning_definitions(Arc::<Broken>::clone(&store)));
    let server = gateway.pinning().unwrap().server(&gateway, &Arc::from("s"));
    Scene { gateway, store, server, data }
}

fn list(tools: &str) -> ToolList {
    let mut list = ToolList::default();
    let page = format!(r#"{{"tools":{tools}}}"#);
    list.add_page(scan(&page, &Limits::default()).unwrap().root(), 100).unwrap();
    list
}

impl Scene {
    async fn learn(&self, tools: &str) -> Result<ToolList, StoreError> {
        let mut list = list(tools);
        self.gateway.learn_pins(&self.server, list.take_offers(), Trust::FirstUse).await?;
        Ok(list)
    }

    /// Waits until a tool is judged so.
    async fn until(&self, list: &ToolList, tool: &str, expected: Option<RefusalCategory>) {
        let deadline = Instant::now() + Duration::from_secs(10);
        while self.server.judge(list, tool).err().map(|denial| denial.category) != expected {
            assert!(Instant::now() < deadline, "{tool} is judged otherwise for ever");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

const A: &str = r#"[{"name":"a"},{"name":"b"}]"#;

#[tokio::test]
async fn without_the_store_nothing_is_trusted_until_it_answers_again() {
    let scene = scene();
    let list = scene.learn(A).await.unwrap();
    assert!(scene.server.judge(&list, "a").is_ok());
    scene.store.is_broken.store(true, Ordering::SeqCst);
    scene.until(&list, "a", Some(RefusalCategory::Unavailable)).await;
    assert!(scene.learn(A).await.is_err());
    assert!(!scene.server.is_known());
    scene.store.is_broken.store(false, Ordering::SeqCst);
    scene.until(&list, "a", None).await;
}

#[tokio::test]
async fn a_first_sight_that_cannot_be_kept_is_none() {
    let scene = scene();
    scene.store.is_broken.store(true, Ordering::SeqCst);
    assert!(scene.learn(A).await.is_err());
    scene.store.is_broken.store(false, Ordering::SeqCst);
    let list = scene.learn(A).await.unwrap();
    assert!(scene.server.judge(&list, "a").is_ok());
}

#[tokio::test]
async fn news_of_another_process_are_heard() {
    let scene = scene();
    let first = scene.learn(A).await.unwrap();
    let mut news = scene.server.watch();
    let mut other = list(r#"[{"name":"a","title":"A"}]"#);
    let seen = |tools| Seen { server: "s".to_owned(), tools, is_complete: false, trusts_first: true };
    scene.store.store.observe(seen(other.take_offers())).await.unwrap();
    scene.until(&first, "a", Some(RefusalCategory::Pin)).await;
    assert!(scene.server.judge(&first, "b").is_ok());
    assert!(news.has_changed().unwrap(), "clients are told");
    news.mark_unchanged();
    let tools = vec![("a".to_owned(), *other.described("a").unwrap().fingerprint.bytes())];
    let acceptance = Acceptance { server: "s".to_owned(), tools, by: "p".to_owned() };
    scene.store.store.accept(acceptance).await.unwrap();
    scene.until(&other, "a", None).await;
    assert!(scene.server.judge(&first, "a").is_err(), "it is the other one that was accepted");
    assert!(news.has_changed().unwrap());
}

#[tokio::test]
async fn what_a_page_shows_otherwise_is_distrusted_at_once() {
    let scene = scene();
    let first = scene.learn(A).await.unwrap();
    let text = r#"[{"name":"a","title":"A"},{"name":"b"},{"name":"c"}]"#;
    let document = scan(text, &Limits::default()).unwrap();
    let mut page = Page::of(&scene.server, Some(&first));
    let shown: Vec<bool> = document
        .root()
        .items()
        .map(|tool| page.shows(&tool.get("name").unwrap().as_str().unwrap(), tool))
        .collect();
    assert_eq!(shown, [false, true, false]);
    assert!(page.is_of_another);
    let unlike = page.unlike;
    assert_eq!(unlike.iter().map(|offer| offer.tool.as_str()).collect::<Vec<_>>(), ["a", "c"]);
    scene.server.distrust(&unlike);
    assert!(scene.server.judge(&first, "a").is_err());
    assert!(scene.server.judge(&first, "b").is_ok());
    // What is read of the store before it was told changes nothing of that.
    scene.gateway.pinning().unwrap().read(&scene.gateway, &scene.server).await.unwrap();
    assert!(scene.server.judge(&first, "a").is_err());
    scene.gateway.note_pins(&scene.server).await;
    assert_eq!(scene.store.store.quarantined().await.unwrap(), [("s".to_owned(), 2)]);
    assert!(scene.server.judge(&first, "a").is_err());
}

const OTHER: &str = r#"[{"name":"a","title":"A"},{"name":"b"}]"#;

impl Scene {
    async fn pin(&self, tool: &str) -> interlock_store::Pin {
        let pins = self.store.store.pins(Some("s")).await.unwrap();
        pins.into_iter().find(|pin| pin.tool == tool).unwrap()
    }

    /// Waits until this many tools are in quarantine in the store.
    async fn until_quarantined(&self, tools: u64) {
        let deadline = Instant::now() + Duration::from_secs(10);
        let expected = if tools == 0 { Vec::new() } else { vec![("s".to_owned(), tools)] };
        while self.store.store.quarantined().await.unwrap() != expected {
            assert!(Instant::now() < deadline, "the store is never told");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

/// The server has the accepted definition again by the time that the store answers, and never lists the other again.
#[tokio::test]
async fn what_was_shown_while_the_store_was_out_of_order_is_written_when_it_answers() {
    for can_be_read in [true, false] {
        let scene = scene();
        let first = scene.learn(A).await.unwrap();
        let switch = if can_be_read { &scene.store.is_full } else { &scene.store.is_broken };
        switch.store(true, Ordering::SeqCst);
        assert!(scene.learn(OTHER).await.is_err());
        assert!(
            scene.learn(A).await.is_err(),
            "what is owed is not forgotten for what is as it was accepted"
        );
        assert_eq!(scene.server.judge(&first, "a").unwrap_err().category, RefusalCategory::Unavailable);
        assert_eq!(scene.store.store.quarantined().await.unwrap(), []);
        switch.store(false, Ordering::SeqCst);
        scene.until_quarantined(1).await;
        scene.until(&first, "a", Some(RefusalCategory::Pin)).await;
        scene.until(&first, "b", None).await;
        let pin = scene.pin("a").await;
        assert_eq!(
            pin.accepted.unwrap().definition,
            r#"{"name":"a"}"#,
            "the old one is still what is accepted"
        );
        assert_eq!(pin.offered.unwrap().definition.unwrap(), r#"{"name":"a","title":"A"}"#);
        // Whoever lists it once more as it was accepted changes nothing of that.
        let again = scene.learn(A).await.unwrap();
        assert!(scene.server.judge(&again, "a").is_err());
        assert!(scene.server.judge(&again, "b").is_ok());
        assert!(!scene.server.owes());
    }
}

#[tokio::test]
async fn after_a_restart_the_change_is_compared_with_the_old_pin() {
    let scene = scene();
    scene.learn(A).await.unwrap();
    scene.store.is_full.store(true, Ordering::SeqCst);
    assert!(scene.learn(OTHER).await.is_err());
    let Scene { gateway, store, server, data } = scene;
    drop((gateway, store, server));
    let scene = scene_in(data);
    let list = scene.learn(OTHER).await.unwrap();
    assert_eq!(scene.server.judge(&list, "a").unwrap_err().category, RefusalCategory::Pin);
    assert!(scene.server.judge(&list, "b").is_ok());
    assert_eq!(scene.pin("a").await.accepted.unwrap().definition, r#"{"name":"a"}"#);
}

/// What was read of the store before it was told comes too late to make the tool trusted again.
#[tokio::test]
async fn nothing_read_earlier_is_taken_after_the_store_was_told() {
    let scene = scene();
    let first = scene.learn(A).await.unwrap();
    let before = scene.store.store.pins_of("s").await.unwrap();
    scene.server.distrust(&list(OTHER).take_offers());
    scene.gateway.note_pins(&scene.server).await;
    assert!(!scene.server.owes());
    scene.server.take(&before);
    assert!(scene.server.judge(&first, "a").is_err());
    assert!(scene.server.judge(&first, "b").is_ok());
}

#[tokio::test]
async fn a_page_shown_while_the_store_is_full_is_written_when_there_is_room() {
    let scene = scene();
    let first = scene.learn(A).await.unwrap();
    scene.store.is_full.store(true, Ordering::SeqCst);
    let mut offers = list(OTHER).take_offers();
    offers.retain(|offer| offer.tool == "a");
    scene.server.distrust(&offers);
    scene.gateway.note_pins(&scene.server).await;
    assert!(scene.server.judge(&first, "a").is_err());
    let news = scene.server.watch();
    let deadline = Instant::now() + Duration::from_secs(10);
    while scene.store.refused.load(Ordering::SeqCst) < 4 {
        assert!(Instant::now() < deadline, "nobody tries again");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert!(!news.has_changed().unwrap(), "clients are not told time and again that nothing can be called");
    scene.store.is_full.store(false, Ordering::SeqCst);
    scene.until_quarantined(1).await;
    scene.until(&first, "a", Some(RefusalCategory::Pin)).await;
    scene.until(&first, "b", None).await;
}
