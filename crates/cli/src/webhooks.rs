//! Where policies announce what people are asked: addresses and secrets are read when a policy is put in force.

use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use interlock_gateway::{Gateway, Webhook};
use interlock_policy::Policy;

use crate::settings::expand;

/// The webhook that a policy names, with its references read.
fn read(policy: &Policy, file: &Path) -> anyhow::Result<Option<interlock_policy::Webhook>> {
    let approvals = policy.document().approvals.as_ref();
    let Some(said) = approvals.and_then(|approvals| approvals.webhook.as_ref()) else { return Ok(None) };
    let expanded = |key: &str, text: &str| {
        referred(key, text, file).with_context(|| format!("the policy `{}`", file.display()))
    };
    Ok(Some(interlock_policy::Webhook {
        url: expanded("url", &said.url)?,
        secret: said.secret.as_deref().map(|secret| expanded("secret", secret)).transpose()?,
        ..said.clone()
    }))
}

/// What one of its texts says once its references are read. Paths start from the policy's folder.
pub(crate) fn referred(key: &str, text: &str, file: &Path) -> anyhow::Result<String> {
    let folder = file.parent().unwrap_or(Path::new("."));
    expand(text, folder).with_context(|| format!("the `{key}` of the webhook cannot be read"))
}

/// The webhook that a policy names, in force at this gateway.
pub(crate) fn named(policy: &Policy, file: &Path, gateway: &Gateway) -> anyhow::Result<Option<Arc<Webhook>>> {
    let Some(said) = read(policy, file)? else { return Ok(None) };
    let webhook = gateway.webhook(&said);
    Ok(Some(webhook.with_context(|| format!("the webhook in `{}`", file.display()))?))
}

/// Whether what the policy's webhook refers to is there, and of use.
pub(crate) fn check(policy: &Policy, file: &Path) -> anyhow::Result<()> {
    let Some(said) = read(policy, file)? else { return Ok(()) };
    let checked = Webhook::check_url(&said.url);
    let checked = checked.and_then(|()| said.secret.as_deref().map_or(Ok(()), Webhook::check_secret));
    checked.with_context(|| format!("the webhook in `{}`", file.display()))
}
