// spec/e2e/bench.test.mjs -- what the benchmarks say about the machine that they run on.
import test from 'node:test';
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
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
