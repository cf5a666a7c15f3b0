//! `cargo xtask synthesize`: definitions of as many servers as one likes, made from real ones, to see how large catalogues
//! fare.
//!
//! Only the servers that `split.json` calls a sample are used. The same seed gives the same bytes. Each server made takes
//! tools of a few real ones and calls what they are about by other words; some lose their descriptions, some get parameters
//! of others. Names are varied, texts are as long as real ones.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{BufWriter, Write, stdout};
use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde_json::{Map, Value, json};

/// What `cargo xtask synthesize` takes.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// How many servers
    #[arg(long, default_value_t = 1_000)]
    servers: usize,
    /// How many tools they have together
    #[arg(long, default_value_t = 18_600)]
    tools: usize,
    /// Other numbers make other servers
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

/// Words for things, of which each server has some in the place of those of the real one.
const THINGS: [&str; 48] = [
    "account",
    "album",
    "asset",
    "booking",
    "branch",
    "bucket",
    "calendar",
    "campaign",
    "cluster",
    "contact",
    "contract",
    "course",
    "dashboard",
    "dataset",
    "device",
    "document",
    "driver",
    "encounter",
    "event",
    "feed",
    "field",
    "folder",
    "image",
    "incident",
    "invoice",
    "item",
    "job",
    "ledger",
    "lesson",
    "measurement",
    "message",
    "note",
    "order",
    "parcel",
    "patient",
    "pipeline",
    "playlist",
    "portfolio",
    "product",
    "project",
    "queue",
    "record",
    "report",
    "route",
    "shipment",
    "station",
    "ticket",
    "vehicle",
];

/// The tools of one real server.
struct Real {
    name: String,
    tools: Vec<Map<String, Value>>,
}

pub(crate) fn run(root: &Path, options: &Options) -> Result<bool> {
    ensure!(options.servers > 0 && options.tools >= options.servers, "each server has at least one tool");
    let sample = sample(&root.join("catalogue/definitions"))?;
    let mut out = BufWriter::new(stdout().lock());
    let mut left = options.tools;
    for number in 0..options.servers {
        let mut chance = Chance::new(options.seed, number as u64);
        let servers_left = options.servers - number;
        let tools = share(left, servers_left, &mut chance);
        left -= tools;
        for tool in server(number, tools, &sample, &mut chance) {
            serde_json::to_writer(&mut out, &tool)?;
            out.write_all(b"\n")?;
        }
    }
    out.flush()?;
    Ok(true)
}

/// The servers that may be looked at.
fn sample(folder: &Path) -> Result<Vec<Real>> {
    let split = fs::read_to_string(folder.join("split.json")).context("read split.json")?;
    let split: BTreeMap<String, String> = serde_json::from_str(&split)?;
    let mut found = Vec::new();
    for name in split.into_iter().filter(|(_, part)| part == "sample").map(|(name, _)| name) {
        let text = fs::read_to_string(folder.join(format!("{name}.jsonl")))?;
        let tools: Vec<Map<String, Value>> =
            text.lines().map(serde_json::from_str).collect::<Result<_, _>>()?;
        found.push(Real { name, tools });
    }
    ensure!(!found.is_empty(), "no server is a sample");
    Ok(found)
}

/// How many of the tools that are left a server has: mostly few, sometimes many, and at last all.
fn share(left: usize, servers: usize, chance: &mut Chance) -> usize {
    if servers == 1 {
        return left;
    }
    let mean = left / servers;
    let tools = match chance.below(20) {
        0 => mean * 5,
        1..=9 => mean / 2,
        _ => mean,
    };
    tools.clamp(1, left - (servers - 1))
}

fn server(number: usize, tools: usize, sample: &[Real], chance: &mut Chance) -> Vec<Value> {
    let mixed: Vec<&Real> = (0..3).map(|_| &sample[chance.below(sample.len())]).collect();
    let thing = THINGS[chance.below(THINGS.len())];
    let name = format!("{}-{thing}-{number}", mixed[0].name);
    let mut names = BTreeSet::new();
    let mut made = Vec::with_capacity(tools);
    while made.len() < tools {
        let real = mixed[chance.below(mixed.len())];
        let tool = &real.tools[chance.below(real.tools.len())];
        let tool = varied(tool, &name, real, mixed[2], &mut names, chance);
        made.push(tool);
    }
    made
}

/// A real tool with another thing in its name and its text.
fn varied(
    tool: &Map<String, Value>,
    server: &str,
    real: &Real,
    other: &Real,
    names: &mut BTreeSet<String>,
    chance: &mut Chance,
) -> Value {
    let own = tool.get("tool").and_then(Value::as_str).unwrap_or("tool");
    // The last word is mostly what it is about.
    let about = own.rsplit(['_', '-', '.']).next().filter(|word| word.len() > 3).unwrap_or(&real.name);
    let thing = THINGS[chance.below(THINGS.len())];
    let mut name = if chance.below(3) == 0 { own.to_owned() } else { own.replace(about, thing) };
    if !names.insert(name.clone()) {
        name = format!("{name}_{thing}_{}", names.len());
        names.insert(name.clone());
    }
    let mut made = json!({ "server": server, "tool": name });
    for key in ["title", "inputSchema", "annotations"] {
        if let Some(value) = tool.get(key) {
            made[key] = value.clone();
        }
    }
    if let Some(text) = tool.get("description").and_then(Value::as_str).filter(|_| chance.below(20) != 0) {
        made["description"] = text.replace(about, thing).into();
    }
    if chance.below(10) == 0 {
        let taken = &other.tools[chance.below(other.tools.len())];
        if let Some(properties) = taken.get("inputSchema").and_then(|schema| schema.get("properties")) {
            made["inputSchema"]["properties"] = properties.clone();
        }
    }
    made
}

/// Numbers that look random, and are the same for the same seed (SplitMix64).
struct Chance {
    state: u64,
}

impl Chance {
    fn new(seed: u64, of: u64) -> Self {
        Self { state: seed.wrapping_mul(0x2545_f491_4f6c_dd1d) ^ of.wrapping_mul(0xd134_2543_de82_ef95) }
    }

    fn below(&mut self, most: usize) -> usize {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) % most as u64) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn real(name: &str) -> Real {
        let tool = |tool: &str| {
            let tool = json!({ "tool": tool, "description": format!("It is about {tool}."), "inputSchema": { "type": "object" } });
            tool.as_object().cloned().unwrap()
        };
        Real { name: name.to_owned(), tools: vec![tool("list_orders"), tool("delete_order")] }
    }

    #[test]
    fn the_same_seed_makes_the_same_servers_and_each_name_is_there_once() {
        let sample = [real("a"), real("b")];
        let made = |seed| server(7, 50, &sample, &mut Chance::new(seed, 7));
        assert_eq!(made(1), made(1));
        assert_ne!(made(1), made(2));
        let names: BTreeSet<_> = made(1).iter().map(|tool| tool["tool"].to_string()).collect();
        assert_eq!(names.len(), 50);
    }

    #[test]
    fn all_tools_are_shared_out() {
        let mut left = 1_000;
        for servers in (1..=50).rev() {
            left -= share(left, servers, &mut Chance::new(1, servers as u64));
        }
        assert_eq!(left, 0);
    }
}
