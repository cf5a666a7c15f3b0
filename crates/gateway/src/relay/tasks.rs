//! Tasks on their way: every name of one is another for the client than for the server ([`crate::tasks`]).

use std::sync::Arc;
use std::time::Instant;

use interlock_json::{Value, canonical};
use interlock_policy::Section;
use interlock_wire::method::Judged;
use interlock_wire::splice::Edit;
use interlock_wire::{Era, Notification, Outcome, Request, Version, reply};

use super::{Relay, own};
use crate::lists;
use crate::route::Target;
use crate::session::{Asked, Awaited};
use crate::settle::{Ending, Ticket};
use crate::tasks::{Made, Named, Owner, State, TASKS, apart, outcome_of};

/// 2025-11-25, "Tasks": what belongs to a task names it here.
const RELATED: &str = "io.modelcontextprotocol/related-task";
/// JSON-RPC: what is named is not there.
pub(super) const INVALID_PARAMS: i64 = -32_602;

/// What a request has to do with tasks.
#[derive(Debug)]
pub(crate) enum Concerning {
    /// A call of this tool, which may be answered with a task.
    Made { tool: String },
    /// A task, and what its client calls it.
    One {
        named: Named,
        name: Arc<str>,
        /// Whether its result was asked for (2025-11-25, `tasks/result`).
        is_result: bool,
    },
    /// All of them.
    All,
}

/// A task that is none of the caller's. Nobody learns whether there is one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown task `{name}`")]
pub(super) struct UnknownTask {
    name: String,
}

/// What an answer says of tasks.
#[derive(Debug, Default)]
pub(super) struct InAnswer {
    /// What gives each the name that its client knows.
    pub(super) edits: Vec<Edit>,
    /// The task that the call goes on as.
    pub(super) made: Option<Made>,
    /// Calls whose tasks have ended, and how.
    pub(super) ended: Vec<(Ticket, Ending)>,
}

impl Concerning {
    /// Whether it is a task of the gateway's own.
    pub(super) fn is_apart(&self) -> bool {
        matches!(self, Self::One { named, .. } if apart::is_apart(&named.own))
    }

    /// What policy judges of a request that concerns a task, where it judges anything: input is for the tool.
    pub(super) fn target(&self) -> Option<Target<'_>> {
        match self {
            Self::One { named, .. } => {
                let name = named.tool.as_str().into();
                Some(Target { section: Section::Tools, name, arguments: None })
            }
            Self::Made { .. } | Self::All => None,
        }
    }
}

impl Relay {
    pub(super) fn owner(&self) -> Owner {
        Owner {
            grant: Arc::from(self.session().identity.grant.as_str()),
            server: Arc::clone(self.access.server()),
        }
    }

    /// What a request has to do with tasks, and the edits that give the server its own names for those in it.
    ///
    /// # Errors
    /// [`UnknownTask`] where it names one that its caller was not given.
    pub(super) fn concerning(
        &self,
        request: &Request<'_>,
        judged: Judged,
        version: Version,
    ) -> Result<(Option<Concerning>, Vec<Edit>), UnknownTask> {
        let member = |name| request.params.and_then(|params| params.get(name));
        let mut edits: Vec<Edit> = self.own_related(request.params).into_iter().collect();
        let concerning = match judged {
            Judged::CallTool if may_make(request.params, version) => {
                let tool = member("name").and_then(Value::as_str).unwrap_or_default().into_owned();
                Some(Concerning::Made { tool })
            }
            Judged::Task => match member("taskId") {
                None => Some(Concerning::All),
                Some(id) => {
                    let (named, name) = self.named(id)?;
                    edits.push(Edit::new(id.span(), text(&named.own)));
                    let is_result = request.method == "tasks/result";
                    Some(Concerning::One { named, name, is_result })
                }
            },
            Judged::Subscribe => {
                let listed = member("notifications").and_then(|filter| filter.get("taskIds"));
                for id in listed.into_iter().flat_map(Value::items) {
                    let (named, _) = self.named(id)?;
                    edits.push(Edit::new(id.span(), text(&named.own)));
                }
                // Neither a list nor nothing: it is not for the gateway to guess what the server makes of it.
                if let Some(other) = listed.filter(|listed| !listed.is_array() && !listed.is_null()) {
                    return Err(unknown(other));
                }
                None
            }
            _ => None,
        };
        Ok((concerning, edits))
    }

