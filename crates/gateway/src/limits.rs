//! The named limit of every buffer, queue, map and wait.

use std::time::Duration;

/// How much the gateway holds and how long it waits.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Size (bytes) and nesting depth of one message.
    pub message: interlock_json::Limits,
    /// Messages in one batch (2025-03-26 only).
    pub batch: usize,
    /// Requests that may wait for an answer at the same time, in each direction.
    pub in_flight: usize,
    /// Bytes queued for a peer that does not read; then the other side is not read either.
    /// As many again may be answers to batches that wait for the others of their array.
    pub queued_bytes: usize,
    /// How long a server may take for one answer before its caller gets an error.
    pub answer: Duration,
    /// How long a server may take to start, until it has answered who it is.
    pub start: Duration,
    /// How long a server may take to say whether it speaks 2026-07-28; then it is taken for one of before.
    pub probe: Duration,
    /// How long a server's era is remembered that is not its clients'.
    pub era: Duration,
    /// How long a server may take for the whole list of its definitions.
    pub definitions: Duration,
    /// How long a list of definitions is judged by before it is read again, whatever the server says of it.
    pub definition_age: Duration,
    /// Bytes of one list of definitions, all pages together.
    pub definition_bytes: usize,
    /// How long one of several servers that are asked the same may hold up what all of them say.
    pub together: Duration,
    /// Pages of one list of definitions.
    pub definition_pages: usize,
    /// Tools of one server.
    pub definition_tools: usize,
    /// Resources that one subscription may name.
    pub subscribed: usize,
    /// Requests whose asker has given up and whose late answer is still expected, in each direction.
    pub given_up: usize,
    /// Calls whose server asked for input and whose retry is still expected.
    pub continuations: usize,
    /// How long such a retry continues its call; after that it is a new one.
    pub continuation: Duration,
    /// Calls of one grant that may wait for a person at the same time.
    pub questions_of_grant: usize,
    /// Bytes of what people are shown of these together.
    pub question_bytes_of_grant: usize,
    /// Tasks of one grant at one server that are known at the same time.
    pub tasks_of_grant: usize,
    /// How long a task is waited for, whatever its server says.
    pub task: Duration,
    /// How long nobody has to ask for a task before the gateway does; longer each time.
    pub task_look: Duration,
    /// How often one call may be continued before it counts anew.
    pub legs: usize,
    /// How often one call is judged again because a counter moved between judging and reserving, before it is
    /// looked at how long that has taken.
    pub rejudgements: usize,
    /// How long one call may be judged again and again before it is denied.
    pub rejudging: Duration,
    /// Sessions of legacy clients over HTTP, and as many connections that modern requests share.
    pub sessions: usize,
    /// Of these, how many one grant may have.
    pub sessions_of_grant: usize,
    /// How long a session or a shared connection is kept that nobody uses.
    pub session_idle: Duration,
    /// How long a session whose caller's token has expired waits for a new one.
    pub renewal: Duration,
    /// Requests of one grant that may be answered at the same time, streams included.
    pub requests_of_grant: usize,
    /// Bytes of what a server says of its own that are kept for a session.
    pub mailbox: usize,
    /// Connections to the listener at the same time.
    pub connections: usize,
    /// Of these, how many may be from one address.
    pub connections_of_peer: usize,
    /// How long a connection is kept on which nothing is asked.
    pub connection_idle: Duration,
    /// How long a caller may take to send the head of a request, and again for its body.
    pub request: Duration,
    /// How often a quiet stream is kept open with a comment.
    pub keep_alive: Duration,
    /// How long a server may take to go after its input was closed, and again after SIGTERM; and to end its answer over
    /// HTTP to a request that was cancelled.
    pub shutdown: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            message: interlock_json::Limits::default(),
            batch: 1_000,
            in_flight: 4_096,
            queued_bytes: 32 << 20,
            answer: Duration::from_secs(3_600),
            start: Duration::from_secs(120),
            probe: Duration::from_secs(10),
            era: Duration::from_secs(600),
            definitions: Duration::from_secs(30),
            definition_age: Duration::from_secs(300),
            definition_bytes: 64 << 20,
            together: Duration::from_secs(10),
            definition_pages: 1_000,
            definition_tools: 10_000,
            subscribed: 1_000,
            given_up: 4_096,
            continuations: 1_024,
            continuation: Duration::from_secs(3_600),
            questions_of_grant: 10_000,
            question_bytes_of_grant: 64 << 20,
            tasks_of_grant: 1_000,
            task: Duration::from_secs(86_400),
            task_look: Duration::from_secs(30),
            legs: 32,
            rejudgements: 16,
            rejudging: Duration::from_secs(5),
            sessions: 10_000,
            sessions_of_grant: 2_000,
            session_idle: Duration::from_secs(1_800),
            renewal: Duration::from_secs(600),
            requests_of_grant: 5_000,
            mailbox: 1 << 20,
            connections: 20_000,
            connections_of_peer: 15_000,
            connection_idle: Duration::from_secs(120),
            request: Duration::from_secs(30),
            keep_alive: Duration::from_secs(15),
            shutdown: Duration::from_secs(5),
        }
    }
}
