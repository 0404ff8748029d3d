// spec/e2e/list_bytes.test.mjs -- a page of a list has a size in bytes, too, and following pages lose nothing.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { connected, makeAgent, makeUser, newMessage } from './agent_client.mjs';
import { startHost, sql } from './hosts.mjs';
import { until } from './support.mjs';

const MAX = 20_000, QUEUE = 65_536;
let host, user, agent;
before(async () => {
  host = await startHost({ env: { HUMAN_LIMITS_LIST_BYTES: String(MAX), HUMAN_LIMITS_WS_QUEUE_BYTES: String(QUEUE) } });
  user = await makeUser(host.url);
  agent = await makeAgent(host.url, user);
});
after(async () => { await host?.stop(); });

/** All pages of a list: [{bytes, rows, total}]. */
async function pages(path) {
  const list = [];
  for (let next = path; next;) {
    const answer = await fetch(host.url + next, { headers: { 'x-api-key': user.key } });
    const text = await answer.text();
    assert.equal(answer.status, 200, text);
    list.push({ bytes: Buffer.byteLength(text), rows: JSON.parse(text), total: Number(answer.headers.get('x-total-count')) });
    next = /^<(.+)>; rel="next"$/.exec(answer.headers.get('link') ?? '')?.[1];
  }
  return list;
}

/** Checks the sizes and that every row comes once, in order; gives the rows. */
async function whole(path, { total, descending = false, rowBytes }) {
  const list = await pages(path), rows = list.flatMap((p) => p.rows), ids = rows.map((r) => r.id);
  for (const page of list) {
    assert.ok(page.rows.length > 0 && page.bytes <= MAX * 1.05 + (page.rows.length === 1 ? rowBytes : 0), `${path}: ${page.bytes} bytes`);
    assert.equal(page.total, total);
  }
  assert.equal(new Set(ids).size, total, path);
  assert.equal(rows.length, total);
  if (!descending) assert.deepEqual(ids, [...ids].sort());
  return { rows, list };
}

describe('a list', () => { // limit: limits.list_bytes
  it('of personalities, prompts, agents or keys ends its page early and goes on behind it', async () => {
    const big = 'é'.repeat(3000), description = '\u0001"'.repeat(1000);
    for (let i = 0; i < 12; i += 1) {
      await user.api('POST', '/api/personalities', { name: `P${i}`, styleInstructions: big, description });
      await user.api('POST', '/api/system-prompts', { name: `S${i}`, promptType: 'system', template: big });
      await user.api('POST', '/api/agents', { name: `A${i}`, agentTypeId: agent.agentTypeId, description });
    }
    await user.api('POST', '/api/system-prompts', { name: 'huge', promptType: 'system', template: 'x'.repeat(60_000) });
    const shared = 1; // the examples that every host has
    const personalities = await whole('/api/personalities?limit=200', { total: 13 + shared, rowBytes: 20_000 });
    assert.ok(personalities.list.length > 5);
    const prompts = await whole('/api/system-prompts?limit=200', { total: 14 + shared, rowBytes: 61_000 });
    assert.ok(prompts.list.some((p) => p.rows.length === 1 && p.bytes > MAX), 'a row that is larger than a page is a page');
    assert.ok((await whole('/api/agents?limit=200', { total: 13, rowBytes: 20_000 })).list.length > 3);
    assert.deepEqual((await whole('/api/personalities?limit=2', { total: 13 + shared, rowBytes: 20_000 })).rows, personalities.rows);
  });

  it('of events does so in both directions', async () => {
    await user.api('PUT', `/api/agents/${agent.id}`, { status: 'paused' });
    for (let i = 0; i < 15; i += 1) {
      assert.equal((await user.api('POST', `/api/agents/${agent.id}/messages`, newMessage(`${i} ${'…'.repeat(1500)}`))).status, 202);
    }
    const total = await until(async () => {
      const { status } = (await user.api('GET', `/api/agents/${agent.id}/state`)).body;
      const { body, headers } = await user.api('GET', `/api/agents/${agent.id}/events?limit=1`);
      return status === 'idle' && body[0].type === 'agent-stopped' && Number(headers.get('x-total-count'));
    }, 20_000, 'all turns have ended');
    const path = `/api/agents/${agent.id}/events`;
    const back = await whole(`${path}?limit=200`, { total, descending: true, rowBytes: 6000 });
    assert.ok(back.list.length >= 4);
    const first = back.rows.at(-1).id;
    const rest = (await pages(`${path}?limit=200&after=${first}`)).flatMap((p) => p.rows);
    assert.deepEqual([first, ...rest.map((e) => e.id)], back.rows.map((e) => e.id).reverse());
  });
});

describe('what a socket missed', () => { // limit: socket.io replay
  it('comes as far as the queue of a slow reader would hold it, newest last, without a gap', async () => {
    const other = await makeAgent(host.url, user), n = 60;
    const [runId] = await sql(host.home, `insert into agent_runs (id, agent_id, until_pos, reason, finished_at)
      values ('crun${other.id.slice(1, 20)}', '${other.id}', 0, 'completed', now()) returning id`);
    await sql(host.home, `insert into agent_events (id, agent_id, pos, direction, seq, type, content, run_id)
      select 'cact' || '${other.id.slice(1, 20)}' || n, '${other.id}', n, 'out', n, 'send-message',
        jsonb_build_object('content', repeat('x', 3000)), '${runId}' from generate_series(1, ${n}) n`);
    await sql(host.home, `update agent_mailboxes set last_pos = ${n}, last_seq = ${n}, processed_pos = ${n} where agent_id = '${other.id}'`);
    for (const transports of [['websocket'], ['polling']]) {
      const socket = await connected(host.url, other.id, undefined,
        { transports, query: {}, auth: { agentId: other.id, apiKey: user.key, lastSeq: 0 } });
      await until(() => socket.actions.at(-1)?.seq === n, 10_000, 'the newest action');
      const seqs = socket.actions.map((a) => a.seq);
      assert.ok(seqs.length >= 5 && seqs.length <= QUEUE / 3000 / 2, `${seqs.length} actions`);
      assert.deepEqual(seqs, Array.from(seqs, (_, i) => n - seqs.length + 1 + i));
      assert.ok(socket.connected);
      socket.disconnect();
    }
  });
});
