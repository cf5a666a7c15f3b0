//! Calls that go on as a task while a person is asked, where their client can take one: it is answered with the task and
//! asks for the result when it likes. The server knows nothing of the task, and makes none of its own of this call.

use std::sync::Arc;

use interlock_audit::Status;
use interlock_json::Value;
use interlock_policy::Section;
use interlock_wire::splice::Edit;
use interlock_wire::{Era, Message, Parsed, RequestId, Version, reply};

use super::Wanted;
use crate::answer;
use crate::approvals::Asks;
use crate::batch::ReplyTo;
use crate::pending::Asker;
use crate::record::{About, now_ms};
use crate::relay::Relay;
use crate::relay::tasks::{INVALID_PARAMS, may_make};
use crate::settle::Ending;
use crate::tasks::apart::{Begun, TaskApart, own_name};

/// Stands for the exchange of a call that goes on apart from the request that began it; the last number is that of sessions
/// with all servers.
const APART: u64 = u64::MAX - 1;

impl Relay {
    /// Answers a call with a task, as which it goes on waiting. `false` where its client can take none, or there are too
    /// many.
    pub(super) async fn goes_on_apart(
        self: &Arc<Self>,
        wanted: Wanted<'_>,
        asks: &Asks<'_>,
        expires_ms: i64,
    ) -> bool {
        if !can_take_task(wanted, asks) {
            return false;
        }
        let owner = self.owner();
        let Some(own) = own_name() else { return false };
        let Some(name) = self.gateway.tasks.name(&owner, &asks.target.name, &own) else { return false };
        let call = (Arc::downgrade(self), wanted.number);
        let begun = Begun { owner, own, name, call, expires_ms };
        let limits = &self.gateway.options.limits;
        let Some(task) = self.gateway.tasks.apart.begin(begun, now_ms(), limits) else { return false };
        let Some((asker, reply)) = self.set_apart(wanted.number, &task) else { return false };
        let told = task.told(wanted.version.era());
        let result = match wanted.version.era() {
            Era::Legacy => format!(r#"{{"task":{{{told}}}}}"#),
            Era::Modern => format!(r#"{{"resultType":"task",{told}}}"#),
        };
        reply.deliver(reply::result(asker.id.raw(), &result)).await;
        true
    }

    /// From now on the call belongs to the task, and not to the request that is answered.
    fn set_apart(&self, number: u64, task: &Arc<TaskApart>) -> Option<(Asker, ReplyTo)> {
        let mut session = self.session();
        let apart = Asker { exchange: APART, id: RequestId::from(&*task.name) };
        let asker = session.to_server.set_apart(number, apart)?;
        let asked = session.to_server.get_mut(number)?;
        asked.progress = None;
        let reply = asked.reply.replace(ReplyTo::Task(Arc::clone(task)))?;
        Some((asker, reply))
    }

    /// Whether a call goes on as a task.
    pub(in crate::relay) fn is_apart(&self, number: u64) -> bool {
        let session = self.session();
        let reply = session.to_server.get(number).and_then(|waiting| waiting.item.reply.as_ref());
        matches!(reply, Some(ReplyTo::Task(_)))
    }

    /// The call of a task as it goes to the server: asked for no task, and by a client that can be asked nothing, since
    /// nobody waits for what the server might want first.
    pub(in crate::relay) fn without_task(&self, message: &Message, version: Version) -> Option<Message> {
        let text = match version.era() {
            Era::Legacy => message.without_params(&["task"]),
            Era::Modern => {
                let meta = message.params()?.get("_meta")?;
                let declared = meta.get("io.modelcontextprotocol/clientCapabilities")?;
                message.with_edits(vec![Edit::new(declared.span(), "{}")])
            }
        };
        match self.read(text.into_bytes()) {
            Ok(Parsed::One(message)) => Some(message),
            Ok(Parsed::Batch(_)) | Err(_) => None,
        }
    }

    /// A request for a task of the gateway's own; no server has a part in it.
    pub(in crate::relay) async fn about_apart(&self, about: About, own: &str, number: u64, version: Version) {
        let task = self.gateway.tasks.apart.of(&self.owner(), own, now_ms());
        let Some(task) = task else {
            // Another process had it.
            return self.refuse_route(&about, number, "unknown task").await;
        };
        let method = about.method.clone();
        let passage = match self.gateway.unjudged(self.access.keep_policies(), about).await {
            Ok(passage) => passage,
            Err(refused) => {
                let said = (answer::DENIED, refused.denial.reason.as_str());
                return self.answer_apart(number, |id| reply::error(id, said.0, said.1, None)).await;
            }
        };
        let said = self.said_of(&task, &method, number, version).await;
        let (status, code) = match &said {
            Said::Result(_) | Said::Outcome(_) => (Status::Ok, None),
            Said::Error(_) => (Status::Error, Some(INVALID_PARAMS)),
            Said::Nothing => return passage.ticket.settle(Ending::Cancelled).await,
        };
        passage.ticket.settle(Ending::Answered { status, bytes: 0, code }).await;
        self.answer_apart(number, |id| match said {
            Said::Result(result) => reply::result(id, &result),
            Said::Outcome(member) => format!(r#"{{"jsonrpc":"2.0","id":{id},{member}}}"#),
            Said::Error(why) => reply::error(id, INVALID_PARAMS, &why, None),
            Said::Nothing => String::new(),
        })
        .await;
    }

    async fn said_of(&self, task: &Arc<TaskApart>, method: &str, number: u64, version: Version) -> Said {
        let era = version.era();
        let done = || Said::Result(r#"{"resultType":"complete"}"#.to_owned());
        match method {
            "tasks/cancel" => match task.cancel(now_ms()) {
                Err(why) => Said::Error(why.to_string()),
                Ok((relay, call)) => {
                    if let Some(relay) = relay.upgrade() {
                        relay.withdraw(call).await;
                    }
                    if era == Era::Modern { done() } else { Said::Result(format!("{{{}}}", task.told(era))) }
                }
            },
            // Nothing was asked of the client that it could tell.
            "tasks/update" => done(),
            "tasks/result" => {
                if !self.waited_for(task, number).await {
                    return Said::Nothing;
                }
                let outcome = task.result().map(Said::Outcome);
                outcome.unwrap_or_else(|| Said::Error("the task was cancelled and has no result".to_owned()))
            }
            _ => {
                let kind = if era == Era::Modern { r#""resultType":"complete","# } else { "" };
                Said::Result(format!("{{{kind}{}}}", task.told(era)))
            }
        }
    }

    /// Waits for the end of a task, as long as somebody waits here for it.
    async fn waited_for(&self, task: &TaskApart, number: u64) -> bool {
        let left = self.until_left(number);
        tokio::select! {
            biased;
            () = task.ended() => true,
            () = left.cancelled() => false,
        }
    }

    async fn answer_apart(&self, number: u64, answer: impl FnOnce(&str) -> String) {
        let Some(waiting) = self.session().to_server.take(number) else { return };
        if let (Some(asker), Some(reply)) = (waiting.asker, waiting.item.reply) {
            reply.deliver(answer(asker.id.raw())).await;
        }
    }
}

/// What is said of a task.
enum Said {
    Result(String),
    /// What its call came to: `"result":…` or `"error":…`.
    Outcome(String),
    Error(String),
    /// Nobody is there to hear it.
    Nothing,
}

/// Whether a call that a person is asked about may be answered with a task. A tool that is only called as one
/// (2025-11-25, `execution.taskSupport`) has its server make it, and so has a call that goes on from an earlier leg.
fn can_take_task(wanted: Wanted<'_>, asks: &Asks<'_>) -> bool {
    let is_leg = wanted.params.and_then(|params: Value<'_>| params.get("requestState")).is_some();
    let only_as_task = asks.exact.definition.as_ref().is_some_and(|described| described.is_task_only);
    asks.target.section == Section::Tools
        && asks.about.method == "tools/call"
        && !is_leg
        && !only_as_task
        && may_make(wanted.params, wanted.version)
}
