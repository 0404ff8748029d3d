// spec/e2e/assets_sending.test.mjs -- while a file is sent: clients that read slowly, leave, or ask for more; files that
// change; directories that become links; reloads, and a host that stops.  What must hold: an answer is as long as it
// said, or its connection ends early; a slow client costs a piece of memory; and no byte from outside of the tree.
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import crypto from 'node:crypto';
import { once } from 'node:events';
import fs from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { age, startWithFiles } from './assets.mjs';
import { BINARY, errors, rss } from './hosts.mjs';
import { responses } from './raw.mjs';
import { makeAuthority, request } from './secure.mjs';
import { until } from './support.mjs';

const SIZE = 24_000_000, SLOW = 60;              // more than sockets keep by themselves
const big = crypto.randomBytes(SIZE);
const declare = (dir) => `api.assets("/", { dir = "${dir}" })\napi.assets("/links", { dir = "${dir}", links = true })`;
let host;

const fill = (dir) => {
  for (const [name, bytes] of [['big.bin', big], ['small.txt', 'small']]) {
    fs.writeFileSync(path.join(dir, name), bytes);
    age(path.join(dir, name));
  }
};

before(async () => {
  host = await startWithFiles(declare);
  fill(host.dir);
});
after(async () => {
  assert.equal((await host?.stop())?.code, 0);
  assert.deepEqual(errors(host.log()), []);
});

const ask = (where, more = '') => `GET ${where} HTTP/1.1\r\nHost: x\r\n${more}\r\n`;

/** A client that has begun to read and stopped: {socket, chunks, sip(bytes): reads so many and stops again, rest()}. */
async function stopped(port, where, { from = net.connect({ port, host: '127.0.0.1' }) } = {}) {
  const c = { socket: from, chunks: [], head: null };
  from.on('error', () => {});
  from.write(ask(where, 'Connection: close\r\n'));
  const [first] = await once(from, 'data');
  from.pause();
  c.chunks.push(first);
  c.sip = (bytes) => new Promise((done) => {
    let left = bytes;
    const take = (d) => {
      c.chunks.push(d);
      left -= d.length;
      if (left > 0) return;
      from.off('data', take).pause();
      done();
    };
    from.on('data', take).resume();
  });
  c.rest = async () => {
    from.on('data', (d) => c.chunks.push(d));
    from.resume();
    if (!from.closed) await once(from, 'close');
    const all = Buffer.concat(c.chunks), end = all.indexOf('\r\n\r\n');
    return { head: all.toString('latin1', 0, end), body: all.subarray(end + 4) };
  };
  return c;
}

describe('a large file', () => {
  it('is followed by the answers to what was asked behind it', async () => {
    const socket = net.connect({ port: host.port, host: '127.0.0.1' }), chunks = [];
    socket.write(ask('/big.bin') + ask('/small.txt') + ask('/big.bin', 'Range: bytes=-5\r\n') + ask('/none') + ask('/small.txt', 'Connection: close\r\n'));
    socket.on('data', (d) => chunks.push(d));
    await once(socket, 'close');
    const list = responses(Buffer.concat(chunks));
    assert.deepEqual(list.map((a) => a.status), [200, 200, 206, 404, 200]);
    const head = Buffer.concat(chunks).indexOf('\r\n\r\n') + 4;
    assert.ok(Buffer.concat(chunks).subarray(head, head + SIZE).equals(big));
    assert.deepEqual([list[1].body, list[4].body], ['small', 'small']);
  });

  it('costs a piece of memory for each client that does not read on', async () => { // limit: file piece
    const worker = host.worker();
    await (await stopped(host.port, '/big.bin')).rest();
    const before_ = rss(worker);
    const clients = await Promise.all(Array.from({ length: SLOW }, () => stopped(host.port, '/big.bin')));
    await (await stopped(host.port, '/small.txt')).rest();
    const each = (rss(worker) - before_) / SLOW;
    const most = process.env.E2E_BINARY ? 2_000_000 : 200_000; // what sanitizers keep of freed memory is no queue
    assert.ok(each < most, `${each} bytes for each`);
    const { body } = await clients.pop().rest();
    assert.ok(body.equals(big));
    for (const c of clients) c.socket.destroy();
    assert.ok((await (await stopped(host.port, '/big.bin')).rest()).body.equals(big), 'and goes on for others when they leave');
  });

  it('is sent to the end across reloads', async () => {
    const c = await stopped(host.port, '/big.bin');
    const human = (...args) => promisify(execFile)(BINARY, args, { env: { ...process.env, HUMAN_HOME: host.home, HUMAN_CONFIG: '/dev/null', HUMAN_SCRIPTS: host.scripts, HUMAN_OVERRIDES: '**', HUMAN_PORT: host.port } });
    const gen = async () => (await fetch(`${host.url}/small.txt`)).headers.get('x-gen');
    for (let i = 0; i < 2; i += 1) {
      await c.sip(4_000_000);                        // who reads nothing at all is cut after half a minute
      const before_ = await gen();
      fs.appendFileSync(host.script, `-- ${i}\n`);
      await human('reload');
      assert.notEqual(await gen(), before_);
    }
    assert.ok((await c.rest()).body.equals(big));
  });

  it('that shrinks, or changes, while it is sent ends the connection before its end', async () => {
    for (const [i, change] of [(f) => fs.truncateSync(f, 1_000_000), (f) => { const h = fs.openSync(f, 'r+'); fs.writeSync(h, 'changed', 100); fs.closeSync(h); },
      (f) => fs.appendFileSync(f, 'more')].entries()) {
      const file = path.join(host.dir, `changing${i}.bin`);
      fs.writeFileSync(file, big);
      const c = await stopped(host.port, `/changing${i}.bin`);
      change(file);
      const { head, body } = await c.rest();
      assert.match(head, new RegExp(`Content-Length: ${SIZE}`, 'i'));
      assert.ok(body.length < SIZE, `${body.length} bytes`);
      fs.rmSync(file);
    }
  });

  it('that is replaced is sent as it was when it was opened', async () => {
    const file = path.join(host.dir, 'replaced.bin');
    fs.writeFileSync(file, big);
    const c = await stopped(host.port, '/replaced.bin');
    fs.writeFileSync(`${file}.new`, 'new');
    fs.renameSync(`${file}.new`, file);
    assert.ok((await c.rest()).body.equals(big));
    assert.equal(await (await fetch(`${host.url}/replaced.bin`)).text(), 'new');
  });
});

