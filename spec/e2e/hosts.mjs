// spec/e2e/hosts.mjs -- hosts that specs kill: their processes, their homes, their logs.
// Unlike support.mjs a home or a port may be used again, by the next host.
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { ownTrees, reloadBetweenTests } from './modes.mjs';
import { freePort, prepareCluster, root, until } from './support.mjs';

export const BINARY = process.env.E2E_BINARY ?? path.join(root, 'build/human');
const READY_MS = 60_000, STOP_MS = 20_000, LOG_MAX = 2_000_000;
const PRIVATE = /^(OPENAI|ANTHROPIC|GEMINI|OPENROUTER|GROQ|MISTRAL|DEEPSEEK|AZURE_OPENAI|HUMAN_LLM|OLLAMA|DATABASE_URL|PG)/; // of whoever runs this

// What is left of hosts when the tests are over, for whatever reason.
const running = new Set(), homes = new Set();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
  for (const home of homes) fs.rmSync(home, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 });
});

export function makeHome() {
  const home = fs.mkdtempSync(path.join(os.tmpdir(), 'human-e2e-'));
  fs.chmodSync(home, 0o755);
  homes.add(home);
  return home;
}

/** The binary where everybody may run it: a clone in root's own directory is closed to others. */
export function binaryForAll() {
  const copy = path.join(makeHome(), 'human');
  fs.copyFileSync(BINARY, copy);
  fs.chmodSync(copy, 0o755);
  return copy;
}

/** Trees of scripts, and the shipped one below them, where everybody may read them: what HUMAN_SCRIPTS takes. */
export const scriptsForAll = (trees) => [...trees, 'scripts'].map((tree) => {
  const copy = path.join(makeHome(), 'tree');
  fs.cpSync(path.join(root, tree), copy, { recursive: true });
  return copy;
}).join(':');

/** The processes that `pid` started and that live: [{pid, name}], oldest first. */
export function children(pid) {
  try {
    const pids = fs.readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean);
    return pids.map((id) => ({ pid: Number(id), name: fs.readFileSync(`/proc/${id}/comm`, 'utf8').trim() }));
  } catch {
    return [];
  }
}

export const pids = (pid, name) => children(pid).filter((c) => c.name === name).map((c) => c.pid);

