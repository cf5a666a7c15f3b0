//! Whatever the order of events: every request of the client's is answered once or was given up, every answer
//! reaches the question that it is for, everything the client was asked is answered or taken back, and nothing is
//! left at the end.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::bridge::scripts::message;

#[derive(Clone, Debug)]
enum Event {
    Call { asks: bool },
    Subscribe { uri: u8 },
    Unsubscribe { uri: u8 },
    Cancel { which: usize },
    Answer { which: usize, how: How },
    AnswerQuestion { which: usize, well: bool },
    Acknowledge { which: usize, well: bool },
    Progress { which: usize },
    ServerCloses { which: usize },
    Wait { ms: u64 },
}

#[derive(Clone, Copy, Debug)]
enum How {
    Well,
    Badly,
    Asking { questions: u64, state: bool },
}

fn event() -> impl Strategy<Value = Event> {
    let which = || 0..64_usize;
    let how = prop_oneof![
        2 => Just(How::Well),
        1 => Just(How::Badly),
        4 => (0..4_u64, any::<bool>()).prop_map(|(questions, state)| How::Asking { questions, state }),
    ];
    prop_oneof![
        3 => any::<bool>().prop_map(|asks| Event::Call { asks }),
        1 => (0..3_u8).prop_map(|uri| Event::Subscribe { uri }),
        1 => (0..3_u8).prop_map(|uri| Event::Unsubscribe { uri }),
        1 => which().prop_map(|which| Event::Cancel { which }),
        5 => (which(), how).prop_map(|(which, how)| Event::Answer { which, how }),
        4 => (which(), prop::bool::weighted(0.9)).prop_map(|(which, well)| Event::AnswerQuestion { which, well }),
        2 => (which(), any::<bool>()).prop_map(|(which, well)| Event::Acknowledge { which, well }),
        1 => which().prop_map(|which| Event::Progress { which }),
        1 => which().prop_map(|which| Event::ServerCloses { which }),
        2 => prop_oneof![Just(20_u64), Just(250), Just(5_000), Just(20_000)].prop_map(|ms| Event::Wait { ms }),
    ]
}

/// What both sides know.
#[derive(Default)]
struct World {
    now: Duration,
    /// The client's requests: what each is for, and how many answers came.
    requests: BTreeMap<u64, (u64, usize)>,
    given_up: BTreeSet<u64>,
    /// What the client was asked and neither answered nor was told to forget: the number that the question bears.
    questions: BTreeMap<u64, u64>,
    asked_before: BTreeSet<u64>,
    /// Calls and subscriptions as the server sees them.
    calls: Vec<(u64, u64)>,
    listens: Vec<u64>,
    numbers: BTreeSet<u64>,
    /// What the server asked last for each call: its state, and the number of each question by its key.
    asked: BTreeMap<u64, (Option<String>, BTreeMap<String, u64>)>,
}

impl World {
    fn learn(&mut self, actions: &[Action]) {
        for action in actions {
            match action {
                Action::ToServer(sent) => self.server_sees(&serde_json::from_str(&sent.line).unwrap()),
                Action::ToClient(sent) => self.client_sees(&serde_json::from_str(&sent.line).unwrap()),
                Action::CloseStream(number) => assert!(self.numbers.contains(number)),
                Action::Changed(_) => {}
            }
        }
    }

    fn server_sees(&mut self, message: &Value) {
        let number = message["id"].as_u64().expect("a modern server is sent requests only");
        assert!(self.numbers.insert(number), "a number is used once");
        let params = &message["params"];
        assert_eq!(params["_meta"]["io.modelcontextprotocol/protocolVersion"], "2026-07-28");
        assert!(params["_meta"].get("io.modelcontextprotocol/clientCapabilities").is_some());
        match message["method"].as_str() {
            Some("tools/call" | "tools/list") => {
                let what = params["arguments"]["what"].as_u64().unwrap();
                match self.asked.remove(&what) {
                    None => assert!(
                        params.get("requestState").is_none() && params.get("inputResponses").is_none()
                    ),
                    Some((state, keys)) => {
                        assert_eq!(params["requestState"].as_str(), state.as_deref());
                        let answers = params["inputResponses"].as_object().cloned().unwrap_or_default();
                        assert_eq!(answers.len(), keys.len());
                        for (key, question) in keys {
                            assert_eq!(answers[&key]["question"].as_u64(), Some(question));
                        }
                    }
                }
                self.calls.push((number, what));
            }
            Some("subscriptions/listen") => self.listens.push(number),
            other => assert_eq!(other, Some("server/discover")),
        }
    }

