//! Reading an instance's audit log the way an operator does: through the binary.

use std::process::Output;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use tokio::time::Instant;

use crate::interlock::Interlock;

impl Interlock {
    /// Runs a command of the binary over the data directory until it ends.
    ///
    /// # Errors
    /// When it cannot be started.
    pub async fn output(&self, arguments: &[&str]) -> Result<Output> {
        self.command(arguments)?.output().await
    }

    /// The records that `interlock audit query` finds with these filters, oldest first.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub async fn records(&self, filter: &[&str]) -> Result<Vec<Value>> {
        let arguments = [&["audit", "query", "--format", "json"], filter].concat();
        let output = self.output(&arguments).await?;
        let found = output.status.code();
        ensure!(matches!(found, Some(0 | 1)), "{}", String::from_utf8_lossy(&output.stderr));
        let text = String::from_utf8(output.stdout)?;
        let record = |line: &str| {
            let mut whole: Value = serde_json::from_str(line).with_context(|| format!("read `{line}`"))?;
            Ok(whole["record"].take())
        };
        text.lines().map(record).collect()
    }

    /// The records of one kind.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub async fn records_of(&self, kind: &str) -> Result<Vec<Value>> {
        self.records(&["--kind", kind]).await
    }

    /// Waits until the records of one kind are as `wanted` says.
    ///
    /// # Errors
    /// When they are not within `limit`, showing those there are.
    pub async fn wait_for_records(
        &self,
        kind: &str,
        limit: Duration,
        wanted: impl Fn(&[Value]) -> bool,
    ) -> Result<Vec<Value>> {
        let deadline = Instant::now() + limit;
        loop {
            let records = self.records_of(kind).await?;
            if wanted(&records) {
                return Ok(records);
            }
            ensure!(
                Instant::now() < deadline,
                "waited {limit:?} for records of {kind}; there are {records:#?}"
            );
        }
    }

    /// What `interlock audit verify` says: whether everything is as it was written, and its words.
    ///
    /// # Errors
    /// When it cannot be started.
    pub async fn verify(&self) -> Result<(bool, String)> {
        let output = self.output(&["audit", "verify"]).await?;
        let words = [output.stdout, output.stderr].concat();
        Ok((output.status.success(), String::from_utf8_lossy(&words).into_owned()))
    }
}
