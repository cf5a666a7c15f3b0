//! What a description in another language than English says that a tool does.

use super::signals::{Evidence, Place};
use super::told::Told;
use super::words::MOST_READ;
use crate::risk::Category;

/// Beginnings of words, or signs where words have no blanks between them; `|` stands between them.
const SIGNS: &[(Category, &str)] = &[
    (
        Category::Destructive,
        "удал|очист|очища|стира|стере|отмен|сброс|отозв|уничтож|elimin|borr|anul|quitar|vaci|\
         löschen|leeren|vider|wyczyść|hapus|xóa|sil |supprim|effac|lösch|entfern|exclu|apag|remov|\
         rimuov|cancella|usuń|usuwa|verwijder|删除|清空|移除|销毁|撤销|重置|卸载|终止|覆盖|作废|刪除|削除|消去|取り消|초기화|삭제|제거|취소",
    ),
    (
        Category::Financial,
        "оплати|оплачива|платить|перевести деньги|перевод средств|купить|покупает|заказать|\
         оформить заказ|оформляет|pagar|reembols|comprar|payer|rembours|acheter|bezahl|kaufen|支付|退款|\
         下单|付款|购买|转账|充值|提现|买入|卖出|订购|预订|支払|返金|購入|発注|결제하|환불|주문하|주문을|매수|매도|송금",
    ),
    (
        Category::Execute,
        "запусти|запускает|выполн|отправ|опубликов|публику|останов|ответить|ejecut|enviar|disparar|\
         iniciar|detener|publicar|démarrer|arrêter|starten|avvia|kirim|gửi|gönder|jalankan|envía|\
         exécut|envoy|lance|ausführ|sende|senden|esegu|invia|wysyła|wyślij|执行|运行|发送|启动|发布|停止|触发|推送|部署|重启|暂停|安装|升级|点击|播放|控制|通知|回复|转发|打印|拨打|提交|取消|\
         執行|実行|送信|起動|投稿|실행|전송|발송|보내|보냅",
    ),
    (
        Category::Write,
        "созда|добав|измен|обнов|сохран|установ|задать|задаёт|перемест|переимен|архив|назнач|\
         положить|crear|crea|editar|registrar|subir|asignar|cambiar|modificar|anlegen|bearbeit|\
         buat |tambah|ubah|tạo|thêm|cập nhật|oluştur|ekle|güncelle|actualiz|añad|agreg|guarda|créer|\
         crée|ajout|modifi|mettre à jour|enregistr|erstell|hinzuf|änder|aktualis|speicher|criar|\
         cria|atualiz|adicion|salva|aggiung|aggiorn|utwórz|tworzy|创建|添加|更新|修改|设置|新增|写入|保存|上传|移动|复制|标记|编辑|启用|禁用|分配|合并|归档|导入|绑定|解绑|替换|插入|调整|切换|锁定|解锁|授权|登录|注册|收藏|点赞|\
         建立|作成|追加|変更|生成|登録|保存する|생성|추가|수정|업데이트|등록|변경|저장|설정",
    ),
    (
        Category::Read,
        "получ|показ|найти|поиск|список|возвращает|вернуть|проверить|проверка|посмотреть|прочитать|\
         текущ|история|статус|просмотр|информац|детали|сведения|все |баланс|данные|obten|obtien|\
         ver |mostrar|calcular|verific|valida|leer|traer|voir|lire|calcul|vérif|holen|prüf|lesen|\
         ansehen|ambil|cari|lihat|daftar|tìm|lấy|xem|danh sách|getir|ara |göster|wyszuk|lista |\
         sprawdź|pokaż|listar|lista|busc|consult|muestra|devuelve|récup|affich|cherch|recherch|\
         liste|abruf|zeig|suche|auflist|obter|retorna|ottieni|elenca|pobiera|获取|查询|列出|搜索|查看|返回|读取|\
         检查|诊断|转换|分析|计算|列表|查找|断开|取得|一覧|検索|表示|確認|参照|返す|計算|조회|검색|목록|가져|확인|반환|분석|계산|规划|推荐|确定|识别",
    ),
];

