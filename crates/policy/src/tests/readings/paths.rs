//! `within_path`.

use super::Is::{False, True, Unknown};
use super::{check_texts, judged};

#[test]
#[rustfmt::skip]
fn what_lies_inside_and_what_does_not() {
    check_texts("within_path", r#"["/data", "/srv/files/"]"#, &[
        ("/data", True), ("/data/", True), ("/data/a", True), ("/data/a/b.txt", True), ("/data//a", True), ("/data/./a", True), ("/./data/a", True),
        ("/data/a/../b", True), ("/data/a/..", True), ("/srv/files/x", True), ("/srv/x/../files/x", True), ("/data/.hidden", True), ("/data/a b", True),
        ("/data/...x", True), ("/data/..x", True), ("/data/été", True), ("/data/100%", True), ("/data/5$", True), ("/data/a~", True), ("/data/a:b", True),
        // The prefix is of names, not of characters.
        ("/database", False), ("/database/a", False), ("/dat", False), ("/", False), ("/Data/a", False), ("/DATA", False), ("/srv", False), ("/etc/passwd", False),
        // Out of the root, and perhaps back again.
        ("/data/..", False), ("/data/../etc/passwd", False), ("/data/a/../../etc", False), ("/data/../data/a", False), ("/data/./../database", False),
        ("/data/../srv/files/x", True), ("/srv/files/../../data/x", True),
        // Letters that only look like others are other letters.
        ("/d\u{430}ta/a", False),
    ]);
}

#[test]
#[rustfmt::skip]
fn what_could_be_read_as_another_path_is_not_judged() {
    check_texts("within_path", r#""/data""#, &[
        ("", Unknown), ("a", Unknown), ("data/a", Unknown), ("./data", Unknown), ("../data", Unknown),
        ("/..", Unknown), ("/../data", Unknown), ("/data/../../data/a", Unknown), ("/../../../../data/a", Unknown),
        ("/data/a\0/../../etc", Unknown), ("/data/a\0.txt", Unknown), ("/data/a\nb", Unknown), ("/data/\u{200b}a", Unknown), ("/data/.\u{200b}./x", Unknown), ("/data/\u{202e}a", Unknown),
        ("/data/%2e%2e/etc", Unknown), ("/data/..%2fetc", Unknown), ("/data/%2E%2E%2Fetc", Unknown), ("/data/..%252fetc", Unknown), ("/data/..%c0%afetc", Unknown),
        ("/data/..%5cetc", Unknown), ("/data/..%u2215etc", Unknown), ("/data/%00", Unknown), ("/data/a%20b", Unknown), ("%2fdata/a", Unknown),
        ("/data\\..\\etc", Unknown), ("\\data\\a", Unknown), ("/data/..\\..\\etc", Unknown), ("C:\\data", Unknown), ("C:/data/a", Unknown), ("c:data", Unknown),
        ("file:///data/a", Unknown), ("//data/a", Unknown), ("//server/data", Unknown), ("~/data", Unknown), ("~root/data", Unknown), ("~", Unknown),
        ("$HOME/a", Unknown), ("/data/$HOME/a", Unknown), ("/data/${x}", Unknown), ("/data/$(id)", Unknown), ("/data/file::$DATA", Unknown),
        (" /data/a", Unknown), ("/data/a ", Unknown), ("/data/a\t", Unknown), ("/data/.. /etc", Unknown), ("/data/... /x", Unknown), ("/data/.../x", Unknown), ("/data/. ./x", Unknown), ("/data/..;/etc", Unknown), ("/data/..;a=b/etc", Unknown), ("/data/ /x", Unknown),
        // Look-alikes that normalisation turns into separators and dots.
        ("/data/..\u{2215}etc", Unknown), ("/data/..\u{ff0f}etc", Unknown), ("/data/..\u{2044}etc", Unknown), ("/data\u{29f8}a", Unknown), ("/data/\u{ff0e}\u{ff0e}/etc", Unknown),
        ("/data/\u{2025}/etc", Unknown), ("/data/\u{2024}\u{2024}/etc", Unknown), ("/data/..\u{ff3c}etc", Unknown), ("/data/\u{fe52}\u{fe52}/x", Unknown), ("/data/..\u{2216}x", Unknown), ("/data/..\u{a5}etc", Unknown), ("/data/..\u{20a9}etc", Unknown),
    ]);
}

