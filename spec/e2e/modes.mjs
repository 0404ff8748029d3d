// spec/e2e/modes.mjs -- the same tests in other modes.
// HUMAN_TEST_MODE=reload: before each test every host that serves gets other scripts (which differ in a file
// without effect) by `human reload`, so that everything a test relies on must survive that.
import { execFile } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { beforeEach } from 'node:test';

const RELOADING = process.env.HUMAN_TEST_MODE === 'reload';
const PATIENCE_MS = 20_000, MARK = 'api/local/reload_mark.lua';
const PASSING = /worker \d+ (ended|did not answer|cannot be)|database/; // reasons that go away by themselves
const hosts = new Set();
let number = 0;

function mark(tree) {
  const file = path.join(tree, MARK);
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(file, `-- api/local/reload_mark.lua -- other bytes than last time: ${(number += 1)}.\nreturn {}\n`);
}

/** A directory of scripts to lay over a host's, [] in other modes. */
export function ownTrees(home) {
  if (!RELOADING) return [];
  const tree = path.join(home, 'reload-tree');
  mark(tree);
  return [tree];
}

/** From now on this host is reloaded, until its process ends. */
export function reloadBetweenTests(binary, home, child) {
  if (!RELOADING) return;
  const host = { binary, home };
  hosts.add(host);
  child.once('exit', () => hosts.delete(host));
}

/** `human reload` on the server of that home: {code, text}. */
export const reload = (binary, home) => new Promise((done) => {
  const env = { ...process.env, HUMAN_HOME: home, HUMAN_CONFIG: '/dev/null' };
  execFile(binary, ['reload'], { env }, (error, stdout, stderr) => done({ code: error ? error.code ?? 1 : 0, text: stdout + stderr }));
});

/** The same until it succeeds, also where a worker dies meanwhile; rejects when it is refused.  before: called before each try. */
export async function reloadSurely(binary, home, before = () => {}) {
  for (const end = Date.now() + PATIENCE_MS; ;) {
    before();
    const { code, text } = await reload(binary, home);
    if (code === 0) return;
    if (!PASSING.test(text) || Date.now() > end) throw new Error(`human reload: ${text}`);
  }
}

const reloadOne = (host) => reloadSurely(host.binary, host.home, () => mark(path.join(host.home, 'reload-tree')))
  .catch((error) => { if (hosts.has(host)) throw error; });

if (RELOADING) beforeEach(() => Promise.all([...hosts].map(reloadOne)));