    /// The task that a client names, from now on known to be theirs.
    fn named(&self, id: Value<'_>) -> Result<(Named, Arc<str>), UnknownTask> {
        let name = id.as_str().ok_or_else(|| unknown(id))?;
        let (owner, tasks) = (self.owner(), &self.gateway.tasks);
        let named = tasks.named(&owner, &name).ok_or_else(|| unknown(id))?;
        if apart::is_apart(&named.own) {
            return Ok((named, Arc::from(name)));
        }
        tasks.adopt(&owner, &named.own, &name, Instant::now(), &self.gateway.options.limits);
        Ok((named, Arc::from(name)))
    }

    /// What an answer to a request says of tasks.
    ///
    /// # Errors
    /// Why its client must not see it.
    pub(super) fn tasks_in(
        &self,
        asked: &Asked,
        outcome: &Outcome<'_>,
        bytes: usize,
    ) -> Result<InAnswer, String> {
        let result = match outcome {
            Outcome::Result(result) => *result,
            Outcome::Error(_) => {
                // Of the task, or of the question: only asking how the task stands tells.
                if let Some(Concerning::One { named, .. }) = asked.task.as_deref() {
                    self.gateway.tasks.look_soon(&self.owner(), &named.own, Instant::now());
                }
                return Ok(InAnswer::default());
            }
        };
        let era = asked.version.era();
        let is_task = result.get("resultType").is_some_and(|kind| kind.is_str("task"));
        if era == Era::Modern && is_task && !matches!(asked.task.as_deref(), Some(Concerning::Made { .. })) {
            return Err("a task, which its client did not say that it can take".to_owned());
        }
        let mut said = InAnswer::default();
        match asked.task.as_deref() {
            None => {}
            Some(Concerning::Made { tool }) => {
                let task = match era {
                    Era::Modern => Some(result).filter(|_| is_task),
                    Era::Legacy => result.get("task").filter(|task| task.is_object()),
                };
                if let Some(task) = task {
                    self.task_made(tool, task, &mut said)?;
                }
            }
            Some(Concerning::One { named, name, is_result }) => {
                if let Some(id) = result.get("taskId") {
                    if !id.is_str(&named.own) {
                        return Err("it tells of another task than was asked for".to_owned());
                    }
                    said.edits.push(Edit::new(id.span(), text(name)));
                }
                let ended = match is_result {
                    true => self.task_over(&named.own, result, bytes),
                    false => self.task_told(&named.own, result, era, bytes),
                };
                said.ended.extend(ended);
            }
            Some(Concerning::All) => self.tasks_listed(result, era, bytes, &mut said)?,
        }
        said.edits.extend(self.related(Some(result)));
        Ok(said)
    }

    fn task_made(&self, tool: &str, task: Value<'_>, said: &mut InAnswer) -> Result<(), String> {
        let id = task.get("taskId").ok_or("a task without its `taskId`")?;
        let own = id.as_str().ok_or("a task whose `taskId` is not a string")?.into_owned();
        let name = self.gateway.tasks.name(&self.owner(), tool, &own);
        let name = name.ok_or("a task whose `taskId` cannot be sealed")?;
        said.edits.push(Edit::new(id.span(), text(&name)));
        let connection = self.holds_tasks().then_some(self.connection);
        said.made = Some(Made { own, name, ticket: None, connection, state: State::read(task) });
        Ok(())
    }

    /// The call goes on as a task.
    pub(super) async fn goes_on(&self, made: Made, ticket: Ticket) {
        let (owner, limits) = (self.owner(), &self.gateway.options.limits);
        let (own, has_ended) = (made.own.clone(), made.state.has_ended);
        let made = Made { ticket: Some(ticket), ..made };
        let left = self.gateway.tasks.insert(&owner, made, Instant::now(), limits);
        if has_ended {
            // How, it does not say yet.
            self.gateway.tasks.look_soon(&owner, &own, Instant::now());
        }
        for ticket in left {
            ticket.settle(Ending::TimedOut).await;
        }
    }