describe('a tree that is changed while it is read', () => {
  it('gives nothing that is outside of it', async () => {
    const inside = path.join(host.dir, 'race'), outside = path.join(host.home, 'race-outside');
    for (const [dir, text] of [[inside, 'inside'], [outside, 'OUTSIDE']]) {
      fs.mkdirSync(dir);
      fs.writeFileSync(path.join(dir, 'f.txt'), text);
    }
    // In a process of its own: a directory, and a link to one outside, change places as fast as they can.
    const swap = `const fs = require('fs'); const [a, o] = process.argv.slice(1);
      for (;;) { fs.renameSync(a, a + '.real'); fs.symlinkSync(o, a); fs.unlinkSync(a); fs.renameSync(a + '.real', a); }`;
    const child = spawn(process.execPath, ['-e', swap, inside, outside], { stdio: 'ignore' });
    const seen = { 200: 0, 404: 0, 503: 0 }, agent = new http.Agent({ keepAlive: true, maxSockets: 8 });
    const one = (where) => new Promise((resolve, reject) => http.get({ port: host.port, path: where, agent }, (res) => {
      let text = '';
      res.on('data', (d) => { text += d; }).on('end', () => resolve([res.statusCode, text]));
    }).on('error', reject));
    try {
      for (let i = 0; i < 250; i += 1) {
        const list = await Promise.all([1, 2, 3, 4, 5, 6, 7, 8].map((n) => one(n % 2 ? '/race/f.txt' : '/links/race/f.txt')));
        for (const [status, text] of list) {
          assert.doesNotMatch(text, /OUTSIDE/);
          assert.equal(status === 200, text === 'inside');
          seen[status] += 1;
        }
      }
    } finally {
      child.kill('SIGKILL');
      agent.destroy();
    }
    assert.ok(seen[200] > 0 && seen[404] > 0, `it was there and was not: ${JSON.stringify(seen)}`);
  });
});

describe('over TLS', () => {
  it('a file is the same', async () => {
    const dir = fs.mkdtempSync(path.join(host.home, 'ca-')), authority = makeAuthority(dir), { cert, key } = authority.issue('localhost', { hosts: ['localhost', '127.0.0.1'] });
    const secure = await startWithFiles(declare, { scheme: 'https', env: { HUMAN_TLS_CERTIFICATE: cert, HUMAN_TLS_KEY: key },
      ready: (url) => request(`${url}/ready`, { ca: authority.ca }).then((a) => a.status === 200, () => false) });
    try {
      fill(secure.dir);
      const answers = await Promise.all([1, 2, 3].map(() => request(`${secure.url}/big.bin`, { ca: authority.ca })));
      for (const a of answers) assert.ok(a.body.equals(big));
      const part = await request(`${secure.url}/big.bin`, { ca: authority.ca, headers: { range: 'bytes=100-200099' } });
      assert.deepEqual([part.status, part.body.equals(big.subarray(100, 200_100))], [206, true]);
    } finally {
      await secure.stop();
    }
  });
});

describe('a host that stops', () => {
  it('sends to the end what it has begun to send', async () => {
    const other = await startWithFiles(declare, { env: { HUMAN_LIMITS_DRAIN_TIMEOUT_MS: '15000' } });
    fill(other.dir);
    const c = await stopped(other.port, '/big.bin');
    const stopping = other.stop();
    await until(() => fetch(`${other.url}/small.txt`).then(() => false, () => true), 5000, 'nobody new is served');
    await until(() => /ends when 1 answers that it has begun are sent/.test(other.log()), 10_000, 'its goodbye to others is over');
    assert.ok((await c.rest()).body.equals(big));
    assert.equal((await stopping).code, 0);
  });
});
