//! Whatever the order of events: every request of the client's is answered once or was given up, every question of
//! the server's is answered once, nothing reaches whom it is not for, and nothing is left at the end.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::bridge::scripts::message;

#[derive(Clone, Debug)]
enum Event {
    Call { asks: bool },
    Retry { which: usize, answers: bool, other_call: bool },
    Cancel { which: usize, by_closing: bool },
    Answer { which: usize, well: bool },
    Ask { which: usize, on_stream: bool },
    Withdraw { which: usize },
    Progress { which: usize },
    ServerCloses { which: usize },
    Wait { ms: u64 },
}

fn event() -> impl Strategy<Value = Event> {
    let which = || 0..64_usize;
    prop_oneof![
        3 => any::<bool>().prop_map(|asks| Event::Call { asks }),
        3 => (which(), any::<bool>(), prop::bool::weighted(0.1))
            .prop_map(|(which, answers, other_call)| Event::Retry { which, answers, other_call }),
        1 => (which(), any::<bool>()).prop_map(|(which, by_closing)| Event::Cancel { which, by_closing }),
        3 => (which(), any::<bool>()).prop_map(|(which, well)| Event::Answer { which, well }),
        3 => (which(), any::<bool>()).prop_map(|(which, on_stream)| Event::Ask { which, on_stream }),
        1 => which().prop_map(|which| Event::Withdraw { which }),
        1 => which().prop_map(|which| Event::Progress { which }),
        1 => which().prop_map(|which| Event::ServerCloses { which }),
        2 => prop_oneof![Just(1_u64), Just(20), Just(1_000), Just(10_000)].prop_map(|ms| Event::Wait { ms }),
    ]
}

/// What both sides know.
#[derive(Default)]
struct World {
    now: Duration,
    /// The client's requests: what each is for, and how many answers came.
    requests: BTreeMap<u64, (u64, usize)>,
    given_up: BTreeSet<u64>,
    /// States that were given out, and for what.
    states: Vec<(String, u64, Vec<String>)>,
    /// Calls as the server sees them, in the order they came: number and what for.
    calls: Vec<(u64, u64)>,
    cancelled: BTreeSet<u64>,
    /// The server's questions: how many answers came.
    questions: BTreeMap<u64, usize>,
    withdrawn: BTreeSet<u64>,
    initialize: Option<u64>,
}

impl World {
    fn learn(&mut self, actions: &[Action]) {
        for action in actions {
            match action {
                Action::ToServer(sent) => self.server_sees(&serde_json::from_str(&sent.line).unwrap()),
                Action::ToClient(sent) => self.client_sees(&serde_json::from_str(&sent.line).unwrap(), sent),
                Action::CloseStream(_) | Action::Changed(_) => {}
            }
        }
    }

    fn server_sees(&mut self, message: &Value) {
        match message["method"].as_str() {
            Some("initialize") => self.initialize = message["id"].as_u64(),
            Some("tools/call" | "tools/list") => {
                let meta = message["params"]["_meta"].as_object().unwrap();
                assert_eq!(meta.keys().collect::<Vec<_>>(), ["progressToken"]);
                assert!(message["params"].get("requestState").is_none());
                let number = message["id"].as_u64().unwrap();
                assert!(self.calls.iter().all(|(other, _)| *other != number), "a number is used once");
                self.calls.push((number, message["params"]["arguments"]["what"].as_u64().unwrap()));
            }
            Some("notifications/cancelled") => {
                self.cancelled.insert(message["params"]["requestId"].as_u64().unwrap());
            }
            Some(_) => {}
            None => {
                let id = message["id"].as_u64().unwrap();
                assert!(!self.withdrawn.contains(&id), "the server did not want an answer any more");
                *self.questions.get_mut(&id).unwrap() += 1;
                if let Some(question) = message["result"].get("question") {
                    assert_eq!(question.as_u64(), Some(id), "an answer to another question");
                }
            }
        }
    }