#[test]
#[rustfmt::skip]
fn relative_paths_have_relative_roots() {
    check_texts("within_path", r#"["src", "docs/guide"]"#, &[
        ("src", True), ("src/a.rs", True), ("./src/a.rs", True), ("docs/guide/x", True), ("docs", False), ("srcs/a", False), ("src/../Cargo.toml", False), ("docs/../src/a", True), ("", Unknown),
        ("../src/a", Unknown), ("src/../../etc", Unknown), ("/src/a", Unknown), ("~/src", Unknown), ("C:src", Unknown),
    ]);
    check_texts("within_path", r#"".""#, &[("a", True), ("a/b", True), (".", True), ("a/..", True), ("..", Unknown), ("a/../..", Unknown), ("/etc", Unknown), ("~/x", Unknown)]);
    check_texts("within_path", r#""/""#, &[("/etc", True), ("/", True), ("/..", Unknown), ("etc", Unknown)]);
    check_texts("within_path", r#"["/data", "job"]"#, &[("/data/a", True), ("job/a", True), ("/job/a", False), ("data/a", False)]);
}

/// Some systems find one file by several names. Inside either way is inside; where the names make the difference,
/// nobody can say.
#[test]
#[rustfmt::skip]
fn names_that_some_systems_read_as_others() {
    check_texts("within_path", r#"["/data/secret", "/data/long-name", "/data/café", "/data/Ko", "/data/v1."]"#, &[
        ("/data/secret/a", True), ("/data/secret/Acme Inc./a", True), ("/data/secret/a .txt", True), ("/data/other", False), ("/data/other./a", False), ("/data/other /a", False), ("/data/v1./a", True),
        ("/data/secret./a", Unknown), ("/data/secret /a", Unknown), ("/data/secret. ./a", Unknown), ("/data./secret/a", Unknown), ("/data /secret/a", Unknown), ("/data/v1/a", Unknown),
        ("/data/LONG-N~1/a", Unknown), ("/data/long-~12", Unknown), ("/DATA~1/secret", Unknown), ("/data/secret/LONG~1.TXT", True), ("/data/SECRET~1.D/a", Unknown), ("/data/file~", False), ("/data/~1", False), ("/data/a~b", False), ("/data/not-a-short-name~1", False),
        ("/data/cafe\u{301}/a", Unknown), ("/data/caf\u{e9}/a", True), ("/data/cafe/a", False), ("/data/\u{212a}o/a", Unknown), ("/data/ko", False), ("/data/caf\u{e8}", False), ("/data/secret/cafe\u{301}", True),
        ("/data/%TEMP%/a", Unknown), ("%TEMP%/a", Unknown), ("/data/%(x)%", Unknown), ("/data/50% - 60%", False), ("/data/100%", False),
        ("/data/SECRET/a", False), ("/data/ｓecret", False), ("/data/secret\u{200b}", Unknown), ("/data/\u{202e}terces", Unknown), ("/data/ſecret", False),
    ]);
    check_texts("within_path", r#"["/data/cafe\u0301"]"#, &[("/data/café/a", Unknown), ("/data/cafe\u{301}/a", True)]);
    let long = format!("/data{}", "/a".repeat(200_000));
    check_texts("within_path", r#""/data""#, &[(&long, True), (&format!("{long}/../../x"), True)]);
}

#[test]
fn case_is_ignored_where_asked() {
    assert_eq!(judged("within_path", r#""/Data""#, true, r#""/dATA/x""#), True);
    assert_eq!(judged("within_path", r#""/Data""#, true, r#""/database""#), False);
    assert_eq!(judged("within_path", r#""/straße""#, true, r#""/STRAẞE/x""#), True);
    assert_eq!(judged("within_path", r#""/straße""#, true, r#""/STRASSE./x""#), Unknown);
}
