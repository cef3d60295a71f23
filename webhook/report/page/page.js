"use strict";
// Everything from a manifest is inserted as text (textContent), or as the SVG that the server built as a tree.

const data = JSON.parse(document.getElementById("data").textContent);
const $ = (id) => document.getElementById(id);
const AT_ONCE = 25; // cards; a file of thousands of Pods stays readable
let views = [];
let shown = 0;

function element(tag, kind, ...content) {
  const node = document.createElement(tag);
  if (kind) node.className = kind;
  node.append(...content);
  return node;
}

function list(items, kindOf, textOf) {
  return element("ul", "list", ...items.map((item) => element("li", kindOf(item), textOf(item), " ", element("code", "reason", item.reason))));
}

function drawing(svg) {
  return document.importNode(new DOMParser().parseFromString(svg, "image/svg+xml").documentElement, true);
}

function chart(view) {
  return element("div", "chart", element("div", "at-wide", drawing(view.svg)), element("div", "at-narrow", drawing(view.narrow)));
}

const VERDICTS = { loses: ["✘", "loses requests", "bad"], safe: ["✔", "safe", "good"], unknown: ["?", "unknown", "warn"] };

function verdict(value, when) {
  const [sign, word, kind] = VERDICTS[value];
  return element("span", `badge ${kind}`, `${sign} ${when}: ${word}`);
}

function diff(text) {
  const kinds = { "+": "add", "-": "del", "@": "at" };
  const kind = (line) => (/^(---|\+\+\+) /.test(line) ? "at" : kinds[line[0]] || "");
  return element("pre", "diff", ...text.trimEnd().split("\n").map((line) => element("span", kind(line), line || " ")));
}

function fold(title, open, ...content) {
  const details = element("details", "", element("summary", "", title), ...content);
  details.open = open;
  return details;
}

function copyButton(patch) {
  const button = element("button", "quiet", "Copy the patch");
  button.type = "button";
  button.addEventListener("click", async () => {
    const text = JSON.stringify(patch, null, 2);
    try {
      await navigator.clipboard.writeText(text);
      button.textContent = "Copied";
    } catch {
      button.replaceWith(element("pre", "", text));
    }
  });
  return button;
}

function card(view) {
  const title = element("h2", "", view.title, verdict(view.today, "today"), verdict(view.withLastcall, "with lastcall"));
  title.append(element("span", `badge ${view.outcome}`, view.outcome));
  if (view.where) title.append(element("small", "", view.where));
  const article = element("article", "card", title);
  article.tabIndex = -1;
  if (view.svg) article.append(chart(view));
  if (view.note) article.append(element("p", "faint", view.note));
  if (view.findings.length) {
    article.append(element("h3", "", "What goes wrong as written"));
    article.append(list(view.findings, (f) => (f.loses ? "bad" : f.unknown ? "unsure" : ""), (f) => `${f.target}: ${f.message}. ${f.fixed ? "lastcall fixes it." : f.advice}`));
  }
  article.append(element("h3", "", "What lastcall does, and why"));
  article.append(list(view.decisions, (d) => d.outcome, (d) => `${d.target}: ${d.message}`));
  for (const problem of view.problems) article.append(element("p", "bad", problem));
  if (view.diff) article.append(fold("Changes", true, diff(view.diff)));
  if (view.patch.length) article.append(fold("JSON Patch", false, element("p", "", copyButton(view.patch))));
  return article;
}

function showMore(count) {
  const next = views.slice(shown, shown + count);
  shown += next.length;
  $("cards").append(...next.map(card));
  $("more").hidden = shown >= views.length;
}

function clear() {
  views = [];
  shown = 0;
  for (const id of ["cards", "errors", "fleet", "assumed"]) $(id).replaceChildren();
  $("legend").hidden = true;
  $("more").hidden = true;
}

function take(line) {
  if (line.error) $("errors").append(element("p", "", line.error));
  if (line.assumed) $("assumed").textContent = line.assumed;
  if (!line.view) return;
  if (line.view.svg) $("legend").hidden = false;
  views.push(line.view);
  if (shown < AT_ONCE) showMore(1);
  else $("more").hidden = false;
}

function summary(done) {
  const counts = (key) =>
    [["loses", "lose requests"], ["safe", "safe"], ["unknown", "unknown"]]
      .map(([verdict, words]) => `${views.filter((view) => view[key] === verdict).length} ${words}`)
      .join(", ");
  const of = `${views.length} ${views.length === 1 ? "workload" : "workloads"}`;
  return `${done ? "" : "… "}${of}: today ${counts("today")}; with lastcall ${counts("withLastcall")}`;
}

// --- the live page -------------------------------------------------------------------------------------------------

let asked = null;
let held = null; // a text too large for a field: laying it out would freeze the page
const TOO_LARGE = 200000;

