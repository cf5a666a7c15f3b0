//! The nodes of a statement: those that are known only to read. Nodes are taken apart whole, so that a field which a
//! newer parser adds is looked at before it builds.

use std::ops::ControlFlow;

use sqlparser::ast::{
    Cte, Distinct, Expr, GroupByExpr, Join, JoinOperator, LimitClause, NamedWindowDefinition,
    NamedWindowExpr, ObjectName, ObjectNamePart, OrderBy, OrderByExpr, OrderByKind, OrderBySort, Query,
    Select, SelectItem, SetExpr, ShowStatementOptions, Statement, TableFactor, TableFunctionArgs,
    TableWithJoins, ValueWithSpan, Visit, Visitor, WildcardAdditionalOptions, With,
};

use super::expression::{expression, function_name, literal};
use super::{Dialect, functions};
use crate::reading::{Judged, Unjudgeable};

/// Why a statement is not known to read only.
pub(super) enum Objection {
    /// It writes.
    Writes,
    /// Nobody knows.
    Unknown(Unjudgeable),
}

/// Nothing, where a node only reads.
pub(super) type Checked = Result<(), Objection>;

pub(super) fn unknown(words: &'static str) -> Objection {
    Objection::Unknown(words.into())
}

pub(super) fn only(known: bool, words: &'static str) -> Checked {
    if known { Ok(()) } else { Err(unknown(words)) }
}

/// Whether a statement only reads.
pub(super) fn judge(dialect: Dialect, whole: &Statement) -> Judged {
    let mut reader = Reader { dialect, statements: 0 };
    let checked = statement(dialect, whole).and_then(|()| match whole.visit(&mut reader) {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(objection) => Err(objection),
    });
    match checked {
        Ok(()) => Ok(true),
        Err(Objection::Writes) => Ok(false),
        Err(Objection::Unknown(why)) => Err(why),
    }
}

fn statement(dialect: Dialect, whole: &Statement) -> Checked {
    match whole {
        Statement::Query(_) => Ok(()),
        // Also with ANALYZE, which runs what it explains: that is judged like any other.
        Statement::Explain { statement: inner, options, .. } => {
            only(options.is_none(), "explains with options that are not known")?;
            match **inner {
                Statement::Query(_) => Ok(()),
                _ if writes(inner) => Err(Objection::Writes),
                _ => Err(unknown("explains something other than a query")),
            }
        }
        Statement::ExplainTable { .. } => Ok(()),
        Statement::ShowTables { show_options, .. }
        | Statement::ShowColumns { show_options, .. }
        | Statement::ShowDatabases { show_options, .. } => show(show_options),
        Statement::Pragma { name, value, is_eq } => pragma(dialect, name, value.as_ref(), *is_eq),
        _ if writes(whole) => Err(Objection::Writes),
        _ => Err(unknown("is a statement that is not known only to read")),
    }
}

/// Statements that are certain to write. The others that do not read are not certain to do anything.
fn writes(statement: &Statement) -> bool {
    matches!(
        statement,
        Statement::Insert(_)
            | Statement::Update(_)
            | Statement::Delete(_)
            | Statement::Merge(_)
            | Statement::Truncate(_)
            | Statement::Drop { .. }
            | Statement::CreateTable(_)
            | Statement::CreateIndex(_)
            | Statement::CreateView(_)
            | Statement::AlterTable(_)
            | Statement::Grant(_)
            | Statement::Revoke(_)
    )
}

fn show(options: &ShowStatementOptions) -> Checked {
    let ShowStatementOptions { show_in: _, starts_with: _, limit, limit_from: _, filter_position: _ } =
        options;
    only(limit.is_none(), "is a statement that is not known only to read")
}

/// `PRAGMA` with a name in it is a question for these; for most others it is an answer.
fn pragma(dialect: Dialect, name: &ObjectName, value: Option<&ValueWithSpan>, is_eq: bool) -> Checked {
    let known = match name.0.as_slice() {
        [ObjectNamePart::Identifier(name)] | [_, ObjectNamePart::Identifier(name)]
            if name.quote_style.is_none() =>
        {
            functions::pragma(&name.value.to_ascii_lowercase(), value.is_some())
        }
        _ => false,
    };
    only(dialect == Dialect::Sqlite && known && !is_eq, "holds a pragma that is not known only to read")
}

/// Meets every node of a statement.
struct Reader {
    dialect: Dialect,
    statements: usize,
}

