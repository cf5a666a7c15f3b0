//! `sql_readonly`: questions that must pass, and how much work one text can make.

use proptest::prelude::*;

use super::Is::{True, Unknown};
use super::{check_texts, judged, quoted};

pub(super) fn operand(dialect: &str) -> String {
    format!(r#"{{"dialect": "{dialect}"}}"#)
}

#[test]
#[rustfmt::skip]
fn questions_in_every_dialect() {
    let table = [
        "SELECT 1", "select 1;", "SELECT * FROM users", "SELECT id, name FROM users WHERE id = 7", "  \n SELECT 1 \n ; \n", "SELECT 1 -- the answer", "SELECT /* the answer */ 1", "-- a question\nSELECT 1",
        "SELECT count(*) FROM orders", "SELECT COUNT(DISTINCT customer_id) FROM orders", "SELECT a, sum(b) AS s FROM t GROUP BY a HAVING sum(b) > 10 ORDER BY s DESC LIMIT 10 OFFSET 20",
        "SELECT u.name, o.total FROM users u JOIN orders o ON o.user_id = u.id LEFT JOIN items i ON i.order_id = o.id", "SELECT * FROM a CROSS JOIN b", "SELECT * FROM (SELECT id FROM t) AS x", "SELECT * FROM t WHERE id IN (SELECT id FROM u)", "SELECT * FROM t WHERE EXISTS (SELECT 1 FROM u WHERE u.id = t.id)",
        "SELECT id FROM a UNION ALL SELECT id FROM b", "SELECT id FROM a UNION SELECT id FROM b ORDER BY id", "WITH x AS (SELECT 1 AS a) SELECT a FROM x", "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10) SELECT i FROM n",
        "SELECT CASE WHEN a > 1 THEN 'big' ELSE 'small' END FROM t", "SELECT coalesce(a, b, 0), nullif(a, 0) FROM t", "SELECT lower(name), upper(name), length(name), trim(name) FROM t", "SELECT name FROM t WHERE name LIKE 'a%' AND name NOT LIKE '%b'", "SELECT * FROM t WHERE a BETWEEN 1 AND 5 AND b IS NOT NULL",
        "SELECT CAST(a AS CHAR(10)) FROM t", "SELECT row_number() OVER (PARTITION BY a ORDER BY b) FROM t", "SELECT lag(a) OVER (ORDER BY b), rank() OVER (ORDER BY c) FROM t", "SELECT 'insert into t; delete from u'", "SELECT 'it''s; DROP TABLE x'", "SELECT \"delete\" FROM t", "SELECT round(avg(price), 2) FROM t", "SELECT abs(-1) + 2 * 3 % 4", "SELECT replace(a, 'x', 'y') FROM t", "SELECT substr(a, 1, 3) FROM t",
        "SELECT DISTINCT a FROM t", "SELECT (SELECT max(a) FROM t) AS m", "SELECT current_timestamp", "EXPLAIN SELECT * FROM t", "VALUES (1, 2), (3, 4)", "SELECT t.* FROM t", "SELECT NULL, TRUE, 1.5, 1e3", "SELECT updated_at, deleted, created_by FROM t WHERE deleted = FALSE", "SELECT 'naïve — ☃'", "SELECT größe FROM t",
    ];
    for dialect in ["postgres", "mysql", "sqlite"] {
        for text in table {
            if (dialect, text) == ("mysql", "VALUES (1, 2), (3, 4)") { continue; }
            check_texts("sql_readonly", &operand(dialect), &[(text, True)]);
        }
    }
}

#[test]
#[rustfmt::skip]
fn questions_of_one_dialect() {
    check_texts("sql_readonly", &operand("postgres"), &[
        ("SELECT data->>'a', data #>> '{a,b}' FROM t WHERE data @> '{\"a\": 1}'", True), ("SELECT a::text, '5'::int FROM t", True), ("SELECT name FROM t WHERE name ILIKE '%x%' OR name ~* '^a'", True), ("SELECT * FROM generate_series(1, 10)", True), ("SELECT date_trunc('day', created_at), now() - interval '1 day' FROM t", True),
        ("SELECT array_agg(a ORDER BY b) FILTER (WHERE c) FROM t", True), ("SELECT string_agg(a, ', ') FROM t", True), ("SELECT DISTINCT ON (a) a, b FROM t ORDER BY a, b", True), ("SELECT ARRAY[1, 2, 3], a[1] FROM t", True), ("SELECT * FROM t WHERE id = ANY(ARRAY[1, 2])", True), ("SELECT extract(year FROM d), d AT TIME ZONE 'UTC' FROM t", True), ("SELECT * FROM t, LATERAL (SELECT * FROM u WHERE u.id = t.id) x", True),
        ("SELECT * FROM unnest(ARRAY[1, 2]) AS x", True), ("SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY a) FROM t", True), ("EXPLAIN ANALYZE SELECT * FROM t", True), ("SELECT * FROM information_schema.tables WHERE table_schema = 'public'", True), ("SELECT pg_catalog.lower(a) FROM t", True), ("SELECT jsonb_agg(t) FROM t", True), ("SELECT a FROM t WHERE id = $1", True), ("SELECT E'a\\nb'", True), ("SELECT to_char(now(), 'YYYY-MM-DD'), version()", True), ("SELECT * FROM t FETCH FIRST 5 ROWS ONLY", True), ("SELECT a FROM t GROUP BY ROLLUP (a)", True), ("SELECT current_user, current_database()", True), ("SELECT * FROM jsonb_each('{}')", True), ("WITH x AS MATERIALIZED (SELECT 1) SELECT * FROM x", True), ("SELECT x.y FROM s.t AS x", True), ("SELECT count(*) FROM t WHERE d > DATE '2026-01-01'", True),
    ]);
    check_texts("sql_readonly", &operand("mysql"), &[
        ("SELECT `a`, `b c` FROM `t`", True), ("SELECT a FROM t WHERE id = ?", True), ("SELECT IFNULL(a, 0), IF(a > 1, 'x', 'y') FROM t", True), ("SELECT GROUP_CONCAT(a SEPARATOR ',') FROM t", True), ("SELECT DATE_FORMAT(d, '%Y-%m'), NOW() FROM t", True), ("SELECT * FROM t LIMIT 5, 10", True), ("SELECT a REGEXP '^x' FROM t", True), ("SHOW TABLES", True), ("SHOW COLUMNS FROM t", True), ("DESCRIBE t", True), ("SHOW DATABASES", True), ("SELECT d + INTERVAL 1 DAY FROM t", True), ("SELECT a DIV 2 FROM t", True), ("SELECT JSON_EXTRACT(a, '$.x'), a->'$.y', a->>'$.z' FROM t", True), ("SELECT \"text\"", True), ("SELECT a <=> NULL FROM t", True), ("EXPLAIN SELECT * FROM t", True), ("SELECT 'a\\nb'", True), ("SELECT 'a\\\\'", True), ("SELECT TIMESTAMPDIFF(DAY, a, b) FROM t", True),
    ]);
    check_texts("sql_readonly", &operand("sqlite"), &[
        ("PRAGMA table_info('users')", True), ("PRAGMA main.index_list('t')", True), ("PRAGMA user_version", True), ("SELECT * FROM pragma_table_info('t')", True), ("SELECT strftime('%Y', d), julianday('now') FROM t", True), ("SELECT iif(a, 1, 2), typeof(a), total(b) FROM t", True), ("SELECT json_extract(a, '$.x'), a ->> 'y' FROM t", True), ("SELECT * FROM json_each('[1]')", True), ("SELECT name FROM sqlite_master WHERE type = 'table'", True), ("SELECT a GLOB 'x*' FROM t", True), ("SELECT `a`, \"b\" FROM t", True), ("SELECT a FROM t WHERE id = ? OR id = ?1 OR id = :x", True), ("SELECT printf('%d', 5) FROM t", True), ("EXPLAIN QUERY PLAN SELECT * FROM t", True), ("SELECT 'a' LIKE '%\\' ESCAPE '\\'", True), ("SELECT rowid, * FROM t ORDER BY rowid LIMIT 5", True), ("SELECT date('now', '-7 days')", True),
    ]);
    check_texts("sql_readonly", &operand("generic"), &[
        ("SELECT a, count(*) FROM t GROUP BY a", True), ("SELECT now()", Unknown), ("SELECT date_trunc('day', d) FROM t", Unknown), ("SELECT `a` FROM t", Unknown),
    ]);
}

/// What of a statement may stand anywhere.
#[rustfmt::skip]
const PIECES: &[&str] = &[
    "SELECT", "FROM", "WHERE", "t", "a", "1", "'x'", "(", ")", "(", ")", ",", "+", "-", "AND", "NOT", "IN", "UNION", "CASE", "WHEN", "END", "::", "[", "]", ".", "*", "JOIN", "ON",
    "WITH", "AS", "abs(", "IS NULL", "BETWEEN", "INSERT INTO t", "EXPLAIN", "--", "/*", "*/", ";", "INTERVAL", "EXISTS", "OVER", "LIKE", "\"q\"", "`q`", "CAST(", "VALUES", "ORDER BY", "LIMIT", "PRAGMA",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn no_heap_of_pieces_is_too_much(
        pieces in proptest::collection::vec(proptest::sample::select(PIECES), 0..60),
        dialect in proptest::sample::select(vec!["postgres", "mysql", "sqlite"]),
    ) {
        let value = quoted(&pieces.join(" "));
        // An attempt that takes for ever, or a panic, ends the test.
        judged("sql_readonly", &operand(dialect), false, &value);
    }
}

/// Work without bound would not end: whoever runs the tests ends what hangs.
#[test]
fn no_text_makes_much_work() {
    let nested = |open: &str, middle: &str, close: &str, deep: usize| {
        format!("{}{middle}{}", open.repeat(deep), close.repeat(deep))
    };
    let mut texts = vec![
        format!("SELECT {}", vec!["1"; 30_000].join("+")),
        format!("SELECT {}", vec!["1"; 900].join(" + ")),
        format!("SELECT {}", vec!["a"; 900].join(" AND ")),
        format!("SELECT {}a", "NOT ".repeat(900)),
        format!("SELECT {}1", "- ".repeat(900)),
        format!("SELECT a{}", " IS NULL".repeat(600)),
        format!("SELECT a{}", "[1]".repeat(600)),
        format!("SELECT a{}", "::int".repeat(600)),
        format!("SELECT a{}", " COLLATE x".repeat(600)),
        format!("SELECT {}", vec!["a"; 600].join(" || ")),
        vec!["SELECT 1"; 450].join(" UNION ALL "),
        format!("SELECT * FROM t {}", "JOIN t ".repeat(900)),
        format!("SELECT * FROM t WHERE a IN ({})", vec!["'x'"; 10_000].join(", ")),
        "SELECT ".to_owned() + &"(".repeat(60_000),
        "'".repeat(60_001),
        "/*".repeat(30_000),
        "SELECT ".repeat(900),
        format!("SELECT {}", "CASE WHEN a THEN ".repeat(400)),
    ];
    for links in [40, 99, 300] {
        texts.push(format!("SELECT {}", vec!["CASE WHEN a THEN 1 ELSE 2 END"; links].join(" + ")));
        texts.push(format!("SELECT {}", vec!["a"; links].join(" IS DISTINCT FROM ")));
        texts.push(format!("SELECT {}", vec!["1"; links].join(" + ")));
        texts.push(format!("SELECT a{}", "::int".repeat(links)));
        texts.push(format!("SELECT a{}", "[1]".repeat(links)));
        texts.push(format!("SELECT {}", vec!["f(a)"; links].join(" || ")));
        texts.push(vec!["SELECT 1, 2"; links].join(" UNION "));
        texts.push(vec!["SELECT 1 WHERE a"; links].join(" UNION "));
        texts.push(format!("SELECT a{}", " NOTNULL ISNULL".repeat(links)));
        texts.push(format!("SELECT a{}", " AT TIME ZONE 'x'".repeat(links)));
        texts.push(format!("SELECT a{}", " NOT IN (1)".repeat(links)));
        texts.push(format!("SELECT a{}", " BETWEEN 1 AND 2".repeat(links)));
        texts.push(format!("SELECT * FROM t {}", "NATURAL JOIN t ".repeat(links)));
    }
    for deep in [8, 16, 20, 24, 40, 200] {
        texts.push(nested("SELECT (", "1", ")", deep));
        texts.push("SELECT ".to_owned() + &nested("(", "1", ")", deep));
        texts.push(nested("(", "SELECT 1", ")", deep));
        texts.push("SELECT * FROM ".to_owned() + &nested("(", "t", ")", deep));
        texts.push("SELECT * FROM ".to_owned() + &nested("(SELECT * FROM ", "t", ")", deep));
        texts.push("SELECT * FROM ".to_owned() + &nested("(", "SELECT 1", ")", deep));
        texts.push("SELECT * FROM ".to_owned() + &"(".repeat(deep));
        texts.push("SELECT ".to_owned() + &nested("abs(", "1", ")", deep));
        texts.push("SELECT ".to_owned() + &nested("CAST(", "1", " AS int)", deep));
        texts.push("SELECT ".to_owned() + &nested("CASE WHEN ", "1", " THEN 1 END", deep));
        texts.push(
            "SELECT a FROM t WHERE a IN ".to_owned()
                + &nested("(SELECT a FROM t WHERE a IN ", "(1)", ")", deep),
        );
        texts.push("SELECT ".to_owned() + &nested("ARRAY[", "1", "]", deep));
        texts.push("SELECT ".to_owned() + &nested("a[", "1", "]", deep));
        texts.push("SELECT ".to_owned() + &nested("EXISTS (SELECT ", "1", ")", deep));
        texts.push("SELECT ".to_owned() + &nested("substring(", "'a'", " FROM 1)", deep));
        texts.push("SELECT ".to_owned() + &nested("INTERVAL (", "1", ") DAY", deep));
        texts.push(nested("WITH a AS (", "SELECT 1", ") SELECT 1", deep));
        texts.push(nested("EXPLAIN ", "SELECT 1", "", deep));
        texts.push("SELECT CAST(1 AS ".to_owned() + &nested("ARRAY<", "int", ">", deep) + ")");
        texts.push("SELECT 1::".to_owned() + &nested("STRUCT(a ", "int", ")", deep));
    }
    for text in texts {
        let value = quoted(&text);
        for dialect in ["postgres", "mysql", "sqlite", "generic"] {
            let value = value.clone();
            // As little room as the smallest thread has that judges calls.
            let judge = move || judged("sql_readonly", &operand(dialect), false, &value);
            std::thread::Builder::new().stack_size(STACK).spawn(judge).unwrap().join().unwrap();
        }
    }
}

/// Less than a thread has that judges calls, and this is the build with the largest frames.
const STACK: usize = 3 << 19;
