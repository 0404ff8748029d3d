// spec/e2e/pooler.test.mjs -- pgbouncer between the host and PostgreSQL, in session and in transaction mode, with
// the pgbouncer.ini of docs/operating.md; and other clients that leave modified sessions behind.
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { after, before, describe, it } from 'node:test';
import { connected, makeAgent, makeUser, newMessage, run, send } from './agent_client.mjs';
import { databaseUrl, makeHome, sql, startHost } from './hosts.mjs';
import { keepAsking, readsAndWrites } from './load.mjs';
import { Outside } from './outside.mjs';
import { freePort, root, until } from './support.mjs';

const psql = promisify(execFile);
const ISO = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

/** The file that the documentation shows, with the places of this spec. */
function settings(outside, port, mode) {
  const shown = /```ini\n([^`]+)```/.exec(fs.readFileSync(path.join(root, 'docs/operating.md'), 'utf8'))[1];
  const lines = { listen_port: port, auth_type: 'any', pool_mode: mode };
  let text = shown.replace(/^human = .*$/m, `human = host=${outside.home}/run port=5432 dbname=human user=human`)
    .replace(/^auth_file = .*\n/m, '');
  for (const [key, value] of Object.entries(lines)) text = text.replace(new RegExp(`^${key} = .*$`, 'm'), `${key} = ${value}`);
  return `${text}unix_socket_dir =\n`;
}

class Pooler {
  async start(outside, mode) {
    this.port = await freePort();
    this.dir = makeHome();
    const file = path.join(this.dir, 'pgbouncer.ini'), { uid, gid } = fs.statSync(`${outside.home}/run`);
    fs.writeFileSync(file, settings(outside, this.port, mode));
    this.child = spawn('pgbouncer', [file], { stdio: ['ignore', 'pipe', 'pipe'], uid, gid });
    this.log = '';
    for (const s of [this.child.stdout, this.child.stderr]) s.on('data', (t) => { this.log += t; });
    await until(() => this.log.includes('process up') || this.child.exitCode !== null, 5000, 'pgbouncer runs');
    assert.equal(this.child.exitCode, null, this.log);
  }

  get url() { return `postgresql://human@127.0.0.1:${this.port}/human`; }

  async stop() {
    if (!this.child || this.child.exitCode !== null) return;
    const ended = once(this.child, 'exit');
    this.child.kill('SIGKILL');
    await ended;
  }
}

/** A conversation, times as clients see them, and reads and writes at once. */
async function works(host, beside = async () => {}) {
  const user = await makeUser(host.url), agent = await makeAgent(host.url, user);
  const made = (await user.api('GET', `/api/agents/${agent.id}`)).body;
  assert.match(made.createdAt, ISO);
  const socket = await connected(host.url, agent.id, user.key);
  const said = run(socket, 0, 1, 60_000);
  await send(socket, newMessage('Hello, how do I train for a run?'));
  await said;
  assert.ok(socket.actions.length > 0, 'the agent answers, so notifications are heard');
  socket.close();
  const load = keepAsking(9, readsAndWrites(host, user, agent)), { seen } = load;
  await beside();
  await until(() => seen.filter((a) => a.status === 202).length > 300, 120_000, 'events are taken');
  await load.stop();
  const odd = seen.filter((a) => ![200, 202].includes(a.status));
  assert.deepEqual(odd.slice(0, 3), [], `${odd.length} of ${seen.length} failed\n${host.log().slice(-3000)}`);
  for (const one of (await user.api('GET', '/api/agents?limit=5')).body) assert.match(one.createdAt, ISO);
}

describe('pgbouncer', () => {
  const outside = new Outside();
  let pooler, host;
  before(async () => {
    await outside.start();
    for (const setting of ["datestyle = 'German'", "timezone = 'Europe/Berlin'", "bytea_output = 'escape'",
      "intervalstyle = 'sql_standard'", 'extra_float_digits = 0']) await sql(outside.home, `alter role human set ${setting}`);
  });
  after(async () => {
    await host?.stop();
    await pooler?.stop();
    await outside.end();
  });

  async function behind(mode, env = {}, ready) {
    await host?.stop();
    await pooler?.stop();
    pooler = new Pooler();
    await pooler.start(outside, mode);
    host = await startHost({ env: { DATABASE_URL: pooler.url, ...env }, ready });
  }

  it('in session mode, as Debian ships it: everything works, and times are what they should be', async () => {
    await behind('session');
    await works(host);
  });

  it('in transaction mode: everything works, whatever other clients leave behind', async () => {
    await behind('transaction', { HUMAN_DATABASE_POOLER: 'transaction', HUMAN_DATABASE_DIRECT_URL: databaseUrl(outside.home) });
    const leave = ["set bytea_output = 'escape'", 'set search_path = nowhere', "set intervalstyle = 'iso_8601'", 'prepare h1 as select 1'];
    const litter = async () => {
      for (let i = 0; i < 20; i += 1) {
        const words = leave.flatMap((statement) => ['-c', statement]);
        await psql('psql', ['-XAtq', '-d', pooler.url, ...words]).catch(() => {}); // "already exists" is as good
      }
    };
    await litter();
    await works(host, litter);
  });

  it('in transaction mode that the settings do not know: refused, and told what to set', async () => {
    await behind('transaction', {}, async (url) => {
      const answer = await fetch(`${url}/ready`).then((r) => r.json(), () => ({}));
      return answer.database === 'refused';
    });
    assert.match(host.log(), /refused: .*a pooler by transactions stands in between: set database\.pooler to/);
  });
});
