// spec/e2e/bench.test.mjs -- what the benchmarks report about their machine.
import test from 'node:test';
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import http from 'node:http';
import { sameAnswers } from '../../bench/answers.mjs';
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
