// spec/e2e/poisons.mjs -- texts that make patterns slow, and a measure of their cost to workers.
import assert from 'node:assert/strict';
import fs from 'node:fs';

const CPU_MS = 1000 * (process.env.ASAN_OPTIONS ? 10 : 1); // of all workers together, for one request with all that it causes
export const TEXT_MAX = 100_000;

const times = (text, n) => text.repeat(Math.max(1, Math.floor(n / text.length))).slice(0, n);
const between = (a, fill, b, n) => a + times(fill, n - a.length - b.length) + b;
/** Name -> a text of n characters. */
export const POISONS = {
  spaces: (n) => times(' ', n), dots: (n) => times('.', n), quotes: (n) => times('"', n), apostrophes: (n) => times("'", n),
  brackets: (n) => times('[', n), parentheses: (n) => times('(', n), braces: (n) => times('{{', n), angles: (n) => times('<a ', n),
  backslashes: (n) => times('\\', n), slashes: (n) => times('/*', n), percents: (n) => times('%', n), keys: (n) => times('sk-', n),
  'x, spaces, y': (n) => between('x', ' ', 'y', n), 'x, line breaks, y': (n) => between('x', '\n', 'y', n), 'an open tag': (n) => between('<', 'a', '', n),
  'an open message': (n) => between('<message ', 'a="', '', n), 'half a section': (n) => times('# What you do\n', n), words: (n) => times('a ', n),
  letters: (n) => times('a', n), commas: (n) => times(' ,', n), urls: (n) => times('a://', n), 'a number': (n) => times('1', n), umlauts: (n) => times('ä', n),
};

const cpu = (on) => on.workers().reduce((sum, pid) => {
  const used = fs.readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ').slice(11, 13);
  return sum + (Number(used[0]) + Number(used[1])) * 10; // ms: the kernel counts in hundredths
}, 0);

/** Runs fn, and refuses what it cost the workers, or that one of them died. */
export async function cheap(what, fn, on) {
  const pids = on.workers().join(), begun = cpu(on);
  const result = await fn();
  assert.equal(on.workers().join(), pids, `${what}: a worker died\n${on.log().slice(-2000)}`);
  const took = cpu(on) - begun;
  assert.ok(took <= CPU_MS, `${what} took ${took} ms of the processor`);
  return result;
}
