//! Definitions are judged and their pages rendered by as many threads as the machine has cores.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::{iter, thread};

use interlock_catalog::{Definition, classify, recommend_policy};
use interlock_site::{
    Catalogue, Chapter, EDITION, Frame, MOST_TOOLS, Server, Sink, Tool, server_folder, server_pages,
};
use sha2::{Digest as _, Sha256};

use super::Says;
use super::attacks::Attacks;
use super::buckets::{Buckets, Kept};
use super::folder::{Folder, KeepError};
use super::manifest::Entry;
use crate::terminal;

/// Servers between two words on how far it has come.
const BETWEEN: usize = 1_000;

/// What came of it.
#[derive(Debug, Default)]
pub(super) struct Built {
    pub(super) catalogue: Catalogue,
    pub(super) rendered: usize,
    pub(super) unchanged: usize,
    pub(super) left_out: usize,
}

/// What the threads share.
struct Shared<'s> {
    folder: &'s Folder,
    buckets: &'s Buckets,
    frame: &'s Frame,
    attacks: &'s Attacks,
    says: &'s Says,
    next: AtomicUsize,
    servers: AtomicUsize,
    built: Mutex<Built>,
}

/// Judges and renders everything.
pub(super) fn build(
    folder: &Folder,
    buckets: &Buckets,
    frame: &Frame,
    attacks: &Attacks,
    says: &Says,
) -> anyhow::Result<Built> {
    let shared = Shared {
        folder,
        buckets,
        frame,
        attacks,
        says,
        next: AtomicUsize::new(0),
        servers: AtomicUsize::new(0),
        built: Mutex::default(),
    };
    let threads = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(|| shared.work())).collect();
        workers.into_iter().try_for_each(|worker| match worker.join() {
            Ok(worked) => worked,
            Err(_) => Err(anyhow::anyhow!("a thread that renders pages has ended early")),
        })
    })?;
    Ok(shared.built.into_inner().unwrap_or_else(PoisonError::into_inner))
}

impl Shared<'_> {
    fn work(&self) -> anyhow::Result<()> {
        loop {
            let bucket = self.next.fetch_add(1, Ordering::Relaxed);
            if bucket >= Buckets::count() {
                return Ok(());
            }
            let mut chapter = Chapter::default();
            let mut own = Built::default();
            for (name, lines) in self.buckets.take(bucket)? {
                self.server(&name, lines, &mut chapter, &mut own)?;
                let done = self.servers.fetch_add(1, Ordering::Relaxed) + 1;
                if done.is_multiple_of(BETWEEN) {
                    self.says.on(|| format!("{done} servers judged and rendered"));
                }
            }
            let mut built = self.built.lock().unwrap_or_else(PoisonError::into_inner);
            built.catalogue.absorb(chapter);
            built.rendered += own.rendered;
            built.unchanged += own.unchanged;
            built.left_out += own.left_out;
        }
    }

    fn server(
        &self,
        name: &str,
        lines: Vec<Kept>,
        chapter: &mut Chapter,
        own: &mut Built,
    ) -> anyhow::Result<()> {
        let mut tools = Vec::with_capacity(lines.len());
        for line in lines {
            let mut definition = Definition::read(&line.text)?;
            name.clone_into(&mut definition.server);
            tools.push((definition, line));
        }
        // Lines of one tool stay in the order in which they came.
        tools.sort_by(|(one, _), (other, _)| one.tool.cmp(&other.tool));
        let (tools, left_out) = without_repetitions(tools);
        own.left_out += left_out;
        let mut digest = self.digest();
        let mut all = Vec::with_capacity(tools.len());
        for (definition, line) in tools {
            let tool = self.advised(name, definition);
            note(&mut digest, &line.text);
            note(&mut digest, &serde_json::to_string(&tool.judgement)?);
            note(&mut digest, &tool.policy);
            for attack in &tool.attacks {
                note(&mut digest, &attack.id);
                note(&mut digest, &attack.name);
            }
            all.push(tool);
        }
        let server = Server { name, tools: all };
        chapter.add(&server);
        let digest = hex(&digest.finalize());
        if self.folder.keeps(name, &digest) {
            own.unchanged += 1;
            return Ok(());
        }
        own.rendered += 1;
        self.render(&server, digest)
    }

    /// A tool with what is recommended for it, and what it gives the access for.
    fn advised(&self, server: &str, definition: Definition) -> Tool<'_> {
        let judgement = classify(&definition);
        let attacks = self.attacks.allowed_by(&judgement);
        let own = [(definition, judgement)];
        let policy = recommend_policy(server, &own);
        let [(definition, judgement)] = own;
        Tool { definition, judgement, policy, attacks }
    }

    /// What stands for everything but the definitions and their judgements.
    fn digest(&self) -> Sha256 {
        let mut digest = Sha256::new();
        for part in EDITION.iter().copied().chain(iter::once(self.frame.date.as_deref().unwrap_or_default()))
        {
            note(&mut digest, part);
        }
        digest
    }

    fn render(&self, server: &Server<'_>, digest: String) -> anyhow::Result<()> {
        let mut pages = Pages::default();
        server_pages(self.frame, server, &mut pages)?;
        let folder = format!("{}/", server_folder(server.name));
        let names = pages.all.iter().filter_map(|(path, _)| path.strip_prefix(&folder).map(str::to_owned));
        let mut names: Vec<String> = names.collect();
        names.sort_unstable();
        let server = Some(server.name.to_owned());
        let entry = Entry { server, digest, folder, pages: names };
        self.folder.begin(&entry)?;
        for (path, contents) in pages.all {
            self.folder.put(&path, &contents)?;
        }
        Ok(())
    }
}

/// Takes a part of what pages are made from. Where it ends is told, too, so that no two parts are taken for others.
fn note(digest: &mut Sha256, part: &str) {
    digest.update(part.len().to_le_bytes());
    digest.update(part);
}

/// Each name once, the first that came, and not too many. The others are told.
fn without_repetitions(tools: Vec<(Definition, Kept)>) -> (Vec<(Definition, Kept)>, usize) {
    let mut kept: Vec<(Definition, Kept)> = Vec::with_capacity(tools.len());
    let mut left_out = 0;
    for (definition, line) in tools {
        let why = match kept.last() {
            Some((last, _)) if last.tool == definition.tool => {
                format!("`{}` has a tool `{}` already", line.server, definition.tool)
            }
            _ if kept.len() >= MOST_TOOLS => format!("`{}` has more than {MOST_TOOLS} tools", line.server),
            _ => {
                kept.push((definition, line));
                continue;
            }
        };
        left_out += 1;
        terminal::note(&format!("{}:{}: {why}", line.source, line.number));
    }
    (kept, left_out)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The pages of one server, which are noted before the first of them is written.
#[derive(Debug, Default)]
struct Pages {
    all: Vec<(String, String)>,
}

impl Sink for Pages {
    type Error = KeepError;

    fn page(&mut self, path: &str, contents: &str) -> Result<(), KeepError> {
        self.all.push((path.to_owned(), contents.to_owned()));
        Ok(())
    }
}
