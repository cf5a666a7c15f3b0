//! Every metric by its name: the one place that the registry and the page of metrics are made from.

/// One metric, as the page of metrics has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Described {
    /// The name of its samples; those of a histogram end in `_bucket`, `_sum` and `_count` besides.
    pub name: &'static str,
    /// `counter`, `gauge`, `histogram` or `info`.
    pub kind: &'static str,
    /// The names of its labels.
    pub labels: &'static [&'static str],
    /// What it says.
    pub help: &'static str,
}

impl Described {
    /// The name without what the text format appends by itself.
    pub(super) fn registered(&self) -> &'static str {
        let suffix = match self.kind {
            "counter" => "_total",
            "info" => "_info",
            _ => "",
        };
        self.name.strip_suffix(suffix).unwrap_or(self.name)
    }
}

macro_rules! metrics {
    ($($constant:ident: $kind:literal $name:literal [$($label:literal),*] $help:literal;)*) => {
        $(pub(super) const $constant: Described =
            Described { name: $name, kind: $kind, labels: &[$($label),*], help: $help };)*
        /// All of them.
        pub const METRICS: &[Described] = &[$($constant),*];
    };
}

metrics! {
    BUILD: "info" "interlock_build_info" ["version"] "The version that runs";
    UPTIME: "gauge" "interlock_uptime_seconds" [] "How long it has been running";
    REQUESTS: "counter" "interlock_requests_total" ["server", "grant", "method", "transport", "version"]
        "Requests of callers that were well-formed and admitted, before policy";
    DECISIONS: "counter" "interlock_decisions_total" ["server", "grant", "verdict", "reason"]
        "What was decided of requests: proceed, ask where a call was told to wait for a person, or deny for a policy, a limit, an approval that was not given, a definition that is not the accepted one, or because something that the decision needs was unavailable";
    SHADOW: "counter" "interlock_shadow_findings_total" ["server", "grant"]
        "What rules in shadow mode would have denied or asked about";
    TOOL_CALLS: "counter" "interlock_tool_calls_total" ["server", "tool", "verdict"]
        "Calls by tool; a tool that its server has not listed, or beyond 256 of one server, is (other)";
    OUTCOMES: "counter" "interlock_outcomes_total" ["server", "status"] "How calls ended that were let through";
    GATEWAY_SECONDS: "histogram" "interlock_gateway_seconds" ["server"]
        "What the gateway took from reading a request to handing it over, or refusing it";
    SERVER_SECONDS: "histogram" "interlock_server_seconds" ["server"]
        "What the server took from then to the end of the call";
    SERVER_FAILURES: "counter" "interlock_server_failures_total" ["server"]
        "Times that the server could not be reached, ended unasked, or did not answer";
    IN_FLIGHT: "gauge" "interlock_calls_in_flight" ["server"] "Calls that wait for their server's answer";
    RESERVATIONS_OPEN: "gauge" "interlock_reservations_open" [] "Calls that hold something reserved";
    SETTLEMENTS: "counter" "interlock_settlements_total" ["how"]
        "Reservations by how they ended: commit, release or refund";
    APPROVALS: "counter" "interlock_approvals_total" ["step"]
        "What happened to calls that need a person: asked, approved or denied at this process's admin listener or at a client, taken because the approved call is made, expired, or withdrawn because its call is judged otherwise by now";
    APPROVALS_HELD: "gauge" "interlock_approvals_held" [] "Calls that are held until a person has decided";
    WEBHOOKS: "counter" "interlock_webhooks_total" ["result"]
        "Messages to webhooks: delivered, failed and to be tried again, or given up";
    REFUSALS: "counter" "interlock_refusals_total" ["from", "code"]
        "Messages refused before policy, by who sent them (client, server, http) and the code of the error or the HTTP status";
    SESSIONS: "gauge" "interlock_sessions" [] "Sessions of legacy clients";
    CONNECTIONS: "gauge" "interlock_shared_connections" [] "Connections to servers that modern requests share";
    STREAMS: "gauge" "interlock_streams" ["kind"]
        "Event streams that are open: of a request (exchange), or of what a server says of its own (session)";
    AUDIT_QUEUE: "gauge" "interlock_audit_queue_records" [] "Records that are not in the audit log's file yet";
    AUDIT_QUEUE_BYTES: "gauge" "interlock_audit_queue_bytes" [] "Their size";
    AUDIT_ERRORS: "counter" "interlock_audit_errors_total" [] "Records that could not be written when they were due";
    STORE_ERRORS: "counter" "interlock_store_errors_total" ["operation"]
        "What the ledger could not answer: read, reserve, settle";
    RELOADS: "counter" "interlock_reloads_total" ["what", "result"]
        "Times that the configuration or a policy was read anew, and put in force or not";
    ALARMS: "counter" "interlock_alarms_total" [] "Events that need a person; each is in the audit log";
    TRACES: "counter" "interlock_traces_total" ["result"]
        "Traced calls by what became of their spans: exported, dropped because too many waited, or failed because the collector did not take them";
    DEFINITIONS_AGE: "gauge" "interlock_definitions_age_seconds" ["server"]
        "How long ago the server's tools were last listed";
    TOOLS_QUARANTINED: "gauge" "interlock_tools_quarantined" ["server"]
        "Tools that are hidden and denied until somebody accepts their definition";
    TOOLS_MALFORMED: "gauge" "interlock_tools_malformed" ["server"]
        "Tools that are hidden and denied because their definition is malformed, as their server listed them last";
}