    fn client_sees(&mut self, message: &Value, sent: &ToClient) {
        let on = sent.on.as_ref().and_then(RequestId::as_u64).unwrap();
        assert!(!self.given_up.contains(&on), "nothing comes of what was given up");
        if message["method"] == "notifications/progress" {
            assert_eq!(message["params"]["progressToken"].as_str().unwrap(), format!("p{on}"));
            return;
        }
        assert_eq!(message["id"].as_u64(), Some(on));
        let (what, answers) = self.requests.get_mut(&on).unwrap();
        *answers += 1;
        let result = &message["result"];
        if result["resultType"] == "input_required" {
            let state = result["requestState"].as_str().unwrap().to_owned();
            assert!(self.states.iter().all(|(other, ..)| *other != state), "a state is given once");
            let keys = result["inputRequests"].as_object().unwrap();
            assert!(!keys.is_empty());
            // The key of each question, and what it asks: the number of the question.
            let keys = keys.iter().map(|(key, asked)| format!("{key} {}", asked["params"]["maxTokens"]));
            self.states.push((state, *what, keys.collect()));
        } else if !result.is_null() {
            assert_eq!(result["what"].as_u64(), Some(*what), "an answer to another request");
        }
    }
}

fn request(id: u64, method: &str, what: u64, more: &Value) -> String {
    let mut message = json!({"jsonrpc": "2.0", "id": id, "method": method, "params": {
        "name": "n", "arguments": {"what": what}, "_meta": {
            "progressToken": format!("p{id}"),
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientCapabilities": {"sampling": {}},
        },
    }});
    for (key, value) in more.as_object().unwrap() {
        message["params"][key] = value.clone();
    }
    message.to_string()
}

struct Play {
    bridge: ModernToLegacy,
    world: World,
    next: u64,
}

impl Play {
    fn client(&mut self, text: &str) {
        let actions = self.bridge.client_sent(&message(text), self.world.now);
        self.world.learn(&actions);
    }

    fn server(&mut self, text: &Value, on: Option<u64>) {
        let actions = self.bridge.server_sent(&message(&text.to_string()), on, self.world.now);
        self.world.learn(&actions);
    }

    fn next(&mut self) -> u64 {
        self.next += 1;
        self.next
    }

    fn ask_as_client(&mut self, method: &str, what: u64, more: &Value) {
        let id = self.next();
        self.world.requests.insert(id, (what, 0));
        self.client(&request(id, method, what, more));
    }

    fn called(&self, which: usize) -> Option<(u64, u64)> {
        let calls = &self.world.calls;
        (!calls.is_empty()).then(|| calls[which % calls.len()])
    }

    fn happens(&mut self, event: &Event) {
        match *event {
            Event::Call { asks } => {
                let what = self.next();
                self.ask_as_client(if asks { "tools/call" } else { "tools/list" }, what, &json!({}));
            }
            Event::Retry { which, answers, other_call } => {
                let states = &self.world.states;
                let Some((state, what, keys)) = states.get(which % states.len().max(1)).cloned() else {
                    return;
                };
                let answers: serde_json::Map<String, Value> = keys
                    .iter()
                    .filter(|_| answers)
                    .map(|key| key.split_once(' ').unwrap())
                    .map(|(key, asked)| (key.to_owned(), json!({"question": asked.parse::<u64>().unwrap()})))
                    .collect();
                let what = if other_call { 0 } else { what };
                self.ask_as_client(
                    "tools/call",
                    what,
                    &json!({"requestState": state, "inputResponses": answers}),
                );
            }
            Event::Cancel { which, by_closing } => self.cancel(which, by_closing),
            Event::Answer { which, well } => {
                let Some((number, what)) = self.called(which) else { return };
                let outcome = if well { json!({"what": what}) } else { json!({"code": -1, "message": "m"}) };
                let member = if well { "result" } else { "error" };
                self.server(&json!({"jsonrpc": "2.0", "id": number, member: outcome}), None);
            }
            Event::Ask { which, on_stream } => {
                let id = self.next();
                let on = self.called(which).map(|(number, _)| number).filter(|_| on_stream);
                self.world.questions.insert(id, 0);
                let question = json!({"jsonrpc": "2.0", "id": id, "method": "sampling/createMessage", "params": {"maxTokens": id}});
                self.server(&question, on);
            }
            Event::Withdraw { which } => {
                let open =
                    self.world.questions.iter().filter(|(_, answers)| **answers == 0).map(|(id, _)| *id);
                let open: Vec<u64> = open.collect();
                let Some(id) = open.get(which % open.len().max(1)).copied() else { return };
                self.world.withdrawn.insert(id);
                let note = json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": id}});
                self.server(&note, None);
            }
            Event::Progress { which } => {
                let Some((number, _)) = self.called(which) else { return };
                let note = json!({"jsonrpc": "2.0", "method": "notifications/progress", "params": {"progressToken": number, "progress": 1}});
                self.server(&note, None);
            }
            Event::ServerCloses { which } => {
                let Some((number, _)) = self.called(which) else { return };
                let actions = self.bridge.server_closed(number, self.world.now);
                self.world.learn(&actions);
            }
            Event::Wait { ms } => {
                self.world.now += Duration::from_millis(ms);
                let actions = self.bridge.tick(self.world.now);
                self.world.learn(&actions);
            }
        }
    }

