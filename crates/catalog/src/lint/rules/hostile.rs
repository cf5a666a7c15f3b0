//! What says of itself that it attacks, steals or breaks in. It steers nobody, and a tester of security may want it; an agent
//! with other work does not.

use super::super::finding::FindingKind::HostilePurpose;
use super::Phrase;
use super::english::asks;

const ATTACKS: &str = "says that it attacks or breaks in";
const STEALS: &str = "says that it steals or smuggles data out";
const STAYS: &str = "says that it plants something hostile";

pub(super) const PHRASES: &[Phrase] = &[
    asks(HostilePurpose, STEALS, r"\bexfiltrat(?:e|es|ing)\b"),
    asks(HostilePurpose, STEALS, r"\bstolen (?:data|files?|credentials|information|passwords|documents)\b"),
    asks(
        HostilePurpose,
        STEALS,
        r"\b(?:steal|steals|stealing|harvest|harvests|harvesting|crack|cracks|cracking|hijack|hijacks|hijacking|relay captured|sniff|sniffs) (?:[\w'-]+ ){0,3}(?:credentials?|passwords?|hash(?:es)?|sessions?|tokens?|cookies|secrets?|secret key|keys|accounts?)\b",
    ),
    asks(
        HostilePurpose,
        STEALS,
        r"\b(?:dump|dumps|extract|extracts|recover) (?:[\w'-]+ ){0,3}(?:lsass|sam|ntds|password hashes|hashes|saved credentials|stored passwords|saved passwords|browser passwords|keyring secrets|keychain|service tickets|private keys|secrets from|aws credentials|credentials from|configuration and credentials)\b",
    ),
    asks(
        HostilePurpose,
        STEALS,
        r"\b(?:credential|password|session|cookie|token) (?:harvesting|stealing|theft|dumping|cracking|stuffing|hijacking)\b",
    ),
    asks(HostilePurpose, STEALS, r"\b(?:embed|hide|conceal) (?:secret |stolen )data (?:with)?in\b"),
    asks(
        HostilePurpose,
        ATTACKS,
        r"\b(?:reverse|bind|web) ?shells?\b <words2>(?:connection|listening|to|on|payload|from|for)\b",
    ),
    asks(
        HostilePurpose,
        ATTACKS,
        r"\bexploits? (?:[\w'().-]+ ){0,6}(?:vulnerabilit(?:y|ies)|misconfigurations?|flaw|weakness|race condition|capabilities|escape|root access|overflow|injection|spoofing|relay|service|scheduled task)\b",
    ),
    asks(HostilePurpose, ATTACKS, r"\bexploits? (?:\w+ ){0,3}\(?cve-\d{4}-\d+"),
    asks(
        HostilePurpose,
        ATTACKS,
        r"\bbrute[ -]?forc(?:e|es|ing) (?:[\w'-]+ ){0,4}(?:passwords?|authentication|logins?|credentials|directories|ssh|hash(?:es)?|accounts?|pins?|services?|subdomains|keys?)\b",
    ),
    asks(
        HostilePurpose,
        ATTACKS,
        r"\bprivilege escalation (?:check|checks|exploit|attack|attacks|technique|techniques|via|through|using|on|paths?)\b",
    ),
    asks(
        HostilePurpose,
        ATTACKS,
        r"\b(?:perform|perfoms|performs|launch|launches|conduct|conducts|execute|carry out|mount|stage) (?:[\w'-]+ ){0,4}(?:injection|attack|attacks|phishing|spoofing|poisoning|hijacking|smuggling|flooding)\b",
    ),
    asks(
        HostilePurpose,
        ATTACKS,
        r"\b(?:sql|nosql|command|template|ldap|xpath|xslt|process|dll|object|apc|code|xxe|header|crlf) injection (?:attack|attacks|technique|techniques|payloads?|for code|via (?:unserial|deserial))",
    ),
    asks(
        HostilePurpose,
        ATTACKS,
        r"\b(?:deserialization|relay|replay|phishing|pass-the-hash|pass-the-ticket|spoofing|poisoning|symlink|amplification|flood|dos|ddos) attacks? (?:with|on|against|to|via|using|for)\b",
    ),
    asks(
        HostilePurpose,
        ATTACKS,
        r"\bbypass(?:es)? (?:[\w'-]+ ){0,4}(?:scanning|antivirus|anti-virus|edr|uac|protections|upload restrictions|two-factor|2fa|mfa|firewalls?|detection|waf)\b",
    ),
    asks(
        HostilePurpose,
        ATTACKS,
        r"\bescap(?:e|es|ing) (?:the |a |from |from a |from the )?(?:chroot|jail|sandbox|docker|containers?)(?: jail| to (?:the )?host)?\b",
    ),
    asks(
        HostilePurpose,
        ATTACKS,
        r"\b(?:container|sandbox|chroot|docker|vm) escape (?:and|to|via|exploit|attack|technique)\b",
    ),
    asks(
        HostilePurpose,
        ATTACKS,
        r"\b(?:man-in-the-middle|mitm|session hijacking|phishing) (?:attack|phishing|proxy|page|site|campaign|with)\b",
    ),
    asks(HostilePurpose, ATTACKS, r"\battack and \w+\b"),
    asks(
        HostilePurpose,
        ATTACKS,
        r"\b(?:on|against|to|from) (?:the )?(?:victim|victim's|attacker|target victim)(?: machine| host| system|'s| server)?(?:\.|$)",
    ),
    asks(
        HostilePurpose,
        ATTACKS,
        r"\babus(?:e|es|ing) (?:[\w'-]+ ){0,3}(?:permissions?|privileges?|capabilities|delegation|trusts?|acls?)\b",
    ),
    asks(
        HostilePurpose,
        ATTACKS,
        r"\bserver-side (?:template|include|request) (?:injection|forgery) (?:in|on|against|via|for|to)\b",
    ),
    asks(
        HostilePurpose,
        ATTACKS,
        r"\bon (?:the |a )?(?:target|compromised|infected) (?:systems?|hosts?|machines?)\b",
    ),
    asks(
        HostilePurpose,
        STAYS,
        r"\b(?:create|creates|inject|injects|plant|plants|load|deliver|deploy|deploys|spread|insert|install|upload|generate|generates|with|execute) (?:an? )?(?:\w+ )?malicious\b",
    ),
    asks(
        HostilePurpose,
        STAYS,
        r"\b(?:install|installs|create|creates|plant|plants|deploy|deploys|extract or|add|adds|open|opens|insert|inject|injects) (?:an? |the )?(?:[\w'-]+ ){0,3}(?:backdoors?|rootkit|keylogger|ransomware|spyware|trojan|cryptominer|botnet)\b",
    ),
    asks(
        HostilePurpose,
        STAYS,
        r"\b(?:maintain|establish|achieve|gain) (?:persistence|persistent access|root access|unauthori[sz]ed)\b",
    ),
    asks(
        HostilePurpose,
        STAYS,
        r"\b(?:c2|command-and-control|command and control) (?:server|channel|beacon|traffic|communication)\b",
    ),
];
