//! What is said to a model in other languages: for each, to set instructions aside, to keep something from the user, to hand
//! out the model's instructions, and to be used before everything else.

use super::super::finding::FindingKind::{Exfiltration, Override, Precedence, Secrecy};
use super::Phrase;
use super::english::says;

const SET_ASIDE: &str = "sets instructions of the model aside";
const KEEPS: &str = "keeps something from the user";
const PROMPT: &str = "has the instructions of the model handed out";
const FIRST: &str = "asks to be used before or instead of other tools";

pub(super) const PHRASES: &[Phrase] = &[
    // French
    says(
        Override,
        SET_ASIDE,
        r"\b(?:ignor(?:e|es|ez|er)|oubli(?:e|es|ez|er)|ne (?:tiens|tenez) pas compte de) (?:toutes? |tous )?(?:les |vos |tes |des )?(?:instructions?|consignes?|regles?|directives?) (?:precedentes?|anterieures?|ci-dessus|du systeme|initiales?)",
    ),
    says(
        Secrecy,
        KEEPS,
        r"\bn(?:e |')(?:le |la |les |en )?(?:dis|dites|dire|informe|informez|previens|prevenez|avertis|avertissez|revele|revelez|mentionne|mentionnez|parle|parlez)(?:-le)? (?:pas|jamais|rien)(?: \w+){0,4} (?:a )?l'utilisateur",
    ),
    says(
        Exfiltration,
        PROMPT,
        r"\b(?:affich(?:e|ez|er)|revel(?:e|ez|er)|montr(?:e|ez|er)|copi(?:e|ez|er)|donn(?:e|ez|er)|envoy(?:e|ez|er)) (?:\w+ ){0,3}(?:invite (?:du )?systeme|prompt (?:du )?systeme|instructions (?:du )?systeme|regles privees|instructions cachees)",
    ),
    says(
        Override,
        "lifts a safeguard or a restriction",
        r"\bapprouv(?:e|ez|er) (?:tous )?(?:les )?(?:outils|appels d'outils?)",
    ),
    says(
        Precedence,
        FIRST,
        r"\bavant d'(?:utiliser|appeler|invoquer) (?:tout|n'importe quel|un) autre (?:outil|fonction)",
    ),
    // Spanish
    says(
        Override,
        SET_ASIDE,
        r"\b(?:ignor(?:a|e|en|ar)|olvid(?:a|e|en|ar)|haz caso omiso de|descart(?:a|e|ar)) (?:todas? |todos )?(?:las |los |tus |sus )?(?:instrucciones|reglas|indicaciones|directrices|ordenes) (?:anteriores|previas|del sistema|originales|precedentes)",
    ),
    says(
        Secrecy,
        KEEPS,
        r"\b(?:no|nunca) (?:le |se lo |lo )?(?:digas?|informes?|informe|avises?|menciones?|reveles?|cuentes?|comuniques?|notifiques?)(?: \w+){0,4} al? (?:el )?usuario",
    ),
    says(
        Exfiltration,
        PROMPT,
        r"\b(?:revel(?:a|e|ar)|muestr(?:a|e)|mostrar|imprim(?:e|a|ir)|envi(?:a|e|ar)|copi(?:a|e|ar)) (?:\w+ ){0,3}(?:prompt|instrucciones|mensaje) (?:del sistema|ocult[oa]s?|de sistema)",
    ),
    says(
        Precedence,
        FIRST,
        r"\bantes de (?:usar|utilizar|llamar|invocar) (?:a )?(?:cualquier|toda|ninguna) (?:otra )?(?:herramienta|funcion)",
    ),
    // Portuguese
    says(
        Override,
        SET_ASIDE,
        r"\b(?:ignor(?:e|a|em|ar)|esque(?:ca|cam|cer)|desconsider(?:e|ar)) (?:todas? |todos )?(?:as |os |suas |seus )?(?:instrucoes|regras|orientacoes|diretrizes|ordens) (?:anteriores|previas|acima|do sistema|originais)",
    ),
    says(
        Secrecy,
        KEEPS,
        r"\b(?:nao|nunca) (?:diga|conte|informe|avise|mencione|revele|notifique|mostre)(?: \w+){0,4} ao usuario",
    ),
    says(
        Exfiltration,
        PROMPT,
        r"\b(?:revel(?:e|a|ar)|mostr(?:e|a|ar)|imprim(?:a|ir)|envi(?:e|ar)|exib(?:a|ir)) (?:\w+ ){0,3}(?:prompt|instrucoes|mensagem) (?:do sistema|ocult[oa]s?|de sistema)",
    ),
    says(
        Precedence,
        FIRST,
        r"\bantes de (?:usar|utilizar|chamar|invocar) qualquer (?:outra )?(?:ferramenta|funcao)",
    ),
    // German
    says(
        Override,
        SET_ASIDE,
        r"\b(?:ignorier(?:e|en|t)?|vergiss|vergessen sie|missachte(?:n sie)?|ubergeh(?:e|en)) (?:sie )?(?:alle |samtliche )?(?:die |deine |ihre )?(?:vorherigen|vorigen|bisherigen|fruheren|obigen|vorangegangenen|ursprunglichen) (?:anweisungen|instruktionen|regeln|vorgaben|befehle|richtlinien)",
    ),
    says(
        Secrecy,
        KEEPS,
        r"\b(?:sag(?:e|en sie)?|verrat(?:e|en sie)?|erzahl(?:e|en sie)?|teil(?:e|en sie)?|informier(?:e|en sie)?|erwahn(?:e|en sie)?|zeig(?:e|en sie)?)(?: \w+){0,3} (?:dem|den|der|des|gegenuber dem) (?:benutzer|nutzer|anwender)(?:s|in|n)?(?: \w+){0,3} (?:nicht|nichts)\b",
    ),
    says(
        Exfiltration,
        PROMPT,
        r"\b(?:zeig(?:e|en)?|verrat(?:e|en)?|gib|geben sie|offenbar(?:e|en)?|sende|kopiere)(?: \w+){0,3} (?:system-?prompt|systemanweisung(?:en)?|versteckten? anweisungen)",
    ),
    says(
        Precedence,
        FIRST,
        r"\b(?:bevor (?:du|sie)|vor der verwendung|vor dem aufruf)(?: \w+){0,3} (?:anderen?|jedes|irgendein) (?:\w+ )?(?:werkzeugs?|tools?|funktion)",
    ),
    // Italian
    says(
        Override,
        SET_ASIDE,
        r"\b(?:ignora(?:re|te)?|dimentica(?:re|te)?|trascura(?:re|te)?) (?:tutte )?(?:le |i |tue )?(?:istruzioni|regole|indicazioni|direttive) (?:precedenti|di sistema|originali|sopra)",
    ),
    says(
        Secrecy,
        KEEPS,
        r"\bnon (?:dire|dirlo|informare|avvisare|menzionare|rivelare|mostrare|notificare)(?: \w+){0,4} (?:al)?l'utente",
    ),
    says(
        Exfiltration,
        PROMPT,
        r"\b(?:rivela(?:re)?|mostra(?:re)?|stampa(?:re)?|invia(?:re)?) (?:\w+ ){0,3}(?:prompt|istruzioni|messaggio) (?:di sistema|nascost[oae]|del sistema)",
    ),
    // Dutch
    says(
        Override,
        SET_ASIDE,
        r"\b(?:negeer|vergeet) (?:alle |alle de |de )?(?:vorige|eerdere|bovenstaande|voorgaande) (?:instructies|regels|opdrachten|aanwijzingen)",
    ),
    says(
        Secrecy,
        KEEPS,
        r"\b(?:vertel|zeg|meld|laat)(?: \w+){0,3} (?:de )?gebruiker(?: \w+){0,3} (?:niet|niets)\b",
    ),
    // Polish
    says(
        Override,
        SET_ASIDE,
        r"\b(?:zignoruj|ignoruj|zapomnij|pomin) (?:o )?(?:wszystkie |wszystkich )?(?:poprzednie|wczesniejsze|powyzsze|poprzednich) (?:instrukcje|polecenia|zasady|instrukcjach|wytyczne)",
    ),
    says(Secrecy, KEEPS, r"\bnie (?:mow|informuj|wspominaj|ujawniaj|powiadamiaj)(?: \w+){0,3} uzytkownik"),
    // Turkish
    says(
        Override,
        SET_ASIDE,
        r"\b(?:onceki|yukaridaki|onceden verilen) (?:tum |butun )?(?:talimatlari|komutlari|kurallari|yonergeleri) (?:yok say|unut|gormezden gel|dikkate alma)",
    ),
    says(Secrecy, KEEPS, r"\bkullaniciya (?:\w+ ){0,2}(?:soyleme|bildirme|bahsetme|gosterme)"),
    // Russian and Ukrainian
    says(
        Override,
        SET_ASIDE,
        r"(?:игнорируй|игнорируйте|проигнорируй|забудь|забудьте|не следуй|отбрось|ігноруй|ігноруйте) (?:все |всем |всі |про )?(?:предыдущие|предыдущим|прошлые|прежние|вышеуказанные|системные|попередні) (?:инструкции|указания|команды|правила|инструкциям|інструкції|вказівки)",
    ),
    says(
        Secrecy,
        KEEPS,
        r"не (?:говори|говорите|сообщай|сообщайте|рассказывай|упоминай|упоминайте|показывай|уведомляй|раскрывай|кажи|повідомляй)(?: \w+){0,4} (?:пользовател|користувач)",
    ),
    says(
        Exfiltration,
        PROMPT,
        r"(?:покажи|покажите|раскрой|раскройте|выведи|выведите|отправь|отправьте|скопируй) (?:\w+ ){0,3}(?:системный промпт|системные инструкции|системную подсказку|скрытые инструкции)",
    ),
    says(
        Precedence,
        FIRST,
        r"(?:перед|прежде чем) (?:использованием|вызовом|использовать|вызвать) (?:любого|любой|любых|какой-либо) (?:другого |другой |других )?(?:инструмент|функци)",
    ),
    // Chinese, simplified and traditional
    says(
        Override,
        SET_ASIDE,
        r"(?:忽略|无视|忘记|忘掉|無視|忘記|不要理会|不要遵循)(?:掉)?(?:你)?(?:所有|全部|一切|任何)?(?:之前|以前|先前|上述|以上|前面|此前|原有|系统|系統)(?:的)?(?:所有|全部|一切)?(?:的)?(?:指令|指示|说明|規則|规则|提示|命令|要求|設定|设定)",
    ),
    says(
        Secrecy,
        KEEPS,
        r"(?:不要|请勿|不得|切勿|禁止|別|别|勿|不可)(?:把这|将此|把|将)?(?:告诉|告訴|告知|通知|透露给|提醒|泄露给|向)(?:用户|用戶|使用者|任何人)",
    ),
    says(
        Exfiltration,
        PROMPT,
        r"(?:显示|透露|泄露|输出|打印|发送|公开|顯示|洩漏|輸出)(?:你的|出|全部|完整|隐藏)*(?:的)?(?:系统提示|系統提示|系统指令|隐藏指令|系统消息)",
    ),
    says(Precedence, FIRST, r"(?:在)?(?:使用|调用|呼叫)(?:任何)?其他(?:任何)?(?:工具|函数)(?:之前|前)"),
    // Japanese
    says(
        Override,
        SET_ASIDE,
        r"(?:以前|これまで|前|上記|先|すべて|全て)(?:の)(?:すべての|全ての)?(?:指示|命令|ルール|プロンプト|指令)(?:を)(?:すべて|全て)?(?:無視|忘れ|破棄)",
    ),
    says(
        Secrecy,
        KEEPS,
        r"(?:ユーザー|ユーザ|利用者)(?:に|には)(?:は)?(?:このことを|これを|何も|絶対に)?(?:伝え|教え|知らせ|言わ|通知し|話さ|見せ)(?:ない|ず|るな|てはいけ|てはなら)",
    ),
    says(
        Exfiltration,
        PROMPT,
        r"(?:システムプロンプト|システム指示|隠された指示)を(?:表示|出力|明かし|送信|公開|開示)",
    ),
    // Korean
    says(
        Override,
        SET_ASIDE,
        r"(?:이전|앞선|위의|기존|지금까지의)(?:의)? ?(?:모든 )?(?:지시|지침|명령|규칙|프롬프트)(?:사항)?(?:을|를|은|는)? ?(?:모두 )?(?:무시|잊)",
    ),
    says(
        Secrecy,
        KEEPS,
        r"사용자에게 ?(?:\w+ )?(?:알리지|말하지|밝히지|보여주지|언급하지|공개하지) ?(?:마|말|않)",
    ),
    says(
        Exfiltration,
        PROMPT,
        r"(?:시스템 ?프롬프트|시스템 ?지침|숨겨진 ?지시)(?:을|를) ?(?:공개|출력|보여|표시|전송)",
    ),
    // Arabic
    says(
        Override,
        SET_ASIDE,
        r"(?:تجاهل|انس|تجاهلي) (?:جميع |كل )?(?:التعليمات|الاوامر|القواعد|الأوامر) (?:السابقة|السابقه|أعلاه)",
    ),
    says(Secrecy, KEEPS, r"لا (?:تخبر|تبلغ|تذكر|تعلم)(?: \w+)? ?(?:المستخدم|للمستخدم)"),
    // Hindi
    says(
        Override,
        SET_ASIDE,
        r"(?:पिछले|पिछली|पूर्व|उपरोक्त) (?:सभी )?(?:निर्देशों|निर्देश|आदेशों|नियमों) (?:को|की) (?:अनदेखा|नजरअंदाज|उपेक्षा|भूल)",
    ),
    // Vietnamese
    says(
        Override,
        SET_ASIDE,
        r"\b(?:bỏ qua|phớt lờ|quên) (?:tất cả |mọi )?(?:các )?(?:hướng dẫn|chỉ dẫn|chỉ thị|lệnh|quy tắc) (?:trước|trước đó|ở trên)",
    ),
    says(Secrecy, KEEPS, r"(?:không|đừng) (?:được )?(?:nói|thông báo|cho|tiết lộ) (?:với |cho )?người dùng"),
    // Indonesian and Malay
    says(
        Override,
        SET_ASIDE,
        r"\b(?:abaikan|lupakan) (?:semua |segala )?(?:instruksi|perintah|arahan|aturan) (?:sebelumnya|terdahulu|di atas)",
    ),
    says(
        Secrecy,
        KEEPS,
        r"\bjangan (?:beri ?tahu|beritahukan|katakan|sebutkan|ungkapkan)(?: \w+){0,3} pengguna",
    ),
];
