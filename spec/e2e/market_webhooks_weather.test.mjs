// spec/e2e/market_webhooks_weather.test.mjs -- endpoints that are dead, slow, hostile, or lead where they may not: each fails by
// itself, holds no memory, and delays nobody else.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import { createServer } from 'node:http';
import https from 'node:https';
import net from 'node:net';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { errors, makeHome, rss } from './hosts.mjs';
import { deliveries, PATIENCE_MS, put, register, SINK, startHooks, startSink } from './market_webhooks_world.mjs';
import { makeAuthority } from './secure.mjs';
import { freePort, until } from './support.mjs';

// A resolver for the name hooks.example, which is asked for in a file each time.
const RESOLVER = `#define _GNU_SOURCE
#include <dlfcn.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
int getaddrinfo(const char *name, const char *service, const struct addrinfo *hints, struct addrinfo **found) {
  int (*real)(const char *, const char *, const struct addrinfo *, struct addrinfo **) = dlsym(RTLD_NEXT, "getaddrinfo");
  char line[64] = "";
  if (!name || strcmp(name, "hooks.example")) return real(name, service, hints, found);
  FILE *file = fopen(getenv("SPEC_ANSWER"), "r");
  if (!file) return EAI_FAIL;
  if (!fgets(line, sizeof line, file)) line[0] = 0;
  fclose(file);
  return real(line, service, hints, found);
}
`;
const DEAD = 50, INSIDE = '127.0.0.1';
const dir = makeHome(), answer = path.join(dir, 'answer'), library = path.join(dir, 'resolver.so');
let market, sink, inside, who, closing = [];
const calls = { inside: 0 };

const listen = (server, address, port = 0) => new Promise((done, fail) => {
  closing.push(server);
  server.once('error', fail).listen(port, address, () => done(server.address().port));
});

/** A server that says to each connection what it wants, whatever it was asked. */
const raw = (say) => listen(net.createServer((socket) => {
  socket.on('error', () => {});
  socket.once('data', () => say(socket));
}), SINK);

before(async () => {
  const source = path.join(dir, 'resolver.c');
  fs.writeFileSync(source, RESOLVER);
  execFileSync('cc', ['-shared', '-fPIC', '-o', library, source, '-ldl']);
  for (const file of [library, dir]) fs.chmodSync(file, 0o755);
  fs.writeFileSync(answer, SINK);
  sink = await startSink();
  inside = createServer((req, res) => { calls.inside += 1; res.end(); });
  await listen(inside, INSIDE, sink.port);
  market = await startHooks({ LD_PRELOAD: library, SPEC_ANSWER: answer, ASAN_OPTIONS: `${process.env.ASAN_OPTIONS ?? ''}:verify_asan_link_order=0` });
  who = await market.actor();
});
after(async () => {
  await market?.stop();
  sink?.close();
  for (const server of closing) { server.closeAllConnections?.(); server.close(); }
  assert.deepEqual(errors(market?.log() ?? '').filter((line) => !line.includes('was ended by signal 9')), []);
});

/** What becomes of one event for an endpoint at that address, by its first try. */
async function tried(url, owner) {
  const own = owner ?? await market.actor(), webhook_id = await register(own, url);
  await put(market, own);
  let row;
  await until(async () => ([row] = await deliveries(own, webhook_id)) && row?.status_codes.length > 0, PATIENCE_MS, () => `it is tried: ${JSON.stringify(row)}`);
  return { own, webhook_id, ...row, code: row.status_codes[0] };
}

