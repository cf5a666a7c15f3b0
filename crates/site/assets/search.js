// The search of the catalogue. Its index is scripts, which also load from a disk; texts are set as texts and nothing else.
"use strict";
(() => {
  const STEP = 20;
  // Words that begin with a short one are many; as many parts are read for one word.
  const PARTS = 8;
  const by = (id) => document.getElementById(id);
  const form = by("search"), query = by("query"), found = by("found"), list = by("results"), more = by("more");
  const filters = ["category", "severity", "risk"].map(by);
  let index, asked = 0, results = [], shown = 0;

  const waiting = new Map();
  const arrives = (kind) => (number, data) => waiting.get(`${kind}-${number}`)?.(data);
  window.catalogueIndex = arrives("words");
  window.catalogueWords = arrives("w");
  window.catalogueTools = arrives("t");

  const loaded = new Map();
  function load(kind, number, file = `${kind}-${number}`) {
    const key = `${kind}-${number}`;
    if (!loaded.has(key)) {
      loaded.set(key, new Promise((resolve, reject) => {
        const script = document.createElement("script");
        waiting.set(key, (data) => { waiting.delete(key); resolve(data); });
        script.onerror = () => { loaded.delete(key); reject(new Error(file)); };
        script.src = `search/${file}.js`;
        document.head.append(script);
        script.onload = () => script.remove();
      }));
    }
    return loaded.get(key);
  }

  const unspaced = /[\u2e80-\ud7ff\uf900-\ufaff]/;
  // As the index splits texts.
  function wordsOf(text) {
    const words = [];
    for (const run of text.toLowerCase().match(/[\p{L}\p{N}\p{Other_Alphabetic}]+/gu) ?? []) {
      if (unspaced.test(run)) {
        if (run.length === 1) words.push(run);
        for (let at = 0; at + 1 < run.length; at++) words.push(run.slice(at, at + 2));
      } else if (run.length > 1 && !index.stop.includes(run)) words.push(run.slice(0, 32));
    }
    return [...new Set(words)].slice(0, 12);
  }

  // The last part that begins with this word or one before it.
  function partOf(word) {
    let low = 0, high = index.firsts.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (index.firsts[middle] <= word) low = middle + 1; else high = middle;
    }
    return Math.max(0, low - 1);
  }

  const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  const VALUE = new Uint8Array(128);
  for (let at = 0; at < 64; at++) VALUE[LETTERS.charCodeAt(at)] = at;
  function eachOf(text, does) {
    let number = 0, rest = 0, shift = 0;
    for (let at = 0; at < text.length; at++) {
      const value = VALUE[text.charCodeAt(at)];
      rest += (value & 31) * 2 ** shift;
      shift += 5;
      if (value < 32) { number += rest; does(number); rest = 0; shift = 0; }
    }
  }

  // The lines of all words that are this one, or begin with it.
  async function linesOf(word, whole) {
    const lines = [];
    let parts = 0;
    for (let part = partOf(word); part < index.firsts.length && parts < PARTS; part++, parts++) {
      if (part > partOf(word) && !index.firsts[part].startsWith(word)) break;
      for (const line of (await load("w", part)).split("\n")) {
        const [own, named, said] = line.split(" ");
        if (own === word || (!whole && own.startsWith(word) && !own.includes(":"))) lines.push([own, named, said]);
      }
    }
    return lines;
  }

  // How well each tool fits a word: best where its name has it, and where it is the whole word.
  async function score(word, whole, scores) {
    const own = new Uint8Array(index.tools);
    const gives = (text, points) => eachOf(text, (tool) => { if (own[tool] < points) own[tool] = points; });
    // An ending more or less is the same word to people.
    const stem = word.length > 4 && word.endsWith("s") ? word.slice(0, -1) : word;
    for (const [term, named, said] of await linesOf(whole ? word : stem, whole)) {
      const same = term === word || term === stem;
      gives(named, same ? 8 : 5);
      gives(said, same ? 4 : 2);
    }
    for (let tool = 0; tool < own.length; tool++) if (own[tool]) { scores.points[tool] += own[tool]; scores.words[tool]++; }
  }

  async function search() {
    const mine = ++asked;
    index ??= await load("words", 0, "words");
    const words = wordsOf(query.value);
    const wanted = filters.filter((one) => one.value).map((one) => `${one.name}:${one.value}`);
    if (!words.length && !wanted.length) {
      results = [];
      list.replaceChildren();
      more.hidden = true;
      found.textContent = query.value.trim() ? "These words are in nearly every text: add one that is not." : "";
      return;
    }
    const scores = { points: new Uint16Array(index.tools), words: new Uint8Array(index.tools) };
    for (const word of words) await score(word, false, scores);
    const allowed = { points: new Uint16Array(index.tools), words: new Uint8Array(index.tools) };
    for (const filter of wanted) await score(filter, true, allowed);
    if (mine !== asked) return;
    const passes = (tool) => allowed.words[tool] === wanted.length;
    const having = (most) => {
      const tools = [];
      for (let tool = 0; tool < index.tools; tool++) if (scores.words[tool] >= most && passes(tool)) tools.push(tool);
      return tools;
    };
    let least = words.length;
    results = having(least);
    while (!results.length && least > 1) results = having(--least);
    // Tools are numbered from the worst.
    results.sort((one, other) => scores.points[other] - scores.points[one] || one - other);
    list.replaceChildren();
    shown = 0;
    await show(mine, words.length - least);
  }

  function told(missing) {
    const tools = `${results.length.toLocaleString("en")} tool${results.length === 1 ? "" : "s"}`;
    if (!results.length) return "No tool fits. Try fewer words, or another one.";
    const partly = missing ? " No tool has all of the words; these have some." : "";
    return `${tools}${shown < results.length ? `, the best ${shown}` : ""}.${partly}`;
  }

  async function show(mine, missing) {
    const next = results.slice(shown, shown + STEP);
    const entries = await Promise.all(next.map(async (tool) => {
      const block = await load("t", Math.floor(tool / index.block));
      return block[tool % index.block];
    }));
    if (mine !== asked) return;
    list.append(...entries.map(entry));
    shown += entries.length;
    more.hidden = shown >= results.length;
    more.onclick = () => run(async () => {
      const first = list.children.length;
      await show(mine, missing);
      list.children[first]?.querySelector("a").focus();
    });
    found.textContent = told(missing);
  }

  function element(name, kind, ...inside) {
    const made = document.createElement(name);
    if (kind) made.className = kind;
    made.append(...inside);
    return made;
  }
  function link(href, text) {
    const made = element("a", "", element("bdi", "", text));
    made.setAttribute("href", href);
    return made;
  }
  function entry([name, server, href, severity, category, risks, summary]) {
    const [key, words] = index.severities[severity];
    const folder = href.slice(0, href.lastIndexOf("/"));
    const what = element("p", "what", link(href, name), " ", element("span", `severity ${key}`, words), " ",
      element("span", "category", index.categories[category][1]), " ",
      element("span", "of", "of ", link(`${folder}/index.html`, server)));
    const made = element("li", "", what);
    if (summary) made.append(element("p", "summary", element("bdi", "", summary)));
    const kinds = index.risks.filter((_, at) => risks & (1 << at));
    if (kinds.length) made.append(element("ul", "risks", ...kinds.map(([, name]) => element("li", "", name))));
    return made;
  }

  function run(work) {
    work().catch(() => { found.textContent = "The index of the search cannot be read. Load the page again."; });
  }
  function remember() {
    const kept = new URLSearchParams();
    for (const field of [query, ...filters]) if (field.value) kept.set(field.name, field.value);
    // A page from a disk may not be able to.
    try { history.replaceState(null, "", kept.size ? `?${kept}` : location.pathname); } catch { /* then it is not kept */ }
  }

  const given = new URLSearchParams(location.search);
  for (const field of [query, ...filters]) field.value = given.get(field.name) ?? "";
  let timer;
  const soon = (wait) => {
    clearTimeout(timer);
    timer = setTimeout(() => { remember(); run(search); }, wait);
  };
  query.addEventListener("input", () => soon(200));
  for (const filter of filters) filter.addEventListener("change", () => soon(0));
  form.addEventListener("submit", (event) => { event.preventDefault(); soon(0); });
  if (location.search) run(search); else query.focus();
})();
