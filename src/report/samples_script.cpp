#include <fmt/format.h>

#include "report/samples_page.h"

namespace freeact {
namespace {

// Loading: a script element for each file, which calls one of the three functions.
constexpr const char* kLoading = R"js("use strict";
const PAGE_SIZE = 10, KEPT_CHUNKS = 24;
const el = id => document.getElementById(id);
const waiting = new Map(), groups = new Map(), chunks = new Map();
let index = null, state = null, task = null, turn = 0, filled = null;

function arrived(key, data) { const done = waiting.get(key); waiting.delete(key); if (done) done(data); }
function freeact_samples(data) { arrived("samples", data); }
function freeact_group(number, data) { arrived("" + number, data); }
function freeact_chunk(name, data) { arrived(name, data); }

function load(name) {
  return new Promise((done, fail) => {
    waiting.set(name, done);
    const script = document.createElement("script");
    script.src = "samples/" + name + ".js";
    script.onerror = () => fail(new Error("cannot load samples/" + name + ".js: keep the folder beside this page"));
    script.onload = () => script.remove();
    document.head.append(script);
  });
}
function kept(cache, name) {
  if (!cache.has(name)) {
    if (cache.size >= KEPT_CHUNKS) cache.delete(cache.keys().next().value);
    const loaded = load(name);
    loaded.catch(() => cache.delete(name));
    cache.set(name, loaded);
  }
  return cache.get(name);
}
async function texts(item) {
  const chunk = await kept(chunks, state.task + "_" + Math.floor(item / task.chunk));
  return chunk[item % task.chunk];
}
)js";

// Which items are shown.
constexpr const char* kFilter = R"js(
const shownRows = () => task.rows.map((row, i) => i).filter(i =>
  !state.hidden.has(task.rows[i].label) && (state.bits === "all" || task.rows[i].bits === state.bits || is16(task.rows[i])));
const is16 = row => row.bits === "16-bit";
// The run of a row that speaks for it at an item: that of the chosen seed, else the first that answered.
function runOf(row, item) {
  const runs = task.rows[row].runs.filter(run => state.seed === "" || String(task.runs[run].seed) === state.seed);
  return runs.find(run => task.marks[run][item] !== "-");
}
function mark(row, item) { const run = runOf(row, item); return run === undefined ? "-" : task.marks[run][item]; }
function accepts(item) {
  const marks = shownRows().map(row => mark(row, item)).filter(m => m !== "-");
  if (marks.length === 0) return false;
  const right = marks.filter(m => m === "1").length;
  if (state.show === "disagree" && (right === 0 || right === marks.length)) return false;
  if (state.show === "right" && right < marks.length) return false;
  if (state.show === "wrong" && right > 0) return false;
  if (state.right !== "" && mark(+state.right, item) !== "1") return false;
  return state.wrong === "" || "0p".includes(mark(+state.wrong, item));
}
async function contains(item) {
  const data = await texts(item), query = state.query.toLowerCase();
  return [data.question, data.expected, ...data.texts].some(text => text && text.toLowerCase().includes(query));
}
// The items of the page, and how many there are or, in a search that went as far as it had to, "more than" how many.
async function select(mine) {
  const accepted = task.items.map((_, item) => item).filter(accepts), first = state.page * PAGE_SIZE;
  if (state.query === "") return { items: accepted.slice(first, first + PAGE_SIZE), count: accepted.length, of: accepted.length };
  const found = [];
  for (let i = 0; i < accepted.length; ++i) {
    if (mine !== turn) return null;
    if (i % task.chunk === 0) el("status").textContent = `Searching item ${i + 1} of ${accepted.length} …`;
    if (await contains(accepted[i])) found.push(accepted[i]);
    if (found.length > first + PAGE_SIZE) return { items: found.slice(first, first + PAGE_SIZE), count: found.length, more: true };
  }
  return { items: found.slice(first), count: found.length };
}
)js";

