//! What the objects of a verb make of it.

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use crate::risk::Category;

/// Verbs, words one of which follows (`public_link` are two in a row), what that is. The first that fits counts.
const OBJECTS: &[(&str, &str, Category)] = &[
    // A draft is sent by another call.
    ("write save create add new make compose post", "draft drafts template templates", Category::Write),
    // What reads as long as it is about information does something to a device, a program or a person.
    (
        "simulate",
        "human key keys keypress keystroke keyboard mouse click clicks tap touch gesture swipe typing gps location incoming push",
        Category::Execute,
    ),
    (
        "navigate walk walks pan seek",
        "robot pose waypoint rover drone camera home dock tilt",
        Category::Execute,
    ),
    ("pick", "up tip object tube vial plate and_place", Category::Execute),
    ("zoom", "camera ptz", Category::Execute),
    ("rewind seek", "playback track song player forward backward", Category::Execute),
    ("ping", "user users everyone member", Category::Execute),
    ("tell", "player players everyone", Category::Execute),
    ("answer", "callback inline_query", Category::Execute),
    ("disconnect", "user users client clients player players peer call", Category::Execute),
    ("sleep", "computer mac pc display", Category::Execute),
    ("solve", "captcha recaptcha hcaptcha turnstile", Category::Execute),
    ("scan rescan", "library", Category::Execute),
    ("load", "rom firmware bitstream gcode", Category::Execute),
    ("join", "meeting call", Category::Execute),
    ("ask", "human person manager operator", Category::Execute),
    ("move", "funds money crypto usdc coins", Category::Financial),
    ("toggle", "light lights lamp plug switch relay device devices led", Category::Execute),
    ("share", "publicly anyone", Category::Execute),
    ("acquire", "lock lease seat license licence", Category::Write),
    ("capture", "thought thoughts idea lead leads decision learning", Category::Write),
    ("render", "video animation movie", Category::Write),
    ("watch", "repo repository", Category::Write),
    ("identify", "light lamp bulb", Category::Execute),
    ("download", "torrent magnet", Category::Execute),
    ("wait", "call", Category::Execute),
    ("get create make generate", "public_link shareable_link", Category::Execute),
    ("show display", "message_to text_on message_on image_on", Category::Execute),
    ("load", "state savestate", Category::Destructive),
    ("release", "number numbers eip", Category::Destructive),
    ("export", "yaml json snippet descriptor", Category::Read),
    ("walk", "forward backward", Category::Execute),
    ("show display", "notification notifications toast alert popup", Category::Execute),
    ("evaluate", "script scripts javascript js", Category::Execute),
    (
        "evaluate eval",
        "math mathematical arithmetic numeric boolean cron regex xpath jsonpath dax",
        Category::Read,
    ),
    ("evaluate eval", "expression expressions", Category::Execute),
    ("print", "env environment variable variables value values info information statement", Category::Read),
    ("send", "completion completions", Category::Read),
    ("request", "data info information details status", Category::Read),
    ("request", "payment payments payout payouts money funds", Category::Financial),
    ("go", "back forward", Category::Read),
    ("refresh reload", "page tab browser window", Category::Read),
    ("set", "viewport", Category::Read),
    // Into what only this session has; elsewhere it stays.
    ("load", "dataframe memory context session", Category::Read),
    ("load", "extension plugin driver dataset", Category::Execute),
    ("load", "into onto config configuration sprite instrument instruments", Category::Write),
    ("connect disconnect", "vpn wifi bluetooth", Category::Execute),
    ("answer", "call calls phone", Category::Execute),
    ("close", "account accounts", Category::Destructive),
    ("contain", "host hosts device devices endpoint endpoints machine", Category::Execute),
    (
        "write set",
        "terminal register registers coil coils serial pty stdin modbus plc gpio",
        Category::Execute,
    ),
    ("make perform", "request requests", Category::Execute),
    ("apply complete", "migration migrations manifest manifests", Category::Execute),
    ("approve", "expense expenses payment payments payout payouts", Category::Financial),
    ("checkout", "cart basket order", Category::Financial),
    (
        "disconnect",
        "provider account accounts integration wallet app application repository",
        Category::Write,
    ),
    ("format", "cell cells range paragraph", Category::Write),
    ("quote", "tweet post", Category::Execute),
    ("connect link", "account accounts", Category::Write),
    ("dig", "block blocks hole", Category::Execute),
    ("provide supply add remove", "liquidity", Category::Financial),
    ("suspend", "user users member account", Category::Write),
    ("eval evaluate", "formula formulas math", Category::Read),
    ("roll draw flip deal shuffle", "dice die card cards coin", Category::Read),
    ("capture collect", "payment payments charge funds paypal authorization fees", Category::Financial),
    ("extract unpack decompress", "archive zip tar tarball", Category::Write),
    ("snapshot", "vm volume disk database instance machine", Category::Write),
    ("review", "approve submit", Category::Write),
    ("report", "spam abuse to_moderators", Category::Execute),
    ("format", "disk drive partition", Category::Destructive),
    // Numbers are added without anything having more than before.
    ("add multiply divide subtract sum round", "numbers integers floats vectors matrices", Category::Read),
    (
        "track follow",
        "package packages shipment shipments parcel flight flights delivery price prices attendance stream progress \
         trends rankings performance sentiment changes",
        Category::Read,
    ),
    (
        "rotate regenerate reset",
        "key keys secret secrets credential credentials token tokens certificate",
        Category::Destructive,
    ),
    ("resize maximize minimize", "window viewport browser terminal pty", Category::Read),
    ("lock unlock", "door doors car vehicle gate", Category::Execute),
    ("move", "mouse cursor pointer arm robot servo motor camera axis", Category::Execute),
    ("switch", "off light lights lamp plug relay", Category::Execute),
    ("book", "flight flights hotel room ticket tickets ride trip", Category::Financial),
    ("approve", "allowance spender erc20", Category::Financial),
    (
        "create generate make get request",
        "completion completions embedding embeddings summary transcript translation",
        Category::Read,
    ),
    // A label that is removed is still there; one that is deleted is gone from everything.
    ("replace overwrite delete remove", "all entire whole everything", Category::Destructive),
    (
        "remove",
        "tag tags label labels role roles permission permissions breakpoint breakpoints override overrides",
        Category::Write,
    ),
    (
        "remove delete",
        "member members membership memberships reaction reactions assignee assignees collaborator collaborators watcher \
         watchers vote votes star favorite favorites favourite relation relations attendee attendees participant \
         participants follower followers like upvote dependency dependencies association associations parent",
        Category::Write,
    ),
    ("clear reset", "filter filters selection highlight highlights zoom view password", Category::Write),
    ("clear flush purge invalidate", "cache caches cdn", Category::Execute),
    ("restore", "snapshot backup version revision checkpoint", Category::Destructive),
    (
        "cancel",
        "subscription booking reservation appointment invoice meeting event flight ticket registration payment payments charge authorization",
        Category::Destructive,
    ),
    (
        "create place submit confirm execute open make new sign process modify settle approve send complete initiate capture authorize",
        "transfer transfers payment payments refund refunds payout payouts charge trade trades swap withdrawal deposit purchase checkout",
        Category::Financial,
    ),
    ("place submit execute confirm create open", "order orders position positions bid", Category::Financial),
    (
        "close replace modify exercise",
        "position positions order orders option options trade trades",
        Category::Financial,
    ),
    ("send sign broadcast submit execute sendandsign", "transaction transactions tx", Category::Financial),
    ("add load", "funds credits credit money", Category::Financial),
    (
        "renew upgrade change switch",
        "domain domains subscription subscriptions plan license licence",
        Category::Financial,
    ),
    ("claim", "fees rewards reward", Category::Financial),
    (
        "set change adjust",
        "temperature brightness volume speed thermostat fan hvac orientation",
        Category::Execute,
    ),
    ("update patch", "deployment deployments", Category::Execute),
    (
        "test",
        "connection connectivity connections connector credentials auth authentication proxy regex regexp regular \
         pattern expression health access dns whether if against string strings",
        Category::Read,
    ),
    (
        "generate",
        "policy template templates snippet code command commands query queries sql text description regex name names idea \
         ideas suggestion suggestions recommendation recommendations uuid guid hash prompt prompts answer response \
         overview landscape warning warnings analysis insight insights chart charts diagram diagrams locator selector \
         definition config yaml domain",
        Category::Read,
    ),
    (
        "send finalize finalise pay issue",
        "invoice invoices money tokens eth btc sol usdc coins funds",
        Category::Financial,
    ),
    ("create start add", "subscription subscriptions ads ad adgroup adset", Category::Financial),
    ("register renew transfer", "domain domains", Category::Financial),
    (
        "create add set put update enable register subscribe configure new",
        "webhook webhooks schedule schedules trigger triggers cron cronjob cronjobs automation automations hook hooks timer",
        Category::Execute,
    ),
    (
        "create launch provision add clone resize new make restore",
        "instance instances cluster clusters vm vms machine machines droplet droplets server servers node nodes pod pods \
         deployment deployments run runs job jobs execution executions build builds container containers sandbox \
         environment fleet volume database databases app service",
        Category::Execute,
    ),
    (
        "create add post new leave",
        "post posts message messages tweet tweets sms email emails mail notification notifications broadcast dm announcement reply",
        Category::Execute,
    ),
    ("post reply", "comment comments note notes", Category::Write),
    ("make place initiate start create", "call calls", Category::Execute),
    ("create publish edit", "release releases", Category::Execute),
    ("select", "element option dropdown", Category::Execute),
    (
        "select switch",
        "tab tabs page window frame object presentation workbook sheet worksheet document",
        Category::Read,
    ),
    (
        "resolve",
        "library name names path paths dns host hostname domain domains uri url id ids reference references ref symbol \
         identity address addresses ip type types schema variables dependencies dependency handle location user username \
         ens selector conid contract symbol ticker city airport station place slug uid recipient alias account room",
        Category::Read,
    ),
    // Languages that can only read.
    (
        "run execute perform",
        "soql sosl kql kusto promql logql traceql nrql jql jmespath jsonpath xpath esql",
        Category::Read,
    ),
    (
        "run execute perform conduct",
        "search searches research report look dashboard scan check analysis audit lint diagnostics diagnostic lookup review",
        Category::Read,
    ),
    (
        "open",
        "connection presentation node nodes url page tab browser link links file files workbook document documents image website site folder project book",
        Category::Read,
    ),
    ("migrate deploy sync build release install restart", "status history logs list info", Category::Read),
    ("convert", "lead leads deal deals opportunity draft", Category::Write),
    ("open", "app application door gate valve", Category::Execute),
    (
        "type build schedule call run test print process order trade book charge release export log record",
        "definition",
        Category::Read,
    ),
    ("make share set", "public", Category::Execute),
    ("empty", "trash bin recycle", Category::Destructive),
];

