// bench/tools_load.mjs -- the load of bench/tools.mjs: wrk with one request over and over, and what it says.
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';

const UNITS = { us: 1e-3, ms: 1, s: 1e3, m: 6e4 };

/** What wrk --latency has printed: {count, rate, p50, p99 (milliseconds)}.  Throws when answers were refused or lost. */
export function readWrk(text) {
  const bad = /Non-2xx or 3xx responses: \d+/.exec(text) ?? /Socket errors: .*/.exec(text);
  if (bad) throw new Error(bad[0]);
  const found = (pattern) => {
    const m = pattern.exec(text);
    if (!m) throw new Error(`wrk has not said ${pattern}: ${text}`);
    return m;
  };
  const ms = (percent) => {
    const [, number, unit] = found(new RegExp(`\\s${percent}%\\s+([\\d.]+)(us|ms|s|m)\\s`));
    return Number(number) * UNITS[unit];
  };
  return { count: Number(found(/(\d+) requests in/)[1]), rate: Number(found(/Requests\/sec:\s+([\d.]+)/)[1]), p50: ms(50), p99: ms(99) };
}

export const NUMBER = '@number@';

const long = (text) => {
  for (let n = 1; ; n++) {
    const end = `]${'='.repeat(n)}]`;
    if (!text.includes(end)) return `[${'='.repeat(n)}[${text}${end}`;
  }
};

/** A script of wrk that posts this body; NUMBER in it is another number each time, and a refusal is told once. */
export function postScript(dir, name, headers, body) {
  const file = path.join(dir, `${name.replace(/\W/g, '_')}.lua`);
  const lines = Object.entries({ 'content-type': 'application/json', ...headers }).map(([key, value]) => `wrk.headers["${key}"] = ${long(value)}`);
  const [head, ...tail] = JSON.stringify(body).split(JSON.stringify(NUMBER));
  const numbered = `local n, head, tail = 0, ${long(head)}, ${long(tail.join('0'))}
function request()
  n = n + 1
  return wrk.format(nil, nil, nil, head .. n .. tail)
end`;
  fs.writeFileSync(file, `wrk.method = "POST"\n${lines.join('\n')}\n${tail.length ? numbered : `wrk.body = ${long(head)}`}
local told = false
function response(status, _, text)
  if status < 300 or told then return end
  told = true
  io.stderr:write(status, " ", text, "\\n")
end\n`);
  return file;
}

/** Runs it on the load's core. */
export function wrk({ port, target, script, clients, seconds }) {
  const r = spawnSync('taskset', ['-c', '1', 'wrk', '--latency', '--timeout', '30s', '-t1', `-c${clients}`, `-d${seconds}s`, '-s', script, `http://127.0.0.1:${port}${target}`], { encoding: 'utf8' });
  if (r.error) throw r.error;                      // it is not there
  if (r.status !== 0) throw new Error(`wrk: ${r.stderr || r.stdout}`);
  try { return readWrk(r.stdout); } catch (error) { throw new Error(`${error.message} ${r.stderr.slice(-1500)}`); }
}

/** Several rounds of one: what lies in the middle of each number. */
export function middle(rounds) {
  const of = (key) => rounds.map((r) => r[key]).sort((a, b) => a - b)[Math.floor(rounds.length / 2)];
  return Object.fromEntries(Object.keys(rounds[0]).map((key) => [key, of(key)]));
}
