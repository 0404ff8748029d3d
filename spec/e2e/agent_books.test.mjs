// spec/e2e/agent_books.test.mjs -- everything spent on models is recorded, whatever happens to the answer.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { call, connected, makeAgent, makeUser, newMessage, run, send } from './agent_client.mjs';
import { startModel } from './agent_model.mjs';
import { startHost, sql } from './hosts.mjs';
import { until } from './support.mjs';

let model, host;
before(async () => {
  model = await startModel();
  host = await startHost({ env: { ...model.env, HUMAN_LLM_MODEL: 'gpt-4o', HUMAN_AGENT_WINDOW_MESSAGES: '2', HUMAN_AGENT_LEASE_MS: '1000',
    HUMAN_LLM_TIMEOUT_MS: '60000' } });
});
after(async () => {
  await host?.stop();
  await model?.close();
});

const ONE = '110|350'; // 100 tokens in, 10 out, at the price of gpt-4o
async function make() {
  const user = await makeUser(host.url), agent = await makeAgent(host.url, user);
  await user.api('PUT', `/api/agents/${agent.id}`, { settings: { debounce_ms: 0 } });
  model.answer = () => ({ text: 'Fine.' });
  return { user, agent, socket: await connected(host.url, agent.id, user.key) };
}

/** What the books say of an agent, alone of its user: [of runs, of the agent, of the user, of calls], "tokens|micros". */
async function books({ user, agent }) {
  const sums = (columns, where) => `select coalesce(sum(${columns}), 0) || '|' || coalesce(sum(cost_micros), 0) from ${where}`;
  const both = 'input_tokens + output_tokens';
  return Promise.all([sums(both, `agent_runs where agent_id = '${agent.id}'`), sums(both, `agent_mailboxes where agent_id = '${agent.id}'`),
    sums('tokens', `user_usage_all where user_id = '${user.id}'`),
    sums(both, `llm_calls where ref = 'memory:${agent.id}' or ref in (select id from agent_runs where agent_id = '${agent.id}')`),
  ].map(async (q) => (await sql(host.home, q))[0]));
}

/** Waits until all books say the same, and gives it. */
async function settled(made, but = () => true) {
  let last;
  await until(async () => {
    last = await books(made);
    return new Set(last).size === 1 && but(last[0]);
  }, 15_000, 'all books say the same').catch((e) => { throw new Error(`${e.message}: ${JSON.stringify(last)}`); });
  return last[0];
}
const ended = (agent) => sql(host.home, `select reason || ' ' || coalesce(provider, '-') || ' ' || coalesce(model, '-') from agent_runs
  where agent_id = '${agent.id}' and finished_at is not null order by started_at`);
const asked = (n) => until(() => model.requests.length > n, 15_000, 'the model is asked');