constexpr const char* kShowing = R"js(
const SIGNS = { "1": ["✓", "right"], "0": ["✗", "wrong"], p: ["~", "partly right"], "?": ["", ""], "-": ["–", "not answered"] };
function make(tag, text, name) {
  const made = document.createElement(tag);
  if (text !== undefined) made.textContent = text;
  if (name) made.className = name;
  return made;
}
function signOf(letter) {
  const made = make("b", SIGNS[letter][0], letter === "1" ? "right" : letter === "0" ? "wrong" : "");
  made.title = SIGNS[letter][1];
  return made;
}
function folded(title, text) {
  const made = make("details");
  made.append(make("summary", title, "faint"), make("pre", text));
  return made;
}
// Every token of a diffusion model's answer, the darker the later it was written; -1 was given.
function unmasking(order) {
  const made = make("details", undefined, "unmasking"), text = make("pre"), last = Math.max(1, ...order.map(([, step]) => step));
  for (const [token, step] of order) {
    const shown = make(step < 0 ? "s" : "i", token.replaceAll("\n", "↵"), step < 0 ? "" : "s" + Math.floor(step * 7 / last));
    if (step >= 0) shown.title = "step " + step;
    text.append(shown);
  }
  made.append(make("summary", "order of unmasking", "faint"), text);
  return made;
}
function answerCell(data, answer) {
  const cell = make("td"), [, , output, prompt, response, judged, tokens, steps, order] = answer;
  const text = data.texts[output];
  cell.append(text === "" ? make("small", "no text") : make("pre", text));
  if (response !== undefined && response !== output) cell.append(folded("all that was written", data.texts[response]));
  if (judged !== undefined && data.texts[judged] !== "") cell.append(folded("judged", data.texts[judged]));
  if (prompt !== undefined && prompt !== data.answers[0][3]) cell.append(folded("another prompt", data.texts[prompt]));
  if (order !== undefined) cell.append(unmasking(order));
  if (tokens !== undefined) cell.append(make("small", `${tokens} tokens in ${steps} passes`));
  return cell;
}
function otherSeeds(row, item, run) {
  const cell = make("td", undefined, "mark");
  for (const other of task.rows[row].runs) {
    if (other === run) continue;
    const made = signOf(task.marks[other][item]);
    made.title = `seed ${task.runs[other].seed}: ${made.title || "see its score"}`;
    cell.append(made);
  }
  return cell;
}
function answerRow(row, item, data) {
  const line = make("tr"), run = runOf(row, item), { label, bits } = task.rows[row];
  const name = make("td", label);
  if (!is16(task.rows[row])) name.append(make("br"), make("small", bits));
  line.append(name);
  if (run === undefined) { line.append(make("td", "–", "mark"), make("td"), make("td")); return line; }
  const answer = data.answers.find(a => a[0] === run), mark = make("td", undefined, "mark");
  mark.append(signOf(task.marks[run][item]), " ");
  if (!"01".includes(task.marks[run][item])) mark.append(make("small", answer[1] === null ? "nan" : answer[1].toPrecision(4)));
  const link = make("a", "run " + task.runs[run].id);
  link.href = `report.html#run-${task.runs[run].id}`;
  const origin = make("small", `seed ${task.runs[run].seed}, `);
  origin.append(link);
  mark.append(make("br"), origin);
  line.append(mark, otherSeeds(row, item, run), answerCell(data, answer));
  return line;
}
async function article(item) {
  const data = await texts(item), made = make("article"), table = make("table"), head = make("tr"), wide = make("div", undefined, "wide");
  made.append(make("h2", `Item ${task.items[item]}`));
  if (data.picture) {
    const picture = make("img");
    picture.src = "data:image/png;base64," + data.picture;
    picture.alt = `Picture of item ${task.items[item]}`;
    made.append(picture);
  }
  if (data.question) made.append(make("pre", data.question));
  if (data.expected) made.append(make("small", "Expected: "), make("b", data.expected));
  const prompt = data.answers[0][3];
  if (prompt !== undefined) made.append(data.question ? folded("Prompt", data.texts[prompt]) : make("pre", data.texts[prompt]));
  made.append(make("small", "Input " + data.hash.slice(0, 12)));
  for (const title of ["Method", "Score", "Other seeds", "Answer"]) head.append(make("th", title));
  table.append(head, ...shownRows().map(row => answerRow(row, item, data)));
  wide.append(table);
  made.append(wide);
  return made;
}
)js";