function put(text) {
  held = text.length > TOO_LARGE ? text : null;
  $("manifest").value = held ? text.slice(0, 20000) : text;
  $("manifest").readOnly = Boolean(held);
  $("held").hidden = !held;
  if (held) $("size").textContent = `${(text.length / 1e6).toFixed(1)} MB; only the beginning is shown`;
  ask();
}

async function ask() {
  const manifest = held ?? $("manifest").value;
  asked?.abort();
  if (!manifest.trim()) {
    clear();
    $("status").textContent = "";
    return;
  }
  const mine = (asked = new AbortController());
  const request = { manifest };
  for (const id of ["profile", "cause", "seconds", "propagation", "drain", "kubelet"]) request[id] = $(id).value;
  try {
    const answer = await fetch("api/forecast", {
      method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(request), signal: mine.signal,
    });
    clear();
    if (!answer.ok) return take({ error: await answer.text() });
    await follow(answer.body.getReader(), mine);
    $("status").textContent = views.length || $("errors").childElementCount ? summary(true) : "No document creates a Pod.";
  } catch (problem) {
    if (problem.name !== "AbortError") take({ error: `lastcall does not answer (${problem.message}): is it still running?` });
  }
}

async function follow(reader, mine) {
  const decoder = new TextDecoder();
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done || mine.signal.aborted) return;
    const lines = (rest + decoder.decode(value, { stream: true })).split("\n");
    rest = lines.pop();
    lines.filter(Boolean).forEach((line) => take(JSON.parse(line)));
    $("status").textContent = summary(false);
  }
}

function live() {
  document.querySelector("main").classList.add("live");
  $("ask").hidden = false;
  for (const id of ["profile", "cause"]) {
    $(id).append(...data[id].map(([value, title]) => {
      const option = element("option", "", title);
      option.value = value;
      return option;
    }));
  }
  defaults();
  $("ask").addEventListener("input", defaults);
  let timer;
  $("ask").addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(ask, 200);
  });
  $("manifest").addEventListener("paste", (event) => {
    const text = event.clipboardData?.getData("text") ?? "";
    if (text.length <= TOO_LARGE) return;
    event.preventDefault();
    put(text);
  });
  $("clear").addEventListener("click", () => { put(""); $("manifest").focus(); });
  $("ask").addEventListener("submit", (event) => { event.preventDefault(); ask(); });
  $("ask").addEventListener("keydown", (event) => { if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) ask(); });
  $("sample").addEventListener("click", () => put(data.sample));
  $("choose").addEventListener("click", () => $("file").click());
  $("file").addEventListener("change", () => { if ($("file").files[0]) open($("file").files[0]); });
  for (const kind of ["dragover", "dragleave", "drop"]) {
    document.addEventListener(kind, (event) => {
      event.preventDefault();
      $("manifest").classList.toggle("over", kind === "dragover");
      if (kind === "drop" && event.dataTransfer.files[0]) open(event.dataTransfer.files[0]);
    });
  }
  $("manifest").focus();
}

function defaults() {
  const third = (id) => data[id].find(([value]) => value === $(id).value)[2];
  $("seconds").placeholder = third("cause") ?? "the Pod's own";
  $("propagation").placeholder = third("profile");
}

async function open(file) {
  put(await file.text());
}

// --- a report ------------------------------------------------------------------------------------------------------

function fleet(audit) {
  const tiles = audit.tiles.map(([number, words, kind]) => element("div", "tile", element("b", kind, String(number)), element("span", "", words)));
  const head = element("tr", "", ...audit.columns.map((name) => element("th", "", name)));
  const rows = audit.rows.map(({ cells, kind, after }) =>
    element("tr", "", ...cells.map((text, at) => {
      const cell = element("td", at === 0 ? `sign ${kind}` : at === 4 ? after : "", text);
      cell.dataset.label = audit.columns[at];
      return cell;
    })));
  const filter = element("input");
  filter.type = "search";
  filter.placeholder = "Filter: a name, a file, a reason";
  filter.setAttribute("aria-label", "Filter the workloads");
  filter.addEventListener("input", () => {
    const wanted = filter.value.toLowerCase();
    for (const row of rows) row.hidden = !row.textContent.toLowerCase().includes(wanted);
  });
  const table = element("table", "", element("thead", "", head), element("tbody", "", ...rows));
  $("fleet").append(element("div", "tiles", ...tiles), element("div", "card", filter, table, element("p", "faint", audit.more)));
  document.querySelector("main").classList.add("wide");
}

$("legend").append(...data.legend.map(([svg, words]) => element("li", "", drawing(svg), words)));
$("more").addEventListener("click", () => showMore(AT_ONCE));
if (data.tagline) $("tagline").textContent = data.tagline;
if (data.mode === "live") live();
if (data.audit) fleet(data.audit);
for (const line of data.lines || []) take(line);
if (data.note) $("status").textContent = data.note;
