// spec/e2e/support.mjs -- starts build/human on free ports, waits until it is ready, stops it.
// Uses the server in DATABASE_URL; otherwise the host creates a private cluster in a temporary home.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { ownTrees, reloadBetweenTests } from './modes.mjs';

export const root = path.dirname(path.dirname(path.dirname(new URL(import.meta.url).pathname)));
const BINARY = process.env.E2E_BINARY ?? path.join(root, 'build/human');
/** How many times as long a program may take that looks at each of its steps. */
export const SLOWER = process.env.ASAN_OPTIONS ? 5 : 1;
const READY_MS = 90_000, STOP_MS = 20_000, LOG_MAX = 200_000;
export const PATIENCE_MS = 30_000; // a slow machine is no failure: whoever waits for what comes waits at least so long

export async function freePort() {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

export const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

/** Resolves with the arguments of the next `event` (as an array); rejects when there is none, after `ms` or more. */
export function next(emitter, event, ms = PATIENCE_MS) {
  const patience = Math.max(ms, PATIENCE_MS);
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`no '${event}' within ${patience} ms`)), patience);
    emitter.once(event, (...args) => { clearTimeout(timer); resolve(args); });
  });
}

/**
 * Calls fn until it returns something true; rejects when it does not, after `ms` or more: that time is no limit which a spec
 * could prove.  what: text, or a function that says how things are then.
 */
export async function until(fn, ms, what) {
  const patience = Math.max(ms, PATIENCE_MS), start = Date.now(), end = start + patience;
  for (;;) {
    const began = Date.now(), value = await fn();
    if (value) return value;
    if (Date.now() > end) throw new Error(`${typeof what === 'function' ? what() : what}: not within ${patience} ms`);
    const late = Math.min((began - start) / 20, 100); // what it may be found late: a twentieth of what it took
    await sleep(Math.min(Math.max(15, late, 2 * (Date.now() - began)), 200)); // asking leaves the machine to what is waited for
  }
}

/**
 * Before a host of these settings starts: a copy of the cluster that spec/run.sh has made, where the host would make its own.
 * A spec of clusters that are made deletes E2E_CLUSTER.
 */
export function prepareCluster({ HUMAN_HOME: home, DATABASE_URL: url = process.env.DATABASE_URL, HUMAN_TIME_TEST_CLOCK: clock }) {
  const made = process.env[clock === 'true' ? 'E2E_CLUSTER_CLOCK' : 'E2E_CLUSTER'];   // which never gets another kind of clock
  if (made && home && !url && fs.existsSync(home) && !fs.existsSync(path.join(home, 'pg'))) execFileSync('cp', ['-a', made, path.join(home, 'pg')]);
}

async function ready(url, child) {
  if (!child.pid || child.exitCode !== null) throw new Error(`the host ended with ${child.exitCode}`);
  try {
    return (await fetch(`${url}/ready`)).status === 200;
  } catch {
    return false;
  }
}

/** Stops the process: first asked, then forced. */
async function stop(child) {
  if (!child.pid || child.exitCode !== null || child.signalCode !== null) return child.exitCode;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
  await ended;
  clearTimeout(timer);
  return child.exitCode;
}

/**
 * A running host.  scripts: trees laid over the shipped one, relative to the repository;
 * env: further settings (HUMAN_…); port: any free one.  Requests of raw bytes call it x.  Returns {url, port, agentPort, child, log(), stop()}.
 */
export async function startHuman({ scripts = [], env = {}, port } = {}) {
  const home = fs.mkdtempSync(path.join(os.tmpdir(), 'human-e2e-'));
  fs.chmodSync(home, 0o755);
  const agentPort = await freePort();
  port ??= await freePort();
  const trees = [...ownTrees(home), ...[...scripts, 'scripts'].map((tree) => path.join(root, tree))].join(':');
  prepareCluster({ HUMAN_HOME: home, ...env });
  const child = spawn(BINARY, ['gateway'], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, HUMAN_HOME: home, HUMAN_PORT: port, HUMAN_AGENT_PORT: agentPort,
           HUMAN_SCRIPTS: trees, HUMAN_HTTP_HOSTS: 'x, example.com', HUMAN_OVERRIDES: '**', HUMAN_WORKERS: '1', HUMAN_LIMITS_DRAIN_TIMEOUT_MS: '5000', ...env },
  });
  let log = '';
  child.on('error', (error) => { log += `${BINARY}: ${error.message}\n`; });
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (text) => { log = (log + text).slice(-LOG_MAX); });
  }
  const url = `http://127.0.0.1:${port}`;
  const end = async () => {
    const code = await stop(child);
    fs.rmSync(home, { recursive: true, force: true });
    return code;
  };
  try {
    await until(() => ready(url, child), READY_MS, 'the host is ready');
  } catch (error) {
    await end();
    throw new Error(`${error.message}\n${log}`);
  }
  reloadBetweenTests(BINARY, home, child);
  return { url, port, agentPort, child, log: () => log, stop: end };
}