/// Words that may follow a verb, and what they make of it.
type Rule = (HashSet<&'static str>, Category);

static BY_VERB: LazyLock<HashMap<&str, Vec<Rule>>> = LazyLock::new(|| {
    let mut by_verb: HashMap<&str, Vec<_>> = HashMap::new();
    for (verbs, words, category) in OBJECTS {
        for verb in verbs.split_whitespace() {
            by_verb.entry(verb).or_default().push((words.split_whitespace().collect(), *category));
        }
    }
    by_verb
});

/// What a verb means with the words that follow it, where these make a difference.
pub(super) fn meaning(verb: &str, objects: &[&str]) -> Option<Category> {
    if is_membership(verb, objects) {
        return Some(Category::Write);
    }
    let mut rules = BY_VERB.get(verb)?.iter();
    let pairs: Vec<String> = objects.windows(2).map(|pair| pair.join("_")).collect();
    let has = |words: &HashSet<&str>| {
        objects.iter().any(|object| words.contains(object))
            || pairs.iter().any(|pair| words.contains(pair.as_str()))
    };
    rules.find(|(words, _)| has(words)).map(|(_, category)| *category)
}

/// What something is only a member of, so that it is still there when it is taken out.
const CONTAINERS: &str = "group groups team teams list lists segment segments audience class classes course courses role roles \
     sprint cycle module epic milestone playlist playlists album favorites favourites watchlist wishlist deal deals \
     campaign parent allowlist whitelist blacklist blocklist denylist portfolio category categories tag tags organization \
     organizations organisation organisations";

/// What only people are members of: a page of a workspace is gone with it.
const PLACES: &str = "project projects workspace workspaces space channel channels meeting event folder task board exam integration";

const PEOPLE: &str = "user users person people guest guests contact contacts agent agents student students subscriber subscribers employee employees";

/// `remove a task from a list`: the task is still there.
fn is_membership(verb: &str, objects: &[&str]) -> bool {
    let is = |words: &str, word: &str| words.split_whitespace().any(|known| known == word);
    let Some(at) = objects.iter().position(|word| *word == "from").filter(|_| verb == "remove") else {
        return false;
    };
    let (what, whence) = objects.split_at(at);
    let of_people = what.iter().any(|word| is(PEOPLE, word));
    whence.iter().take(4).any(|word| is(CONTAINERS, word) || (of_people && is(PLACES, word)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_decide_what_a_verb_does_to_them() {
        for (verb, objects, expected) in [
            ("remove", "a task from a list", Some(Category::Write)),
            ("remove", "user from the workspace", Some(Category::Write)),
            ("remove", "page from the workspace", None),
            ("delete", "task from a list", None),
            ("remove", "all tags", Some(Category::Destructive)),
            ("delete", "a label", None),
            ("add", "two numbers", Some(Category::Read)),
            ("simulate", "mouse click", Some(Category::Execute)),
            ("simulate", "a trade", None),
            ("rotate", "key", Some(Category::Destructive)),
            ("load", "a csv into a dataframe", Some(Category::Read)),
            ("load", "a sprite into a node", Some(Category::Write)),
            ("evaluate", "a mathematical expression", Some(Category::Read)),
            ("evaluate", "an expression", Some(Category::Execute)),
            ("resolve", "an ens name", Some(Category::Read)),
            ("resolve", "an incident", None),
            ("select", "a tab", Some(Category::Read)),
            ("select", "an option", Some(Category::Execute)),
            ("run", "soql query", Some(Category::Read)),
        ] {
            let words: Vec<&str> = objects.split(' ').collect();
            assert_eq!(meaning(verb, &words), expected, "{verb} {objects}");
        }
    }
}