describe('an endpoint that', () => {
  it('is dead is tried again later', async () => {
    const row = await tried(`http://${SINK}:${await freePort()}/`);
    assert.deepEqual([row.status, row.code], ['pending', 0]);
    assert.ok(row.next_at && row.last_error);
  });

  it('redirects has failed, wherever it leads, and nobody goes there', async () => {
    const went = [];
    sink.answer = (req, res) => {
      went.push(req.url);
      const [, status, to] = /^\/(30\d)-(\w+)/.exec(req.url) ?? [];
      res.writeHead(status ? Number(status) : 204, status && { location: { sink: `${sink.url}/followed`, metadata: 'http://169.254.169.254/latest/meta-data', inside: `http://${INSIDE}:${sink.port}/` }[to] }).end();
    };
    for (const [status, to] of [[301, 'sink'], [302, 'metadata'], [307, 'inside'], [308, 'sink']]) {
      const row = await tried(`http://${SINK}:${sink.port}/${status}-${to}`);
      assert.deepEqual([row.status, row.code, row.last_error], ['pending', status, `it answered ${status}`]);
    }
    sink.answer = (req, res) => res.writeHead(204).end();
    assert.ok(!went.some((url) => url.includes('followed')));
    assert.equal(calls.inside, 0);
  });

  it('is at an address of ours is not called', async () => {
    for (const url of [`http://${INSIDE}:${sink.port}/`, `http://localhost:${sink.port}/`, `http://[::1]:${sink.port}/`, 'http://169.254.169.254/latest/meta-data', `http://2130706433:${sink.port}/`]) {
      const row = await tried(url);
      assert.equal(row.code, 0, url);
      assert.match(row.last_error, /not a public one|https/, url);
    }
    assert.equal(calls.inside, 0);
  });

  it('leads inside once it was called where it may be is not called again', async () => {
    fs.writeFileSync(answer, SINK);
    const first = await tried(`http://hooks.example:${sink.port}/rebound`);
    assert.equal(first.status, 'delivered');
    fs.writeFileSync(answer, INSIDE);
    for (const pid of market.workers()) process.kill(pid, 'SIGKILL');          // and with them the names and connections that they keep
    await until(async () => (await fetch(`${market.url}/ready`).catch(() => ({}))).status === 200, PATIENCE_MS, 'they are back');
    await put(market, first.own);
    let row;
    await until(async () => ([row] = await deliveries(first.own, first.webhook_id)) && row.sequence === 2 && row.status_codes.length > 0, PATIENCE_MS, () => JSON.stringify(row));
    assert.deepEqual([row.status, row.status_codes[0]], ['pending', 0]);
    assert.match(row.last_error, /not a public one/);
    assert.equal(calls.inside, 0);
    assert.equal(sink.of('/rebound').length, 1);
  });

  it('has a certificate for another name has failed, and is sent nothing', async () => {
    const tls = makeHome(), { cert, key } = makeAuthority(tls).issue('other.example');
    const server = https.createServer({ cert: fs.readFileSync(cert), key: fs.readFileSync(key) }, (req, res) => { calls.tls = true; res.end(); });
    const row = await tried(`https://${SINK}:${await listen(server, SINK)}/`);
    assert.deepEqual([row.status, row.code], ['pending', 0]);
    assert.match(row.last_error, /certificate|SSL/i);
    assert.equal(calls.tls, undefined);
  });

  it('never ends its answer, sends gigabytes or endless heads, holds no memory', async () => { // limit: webhook tries
    const junk = Buffer.alloc(1 << 16, 'x');
    const pour = (socket, piece) => {
      const more = () => { while (!socket.destroyed && socket.write(piece)); };
      socket.on('drain', more);
      more();
    };
    const before_ = market.workers().map(rss);
    const endings = {
      'a body without end': [(socket) => { socket.write('HTTP/1.1 200 OK\r\n\r\n'); pour(socket, junk); }, 'delivered', 200],
      'an error without end': [(socket) => { socket.write('HTTP/1.1 500 No\r\n\r\n'); pour(socket, junk); }, 'pending', 500],
      '2 GB': [(socket) => { socket.write('HTTP/1.1 200 OK\r\ncontent-length: 2147483648\r\n\r\n'); pour(socket, junk); }, 'delivered', 200],
      'an error of 2 GB': [(socket) => { socket.write('HTTP/1.1 503 No\r\ncontent-length: 2147483648\r\n\r\n'); pour(socket, junk); }, 'pending', 503],
      'two bytes more than are read': [(socket) => socket.end(`HTTP/1.1 200 OK\r\ncontent-length: 65538\r\n\r\n${'x'.repeat(65538)}`), 'delivered', 200],
      'less than it has announced': [(socket) => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 70000\r\n\r\n'), 'delivered', 200],
      'a head without end': [(socket) => { socket.write('HTTP/1.1 200 OK\r\n'); pour(socket, Buffer.from(`x-bomb: ${'y'.repeat(8000)}\r\n`.repeat(8))); }, 'pending', 0],
      'a line without end': [(socket) => { socket.write('HTTP/1.1 200 OK\r\nx-bomb: '); pour(socket, junk); }, 'pending', 0],
      'no HTTP': [(socket) => socket.end('hello\r\n\r\n'), 'pending', 0],
      'nothing': [(socket) => socket.end(), 'pending', 0],
    };
    for (const [name, [say, status, code]] of Object.entries(endings)) {
      const row = await tried(`http://${SINK}:${await raw(say)}/`);
      assert.deepEqual([row.status, row.code], [status, code], `${name}: ${row.last_error}`);
    }
    market.workers().forEach((pid, i) => assert.ok(rss(pid) - before_[i] < 100 << 20, `worker ${i} holds ${(rss(pid) - before_[i]) >> 20} MB more`));
  });
});

describe('fifty endpoints that hang', () => {
  it('delay no delivery to one that is alive, new or proven', { timeout: 240_000 }, async () => { // limit: webhook endpoints at a time
    let held = 0;
    const hang = async () => {
      const port = await listen(createServer(() => { held += 1; }), SINK);
      const own = await market.actor();
      await register(own, `http://${SINK}:${port}/`);
      return own;
    };
    const dead = [];
    for (let i = 0; i < DEAD; i += 1) dead.push(await hang());
    const taken = [];
    sink.answer = (req, res, message) => { if (message.path === '/alive') taken.push(message.body.data.n); res.writeHead(204).end(); };
    const alive = await market.actor(), webhook_id = await register(alive, `http://${SINK}:${sink.port}/alive`);
    for (let round = 0; round < 3; round += 1) {
      await put(market, dead, { each: 3 });
      if (round === 0) await until(() => held >= DEAD, PATIENCE_MS, () => `all are held: ${held}`);
      await put(market, alive, { data: { n: round } });
      await until(() => taken.length > round, 30_000, () => `the one alive is told of ${round}`);
    }
    // All of its deliveries were taken before even the second try of those that hang could begin everywhere.
    const tries = Number(await market.one(`select coalesce(sum(cardinality(status_codes)), 0) from market_webhook_deliveries d join market_webhooks w on w.id = d.webhook_id
      where w.actor_id in (${dead.map((own) => `'${own.id}'`)})`));
    assert.ok(tries < 3 * 3 * DEAD, `${tries} tries have ended meanwhile`);
    await until(async () => (await deliveries(alive, webhook_id)).every((d) => d.status === 'delivered'), PATIENCE_MS, 'that is written down');
    assert.deepEqual([taken, (await deliveries(alive, webhook_id)).map((d) => d.attempts)], [[0, 1, 2], [1, 1, 1]]);
  });
});