describe('the books', () => {
  it('have what the server counted of an answer', async () => {
    const made = await make();
    await send(made.socket, newMessage('Hi'));
    await run(made.socket);
    assert.equal(await settled(made), ONE);
    made.socket.disconnect();
  });

  it('have what an answer cost that was cut short by more words', async () => {
    const made = await make(), n = model.requests.length;
    model.answer = () => ({ text: 'Too late.', ms: 120_000 });
    await send(made.socket, newMessage('How do I start?'));
    await asked(n);
    model.answer = () => ({ text: 'Fine.' });
    await send(made.socket, newMessage('With cardio, I mean.'));
    await run(made.socket, 0, 2);
    assert.deepEqual(await ended(made.agent), ['superseded openai gpt-4o', 'completed openai gpt-4o']);
    const [tokens, cost] = (await settled(made)).split('|').map(Number);
    assert.ok(tokens > 110 + 100 && cost > 350 + 250, `${tokens} tokens, ${cost} micros`); // its prompt, estimated
    // Its row, open so far with the same cost, is closed by a task of its own: nobody waits for that.
    await until(async () => (await sql(host.home, `select estimated from llm_calls where status = 'canceled' and ref in
      (select id from agent_runs where agent_id = '${made.agent.id}')`))[0] === 't', 15_000, 'the call is recorded as canceled');
    made.socket.disconnect();
  });

  it('have what an answer cost that the owner stopped', async () => {
    const made = await make(), n = model.requests.length;
    model.answer = () => ({ text: 'Too late.', ms: 120_000 });
    await send(made.socket, newMessage('Hi'));
    await asked(n);
    await made.user.api('PUT', `/api/agents/${made.agent.id}`, { status: 'paused' });
    await run(made.socket);
    assert.deepEqual(await ended(made.agent), ['aborted openai gpt-4o']);
    assert.notEqual(await settled(made), '0|0');
    made.socket.disconnect();
  });

  it('have what an answer cost that broke off, and nothing of one that was refused', async () => {
    const made = await make();
    model.answer = () => ({ status: 400 });
    await send(made.socket, newMessage('Hi'));
    await run(made.socket);
    assert.equal(await settled(made), '0|0');
    model.answer = () => ({ half: 'You could beg' });
    await send(made.socket, newMessage('Hi again'));
    await run(made.socket, 3);
    assert.deepEqual(await ended(made.agent), ['error openai gpt-4o', 'error openai gpt-4o']);
    assert.notEqual(await settled(made), '0|0');
    made.socket.disconnect();
  });

  it('have what an answer cost at least whose worker was killed, however often', async () => {
    const made = await make();
    const text = 'How do I begin? '.repeat(100);
    model.answer = () => ({ text: 'Never.', ms: 120_000 });
    const n = model.requests.length;
    await send(made.socket, newMessage(text));
    made.socket.disconnect();
    for (let times = 1; times <= 2; times += 1) {
      await asked(n + times - 1);
      for (const pid of host.workers()) process.kill(pid, 'SIGKILL');
    }
    model.answer = () => ({ text: 'Fine.' });
    await until(async () => (await ended(made.agent))[0]?.startsWith('completed'), 30_000, 'the run has ended');
    const [tokens, cost] = (await settled(made)).split('|').map(Number);
    assert.ok(tokens > 110 + 2 * text.length / 4 && cost > 350 + 2 * text.length / 4 * 2.5, `${tokens} tokens, ${cost} micros`);
    assert.deepEqual(await sql(host.home, `select status || ' ' || coalesce(error_code, '-') from llm_calls where ref in
      (select id from agent_runs where agent_id = '${made.agent.id}') order by created_at`),
    ['canceled interrupted', 'canceled interrupted', 'ok -']);
  });

  it('have what a turn cost at least that was given up after its worker was killed', async () => {
    const made = await make(), n = model.requests.length;
    model.answer = () => ({ text: 'Never.', ms: 120_000 });
    await send(made.socket, newMessage('Hi'));
    made.socket.disconnect();
    await asked(n);
    await sql(host.home, `update agent_mailboxes set attempts = 100 where agent_id = '${made.agent.id}'`); // as if it were the last
    for (const pid of host.workers()) process.kill(pid, 'SIGKILL');
    await until(async () => (await ended(made.agent))[0], 30_000, 'the turn is given up');
    assert.match((await ended(made.agent))[0], /^error/);
    assert.notEqual(await settled(made), '0|0');
    assert.deepEqual(await sql(host.home, `select distinct status from llm_calls where ref in (select id from agent_runs where agent_id = '${made.agent.id}')`), ['canceled']);
  });

  it('have what a summary cost, also one that broke off', async () => {
    const made = await make();
    const isSummary = (texts) => texts[0].startsWith('You keep the notes');
    let summaries = 0;
    model.answer = (texts) => {
      if (!isSummary(texts)) return { text: 'Fine.' };
      summaries += 1;
      return summaries === 1 ? { half: 'They tal' } : { text: 'They talked.' };
    };
    for (let i = 0; summaries < 2; i += 1) {
      assert.ok(i < 40, 'no summary was written');
      const from = made.socket.actions.length;
      await send(made.socket, newMessage(`Line ${i}`));
      await run(made.socket, from);
    }
    const memory = `select input_tokens + output_tokens from llm_calls where ref = 'memory:${made.agent.id}'`;
    const costs = await until(async () => {
      const list = (await sql(host.home, memory)).map(Number);
      return list.length >= 2 && list;
    }, 15_000, 'the summaries are in the books');
    assert.ok(costs.every((c) => c > 0), String(costs));
    await until(async () => {
      const [runs, agent, mine, calls] = await books(made);
      return agent === mine && mine === calls && Number(agent.split('|')[0]) === Number(runs.split('|')[0]) + costs.reduce((a, b) => a + b, 0);
    }, 15_000, 'all books say the same');
    made.socket.disconnect();
  });

  it('have what a summary cost at least whose worker was killed', async () => {
    const made = await make(), memory = `select coalesce(error_code, status) from llm_calls where ref = 'memory:${made.agent.id}' order by created_at`;
    let hangs = 0;
    const answer = (texts) => {
      if (!texts[0].startsWith('You keep the notes')) return { text: 'Fine.' };
      hangs += 1;
      return hangs === 1 ? { text: 'Never.', ms: 120_000 } : { text: 'They talked.' };
    };
    model.answer = answer;
    const line = async (i) => {
      assert.equal((await call(host.url, 'POST', `/api/agents/${made.agent.id}/messages`, { key: made.user.key, body: newMessage(`Line ${i}`) })).status, 202);
      await until(async () => (await sql(host.home, `select processed_pos >= last_in_pos from agent_mailboxes where agent_id = '${made.agent.id}'`))[0] === 't', 15_000, 'it is answered');
    };
    for (let i = 0; hangs < 1; i += 1) {
      assert.ok(i < 60, 'no summary was begun');
      await line(i);
    }
    for (const pid of host.workers()) process.kill(pid, 'SIGKILL');
    await sql(host.home, `update llm_calls set created_at = created_at - interval '2 minutes' where ref = 'memory:${made.agent.id}'`); // nobody waits for it
    for (let i = 0; (await sql(host.home, memory))[0] !== 'interrupted'; i += 1) {
      assert.ok(i < 60, 'no other summary was begun');
      await line(`later ${i}`);
    }
    await until(async () => {
      const [, agent, mine, calls] = await books(made);
      return agent === mine && mine === calls;
    }, 15_000, 'all books say the same');
    made.socket.disconnect();
  });
});
