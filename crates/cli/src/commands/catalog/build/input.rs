//! Definitions into buckets, one after the other.

use std::path::PathBuf;

use anyhow::ensure;
use interlock_catalog::Definition;

use super::Says;
use super::buckets::Buckets;
use crate::definitions;
use crate::terminal;

/// As many places without a definition are told one by one; further ones are counted.
const TOLD: usize = 100;
/// Definitions between two words on how far it has come.
const BETWEEN: usize = 50_000;

/// Reads all, and gives the number of places that were left out.
pub(super) fn read(inputs: &[PathBuf], buckets: &Buckets, says: &Says) -> anyhow::Result<usize> {
    let (mut read, mut left_out) = (0_usize, 0);
    definitions::each(inputs, &mut |found| {
        let read_as = |text| Definition::read(text).map_err(|error| error.to_string());
        let definition = found.tool.and_then(|text| Ok((text, read_as(text)?)));
        match definition {
            Ok((text, definition)) => {
                let own = Some(definition.server.as_str()).filter(|server| !server.is_empty());
                let server = own.or(found.server).unwrap_or("unnamed");
                buckets.put(server, (found.source, found.line), text)?;
                read += 1;
                if read.is_multiple_of(BETWEEN) {
                    says.on(|| format!("{read} definitions read"));
                }
            }
            Err(why) => {
                left_out += 1;
                if left_out <= TOLD {
                    terminal::note(&format!("{}:{}: {why}", found.source, found.line));
                } else if left_out == TOLD + 1 {
                    terminal::note("more are left out and counted, but not told");
                }
            }
        }
        Ok(())
    })?;
    buckets.flush()?;
    ensure!(
        read > 0,
        "there is no definition in what was given; give files with JSON lines or lists of tools, or `-`"
    );
    Ok(left_out)
}
