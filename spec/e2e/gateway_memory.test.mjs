// spec/e2e/gateway_memory.test.mjs -- what the agent remembers, as its tools and people see it, and who it is.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { open } from './gateway.mjs';
import { sql, startHost } from './hosts.mjs';

let host, c;
before(async () => {
  host = await startHost({ env: { HUMAN_LLM_PROVIDER: 'offline', HUMAN_SECURITY_AUTONOMY_LEVEL: '3' } });
  c = await open(host);
});
after(async () => { c?.ws.close(); await host?.stop(); });

const ask = async (method, params = {}) => {
  const { payload, error } = await c.call(method, params);
  assert.ok(payload, JSON.stringify(error));
  return payload;
};
async function run(text) {
  const { runId } = await ask('chat.send', { message: text, sessionKey: 'memory' });
  return (await c.next((f) => f.event === 'chat' && f.payload.runId === runId && f.payload.state === 'sent')).payload.message;
}

describe('a note', () => {
  it('that the agent keeps is shown, found by its words, replaced by its key, and deleted', async () => {
    assert.deepEqual(await ask('memory.status'), { engine: 'postgres', total_entries: 0, healthy: true, categories: { core: 0 } });
    await run('Run the tool memory_store with {"name": "coffee", "text": "Black, without sugar"}');
    assert.deepEqual(await ask('memory.store', { key: 'tea', content: 'Green' }), { stored: true });
    const { entries } = await ask('memory.list');
    assert.deepEqual(entries.map((e) => [e.key, e.content, e.category, e.score]), [['tea', 'Green', 'core', 1], ['coffee', 'Black, without sugar', 'core', 1]]);
    assert.ok(Math.abs(entries[0].timestamp - Date.now() / 1000) < 60);
    assert.deepEqual((await ask('memory.recall', { query: 'black coffee please' })).entries.map((e) => [e.key, e.score]), [['coffee', 2 / 3]]);
    await ask('memory.store', { key: 'tea', content: 'None' });
    assert.match(await run('Run the tool memory_recall with {"query": "tea"}'), /None/);
    assert.equal((await ask('memory.status')).total_entries, 2);
    assert.deepEqual([await ask('memory.forget', { key: 'tea' }), await ask('memory.forget', { key: 'tea' })], [{ deleted: true }, { deleted: false }]);
    assert.match(await run('Run the tool memory_forget with {"name": "coffee"}'), /Forgotten/);
    assert.deepEqual((await ask('memory.list')).entries, []);
  });

  it('of an unknown category, or too long, is refused', async () => {
    assert.deepEqual((await ask('memory.list', { category: 'daily' })).entries, []);
    assert.equal((await c.call('memory.store', { key: 'x', content: 'x'.repeat(4001) })).error.code, 'INVALID_PARAMS');
  });
});

describe('a personality', () => {
  it('is assigned by name, removed by null, and must exist', async () => {
    const [slug] = await sql(host.home, 'select personality_id from personalities where user_id is null order by 1 limit 1');
    const mine = () => sql(host.home, 'select p.personality_id from gateway_owner o join agents a on a.id = o.agent_id join personalities p on p.id = a.personality_id');
    assert.deepEqual(await ask('persona.set', { name: slug }), { ok: true });
    assert.deepEqual(await mine(), [slug]);
    assert.equal((await c.call('persona.set', { name: 'nobody' })).error.code, 'NOT_FOUND');
    assert.deepEqual(await ask('persona.set', { name: null }), { ok: true });
    assert.deepEqual(await mine(), []);
  });
});
