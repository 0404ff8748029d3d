// spec/e2e/faults_control.test.mjs -- the control socket gets input that no operator would send.
// Invariants: whatever a client sends or omits costs only its own connection; requests are
// served, the supervisor does not spin, and afterwards `human reload` works.
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import fs from 'node:fs';
import { once } from 'node:events';
import net from 'node:net';
import { after, afterEach, before, describe, it } from 'node:test';
import { BINARY, errors, startHost } from './hosts.mjs';
import { reload } from './modes.mjs';
import { until } from './support.mjs';

const CLIENTS_MAX = 16, REQUEST_MS = 5000; // as host/server/control.c has them (limit: control clients; limit: control request)
let host, workers;
const open = [];
before(async () => {
  host = await startHost({ env: { HUMAN_RELOAD_TIMEOUT_MS: '60000' } }); // a machine that has no time is not what is tested
  workers = host.workers();
});
afterEach(async () => {
  for (const socket of open.splice(0)) socket.destroy();
  assert.equal((await fetch(`${host.url}/health`)).status, 200);
});
const reloads = () => until(async () => (await reload(BINARY, host.home)).code === 0, 100_000, '`human reload` works');
after(async () => {
  // The last checker may still be ending.
  await until(() => host.workers().join() === workers.join(), 5000, 'the workers are those of the beginning');
  assert.equal((await host?.stop())?.code, 0);
  // Of a reload that nobody waits for any more the end may be cut off.
  assert.deepEqual(errors(host.log()).filter((line) => !line.includes('the server is stopping')), []);
});

function tryToConnect() {
  return new Promise((resolve, reject) => {
    const socket = net.connect(`${host.home}/control.sock`);
    let text = '';
    const closed = new Promise((done) => { socket.on('close', done); });
    socket.on('error', reject); // after `connect`, of no consequence: what it sent was cut off
    socket.on('data', (bytes) => { text += bytes; });
    socket.on('connect', () => {
      open.push(socket);
      resolve({ socket, closed, text: () => text });
    });
  });
}

/** A client: {socket, text() so far, closed (a promise)}.  Where too many stand in line it comes again. */
const connect = () => until(() => tryToConnect().catch((error) => {
  if (error.code !== 'EAGAIN') throw error;
}), 10_000, 'a place in the line');

async function ask(bytes) {
  const c = await connect();
  c.socket.write(bytes);
  await c.closed;
  return c.text();
}

/** Seconds of CPU that the supervisor has used. */
function cpu() {
  const f = fs.readFileSync(`/proc/${host.child.pid}/stat`, 'utf8').replace(/.*\) /, '').split(' ');
  return (Number(f[11]) + Number(f[12])) / 100;
}

it('is for the user and the group of the server only', () => {
  assert.equal(fs.statSync(`${host.home}/control.sock`).mode & 0o777, 0o660);
});

describe('a request that is none', () => {
  after(reloads);

  for (const [what, bytes] of [
    ['a command that does not exist', 'relod\n'], ['an empty line', '\n'], ['only a space', ' \n'], ['a longer word', 'reload2\n'],
    ['one with NUL in it', 'rel\0oad\n'], ['one with a NUL behind it', 'reload\0\n'], ['NULs alone', Buffer.alloc(4096)],
    ['an HTTP request', 'GET /reload HTTP/1.1\r\nHost: x\r\n\r\n'], ['a line that is too long', `${'r'.repeat(300)}\n`],
    ['a megabyte without an end', Buffer.alloc(1 << 20, 'a')], ['escapes', '\x1b[2J\x1b]0;x\x07\n'],
  ]) {
    it(`${what} is refused`, async () => {
      const text = await ask(bytes);
      // Who sends more than a request may lose the answer to a reset, as with any server that closes early.
      if (text || bytes.length < 4096) assert.match(text, /exit [1-9]\d*\n$/);
      assert.doesNotMatch(text, /\x1b/);
    });
  }

  it('of random bytes is refused, whatever they are', async () => {
    for (let i = 0; i < 300; i += 1) {
      const bytes = crypto.randomBytes(1 + crypto.randomInt(i % 10 ? 200 : 8000));
      const c = await connect();
      c.socket.write(bytes);
      c.socket.end(); // it may be no whole line
      await c.closed;
      assert.doesNotMatch(c.text(), /exit 0\n$/);
    }
  });
});

describe('clients that', () => {
  afterEach(reloads);

  it('come in hundreds and say nothing are cut after a while, and do not make the supervisor spin', async () => {
    const before_ = cpu(), begun = Date.now();
    const all = await Promise.all(Array.from({ length: 20 * CLIENTS_MAX }, connect));
    for (const c of all) c.socket.write('rel');
    await Promise.all(all.map((c) => c.closed));
    const ms = Date.now() - begun;
    assert.ok(ms < 6 * REQUEST_MS, `they were kept for ${ms} ms`); // one after another they would take 20 times as long
    assert.ok(all.filter((c) => /took too long/.test(c.text())).length <= CLIENTS_MAX);
    assert.ok(cpu() - before_ < 1, `${cpu() - before_} s of CPU`);
  });

  it('leave at once, with half a request or with a whole one, leave nothing behind', async () => {
    const files = () => fs.readdirSync(`/proc/${host.child.pid}/fd`).length, before_ = files();
    for (let i = 0; i < 200; i += 1) {
      const c = await connect();
      if (i % 3) c.socket.write(i % 3 === 1 ? 'relo' : 'status\n');
      c.socket.destroy();
    }
    await until(() => files() <= before_, 3000, 'their descriptors are closed');
  });

  it('close their side behind the request, as `nc -N` does, get their answer', async () => {
    const socket = net.connect({ path: `${host.home}/control.sock`, allowHalfOpen: true });
    let text = '';
    socket.on('data', (bytes) => { text += bytes; });
    socket.end('reload\n');
    await once(socket, 'close');
    assert.match(text, /in force on 2 workers.*\nexit 0\n$/);
  });

  it('ask for a reload all at once and do not wait for it, get it', async () => {
    const at = (log) => (log.match(/"reload: /g) ?? []).length, before_ = at(host.log());
    for (let i = 0; i < CLIENTS_MAX; i += 1) (await connect()).socket.write('reload\n');
    for (const socket of open.splice(0)) socket.destroy();
    await until(() => at(host.log()) > before_, 10_000, 'a reload has been made');
  });

  it('send more behind their request, or never read the answer, are answered and let go', async () => {
    const c = await connect();
    c.socket.pause();
    c.socket.write('status\n');
    for (let i = 0; i < 100; i += 1) c.socket.write(Buffer.alloc(10_000, 'x'));
    c.socket.resume();
    await c.closed;
  });
});
