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
         evaluate~ calculate compute estimate verify ping* monitor* watch* recognize recognise identify \
         examine see* return~ provide~ contain~ display tail* head* cat grep ls stat stats* status* info* \
         information* echo history* discover enumerate review* report* trace* locate measure* convert translate \
         decode encode format* is~ has~ can~ whoami poll* wait* screenshot* snapshot* crawl scrape sample* simulate \
         predict recommend suggest classify filter* peek ask navigate think* audit* assess forecast* lint debug* \
         profile* dump* help* guide* overview* summary* details* detail* whois* geocode match* rank* rerank score* \
         infer derive quote* load~ download* tell hash* walk capture* sleep* ocr zoom* pan scroll* exists aggregate* \
         visualize visualise plot* gather survey* collect render simplify obtain diagnose acquire await chat* clip* \
         decrypt* denoise listen probe* prove rescan seek solve* stream* surface* tokenize transcribe paginate \
         enquire inquire iterate interpret intersect deduce disambiguate characterize contrast correlate benchmark* \
         pick* qualify reason* reveal peruse project* research* rewind sniff spell* tally unfold connect~ \
         disconnect~ unpack adapt explore decompile disassemble introspect autocomplete docs* documentation* schema* \
         metadata* version* health* metrics* logs* usage* balance* balances* price* prices* leaderboard* permissions* \
         capabilities* current* latest* recent* available* unread* dig* nslookup* traceroute* access* answer* cite \
         collate dereference dissect gauge itemize mention* outline* paraphrase proofread quantify \
         recall* shortlist sift sum* synthesize tabulate plan* triage* uncover understand vet weigh subtract multiply divide",
    ),
    (
        Category::Write,
        "create unschedule resolve add update set edit write insert upsert modify change* rename move copy* put~ patch* save upload \
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
         fulfil pair* unpair permit* reparent rephrase resequence revise scope* specify stack* transpose \
         unify unmerge untrack unwatch vectorize whitelist blacklist allowlist denylist cast* learn memorize track* \
         claim* place* issue* block* unblock mute* unmute accept decline backdate blend* carve consolidate craft* curate \
         declare establish extrude fabricate finalize finalise fillet* formulate harden impose improve incorporate inscribe \
         introduce invert loosen manipulate mask* modulate morph* negate obfuscate organize organise override* \
         postpone quantize randomize realign reclassify reconcile reconfigure redact reformulate remap \
         repopulate reposition reshape restrict restructure rework sculpt smooth solder \
         standardize subdivide symlink* tighten trim* tweak underline unwrap weld* receive* ack administer handle*~",
    ),
    (
        Category::Execute,
        "execute run~ test* continue* step* pull* start* stop* restart reboot launch* trigger* invoke call*~ deploy publish send email* notify \
         broadcast* reply* forward* dispatch submit fire* schedule* reschedule retry* replay* rerun pause* resume* \
         suspend migrate install upgrade* release* promote rollout* scale* turn click* type* press* tap* \
         dblclick keypress drag* fill* eval operate control* play* dial ring* shutdown boot* wake* swipe* sync* \
         synchronize synchronise refresh* rebuild build* compile train* tweet* dm* message* interact halt orchestrate \
         spawn conduct cordon uncordon drain distribute* dock* emit engage force* go* heal* hire* jump kick* mine* \
         nudge* offload page* poke* preload prompt* propagate punch* quit reindex reinstall reissue reprocess rescue* \
         respond resubmit retrain roll* serve* ship* summon undeploy unsend act actuate alert* autoscale bootstrap \
         chain* checkin* cue* defrost deliver dispense drive* eject evacuate grade* initiate instruct kickoff loop* \
         mail* mobilize patrol* pulse* recalibrate remediate reattach relay* remind reseed resync spin* spray* \
         takeover tunnel* utter export~ fax* print* produce hover* invite* redeploy expose resend retweet confirm~ \
         speak* say exec bash* shell* sh sudo terminal* provision* unprovision failover switchover push* cancel* \
         abort* interrupt* enqueue queue* post*~ announce crosspost unpublish delegate* handoff perform process* \
         attack* exploit* fuzz* hack* bruteforce spoof transmit transcode isolate quarantine* brew* accelerate \
         jog open* park* shoot swing wield bootload goto repost flash* \
         automate hibernate reload* warm* ssh* request* sign* countersign impersonate steer arm* disarm takeoff land* \
         fly* vibrate honk irrigate prescribe signal* input* bypass circumvent preheat precondition dose* infuse \
         poweron poweroff powerup powerdown hangup clockin clockout handover shutoff repl* interpreter* kubectl* psql* nmap* sqlmap* \
         runner* executor* launcher* mailer* dispatcher* invoker* deployer*",
    ),
    (
        Category::Destructive,
        "delete uninstall remove drop* purge destroy terminate wipe erase revoke truncate clear* empty* reset* flush discard \
         trash* expunge kill* overwrite* rollback* revert* undo* decommission deprovision expire* obliterate nuke* \
         prune* shred deregister unregister deletion* removal* termination* revocation* rm del rmdir unset void* \
         invalidate evict* forget ban* reformat dequeue pop* consume* redrive annul abandon delist dismantle teardown \
         burn* blackhole cease cripple defund depose disband dispose eliminate eradicate extinguish junk* nullify \
         deallocate raze rescind retract sever sweep* unenroll uproot zeroize oust scrap* scrub* sunset* vacuum* vacate vaporize retire deauth deauthorize deauthorise yank* zap* cleanup* clean* squash* regenerate \
         deleter* remover* wiper* eraser* purger*",
    ),
    (
        Category::Financial,
        "pay refund* charge* buy sell purchase* transfer* trade* withdraw* deposit* payout* donate* bill* stake* \
         unstake bid* bet* repay lend borrow bridge* remit reimburse mint* redeem swap* order* invoice* prepay topup \
         spend* hedge liquidate book* reserve* rebook fund* disburse settle tip* exercise* renew debit* pledge auction* prebook \
         airdrop wager wire* invest* divest rent* lease* sponsor* gamble recharge* cashout*",
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
    KNOWN.get(word).copied().or_else(|| prefixed(word))
}

