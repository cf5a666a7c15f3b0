//! The `approvals` block.

use super::fields::Fields;
use super::scalar;
use crate::diagnostic::{At, Report};
use crate::document::{Approvals, Webhook};
use crate::tree::Node;

pub(crate) fn read(node: &Node, at: &At<'_>, report: &mut Report<'_>) -> Option<Approvals> {
    const KNOWN: &[&str] = &["timeout", "dedupe_window", "approvers", "hold", "notify"];
    let fields = Fields::open(node, "`approvals`", KNOWN, at, report)?;
    Some(Approvals {
        timeout: fields.read("timeout", at, report, scalar::duration),
        dedupe_window: fields.read("dedupe_window", at, report, scalar::duration),
        approvers: fields
            .read("approvers", at, report, |node, at, report| scalar::list(node, at, report, scalar::name))
            .unwrap_or_default(),
        hold: fields.read("hold", at, report, scalar::duration),
        webhook: fields.read("notify", at, report, notify).flatten(),
    })
}

fn notify(node: &Node, at: &At<'_>, report: &mut Report<'_>) -> Option<Option<Webhook>> {
    let fields = Fields::open(node, "`notify`", &["webhook"], at, report)?;
    Some(fields.read("webhook", at, report, |node, at, report| {
        let fields = Fields::open(node, "`webhook`", &["url", "secret"], at, report)?;
        let url = fields.need("url", at, report, scalar::name);
        let secret = fields.read("secret", at, report, scalar::text);
        Some(Webhook { url: url?, secret })
    }))
}
