//! Which values the operators take.

use super::table::Of;
use super::{list, map, member, of, string, text};
use crate::tree::Member;

const SCALAR: Of = Of::Either(&[Of::Text, Of::Number, Of::Bool]);
const SCALARS: Of = Of::Either(&[Of::Some(&SCALAR), Of::Shape("named_list")]);
pub(super) const TEXTS: Of = Of::Either(&[Of::Text, Of::Some(&Of::Text), Of::Shape("named_list")]);
const HOSTS: Of =
    Of::Either(&[Of::Text, Of::Some(&Of::Text), Of::Shape("named_list"), Of::Shape("url_hosts")]);

/// Operators that take the same kind of value.
pub(crate) const OPERATORS: &[(&[&str], Of)] = &[
    (&["eq", "neq", "contains"], SCALAR),
    (&["in", "not_in"], SCALARS),
    (&["lt", "lte", "gt", "gte"], Of::Number),
    (&["regex", "matches"], Of::Text),
    (&["exists"], Of::Bool),
    (&["length_lte", "length_gte"], Of::Count),
    (&["starts_with", "ends_with", "matches_glob", "within_path"], TEXTS),
    (&["one_of_types", "url_scheme_in", "ip_in", "email_domain_in", "argv_in"], TEXTS),
    (&["url_host_in"], HOSTS),
    (&["sql_readonly"], Of::Shape("sql_dialect")),
    (&["before", "after"], Of::Text),
];

/// A test has a path and an operator, and the operator says what its value is; otherwise it is a junction of others.
pub(super) fn constraints() -> Vec<Member> {
    let needs =
        |keys: &[&str]| map(vec![member("required", list(keys.iter().map(|key| string(key)).collect()))]);
    let forms = [needs(&["path", "op"]), needs(&["any"]), needs(&["all"]), needs(&["not"])];
    let values = OPERATORS.iter().filter(|(_, kind)| !matches!(kind, Of::Anything)).map(|(names, kind)| {
        let names = list(names.iter().map(|name| string(name)).collect());
        let op = map(vec![member("op", map(vec![member("enum", names)]))]);
        let when = map(vec![member("properties", op), member("required", list(vec![string("op")]))]);
        let value = map(vec![member("value", map(of(kind)))]);
        map(vec![member("if", when), member("then", map(vec![member("properties", value)]))])
    });
    vec![member("oneOf", list(forms.into())), member("allOf", list(values.collect()))]
}

/// Every operator's name, in the order of the table.
pub(crate) fn names() -> Vec<&'static str> {
    OPERATORS.iter().flat_map(|(names, _)| names.iter().copied()).collect()
}

/// The words of the schema for `op`.
pub(super) fn op() -> Vec<Member> {
    let mut all = names();
    all.sort_unstable();
    vec![text("type", "string"), member("enum", list(all.into_iter().map(string).collect()))]
}
