// spec/e2e/gateway_chat.test.mjs -- talking with the agent over the control protocol: what is told when and to whom, what
// is kept, and what waits for somebody to permit it.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { open } from './gateway.mjs';
import { errors, makeHome, startHost } from './hosts.mjs';
import { until } from './support.mjs';

const home = makeHome();
let host;
before(async () => { host = await startHost({ home, env: { HUMAN_LLM_PROVIDER: 'offline' } }); });
after(async () => {
  assert.deepEqual(errors(host.log()), []);
  assert.equal((await host.stop()).code, 0);
});

const sent = (c, runId) => c.next((f) => (f.event === 'chat' || f.method === 'chat') && (f.payload ?? f.params).runId === runId && (f.payload ?? f.params).state === 'sent');
/** Says something and waits for the whole answer: {runId, text}. */
async function say(c, params) {
  const { payload, error } = await c.call('chat.send', params);
  assert.ok(payload, JSON.stringify(error));
  const end = await sent(c, payload.runId);
  return { ...payload, text: (end.payload ?? end.params).message };
}

describe('chat', () => {
  it('answers at once, then tells everybody by events, the question before the answer', async () => {
    const c = await open(host), other = await open(host), nobody = await open(host, { headers: { 'x-forwarded-for': '192.0.2.7' } });
    const { runId, sessionKey, text } = await say(c, { message: 'Hello there' });
    assert.equal(sessionKey, 'default');
    assert.ok(text.length > 0);
    await sent(other, runId);
    const order = c.frames.filter((f) => f.id?.startsWith?.('c') || f.event === 'chat').map((f) => (f.event ? f.payload.state : f.payload.status));
    assert.equal(order[0], 'queued');
    assert.deepEqual(order.filter((x) => x !== 'chunk'), ['queued', 'received', 'thinking', 'sent']);
    for (const f of other.events('chat')) {
      assert.deepEqual([f.payload.id, f.payload.sessionKey, f.payload.session_key], [f.payload.runId, 'default', 'default']);
    }
    assert.deepEqual(nobody.frames.filter((f) => f.event && f.event !== 'connect.challenge'), []);
    for (const x of [c, other, nobody]) x.ws.close();
  });

  it('with stream sends the pieces as notifications to the client that asked, and marks the last one', async () => {
    for (const jsonrpc of [false, true]) {
      const c = await open(host, { jsonrpc }), other = await open(host);
      const { runId, text } = await say(c, { message: 'What time is it?', stream: true, sessionKey: 'streams' });
      const last = await c.next((f) => f.method === 'chat.chunk' && f.params.runId === runId && f.params.done);
      assert.equal(last.params.content, '');
      const said = c.events('chat.chunk').map((f) => f.params.content).join('');
      assert.ok(said === '' || said.endsWith(text) || text.includes(said), `${said} | ${text}`);
      assert.deepEqual(other.events('chat.chunk'), []);
      for (const x of [c, other]) x.ws.close();
    }
  });

  it('starts one run per idempotencyKey, and refuses an invalid message', async () => {
    const c = await open(host);
    const [a, b] = [await say(c, { message: 'once', sessionKey: 'once', idempotencyKey: 'k1' }), await say(c, { message: 'once', sessionKey: 'once', idempotencyKey: 'k1' })];
    assert.equal(a.runId, b.runId);
    assert.equal((await c.call('chat.history', { sessionKey: 'once' })).payload.messages.filter((m) => m.role === 'user').length, 1);
    for (const params of [{}, { message: '' }, { message: '   ' }, { message: 5 }, { message: 'x'.repeat(100_001) }, { message: 'x', sessionKey: 'a\nb' }]) {
      assert.equal((await c.call('chat.send', params)).error?.code, 'INVALID_PARAMS', JSON.stringify(params).slice(0, 60));
    }
    c.ws.close();
  });

  it('keeps two sessions apart, and survives a crash', async () => {
    let c = await open(host);
    await Promise.all(['left', 'right'].map((key) => say(c, { message: `I am in the ${key} room`, sessionKey: key })));
    const read = async () => Promise.all(['left', 'right'].map(async (key) => (await c.call('chat.history', { sessionKey: key })).payload.messages));
    const before_ = await read();
    for (const [i, key] of ['left', 'right'].entries()) {
      assert.deepEqual(before_[i].map((m) => m.role), ['user', 'assistant']);
      assert.equal(before_[i][0].content, `I am in the ${key} room`);
    }
    await host.kill();
    host = await startHost({ home, port: host.port, env: { HUMAN_LLM_PROVIDER: 'offline' } });
    c = await open(host);
    assert.deepEqual(await read(), before_);
    c.ws.close();
  });

  it('is understood as the Android app says it', async () => {
    const c = await open(host);
    c.say({ method: 'chat', params: { text: 'from a telephone' } });
    const { payload } = await c.next((f) => f.event === 'chat' && f.payload.state === 'received' && f.payload.message === 'from a telephone');
    await sent(c, payload.runId);
    c.ws.close();
  });
});

