// spec/e2e/docs_blocks.mjs -- the code blocks of a page of documentation, and the instructions in their first lines.
// ```LANGUAGE [WORDS]: a path (the file that a block is), "exit N" (of its last command), "until ready" (it
// stays in the foreground), or "not run: WHY".
import fs from 'node:fs';
import path from 'node:path';
import { root } from './support.mjs';

const FENCE = /^```(\S*)\s*(.*)$/;

/** [{page, line, language, words, text}] in the order of the page.  Throws for a block that does not end. */
export function blocksOf(page) {
  const lines = fs.readFileSync(path.join(root, page), 'utf8').split('\n'), blocks = [];
  let open = null;
  lines.forEach((line, i) => {
    const fence = FENCE.exec(line);
    if (open && line === '```') open = null;
    else if (open) open.text += `${line}\n`;
    else if (fence) blocks.push(open = { page, line: i + 1, language: fence[1], words: fence[2], text: '' });
  });
  if (open) throw new Error(`${page}:${open.line}: this block does not end`);
  return blocks;
}

/** Lines of a page that Markdown shows as code although no fence says what they are. */
export function indentedCode(page) {
  const lines = fs.readFileSync(path.join(root, page), 'utf8').split('\n');
  let fenced = false;
  return lines.flatMap((line, i) => {
    if (FENCE.test(line)) fenced = !fenced;
    return !fenced && /^ {4}\S/.test(line) && lines[i - 1] === '' ? [`${page}:${i + 1}: ${line.trim()}`] : [];
  });
}

/** What a block's words say: {file, exit, untilReady, notRun, runBy}. */
export function wordsOf({ words }) {
  const after = (start) => (words.startsWith(start) ? words.slice(start.length).trim() : undefined);
  return { file: /^[\w./-]+\.(lua|sql|json)$/.test(words) ? words : undefined, exit: Number(/^exit (\d+)$/.exec(words)?.[1] ?? 0),
           untilReady: words === 'until ready', notRun: after('not run:') };
}

/** Blocks that a spec of their own runs: of a page, and of one language where that is said. */
const RUN_BY = [
  { page: 'docs/agent-api.md', spec: 'spec/e2e/agent_docs.test.mjs' },
  { page: 'docs/webhooks.md', language: 'go', spec: 'spec/e2e/market_webhooks_go.test.mjs' },
  { page: 'docs/webhooks.md', spec: 'spec/e2e/market_webhooks.test.mjs' },
  { page: 'docs/operating.md', language: 'nginx', spec: 'spec/e2e/nginx.mjs' },
  { page: 'docs/operating.md', language: 'ini', spec: 'spec/e2e/pooler.test.mjs' },
];

/** Which other spec runs a block; it has to name the page. */
export function runBy(block) {
  const found = RUN_BY.find((r) => r.page === block.page && (r.language ?? block.language) === block.language);
  if (found && !fs.readFileSync(path.join(root, found.spec), 'utf8').includes(path.basename(found.page))) {
    throw new Error(`${found.spec} does not read ${found.page}`);
  }
  return found?.spec;
}

/** Whether an output is what the page shows: "…" stands for the rest of a word or line, alone for any lines. */
export function looksLike(shown, real) {
  const pattern = shown.replace(/\n+$/, '').split('\n').map((line) => (line.trim() === '…' ? '(?:.*\\n)*?.*'
    : line.split('…').map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('.*'))).join('\\n');
  return new RegExp(`^${pattern}\\n*$`).test(real);
}