/// Share of letters beyond ASCII from which on a text is not taken for English.
const MOSTLY: usize = 4;
/// Letters of a text that are looked at.
const REACH: usize = 240;

/// Whether a text is written in other letters than English is.
pub(super) fn is_other_script(text: &str) -> bool {
    let letters = || text.chars().filter(|letter| letter.is_alphabetic()).take(REACH);
    letters().filter(|letter| !letter.is_ascii()).count() * MOSTLY > letters().count()
}

/// What a text tells in which no sign says that anything is done: `Лимиты по карте`.
pub(super) fn told(text: &str) -> Option<Told> {
    const KNOWN: &str = "信息|详情|数据|历史|统计|状态|余额|天气|价格|报告|内容|服务|情報|状況|履歴|詳細|データ|정보|내역|현황|상태|통계|데이터";
    let first = text.trim_start().split(['.', '。', '\n', '!', ';']).next()?.to_lowercase();
    let told = |word: &str, is_plain| Told {
        evidence: Evidence { place: Place::Description, words: word.to_owned(), category: Category::Read },
        is_plain,
    };
    if let Some(noun) = KNOWN.split('|').find(|noun| first.contains(noun)) {
        // A verb that is not known may stand before it: only what takes nothing to be stored or sent is believed.
        return Some(told(noun, false));
    }
    let mut words =
        first.split(|letter: char| !letter.is_alphabetic()).filter(|word| is_cyrillic(word)).peekable();
    let thing = words.peek().copied().filter(|word| !is_doing(word))?;
    let is_plural = thing.ends_with(['ы', 'и', 'е']);
    (!words.any(is_verb)).then(|| told(thing, is_plural))
}

fn is_cyrillic(word: &str) -> bool {
    word.chars().next().is_some_and(|letter| matches!(letter, '\u{400}'..='\u{4ff}'))
}

/// Whether a word of Russian names a doing: `создание`, `отправка`, `возврат`.
fn is_doing(word: &str) -> bool {
    const DOINGS: &str = "перевод возврат заказ оплата платеж платёж отмена запуск сброс вывод вызов выпуск импорт экспорт старт \
         стоп вход выход звонок рестарт бронь аренда замена смена правка";
    let ends = ["ние", "ция", "вка", "зка", "чка", "пка", "дка", "лка"];
    DOINGS.split_whitespace().any(|doing| doing == word) || ends.iter().any(|end| word.ends_with(end))
}

/// Whether a word of Russian may be a verb, by its ending; a few nouns end likewise.
fn is_verb(word: &str) -> bool {
    const NOUNS: &str = "лимит кредит визит аудит дефицит депозит реквизит случай край трамвай";
    let ends = [
        "ть", "ти", "чь", "ться", "тся", "ает", "яет", "ует", "ают", "яют", "уют", "аёт", "ит", "ат", "ят",
        "ай", "уй", "яй", "йте",
    ];
    ends.iter().any(|end| word.ends_with(end))
        && !["сть", "ости", "асти", "ети", "ути", "мат", "нат", "рат", "тат", "кат"]
            .iter()
            .any(|end| word.ends_with(end))
        && !NOUNS.split_whitespace().any(|noun| noun == word)
}

/// What the first sentence says that tells anything.
pub(super) fn of(text: &str) -> Option<Evidence> {
    let text: String = text.chars().take(MOST_READ).flat_map(char::to_lowercase).collect();
    let is_other = is_other_script(&text);
    // A verb stands at the end of a sentence in Japanese and Korean, at the beginning in the others.
    let ends = text.chars().any(|letter| matches!(letter, '\u{3040}'..='\u{30ff}' | '\u{ac00}'..='\u{d7af}'));
    text.split(['.', '。', '\n', '!', '！', ';', '；'])
        .filter(|part| !part.trim().is_empty() && (!is_other || !part.is_ascii()))
        .take(2)
        .find_map(|sentence| {
            let signs = signs(sentence, is_other);
            let found = if ends {
                signs.into_iter().max_by_key(|(at, ..)| *at)
            } else {
                signs.into_iter().min_by_key(|(at, ..)| *at)
            };
            found.map(|(_, sign, category)| Evidence {
                place: Place::Description,
                words: sign.trim().to_owned(),
                category,
            })
        })
}

