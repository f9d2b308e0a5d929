#include "report/page_assets.h"

namespace freeact {
namespace {

constexpr std::string_view kStyle = R"css(
:root { color-scheme: light dark;
        --paper: #ffffff; --ink: #1f2328; --faint: #59636e; --rule: #d1d9e0; --stripe: #f6f8fa; --link: #0969da;
        --alarm: #b3261e; --alarm-paper: #fff1f0; --right: #1a7f37; }
@media screen and (prefers-color-scheme: dark) {
  :root { --paper: #12161c; --ink: #e6e9ee; --faint: #9aa4b0; --rule: #343c46; --stripe: #1a2028; --link: #6cb0ff;
          --alarm: #ff9d94; --alarm-paper: #34191a; --right: #56d07a; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 2.5rem 1.5rem 5rem; max-width: 84rem; background: var(--paper); color: var(--ink);
       font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif;
       overflow-wrap: anywhere; }
h1 { font-size: 1.8rem; line-height: 1.2; margin: 0 0 1rem; overflow-wrap: break-word; }
h2 { font-size: 1.3rem; margin: 3rem 0 .75rem; padding-bottom: .3rem; border-bottom: 1px solid var(--rule); }
p { max-width: 60rem; }
a { color: var(--link); text-decoration: none; } a:hover { text-decoration: underline; }
nav ul { display: flex; flex-wrap: wrap; gap: .2rem 1.4rem; margin: 0 0 1.2rem; padding: 0; list-style: none; }
.list { max-width: 66rem; margin: 1rem 0; padding: .8rem 1.1rem; border-left: 4px solid var(--rule);
        background: var(--stripe); border-radius: 0 6px 6px 0; }
.list.alarm { border-color: var(--alarm); background: var(--alarm-paper); }
.list strong { display: block; } .list ul { margin: .3rem 0 0; padding-left: 1.2rem; }
figure { margin: 1.5rem 0 2rem; } figure svg { max-width: 100%; height: auto; display: block; }
figcaption { color: var(--faint); font-size: .9rem; max-width: 60rem; margin: .3rem 0 .5rem; }
figcaption b { color: var(--ink); font-size: 1rem; display: block; }
.wide { overflow-x: auto; overflow-wrap: normal; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; border-bottom: 1.5px solid var(--ink); }
thead th { border-top: 1.5px solid var(--ink); border-bottom: 1px solid var(--ink); font-weight: 600;
           vertical-align: bottom; }
th, td { padding: .35rem .6rem; text-align: right; vertical-align: top; } td { white-space: nowrap; }
.text { text-align: left; } td.text { white-space: normal; } td:has(a) { white-space: normal; min-width: 5rem; }
td.long { min-width: 16rem; }
tbody tr { background: var(--paper); scroll-margin-top: 3rem; } tbody tr:nth-child(even) { background: var(--stripe); }
tbody tr:target { outline: 2px solid var(--link); outline-offset: -2px; }
td small { display: block; color: var(--faint); font-size: .78rem; white-space: nowrap; }
td.bold { font-weight: 700; } td.bold small { font-weight: 400; } td.alarm { color: var(--alarm); }
button { font: inherit; color: inherit; background: none; border: 0; padding: 0; text-align: inherit; cursor: pointer; }
button:focus-visible, .wide:focus-visible, a:focus-visible { outline: 2px solid var(--link); outline-offset: 2px; }
th button::after { content: "\00a0▾"; color: var(--faint); opacity: .45; font-weight: 400; }
th[aria-sort] button::after { color: var(--link); opacity: 1; } th[aria-sort=ascending] button::after { content: "\00a0▴"; }
button.data { margin-left: .6rem; color: var(--link); } button.data:hover { text-decoration: underline; }
.cards { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 17rem), 1fr)); gap: 1rem; }
.card { border: 1px solid var(--rule); border-radius: 6px; padding: .8rem; min-width: 0; overflow-wrap: anywhere; }
.card small { color: var(--faint); } .card p { margin: .5rem 0; }
.card img { display: block; max-width: 100%; height: auto; } .card img.pixels { image-rendering: pixelated; }
.card dl { display: grid; grid-template-columns: fit-content(55%) 1fr; margin: .6rem 0 0; font-size: .92rem; }
.card dl div { display: contents; } .card dt, .card dd { padding: .15rem 0; border-top: 1px solid var(--rule); }
.card dt { padding-right: .8rem; color: var(--faint); overflow-wrap: break-word; } .card dd { margin: 0; min-width: 0; }
.card .right b { color: var(--right); } .card .wrong b { color: var(--alarm); }
.card.unmasking { grid-column: 1 / -1; } .unmasking dl { grid-template-columns: minmax(6rem, max-content) 1fr; }
.unmasking dd { white-space: pre-wrap; line-height: 1.7; } .unmasking s { text-decoration: none; color: var(--faint); }
.unmasking i { font-style: normal; color: #000; border-radius: 2px; box-shadow: inset 0 0 0 1px #7776; padding: 1px 1px;
               print-color-adjust: exact; }
.unmasking .s0 { background: #ffffd9; } .unmasking .s1 { background: #edf8b1; } .unmasking .s2 { background: #c7e9b4; }
.unmasking .s3 { background: #7fcdbb; } .unmasking .s4 { background: #41b6c4; } .unmasking .s5 { background: #1d91c0; }
.unmasking .s6 { background: #225ea8; color: #fff; } .unmasking .s7 { background: #0c2c84; color: #fff; }
.unmasking i.open { color: transparent; background: var(--stripe); }
.steps { display: flex; gap: .8rem; align-items: center; font-size: .9rem; } .steps input { flex: 1; max-width: 30rem; }
.steps button { color: var(--link); }
@media screen and (max-width: 45rem) {
  body { padding: 1.2rem .8rem 3rem; } h1 { font-size: 1.45rem; } table { font-size: .9rem; }
  th, td { padding: .3rem .5rem; } figure svg { max-width: none; }
  .unmasking dl, .unmasking dl div { display: block; } .unmasking dd { border: 0; }
  th:first-child, td:first-child { position: sticky; left: 0; background: inherit; max-width: 45vw; }
  td.long { min-width: 11rem; } td.long:first-child { min-width: 8rem; }
  thead th:first-child { background: var(--paper); } }
@media print {
  @page { size: A4 landscape; margin: 12mm; }
  body { max-width: none; padding: 0; font-size: 11px; } .card, figure svg, tr, .list { break-inside: avoid; }
  h2, figcaption { break-after: avoid; } .wide { overflow: visible; } figure svg { max-height: 170mm; }
  th, td { padding: .2rem .35rem; } td, td small { white-space: normal; } td.long { min-width: 0; }
  table { font-size: 9px; overflow-wrap: anywhere; } button.data, nav, .steps, th button::after { display: none; } }
)css";

constexpr std::string_view kScript = R"js(
(() => {
  const collator = new Intl.Collator('en', { numeric: true });
  const value = cell => {
    const copy = cell.cloneNode(true);
    for (const small of copy.querySelectorAll('small')) small.remove();
    return copy.textContent;
  };
  const note = cell => { const small = cell.querySelector('small'); return small ? small.textContent : ''; };
  const missing = text => text === '' || text === '–';
  const number = text => parseFloat(text.replaceAll('−', '-').replace(/^[^\d.+-]+/, ''));

  // Missing values stay last; a third click brings back the order of the report.
  const sorted = (rows, column, order) => {
    if (order === 'none') return rows;
    const keyed = rows.map(row => ({ row, text: value(row.cells[column]) }));
    const numeric = keyed.every(item => missing(item.text) || !isNaN(number(item.text)));
    const compare = numeric ? (a, b) => number(a) - number(b) : collator.compare;
    const sign = order === 'ascending' ? 1 : -1;
    keyed.sort((a, b) => missing(a.text) - missing(b.text) || sign * compare(a.text, b.text));
    return keyed.map(item => item.row);
  };
  const makeSortable = table => {
    const rows = [...table.tBodies[0].rows];
    const heads = [...table.tHead.rows[0].cells];
    const next = { ascending: 'descending', descending: 'none' };
    heads.forEach((head, column) => {
      const button = document.createElement('button');
      button.type = 'button';
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener('click', () => {
        const order = next[head.getAttribute('aria-sort')] || 'ascending';
        for (const other of heads) other.removeAttribute('aria-sort');
        if (order !== 'none') head.setAttribute('aria-sort', order);
        table.tBodies[0].append(...sorted(rows, column, order));
      });
    });
  };

  const quote = text => /[",\r\n]/.test(text) ? '"' + text.replaceAll('"', '""') + '"' : text;
  const csvOf = table => {
    const rows = [...table.rows];
    const noted = [...rows[0].cells].map((head, i) => rows.some(row => note(row.cells[i])));
    const line = row => [...row.cells].flatMap((cell, i) => {
      const text = value(cell);
      return noted[i] ? [text, row === rows[0] ? text + ' (note)' : note(cell)] : [text];
    });
    return rows.map(row => line(row).map(quote).join(',') + '\r\n').join('');
  };
  const offer = (figure, makeText) => {
    const button = document.createElement('button');
    button.type = 'button';
    button.className = 'data';
    button.textContent = 'CSV';
    button.title = 'Save these numbers as ' + figure.id + '.csv';
    button.addEventListener('click', () => {
      const link = document.createElement('a');
      link.href = URL.createObjectURL(new Blob([makeText()], { type: 'text/csv' }));
      link.download = figure.id + '.csv';
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 10000);
    });
    figure.querySelector('figcaption').append(button);
  };

  // A slider that takes an answer back to an earlier step, and a button that writes it from the start.
  const makePlayable = card => {
    const steps = Number(card.dataset.steps);
    const tokens = [...card.querySelectorAll('[data-t]')];
    for (const token of tokens) token.title = 'step ' + token.dataset.t;
    const controls = document.createElement('div'), play = document.createElement('button');
    const slider = document.createElement('input'), told = document.createElement('span');
    let timer = 0;
    const show = written => {
      slider.value = written;
      told.textContent = written + ' of ' + steps + ' steps';
      for (const token of tokens) token.classList.toggle('open', Number(token.dataset.t) >= written);
    };
    const stop = () => { clearInterval(timer); timer = 0; play.textContent = '▶ Play'; };
    const run = () => {
      show(0);
      play.textContent = '■ Stop';
      timer = setInterval(() => { show(Number(slider.value) + 1); if (Number(slider.value) >= steps) stop(); },
                          Math.max(40, Math.min(400, 6000 / steps)));
    };
    Object.assign(slider, { type: 'range', min: 0, max: steps });
    slider.setAttribute('aria-label', 'steps shown');
    slider.addEventListener('input', () => { stop(); show(Number(slider.value)); });
    play.type = 'button';
    play.addEventListener('click', () => { if (timer) { stop(); show(steps); } else run(); });
    controls.className = 'steps';
    controls.append(play, slider, told);
    card.insertBefore(controls, card.querySelector('dl'));
    stop();
    show(steps);
  };

  for (const card of document.querySelectorAll('.unmasking')) makePlayable(card);
  for (const figure of document.querySelectorAll('figure')) {
    const table = figure.querySelector('table');
    const data = figure.querySelector('template.csv');
    if (table) makeSortable(table);
    if (table) offer(figure, () => csvOf(table));
    if (data) offer(figure, () => data.content.textContent);
  }
})();
)js";

}  // namespace

std::string_view page_style() {
  return kStyle;
}

std::string_view page_script() {
  return kScript;
}

}  // namespace freeact
