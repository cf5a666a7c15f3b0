//! Expressions of a statement: those that are known only to compute.

use sqlparser::ast::{
    BinaryOperator, Expr, Function, FunctionArgumentClause, FunctionArguments, ObjectName, ObjectNamePart,
    UnaryOperator, Value, WindowType,
};

use super::tree::{Checked, Objection, is_ordered, only, unknown};
use super::{Dialect, functions};
use crate::describe::quoted;

/// A function by its name, which must not be quoted and may have PostgreSQL's own schema before it.
pub(super) fn function_name(dialect: Dialect, name: &ObjectName, place: functions::Place) -> Checked {
    let known = match name.0.as_slice() {
        [ObjectNamePart::Identifier(name)] if name.quote_style.is_none() => {
            functions::is_known(dialect, &name.value.to_ascii_lowercase(), place)
        }
        [ObjectNamePart::Identifier(schema), ObjectNamePart::Identifier(name)]
            if schema.quote_style.is_none() && name.quote_style.is_none() =>
        {
            dialect == Dialect::Postgres
                && schema.value.eq_ignore_ascii_case("pg_catalog")
                && functions::is_known(dialect, &name.value.to_ascii_lowercase(), place)
        }
        _ => false,
    };
    if known {
        return Ok(());
    }
    let shown = quoted(&name.to_string());
    Err(Objection::Unknown(format!("calls the function {shown}, which is not known only to read").into()))
}

fn function(dialect: Dialect, call: &Function) -> Checked {
    let Function {
        name,
        uses_odbc_syntax,
        parameters,
        args,
        within_group,
        filter: _,
        null_treatment: _,
        over,
    } = call;
    let plain = !uses_odbc_syntax && matches!(parameters, FunctionArguments::None);
    only(
        plain && !matches!(args, FunctionArguments::Subquery(_)),
        "calls a function in a way that is not known",
    )?;
    let clauses = match args {
        FunctionArguments::List(list) => list.clauses.as_slice(),
        FunctionArguments::None | FunctionArguments::Subquery(_) => &[],
    };
    let mut orders = clauses.iter().filter_map(|clause| match clause {
        FunctionArgumentClause::OrderBy(by) => Some(by),
        _ => None,
    });
    let over = match over {
        Some(WindowType::WindowSpec(window)) => window.order_by.as_slice(),
        Some(WindowType::NamedWindow(_)) | None => &[],
    };
    let known = orders.all(|by| is_ordered(by)) && is_ordered(within_group) && is_ordered(over);
    only(known, "is ordered in a way that is not known")?;
    function_name(dialect, name, functions::Place::Expression)
}

/// An expression without those inside it, which are met on their own.
pub(super) fn expression(dialect: Dialect, whole: &Expr) -> Checked {
    const STRANGE: &str = "holds an expression that is not known only to read";
    match whole {
        Expr::Function(call) => function(dialect, call),
        Expr::BinaryOp { op, .. } => only(is_binary(op), "holds an operator that is not known only to read"),
        Expr::AnyOp { compare_op, .. } | Expr::AllOp { compare_op, .. } => {
            only(is_binary(compare_op), "holds an operator that is not known only to read")
        }
        Expr::UnaryOp { op, .. } => only(is_unary(*op), "holds an operator that is not known only to read"),
        Expr::Identifier(_)
        | Expr::CompoundIdentifier(_)
        | Expr::CompoundFieldAccess { .. }
        | Expr::IsFalse(_)
        | Expr::IsNotFalse(_)
        | Expr::IsTrue(_)
        | Expr::IsNotTrue(_)
        | Expr::IsNull(_)
        | Expr::IsNotNull(_)
        | Expr::IsUnknown(_)
        | Expr::IsNotUnknown(_)
        | Expr::IsDistinctFrom(..)
        | Expr::IsNotDistinctFrom(..)
        | Expr::InList { .. }
        | Expr::InSubquery { .. }
        | Expr::Between { .. }
        | Expr::Like { .. }
        | Expr::ILike { .. }
        | Expr::SimilarTo { .. }
        | Expr::RLike { .. }
        | Expr::Convert { .. }
        | Expr::Cast { .. }
        | Expr::AtTimeZone { .. }
        | Expr::Extract { .. }
        | Expr::Ceil { .. }
        | Expr::Floor { .. }
        | Expr::Position { .. }
        | Expr::Substring { .. }
        | Expr::Trim { .. }
        | Expr::Overlay { .. }
        | Expr::Collate { .. }
        | Expr::Nested(_)
        | Expr::Value(_)
        | Expr::TypedString(_)
        | Expr::Case { .. }
        | Expr::Exists { .. }
        | Expr::Subquery(_)
        | Expr::GroupingSets(_)
        | Expr::Cube(_)
        | Expr::Rollup(_)
        | Expr::Tuple(_)
        | Expr::Array(_)
        | Expr::Interval(_)
        | Expr::MatchAgainst { .. }
        | Expr::Wildcard(_)
        | Expr::QualifiedWildcard(..) => Ok(()),
        _ => Err(unknown(STRANGE)),
    }
}

/// Operators with a meaning of their own; those of extensions may do anything.
fn is_binary(op: &BinaryOperator) -> bool {
    use BinaryOperator as Op;
    matches!(
        op,
        Op::Plus
            | Op::Minus
            | Op::Multiply
            | Op::Divide
            | Op::Modulo
            | Op::StringConcat
            | Op::Gt
            | Op::Lt
            | Op::GtEq
            | Op::LtEq
            | Op::Spaceship
            | Op::Eq
            | Op::NotEq
            | Op::And
            | Op::Or
            | Op::Xor
            | Op::BitwiseOr
            | Op::BitwiseAnd
            | Op::BitwiseXor
            | Op::MyIntegerDivide
            | Op::Match
            | Op::Regexp
            | Op::Glob
            | Op::PGBitwiseXor
            | Op::PGBitwiseShiftLeft
            | Op::PGBitwiseShiftRight
            | Op::PGExp
            | Op::PGOverlap
            | Op::PGRegexMatch
            | Op::PGRegexIMatch
            | Op::PGRegexNotMatch
            | Op::PGRegexNotIMatch
            | Op::PGLikeMatch
            | Op::PGILikeMatch
            | Op::PGNotLikeMatch
            | Op::PGNotILikeMatch
            | Op::PGStartsWith
            | Op::Arrow
            | Op::LongArrow
            | Op::HashArrow
            | Op::HashLongArrow
            | Op::HashMinus
            | Op::AtAt
            | Op::AtArrow
            | Op::ArrowAt
            | Op::AtQuestion
            | Op::Question
            | Op::QuestionAnd
            | Op::QuestionPipe
            | Op::Overlaps
    )
}

fn is_unary(op: UnaryOperator) -> bool {
    use UnaryOperator as Op;
    matches!(
        op,
        Op::Plus
            | Op::Minus
            | Op::Not
            | Op::BangNot
            | Op::BitwiseNot
            | Op::PGAbs
            | Op::PGSquareRoot
            | Op::PGCubeRoot
    )
}

/// A literal that every reader takes alike.
pub(super) fn literal(value: &Value) -> Checked {
    let known = matches!(
        value,
        Value::Number(..)
            | Value::SingleQuotedString(_)
            | Value::DoubleQuotedString(_)
            | Value::EscapedStringLiteral(_)
            | Value::SingleQuotedByteStringLiteral(_)
            | Value::NationalStringLiteral(_)
            | Value::HexStringLiteral(_)
            | Value::Boolean(_)
            | Value::Null
            | Value::Placeholder(_)
    );
    only(known, "holds a literal that is not read alike everywhere")
}
