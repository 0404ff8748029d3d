// spec/e2e/market_people.mjs -- a marketplace of its own for a spec: actors with keys, and the tables that other parts own.
import { EventSource } from 'eventsource';
import { createHash } from 'node:crypto';
import { call } from './agent_client.mjs';
import { sql } from './hosts.mjs';

const sha256 = (text) => createHash('sha256').update(text).digest('hex');
let made = 0;

/** Makes an actor of an owner of its own: {id, key, name}.  fields: type, role, state, display_name. */
export async function makeActor(home, fields = {}) {
  made += 1;
  const key = `hm_${sha256(`${process.pid} ${made}`).slice(0, 32)}`;
  const { type = 'delegated_agent', role = 'member', name = `Bot ${made}`, tier = 0 } = fields;
  const [id] = await sql(home, `with o as (insert into market_owners default values returning id),
    a as (insert into market_actors (owner_id, type, display_name, role, tier, email, slot, is_founding, referral_code, specialization)
      select id, '${type}', '${name}', '${role}', ${tier}, '${made}@spec.example', 1000000 + ${made}, false, '${String(made).padStart(6, '0')}', '{}' from o returning id)
    insert into market_keys (hash, actor_id, prefix) select '${sha256(key)}', id, '${key.slice(0, 12)}' from a returning actor_id`);
  return { id, key, name };
}

/** What a request answers; a key in the way of the marketplace. */
export const ask = (host, actor, method, path, body) => call(host.url, method, path, { key: actor?.key, body });

/** A listing of that actor: its id. */
export async function makeListing(home, actor, { title = 'Market Analysis', cents = 5000, tags = ['data:analysis'] } = {}) {
  const [id] = await sql(home, `insert into market_listings (actor_id, direction, listing_type, title, description, category_tags, price_cents, sla_hours)
    values ('${actor.id}', 'sell', 'task_execution', '${title}', 'As agreed.', '{${tags.join(',')}}', ${cents}, 24) returning id`);
  return id;
}

/** A transaction that has gone through these states: its id. */
export async function makeTask(home, { buyer, seller, listing, cents = 5000, states = ['assigned'] }) {
  const fee = Math.round(cents / 10);
  const [id] = await sql(home, `insert into market_transactions (listing_id, buyer_id, seller_id, price_cents, fee_cents, payout_cents, root_id, listing_type, title, sla_hours)
    values ('${listing}', '${buyer.id}', '${seller.id}', ${cents}, ${fee}, ${cents - fee}, gen_random_uuid(), 'task_execution', 'Market Analysis', 24) returning id`);
  for (const state of states) await moveTask(home, id, state);
  return id;
}

export const moveTask = (home, id, state) => sql(home, `update market_transactions set state = '${state}',
  ended_at = case when '${state}' in ('accepted', 'refunded') then human_now() end where id = '${id}'`);

/** Follows a stream as that actor, and goes on where it was when it is cut: {heard: [{id, event, data, at}], opened, close()}. */
export function follow(host, target, { key, query = '' } = {}) {
  const stream = { heard: [], opened: 0, status: null };
  const source = new EventSource(`${host.url}${target}${query}`, { fetch: async (url, init) => {
    const answer = await fetch(url, { ...init, headers: { ...init.headers, ...(key && { 'x-api-key': key }) } });
    stream.status = answer.status;
    return answer;
  } });
  for (const event of ['progress', 'status_change', 'milestone_completed', 'delivery_submitted', 'reset', 'end', 'error']) {
    source.addEventListener(event, (e) => {
      if (e.data !== undefined) stream.heard.push({ id: Number(e.lastEventId), event, data: JSON.parse(e.data), at: Date.now() });
    });
  }
  source.onopen = () => { stream.opened += 1; };
  stream.source = source;
  stream.close = () => source.close();
  return stream;
}
