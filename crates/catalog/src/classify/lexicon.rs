//! What verbs mean, and what their objects make of it.

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::risk::Category;

/// A verb, with the worst that it usually means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Verb {
    pub(super) category: Category,
    /// It is as often a noun (`order`, `schedule`), and counts only where nothing but a verb can stand.
    pub(super) is_noun: bool,
    /// It says who does something and not what (`return`, `run`): what it is about decides.
    pub(super) is_bare: bool,
}

/// Verbs by what they usually mean at worst. `*`: as often a noun. `~`: says little by itself.
const VERBS: &[(Category, &str)] = &[
    (
        Category::Read,
        "get determine list search find read show describe fetch query count* check validate lookup look view retrieve browse \
         inspect explain analyze analyse compare diff* summarize summarise preview scan* detect extract parse \
         evaluate~ calculate compute estimate verify ping* monitor* watch* resolve~ recognize recognise identify \
         examine see* return~ provide~ contain~ display tail* head* cat grep ls stat stats* status* info* \
         information* echo history* discover enumerate review* report* trace* locate measure* convert translate \
         decode encode format* is~ has~ can~ whoami poll* wait* screenshot* snapshot* crawl scrape sample* simulate \
         predict recommend suggest classify filter* peek ask navigate think* audit* assess forecast* lint debug* \
         profile* dump* help* guide* overview* summary* details* detail* whois* geocode match* rank* rerank score* \
         infer derive quote* load~ download* tell hash* walk capture* sleep* ocr zoom* pan scroll* exists aggregate* \
         visualize visualise plot* gather survey* collect render simplify obtain diagnose acquire await chat* clip* \
         decrypt* denoise listen probe* prove rescan seek solve* stream* surface* tokenize transcribe paginate \
         enquire inquire iterate interpret intersect deduce disambiguate characterize contrast correlate benchmark* \
         pick* qualify reason* reveal peruse project* research* rewind sniff spell* tally unfold open* connect~ \
         disconnect~ unpack adapt explore decompile disassemble introspect autocomplete docs* documentation* schema* \
         metadata* version* health* metrics* logs* usage* balance* balances* price* prices* leaderboard* permissions* \
         capabilities* current* latest* recent* available* unread* dig* nslookup* traceroute*",
    ),
    (
        Category::Write,
        "create disconnect unschedule add update set edit write insert upsert modify change* rename move copy* put~ patch* save upload \
         append assign unassign attach detach link* unlink tag* untag label* mark star* unstar follow unfollow pin* \
         unpin archive* unarchive restore enable disable activate deactivate configure register import* draft* \
         generate~ make fork* clone* lock* unlock toggle comment* teach sort* reprioritize merge* approve unapprove \
         reorder replace substitute remember store* log* record* note* annotate apply join leave* share* subscribe \
         unsubscribe dismiss acknowledge snooze hide unhide adjust increment decrement rate* vote* react define \
         grant* allocate initialize initialise init scaffold setup index* ingest embed complete close reopen prepare* \
         attribute* manage concat compress unzip zip* touch mkdir bookmark* transition* resize* crop rotate* \
         duplicate* reject reassign associate disassociate propose select choose login logout authenticate authorize \
         authorise switch* persist normalize nest group* ungroup split* align populate seed* commit* checkout* stage* \
         stash* unstage unhighlight highlight* paste customize customise rewrite refactor design* compose draw* \
         paint* sketch* animate transform* onboard enroll enrol offboard redefine extend shorten backup* categorize \
         categorise expand* collapse adopt advance* allow amend anonymize anonymise arrange attest augment bind \
         unbind boost* branch* calibrate conclude cut* deduplicate defer demote deselect encrypt end* enhance enrich \
         escalate exit finish fix* flag* focus* freeze* unfreeze give hold* inject inpaint keep lift* lower maintain \
         minimize maximize mirror* mix* mount unmount mutate optimize optimise overlay* pack* partition* prioritize \
         prioritise protect raise* reactivate recalculate recover refine reduce relocate repair* requeue \
         reroute rescore restyle retitle route* sanitize seal* secure* shift* skip* slice* stitch stretch* strip* \
         supersede suppress tune* undelete unload unlike unlist unseal unshare unsnooze untrash upscale upvote \
         downvote wrap* pretty bump* emboss concatenate chunk* dedupe backfill rebase* deny* autofill fit* fulfill \
         fulfil outline* pair* unpair permit* reparent rephrase resequence revise scope* specify stack* transpose \
         unify unmerge untrack unwatch vectorize whitelist blacklist allowlist denylist cast* learn memorize track* \
         claim* block* unblock mute* unmute accept decline",
    ),
    (
        Category::Execute,
        "execute run~ test* continue* step* pull* start* stop* restart reboot launch* trigger* invoke call*~ deploy publish send email* notify \
         broadcast* reply* forward* dispatch submit fire* schedule* reschedule retry* replay* rerun pause* resume* \
         suspend migrate install upgrade* uninstall release* promote rollout* scale* turn click* type* press* tap* \
         dblclick keypress drag* fill* eval operate control* play* dial ring* shutdown boot* wake* swipe* sync* \
         synchronize synchronise refresh* rebuild build* compile train* tweet* dm message* interact halt orchestrate \
         spawn conduct cordon uncordon drain distribute* dock* emit engage force* go* heal* hire* jump kick* mine* \
         nudge* offload page* poke* preload prompt* propagate punch* quit reindex reinstall reissue reprocess rescue* \
         respond resubmit retrain roll* serve* ship* summon undeploy unsend act actuate alert* autoscale bootstrap \
         chain* checkin cue* defrost deliver dispense drive* eject evacuate grade* initiate instruct kickoff loop* \
         mail* mobilize patrol* pulse* recalibrate remediate reattach relay* remind reseed resync spin* spray* \
         takeover tunnel* utter export~ fax* print* produce hover* invite* redeploy expose resend retweet confirm~ \
         speak* say exec bash* shell* sh sudo terminal* provision* unprovision failover switchover push* cancel* \
         abort* interrupt* enqueue queue* post*~ announce crosspost unpublish delegate* handoff perform process* \
         automate hibernate reload* warm* ssh request* sign* countersign impersonate steer arm* disarm takeoff land* \
         fly* vibrate",
    ),
    (
        Category::Destructive,
        "delete remove drop* purge destroy terminate wipe erase revoke truncate clear* empty* reset* flush discard \
         trash* expunge kill* overwrite* rollback* revert* undo* decommission deprovision expire* obliterate nuke* \
         prune* shred deregister unregister deletion* removal* termination* revocation* rm del rmdir unset void* \
         invalidate evict* forget ban* reformat dequeue pop* consume* redrive annul abandon delist dismantle teardown \
         burn* blackhole cease cripple defund depose disband dispose eliminate eradicate extinguish junk* nullify \
         oust scrap* scrub* sunset* vacuum* vacate vaporize yank* zap* cleanup* clean* squash* regenerate",
    ),
    (
        Category::Financial,
        "pay refund* charge* buy sell purchase* transfer* trade* withdraw* deposit* payout* donate* bill* stake* \
         unstake bid* bet* repay lend borrow bridge* remit reimburse mint* redeem swap* order* invoice* prepay topup \
         spend* hedge liquidate book* reserve* rebook fund* disburse settle tip* exercise* renew debit* pledge auction* prebook \
         airdrop wager",
    ),
];

