//! The policies that calls are tried against, with their texts, to say where a rule stands.

use std::path::{Path, PathBuf};

use interlock_gateway::reload::{self, LoadError};
use interlock_policy::{Origin, Places, Policy, RuleName, Syntax};

use crate::terminal;

/// A policy with its file.
#[derive(Debug)]
pub(crate) struct PolicyFile {
    pub(crate) origin: Origin,
    pub(crate) path: PathBuf,
    pub(crate) policy: Policy,
    text: String,
}

/// The stack of policies.
#[derive(Debug)]
pub(crate) struct Policies(Vec<PolicyFile>);

impl Policies {
    /// Reads the server's policy and, where there is one, the grant's. Mistakes are shown on standard error.
    pub(crate) fn load(server: &Path, grant: Option<&Path>) -> anyhow::Result<Self> {
        let mut files = vec![load(Origin::Server, server)?];
        files.extend(grant.map(|path| load(Origin::Grant, path)).transpose()?);
        Ok(Self(files))
    }

    /// Those of a grant at a server, as a gateway stacks them: of each there may be none.
    pub(crate) fn stacked(server: Option<&Path>, grant: Option<&Path>) -> anyhow::Result<Self> {
        let mut files: Vec<PolicyFile> =
            server.map(|path| load(Origin::Server, path)).transpose()?.into_iter().collect();
        files.extend(grant.map(|path| load(Origin::Grant, path)).transpose()?);
        Ok(Self(files))
    }

    /// None at all.
    pub(crate) fn none() -> Self {
        Self(Vec::new())
    }

    /// In the order in which they are judged.
    pub(crate) fn stack(&self) -> Vec<(Origin, &Policy)> {
        self.0.iter().map(|file| (file.origin, &file.policy)).collect()
    }

    pub(crate) fn files(&self) -> &[PolicyFile] {
        &self.0
    }

    /// Where each rule stands.
    pub(crate) fn places(&self) -> RulePlaces<'_> {
        RulePlaces(self.0.iter().map(|file| (file, file.places())).collect())
    }
}

impl PolicyFile {
    pub(crate) fn places(&self) -> Places<'_> {
        Places::new(&self.text, Syntax::of_path(&self.path.to_string_lossy()))
    }
}

/// The places of the rules of several policies.
#[derive(Debug)]
pub(crate) struct RulePlaces<'p>(Vec<(&'p PolicyFile, Places<'p>)>);

impl RulePlaces<'_> {
    /// `policy.yaml:14`; `None` for what is no rule.
    pub(crate) fn of(&self, rule: &RuleName) -> Option<String> {
        let RuleName::At { origin, pointer } = rule else { return None };
        let (file, places) = self.0.iter().find(|(file, _)| file.origin == *origin)?;
        Some(format!("{}:{}", file.path.display(), places.find(pointer)?.line))
    }
}

fn load(origin: Origin, path: &Path) -> anyhow::Result<PolicyFile> {
    match reload::load(path) {
        Ok(loaded) => {
            Ok(PolicyFile { origin, path: path.to_owned(), policy: loaded.policy, text: loaded.text })
        }
        Err(error) => {
            if let LoadError::Mistakes { diagnostics, text, .. } = &error {
                terminal::diagnostics::to_stderr(&path.display().to_string(), text, diagnostics)?;
            }
            Err(error.into())
        }
    }
}
