//! The two bridges one behind the other, between a legacy client and a legacy server: each must be what the other
//! expects of its era, and the two ends must find each other as without them.

use std::collections::VecDeque;
use std::time::Duration;

use super::scripts::{message, play};
use super::{Action, Bridge, Cancels, LegacyToModern, Limits, ModernToLegacy};
use crate::id::RequestId;
use crate::message::Message;

struct Chain {
    client_side: LegacyToModern,
    server_side: ModernToLegacy,
}

/// Whose actions they are.
enum Of {
    ClientSide,
    ServerSide,
}

impl Chain {
    fn new(cancels: Cancels) -> Self {
        let limits = Limits { gather: Duration::ZERO, ..Limits::default() };
        let tokens = Box::new(|| "state".to_owned());
        Self {
            client_side: LegacyToModern::new(limits.clone(), cancels),
            server_side: ModernToLegacy::new(limits, tokens),
        }
    }

    /// Hands on what each side has for the other; the rest is for the ends.
    fn settle(&mut self, of: Of, actions: Vec<Action>, now: Duration) -> Vec<Action> {
        let mut todo: VecDeque<(Of, Vec<Action>)> = VecDeque::from([(of, actions)]);
        let mut out = Vec::new();
        while let Some((of, actions)) = todo.pop_front() {
            for action in actions {
                match (&of, action) {
                    (Of::ClientSide, Action::ToServer(sent)) => {
                        let answered = self.server_side.client_sent(&message(&sent.line), now);
                        todo.push_back((Of::ServerSide, answered));
                    }
                    (Of::ClientSide, Action::CloseStream(number)) => {
                        let closed = self.server_side.client_closed(&RequestId::from(number), now);
                        todo.push_back((Of::ServerSide, closed));
                    }
                    (Of::ServerSide, Action::ToClient(sent)) => {
                        let on = sent.on.as_ref().and_then(RequestId::as_u64);
                        let told = self.client_side.server_sent(&message(&sent.line), on, now);
                        todo.push_back((Of::ClientSide, told));
                    }
                    (Of::ServerSide, Action::Changed(_)) => {}
                    (_, action) => out.push(action),
                }
            }
        }
        out
    }
}

impl Bridge for Chain {
    fn client_sent(&mut self, message: &Message, now: Duration) -> Vec<Action> {
        let actions = self.client_side.client_sent(message, now);
        self.settle(Of::ClientSide, actions, now)
    }

    fn server_sent(&mut self, message: &Message, on: Option<u64>, now: Duration) -> Vec<Action> {
        let actions = self.server_side.server_sent(message, on, now);
        self.settle(Of::ServerSide, actions, now)
    }

    fn client_closed(&mut self, id: &RequestId, now: Duration) -> Vec<Action> {
        let actions = self.client_side.client_closed(id, now);
        self.settle(Of::ClientSide, actions, now)
    }

    fn server_closed(&mut self, request: u64, now: Duration) -> Vec<Action> {
        let actions = self.server_side.server_closed(request, now);
        self.settle(Of::ServerSide, actions, now)
    }

    fn awaits(&self, request: u64) -> bool {
        self.server_side.awaits(request)
    }

    fn server_gone(&mut self, now: Duration) -> Vec<Action> {
        let actions = self.server_side.server_gone(now);
        self.settle(Of::ServerSide, actions, now)
    }

    fn tick(&mut self, now: Duration) -> Vec<Action> {
        let actions = self.client_side.tick(now);
        let mut all = self.settle(Of::ClientSide, actions, now);
        let actions = self.server_side.tick(now);
        all.extend(self.settle(Of::ServerSide, actions, now));
        all
    }

    fn next_tick(&self) -> Option<Duration> {
        self.client_side.next_tick().into_iter().chain(self.server_side.next_tick()).min()
    }
}

