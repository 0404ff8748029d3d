// spec/e2e/agent_catch_up.test.mjs -- a client that names its last action gets the following ones, in order, while the
// agent continues.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { connected, makeAgent, makeUser, newMessage, openSocket, run, send } from './agent_client.mjs';
import { sql, startHost } from './hosts.mjs';
import { next, until } from './support.mjs';

const OLD = 900;
let host, user, agent, speaker;
before(async () => {
  host = await startHost({ env: { HUMAN_WORKERS: '2' } });
  user = await makeUser(host.url);
  agent = await makeAgent(host.url, user);
  assert.equal((await user.api('PUT', `/api/agents/${agent.id}`, { settings: { debounce_ms: 0 } })).status, 200);
  speaker = await connected(host.url, agent.id, user.key);
  await send(speaker, newMessage('How do I start with cardio?'));
  await run(speaker);
  // What an agent says in a week: the rest of a log is written by hand.
  await sql(host.home, `with box as (update agent_mailboxes set last_pos = last_pos + ${OLD}, last_seq = last_seq + ${OLD}
      where agent_id = '${agent.id}' returning last_pos - ${OLD} as pos, last_seq - ${OLD} as seq)
    insert into agent_events (id, agent_id, pos, direction, seq, type, content, run_id)
    select 'cz' || lpad(i::text, 10, '0'), '${agent.id}', box.pos + i, 'out', box.seq + i, 'send-message',
      jsonb_build_object('content', repeat('x', 40)), (select id from agent_runs where agent_id = '${agent.id}' limit 1)
    from box, generate_series(1, ${OLD}) i`);
});
after(async () => {
  speaker?.disconnect();
  await host?.stop();
});

const late = (lastSeq, more) => openSocket(host.url, agent.id, user.key,
  { query: {}, auth: { agentId: agent.id, apiKey: user.key, lastSeq }, ...more });
const inOrder = (actions) => {
  const seqs = actions.map((a) => a.seq);
  assert.deepEqual(seqs, seqs.map((_, i) => i + 1));
};

describe('a client that catches up', () => {
  it('hears everything once and in order, what is new last', async () => {
    for (let round = 0; round < 4; round += 1) {
      const from = speaker.actions.length, client = late(0);
      let going = true;
      const talk = (async () => { // the agent acts for as long as there is something to catch up with
        for (let i = 0; going; i += 1) {
          await send(speaker, newMessage(`How do I go on with step ${i}?`));
          await run(speaker, from, i + 1);
        }
      })();
      try {
        await until(() => client.actions.length > OLD, 15000, 'the old ones have come');
      } finally {
        going = false;
        await talk;
      }
      await until(() => client.actions.at(-1)?.seq === speaker.actions.at(-1).seq, 10000, 'the newest has come');
      inOrder(client.actions);
      client.disconnect();
    }
  });

  it('is refused when what it says is no number of an action, and told so', async () => {
    for (const lastSeq of ['x', -1, 1.5, true, {}, '1e999']) {
      const [error] = await next(late(lastSeq), 'connect_error');
      assert.deepEqual([error.message, error.data], ['lastSeq must be the seq of an action, or 0', { statusCode: 400, code: 'invalid_last_seq' }]);
    }
    for (const lastSeq of [null, '', undefined, '5', OLD + 10 ** 6]) {
      const client = late(lastSeq);
      await next(client, 'connect');
      client.disconnect();
    }
  });

  it('and is cut off meanwhile is in the room all the same when it comes back', async () => {
    const client = late(0, { reconnection: true, reconnectionDelay: 100, reconnectionDelayMax: 100 });
    await next(client, 'message');
    const away = next(client, 'disconnect');
    client.io.engine.close();
    await away;
    await until(() => client.actions.some((a) => a.seq > OLD), 15000, 'it has come back');
    const from = speaker.actions.length;
    await send(speaker, newMessage('And now, how do I go on?'));
    await run(speaker, from);
    await until(() => client.actions.at(-1)?.seq === speaker.actions.at(-1).seq, 10000, 'the newest has come');
    const seqs = [...new Set(client.actions.map((a) => a.seq))];
    assert.deepEqual(seqs, seqs.map((_, i) => i + 1));
    client.disconnect();
  });
});
