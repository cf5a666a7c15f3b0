//! Everything over all servers: lists, the search index, and the page that one begins with.

use interlock_catalog::Category;
use interlock_catalog::classify::RiskKind;
use serde_json::json;

use crate::facts::{Chapter, Fact, ServerFact};
use crate::lists::{Crumb, Facet, List, Row};
use crate::phrases::{self, CATEGORIES, RISKS, SEVERITIES, Words};
use crate::search::{self, BLOCK, Terms, words};
use crate::{AttackPage, Frame, Sink, attacks, overview};

const STYLE: &str = include_str!("../assets/site.css");
const SCRIPT: &str = include_str!("../assets/search.js");

/// What is known of all tools.
#[derive(Debug, Default)]
pub struct Catalogue {
    pub(crate) servers: Vec<ServerFact>,
    pub(crate) tools: Vec<Fact>,
    terms: Terms,
}

impl Catalogue {
    /// Takes up a chapter. The order of chapters does not matter.
    pub fn absorb(&mut self, chapter: Chapter) {
        let number = |len: usize| u32::try_from(len).unwrap_or(u32::MAX);
        let (servers, tools) = (number(self.servers.len()), number(self.tools.len()));
        self.servers.extend(chapter.servers);
        self.tools.extend(chapter.tools.into_iter().map(|fact| fact.renumbered(servers)));
        self.terms.absorb(chapter.terms, tools);
    }

    /// How many servers.
    #[must_use]
    pub fn servers(&self) -> usize {
        self.servers.len()
    }

    /// How many tools.
    #[must_use]
    pub fn tools(&self) -> usize {
        self.tools.len()
    }

    pub(crate) fn server_of(&self, fact: &Fact) -> Option<&ServerFact> {
        self.servers.get(fact.server as usize)
    }

    /// Hands out every page that is not one server's.
    ///
    /// # Errors
    /// The sink's.
    pub fn pages<S: Sink>(
        mut self,
        frame: &Frame,
        attacks: &[AttackPage],
        sink: &mut S,
    ) -> Result<(), S::Error> {
        sink.page("site.css", STYLE)?;
        sink.page("search.js", SCRIPT)?;
        let order = self.order();
        let terms = std::mem::take(&mut self.terms);
        let sorted = Sorted { all: &self, order: &order };
        sorted.index(terms, sink)?;
        sorted.lists(frame, sink)?;
        overview::pages(frame, &self, attacks, sink)?;
        attacks::pages(frame, attacks, sink)
    }

    /// The numbers of the tools, the worst first.
    fn order(&self) -> Vec<u32> {
        let server = |fact: &Fact| self.server_of(fact).map(|server| (&server.name, &server.folder));
        let mut order: Vec<(u32, &Fact)> = (0..).zip(&self.tools).collect();
        order.sort_unstable_by(|(a, one), (b, other)| {
            let rank = |fact: &Fact| std::cmp::Reverse((fact.severity, fact.category));
            let names = |fact| (server(fact), &fact.name);
            // Names may be cut, so that two can look the same: their files differ.
            let last = || one.file().cmp(&other.file()).then(a.cmp(b));
            rank(one).cmp(&rank(other)).then_with(|| names(one).cmp(&names(other))).then_with(last)
        });
        order.into_iter().map(|(number, _)| number).collect()
    }

    pub(crate) fn count(&self, of: impl Fn(&Fact) -> bool) -> usize {
        self.tools.iter().filter(|fact| of(fact)).count()
    }
}

/// A catalogue in its order.
struct Sorted<'c> {
    all: &'c Catalogue,
    order: &'c [u32],
}

