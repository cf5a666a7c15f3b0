//! What short commands change, in the audit log: each says so before it does it.

use std::path::Path;

use anyhow::Context;
use interlock_audit::{Detail, Entry, Identity, Lifecycle, LifecycleKind, append_shared};
use interlock_store::Approval;

use crate::instance::wall_ms;

/// Records a change that is about to be made, with whose process makes it: what is not recorded does not happen.
pub(crate) fn record_change(data: &Path, action: &str, about: &[(&str, &str)]) -> anyhow::Result<()> {
    let mut details: Vec<_> = about.iter().map(|(key, text)| (*key, Detail::Text(text))).collect();
    details.extend([
        ("uid", Detail::Number(rustix::process::getuid().as_raw().into())),
        ("pid", Detail::Number(std::process::id().into())),
    ]);
    let change =
        Lifecycle { details: &details, reason: Some(action), ..Lifecycle::new(LifecycleKind::Configuration) };
    append_shared(data, wall_ms(), &Entry::Lifecycle(change))
        .context("not done, because it cannot be recorded")?;
    Ok(())
}

/// What a person said of a call that waits.
pub(crate) struct Decision<'a> {
    /// Who.
    pub(crate) by: &'a str,
    /// Why.
    pub(crate) why: Option<&'a str>,
    /// What came of it.
    pub(crate) step: &'a str,
    /// How many say yes.
    pub(crate) approvals: usize,
    /// How the call stands now.
    pub(crate) state: &'a str,
}

/// Records what a person said, once the ledger has it: nothing takes it back.
pub(crate) fn record_decision(
    data: &Path,
    approval: &Approval,
    decision: &Decision<'_>,
) -> anyhow::Result<()> {
    let question = &approval.question;
    let mut details = vec![
        ("approval", Detail::Text(&question.id)),
        ("step", Detail::Text(decision.step)),
        ("by", Detail::Text(decision.by)),
        ("section", Detail::Text(&question.section)),
        ("name", Detail::Text(&question.name)),
        ("approvals", Detail::Number(i64::try_from(decision.approvals).unwrap_or(i64::MAX))),
        ("needed", Detail::Number(question.needed.into())),
        ("state", Detail::Text(decision.state)),
        ("uid", Detail::Number(rustix::process::getuid().as_raw().into())),
        ("pid", Detail::Number(std::process::id().into())),
    ];
    details.extend(decision.why.map(|why| ("why", Detail::Text(why))));
    let said = Lifecycle {
        identity: Identity { grant: Some(&question.asker.grant), ..Identity::default() },
        server: Some(&question.server),
        details: &details,
        ..Lifecycle::new(LifecycleKind::Approval)
    };
    append_shared(data, wall_ms(), &Entry::Lifecycle(said)).context("it cannot be recorded")?;
    Ok(())
}
