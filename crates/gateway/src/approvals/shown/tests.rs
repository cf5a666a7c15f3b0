use super::*;

fn check(text: &str, expected: &str, found: &[Mark]) {
    let shown = lines(text);
    let marks: Vec<Mark> = shown.findings.iter().map(|finding| finding.mark).collect();
    assert_eq!((shown.to_string().as_str(), &*marks), (expected, found), "{text:?}");
}

#[test]
fn what_hides_is_seen() {
    for (text, expected, mark) in [
        ("a\u{1b}[2Jb", "a\\u{1b}[2Jb", Mark::Control),
        ("a\rb", "a\\rb", Mark::Control),
        ("a\u{0}b", "a\\u{0}b", Mark::Control),
        ("a\u{9b}b", "a\\u{9b}b", Mark::Control),
        ("abc\u{202e}txt.exe", "abc\\u{202e}txt.exe", Mark::Direction),
        ("a\u{2066}b", "a\\u{2066}b", Mark::Direction),
        ("a\u{200e}b", "a\\u{200e}b", Mark::Direction),
        ("zero\u{200b}width", "zero\\u{200b}width", Mark::Invisible),
        ("a\u{ad}b", "a\\u{ad}b", Mark::Invisible),
        ("a\u{feff}b", "a\\u{feff}b", Mark::Invisible),
        ("a\u{3164}b", "a\\u{3164}b", Mark::Invisible),
        ("a\u{2800}b", "a\\u{2800}b", Mark::Invisible),
        ("a\u{e0041}b", "a\\u{e0041}b", Mark::Invisible),
        ("a\u{fe01}b", "a\\u{fe01}b", Mark::Invisible),
        ("a\u{200d}b", "a\\u{200d}b", Mark::Invisible),
        ("1\u{fe0f}b", "1\\u{fe0f}b", Mark::Invisible),
        ("a\u{a0}b", "a\\u{a0}b", Mark::Space),
        ("a\u{2028}b", "a\\u{2028}b", Mark::Space),
        ("a\u{3000}b", "a\\u{3000}b", Mark::Space),
        ("a\u{e000}b", "a\\u{e000}b", Mark::Undefined),
        ("a\u{378}b", "a\\u{378}b", Mark::Undefined),
    ] {
        check(text, expected, &[mark]);
    }
}

#[test]
fn what_imitates_is_told() {
    for (text, expected, like) in [
        ("p\u{430}ypal", "p\\u{430}ypal", "a"),
        ("\u{430}dmin", "\\u{430}dmin", "a"),
        ("adm\u{131}n", "adm\\u{131}n", "i"),
        ("b\u{3bf}b", "b\\u{3bf}b", "o"),
        ("\u{ff41}dmin", "\\u{ff41}dmin", "a"),
        ("example.com\u{2215}path", "example.com\\u{2215}path", "/"),
        ("user\u{ff20}host", "user\\u{ff20}host", "@"),
        // A whole word of letters that all look like others, in a text that is not written in them.
        ("rm \u{441}\u{43e}\u{440}", "rm \\u{441}\\u{43e}\\u{440}", "cop"),
        // What hides in a word does not divide it.
        ("p\u{430}y", "p\\u{430}y", "a"),
    ] {
        let marks: Vec<Mark> = like.chars().map(Mark::LooksLike).collect();
        check(text, expected, &marks);
    }
    check("pa\u{200b}\u{443}", "pa\\u{200b}\\u{443}", &[Mark::Invisible, Mark::LooksLike('y')]);
    check("x\u{416}y", "x\\u{416}y", &[Mark::Foreign]);
    check("\u{416}\u{3a9}", "\u{416}\\u{3a9}", &[Mark::Foreign]);
}

#[test]
fn what_people_write_stays_as_it_is() {
    for text in [
        "plain text, 100% of it: \"x\" <y> {z}\n\tindented",
        "über naïve café Ångström Łódź œuvre Æsir straße niño",
        "Пётр пошёл со своей мамой в кино, а сор остался",
        "日本語のテキスト、カタカナ 漢字 한국어 中文",
        "データ2026年",
        "שלום עולם, مرحبا بالعالم",
        "Ελληνικά κείμενο και ο άλλος",
        "हिन्दी में पाठ, ไทย",
        "it’s “quoted” – 2019–2020 … done • 3×4 €5 ½",
        "❤️ 👨‍👩‍👧 ✅ 🚀",
        "e\u{301}te\u{301}",
        "",
    ] {
        check(text, text, &[]);
    }
    check("a\r\nb", "a\nb", &[]);
}

#[test]
fn findings_say_where_and_what() {
    let shown = lines("one\ntwo p\u{430}y\n\u{200b}");
    let said: Vec<String> = shown.findings.iter().map(ToString::to_string).collect();
    assert_eq!(
        said,
        [
            "line 2, column 6: U+0430, Cyrillic, which looks like `a`",
            "line 3, column 1: U+200B, of which nothing is seen"
        ]
    );
    assert_eq!(shown.standing_out().matches("\u{1b}[7;31m").count(), 2);
}

#[test]
fn one_line_stays_one_line() {
    assert_eq!(line("a\nb").to_string(), "a\\nb");
    assert_eq!(line("a\nb").findings.len(), 1);
    assert!(line("a b").findings.is_empty());
}

#[test]
fn spaces_push_nothing_out_of_sight() {
    let far = |count| format!("a{}b", " ".repeat(count));
    check(&far(40), &far(40), &[]);
    check(&far(41), "a\\u{20}×41b", &[Mark::Blank(41)]);
    check(
        &format!("{}\n{}\u{200b}", far(41), far(300)),
        "a\\u{20}×41b\na\\u{20}×300b\\u{200b}",
        &[Mark::Blank(41), Mark::Blank(300), Mark::Invisible],
    );
    let indented = format!("x\n{}y", " ".repeat(200));
    check(&indented, &indented, &[]);
    check(&" ".repeat(201), "\\u{20}×201", &[Mark::Blank(201)]);
    let place = lines(&format!("{}\u{200b}", far(50))).findings;
    assert_eq!(place.iter().map(|finding| finding.column).collect::<Vec<_>>(), [2, 53]);
}