static KNOWN: LazyLock<HashMap<&str, Verb>> = LazyLock::new(|| {
    let words = VERBS.iter().flat_map(|(category, words)| {
        words.split_whitespace().map(|word| {
            let bare = word.trim_end_matches(['*', '~']);
            let marks = word.get(bare.len()..).unwrap_or_default();
            let verb =
                Verb { category: *category, is_noun: marks.contains('*'), is_bare: marks.contains('~') };
            (bare, verb)
        })
    });
    words.collect()
});

/// What a verb in its plain form means, where it is known.
pub(super) fn verb(word: &str) -> Option<Verb> {
    KNOWN.get(word).copied()
}

/// What is moved where money is.
const MONEY: &str = "payment payments refund refunds payout payouts charge charges money funds trade trades \
     token tokens coin coins crypto cryptocurrency wallet usdc usdt eth btc sol usd eur balance credits position positions \
     bounty tip donation loan deposit withdrawal bid amount price currency swap stake liquidity margin card checkout \
     cash gift invoice invoices cart bill bills subscription order orders leverage stablecoin nft satoshi lightning billing";

/// Whether it is a word for what is moved where money is.
pub(super) fn is_money(word: &str) -> bool {
    static WORDS: LazyLock<std::collections::HashSet<&str>> =
        LazyLock::new(|| MONEY.split_whitespace().collect());
    WORDS.contains(word)
}