    fn client_sees(&mut self, message: &Value) {
        match (message["method"].as_str(), message["id"].as_u64()) {
            (Some("sampling/createMessage"), Some(id)) => {
                assert!(self.asked_before.insert(id), "a question has an id of its own");
                self.questions.insert(id, message["params"]["maxTokens"].as_u64().unwrap());
            }
            (Some("notifications/cancelled"), None) => {
                let id = message["params"]["requestId"].as_u64().unwrap();
                assert!(self.questions.remove(&id).is_some(), "only what is open is taken back");
            }
            (Some("notifications/progress"), None) => {
                let id: u64 = message["params"]["progressToken"].as_str().unwrap()[1..].parse().unwrap();
                assert_eq!(self.requests[&id].1, 0, "no progress after the end");
            }
            (None, Some(id)) => {
                assert!(!self.given_up.contains(&id), "nothing comes of what was given up");
                let (what, answers) = self.requests.get_mut(&id).unwrap();
                *answers += 1;
                let result = &message["result"];
                assert!(result.get("resultType").is_none(), "a legacy client knows no types of results");
                if let Some(found) = result.get("what") {
                    assert_eq!(found.as_u64(), Some(*what), "an answer to another request");
                }
            }
            other => panic!("{other:?}"),
        }
    }
}

struct Play {
    bridge: LegacyToModern,
    world: World,
    next: u64,
}

impl Play {
    fn client(&mut self, text: &Value) {
        let actions = self.bridge.client_sent(&message(&text.to_string()), self.world.now);
        self.world.learn(&actions);
    }

    fn server(&mut self, text: &Value) {
        let actions = self.bridge.server_sent(&message(&text.to_string()), None, self.world.now);
        self.world.learn(&actions);
    }

    fn tick(&mut self, ms: u64) {
        self.world.now += Duration::from_millis(ms);
        let actions = self.bridge.tick(self.world.now);
        self.world.learn(&actions);
    }

    fn next(&mut self) -> u64 {
        self.next += 1;
        self.next
    }

    fn ask(&mut self, method: &str, what: u64, uri: &str) {
        let id = self.next();
        self.world.requests.insert(id, (what, 0));
        self.client(&json!({"jsonrpc": "2.0", "id": id, "method": method, "params": {
            "name": "n", "uri": uri, "protocolVersion": "2025-11-25", "arguments": {"what": what}, "_meta": {"progressToken": format!("p{id}")},
        }}));
    }

    fn called(&self, which: usize) -> Option<(u64, u64)> {
        let calls = &self.world.calls;
        (!calls.is_empty()).then(|| calls[which % calls.len()])
    }

    fn listened(&self, which: usize) -> Option<u64> {
        let listens = &self.world.listens;
        (!listens.is_empty()).then(|| listens[which % listens.len()])
    }

