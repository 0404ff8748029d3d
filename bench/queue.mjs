// bench/queue.mjs -- rows of human.queue that are due: from the request that adds 2,000 of them to the moment when the
// last one is gone, two workers, everything on all cores; beside it the floor: their effects as a pgbench script.
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';

const root = path.dirname(path.dirname(new URL(import.meta.url).pathname));
const COUNT = 2000, LOOK_MS = 2, PATIENCE_MS = 120_000;
const FLOOR = "begin;\ninsert into bench_effects (row_id) values ('x');\ndelete from bench_rows where id = 'none';\ncommit;\n";

export async function queue(t, database) {
  const client = new pg.Client({ host: database.socket, user: 'human', database: 'human' });
  client.on('error', () => {});                    // the server ends first when something else has failed
  await client.connect();
  await client.query('create table if not exists bench_effects (row_id text); create table if not exists bench_rows (id text primary key)');
  const port = await t.freePort();
  const server = await t.serve('queue', t.human, ['gateway', '--port', String(port), '--agent-port', '0', '--workers', '2',
    '--set', 'overrides=**', '--scripts', `${path.join(root, 'bench/scripts')}:${path.join(root, 'scripts')}`], port,
  { HUMAN_HOME: path.join(t.dir, 'home'), DATABASE_URL: database.url }, '0-1');
  while ((await fetch(`http://127.0.0.1:${port}/ready`).catch(() => ({}))).status !== 200) await sleep(50);
  const file = path.join(t.dir, 'queue_floor.sql');
  fs.writeFileSync(file, FLOOR);
  console.log(`\n(q) ${COUNT} due rows, two workers: milliseconds until all are done, the adding included`);
  const run = async (kind) => {
    const begun = performance.now(), end = begun + PATIENCE_MS;
    const answer = await fetch(`http://127.0.0.1:${port}/bench/queue/${kind}/${COUNT}`, { method: 'POST' });
    if (answer.status !== 204) throw new Error(await answer.text());
    while ((await client.query('select 1 from host_queue limit 1')).rowCount > 0) {
      if (performance.now() > end) throw new Error(`${kind}: rows are left`);
      await sleep(LOOK_MS);
    }
    return performance.now() - begun;
  };
  const floor = () => {
    const args = ['-n', '-M', 'prepared', '-f', file, '-c', '16', '-j', '2', '-t', String(COUNT / 16)];
    const r = spawnSync('pgbench', args, { env: { ...process.env, PGHOST: database.socket, PGUSER: 'human', PGDATABASE: 'human' }, encoding: 'utf8' });
    return COUNT / Number(/tps = ([\d.]+)/.exec(r.stdout)[1]) * 1000;
  };
  const times = { 'bench.idle': [], 'bench.once': [], 'bench.keyed': [], 'floor (pgbench, 16 clients)': [] };
  for (let i = 0; i < t.rounds; i++) {
    for (const name of Object.keys(times)) times[name].push(name.startsWith('floor') ? floor() : await run(name));
  }
  for (const [name, ms] of Object.entries(times)) {
    console.log(`  ${name.padEnd(30)} ${t.short(t.median(ms))} ms  (${t.short(Math.min(...ms))} to ${t.short(Math.max(...ms))})`);
  }
  await client.end();
  await t.stop(server);
}