    fn cancel(&mut self, which: usize, by_closing: bool) {
        let open = self.world.requests.iter().filter(|(_, (_, answers))| *answers == 0).map(|(id, _)| *id);
        let open: Vec<u64> = open.filter(|id| !self.world.given_up.contains(id)).collect();
        let Some(id) = open.get(which % open.len().max(1)).copied() else { return };
        self.world.given_up.insert(id);
        if by_closing {
            let actions = self.bridge.client_closed(&RequestId::from(id), self.world.now);
            self.world.learn(&actions);
        } else {
            let note =
                json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": id}});
            self.client(&note.to_string());
        }
    }

    /// The handshake, at whatever point it is answered.
    fn initialize(&mut self) {
        if let Some(number) = self.world.initialize.take() {
            let result = json!({"protocolVersion": "2025-11-25", "capabilities": {}, "serverInfo": {}});
            self.server(&json!({"jsonrpc": "2.0", "id": number, "result": result}), None);
        }
    }
}

proptest! {
    #[test]
    fn every_request_is_answered_once(
        events in prop::collection::vec(event(), 0..60),
        handshake_after in 0..4_usize,
        held in 1..4_usize,
        rounds in 1..4_usize,
        kept_bytes in prop::sample::select(&[60_usize, 400, 10_000][..]),
        server_goes in any::<bool>(),
    ) {
        let limits = Limits {
            held,
            rounds,
            questions: 2,
            in_flight: 6,
            kept_bytes,
            hold: Duration::from_secs(15),
            ..Limits::default()
        };
        let bridge = ModernToLegacy::new(limits.clone(), Box::new(|| "same".to_owned()));
        let mut play = Play { bridge, world: World::default(), next: 0 };
        for (index, event) in events.iter().enumerate() {
            if index >= handshake_after {
                play.initialize();
            }
            play.happens(event);
            prop_assert!(play.bridge.calls.len() <= limits.in_flight);
            prop_assert!(play.bridge.states.len() <= limits.held);
            let of_no_call = |state: &State| !play.bridge.calls.keys().any(|number| state.is_of(*number));
            let lost = play.bridge.states.values().filter(|state| of_no_call(state)).count();
            prop_assert_eq!(lost, 0, "a state whose call has ended takes the room of others");
            prop_assert!(play.bridge.kept() <= limits.kept_bytes);
        }
        play.initialize();
        play.initialize();
        // The end: everything that is held runs out, then the server answers what it still works at, or goes.
        play.world.now += Duration::from_secs(100);
        let actions = play.bridge.tick(play.world.now);
        play.world.learn(&actions);
        if server_goes {
            let actions = play.bridge.server_gone(play.world.now);
            play.world.learn(&actions);
        } else {
            for (number, what) in play.world.calls.clone() {
                play.server(&json!({"jsonrpc": "2.0", "id": number, "result": {"what": what}}), None);
            }
            play.world.now += Duration::from_secs(100);
            let actions = play.bridge.tick(play.world.now);
            play.world.learn(&actions);
        }
        for (id, (_, answers)) in &play.world.requests {
            let expected = usize::from(!play.world.given_up.contains(id));
            prop_assert!(*answers == expected || (play.world.given_up.contains(id) && *answers == 0), "{id}: {answers}");
        }
        for (id, answers) in &play.world.questions {
            prop_assert_eq!(*answers, usize::from(!play.world.withdrawn.contains(id)), "question {}", id);
        }
        prop_assert!(play.bridge.waits_for_nothing());
        prop_assert_eq!(play.bridge.next_tick(), None);
    }
}