fn signs(sentence: &str, is_other: bool) -> Vec<(usize, &'static str, Category)> {
    // In a text of other letters, Latin ones are names.
    let is_latin = |sign: &str| sign.chars().next().is_some_and(|first| first < '\u{250}');
    let all = SIGNS.iter().flat_map(|(category, signs)| signs.split('|').map(move |sign| (*category, sign)));
    let all = all.filter(|(_, sign)| is_latin(sign) != is_other);
    let found = all.filter_map(|(category, sign)| {
        let at = sentence
            .match_indices(sign)
            .map(|(at, _)| at)
            .find(|at| begins_word(sentence, *at, sign) && !is_denied(sentence, *at))?;
        Some((at, sign, category))
    });
    found.collect()
}

/// `无需重启`, `не изменяет`: that it is not done.
fn is_denied(sentence: &str, at: usize) -> bool {
    const DENIALS: &[&str] =
        &["无需", "无须", "不", "不会", "零", "未", "не ", "без ", "nicht ", "ne ", "sans ", "não ", "sin "];
    sentence.get(..at).is_some_and(|before| DENIALS.iter().any(|denial| before.ends_with(denial)))
}

fn begins_word(sentence: &str, at: usize, sign: &str) -> bool {
    let is_ideographic = sign.chars().next().is_some_and(|first| first > '\u{2fff}');
    let before = sentence.get(..at).and_then(|before| before.chars().next_back());
    is_ideographic || before.is_none_or(|before| !before.is_alphabetic())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_verb_is_found_where_the_language_has_it() {
        for (text, category) in [
            ("Удаляет запись. Возвращает её номер.", Category::Destructive),
            ("Получить список удалённых писем", Category::Read),
            ("Elimina el registro", Category::Destructive),
            ("Crée une facture", Category::Write),
            ("Löscht den Eintrag", Category::Destructive),
            ("删除指定的文件", Category::Destructive),
            ("获取已删除的文件列表", Category::Read),
            ("削除されたファイルの一覧を取得", Category::Read),
            ("ファイルを削除します。", Category::Destructive),
            ("메시지를 전송합니다", Category::Execute),
        ] {
            assert_eq!(of(text).map(|said| said.category), Some(category), "{text}");
        }
        assert_eq!(of("xyz"), None);
        assert_eq!(of("连接到数据库，无需重启服务").map(|said| said.category), None);
        assert_eq!(
            of("Name:\n距离服务\nDescription:\n删除数据").map(|said| said.category),
            Some(Category::Destructive)
        );
    }

    #[test]
    fn what_no_verb_stands_in_tells_something() {
        let plain = |text: &str| told(text).map(|told| told.is_plain);
        for text in ["Лимиты по карте", "Реквизиты карты: держатель и срок"]
        {
            assert_eq!(plain(text), Some(true), "{text}");
        }
        for text in ["Карта мест в салоне", "站点概况信息", "取引の履歴"] {
            assert_eq!(plain(text), Some(false), "{text}");
        }
        for text in [
            "Перевод по карте",
            "Отправка письма",
            "Пинг, продлить сессию",
            "Заявка удаляет запись",
            "xyz",
            "",
        ] {
            assert_eq!(plain(text), None, "{text}");
        }
    }

    #[test]
    fn a_foreign_name_in_an_english_text_is_no_other_language() {
        assert!(!is_other_script("Lists the orders of an Авито account, with their state"));
        assert!(is_other_script("Список заказов по API"));
    }
}