// The controls, and the address after #, which names the same view again.
constexpr const char* kControls = R"js(
const FIELDS = ["bits", "seed", "show", "right", "wrong", "query"];
function options(select, entries, chosen) {
  select.replaceChildren(...entries.map(([value, text]) => { const o = make("option", text); o.value = value; return o; }));
  select.value = entries.some(([value]) => value === chosen) ? chosen : entries[0][0];
  return select.value;
}
function fillControls() {
  const bits = [...new Set(task.rows.filter(row => !is16(row)).map(row => row.bits))];
  const seeds = [...new Set(task.runs.map(run => String(run.seed)))].sort((a, b) => a.length - b.length || (a < b ? -1 : 1));
  state.bits = options(el("bits"), [...bits.map(b => [b, b]), ["all", "all"]], state.bits);
  state.seed = options(el("seed"), [["", "first of each method"], ...seeds.map(s => [s, s])], state.seed);
  const rows = task.rows.map((row, i) => [String(i), is16(row) ? row.label : `${row.label}, ${row.bits}`])
    .filter(([i]) => state.bits === "all" || is16(task.rows[i]) || task.rows[i].bits === state.bits);
  state.right = options(el("right"), [["", "anyone"], ...rows], state.right);
  state.wrong = options(el("wrong"), [["", "anyone"], ...rows], state.wrong);
  el("show").value = state.show;
  el("query").value = state.query;
  filled = state.task + " " + state.bits;
  el("rows").replaceChildren(...[...new Set(rows.map(([i]) => task.rows[i].label))].map(label => {
    const made = make("label"), box = make("input");
    box.type = "checkbox";
    box.checked = !state.hidden.has(label);
    box.onchange = () => { state.hidden[box.checked ? "delete" : "add"](label); state.page = 0; show(); };
    made.append(box, label);
    return made;
  }));
}
async function show() {
  const mine = ++turn;
  try {
    task = await kept(groups, state.task);
    if (mine !== turn) return;
    if (filled !== state.task + " " + state.bits) fillControls();
    const chosen = await select(mine);
    if (chosen === null || mine !== turn) return;
    const articles = await Promise.all(chosen.items.map(article));
    if (mine !== turn) return;
    el("items").replaceChildren(...articles);
    const first = state.page * PAGE_SIZE, last = first + chosen.items.length;
    el("status").textContent = chosen.items.length === 0 ? `No item of ${task.items.length} is like that.`
      : `Items ${first + 1} to ${last} of ${chosen.more ? "more" : chosen.count}; the task has ${task.items.length}.`;
    el("previous").disabled = state.page === 0;
    el("next").disabled = !(chosen.more || last < chosen.count);
    remember();
  } catch (error) { el("status").textContent = error.message; }
}
function remember() {
  const query = new URLSearchParams({ task: state.task, page: state.page });
  for (const field of FIELDS) if (state[field] !== "") query.set(field, state[field]);
  for (const label of state.hidden) query.append("hide", label);
  history.replaceState(null, "", "#" + query);
}
function recall() {
  const query = new URLSearchParams(location.hash.slice(1));
  state = { task: index.groups[+query.get("task")] ? String(+query.get("task")) : "0", page: Math.max(0, +query.get("page") || 0),
            hidden: new Set(query.getAll("hide")) };
  for (const field of FIELDS) state[field] = query.get(field) ?? (field === "show" ? "all" : "");  // no bits: the first
  el("task").value = state.task;
  filled = null;
}
function turnPage(by) { if (!el(by > 0 ? "next" : "previous").disabled) { state.page += by; show(); scrollTo(0, 0); } }
function connect() {
  el("task").onchange = () => { Object.assign(state, { task: el("task").value, page: 0, right: "", wrong: "" }); show(); };
  let typing;
  for (const field of FIELDS) el(field)[field === "query" ? "oninput" : "onchange"] = () => {
    clearTimeout(typing);
    typing = setTimeout(() => { state[field] = el(field).value; state.page = 0; show(); }, field === "query" ? 300 : 0);
  };
  el("controls").onsubmit = event => event.preventDefault();
  el("previous").onclick = () => turnPage(-1);
  el("next").onclick = () => turnPage(1);
  document.onkeydown = event => {
    if (event.ctrlKey || event.metaKey || event.altKey || /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName)) return;
    if (event.key === "j" || event.key === "ArrowRight") turnPage(1);
    if (event.key === "k" || event.key === "ArrowLeft") turnPage(-1);
    if (event.key === "/") { event.preventDefault(); el("query").focus(); }
  };
  window.onhashchange = () => { recall(); show(); };
}
async function start() {
  try { index = await load("samples"); } catch (error) { el("status").textContent = error.message; return; }
  const several = field => new Set(index.groups.map(g => g[field])).size > 1;
  document.title = "Samples: " + index.title;
  if (index.groups.length === 0) { el("status").textContent = "The runs kept no samples."; return; }
  options(el("task"), index.groups.map((g, i) => [String(i), [g.task, ...["model", "experiment", "checkpoint"].filter(several).map(f => g[f])]
    .join(", ") + ` (${g.samples} samples)`]), "0");
  recall();
  connect();
  show();
}
start();
)js";

}  // namespace

std::string samples_script() {
  return fmt::format("{}{}{}{}", kLoading, kFilter, kShowing, kControls);
}

}  // namespace freeact