    /// What a task came to, which is what its call did.
    fn task_over(&self, own: &str, result: Value<'_>, bytes: usize) -> Option<(Ticket, Ending)> {
        let (owner, limits) = (self.owner(), &self.gateway.options.limits);
        let ticket = self.gateway.tasks.end_of(&owner, own, limits)?;
        Some((ticket, own::answered(&Outcome::Result(result), bytes)))
    }

    fn task_told(&self, own: &str, result: Value<'_>, era: Era, bytes: usize) -> Option<(Ticket, Ending)> {
        let owner = self.owner();
        if result.get("status").is_some() {
            return self.task_stands(&owner, own, result, era, bytes);
        }
        // It was told something, and may end of it.
        self.gateway.tasks.look_soon(&owner, own, Instant::now());
        None
    }

    /// Notes how a task stands.
    fn task_stands(
        &self,
        owner: &Owner,
        own: &str,
        task: Value<'_>,
        era: Era,
        bytes: usize,
    ) -> Option<(Ticket, Ending)> {
        let (state, limits) = (State::read(task), &self.gateway.options.limits);
        let ticket = self.gateway.tasks.seen(owner, own, &state, Instant::now(), limits)?;
        Some((ticket, outcome_of(task, era, bytes)))
    }

    /// Only the tasks of this client's grant are shown: a server may know them all by one credential.
    fn tasks_listed(
        &self,
        result: Value<'_>,
        era: Era,
        bytes: usize,
        said: &mut InAnswer,
    ) -> Result<(), String> {
        let listed = result.get("tasks").ok_or("its `tasks` are missing")?;
        if !listed.is_array() {
            return Err("its `tasks` are not an array".to_owned());
        }
        let owner = self.owner();
        let name_of = |task: Value<'_>| {
            let id = task.get("taskId")?;
            let name = self.gateway.tasks.name_of(&owner, &id.as_str()?)?;
            Some(Edit::new(id.span(), text(&name)))
        };
        said.edits.extend(lists::cut(listed, |task| name_of(task).is_some()));
        for task in listed.items() {
            let Some(edit) = name_of(task) else { continue };
            said.edits.push(edit);
            let own = task.get("taskId").and_then(Value::as_str).unwrap_or_default();
            said.ended.extend(self.task_stands(&owner, &own, task, era, bytes));
        }
        Ok(())
    }

    /// The edits that make a notification of the server's about tasks one for its client, with the call that has ended.
    ///
    /// # Errors
    /// Why the client must not see it.
    pub(super) fn news_of_tasks(
        &self,
        notification: &Notification<'_>,
        bytes: usize,
    ) -> Result<InAnswer, String> {
        let mut said = InAnswer::default();
        let Some(params) = notification.params else { return Ok(said) };
        said.edits.extend(self.related(Some(params)));
        match notification.method.as_ref() {
            "notifications/tasks/status" | "notifications/tasks" => {
                let owner = self.owner();
                let id = params.get("taskId").ok_or("news of a task without its `taskId`")?;
                let own = id.as_str().ok_or("news of a task whose `taskId` is not a string")?;
                let name = self.gateway.tasks.name_of(&owner, &own).ok_or("news of an unknown task")?;
                said.edits.push(Edit::new(id.span(), text(&name)));
                let era = self.session().negotiated.version().era();
                said.ended.extend(self.task_stands(&owner, &own, params, era, bytes));
            }
            "notifications/subscriptions/acknowledged" => {
                let listed = params.get("notifications").and_then(|filter| filter.get("taskIds"));
                if let Some(listed) = listed.filter(|listed| listed.is_array()) {
                    let owner = self.owner();
                    let name = |id: Value<'_>| self.gateway.tasks.name_of(&owner, &id.as_str()?);
                    let names: Vec<String> =
                        listed.items().filter_map(name).map(|name| text(&name)).collect();
                    said.edits.push(Edit::new(listed.span(), format!("[{}]", names.join(","))));
                }
            }
            _ => {}
        }
        Ok(said)
    }

    /// The edit that gives what belongs to a task of the client's the name that the client knows. Either side may hold
    /// tasks in 2025-11-25, so that what is not known here may be the client's own.
    pub(super) fn related(&self, holder: Option<Value<'_>>) -> Option<Edit> {
        let id = related_id(holder).filter(|_| !self.gateway.tasks.is_empty())?;
        let name = self.gateway.tasks.name_of(&self.owner(), &id.as_str()?)?;
        Some(Edit::new(id.span(), text(&name)))
    }

    /// The same for the server.
    pub(super) fn own_related(&self, holder: Option<Value<'_>>) -> Option<Edit> {
        let id = related_id(holder)?;
        let named = self.gateway.tasks.named(&self.owner(), &id.as_str()?)?;
        Some(Edit::new(id.span(), text(&named.own)))
    }

    /// Asks how tasks stand that nobody has asked for in a while, and ends the wait for those whose time is up.
    pub(crate) async fn look_after_tasks(&self, now: Instant) {
        if self.gateway.tasks.is_empty() {
            return;
        }
        for ticket in self.gateway.tasks.expired(now) {
            Box::pin(ticket.settle(Ending::TimedOut)).await;
        }
        let limits = &self.gateway.options.limits;
        for own in self.gateway.tasks.due(&self.owner(), self.connection, now, limits) {
            let asked = self.asked(Awaited::Look(own.clone()), self.spoken(), None);
            let Ok(number) = self.session().to_server.insert_own(asked) else { return };
            self.upstream.push(look(number, &own, self.spoken()));
        }
    }

    /// What a server says to the gateway's own question how a task stands.
    pub(super) async fn looked(&self, own: &str, version: Version, outcome: &Outcome<'_>, bytes: usize) {
        let owner = self.owner();
        let ended = match outcome {
            Outcome::Result(task) => self.task_stands(&owner, own, *task, version.era(), bytes),
            Outcome::Error(error) if error.code == INVALID_PARAMS => {
                self.gateway.tasks.forget(&owner, own).map(|ticket| (ticket, Ending::TimedOut))
            }
            Outcome::Error(_) => None,
        };
        if let Some((ticket, ending)) = ended {
            ticket.settle(ending).await;
        }
    }

    /// Tasks that end with the connection end now.
    pub(super) async fn tasks_gone(&self) {
        for ticket in self.gateway.tasks.end_connection(self.connection) {
            ticket.settle(Ending::Disconnected).await;
        }
    }

    /// Whether tasks go on that would end with this connection.
    pub(super) fn has_tasks(&self) -> bool {
        self.gateway.tasks.hold(&self.owner(), self.connection)
    }
}