impl Sorted<'_> {
    fn facts(&self) -> impl Iterator<Item = &Fact> {
        self.order.iter().filter_map(|number| self.all.tools.get(*number as usize))
    }

    /// What the script reads.
    fn index<S: Sink>(&self, terms: Terms, sink: &mut S) -> Result<(), S::Error> {
        let mut positions = vec![0; self.order.len()];
        for (position, number) in (0..).zip(self.order) {
            if let Some(of) = positions.get_mut(*number as usize) {
                *of = position;
            }
        }
        let mut firsts = Vec::new();
        terms.parts(&positions, |first, lines| {
            let number = firsts.len();
            firsts.push(first.to_owned());
            sink.page(
                &format!("search/w-{number}.js"),
                &search::call("catalogueWords", number, &json!(lines)),
            )
        })?;
        for (number, block) in self.order.chunks(BLOCK).enumerate() {
            let facts = block.iter().filter_map(|at| self.all.tools.get(*at as usize));
            let rows: Vec<_> = facts.filter_map(|fact| self.entry(fact)).collect();
            sink.page(
                &format!("search/t-{number}.js"),
                &search::call("catalogueTools", number, &json!(rows)),
            )?;
        }
        let directory = json!({
            "tools": self.order.len(),
            "block": BLOCK,
            "firsts": firsts,
            "stop": words::STOP,
            "severities": SEVERITIES.map(|one| named(phrases::severity(one))),
            "categories": CATEGORIES.map(|one| named(phrases::category(one))),
            "risks": RISKS.map(|one| named(phrases::risk(one))),
        });
        sink.page("search/words.js", &search::call("catalogueIndex", 0, &directory))
    }

    /// What the search shows of a tool.
    fn entry(&self, fact: &Fact) -> Option<serde_json::Value> {
        let server = self.all.server_of(fact)?;
        let place = |found: Option<usize>| found.unwrap_or_default();
        Some(json!([
            &*fact.name,
            &*server.name,
            format!("{}/{}", server.folder, fact.file()),
            place(SEVERITIES.iter().position(|one| *one == fact.severity)),
            place(CATEGORIES.iter().position(|one| *one == fact.category)),
            fact.risks.0,
            &*fact.summary,
        ]))
    }

    fn lists<S: Sink>(&self, frame: &Frame, sink: &mut S) -> Result<(), S::Error> {
        for one in SEVERITIES {
            let words = phrases::severity(one);
            let facets =
                vec![("By category", self.categories(|fact| fact.severity == one, "../../category/", None))];
            let list = list(("severity", words), format!("{} severity", words.name), facets);
            self.list(frame, &list, |fact| fact.severity == one, sink)?;
        }
        for one in CATEGORIES {
            let words = phrases::category(one);
            let facets = vec![("That also show", self.risks(|fact| fact.category == one, words.key))];
            let list = list(("category", words), format!("{} tools", words.name), facets);
            self.list(frame, &list, |fact| fact.category == one, sink)?;
        }
        RISKS.iter().try_for_each(|kind| self.risk(frame, *kind, sink))
    }

    /// A kind of risk, and each category of tools that show it.
    fn risk<S: Sink>(&self, frame: &Frame, kind: RiskKind, sink: &mut S) -> Result<(), S::Error> {
        let words = phrases::risk(kind);
        let shows = |fact: &Fact| fact.risks.has(kind);
        let facets = vec![("Only those of a category", self.categories(shows, "", None))];
        let all = list(("risk", words), words.name.to_owned(), facets);
        self.list(frame, &all, shows, sink)?;
        for category in CATEGORIES {
            let of = phrases::category(category);
            let both = |fact: &Fact| fact.category == category && shows(fact);
            if self.all.count(both) == 0 {
                continue;
            }
            let list = List {
                folder: format!("risk/{}/{}", words.key, of.key),
                stem: "index",
                heading: format!("{} tools: {}", of.name, words.name.to_lowercase()),
                means: format!("Each of them {}, and {}.", of.means, words.means),
                crumbs: vec![Crumb { name: words.name.to_owned(), href: "../index.html".to_owned() }],
                facets: vec![("Another category", self.categories(shows, "../", Some(category)))],
            };
            self.list(frame, &list, both, sink)?;
        }
        Ok(())
    }

    fn list<S: Sink>(
        &self,
        frame: &Frame,
        list: &List<'_>,
        of: impl Fn(&Fact) -> bool,
        sink: &mut S,
    ) -> Result<(), S::Error> {
        let facts: Vec<&Fact> = self.facts().filter(|fact| of(fact)).collect();
        let root = list.root();
        let row = |at: usize| {
            let fact = facts.get(at)?;
            Some(Row::of_many(fact, self.all.server_of(fact)?, &root))
        };
        list.pages(frame, facts.len(), sink, row)
    }

    /// The categories of some tools.
    fn categories(&self, of: impl Fn(&Fact) -> bool, way: &str, here: Option<Category>) -> Vec<Facet> {
        let facet = |category: &Category| {
            let words = phrases::category(*category);
            let count = self.all.count(|fact| fact.category == *category && of(fact));
            let href = (count > 0).then(|| format!("{way}{}/index.html", words.key));
            Facet { words, count, href, is_here: here == Some(*category) }
        };
        CATEGORIES.iter().map(facet).collect()
    }

    /// The risks that some tools of a category show.
    fn risks(&self, of: impl Fn(&Fact) -> bool, category: &str) -> Vec<Facet> {
        let facet = |kind: &RiskKind| {
            let words = phrases::risk(*kind);
            let count = self.all.count(|fact| fact.risks.has(*kind) && of(fact));
            let href = (count > 0).then(|| format!("../../risk/{}/{category}/index.html", words.key));
            Facet { words, count, href, is_here: false }
        };
        RISKS.iter().map(facet).collect()
    }
}

fn named(words: Words) -> serde_json::Value {
    json!([words.key, words.name])
}

fn list<'l>(
    (kind, words): (&str, Words),
    heading: String,
    facets: Vec<(&'static str, Vec<Facet>)>,
) -> List<'l> {
    let means = format!("{}: {}.", words.name, words.means);
    List {
        folder: format!("{kind}/{}", words.key),
        stem: "index",
        heading,
        means,
        crumbs: Vec::new(),
        facets,
    }
}
