// spec/e2e/seams.test.mjs -- between scripts, workers and the database: an error of one of them harms no other.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { call, connected, makeAgent, makeUser, newMessage, openSocket, run, send } from './agent_client.mjs';
import { errors, sql, startHost } from './hosts.mjs';
import { next } from './support.mjs';

let host, workers, user, agent;
before(async () => {
  host = await startHost({ scripts: ['spec/e2e/scripts/seams'] });
  user = await makeUser(host.url);
  agent = await makeAgent(host.url, user);
  workers = host.workers();
});
after(async () => {
  assert.deepEqual(host.workers(), workers);
  assert.equal((await host?.stop())?.code, 0);
  assert.ok(!host.log().includes('runtime has failed'));
});

const post = (path) => call(host.url, 'POST', `/seams/${path}`);

/** The agent hears and answers, over the bus and both workers. */
async function talks() {
  const socket = await connected(host.url, agent.id, user.key);
  try {
    assert.equal((await send(socket, newMessage('How do I begin?'))).ok, true);
    assert.equal((await run(socket)).at(-1).type, 'agent-stopped');
  } finally {
    socket.disconnect();
  }
}

describe('the runtime', () => {
  it('keeps its topics to itself, and names scripts that use them', async () => {
    for (const how of ['send', 'emit']) {
      for (const topic of ['sio', 'bus.gap']) assert.equal((await post(`speak?how=${how}&topic=${topic}`)).status, 500);
      assert.equal((await post(`speak?how=${how}&topic=seams`)).status, 200);
    }
    assert.ok(/api\/seams\.lua:13: bus\.send: the topic 'sio' is the runtime's own/.test(host.log()));
    await talks();
  });

  it('takes nothing from a notification but what it expects', async () => {
    const id = agent.id, big = 'x'.repeat(7900);
    const payloads = ['', 'x', 'null', '5', '{}', '[]', '["sio"]', '["sio",{}]', '["sio",null]', '["sio",{"kind":"emit"}]',
      '["sio",{"kind":"emit","payload":{"path":"/socket.io/","nsp":"/","packet":5}}]', '["sio",{"kind":"nonsense","ask":1}]',
      '["bus.gap",{}]', '["seams"]', '["seams",5]', '["agent.action"]', '["agent.action",5]', '["agent.action",[]]',
      `["agent.action",{"agent_id":"${id}"}]`, `["agent.action",{"agent_id":"${id}","seq":"x"}]`,
      `["agent.action",{"agent_id":"${id}","seq":1e999}]`, `["agent.action",{"agent_id":"${id}","seq":9007199254740992}]`,
      '["agent.action",{"agent_id":{},"seq":1}]', `["agent.interrupt",{"agent_id":"${id}","pos":{}}]`,
      '["agent.wake",{"agents":5}]', '["agent.wake",{"agents":[5]}]', '["agent.wake",{}]', '["agent.changed",null]',
      '["agent.access_ended",{"agent_id":[]}]', '["agent.access_ended",5]', `["${big}"]`, big, '['.repeat(7900),
      '["\\ud800",{}]'];
    for (const payload of payloads) await sql(host.home, `select pg_notify('human', '${payload}')`);
    await sql(host.home, "select pg_notify('another', 'x')");
    await talks();
    assert.ok(/bus: message dropped/.test(host.log()));
  });

  it('answers when a script wants to send a header that cannot be sent', async () => {
    for (const how of ['header', 'refuse']) {
      for (const name of ['date', 'content-length', 'Transfer-Encoding', 'a b', '']) {
        const answer = await post(`${how}?name=${encodeURIComponent(name)}&value=x`);
        assert.deepEqual([answer.status, answer.body.code], [500, 'internal'], `${how} ${name}`);
      }
      for (const value of ['a%0d%0ab:c', '%0a', '%01']) assert.equal((await post(`${how}?name=x-a&value=${value}`)).status, 500);
    }
    assert.equal((await post('header?name=x-a&value=b')).headers.get('x-a'), 'b');
    assert.ok(/api\/seams\.lua:\d+: the header 'date' is the host's own/.test(host.log()));
  });

  it('logged each of them once', () => {
    assert.ok(errors(host.log()).every((line) => /seams\.lua|task failed/.test(line)), errors(host.log()).join('\n'));
  });
});

describe('a number that no column takes', () => {
  const open = (lastSeq) => openSocket(host.url, agent.id, user.key, { query: { agentId: agent.id, apiKey: user.key, lastSeq } });

  for (const lastSeq of ['1e308', '9007199254740994', '-1', 'inf', 'nan', '0x10', '1.5', ' 1']) {
    it(`is no place in the log: lastSeq=${lastSeq}`, async () => {
      const socket = open(lastSeq);
      const [error] = await next(socket, 'connect_error', 10000);
      socket.disconnect();
      assert.deepEqual(error.data, { statusCode: 400, code: 'invalid_last_seq' });
    });
  }

  it('is not needed', async () => {
    const socket = open('');
    await next(socket, 'connect', 10000);
    assert.equal((await send(socket, newMessage('How do I begin?'))).ok, true);
    assert.ok((await run(socket)).some((action) => action.type === 'agent-stopped'));
    socket.disconnect();
  });
});

describe('a method that nobody knows', () => {
  for (const method of ['BREW', 'QUERY', 'propfind', 'TRACEX', 'x'.repeat(64)]) {
    it(`is not allowed where there is something, whatever it is called: ${method.slice(0, 10)}`, async () => {
      const there = await fetch(`${host.url}/health`, { method });
      assert.deepEqual([there.status, there.headers.get('allow'), (await there.json()).code],
        [405, 'GET, HEAD, OPTIONS', 'method_not_allowed']);
      assert.equal((await fetch(`${host.url}/nowhere`, { method })).status, 404);
    });
  }
});

describe('transactions that lose races', () => {
  before(() => sql(host.home, 'create table seams (n int)'));

  it('run again: each of forty at a time commits, or is told to try again', async () => {
    const answers = await Promise.all(Array.from({ length: 40 }, () => post('count')));
    const done = answers.filter((a) => a.status === 200);
    for (const a of answers.filter((x) => x.status !== 200)) {
      assert.deepEqual([a.status, a.body.code, a.headers.get('retry-after')], [503, 'conflict', '1']);
    }
    assert.deepEqual(await sql(host.home, 'select count(*) from seams'), [String(done.length)]);
    assert.ok(done.length >= 10, `${done.length} of 40`);
  });

  it('end with 503 when they never win', async () => {
    const answer = await post('race'); // before the request's own limit, which is another code
    assert.deepEqual([answer.status, answer.body.code, answer.headers.get('retry-after')], [503, 'conflict', '1']);
  });
});
