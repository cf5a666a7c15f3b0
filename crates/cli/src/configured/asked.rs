//! What servers offer: each is started or reached, asked for its tools, and these are judged.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use interlock_catalog::{Category, Definition, Judgement, classify};
use interlock_clients::{masked_line, secrets_of};
use interlock_gateway::transport::child::StandardError;
use interlock_gateway::{ListingError, Progress, Server};
use interlock_policy::ToolList;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::settings::Settings;
use crate::terminal;
use crate::tool_listing::Asking;

/// Servers that are started at the same time.
const AT_ONCE: usize = 4;

/// Lines of a server's standard error that are shown.
const MOST_LINES: usize = 8;
/// And letters of each.
const MOST_LETTERS: usize = 240;

/// A tool, and what it can do.
pub(crate) struct Offered {
    pub(crate) definition: Definition,
    pub(crate) judgement: Judgement,
}

/// What one server offers, or why that is not known.
pub(crate) type Answer = Result<Offer, String>;

/// The tools of one server.
pub(crate) struct Offer {
    pub(crate) tools: Vec<Offered>,
    /// The same, for policies that look at definitions.
    pub(crate) list: ToolList,
    /// Each tool, byte for byte as the server wrote it.
    pub(crate) raw: Vec<String>,
    /// What the server has clients tell their models.
    pub(crate) instructions: Option<String>,
}

/// Who is asked, by its name; or why it cannot be.
pub(crate) type Asked = (String, Result<Server, String>);

impl Offer {
    /// How many tools there are of each category that it has, the worst last.
    pub(crate) fn counts(&self) -> Vec<(Category, usize)> {
        const ALL: [Category; 5] =
            [Category::Read, Category::Write, Category::Execute, Category::Destructive, Category::Financial];
        let count = |category| self.tools.iter().filter(|tool| tool.judgement.category == category).count();
        ALL.into_iter().map(|category| (category, count(category))).filter(|(_, count)| *count > 0).collect()
    }

    /// The tools that can do harm, the worst first.
    pub(crate) fn worst(&self) -> Vec<&Offered> {
        self.by_harm().into_iter().filter(|tool| tool.judgement.category.is_dangerous()).collect()
    }

    /// All tools, the worst first.
    pub(crate) fn by_harm(&self) -> Vec<&Offered> {
        let mut tools: Vec<&Offered> = self.tools.iter().collect();
        let harm = |tool: &&Offered| (tool.judgement.severity, tool.judgement.category);
        tools.sort_by(|one, other| {
            harm(other).cmp(&harm(one)).then_with(|| one.definition.tool.cmp(&other.definition.tool))
        });
        tools
    }
}

/// Asks all of them, some at the same time; the answers are in the order of the questions.
pub(crate) fn ask(
    servers: Vec<Asked>,
    settings: &Arc<Settings>,
    patience: Duration,
    said: bool,
) -> anyhow::Result<Vec<Answer>> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("cannot start the event loop")?;
    runtime.block_on(async {
        let places = Arc::new(Semaphore::new(AT_ONCE));
        let mut tasks = JoinSet::new();
        let mut answers: Vec<Option<Answer>> = servers.iter().map(|_| None).collect();
        for (index, (name, server)) in servers.into_iter().enumerate() {
            let (settings, places) = (Arc::clone(settings), Arc::clone(&places));
            tasks.spawn(async move {
                let _place = places.acquire_owned().await;
                let answer = match server {
                    Ok(server) => one(&name, server, &settings, patience, said).await,
                    Err(why) => Err(why),
                };
                (index, answer)
            });
        }
        while let Some(done) = tasks.join_next().await {
            let (index, answer) = done.context("asking a server ended early")?;
            if let Some(place) = answers.get_mut(index) {
                *place = Some(answer);
            }
        }
        let missing = || Err("it was not asked".to_owned());
        Ok(answers.into_iter().map(|answer| answer.unwrap_or_else(missing)).collect())
    })
}

async fn one(name: &str, server: Server, settings: &Settings, patience: Duration, said: bool) -> Answer {
    let progress = |progress: Progress| {
        if said {
            terminal::progress(&words(name, &progress));
        }
    };
    let asking = Asking { name, settings, patience, errors: StandardError::Read };
    let secrets = secrets(&server);
    let listing = asking.list(server, progress).await.map_err(|error| why(&error, &secrets))?;
    Ok(Offer { instructions: listing.instructions, ..offer(name, listing.tools)? })
}

/// What a server is given that nobody may read in what it says.
fn secrets(server: &Server) -> Vec<String> {
    let Server::Child(command) = server else { return Vec::new() };
    let words: Vec<String> = command.args.iter().map(|arg| arg.to_string_lossy().into_owned()).collect();
    let values = command.env.iter().map(|(_, value)| value.to_string_lossy().into_owned());
    values.chain(secrets_of(&words)).collect()
}

/// Why there is no list, on one line; below it the last lines that the server wrote.
fn why(error: &anyhow::Error, secrets: &[String]) -> String {
    let text = terminal::with_causes(error).replace('\n', " ");
    let Some(ListingError::Said { errors, .. }) = error.downcast_ref() else { return text };
    let lines: Vec<&str> = errors.lines().filter(|line| !line.trim().is_empty()).collect();
    let last = lines.get(lines.len().saturating_sub(MOST_LINES)..).unwrap_or_default();
    let shown = last.iter().map(|line| {
        let masked = terminal::escaped(&masked_line(line, secrets).replace('\t', "  "));
        format!("\n{}", masked.chars().take(MOST_LETTERS).collect::<String>())
    });
    format!("{text}; the last that it wrote:{}", shown.collect::<String>())
}

/// A reason for a table: without what the server wrote.
pub(crate) fn in_short(why: &str) -> &str {
    let first = why.lines().next().unwrap_or_default();
    first.strip_suffix("; the last that it wrote:").unwrap_or(first)
}

/// A reason on lines of its own, of which all but the first are indented.
pub(crate) fn at_length(why: &str, indent: &str) -> String {
    why.lines().map(terminal::escaped).collect::<Vec<_>>().join(&format!("\n{indent}| "))
}

/// Judges what a server lists, as texts of single tools.
pub(crate) fn offer(name: &str, raw: Vec<String>) -> Answer {
    let tools = raw.iter().map(|tool| {
        let mut definition =
            Definition::read(tool).map_err(|error| format!("a tool of its list is none: {error}"))?;
        name.clone_into(&mut definition.server);
        let judgement = classify(&definition);
        Ok(Offered { definition, judgement })
    });
    let tools = tools.collect::<Result<_, String>>()?;
    let list = ToolList::read(&format!("{{\"tools\": [{}]}}", raw.join(",")));
    let list = list.map_err(|error| format!("its list of tools cannot be used: {error}"))?;
    Ok(Offer { tools, list, raw, instructions: None })
}

fn words(name: &str, progress: &Progress) -> String {
    match progress {
        Progress::Started => format!("{name}: started"),
        Progress::Greeted => format!("{name}: answers; reading its tools"),
        Progress::Page { tools } => format!("{name}: {tools} tools"),
    }
}
