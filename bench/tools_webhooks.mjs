// bench/tools_webhooks.mjs -- (c) of `make bench ARGS=tools`: webhooks to one endpoint and to fifty, from the moment when their
// events become rows until the last of them is written down as delivered; beside it a loop of Node's fetch that signs and keeps
// nothing, with as many requests at a time as ours may make.  EVENTS=1000
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { post, quiet } from './market.mjs';
import { guarded } from './tools_world.mjs';

const here = path.dirname(new URL(import.meta.url).pathname);
const EVENTS = Number(process.env.EVENTS ?? 1000), LOOK_MS = 20, PATIENCE_MS = 120_000;
const EACH = 5, MOST = 150;                        // requests at a time: of a quick endpoint, of all

// Events as their causes would put them, for no consumer but webhooks.
const put = (client, actors, each) => client.query(`insert into host_queue (kind, id, key, payload, due_at, order_at)
  select 'outbox market.event marketplace.webhooks_queue.take', 'c' || replace(gen_random_uuid()::text, '-', ''), gen_random_uuid()::text,
    json_build_object('name', 'reputation.updated', 'to', json_build_array(id), 'data', '{"tier":2,"score":71}'::json), human_now(), 'epoch'
  from unnest($1::text[]) id, generate_series(1, $2::int)`, [actors.map((a) => a.id), each]);

const NOW = `select count(*) filter (where state = 'delivered')::int as done, count(*) filter (where status_codes <> '{204}')::int as others,
  extract(epoch from max(ended_at) - min(created_at))::float8 as seconds from market_webhook_deliveries where created_at > $1 and webhook_id = any ($2)`;

async function delivered(client, hooks, from, count) {
  const end = performance.now() + PATIENCE_MS;
  for (;;) {
    const { rows: [now] } = await client.query(NOW, [from, hooks]);
    if (now.done === count) {
      if (now.others) throw new Error(`${now.others} were not taken at once`);
      return now.seconds;
    }
    if (performance.now() > end) throw new Error(`${now.done} of ${count} webhooks were delivered`);
    await sleep(LOOK_MS);
  }
}

const register = async (port, url, { key }) =>
  (await post(port, '/webhooks-register', { url, events: ['reputation.updated'], secret: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw' }, key)).webhook_id;

/** What deliveries to one quick endpoint send to the database, by a hundred of them: {count, seen: statements}. */
export async function webhookCounts(client, wire, port, tool, actor) {
  const hook = await register(port, guarded(tool, '/hook'), actor), since = async (n) => {
    const { rows: [{ now }] } = await client.query('select human_now()::text as now');
    await put(client, [actor], n);
    await delivered(client, [hook], now, n);
  };
  await since(1);
  await quiet(client);
  const mark = wire.seen.length, count = 100;
  await since(count);
  return { count, seen: wire.seen.slice(mark) };
}

export async function webhookRounds(t, host, client, tool, actors) {
  const url = guarded(tool, '/hook'), port = await t.freePort(), hooks = [];
  const loop = await t.serve('loop of fetch', process.execPath, [path.join(here, 'peers/webhook_loop.mjs'), String(port), url], port);
  for (const each of actors) hooks.push(await register(host.port, url, each));
  await put(client, actors, 1);
  await delivered(client, hooks, '-infinity', actors.length);  // by then each is a quick one
  for (const n of [1, actors.length]) {
    const some = actors.slice(0, n), each = Math.ceil(EVENTS / n), count = each * n, atOnce = Math.min(EACH * n, MOST), title = `(c) webhooks to ${n === 1 ? 'one endpoint' : `${n} endpoints`}`;
    const seen = await t.turns(title, [
      { name: 'human', server: host, run: async () => {
        const { rows: [{ now }] } = await client.query('select human_now()::text as now');
        await put(client, some, each);
        const seconds = await delivered(client, hooks.slice(0, n), now, count);
        return { count, rate: count / seconds };
      } },
      { name: 'fetch', server: loop, run: async () => {
        const answer = await fetch(`http://127.0.0.1:${port}/${count}/${atOnce}`, { method: 'POST' }), text = await answer.text();
        if (!answer.ok) throw new Error(text);
        return { count, rate: count / Number(text) };
      } },
    ]);
    delete seen.fetch.database;
    t.row(title, t.cell(seen.human), '-', `fetch, ${atOnce} at a time: ${t.cell(seen.fetch)}`, `${t.short(seen.fetch.rate / seen.human.rate)} x the time of the floor`);
  }
  await t.stop(loop);
}