export function isAlive(pid) {
  try {
    return !/^State:\s+Z/m.test(fs.readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

/** Bytes of memory that a process holds. */
export const rss = (pid) => Number(/^VmRSS:\s+(\d+)/m.exec(fs.readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) * 1024;

/** Lines of the log (JSON) that are errors, and what sanitizers report. */
export const errors = (log) => log.split('\n').filter((line) => /"level":"error"|Sanitizer|runtime error:/.test(line));

const answers = (url) => fetch(`${url}/ready`).then((r) => r.status === 200, () => false);

/** Starts the program and waits for nothing: {child, scripts, log()}.  stderr: a descriptor; command: instead of the program. */
export function launch(env, scripts = [], { stderr = 'pipe', command = [BINARY, 'gateway'] } = {}) {
  const shipped = [...scripts, 'scripts'].map((tree) => path.join(root, tree));
  const trees = [...ownTrees(env.HUMAN_HOME), ...shipped].join(':');
  const inherited = Object.entries(process.env).filter(([name]) => !PRIVATE.test(name));
  if (command[0] === BINARY) prepareCluster({ ...env, DATABASE_URL: env.DATABASE_URL ?? '' }); // another command may run as somebody else
  const child = spawn(command[0], command.slice(1), {
    stdio: ['ignore', 'pipe', stderr],
    env: { ...Object.fromEntries(inherited), HUMAN_CONFIG: '/dev/null', HUMAN_SCRIPTS: trees, HUMAN_HTTP_HOSTS: 'x, example.com',
           HUMAN_OVERRIDES: '**', HUMAN_AGENT_PORT: '0', HUMAN_LOG_FORMAT: 'json', ...env },
  });
  running.add(child);
  child.once('exit', () => running.delete(child));
  let log = '';
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (t) => { log = (log + t).slice(-LOG_MAX); });
  return { child, scripts: env.HUMAN_SCRIPTS ?? trees, log: () => log };
}

/**
 * A host that serves.  home, port: of an earlier one; env: settings; scripts: trees laid over the shipped one;
 * scheme, ready(url): for one that does not speak plain HTTP; as: see launch().
 * Returns {url, port, home, scripts, child, log(), workers(), postgres(), kill(), stop()}.
 */
export async function startHost(options = {}) {
  for (let tries = 1; ; tries += 1) {
    try {
      return await startOn(options.port ?? await freePort(), options);
    } catch (e) {
      // Another process has taken the port that was free a moment ago.
      if (options.port !== undefined || tries === 5 || !/port \d+ on 127\.0\.0\.1 is taken/.test(e.message)) throw e;
    }
  }
}

async function startOn(port, { home = makeHome(), env = {}, scripts, as, scheme = 'http', ready = answers }) {
  const { child, scripts: trees, log } = launch({ HUMAN_HOME: home, HUMAN_PORT: port, HUMAN_WORKERS: '2', ...env }, scripts, as);
  const exited = once(child, 'exit'), slots = [];
  const host = {
    url: `${scheme}://127.0.0.1:${port}`, port, home, scripts: trees, child, log, exited,
    /** Its workers, in the order of their numbers; a replacement has the place of the one it replaces. */
    workers() {
      const alive = pids(child.pid, 'human');
      for (const i of slots.keys()) if (!alive.includes(slots[i])) slots[i] = undefined;
      for (const pid of alive.filter((p) => !slots.includes(p))) {
        slots[slots.includes(undefined) ? slots.indexOf(undefined) : slots.length] = pid;
      }
      return slots.filter(Boolean);
    },
    postgres: () => pids(child.pid, 'postgres')[0],
    /** Ends it as a crash does, and waits until all its processes are gone. */
    async kill() {
      child.ref();
      const all = [...host.workers(), host.postgres()].filter(Boolean);
      child.kill('SIGKILL');
      await exited;
      await until(() => !all.some(isAlive), 10_000, 'what the host started is gone');
    },
    /** Asks it to stop; {code, ms}. */
    async stop() {
      const begun = Date.now();
      child.ref();
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
      await exited;
      clearTimeout(timer);
      return { code: child.exitCode, ms: Date.now() - begun };
    },
  };
  await until(() => child.exitCode !== null || ready(host.url), READY_MS, 'the host is ready').catch(async (e) => {
    await host.stop();
    throw new Error(`${e.message}\n${log()}`);
  });
  assert.equal(child.exitCode, null, log());
  reloadBetweenTests(BINARY, home, child);
  // A test that fails before it stops its host must end all the same; then `running` ends the host.
  for (const handle of [child, child.stdout, child.stderr]) handle?.unref();
  return host;
}

/** Where the private server of a home listens, for another host's DATABASE_URL. */
export const databaseUrl = (home, name = 'human') => `postgresql://human@/${name}?host=${encodeURIComponent(`${home}/run`)}&port=5432`;

// Debian's psql is a program in Perl that looks for this one, and takes ten times as long.
const VERSIONS = '/usr/lib/postgresql';
export const PSQL = (fs.existsSync(VERSIONS) ? fs.readdirSync(VERSIONS) : []).sort((a, b) => a - b)
  .map((version) => `${VERSIONS}/${version}/bin/psql`).findLast(fs.existsSync) ?? 'psql';

/** Rows of one statement on the private server of a home, columns separated by "|". */
export async function sql(home, statement, name = 'human') {
  const args = ['-h', `${home}/run`, '-p', '5432', '-U', 'human', '-d', name, '-XAtqc', statement];
  const { stdout } = await promisify(execFile)(PSQL, args, { maxBuffer: 256 << 20 });
  return stdout.trim().split('\n').filter(Boolean);
}

const DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

/** The number of the worker that has a Socket.IO client's session: its id's first character minus the second. */
export function workerOf(socket) {
  const [a, b] = socket.io.engine.id;
  return (DIGITS.indexOf(a) - DIGITS.indexOf(b) + 64) % 64;
}
