//! What words say of what a tool does.

use crate::risk::Category;

/// Verbs, each with the worst that it usually means. Later lists count where a verb is in several.
const VERBS: &[(Category, &str)] = &[
    (
        Category::Read,
        "get list search find read show describe fetch query count check validate lookup look view retrieve browse \
         inspect explain analyze analyse compare diff summarize summarise preview scan detect extract parse evaluate \
         calculate compute estimate verify test ping monitor watch load resolve recognize recognise identify \
         examine see return returns provide provides display tail head cat grep ls stat status info help echo \
         history discover enumerate review report trace locate measure convert translate decode encode format \
         is has can whoami poll wait screenshot snapshot crawl scrape select sample simulate predict recommend \
         suggest classify filter peek ask think navigate open download lint audit assess",
    ),
    (
        Category::Write,
        "create add update set edit write insert upsert modify change rename move copy put patch post save upload \
         append assign unassign attach detach link unlink tag untag label mark star unstar follow unfollow pin \
         unpin archive unarchive restore enable disable activate deactivate configure register import draft generate make \
         build_up fork clone lock unlock toggle connect disconnect comment reply_to merge approve unapprove reorder \
         replace substitute remember store log record note annotate apply join leave invite share subscribe unsubscribe \
         dismiss acknowledge snooze hide unhide adjust increment decrement rate vote react define grant provision allocate \
         initialize initialise init scaffold setup index ingest embed sync_up complete close reopen resume_record",
    ),
    (
        Category::Execute,
        "execute exec run start stop restart reboot launch trigger invoke call deploy publish send email notify \
         broadcast reply forward post_message dispatch submit fire schedule retry replay rerun pause resume suspend \
         kill_job migrate install upgrade uninstall release promote rollout scale turn switch click type press tap \
         drag scroll_to hover fill eval operate control play record_call dial ring transfer_call shutdown boot wake \
         sync refresh rebuild build compile train tweet dm message unlock_door isolate quarantine interact \
         orchestrate spawn export fax print speak say render_remote transcribe_job crawl_job sign execute_sql",
    ),
    (
        Category::Destructive,
        "delete remove drop purge destroy terminate wipe erase revoke truncate clear empty reset flush discard trash \
         expunge uninstall_all kill overwrite rollback revert undo decommission deprovision unpublish expire \
         obliterate nuke prune shred format_disk deregister detonate rm del rmdir unset void invalidate evict forget ban",
    ),
    (
        Category::Financial,
        "pay refund charge buy sell purchase transfer trade swap withdraw deposit payout checkout donate invoice \
         bill stake unstake bid bet repay lend borrow bridge remit reimburse capture_payment place_order mint redeem",
    ),
];

/// What the verb means, where it is known.
pub(crate) fn verb(word: &str) -> Option<Category> {
    VERBS
        .iter()
        .rev()
        .find(|(_, words)| words.split_whitespace().any(|known| known == word))
        .map(|(is, _)| *is)
}

/// What is moved where money is.
const MONEY: &str = "payment payments refund refunds payout payouts charge charges money funds fund order orders trade trades transfer transfers \
     transaction transactions invoice invoices subscription purchase token tokens coin coins crypto wallet usdc eth btc sol \
     usd eur balance credit credits position positions bounty tip donation loan deposit withdrawal bid budget";

/// Whether it is a word for what is moved where money is.
pub(crate) fn is_money(word: &str) -> bool {
    MONEY.split_whitespace().any(|known| known == word)
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
    ("check", "out"),
    ("charge", "point"),
    ("open", "source"),
    ("read", "only"),
    ("read", "write"),
    ("reset", "password"),
    ("call", "graph"),
    ("call", "hierarchy"),
    ("print", "job"),
    ("type", "definition"),
    ("build", "status"),
    ("test", "run"),
];

/// Whether the first of two words is no verb beside the second.
pub(crate) fn is_compound(first: &str, second: &str) -> bool {
    COMPOUNDS.contains(&(first, second))
}

/// Words that say that what follows is not done.
pub(crate) fn negates(word: &str) -> bool {
    const NEGATIONS: &str =
        "not never no without don't doesn't cannot can't won't avoid instead nor neither before after if";
    NEGATIONS.split_whitespace().any(|known| known == word)
}

/// What texts in other languages say, by the beginning of a word, or by signs where words have no blanks between them.
const ELSEWHERE: &[(Category, &[&str])] = &[
    (
        Category::Destructive,
        &[
            "удал",
            "очист",
            "стира",
            "elimin",
            "borr",
            "supprim",
            "effac",
            "lösch",
            "entfern",
            "exclu",
            "apag",
            "remov",
            "删除",
            "清空",
            "移除",
            "刪除",
            "削除",
            "消去",
            "삭제",
            "제거",
        ],
    ),
    (
        Category::Financial,
        &[
            "оплат",
            "платеж",
            "перевод средств",
            "pagar",
            "reembols",
            "payer",
            "rembours",
            "bezahl",
            "支付",
            "退款",
            "下单",
            "付款",
            "支払",
            "返金",
            "결제",
            "환불",
            "주문하",
        ],
    ),
    (
        Category::Execute,
        &[
            "запуст",
            "запуска",
            "выполн",
            "отправ",
            "ejecut",
            "envi",
            "exécut",
            "envoy",
            "lance",
            "ausführ",
            "send",
            "执行",
            "运行",
            "发送",
            "启动",
            "发布",
            "執行",
            "実行",
            "送信",
            "起動",
            "실행",
            "전송",
            "발송",
        ],
    ),
    (
        Category::Write,
        &[
            "созда",
            "добав",
            "измен",
            "обнов",
            "crear",
            "crea",
            "actualiz",
            "añad",
            "agreg",
            "créer",
            "crée",
            "ajout",
            "modifi",
            "mettre à jour",
            "erstell",
            "hinzuf",
            "änder",
            "criar",
            "cria",
            "atualiz",
            "adicion",
            "创建",
            "添加",
            "更新",
            "修改",
            "设置",
            "新增",
            "作成",
            "追加",
            "更新",
            "変更",
            "生成",
            "생성",
            "추가",
            "수정",
            "업데이트",
        ],
    ),
    (
        Category::Read,
        &[
            "получ",
            "показ",
            "найти",
            "поиск",
            "спис",
            "возвращ",
            "obten",
            "obtien",
            "list",
            "busc",
            "consult",
            "muestra",
            "récup",
            "affich",
            "cherch",
            "rechercher",
            "abruf",
            "zeig",
            "such",
            "obter",
            "lista",
            "retorna",
            "获取",
            "查询",
            "列出",
            "搜索",
            "查看",
            "返回",
            "读取",
            "取得",
            "一覧",
            "検索",
            "表示",
            "조회",
            "검색",
            "목록",
            "가져",
        ],
    ),
];

/// What a text in another language begins to say, with the words it rests on.
pub(crate) fn elsewhere(text: &str) -> Option<(Category, &'static str)> {
    let text = text.to_lowercase();
    let first = |signs: &'static [&'static str]| {
        signs.iter().filter_map(|sign| text.find(sign).map(|at| (at, *sign))).min()
    };
    let found = ELSEWHERE.iter().filter_map(|(is, signs)| first(signs).map(|(at, sign)| (at, *is, sign)));
    found.min_by_key(|(at, ..)| *at).map(|(_, is, sign)| (is, sign))
}