    fn happens(&mut self, event: &Event) {
        match *event {
            Event::Call { asks } => {
                let what = self.next();
                self.ask(if asks { "tools/call" } else { "tools/list" }, what, "");
            }
            Event::Subscribe { uri } => self.ask("resources/subscribe", 0, &format!("u:{uri}")),
            Event::Unsubscribe { uri } => self.ask("resources/unsubscribe", 0, &format!("u:{uri}")),
            Event::Cancel { which } => {
                let open =
                    self.world.requests.iter().filter(|(_, (_, answers))| *answers == 0).map(|(id, _)| *id);
                let open: Vec<u64> = open.filter(|id| !self.world.given_up.contains(id)).collect();
                let Some(id) = open.get(which % open.len().max(1)).copied() else { return };
                let what = self.world.requests[&id].0;
                self.world.given_up.insert(id);
                self.world.asked.remove(&what);
                self.client(&json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": id}}));
            }
            Event::Answer { which, how } => self.answer(which, how),
            Event::AnswerQuestion { which, well } => {
                let open: Vec<(u64, u64)> =
                    self.world.questions.iter().map(|(id, number)| (*id, *number)).collect();
                let Some((id, number)) = open.get(which % open.len().max(1)).copied() else { return };
                self.world.questions.remove(&id);
                self.client(&if well {
                    json!({"jsonrpc": "2.0", "id": id, "result": {"question": number}})
                } else {
                    json!({"jsonrpc": "2.0", "id": id, "error": {"code": -1, "message": "m"}})
                });
            }
            Event::Acknowledge { which, well } => {
                let Some(number) = self.listened(which) else { return };
                let uris = if well { json!(["u:0", "u:1", "u:2"]) } else { json!(["u:0"]) };
                self.server(&json!({"jsonrpc": "2.0", "method": "notifications/subscriptions/acknowledged", "params": {
                    "notifications": {"resourceSubscriptions": uris},
                    "_meta": {"io.modelcontextprotocol/subscriptionId": number},
                }}));
            }
            Event::Progress { which } => {
                let Some((number, _)) = self.called(which) else { return };
                self.server(&json!({"jsonrpc": "2.0", "method": "notifications/progress", "params": {"progressToken": number, "progress": 1}}));
            }
            Event::ServerCloses { which } => {
                let number =
                    if which % 2 == 0 { self.listened(which) } else { self.called(which).map(|call| call.0) };
                let Some(number) = number else { return };
                let actions = self.bridge.server_closed(number, self.world.now);
                self.world.learn(&actions);
            }
            Event::Wait { ms } => self.tick(ms),
        }
    }

    fn answer(&mut self, which: usize, how: How) {
        let Some((number, what)) = self.called(which) else { return };
        // What the server says a second time is nothing to anybody.
        let is_new = self.bridge.works_at(number);
        let answer = match how {
            How::Well => json!({"result": {"what": what, "resultType": "complete"}}),
            How::Badly => json!({"error": {"code": -1, "message": "m"}}),
            How::Asking { questions, state } => {
                let state = state.then(|| format!("s{number}"));
                let keys: BTreeMap<String, u64> =
                    (0..questions).map(|index| (format!("k{index}"), number * 10 + index)).collect();
                let requests = keys.iter().map(|(key, question)| {
                    (
                        key.clone(),
                        json!({"method": "sampling/createMessage", "params": {"maxTokens": question}}),
                    )
                });
                let mut result = json!({"resultType": "input_required", "inputRequests": requests.collect::<serde_json::Map<_, _>>()});
                if let Some(state) = &state {
                    result["requestState"] = json!(state);
                }
                if is_new {
                    self.world.asked.insert(what, (state, keys));
                }
                json!({"result": result})
            }
        };
        let mut message = json!({"jsonrpc": "2.0", "id": number});
        message.as_object_mut().unwrap().extend(answer.as_object().unwrap().clone());
        self.server(&message);
    }

    fn begin(&mut self) {
        self.ask("initialize", 0, "");
        let result =
            json!({"supportedVersions": ["2026-07-28"], "capabilities": {"resources": {"subscribe": true}}});
        self.server(&json!({"jsonrpc": "2.0", "id": 1, "result": result}));
        self.client(&json!({"jsonrpc": "2.0", "method": "notifications/initialized"}));
    }
}

proptest! {
    #[test]
    fn every_request_is_answered_once(
        events in prop::collection::vec(event(), 0..60),
        held in 1..4_usize,
        rounds in 1..4_usize,
        kept_bytes in prop::sample::select(&[200_usize, 600, 10_000][..]),
        server_goes in any::<bool>(),
    ) {
        let limits = Limits {
            held,
            rounds,
            questions: 2,
            in_flight: 6,
            watched: 2,
            kept_bytes,
            hold: Duration::from_secs(15),
            ..Limits::default()
        };
        let bridge = LegacyToModern::new(limits.clone(), Cancels::ByClosing);
        let mut play = Play { bridge, world: World::default(), next: 0 };
        play.begin();
        for event in &events {
            play.happens(event);
            prop_assert!(play.bridge.calls.len() <= limits.in_flight);
            prop_assert!(play.bridge.questions.len() <= limits.held * limits.questions);
        }
        // The end: what the client does not answer runs out, then the server answers what it still works at, or
        // goes.
        if server_goes {
            let actions = play.bridge.server_gone(play.world.now);
            play.world.learn(&actions);
        } else {
            for _ in 0..4 {
                play.tick(100_000);
                for (number, what) in play.world.calls.clone() {
                    play.server(&json!({"jsonrpc": "2.0", "id": number, "result": {"what": what}}));
                }
            }
        }
        for (id, (_, answers)) in &play.world.requests {
            prop_assert_eq!(*answers, usize::from(!play.world.given_up.contains(id)), "{}", id);
        }
        prop_assert!(play.world.questions.is_empty(), "{:?}", play.world.questions);
        prop_assert!(play.bridge.waits_for_nothing());
    }
}