/// What a verb and the particle behind it mean together, where that is known, and as what: `check out` checks nothing.
pub(super) fn phrasal(plain: &str, particle: &str) -> Option<(&'static str, Verb)> {
    const PARTICLES: &[&str] = &["out", "in", "over", "up", "down", "off", "on", "back"];
    if !PARTICLES.contains(&particle) {
        return None;
    }
    KNOWN.get_key_value(format!("{plain}{particle}").as_str()).map(|(together, verb)| (*together, *verb))
}

/// `unresolve`, `recreate` and `batchupdate` are not written down, but what they are made of is.
fn prefixed(word: &str) -> Option<Verb> {
    const PREFIXES: &[&str] = &["un", "re", "de", "dis", "bulk", "batch", "multi", "auto", "mass"];
    let made_of = PREFIXES.iter().find_map(|prefix| KNOWN.get(word.strip_prefix(prefix)?).copied());
    made_of.filter(|verb| verb.category > Category::Read && !verb.is_noun && !verb.is_bare)
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
         short long fund hedge charge order invoice bill trade claim book reserve spend liquidate disburse wire rent lease sponsor recharge";
    VERBS.split_whitespace().any(|known| known == verb)
}

/// Nouns that are meant as verbs where they stand first.
pub(super) fn is_imperative(word: &str) -> bool {
    matches!(word, "trigger" | "launch" | "reboot" | "restart" | "cancel" | "abort" | "provision")
}

/// Pairs of words in which the first is no verb.
const COMPOUNDS: &[(&str, &str)] = &[
    ("turn", "by"),
    ("turn", "chat"),
    ("turn", "conversation"),
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
    ("order", "total"),
    ("order", "totals"),
    ("invoice", "total"),
    ("bill", "total"),
];

/// Whether the first of two words is no verb beside the second.
pub(super) fn is_compound(first: &str, second: &str) -> bool {
    COMPOUNDS.contains(&(first, second))
}
