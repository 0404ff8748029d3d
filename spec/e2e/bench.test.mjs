// spec/e2e/bench.test.mjs -- what the benchmarks report about their machine.
import test from 'node:test';
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import http from 'node:http';
import { WebSocketServer } from 'ws';
import { sameAnswers } from '../../bench/answers.mjs';
import { TOKEN } from '../../bench/gateway_load.mjs';
import { priced, wrong } from '../../bench/peers/item.mjs';
import { watchOthers } from '../../bench/others.mjs';

// A process that works for half a second of processor time, however long that takes, and ends.
const BURN = 'const t = process.cpuUsage(); while (process.cpuUsage(t).user < 5e5);';
const WORK = 0.45;

async function burn() {
  const child = spawn(process.execPath, ['-e', BURN], { stdio: 'ignore' });
  const [status] = await once(child, 'exit');
  assert.equal(status, 0);
}

test('a benchmark tells the work of others from its own', async () => {
  const bystander = spawn(process.execPath, ['-e', 'process.stdin.resume()'], { stdio: ['pipe', 'ignore', 'ignore'] });
  const mine = watchOthers(), theirs = watchOthers([bystander.pid]);
  await burn();
  const seen = mine(), other = theirs();
  bystander.stdin.end();
  await once(bystander, 'exit');
  assert.ok(seen.own > WORK, `its own: ${seen.own} s`);
  assert.ok(other.others > WORK, `of others: ${other.others} s`);
  assert.ok(other.own < WORK, `of one that waits: ${other.own} s`);
});

// A peer of the JSON route that finds fields wrong as `check` does and answers what `reply` makes of a body.
async function peer(t, name, check, reply) {
  const server = http.createServer(async (req, res) => {
    let text = '';
    for await (const piece of req) text += piece;
    const body = JSON.parse(text);
    res.statusCode = check(body) === undefined ? 200 : 400;
    res.end(JSON.stringify(reply(body)));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  return { name, port: server.address().port };
}

test('a benchmark does not measure a peer that answers something else, or takes what it has to refuse', async (t) => {
  const item = { id: 'x', name: 'x', price: 1, tags: ['x'], active: true }, refused = [{ ...item, price: 0 }];
  const backwards = (body) => Object.fromEntries(Object.entries(priced(body)).reverse());
  const ours = await peer(t, 'ours', wrong, priced), alike = await peer(t, 'alike', wrong, backwards);
  const lax = await peer(t, 'lax', () => undefined, priced), other = await peer(t, 'other', wrong, (body) => body);
  await sameAnswers([ours, alike], '/', item, refused);
  await assert.rejects(sameAnswers([ours, lax], '/', item, refused), /lax answers 200 to .*"price":0/);
  await assert.rejects(sameAnswers([ours, other], '/', item, refused), /other does not answer as ours does/);
});

// A gateway whose answer to everybody is `frames` frames.
async function streams(t, frames) {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1', path: '/ws' });
  await once(server, 'listening');
  t.after(() => server.close());
  server.on('connection', (ws) => {
    ws.send('{"type":"event","event":"connect.challenge","payload":{}}');
    ws.on('message', (data) => {
      const { id, method, params } = JSON.parse(data);
      if (method === 'connect') {
        if (params.auth.token !== TOKEN) return ws.close(1008);
        return ws.send(JSON.stringify({ type: 'res', id, ok: true, payload: { type: 'hello-ok', auth: { scopes: ['operator.write'] } } }));
      }
      for (const member of server.clients) {
        for (let i = 0; i < frames; i++) member.send('{"type":"event","event":"chat","payload":{"state":"chunk","message":"x"}}');
        member.send('{"type":"event","event":"chat","payload":{"state":"sent"}}');
      }
    });
  });
  return server.address().port;
}

// What the load prints, and how it ends, when an answer of ten pieces is asked for.
async function hears(port) {
  const child = spawn(process.execPath, [new URL('../../bench/gateway_load.mjs', import.meta.url).pathname, 'chunks', String(port), '3'],
    { stdio: ['pipe', 'pipe', 'pipe'] });
  let out = '', err = '';
  child.stdout.on('data', (d) => { out += d; });
  child.stderr.on('data', (d) => { err += d; });
  child.stdin.end('10 1\n');
  const [status] = await once(child, 'close');
  return { status, err, lines: out.trim().split('\n').map((l) => JSON.parse(l)) };
}

test('a benchmark does not count pieces that a gateway has joined', async (t) => {
  const each = await hears(await streams(t, 10));
  assert.equal(each.status, 0, each.err);
  assert.deepEqual(each.lines[0], { sockets: 3 });
  assert.equal(each.lines.at(-1).pieces, 10);
  assert.ok(each.lines.at(-1).count > 0);
  const joined = await hears(await streams(t, 2));
  assert.deepEqual(joined.lines.at(-1), { joined: 2, pieces: 10 });
});
