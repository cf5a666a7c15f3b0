//! Functions that only compute: what is not listed may write, wait, read files, lock, or call out.

use super::Dialect;

/// Where a function is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// For a value.
    Expression,
    /// For rows, after `FROM`.
    From,
}

/// Whether a function, by its name in lower case, is known only to compute.
pub(super) fn is_known(dialect: Dialect, name: &str, place: Place) -> bool {
    let own: [&[&str]; 2] = match (dialect, place) {
        (Dialect::Postgres, Place::Expression) => [POSTGRES, POSTGRES_ROWS],
        (Dialect::Postgres, Place::From) => [POSTGRES_ROWS, &[]],
        (Dialect::Mysql, Place::Expression) => [MYSQL, &[]],
        (Dialect::Sqlite, Place::Expression) => [SQLITE, &[]],
        (Dialect::Sqlite, Place::From) => [SQLITE_ROWS, &[]],
        (Dialect::Mysql, Place::From) | (Dialect::Generic, _) => [&[], &[]],
    };
    let common = place == Place::Expression && COMMON.contains(&name);
    common || own.iter().any(|names| names.contains(&name))
}

/// Whether a pragma of SQLite, with an argument in brackets or without, only reads.
pub(super) fn pragma(name: &str, argument: bool) -> bool {
    if argument {
        PRAGMAS_OF_ONE.contains(&name)
    } else {
        PRAGMAS.contains(&name) || PRAGMAS_OF_ONE.contains(&name)
    }
}

/// Whether a name after `FROM` is a table's in SQLite, or one of its functions' that only reads.
pub(super) fn is_relation(name: &str) -> bool {
    let acts =
        name.starts_with("pragma_") || ["fsdir", "zipfile", "sqlite_dbpage", "sqlite_dbdata"].contains(&name);
    !acts || SQLITE_ROWS.contains(&name)
}

/// In all three dialects.
#[rustfmt::skip]
const COMMON: &[&str] = &[
    "abs", "acos", "asin", "atan", "atan2", "avg", "ceil", "ceiling", "coalesce", "concat", "concat_ws", "cos", "count",
    "cume_dist", "current_date", "current_time", "current_timestamp", "degrees", "dense_rank", "exp", "first_value",
    "floor", "lag", "last_value", "lead", "length", "ln", "log", "lower", "ltrim", "max", "min", "mod", "nth_value",
    "ntile", "nullif", "octet_length", "percent_rank", "pi", "pow", "power", "radians", "rank", "replace", "round",
    "row_number", "rtrim", "sign", "sin", "sqrt", "substr", "substring", "sum", "tan", "trim", "upper",
];

#[rustfmt::skip]
const POSTGRES: &[&str] = &[
    "age", "any_value", "array_agg", "array_append", "array_cat", "array_dims", "array_length", "array_lower",
    "array_ndims", "array_position", "array_positions", "array_prepend", "array_remove", "array_replace",
    "array_to_json", "array_to_string", "array_upper", "ascii", "bit_and", "bit_count", "bit_length", "bit_or",
    "bit_xor", "bool_and", "bool_or", "btrim", "cardinality", "cbrt", "char_length", "character_length", "chr",
    "clock_timestamp", "col_description", "corr", "cot", "covar_pop", "covar_samp", "current_catalog",
    "current_database", "current_role", "current_schema", "current_schemas", "current_user", "date", "date_bin",
    "date_part", "date_trunc", "decode", "div", "encode", "every", "factorial", "format", "format_type", "gcd",
    "greatest", "grouping", "host", "hostmask", "initcap", "isfinite", "json_agg", "json_array_length",
    "json_build_array", "json_build_object", "json_extract_path", "json_extract_path_text", "json_object",
    "json_object_agg", "json_strip_nulls", "json_typeof", "jsonb_agg", "jsonb_array_length", "jsonb_build_array",
    "jsonb_build_object", "jsonb_extract_path", "jsonb_extract_path_text", "jsonb_object", "jsonb_object_agg",
    "jsonb_path_exists", "jsonb_path_match", "jsonb_path_query_array", "jsonb_path_query_first", "jsonb_pretty",
    "jsonb_set", "jsonb_strip_nulls", "jsonb_typeof", "justify_days", "justify_hours", "justify_interval", "lcm",
    "least", "left", "localtime", "localtimestamp", "log10", "lpad", "make_date", "make_interval", "make_time",
    "make_timestamp", "make_timestamptz", "masklen", "md5", "mode", "netmask", "network", "normalize", "now",
    "num_nonnulls", "num_nulls", "numnode", "obj_description", "overlay", "percentile_cont", "percentile_disc",
    "pg_get_constraintdef", "pg_get_indexdef", "pg_get_viewdef", "pg_relation_size", "pg_size_pretty",
    "pg_table_size", "pg_total_relation_size", "pg_typeof", "phraseto_tsquery", "plainto_tsquery", "position",
    "quote_ident", "quote_literal", "quote_nullable", "regexp_count", "regexp_instr", "regexp_like",
    "regexp_replace", "regexp_split_to_array", "regexp_substr", "regr_avgx", "regr_avgy", "regr_count",
    "regr_intercept", "regr_r2", "regr_slope", "repeat", "reverse", "right", "row_to_json", "rpad", "scale",
    "session_user", "sha224", "sha256", "sha384", "sha512", "split_part", "starts_with", "statement_timestamp",
    "stddev", "stddev_pop", "stddev_samp", "string_agg", "string_to_array", "strpos", "to_char", "to_date", "to_hex",
    "to_json", "to_jsonb", "to_number", "to_timestamp", "to_tsquery", "to_tsvector", "transaction_timestamp",
    "translate", "trunc", "ts_headline", "ts_rank", "ts_rank_cd", "user", "var_pop", "var_samp", "variance",
    "version", "websearch_to_tsquery", "width_bucket",
];

