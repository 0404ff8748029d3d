// spec/e2e/market_crowd.test.mjs -- a thousand clients follow the stream of one actor on two hosts, and half of them stop
// reading, while scripts are reloaded: whoever reads has all events once and in order, the hosts stay as quick and hardly
// grow, and whoever reads again has the rest.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import readline from 'node:readline';
import { after, before, describe, it } from 'node:test';
import { errors, sql } from './hosts.mjs';
import { makeActor } from './market_people.mjs';
import { startPair } from './pair.mjs';
import { root, until } from './support.mjs';

const SCRIPTS = 'spec/e2e/scripts/market2', STREAMS = 'api/marketplace/streams.lua';
const READERS = 500, OTHERS = 500, EVENTS = 40, TEXT = 'x'.repeat(10_000), PATIENCE_MS = 90_000;
const ENV = { HUMAN_MARKETPLACE_AUDIT_S: '0', HUMAN_RELOAD_TIMEOUT_MS: '60000' };
let world, actor, crowd, lines;

before(async () => {
  world = await startPair(SCRIPTS, { env: ENV });
  await sql(world.home, 'create table e2e_market_events (id bigint generated always as identity, name text, n text)');
  actor = await makeActor(world.home);
});
after(async () => {
  crowd?.kill();
  for (const host of [world?.two, world?.one]) await host?.stop();
  assert.deepEqual([world.one, world.two].flatMap((host) => errors(host.log())), []);
});

// As many streams of one actor as there are clients.
async function lift() {
  const text = fs.readFileSync(path.join(root, 'scripts', STREAMS), 'utf8');
  const changed = text.replaceAll(', limit = OPENED', '').replace(/^local OPENED = .*\n/m, '');
  assert.ok(changed !== text && !changed.includes('OPENED'), 'the limit of streams has moved');
  world.write(STREAMS, changed);
  await world.reload();
}

async function gather() {
  crowd = spawn('/usr/bin/python3', [path.join(root, 'spec/e2e/market_crowd.py'), `${world.one.port},${world.two.port}`, actor.key, String(READERS), String(OTHERS)],
    { stdio: ['pipe', 'pipe', 'inherit'] });
  lines = readline.createInterface({ input: crowd.stdout })[Symbol.asyncIterator]();
  return JSON.parse((await lines.next()).value);
}

async function ask(what) {
  crowd.stdin.write(`${what}\n`);
  return JSON.parse((await lines.next()).value);
}

let told = 0;
async function tell(n) {
  for (let i = 0; i < n; i += 1) {
    told += 1;
    const host = told % 2 ? world.one : world.two;
    const event = { name: 'transaction.progress', about: actor.id, to: [actor.id], data: { transaction_id: actor.id, n: String(told), text: TEXT } };
    const answer = await fetch(`${host.url}/local/market2/events`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(event) });
    assert.equal(answer.status, 200, await answer.text());
  }
}

const everyone = (n) => until(async () => {
  const seen = await ask('look');
  return seen.whole && seen.counts.length === 1 && seen.counts[0][0] === n ? seen : false;
}, PATIENCE_MS, async () => `all who read have ${n}: ${JSON.stringify(await ask('look'))}`);

const memory = (host) => host.workers().reduce((sum, pid) => sum + Number(/VmRSS:\s+(\d+)/.exec(fs.readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) / 1000, 0);

describe('a thousand streams, of which half are not read', () => {
  it('hold nobody up and cost little, across a reload; whoever reads again misses nothing', { timeout: 400_000 }, async (t) => {
    await lift();
    await gather();
    const was = memory(world.one) + memory(world.two);
    await tell(EVENTS);
    await everyone(EVENTS);
    await world.reload();
    await tell(EVENTS);
    assert.equal((await everyone(2 * EVENTS)).ended, 0);
    const grown = memory(world.one) + memory(world.two) - was;
    t.diagnostic(`${grown.toFixed(0)} MB more for ${OTHERS} who do not read ${(2 * EVENTS * TEXT.length) / 1000} KB each`);
    assert.ok(grown < 2 * ((READERS + OTHERS) * 0.064 + 64), `${grown} MB`);
    for (const host of [world.one, world.two]) assert.equal((await fetch(`${host.url}/health`)).status, 200);
    const { quiet } = await ask(`read ${OTHERS / 2}`);
    assert.equal(quiet, OTHERS / 2);
    await everyone(2 * EVENTS);
  });
});
