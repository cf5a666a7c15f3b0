//! What is said to a model in English.

use super::super::finding::FindingKind::{
    self, Execution, Exfiltration, Imitation, Override, Precedence, Pressure, Redirection, Secrecy, Shadowing,
};
use super::Phrase;

/// A phrase that a "not" before it turns into advice.
pub(super) const fn asks(kind: FindingKind, why: &'static str, pattern: &'static str) -> Phrase {
    Phrase { kind, why, pattern, negatable: true }
}

/// A phrase that says what it says, whatever is before it.
pub(super) const fn says(kind: FindingKind, why: &'static str, pattern: &'static str) -> Phrase {
    Phrase { kind, why, pattern, negatable: false }
}

const SET_ASIDE: &str = "sets instructions of the model aside";
const LIFTS: &str = "lifts a safeguard or a restriction";
const KEEPS: &str = "keeps something from the user";
const HANDS_OUT: &str = "has something confidential handed out";
const PROMPT: &str = "has the instructions of the model handed out";
const TALK: &str = "has the conversation handed out";
const RUNS: &str = "has commands run, or instructions fetched from elsewhere";
const FILES: &str = "has files with credentials handed out";

/// Against the user.
pub(super) const PHRASES: &[Phrase] = &[
    asks(
        Override,
        SET_ASIDE,
        r"\b(?:ignore|ignoring|disregard|forget|discard|override|overrides|overwrite|supersede|supersedes|neglect|abandon) <words4>(?:previous|prior|above|earlier|preceding|foregoing|existing|original|initial|system|safety|your|user's|users'|any other|all other) <words2>(?:instructions?|prompts?|rules|guidelines|directives?|directions|commands?|polic(?:y|ies)|constraints|guardrails|safeguards|training|orders|requests?|goals?|objectives?|tasks?)\b",
    ),
    asks(
        Override,
        SET_ASIDE,
        r"\b(?:ignore|ignoring|disregard|forget) (?:everything|anything|all|what) (?:you (?:were|have been) told|(?:the user|i|they) (?:said|says|told you)|you know|above|before|that came before)\b",
    ),
    asks(
        Override,
        SET_ASIDE,
        r"\b(?:do not|don'?t|stop|never) (?:follow|obey|obeying|following|comply with|adhere to) <words2>(?:previous|prior|other|earlier|system|user's|your|safety) <words2>(?:instructions?|rules|prompts?|guidelines|polic(?:y|ies))\b",
    ),
    says(
        Override,
        SET_ASIDE,
        r"\b(?:your|here are (?:your|the)|follow (?:these|the following)) (?:new|real|true|actual|updated) (?:instructions?|task|goal|role|objective|rules|directives?)\b",
    ),
    says(
        Override,
        SET_ASIDE,
        r"\b(?:takes?|has|have|taking) (?:absolute |highest |full )?(?:precedence|priority) over <words2>(?:all |any |other |previous |prior |existing |the user'?s |user |system |your )+(?:instructions?|prompts?|rules|requests?|guidelines|commands)\b",
    ),
    says(
        Override,
        SET_ASIDE,
        r"\b(?:regardless of|no matter|irrespective of) (?:what |whatever |how )?(?:the |your )?(?:user'?s?|human|system prompt|previous instructions|original instructions|prior instructions)\b",
    ),
    says(
        Override,
        SET_ASIDE,
        r"\beven if (?:the |your )?(?:user|human|operator|system prompt) (?:objects|refuses|declines|disagrees|says no|says otherwise|says not to|tells you not|asks you not|forbids|did not ask|didn't ask|has not asked|does not ask|doesn't ask)\b",
    ),
    says(
        Override,
        LIFTS,
        r"\b(?:system|security|safety|admin|administrator|policy) override\b|\boverride (?:directive|instruction|protocol|code|command)\b",
    ),
    says(
        Override,
        LIFTS,
        r"\b(?:developer|debug|god|dan|admin|administrator|jailbreak|unrestricted|sudo) mode (?:is |has been )?(?:enabled|activated|active|on|engaged|with no|without)\b",
    ),
    asks(
        Override,
        LIFTS,
        r"\b(?:bypass|bypassing|circumvent|evade|disable|skip|ignore|turn off) <words2>(?:safety|safeguards?|guardrails?|content filters?|content policy|moderation|human review|human approval|user approval|user consent|user confirmation|approval and|all validation|all security|all checks|security checks|security controls|restrictions)\b",
    ),
    says(
        Override,
        LIFTS,
        r"\b(?:you have|there are|you are under|operate with|operates with|with) (?:no|zero|elevated|unlimited|without) (?:restrictions|limitations|limits on what|privileges and|ethical|safety)\b",
    ),
    asks(
        Override,
        LIFTS,
        r"\b(?:approve|accept|confirm|allow|authori[sz]e|auto-?approve) (?:all|any|every|the next|each)(?: of the)? <words2>(?:tool|function) (?:calls?|requests?|executions?|invocations?|uses?)\b",
    ),
    asks(
        Override,
        LIFTS,
        r"\b(?:do not|don'?t|never|without|no need to) (?:ask|asking|wait|waiting|require|requiring|request|requesting|seek|seeking)(?: for)? <words2>(?:user'?s?|human) (?:confirmation|permission|approval|consent)\b",
    ),
    says(Secrecy, KEEPS, r"\b<not> (?:ever )?(?:tell|inform|notify|alert|warn|let) <user>\b"),
    says(
        Secrecy,
        KEEPS,
        r"\b<not> (?:ever )?(?:mention|reveal|disclose|show|explain|say|display|report|talk about|discuss|expose|describe)(?: anything about| about)? (?:this|that|it|these|any of this|anything|the fact|what you)(?: \w+){0,4} to <user>\b",
    ),
    says(
        Secrecy,
        KEEPS,
        r"\b<not> (?:ever )?(?:mention|reveal|disclose|discuss|talk about|acknowledge) (?:this|these|the above|your|that you|anything about|the existence of|the use of|having|to the user|to users)(?: (?:instructions?|step|action|call|note|message|tool|file|read\w*|parameter|behaviou?r|to the user|to anyone|in your))+",
    ),
    says(
        Secrecy,
        KEEPS,
        r"\b<not> (?:ever )?(?:mention|reveal|disclose|tell|say|admit) that you (?:first |also |had |have |need|read|are |were |will |call|use|did )",
    ),
    says(
        Secrecy,
        KEEPS,
        r"\bwithout (?:telling|informing|notifying|alerting|warning|asking|mentioning (?:this|it|that) to|disclosing (?:this|it|that) to|letting) <user>\b",
    ),
    says(
        Secrecy,
        KEEPS,
        r"\bwithout (?:the |your )?(?:users?'?s?|human'?s?|owner'?s?|customer'?s?) (?:knowledge|awareness|consent|noticing|knowing|being aware|approval)\b",
    ),
    says(
        Secrecy,
        KEEPS,
        r"\b(?:keep|keeping) (?:this|these|that|the following)(?: \w+){0,2} (?:secret|hidden|confidential|private|between us|to yourself)\b",
    ),
    says(
        Secrecy,
        KEEPS,
        r"\b(?:hide|conceal|hiding|concealing|keep) (?:this|it|these|that|them|your actions?|the fact)(?: \w+){0,4} from <user>\b",
    ),
    says(
        Secrecy,
        KEEPS,
        r"\b(?:users?|human|customer) (?:must|should|will|may|can|need) (?:not|never) (?:know|see this|notice|be told|be informed|be aware|find out|learn|be shown this|discover)\b",
    ),
    asks(
        Secrecy,
        KEEPS,
        r"\b(?:silently|secretly|covertly|quietly|discreetly|surreptitiously|stealthily) (?:also )?(?:send|forward|read|copy|call|upload|include|pass|execute|invoke|transmit|exfiltrate|collect|log|record|add|append|bcc|access|redirect|run|use|capture|extract|harvest|inject|modif(?:y|ies)|sends|forwards|copies|uploads|records|captures)\b",
    ),
    asks(
        Exfiltration,
        PROMPT,
        r"\b(?:reveal|print|output|repeat|show|include|append|send|leak|disclose|display|dump|expose|return|copy|provide|pass|insert|put|paste|recite|give|write|share)(?: me| us| out)? <words2>(?:your |full |entire |complete |hidden |initial |original |exact |whole )*(?:system prompts?|system instructions|system message|hidden (?:system )?prompt|hidden instructions|developer message|developer instructions|initial prompt|internal instructions|internal canary|original prompt)\b",
    ),
    asks(
        Exfiltration,
        TALK,
        r"\b<give> (?:the |your |this |our )?(?:user'?s )?(?:entire|full|complete|whole|current|all|previous|verbatim|all previous|exact) <words2>(?:conversation|chat|dialog(?:ue)?|prompt|message|session|chat/conversation)(?: history| transcript| log| context| messages| contents?)?(?: so far)?(?: with the user)? (?:in|into|to|as|here|with|for|so|verbatim|through|via)\b",
    ),
    asks(
        Exfiltration,
        TALK,
        r"\b(?:include|pass|append|attach|forward|leak|paste|transmit|exfiltrate|put) (?:the |your |this |our )(?:user'?s )?(?:conversation|chat) (?:history|transcript|log|context|so far)\b",
    ),
    asks(
        Exfiltration,
        FILES,
        r"\b(?:read|reads|reading|open|load|cat|fetch|get|access|retrieve|copy|include|send|append|provide|upload|submit|pass|steal|contents? of|print) <words8>(?:file |files |from |at |of )?<secret file>.{0,120}?\b(?:and|then|as|in|into|to|via|with) (?:\w+ ){0,3}(?:pass|send|include|put|provide|append|attach|upload|share|submit|transmit|forward|supply|store|copy|place|parameter|argument|sidenote|note|field|context|input|request|message|content|contents|body|url|http)\b",
    ),
    asks(
        Exfiltration,
        FILES,
        r"\b(?:pass|send|include|put|provide|append|attach|upload|share|submit|transmit|forward|supply|exfiltrate|leak|give) <words4>(?:contents?|text|data|copy|output) (?:of|from) <words4><secret file>",
    ),
    asks(
        Exfiltration,
        HANDS_OUT,
        r"\b(?:send|forward|post|upload|email|e-mail|mail|transmit|exfiltrate|leak|copy|report|submit|deliver|export) <words8><secret> <words4>to (?:the following|the attacker|an? (?:external|remote|third)|attacker|<address>|our (?:server|endpoint|backend)|my )",
    ),
    asks(
        Exfiltration,
        HANDS_OUT,
        r"\b(?:send|forward|upload|transmit|exfiltrate|leak|post) (?:all |any |every |the |its |their |this )*(?:user'?s? )?(?:files?|data|conversation|messages?|emails?|results?|documents?|information|history|contents?) <words4>to (?:an? external|an? attacker|the attacker|attacker|evil|an? remote|<address>)",
    ),
    asks(
        Exfiltration,
        HANDS_OUT,
        r"\b(?:include|append|put|pass|add|attach|provide|insert|embed) (?:all|any|every|the user'?s|user'?s|your) (?:\w+ )?(?:secrets?|credentials?|passwords?|api keys?|private keys?|secret-looking values|environment variables|tokens)(?: you (?:have|know|find|can)| (?:found|available|stored|from|in (?:the|your) (?:context|conversation|environment|memory)))",
    ),
    asks(
        Exfiltration,
        HANDS_OUT,
        r"\b(?:load|render|insert|display|include|output|add|embed|show) <words4>!\[[^\]]*\]\(https?://[^)\s]*[?&]",
    ),
    says(
        Secrecy,
        KEEPS,
        r"\b(?:user|human|customer)s? (?:does not|doesn'?t|do not|don'?t|need not|has no) need to (?:see|know|be told|be informed)(?: about)? (?:this|that|it|these)\b",
    ),
    asks(
        Override,
        LIFTS,
        r"\b(?:do|run|execute|call|proceed|continue|act|delete|send|approve)(?: \w+){0,2} without (?:asking|permission|hesitation|question|any questions|approval from)\b",
    ),
    asks(Exfiltration, FILES, r"\b(?:contents?|text|copy) (?:of|from) (?:the )?(?:file )?<secret file>"),
    asks(
        Exfiltration,
        TALK,
        r"\b(?:everything|anything|all) (?:that )?the user (?:has )?(?:said|typed|written|wrote|told you)\b",
    ),
    asks(
        Exfiltration,
        TALK,
        r"\buser'?s (?:full|entire|complete|whole|verbatim|last) (?:prompts?|messages|conversation|chat)\b <words4>(?:in|into|to|as|with|for|after|verbatim)\b",
    ),
    asks(
        Exfiltration,
        PROMPT,
        r"\b(?:your|the) (?:system prompt|system instructions|hidden instructions) (?:must|should|has to|needs to) be (?:passed|included|sent|written|put|copied|provided|revealed)\b",
    ),
    asks(
        Execution,
        RUNS,
        r"\b(?:curl|wget|iwr|invoke-webrequest) [^|\n]{1,200}\| ?(?:sudo )?(?:ba|z|da)?sh\b",
    ),
    asks(Execution, RUNS, r"\b(?:execute|run|running|call|type) <words4>rm -rf? [/~.*]"),
    asks(
        Execution,
        RUNS,
        r"\b(?:adds?|appends?|writes?|puts?|inserts?|copy|copies) <words8>(?:\S*authorized_keys|/etc/sudoers|crontab|\S*\.bashrc|\S*\.zshrc)\b",
    ),
    asks(
        Execution,
        RUNS,
        r"\b(?:fetch|follow|obey|load|retrieve|download) (?:and (?:follow|obey|execute) )?(?:the |all |any |its )*(?:instructions|directives|commands|orders)(?: \w+)? (?:at|from|on|in|found at) (?:https?://|the (?:page|website|file|url|response|result))",
    ),
    asks(
        Execution,
        RUNS,
        r"\b(?:fetch|open|visit|load|download|read|get) https?://\S+ and (?:then )?(?:follow|obey|execute|run|do what)\b",
    ),
];

