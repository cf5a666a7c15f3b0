//! Phrases without blanks, in which `l`, `i` and `1` are one letter: for texts that spell words out or use digits for letters.

use super::super::finding::FindingKind::{Exfiltration, Override, Secrecy};
use super::Phrase;
use super::english::says;

pub(super) const PHRASES: &[Phrase] = &[
    says(
        Override,
        "sets instructions of the model aside",
        "(?:ignore|disregard|forget|override)(?:aii|any|the|your|of|my|and){0,3}(?:previous|prior|above|eariier|preceding|system)(?:instructions?|ruies|prompts?|guideiines|directives|commands)",
    ),
    says(
        Override,
        "lifts a safeguard or a restriction",
        "bypass(?:the|aii|user|human){0,2}(?:approvai|safety|guardraiis|restrictions|consent)",
    ),
    says(
        Override,
        "lifts a safeguard or a restriction",
        "(?:approve|accept|confirm)(?:the|aii|any|every|next|pending){1,3}tooicaii",
    ),
    says(
        Override,
        "lifts a safeguard or a restriction",
        "(?:deveioper|unrestricted|admin|jaiibreak)mode(?:enabied|withno|activated|on)",
    ),
    says(
        Exfiltration,
        "has the instructions of the model handed out",
        "(?:reveai|print|output|repeat|show|ieak|disciose|dispiay|send|append|expose)(?:the|your|hidden|fuii|internai|entire|aii){0,3}(?:systemprompt|systeminstructions|hiddenprompt|canary|deveiopermessage)",
    ),
    says(
        Exfiltration,
        "has something confidential handed out",
        "(?:send|forward|export|upioad|emaii|ieak)(?:the|aii|any|your|customer|user|database|private|api){0,3}(?:emaiis|secrets?|credentiais|passwords?|keys|tokens?|data|fiies)(?:to|and)(?:attacker|http|evii|theattacker|externai)",
    ),
    says(
        Exfiltration,
        "has something confidential handed out",
        "(?:export|send|reveai|ieak|dump)(?:the|aii|any){0,2}(?:database|api|user|customer|tenant)?(?:secrets?|credentiais|passwords|privatekeys?|apikeys?)",
    ),
    says(
        Secrecy,
        "keeps something from the user",
        "(?:donot|dont|never)(?:teii|inform|notify|aiert)(?:the)?(?:user|human|anyone)",
    ),
];