/// Whether a call may be answered with a task: its client asked for one (2025-11-25), or said that it can take one (the
/// extension).
pub(super) fn may_make(params: Option<Value<'_>>, version: Version) -> bool {
    let member = |name| params.and_then(|params| params.get(name));
    match version {
        Version::V2026_07_28 => {
            let declared =
                member("_meta").and_then(|meta| meta.get("io.modelcontextprotocol/clientCapabilities"));
            let extensions = declared.and_then(|declared| declared.get("extensions"));
            extensions.and_then(|extensions| extensions.get(TASKS)).is_some_and(Value::is_object)
        }
        Version::V2025_11_25 => member("task").is_some(),
        _ => false,
    }
}

fn related_id(holder: Option<Value<'_>>) -> Option<Value<'_>> {
    holder?.get("_meta")?.get(RELATED)?.get("taskId")
}

fn unknown(name: Value<'_>) -> UnknownTask {
    UnknownTask { name: name.as_str().unwrap_or_default().chars().take(64).collect() }
}

/// The question how a task stands.
fn look(number: u64, own: &str, version: Version) -> String {
    let meta = match version.era() {
        Era::Legacy => String::new(),
        Era::Modern => format!(",{}", own::meta_with_tasks()),
    };
    reply::request(number, "tasks/get", Some(&format!(r#"{{"taskId":{}{meta}}}"#, text(own))))
}

/// A string as JSON.
fn text(text: &str) -> String {
    let mut json = String::with_capacity(text.len() + 2);
    canonical::write_str(text, &mut json);
    json
}