#[test]
fn a_legacy_client_and_a_legacy_server_find_each_other() {
    let script = r#"
C> {"jsonrpc":"2.0","id":"i","method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{"elicitation":{},"roots":{"listChanged":true}},"clientInfo":{"name":"c","version":"1"}}}
S< {"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{"roots":{},"elicitation":{}},"clientInfo":{"name":"c","version":"1"}}}
S> {"jsonrpc":"2.0","id":1,"result":{"protocolVersion":"2025-06-18","capabilities":{"tools":{"listChanged":true},"resources":{"subscribe":true},"logging":{},"x":1e400},"serverInfo":{"name":"s","version":"2"},"instructions":"\u0061"}}
S< {"jsonrpc":"2.0","method":"notifications/initialized"}
C< {"jsonrpc":"2.0","id":"i","result":{"protocolVersion":"2025-06-18","capabilities":{"tools":{"listChanged":true},"resources":{"subscribe":true},"logging":{},"x":1e400},"serverInfo":{"name":"s","version":"2"},"instructions":"\u0061"}}
C> {"jsonrpc":"2.0","method":"notifications/initialized"}
S> {"jsonrpc":"2.0","method":"notifications/tools/list_changed","params":{"_meta":{"k":1.0}}}
C< {"jsonrpc":"2.0","method":"notifications/tools/list_changed","params":{"_meta":{"k":1.0}}}
C> {"jsonrpc":"2.0","id":1,"method":"logging/setLevel","params":{"level":"info"}}
C< {"jsonrpc":"2.0","id":1,"result":{}}
C> {"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"_meta":{"progressToken":"p"},"name":"n","arguments":{"big":1e400}}}
S< {"jsonrpc":"2.0","id":3,"method":"logging/setLevel","params":{"level":"info"}}
S< {"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"_meta":{"progressToken":2},"name":"n","arguments":{"big":1e400}}}
S> {"jsonrpc":"2.0","id":3,"result":{}}
S> {"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info","data":1.0}}
C< {"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info","data":1.0}}
S> {"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":2,"progress":1}}
C< {"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":"p","progress":1}}
S> {"jsonrpc":"2.0","id":"q","method":"elicitation/create","params":{"message":"m","requestedSchema":{"n":1.0}}}
C< {"jsonrpc":"2.0","id":4,"method":"elicitation/create","params":{"message":"m","requestedSchema":{"n":1.0}}}
C> {"jsonrpc":"2.0","id":4,"result":{"action":"accept","content":{"n":2.0}}}
S< {"jsonrpc":"2.0","id":"q","result":{"action":"accept","content":{"n":2.0}}}
S> {"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":2,"progress":2}}
C< {"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":"p","progress":2}}
S> {"jsonrpc":"2.0","id":2,"result":{"content":[],"n":1.0}}
C< {"jsonrpc":"2.0","id":2,"result":{"content":[],"n":1.0}}
C> {"jsonrpc":"2.0","id":3,"method":"resources/read","params":{"uri":"u:"}}
S< {"jsonrpc":"2.0","id":6,"method":"resources/read","params":{"_meta":{},"uri":"u:"}}
S> {"jsonrpc":"2.0","id":6,"error":{"code":-32002,"message":"none","data":{"uri":"u:"}}}
C< {"jsonrpc":"2.0","id":3,"error":{"code":-32002,"message":"none","data":{"uri":"u:"}}}
C> {"jsonrpc":"2.0","id":4,"method":"resources/subscribe","params":{"uri":"u:"}}
S< {"jsonrpc":"2.0","id":7,"method":"resources/subscribe","params":{"uri":"u:"}}
S> {"jsonrpc":"2.0","id":7,"result":{}}
C< {"jsonrpc":"2.0","id":4,"result":{}}
S> {"jsonrpc":"2.0","method":"notifications/resources/updated","params":{"uri":"u:"}}
C< {"jsonrpc":"2.0","method":"notifications/resources/updated","params":{"_meta":{},"uri":"u:"}}
C> {"jsonrpc":"2.0","id":5,"method":"resources/unsubscribe","params":{"uri":"u:"}}
C< {"jsonrpc":"2.0","id":5,"result":{}}
S< {"jsonrpc":"2.0","id":8,"method":"resources/unsubscribe","params":{"uri":"u:"}}
S> {"jsonrpc":"2.0","id":8,"result":{}}
# Cancelled while the server works, and while the client is asked.
C> {"jsonrpc":"2.0","id":6,"method":"tools/call","params":{"name":"n"}}
S< {"jsonrpc":"2.0","id":9,"method":"tools/call","params":{"_meta":{},"name":"n"}}
C> {"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":6}}
S< {"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":9}}
C> {"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"n"}}
S< {"jsonrpc":"2.0","id":10,"method":"tools/call","params":{"_meta":{},"name":"n"}}
S> {"jsonrpc":"2.0","id":"r","method":"roots/list"}
C< {"jsonrpc":"2.0","id":11,"method":"roots/list"}
C> {"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":7}}
C< {"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":11}}
at 3600000
S< {"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":10}}
S< {"jsonrpc":"2.0","id":"r","error":{"code":-32603,"message":"the request that the question belonged to has ended"}}
"#;
    for cancels in [Cancels::ByClosing, Cancels::ByNotification] {
        play(&mut Chain::new(cancels), script);
    }
}