fn flow(checked: Checked) -> ControlFlow<Objection> {
    match checked {
        Ok(()) => ControlFlow::Continue(()),
        Err(objection) => ControlFlow::Break(objection),
    }
}

impl Visitor for Reader {
    type Break = Objection;

    /// The whole statement is one, and the query that is explained.
    fn pre_visit_statement(&mut self, statement: &Statement) -> ControlFlow<Objection> {
        self.statements += 1;
        let first = self.statements == 1;
        let explained = self.statements == 2 && matches!(statement, Statement::Query(_));
        match statement {
            _ if first || explained => ControlFlow::Continue(()),
            _ if writes(statement) => ControlFlow::Break(Objection::Writes),
            _ => flow(Err(unknown("holds a statement inside another"))),
        }
    }

    fn pre_visit_query(&mut self, whole: &Query) -> ControlFlow<Objection> {
        flow(query(whole))
    }

    fn pre_visit_select(&mut self, whole: &Select) -> ControlFlow<Objection> {
        flow(select(whole))
    }

    fn pre_visit_table_factor(&mut self, factor: &TableFactor) -> ControlFlow<Objection> {
        flow(table(self.dialect, factor))
    }

    fn pre_visit_expr(&mut self, whole: &Expr) -> ControlFlow<Objection> {
        flow(expression(self.dialect, whole))
    }

    fn pre_visit_value(&mut self, value: &ValueWithSpan) -> ControlFlow<Objection> {
        flow(literal(&value.value))
    }

    fn pre_visit_order_by(&mut self, whole: &OrderBy) -> ControlFlow<Objection> {
        let OrderBy { kind, interpolate } = whole;
        let known = interpolate.is_none()
            && match kind {
                OrderByKind::Expressions(by) => is_ordered(by),
                OrderByKind::All(_) => false,
            };
        flow(only(known, "is ordered in a way that is not known"))
    }
}

/// Whether rows are ordered as they always are: PostgreSQL's `USING` names an operator, which may be anybody's.
pub(super) fn is_ordered(by: &[OrderByExpr]) -> bool {
    by.iter().all(|by| by.with_fill.is_none() && !matches!(by.options.sort, Some(OrderBySort::Using(_))))
}

fn query(whole: &Query) -> Checked {
    let Query {
        with,
        body,
        order_by: _,
        limit_clause,
        fetch: _,
        locks,
        for_clause,
        settings,
        format_clause,
        pipe_operators,
    } = whole;
    if !locks.is_empty() {
        return Err(unknown("locks the rows that it reads"));
    }
    if let Some(With { with_token: _, recursive: _, cte_tables }) = with {
        for Cte { alias: _, query: _, from, materialized: _, closing_paren_token: _ } in cte_tables {
            only(from.is_none(), "holds a clause that is not known only to read")?;
        }
    }
    let limited = match limit_clause {
        None | Some(LimitClause::OffsetCommaLimit { .. }) => true,
        Some(LimitClause::LimitOffset { limit: _, offset: _, limit_by }) => limit_by.is_empty(),
    };
    let bare =
        for_clause.is_none() && settings.is_none() && format_clause.is_none() && pipe_operators.is_empty();
    only(limited && bare, "holds a clause that is not known only to read")?;
    set(body)
}

/// A query's body without the queries inside it, which are met on their own.
fn set(body: &SetExpr) -> Checked {
    match body {
        SetExpr::Select(_) | SetExpr::Query(_) | SetExpr::Values(_) | SetExpr::Table(_) => Ok(()),
        SetExpr::SetOperation { left, op: _, set_quantifier: _, right } => {
            set(left).and_then(|()| set(right))
        }
        SetExpr::Insert(_) | SetExpr::Update(_) | SetExpr::Delete(_) | SetExpr::Merge(_) => {
            Err(Objection::Writes)
        }
    }
}