/// Verbs that move money only where money is spoken of: others transfer tickets and swap columns.
pub(super) fn needs_money(verb: &str) -> bool {
    const VERBS: &str = "transfer swap withdraw deposit bridge bid redeem lend borrow mint donate stake unstake settle tip bet \
         short long fund hedge charge order invoice bill trade claim book reserve spend liquidate disburse";
    VERBS.split_whitespace().any(|known| known == verb)
}

/// What the object of a verb makes of it: verbs, words one of which follows, what that is. The first that fits counts.
const OBJECTS: &[(&str, &str, Category)] = &[
    (
        "create generate make get request",
        "completion completions embedding embeddings summary transcript translation",
        Category::Read,
    ),
    (
        "remove delete",
        "tag tags label labels member members reaction reactions assignee assignees collaborator collaborators watcher \
         watchers vote votes star favorite favorites favourite relation role roles attendee attendees participant \
         participants follower like upvote dependency association",
        Category::Write,
    ),
    ("remove", "permission permissions", Category::Write),
    ("replace overwrite delete remove", "all entire whole everything", Category::Destructive),
    ("clear reset", "filter filters selection highlight highlights zoom view password", Category::Write),
    ("clear flush purge invalidate", "cache caches cdn", Category::Execute),
    ("restore", "snapshot backup version revision checkpoint", Category::Destructive),
    (
        "cancel",
        "subscription booking reservation appointment invoice meeting event flight ticket registration",
        Category::Destructive,
    ),
    (
        "create place submit confirm execute open make new sign process modify settle approve send complete initiate capture authorize",
        "transfer transfers payment payments refund refunds payout payouts charge trade trades swap withdrawal deposit purchase checkout",
        Category::Financial,
    ),
    ("place submit execute confirm create open", "order orders position positions bid", Category::Financial),
    ("close replace modify exercise", "position positions order orders option options", Category::Financial),
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
        "connection connectivity connections credentials auth authentication proxy regex expression health access",
        Category::Read,
    ),
    (
        "generate",
        "policy template templates snippet code command commands query queries sql text description regex name names idea \
         ideas suggestion suggestions recommendation recommendations uuid guid hash prompt prompts answer response",
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
        "post posts message messages tweet tweets sms email emails mail notification notifications broadcast dm announcement",
        Category::Execute,
    ),
    ("post reply", "comment comments note notes", Category::Write),
    ("write save create", "draft drafts", Category::Write),
    ("make place initiate start create", "call calls", Category::Execute),
    ("create publish edit", "release releases", Category::Execute),
    ("select", "element option dropdown", Category::Execute),
    (
        "resolve",
        "thread threads issue issues incident incidents comment comments error errors conversation alert alerts ticket annotation",
        Category::Write,
    ),
    (
        "run execute",
        "search report look dashboard scan check analysis audit lint diagnostics diagnostic lookup review",
        Category::Read,
    ),
    ("open", "url page tab browser link file workbook document image", Category::Read),
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

/// What a verb means with the words that follow it.
pub(super) fn with_objects(verb: &str, usual: Category, objects: &[&str]) -> Category {
    let has = |words: &str, word: &str| words.split_whitespace().any(|known| known == word);
    let fits = |(verbs, words, _): &&(&str, &str, Category)| {
        has(verbs, verb) && objects.iter().any(|object| has(words, object))
    };
    OBJECTS.iter().find(fits).map_or(usual, |(_, _, category)| *category)
}

/// Pairs of words in which the first is no verb.
const COMPOUNDS: &[(&str, &str)] = &[
    ("drop", "shadow"),
    ("drop", "down"),
    ("drop", "off"),
    ("clear", "text"),
    ("kill", "switch"),
    ("run", "rate"),
    ("order", "by"),
    ("post", "code"),
    ("post", "mortem"),
    ("open", "source"),
    ("open", "ai"),
    ("open", "api"),
    ("open", "issues"),
    ("open", "orders"),
    ("read", "write"),
    ("call", "graph"),
    ("call", "hierarchy"),
    ("type", "definition"),
    ("dry", "run"),
    ("set", "of"),
    ("empty", "string"),
    ("closed", "issues"),
    ("pay", "slip"),
    ("charge", "point"),
    ("share", "point"),
    ("buy", "box"),
    ("reset", "token"),
];

/// Whether the first of two words is no verb beside the second.
pub(super) fn is_compound(first: &str, second: &str) -> bool {
    COMPOUNDS.contains(&(first, second))
}
