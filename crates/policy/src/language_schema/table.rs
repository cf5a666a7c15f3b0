//! The keys of the language.

use super::operators::TEXTS;

/// A map with known keys.
pub(crate) struct Shape {
    /// Its name among the schema's definitions.
    pub(crate) name: &'static str,
    /// What the parser calls it in messages.
    pub(crate) what: &'static str,
    pub(crate) says: &'static str,
    pub(crate) keys: &'static [Key],
    pub(crate) required: &'static [&'static str],
}

/// One of a map's keys.
pub(crate) struct Key {
    pub(crate) name: &'static str,
    pub(crate) says: &'static str,
    pub(crate) of: Of,
}

/// A kind of value.
pub(crate) enum Of {
    Text,
    Name,
    Bool,
    Number,
    /// Not negative.
    Amount,
    /// Whole and not negative.
    Count,
    Anything,
    Operator,
    Pattern(&'static str),
    Words(&'static [&'static str]),
    /// One of the shapes.
    Shape(&'static str),
    List(&'static Of),
    /// A list that is not empty.
    Some(&'static Of),
    /// Any names.
    Map(&'static Of),
    Either(&'static [Of]),
}

const fn key(name: &'static str, says: &'static str, of: Of) -> Key {
    Key { name, says, of }
}

const DURATION: Of = Of::Either(&[Of::Pattern("^[0-9]+[smhd]?$"), Of::Count]);
const WINDOW: Of = Of::Either(&[
    Of::Words(&["minute", "hour", "day", "week", "month"]),
    Of::Pattern("^[0-9]+[smhd]?$"),
    Of::Count,
]);
const RATE: Of = Of::Pattern(r"^\s*[0-9]{1,18}\s*/\s*(minute|hour|day|week|month|[0-9]+[smhd]?)\s*$");
const ONE_SCOPE: Of =
    Of::Either(&[Of::Words(&["grant", "session", "tool", "server", "global"]), Of::Shape("arg_scope")]);
const SCOPE: Of = Of::Either(&[ONE_SCOPE, Of::Some(&ONE_SCOPE)]);
const ALIGN: Of = Of::Words(&["sliding", "calendar"]);
const MODE: Of = Of::Words(&["enforce", "shadow"]);
const PATH: Of = Of::Pattern(
    r"^(args|call|grant|client|time|state|tool)[.\[]|^/(args|call|grant|client|time|state|tool)/",
);
const CONDITIONS: Of = Of::List(&Of::Shape("condition"));

const MODE_SAYS: &str =
    "`shadow`: record what would be denied, and deny nothing. The most specific `mode` wins.";
const ON_DENY_SAYS: &str = "The text for the agent when this denies.";
const TIMEZONE_SAYS: &str =
    "The time zone of the calendar, such as `Europe/Berlin`; UTC where it is left out.";
const REFUND_SAYS: &str = "`on_error`: a call that the server answers with an error is given back. `on_protocol_error`: only where it is \
    an error of JSON-RPC, not a result with `isError`. `keep` (where it is left out): it counts.";
const SCOPE_SAYS: &str = "Who shares the counter: `grant` (where it is left out), `session`, `tool`, `server`, `global`, \
    `{ arg: args.x }`, or a list of these.";
const ALIGN_SAYS: &str = "`sliding`: no span of the window's length holds more. `calendar`: windows begin with the minute, \
    hour, day, week or month.";
const WINDOW_SAYS: &str =
    "`minute`, `hour`, `day`, `week`, `month`, seconds, or a number with `s`, `m`, `h` or `d`.";

const REFUND: Of = Of::Words(&["keep", "on_protocol_error", "on_error"]);
const DIALECTS: &[&str] = &["postgres", "mysql", "sqlite", "generic"];

pub(crate) const SHAPES: &[Shape] = &[
    Shape {
        name: "document",
        what: "a policy",
        says: "Which MCP tools, resources and prompts a caller may use.",
        required: &[],
        keys: &[
            key("version", "The version of the language.", Of::Words(&["1"])),
            key("description", "What the policy is for.", Of::Text),
            key(
                "default",
                "For whatever is not listed. Left out it means `deny`.",
                Of::Words(&["allow", "deny"]),
            ),
            key("mode", MODE_SAYS, MODE),
            key(
                "hide",
                "Names or globs that are taken out of lists and denied when called.",
                Of::List(&Of::Name),
            ),
            key(
                "list",
                "What lists show: what is permitted (`permitted`), or everything that is not hidden (`all`).",
                Of::Words(&["permitted", "all"]),
            ),
            key("tell_agent", "How much a denied agent learns.", Of::Words(&["reason", "full", "nothing"])),
            key(
                "tools",
                "What is said about tools: a name, a glob or `\"*\"` → an entry.",
                Of::Map(&Of::Shape("entry")),
            ),
            key("resources", "What is said about resources, by their URI.", Of::Map(&Of::Shape("entry"))),
            key("prompts", "What is said about prompts.", Of::Map(&Of::Shape("entry"))),
            key("all_tools", "An entry for every tool, the same as `tools.\"*\"`.", Of::Shape("entry")),
            key("approvals", "How people are asked.", Of::Shape("approvals")),
            key(
                "lists",
                "Lists with a name, for conditions: `value: { list: approved_buckets }`.",
                Of::Map(&Of::List(&Of::Either(&[Of::Text, Of::Number, Of::Bool]))),
            ),
            key("spend_currency", "The currency of every `spend` that names none.", Of::Name),
        ],
    },
    Shape { name: "entry", what: "an entry", says: ENTRY_SAYS, required: &[], keys: ENTRY_KEYS },
    Shape {
        name: "rule",
        what: "a rule",
        says: "A constraint: all rules that apply must hold.",
        required: &[],
        keys: &[
            key("name", "What the log and the status call the rule.", Of::Name),
            key(
                "action",
                "`evaluate`: its conditions must hold. `allow`: no constraint of its own. `deny`, \
                `require_approval`: where its conditions hold.",
                Of::Words(&["evaluate", "allow", "deny", "require_approval"]),
            ),
            key(
                "conditions",
                "All must hold for the rule to let the call through, or to object.",
                CONDITIONS,
            ),
            key("when", "A CEL expression that must hold, such as `args.amount <= 500`.", Of::Text),
            key(
                "rate_limit",
                "How many calls in a window: `10/minute`.",
                Of::Either(&[RATE, Of::Shape("rate_limit")]),
            ),
            key(
                "state",
                "A counter that each call adds to, and that the rule's own condition bounds.",
                Of::Shape("state"),
            ),
            key("spend", "What calls may cost.", Of::Shape("spend")),
            key("validate", "Checks of the arguments against the tool's own schema.", Of::Shape("validate")),
            key("idempotency_window", "Within it an identical call is denied.", DURATION),
            key("on_deny", ON_DENY_SAYS, Of::Text),
            key("reason", "The same as `on_deny`.", Of::Text),
            key("approval_timeout", "How long a person has to answer, such as `30m`.", DURATION),
            key("mode", MODE_SAYS, MODE),
        ],
    },
    Shape {
        name: "condition",
        what: "a condition",
        says: "A test of one value, or several tests joined by `any`, `all` or `not`.",
        required: &[],
        keys: &[
            key(
                "path",
                "Where the value is: `args.a.b`, `args.items[*]`, `state.<tool>.<counter>`, `call.tool`, …",
                PATH,
            ),
            key("op", "How the value is compared.", Of::Operator),
            key("value", "What it is compared with.", Of::Anything),
            key(
                "on_missing",
                "For what denies or asks: whether a missing value is objected to.",
                Of::Words(&["object", "ignore"]),
            ),
            key("compare", "`ci`: upper and lower case are alike.", Of::Words(&["ci"])),
            key("timezone", TIMEZONE_SAYS, Of::Name),
            key("any", "At least one holds.", Of::Some(&Of::Shape("condition"))),
            key("all", "All hold.", Of::Some(&Of::Shape("condition"))),
            key("not", "It does not hold.", Of::Shape("condition")),
        ],
    },
    Shape {
        name: "block",
        what: "a block",
        says: "Conditions that hold together or not.",
        required: &["conditions"],
        keys: &[
            key("conditions", "All must hold; an empty list always holds.", CONDITIONS),
            key("on_deny", ON_DENY_SAYS, Of::Text),
            key("name", "What the log and the status call the block.", Of::Name),
            key("mode", MODE_SAYS, MODE),
        ],
    },
    Shape {
        name: "limit",
        what: "a limit",
        says: "What calls may add up to in a window.",
        required: &["window", "max"],
        keys: &[
            key("counter", "The counter's name.", Of::Name),
            key("window", WINDOW_SAYS, WINDOW),
            key("max", "The most that the counter may hold.", Of::Amount),
            key("amount", "The argument that is added; calls are counted where it is left out.", PATH),
            key("scope", SCOPE_SAYS, SCOPE),
            key("align", ALIGN_SAYS, ALIGN),
            key("timezone", TIMEZONE_SAYS, Of::Name),
            key("min", "The least amount that one call may have.", Of::Amount),
            key("mode", MODE_SAYS, MODE),
            key("on_deny", ON_DENY_SAYS, Of::Text),
            key("shared", "One counter for all servers under this name.", Of::Name),
            key("refund", REFUND_SAYS, REFUND),
        ],
    },
    Shape {
        name: "rate_limit",
        what: "`rate_limit`",
        says: "How many calls in a window.",
        required: &["max", "window"],
        keys: &[
            key("max", "The most calls.", Of::Count),
            key("window", WINDOW_SAYS, WINDOW),
            key("scope", SCOPE_SAYS, SCOPE),
            key("align", ALIGN_SAYS, ALIGN),
            key("timezone", TIMEZONE_SAYS, Of::Name),
            key("refund", REFUND_SAYS, REFUND),
        ],
    },
    Shape {
        name: "state",
        what: "`state`",
        says: "A counter. A condition `lt` or `lte` on `state.<tool>.<counter>` in the same rule is its limit.",
        required: &["counter", "window"],
        keys: &[
            key("counter", "The counter's name.", Of::Name),
            key("window", WINDOW_SAYS, WINDOW),
            key("increment", "What each call adds; 1 where it is left out.", Of::Amount),
            key("increment_from", "The argument whose value is added.", PATH),
            key("scope", SCOPE_SAYS, SCOPE),
            key("align", ALIGN_SAYS, ALIGN),
            key("timezone", TIMEZONE_SAYS, Of::Name),
            key("refund", REFUND_SAYS, REFUND),
        ],
    },
    Shape {
        name: "spend",
        what: "`spend`",
        says: "What calls may cost, each and together.",
        required: &["amount"],
        keys: &[
            key(
                "amount",
                "The argument that is the amount, or `challenge` for what the server asks to be paid.",
                Of::Name,
            ),
            key("per_call", "The most that one call may cost.", Of::Amount),
            key("daily", "The most in a day.", Of::Amount),
            key("monthly", "The most in a month.", Of::Amount),
            key(
                "currency",
                "The currency of the amounts; for a challenge also a token's address, with its network before it.",
                Of::Name,
            ),
            key("currency_from", "The argument that must name this currency.", PATH),
            key("scope", SCOPE_SAYS, SCOPE),
            key("timezone", TIMEZONE_SAYS, Of::Name),
            key("refund", REFUND_SAYS, REFUND),
        ],
    },
    Shape {
        name: "validate",
        what: "`validate`",
        says: "Checks of the arguments against the tool's own schema.",
        required: &[],
        keys: &[
            key("required_args", "What the schema requires must be there.", Of::Bool),
            key("schema", "The arguments must be as the whole schema says.", Of::Bool),
            key(
                "unknown_args",
                "`deny`: arguments that the schema does not declare are refused.",
                Of::Words(&["deny"]),
            ),
        ],
    },
    Shape {
        name: "approvals",
        what: "`approvals`",
        says: "How people are asked.",
        required: &[],
        keys: &[
            key("timeout", "How long a person has to answer.", DURATION),
            key("dedupe_window", "How long the same question is not asked again.", DURATION),
            key("approvers", "Who may approve.", Of::List(&Of::Name)),
            key("needed", "How many different people have to approve; one where nothing is said.", Of::Count),
            key("hold", "How long the caller is kept waiting; `0` for not at all.", DURATION),
            key(
                "approve",
                "Where a call is approved: by `people`, or also by whoever sits at the `client`.",
                Of::Words(&["people", "client"]),
            ),
            key("notify", "Where questions are announced.", Of::Shape("notify")),
        ],
    },
    Shape {
        name: "notify",
        what: "`notify`",
        says: "Where questions are announced.",
        required: &[],
        keys: &[key("webhook", "An address that is sent each question.", Of::Shape("webhook"))],
    },
    Shape {
        name: "webhook",
        what: "`webhook`",
        says: "An address that is sent each question.",
        required: &["url"],
        keys: &[
            key(
                "url",
                "The address: `https://`, or `http://` on this machine. `${NAME}` reads the environment, `${file:path}` a file.",
                Of::Name,
            ),
            key("secret", "What signs messages: `${NAME}` or `${file:path}`.", Of::Text),
            key("format", "What messages look like.", Of::Words(&["json", "slack", "teams"])),
            key("decide_as", "As whom somebody decides who follows a link of a message.", Of::Name),
            key("arguments", "How much of a call's arguments is sent.", Of::Words(&["keys", "full"])),
        ],
    },
    Shape {
        name: "url_hosts",
        what: "`url_host_in`",
        says: "Hosts, and the schemes that are read.",
        required: &["hosts"],
        keys: &[
            key("hosts", "Hosts such as `example.com`, `*.example.com`, `10.0.0.0/8`.", TEXTS),
            key("schemes", "Schemes; left out, `http` and `https`.", TEXTS),
        ],
    },
    Shape {
        name: "sql_dialect",
        what: "`sql_readonly`",
        says: "Whose SQL it is.",
        required: &["dialect"],
        keys: &[key("dialect", "The dialect; `generic` takes what all of them take.", Of::Words(DIALECTS))],
    },
    Shape {
        name: "named_list",
        what: "a reference to a list",
        says: "One of the document's `lists`.",
        required: &["list"],
        keys: &[key("list", "The list's name.", Of::Name)],
    },
    Shape {
        name: "arg_scope",
        what: "a scope",
        says: "One counter for each value of an argument.",
        required: &["arg"],
        keys: &[key("arg", "The argument, such as `args.customer`.", PATH)],
    },
];

const ENTRY_SAYS: &str = "What is said about the names that match; `{}` lists without constraining.";
const ENTRY_KEYS: &[Key] = &[
    key("rules", "Constraints: all that apply must hold.", Of::List(&Of::Shape("rule"))),
    key("require", "What must hold.", Of::List(&Of::Either(&[Of::Shape("block"), Of::Shape("condition")]))),
    key("deny_if", "What is denied.", Of::List(&Of::Shape("block"))),
    key("approve_if", "What a person must approve.", Of::List(&Of::Shape("block"))),
    key("limits", "What calls may add up to.", Of::List(&Of::Shape("limit"))),
    key("validate", "Checks of the arguments against the tool's own schema.", Of::Shape("validate")),
    key("mode", MODE_SAYS, MODE),
    key("hide", "Taken out of lists and denied when called.", Of::Bool),
];