/// Also known for values: PostgreSQL lets them stand among the columns.
#[rustfmt::skip]
const POSTGRES_ROWS: &[&str] = &[
    "generate_series", "generate_subscripts", "json_array_elements", "json_array_elements_text", "json_each",
    "json_each_text", "json_object_keys", "jsonb_array_elements", "jsonb_array_elements_text", "jsonb_each",
    "jsonb_each_text", "jsonb_object_keys", "jsonb_path_query", "regexp_matches", "regexp_split_to_table",
    "string_to_table", "unnest",
];

#[rustfmt::skip]
const MYSQL: &[&str] = &[
    "adddate", "addtime", "any_value", "ascii", "bin", "bin_to_uuid", "bit_and", "bit_count", "bit_length", "bit_or",
    "bit_xor", "char", "char_length", "character_length", "charset", "coercibility", "collation", "connection_id",
    "conv", "convert_tz", "cot", "crc32", "curdate", "current_role", "current_user", "curtime", "database", "date",
    "date_add", "date_format", "date_sub", "datediff", "day", "dayname", "dayofmonth", "dayofweek", "dayofyear",
    "elt", "export_set", "field", "find_in_set", "format", "from_base64", "from_days", "from_unixtime",
    "get_format", "greatest", "group_concat", "grouping", "hex", "hour", "if", "ifnull", "inet6_aton", "inet6_ntoa",
    "inet_aton", "inet_ntoa", "insert", "instr", "is_ipv4", "is_ipv6", "is_uuid", "isnull", "json_array",
    "json_arrayagg", "json_contains", "json_contains_path", "json_depth", "json_extract", "json_keys", "json_length",
    "json_merge_patch", "json_merge_preserve", "json_object", "json_objectagg", "json_overlaps", "json_pretty",
    "json_quote", "json_search", "json_type", "json_unquote", "json_valid", "json_value", "last_day", "lcase",
    "least", "left", "localtime", "localtimestamp", "locate", "log10", "log2", "lpad", "make_set", "makedate",
    "maketime", "md5", "microsecond", "mid", "minute", "month", "monthname", "now", "oct", "ord", "period_add",
    "period_diff", "position", "quarter", "quote", "regexp_instr", "regexp_like", "regexp_replace", "regexp_substr",
    "repeat", "reverse", "right", "rpad", "schema", "sec_to_time", "second", "session_user", "sha", "sha1", "sha2",
    "soundex", "space", "std", "stddev", "stddev_pop", "stddev_samp", "str_to_date", "strcmp", "subdate",
    "substring_index", "subtime", "sysdate", "system_user", "time", "time_format", "time_to_sec", "timediff",
    "timestamp", "timestampadd", "timestampdiff", "to_base64", "to_days", "to_seconds", "truncate", "ucase", "unhex",
    "unix_timestamp", "user", "utc_date", "utc_time", "utc_timestamp", "uuid_to_bin", "values", "var_pop",
    "var_samp", "variance", "version", "week", "weekday", "weekofyear", "year", "yearweek",
];

#[rustfmt::skip]
const SQLITE: &[&str] = &[
    "acosh", "asinh", "atanh", "bm25", "char", "changes", "cosh", "date", "datetime", "format", "glob",
    "group_concat", "hex", "highlight", "ifnull", "iif", "instr", "json", "json_array", "json_array_length",
    "json_error_position", "json_extract", "json_group_array", "json_group_object", "json_insert", "json_object",
    "json_patch", "json_pretty", "json_quote", "json_remove", "json_replace", "json_set", "json_type", "json_valid",
    "jsonb", "jsonb_extract", "julianday", "last_insert_rowid", "like", "likelihood", "likely", "log10", "log2",
    "printf", "quote", "sinh", "snippet", "soundex", "sqlite_version", "strftime", "string_agg", "tanh", "time",
    "timediff", "total", "total_changes", "trunc", "typeof", "unhex", "unicode", "unixepoch", "unlikely",
];

#[rustfmt::skip]
const SQLITE_ROWS: &[&str] = &[
    "generate_series", "json_each", "json_tree", "pragma_foreign_key_list", "pragma_index_info", "pragma_index_list",
    "pragma_index_xinfo", "pragma_table_info", "pragma_table_list", "pragma_table_xinfo",
];

/// Pragmas that answer about what they are given.
const PRAGMAS_OF_ONE: &[&str] = &[
    "foreign_key_list",
    "index_info",
    "index_list",
    "index_xinfo",
    "table_info",
    "table_list",
    "table_xinfo",
];

/// Pragmas that answer when they are given nothing.
#[rustfmt::skip]
const PRAGMAS: &[&str] = &[
    "application_id", "collation_list", "compile_options", "data_version", "database_list", "encoding", "foreign_keys",
    "freelist_count", "function_list", "journal_mode", "page_count", "page_size", "query_only", "schema_version",
    "synchronous", "user_version",
];

#[cfg(test)]
mod tests {
    use super::{COMMON, MYSQL, POSTGRES, POSTGRES_ROWS, PRAGMAS, PRAGMAS_OF_ONE, SQLITE, SQLITE_ROWS};

    #[test]
    fn the_lists_name_nothing_twice_and_nothing_in_capitals() {
        for names in [COMMON, MYSQL, POSTGRES, POSTGRES_ROWS, PRAGMAS, PRAGMAS_OF_ONE, SQLITE, SQLITE_ROWS] {
            for (at, name) in names.iter().enumerate() {
                assert!(!names[at + 1..].contains(name), "{name} is listed twice");
                assert_eq!(*name, name.to_ascii_lowercase());
            }
        }
    }
}
