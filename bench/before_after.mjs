// bench/before_after.mjs -- did a change make what is served dearer?  The host of another tree and of this one under
// the same load, in turns, each round with processes of its own; the processor time of an operation, the median of
// the rounds' ratios, their mean and its standard error.
// Each has its own database of one cluster, and its own scripts of bench/scripts.
import fs from 'node:fs';
import path from 'node:path';
import pg from 'pg';

const ALLOWED = 1.03;

async function another(database) {
  const client = new pg.Client({ host: database.socket, user: 'human', database: 'human' });
  await client.connect();
  await client.query('create database before');
  await client.end();
  return database.url.replace('dbname=human', 'dbname=before');
}

export async function beforeAfter(t, database, where, ...names) {
  const tree = path.resolve(t.root, where ?? '');
  if (tree === t.root || !fs.existsSync(path.join(tree, 'build/human'))) {
    throw new Error(`compare needs another tree that is built; ${tree} is not (make -C ${tree} build)`);
  }
  const known = Object.keys(t.loads), unknown = names.find((name) => !known.includes(name));
  if (unknown) throw new Error(`compare knows ${known.join(', ')}, not ${unknown}`);
  const url = await another(database);
  for (const name of ['before', 'human']) t.fillRows(database, name);
  const start = [() => t.startHuman(url, 'before', tree), () => t.startHuman(database.url, 'after')];
  console.log(`\nCPU of an operation, before (${tree}) and after (${t.root}), ${t.rounds} rounds`);
  for (const [title, measure] of (names.length ? names : known).flatMap((name) => t.loads[name])) {
    const seen = [[], []], ratios = [];
    for (let i = 0; i < t.rounds; i++) {
      for (const k of i % 2 ? [1, 0] : [0, 1]) {
        const server = await start[k](); // what is compiled, and where it lies in memory, is for a process's life
        seen[k].push((await t.round(title, server, measure)).cpu);
        await t.stop(server);
      }
      ratios.push(seen[1][i] / seen[0][i]);
    }
    const ratio = t.median(ratios), [before, after] = seen.map((cpu) => t.short(t.median(cpu)));
    const mean = ratios.reduce((sum, r) => sum + r, 0) / ratios.length;
    const error = Math.sqrt(ratios.reduce((sum, r) => sum + (r - mean) ** 2, 0) / (ratios.length - 1) / ratios.length);
    console.log(`  ${title.padEnd(50)} ${before} µs, ${after} µs: ${ratio.toFixed(3)} x `
      + `(mean ${mean.toFixed(3)} ± ${error.toFixed(3)})${ratio > ALLOWED ? '  DEARER by more than 3 %' : ''}`);
  }
}