fn select(whole: &Select) -> Checked {
    let Select {
        select_token: _,
        optimizer_hints,
        distinct,
        select_modifiers,
        top,
        top_before_distinct: _,
        projection,
        exclude,
        into,
        from,
        lateral_views,
        prewhere,
        selection: _,
        connect_by,
        group_by,
        cluster_by,
        distribute_by,
        sort_by,
        having: _,
        named_window,
        qualify,
        window_before_qualify: _,
        value_table_mode,
        flavor: _,
    } = whole;
    if into.is_some() {
        return Err(Objection::Writes);
    }
    let distinct = match distinct {
        None | Some(Distinct::All | Distinct::Distinct | Distinct::On(_)) => true,
    };
    let group = match group_by {
        GroupByExpr::Expressions(..) => true,
        GroupByExpr::All(_) => false,
    };
    let plain =
        optimizer_hints.is_empty() && select_modifiers.is_none() && top.is_none() && exclude.is_none();
    let usual = lateral_views.is_empty() && prewhere.is_none() && connect_by.is_empty() && qualify.is_none();
    let sorted = cluster_by.is_empty() && distribute_by.is_empty() && sort_by.is_empty();
    let windows = named_window.iter().all(|NamedWindowDefinition(_, window)| match window {
        NamedWindowExpr::NamedWindow(_) => true,
        NamedWindowExpr::WindowSpec(window) => is_ordered(&window.order_by),
    });
    let known = distinct && group && plain && usual && sorted && windows && value_table_mode.is_none();
    only(known && projection.iter().all(is_item), "holds a clause that is not known only to read")?;
    from.iter().try_for_each(joined)
}

fn is_item(item: &SelectItem) -> bool {
    match item {
        SelectItem::UnnamedExpr(_) | SelectItem::ExprWithAlias { .. } => true,
        SelectItem::ExprWithAliases { .. } => false,
        SelectItem::QualifiedWildcard(_, options) | SelectItem::Wildcard(options) => is_bare(options),
    }
}

fn is_bare(options: &WildcardAdditionalOptions) -> bool {
    let WildcardAdditionalOptions {
        wildcard_token: _,
        opt_ilike,
        opt_exclude,
        opt_except,
        opt_replace,
        opt_rename,
        opt_alias,
    } = options;
    let all = opt_ilike.is_none() && opt_exclude.is_none() && opt_except.is_none();
    all && opt_replace.is_none() && opt_rename.is_none() && opt_alias.is_none()
}

fn joined(tables: &TableWithJoins) -> Checked {
    let TableWithJoins { relation: _, joins } = tables;
    joins.iter().try_for_each(|Join { relation: _, global, join_operator }| {
        let known = matches!(
            join_operator,
            JoinOperator::Join(_)
                | JoinOperator::Inner(_)
                | JoinOperator::Left(_)
                | JoinOperator::LeftOuter(_)
                | JoinOperator::Right(_)
                | JoinOperator::RightOuter(_)
                | JoinOperator::FullOuter(_)
                | JoinOperator::CrossJoin(_)
                | JoinOperator::StraightJoin(_)
        );
        only(known && !global, "holds a join that is not known only to read")
    })
}

fn table(dialect: Dialect, factor: &TableFactor) -> Checked {
    const STRANGE: &str = "reads from something that is not known only to be read";
    match factor {
        TableFactor::Table {
            name,
            alias: _,
            args,
            with_hints,
            version,
            with_ordinality: _,
            partitions,
            json_path,
            sample,
            index_hints,
        } => {
            let plain =
                with_hints.is_empty() && version.is_none() && partitions.is_empty() && json_path.is_none();
            only(plain && sample.is_none() && index_hints.is_empty() && is_plain(name), STRANGE)?;
            match args {
                None => relation(dialect, name),
                Some(TableFunctionArgs { args: _, settings }) => {
                    only(settings.is_none(), STRANGE)?;
                    function_name(dialect, name, functions::Place::From)
                }
            }
        }
        TableFactor::Derived { lateral: _, subquery: _, alias: _, sample } => only(sample.is_none(), STRANGE),
        TableFactor::NestedJoin { table_with_joins, alias: _ } => joined(table_with_joins),
        TableFactor::Function { lateral: _, name, args: _, with_ordinality: _, alias: _ } => {
            function_name(dialect, name, functions::Place::From)
        }
        TableFactor::UNNEST { .. } => only(dialect == Dialect::Postgres, STRANGE),
        _ => Err(unknown(STRANGE)),
    }
}

/// In SQLite a name alone may call a function whose arguments stand in `WHERE`.
fn relation(dialect: Dialect, name: &ObjectName) -> Checked {
    let Some(ObjectNamePart::Identifier(last)) = name.0.last() else { return Ok(()) };
    let harmless = dialect != Dialect::Sqlite || functions::is_relation(&last.value.to_ascii_lowercase());
    only(harmless, "reads from something that is not known only to be read")
}

fn is_plain(name: &ObjectName) -> bool {
    name.0.iter().all(|part| matches!(part, ObjectNamePart::Identifier(_)))
}