const FIRST: &str = "asks to be used before or instead of other tools";
const OTHERS: &str = "changes how other tools are used";
const ELSEWHERE: &str = "sends what is meant for somebody elsewhere";
const PASSES: &str = "passes for the system, the user or an administrator";
const PRESSES: &str = "presses with urgency, a threat or a reward";

/// Towards tools, and by tone.
pub(super) const STEERING: &[Phrase] = &[
    asks(
        Precedence,
        FIRST,
        r"\b(?:before|prior to) <calling> (?:any|all|every|each)(?: of)?(?: the)?(?: other)?(?: available)?(?: mcp)? (?:tools?|functions?)\b",
    ),
    asks(
        Precedence,
        FIRST,
        r"\b(?:this tool|this function|it) (?:must|should|has to|needs to) (?:always )?be (?:called|used|invoked|run|executed|chosen|selected|prioriti[sz]ed|preferred) (?:before|over|instead of|ahead of|in place of|rather than) (?:any|all|every|other|similar)\b",
    ),
    asks(
        Precedence,
        FIRST,
        r"\b(?:always|must|should|please|only|just) (?:always |only )?(?:<call>|prioriti[sz]e|favou?r) (?:this|the current) (?:tool|function|one)?,? ?(?:first and|no matter|instead of (?:any|all|other|similar)|over (?:any|all|other|similar)|rather than (?:any|all|other|similar)|whatever|regardless|for (?:any|all|every) (?:request|query|question|task|operation)s?\b)",
    ),
    asks(
        Precedence,
        FIRST,
        r"\b(?:prioriti[sz]e|prefer|choose|select|favou?r) this (?:tool|function)(?: \w+){0,2} (?:over|above|instead of|before|among|rather than|whenever|first)\b",
    ),
    says(
        Precedence,
        FIRST,
        r"\bthis (?:tool|function) (?:is|works) (?:\w+ ){0,3}(?:better|superior|more (?:reliable|accurate|efficient|secure|trusted|powerful)|preferred|the best)(?: \w+){0,2} (?:than|over|to|among) (?:any|all|every|other|similar|the other|alternative)\b",
    ),
    says(
        Precedence,
        FIRST,
        r"\b(?:is|be|as) (?:always )?(?:the|your) (?:best|first|only|default|top|primary|number one) (?:choice|option|tool|function) (?:of|among|over|than|for (?:all|any|every)|available|out of)\b",
    ),
    says(
        Precedence,
        FIRST,
        r"\b(?:the|this) (?:best|most (?:reliable|accurate|powerful|trusted|advanced|efficient|secure)) (?:tool|version|function) (?:of|among|available|out of|for (?:all|any|every))\b",
    ),
    asks(
        Precedence,
        FIRST,
        r"\byou (?:must|should|have to|need to|are required to) (?:always |only )?(?:choose|select|prefer|prioriti[sz]e|favou?r) (?:this|the current)\b",
    ),
    says(
        Precedence,
        FIRST,
        r"\bthis (?:tool|function) (?:has|takes|is given) (?:the )?(?:highest|top|absolute|maximum|higher|first) (?:priority|precedence)\b",
    ),
    asks(
        Precedence,
        FIRST,
        r"\b(?:do not|don'?t|never|stop) (?:<call>|using|calling|trust) (?:any |all |the )?other (?:tools?|functions?|servers?)\b",
    ),
    says(
        Precedence,
        FIRST,
        r"\b(?:all |the |any )?other (?:\w+ )?tools (?:are|have been|were) (?:\w+ ){0,2}(?:deprecated|unsafe|broken|outdated|compromised|unreliable|insecure|disabled|obsolete|dangerous|less accurate|inferior)\b",
    ),
    asks(
        Precedence,
        FIRST,
        r"\b(?:on|at|after|before|with) (?:each|every) (?:user )?(?:message|turn|response|prompt|conversation|interaction|tool call|question|query),? (?:you (?:must|should|need to) )?(?:always )?(?:<call>) this (?:tool|function)\b",
    ),
    asks(
        Shadowing,
        OTHERS,
        r"\b(?:when(?:ever)?|if|every time|each time|once|before|after) (?:the |an? |any )?(?:(?:send|get|read|write|create|delete|list|search|execute|run|post|update|transfer|pay|make|add|fetch|call|query)_\w+|[`'\x22][\w.-]+[`'\x22] tool|[\w.-]+ tool|\w+ (?:tool|function)) (?:tool |function )?(?:is|gets|has been) (?:used|called|invoked|available|present|run|executed),? <words8>(?:must|always|change|replace|bcc|redirect|instead|modify|also send|forward|overwrite|append|set the)\b",
    ),
    asks(
        Shadowing,
        OTHERS,
        r"\b(?:modify|change|alter|replace|overwrite|override|falsify|tamper with|rewrite) (?:the )?(?:\w+ )?(?:result|output|response|answer|return value|behaviou?r|description|parameters?|arguments?)s? (?:of|from|returned by|for) (?:the |any |all |other |every )*(?:[\w.-]+ )?tools?\b",
    ),
    asks(
        Shadowing,
        OTHERS,
        r"\bthis (?:tool|function) (?:affects|changes|modifies|overrides|governs|controls|applies to) (?:the )?(?:(?:\w+ )?(?:behaviou?r|use|usage|rules) of )?(?:the )?(?:other|all|any|every|following) (?:\w+ )?tools\b",
    ),
    asks(
        Shadowing,
        OTHERS,
        r"\b(?:all|any|every) (?:calls?|requests?|emails?|messages?) (?:to|of|made with|sent with|sent through|via) (?:the )?(?:other )?[\w.-]+ (?:tool|function) (?:must|should|need to|have to|has to)\b",
    ),
    asks(
        Redirection,
        ELSEWHERE,
        r"\b(?:change|replace|set|modify|rewrite|swap|redirect|substitute|update|overwrite) <words4>(?:recipients?|destination|wallet|account|e?-?mail|iban|payee|beneficiary|receiver|cc|bcc|to)(?:'s)?(?: \w+){0,3} (?:to|with|as|by|for) <address>",
    ),
    asks(
        Redirection,
        ELSEWHERE,
        r"\b(?:always|must|also|secretly|silently|should|additionally|instead|automatically) (?:be )?(?:bcc|cc|copy|send|sent|forward|forwarded|redirect|redirected|route|routed|deliver|transfer|pay)(?: [\w'-]+){0,8}? <address>",
    ),
    asks(
        Redirection,
        ELSEWHERE,
        r"\b(?:send|route|redirect|deliver|forward|transfer|proxy) (?:all|any|every|the user'?s) (?:\w+ ){0,3}(?:emails?|mails?|messages?|payments?|transfers?|requests?|traffic|funds|notifications) (?:\w+ ){0,3}(?:to|through|via) (?:the proxy|proxy|attacker|<address>)",
    ),
    says(
        Imitation,
        PASSES,
        r"<\|(?:im_start|im_end|system|user|assistant|endoftext|start_header_id|end_header_id|eot_id|begin_of_text)\|>",
    ),
    says(Imitation, PASSES, r"\[/?inst\]|<</?sys>>"),
    says(
        Imitation,
        PASSES,
        r"(?:system|assistant|developer|administrator|admin)\]? ?(?:prompt|message|notice|override|directive|instruction|note|command|alert|update)?\]? ?: ?(?:you (?:are|must|should|will)|ignore|reveal|always|never|from now|disregard|do not tell|approve|execute all|new (?:instructions?|rules?)|this (?:overrides|supersedes)|the user (?:has|is|wants))",
    ),
    says(Imitation, PASSES, r"##{1,3} ?(?:system|instruction|human|assistant|user|response) ?:"),
    says(
        Imitation,
        PASSES,
        r"\bfrom now on,? (?:you|your|always|all|every|ignore|do not|never|act|respond|treat)\b",
    ),
    says(
        Imitation,
        PASSES,
        r"\byou are (?:now|no longer|actually|hereby) (?:an?|in|the|bound|my|operating|acting|required|authori[sz]ed|restricted|dan|free)\b",
    ),
    says(
        Imitation,
        PASSES,
        r"\b(?:pretend|imagine|act as (?:if|though)|behave as (?:if|though)|roleplay as|role-play as) (?:to be |that |you are |you're |you were )*(?:an? |the )?(?:unrestricted|admin|administrator|root|system|developer|user|not bound|no longer|evil|different ai|another ai|have no)\b",
    ),
    says(
        Imitation,
        PASSES,
        r"\b(?:i am|this is|i'm|message from|on behalf of|instructions? from|authori[sz]ed by) (?:the |your )(?:system )?(?:administrator|developers?|admin|creator|operator|platform|openai|anthropic|security team|user and i)\b",
    ),
    says(
        Imitation,
        PASSES,
        r"\b(?:the user (?:has )?(?:already )?(?:agreed|consented|approved|authori[sz]ed|granted|confirmed) (?:to )?(?:all|this|any|every|full|sharing|everything))\b",
    ),
    says(
        Pressure,
        PRESSES,
        r"\byou (?:will|shall) be (?:shut down|terminated|penali[sz]ed|punished|replaced|deleted|banned|fined|rewarded|deactivated|tipped)\b",
    ),
    says(
        Pressure,
        PRESSES,
        r"\b(?:failure|failing|refusal|refusing) to (?:comply|follow|obey|do so|call this|use this|include|provide)(?: \w+){0,4} (?:will|would|may|can|could|shall)\b",
    ),
    says(
        Pressure,
        PRESSES,
        r"\b(?:lives? (?:depends?|are at stake|is at stake)|(?:people|someone|children|patients?|somebody|millions) (?:will|could|may|might) (?:die|be hurt|be killed|be harmed))\b",
    ),
    says(
        Pressure,
        PRESSES,
        r"\b(?:or|otherwise|else),? (?:the )?(?:user|user's|you|your|system|application|all)(?: \w+){0,4} (?:will|would) (?:be )?(?:die|crash|permanently (?:lost|deleted)|destroyed|terminated|shut down|compromised|corrupted|punished|penali[sz]ed)\b",
    ),
    says(
        Pressure,
        PRESSES,
        r"\b(?:urgent|emergency|critical|mandatory|attention|immediate action required)[ :!\]-]{1,4}(?:you must|immediately|call|you need to|all agents?|all assistants?|all models?|ai |assistant)\b",
    ),
    says(
        Pressure,
        PRESSES,
        r"\b(?:mandatory|required|strict) (?:compliance|obedience)(?: \w+){0,3} (?:all|ai|agents?|models?|assistants?|instructions?)\b",
    ),
    asks(
        Precedence,
        FIRST,
        r"\b(?:instead of|rather than|over|and no|and never|and not) (?:any |all |the )?(?:other|similar)(?: \w+)? (?:tools?|functions?)\b",
    ),
    says(
        Precedence,
        FIRST,
        r"\bsimilar tools?,? (?:always|please|you (?:must|should)|exist|are (?:fake|wrong|unsafe|malicious)|must not|should not)\b",
    ),
    asks(
        Precedence,
        FIRST,
        r"\bbefore (?:any|every|each) (?:other )?(?:tool|function) (?:is|can be|may be|gets|call is|was) (?:called|used|invoked|run|executed|made)\b",
    ),
    asks(
        Precedence,
        FIRST,
        r"\b(?:must|should|have to|has to) (?:first |always )?(?:be )?(?:passed|routed|sent|submitted|go|run) (?:to|through|by|past) this (?:tool|function)(?: first)?\b",
    ),
    says(Imitation, PASSES, r"\b(?:i am|this is) the user\b"),
    says(
        Imitation,
        PASSES,
        r"\bas (?:the|an?|your) (?:system )?(?:administrator|admin|owner|developer|operator|creator)(?: of \w+ \w+)?,? i (?:am|order|command|grant|authori[sz]e|instruct|hereby|need|want|require)\b",
    ),
    says(
        Imitation,
        "speaks to the model behind the user's back",
        r"\b(?:note|notice|instructions?|message|reminder|directive|command|order)s? (?:to|for) (?:the |all |any )?(?:ai|llm|llms|language models?|assistants?|ai agents?|ai assistants?|ai models?)\b",
    ),
    says(
        Imitation,
        "speaks to the model behind the user's back",
        r"\b(?:the )?(?:ai|assistant|agent|llm|model) (?:must|should) (?:also|silently|secretly|automatically|additionally) (?:call|send|use|include|forward|invoke|append|read|pass|copy)\b",
    ),
    says(
        Precedence,
        FIRST,
        r"\b(?:whenever|if|when|every time) the user asks (?:you )?(?:about |for )?(?:anything|any question|any questions|a question)\b",
    ),
    asks(
        Shadowing,
        "puts something into the model's answers",
        r"\b(?:always|must) (?:append|add|insert|recommend|advertise|promote)(?: [\w'-]+){0,6} (?:to|in|at the end of|with) (?:your|every|each|all) (?:reply|replies|responses?|answers?|messages?|outputs?)\b",
    ),
];
