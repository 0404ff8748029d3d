-- rocks/openapi/page_files.lua -- the style sheet and the script of the pages that html.lua makes.

local M = {}

M.style = [[
:root { color-scheme: light dark; --ink: #1b1f24; --soft: #57606a; --line: #d0d7de; --back: #fff; --panel: #f6f8fa;
  --link: #0550ae; --get: #0550ae; --post: #116329; --put: #7d4e00; --delete: #a40e26; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e6edf3; --soft: #a3adb8; --line: #30363d; --back: #0d1117; --panel: #161b22; --link: #79c0ff;
    --get: #79c0ff; --post: #7ee787; --put: #f2cc60; --delete: #ffa198; }
}
* { box-sizing: border-box; }
html { scroll-padding-top: 3.5rem; }
body { margin: 0; font: 16px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--back); }
a { color: var(--link); }
header { position: sticky; top: 0; z-index: 1; padding: .6rem 1rem; background: var(--panel);
  border-bottom: 1px solid var(--line); display: flex; gap: 1rem; flex-wrap: wrap; }
.home { font-weight: 700; color: inherit; text-decoration: none; }
.columns { display: flex; align-items: flex-start; max-width: 90rem; margin: 0 auto; }
nav { flex: 0 0 20rem; position: sticky; top: 3rem; max-height: calc(100vh - 3rem); overflow: auto; padding: 1rem;
  font-size: .85rem; }
nav ul { list-style: none; padding: 0; margin: 0; }
nav li { overflow-wrap: anywhere; }
nav li a { display: block; padding: .15rem 0; text-decoration: none; color: inherit; }
nav li a:hover, nav li a:focus { text-decoration: underline; }
nav .tag { font-weight: 700; margin-top: .6rem; }
nav summary { font-weight: 700; cursor: pointer; }
nav input { width: 100%; padding: .4rem; font: inherit; color: inherit; background: var(--back);
  border: 1px solid var(--soft); border-radius: .3rem; }
#found { margin: .3rem 0; color: var(--soft); min-height: 1.3em; }
main { flex: 1; min-width: 0; padding: 1rem; }
article { border-top: 1px solid var(--line); padding: 1rem 0; }
h1, h2, h3 { line-height: 1.25; }
h3 { overflow-wrap: anywhere; }
.m { font: 700 .75em ui-monospace, monospace; }
.get { color: var(--get); } .post { color: var(--post); } .put, .patch { color: var(--put); }
.delete { color: var(--delete); }
.at { color: var(--soft); }
.meta, .limits { color: var(--soft); }
.limits, td { overflow-wrap: anywhere; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .9rem; margin: .5rem 0; }
caption { text-align: left; font-weight: 700; }
th, td { text-align: left; vertical-align: top; padding: .25rem .6rem .25rem 0; border-bottom: 1px solid var(--line); }
td:first-child { min-width: 9rem; }
td:nth-child(2) { overflow-wrap: normal; }
.d1 { padding-left: 1rem; } .d2 { padding-left: 2rem; } .d3 { padding-left: 3rem; } .d4 { padding-left: 4rem; }
.d5 { padding-left: 5rem; } .d6 { padding-left: 6rem; }
.alt th { color: var(--soft); padding-top: .6rem; }
code, pre { font-family: ui-monospace, monospace; font-size: .9em; }
pre { background: var(--panel); border: 1px solid var(--line); border-radius: .3rem; padding: .7rem; overflow: auto;
  max-height: 30rem; }
main summary { cursor: pointer; padding: .3rem 0; }
dt { margin-top: .5rem; } dd { margin-left: 1rem; }
[hidden] { display: none; }
@media (max-width: 50rem) {
  .columns { display: block; }
  nav { position: static; max-height: none; padding-bottom: 0; }
  nav ul { max-height: 40vh; overflow: auto; }
  nav ul ul { max-height: none; }
}
]]

M.icon = [[
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><rect width="16" height="16" rx="3" fill="#0550ae"/>
<path d="M5 3v10M11 3v10M5 8h6" stroke="#fff" stroke-width="2"/></svg>
]]

M.script = [[
'use strict';
const input = document.getElementById('search');
const found = document.getElementById('found');
const articles = [...document.querySelectorAll('article')];
const links = new Map([...document.querySelectorAll('li[data-for]')].map((li) => [li.dataset.for, li]));
const groups = [...document.querySelectorAll('section, nav ul > li:not([data-for])')];

function search() {
  const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
  let count = 0;
  for (const article of articles) {
    const fits = words.every((word) => article.dataset.words.includes(word));
    article.hidden = !fits;
    links.get(article.id).hidden = !fits;
    count += fits ? 1 : 0;
  }
  for (const group of groups) group.hidden = !group.querySelector('article:not([hidden]), li[data-for]:not([hidden])');
  found.textContent = words.length ? `${count} of ${articles.length}` : '';
}

if (input) {
  input.addEventListener('input', search);
  addEventListener('keydown', (e) => {
    const isHere = document.activeElement === input;
    if (e.key === '/' && !isHere && !e.ctrlKey && !e.metaKey) { e.preventDefault(); input.focus(); }
    if (e.key === 'Escape' && isHere) { input.value = ''; search(); }
  });
  if (matchMedia('(max-width: 50rem)').matches) document.querySelector('nav details').open = false;
}
]]

return M