describe('sessions', () => {
  it('are listed newest first, renamed, archived and deleted', async () => {
    const c = await open(host);
    for (const key of ['s1', 's2']) await say(c, { message: `hello ${key}`, sessionKey: key });
    const all = (await c.call('sessions.list')).payload.sessions;
    const list = all.filter((x) => ['s1', 's2'].includes(x.key)); // a run of the test before may still end
    assert.deepEqual(list.map((x) => x.key), ['s2', 's1']);
    assert.deepEqual(all.map((x) => x.last_active), all.map((x) => x.last_active).sort((a, b) => b - a));
    assert.ok(Math.abs(list[0].last_active - Date.now() / 1000) < 60 && list[0].turn_count === 1 && list[0].last_message.length > 0);
    const { events } = (await c.call('activity.recent', { limit: 2 })).payload;
    assert.deepEqual(events.map((e) => [e.type, e.session, e.message]), all.slice(0, 2).map((x) => ['message', x.key, x.last_message]));
    assert.equal((await c.call('sessions.patch', { key: 's1', label: 'First' })).payload.session.label, 'First');
    assert.equal((await c.call('sessions.patch', { key: 's1', archived: true })).payload.session.status, 'archived');
    assert.ok(!(await c.call('sessions.list')).payload.sessions.some((x) => x.key === 's1'));
    assert.ok((await c.call('sessions.list', { archived: true })).payload.sessions.some((x) => x.key === 's1'));
    assert.deepEqual((await c.call('sessions.delete', { key: 's1' })).payload, { deleted: true });
    assert.equal((await c.call('sessions.delete', { key: 's1' })).error.code, 'NOT_FOUND');
    assert.equal((await c.call('sessions.patch', { key: 'none', label: 'x' })).error.code, 'NOT_FOUND');
    assert.deepEqual((await c.call('chat.history', { sessionKey: 's1' })).payload.messages, []);
    c.ws.close();
  });
});

describe('a tool', () => {
  it('that needs approval waits for it, and the first decision counts', async () => {
    const c = await open(host), other = await open(host);
    const { tools } = (await c.call('tools.catalog')).payload;
    assert.ok(tools.every((t) => t.parameters.type === 'object' && ['low', 'medium', 'high'].includes(t.risk)));
    const run = (await c.call('chat.send', { message: 'run the tool file_write with {"path":"note.txt","content":"hi"}', sessionKey: 'tools' })).payload;
    const asked = await other.next((f) => f.event === 'exec.approval.requested' && f.payload.runId === run.runId);
    assert.equal(asked.payload.tool, 'file_write');
    assert.deepEqual(asked.payload.arguments, { path: 'note.txt', content: 'hi' });
    assert.ok((await c.call('exec.approval.list')).payload.approvals.some((a) => a.id === asked.payload.id));
    assert.equal((await c.call('exec.approval.resolve', { id: asked.payload.id, approved: true, argumentsHash: 'other' })).error.code, 'CONFLICT');
    for (const both of [{ decision: 'allow-once', approved: false }, { decision: 'deny', approved: true }]) {
      assert.match((await c.call('exec.approval.resolve', { id: asked.payload.id, ...both })).error.message, /contradict/);
    }
    const first = (await other.call('exec.approval.resolve', { id: asked.payload.id, decision: 'allow-once' })).payload;
    assert.deepEqual(first, { resolved: true, approved: true, decision: 'allow-once' });
    const second = (await c.call('exec.approval.resolve', { id: asked.payload.id, approved: false })).payload;
    assert.deepEqual(second, { resolved: false, approved: true, decision: 'allow-once' });
    await sent(c, run.runId);
    assert.equal((await c.next((f) => f.event === 'exec.approval.resolved')).payload.id, asked.payload.id);
    await c.next((f) => f.event === 'agent.tool' && f.payload.name === 'file_write' && f.payload.success);
    assert.equal((await c.call('exec.approval.resolve', { id: 'none', approved: true })).error.code, 'NOT_FOUND');
    for (const x of [c, other]) x.ws.close();
  });

  it('that waits ends with chat.abort', async () => {
    const c = await open(host);
    const run = (await c.call('chat.send', { message: 'run the tool file_write with {"path":"no.txt","content":"hi"}', sessionKey: 'aborts' })).payload;
    await c.next((f) => f.event === 'exec.approval.requested' && f.payload.runId === run.runId);
    assert.equal((await c.call('chat.abort', {})).payload.aborted, true);
    assert.equal((await sent(c, run.runId)).payload.aborted, true);
    assert.equal((await c.call('chat.abort', { sessionKey: 'aborts' })).payload.aborted, false);
    await until(async () => (await c.call('exec.approval.list')).payload.approvals.every((a) => a.runId !== run.runId), 5000, 'nothing waits');
    c.ws.close();
  });
});

it('usage.summary reports what was used', async () => {
  const c = await open(host);
  const { payload } = await c.call('usage.summary');
  assert.ok(payload.request_count > 0 && 'session_cost_usd' in payload);
  c.ws.close();
});
