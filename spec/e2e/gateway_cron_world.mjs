// spec/e2e/gateway_cron_world.mjs -- jobs for specs: calls that must be well, waits for runs, a clock that is moved, and a
// receiver of webhooks.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import http from 'node:http';
import path from 'node:path';
import { BINARY, sql } from './hosts.mjs';
import { open } from './gateway.mjs';
import { root, until } from './support.mjs';

export const PATIENCE_MS = 60_000;
export const CLOCK = { HUMAN_TIME_TEST_CLOCK: 'true', HUMAN_LLM_PROVIDER: 'offline', HUMAN_TOOLS_ENABLED: 'shell' };
const OPEN = ['queued', 'running'];

/** A sub-command of the program for that home: {code, stdout, stderr}. */
export const human = (home, args, env = {}) => new Promise((done) => {
  const all = { ...process.env, HUMAN_HOME: home, HUMAN_CONFIG: '/dev/null', HUMAN_SCRIPTS: path.join(root, 'scripts'), ...env };
  execFile(BINARY, args, { env: all }, (error, stdout, stderr) => done({ code: error ? error.code : 0, stdout, stderr }));
});

/** What a spec does with the jobs of a host. */
export async function jobsOf(host) {
  const c = await open(host);
  const ok = async (method, params) => {
    const { payload, error } = await c.call(method, params);
    assert.ok(payload, `${method}(${JSON.stringify(params)}): ${JSON.stringify(error)}`);
    return payload;
  };
  const runs = async (id, limit = 100) => (await ok('cron.runs', { id, limit })).runs;
  const us = {
    c, ok, runs,
    add: async (params) => (await ok('cron.add', params)).id,
    job: async (id) => (await ok('cron.list')).jobs.find((j) => j.id === id),
    remove: (id) => ok('cron.remove', { id }),
    refused: async (method, params) => {
      const { error, payload } = await c.call(method, params);
      assert.ok(error, `${method}(${JSON.stringify(params)}) is not refused: ${JSON.stringify(payload)}`);
      return error;
    },
    /** Waits until n runs of a job are over, and none goes on; newest first. */
    async over(id, n = 1, ms = PATIENCE_MS) {
      let list;
      await until(async () => (list = await runs(id)).filter((r) => !OPEN.includes(r.status)).length >= n && !list.some((r) => OPEN.includes(r.status)), ms,
        () => `${n} runs of job ${id} are over: ${JSON.stringify(list)}`);
      return list;
    },
    /** Waits until a job's newest run is in that state. */
    async is(id, status) {
      let list;
      await until(async () => (list = await runs(id))[0]?.status === status, PATIENCE_MS, () => `job ${id} is ${status}: ${JSON.stringify(list)}`);
      return list[0];
    },
    /** The open approval of a job's own session. */
    async approval(id) {
      let found;
      await until(async () => (found = (await ok('exec.approval.list')).approvals.find((a) => a.sessionKey === `cron:${id}`)), PATIENCE_MS, `job ${id} asks`);
      return found;
    },
    now: async () => Number((await sql(host.home, 'select extract(epoch from human_now()) * 1000'))[0]),
    /** Moves the clock on by seconds, as `human clock advance` does. */
    async advance(s) {
      await sql(host.home, `with moved as (update host_clock set shift = shift + ${s} * interval '1 s' returning shift)
        select pg_notify('human_clock', extract(epoch from shift)::text) from moved`);
    },
    /** Moves the clock on to a time, given as text. */
    async advanceTo(text) {
      const s = Math.ceil((Date.parse(text) - await us.now()) / 1000);
      assert.ok(s > 0, `${text} is in the past`);
      await us.advance(s);
    },
    close: () => c.ws.close(),
  };
  return us;
}

/** An HTTP server that keeps what it is sent: {url, requests, status}. */
export async function receiver() {
  const hook = { requests: [], answers: [] };
  const server = http.createServer((req, res) => {
    let body = '';
    req.on('data', (d) => { body += d; });
    req.on('end', () => {
      hook.requests.push({ url: req.url, headers: req.headers, body });
      res.writeHead(hook.answers.shift() ?? 200);
      res.end();
    });
  });
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  hook.url = `http://127.0.0.1:${server.address().port}`;
  hook.close = () => new Promise((done) => { server.close(done); server.closeAllConnections?.(); });
  return hook;
}
