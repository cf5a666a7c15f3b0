//! `argv_in`.

use super::Is::{False, True, Unknown};
use super::check_texts;

#[test]
#[rustfmt::skip]
fn words_at_the_beginning() {
    check_texts("argv_in", r#"["git status", "git log", "ls", "cargo test -p"]"#, &[
        ("git status", True), ("git status --short", True), ("  git \t status  ", True), ("ls", True), ("ls -la /tmp", True), ("git log --format=oneline -n 5", True), ("cargo test -p policy", True), ("'git' \"status\"", True), ("g'i't status", True), ("ls 'a b' \"c d\"", True), ("ls 'a;b'", True), ("ls '$HOME'", True), ("ls ''", True), ("ls été", True), ("ls a@b:c,d+e", True), ("ls \"it's\"", True),
        ("git", False), ("git push", False), ("git 'status x'", False), ("git-status", False), ("gitstatus", False), ("lsx", False), ("LS", False), ("Git status", False), ("rm -rf /", False), ("/bin/ls", False), ("./ls", False), ("sudo ls", False), ("cargo test", False), ("cargo test x -p", False), ("'ls -la'", False), ("git -c a.b status", False), ("env ls", False), ("l\u{455}", False),
    ]);
}

#[test]
#[rustfmt::skip]
fn whatever_a_shell_would_do_more_with_is_not_judged() {
    check_texts("argv_in", r#"["ls", "git status"]"#, &[
        ("ls; rm -rf /", Unknown), ("ls;rm", Unknown), ("ls && rm x", Unknown), ("ls & rm x", Unknown), ("ls &", Unknown), ("ls | sh", Unknown), ("ls || rm x", Unknown), ("ls > /etc/passwd", Unknown), ("ls < /etc/shadow", Unknown), ("ls 2>&1", Unknown), ("ls >> x", Unknown), ("ls <<EOF", Unknown),
        ("ls $(id)", Unknown), ("ls `id`", Unknown), ("ls $HOME", Unknown), ("ls ${IFS}x", Unknown), ("ls$IFS-la", Unknown), ("ls \"$(id)\"", Unknown), ("ls \"`id`\"", Unknown), ("ls \"$HOME\"", Unknown), ("ls \"a\\\"; id\"", Unknown), ("ls $'\\n'", Unknown), ("ls <(id)", Unknown),
        ("ls\nrm x", Unknown), ("ls\r\nrm x", Unknown), ("ls\rrm", Unknown), ("ls 'a\nb'", Unknown), ("ls \u{b}x", Unknown), ("ls\0rm", Unknown), ("ls \u{2028}rm", Unknown), ("ls\u{a0}rm", Unknown), ("ls\u{3000}x", Unknown), ("l\u{200b}s", Unknown), ("\u{feff}ls", Unknown), ("ls \u{202e}x", Unknown), ("ls \u{85}x", Unknown),
        ("ls *", Unknown), ("ls ?", Unknown), ("ls [a-z]", Unknown), ("ls {a,b}", Unknown), ("ls ~", Unknown), ("ls ~root", Unknown), ("ls # x", Unknown), ("ls !!", Unknown), ("ls \"!!\"", Unknown), ("! ls", Unknown), ("( ls )", Unknown), ("{ ls }", Unknown), ("ls %PATH%", Unknown), ("ls \"%PATH%\"", Unknown), ("%1", Unknown), ("ls ^& rm", Unknown),
        ("l\\s", Unknown), ("ls \\\nrm", Unknown), ("ls a\\ b", Unknown),
        ("PATH=/tmp ls", Unknown), ("A=b ls", Unknown), ("LD_PRELOAD=x.so ls", Unknown), ("=ls", Unknown), ("ls =x", Unknown), ("A'B'=c ls", Unknown),
        ("ls\\;rm", Unknown), ("\\ls", Unknown), ("ls \\-la", Unknown), ("ls '$(id)'`id`", Unknown), ("ls \"a\"$(id)", Unknown), ("ls {a..z}", Unknown), ("{ls,-la}", Unknown), ("ls +(a)", Unknown), ("ls @(a|b)", Unknown), ("coproc ls", False), ("time ls", False), ("exec ls", False), ("if ls", False), ("ls 1>x", Unknown), ("ls &>x", Unknown), ("ls >&2", Unknown), ("ls>x", Unknown), ("ls<x", Unknown), ("ls |& rm x", Unknown), ("ls <<< x", Unknown), ("ls a#b", Unknown), ("ls !$", Unknown), ("ls !-1", Unknown), ("^ls^rm", Unknown), ("ls $$", Unknown), ("ls $1", Unknown), ("ls \"$$\"", Unknown), ("ls \"!x\"", Unknown), ("IFS=x ls", Unknown), ("A+=b ls", Unknown), ("A[0]=b ls", Unknown), ("''A=b ls", Unknown), ("\"A\"=b ls", Unknown), ("'A=b' ls", False), ("ls\u{c}x", Unknown), ("ls\u{1b}[2K", Unknown), ("ls ｜ rm", True), ("ls \u{37e} rm", True), ("ｌs", False), ("l'\u{200b}'s", Unknown), ("ls ~+", Unknown), ("ls a=~/b", Unknown), ("ls %1", Unknown),
        ("ls 'a", Unknown), ("ls \"a", Unknown), ("ls 'a'b'", Unknown), ("", Unknown), ("   ", Unknown), ("''", Unknown), ("'' ls", Unknown),
    ]);
    let long = format!("ls {}", "a".repeat(40_000));
    check_texts("argv_in", r#""ls""#, &[(&long, Unknown)]);
}

#[test]
fn operands_are_split_like_values() {
    check_texts(
        "argv_in",
        r#""git 'commit tree'""#,
        &[("git \"commit tree\" x", True), ("git commit tree", False)],
    );
}
