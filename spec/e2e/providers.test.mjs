// spec/e2e/providers.test.mjs -- a running host against model servers: ours, which misbehaves, and one from
// npm, which does not.  Whatever happens to a stream, users get the whole answer or none.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { ANSWER, startFaultServer, streamOf } from './llm_fault_server.mjs';
import { humaType, makeUser, newMessage } from './agent_client.mjs';
import { makeHome, sql, startHost } from './hosts.mjs';
import { freePort, until } from './support.mjs';

const AGENTS = 8; // that talk at the same time
const EVERY = Number(process.env.LLM_CUT_EVERY ?? 31); // 1: every byte; takes minutes

const settings = {
  openai: (url) => ({ HUMAN_LLM_BASE_URL: `${url}/v1`, HUMAN_LLM_KEY: 'k-openai' }),
  anthropic: (url) => ({ HUMAN_LLM_BASE_URL: `${url}/v1`, HUMAN_LLM_KEY: 'k-anthropic' }),
  gemini: (url) => ({ HUMAN_LLM_BASE_URL: `${url}/v1beta`, HUMAN_LLM_KEY: 'k-gemini' }),
  ollama: (url) => ({ OLLAMA_HOST: url }),
};

const keyHeader = { openai: 'authorization', anthropic: 'x-api-key', gemini: 'x-goog-api-key' };

let home;
let faults;
before(async () => {
  home = makeHome();
  faults = await startFaultServer();
});
after(async () => {
  await faults.close();
});

// One host after the other on the same home, and so on the same database.
const start = (env) => startHost({ home, env: { HUMAN_WORKERS: '1', HUMAN_LLM_MODEL: 'spec-model', ...env } });

// The actions of a text/event-stream.
const actionsOf = (text) => text.split('\n').filter((line) => line.startsWith('data:'))
  .map((line) => JSON.parse(line.slice(5))).filter((event) => event.type);

// A new user with an agent.  say(text) sends a message and gives the actions of the run that answers it.
async function makeAgent({ url }) {
  const user = await makeUser(url);
  const agent = (await user.api('POST', '/api/agents', { name: 'Spec', agentTypeId: await humaType(url) })).body;
  const path = `/api/agents/${agent.id}`;
  return {
    state: async () => (await user.api('GET', `${path}/state`)).body,
    async say(content) {
      const answer = await fetch(`${url}${path}/messages`, {
        method: 'POST', body: JSON.stringify(newMessage(content)),
        headers: { 'content-type': 'application/json', 'x-api-key': user.key, accept: 'text/event-stream' },
      });
      const text = await answer.text();
      assert.equal(answer.status, 200, text);
      return actionsOf(text);
    },
  };
}

// What was said, and how it ended.
function outcome(actions) {
  const last = actions.at(-1);
  return {
    text: actions.find((a) => a.type === 'send-message')?.content ?? null,
    reason: last?.type === 'agent-stopped' ? last.reason : `no agent-stopped: ${JSON.stringify(actions)}`,
    code: last?.code,
  };
}

// Asks for every offset, some at a time; check(outcome, offset).
async function forEveryOffset(agents, size, mode, check) {
  const offsets = [];
  for (let n = 0; n < size; n += EVERY) offsets.push(n);
  offsets.push(size);
  await Promise.all(agents.map(async (agent) => {
    for (let n = offsets.shift(); n !== undefined; n = offsets.shift()) {
      check(outcome(await agent.say(`FAULT:${mode}:${n}`)), n);
    }
  }));
}

for (const provider of Object.keys(settings)) {
  describe(`an agent on ${provider}`, () => {
    let host;
    let agents;
    const size = streamOf(provider).length;

    before(async () => {
      host = await start({ HUMAN_LLM_PROVIDER: provider, HUMAN_LLM_MAX_RETRIES: '0', ...settings[provider](faults.url) });
      agents = await Promise.all(Array.from({ length: AGENTS }, () => makeAgent(host)));
    });
    after(() => host?.stop());

    it('answers, sends its key, and counts tokens', async () => {
      assert.deepEqual(outcome(await agents[0].say('Hello')), { text: ANSWER, reason: 'completed', code: undefined });
      const request = faults.requests.at(-1);
      assert.equal(request.dialect, provider);
      if (keyHeader[provider]) assert.match(request.headers[keyHeader[provider]], new RegExp(`k-${provider}$`));
      const { counters } = await agents[0].state();
      assert.deepEqual([counters.inputTokens, counters.outputTokens], [12, 7]);
    });

    it('gives the same answer however its stream is split', async () => {
      await forEveryOffset(agents, size, 'split', (got, n) => assert.equal(got.text, ANSWER, `split at ${n}`));
      assert.equal(outcome(await agents[0].say('FAULT:bytes:0')).text, ANSWER);
    });

    for (const mode of ['cut', 'end']) {
      it(`gives the whole answer or an error when its stream stops at any byte (${mode})`, async () => {
        const seen = { whole: 0, error: 0 };
        await forEveryOffset(agents, size, mode, (got, n) => {
          if (got.text === null) {
            assert.equal(got.reason, 'error', `${mode} at ${n}`);
            seen.error += 1;
          } else {
            assert.equal(got.text, ANSWER, `${mode} at ${n}`);
            seen.whole += 1;
          }
        });
        assert.ok(seen.whole > 0 && seen.error > (size / EVERY) * 0.5, JSON.stringify(seen));
      });
    }

    it('ends with an error, typing cleared, when the server refuses or fails', async () => {
      for (const [fault, code] of [['status:401', 'unauthorized'], ['status:500', 'provider_error'],
        ['status:529', 'overloaded'], ['error:0', undefined]]) {
        const actions = await agents[0].say(`FAULT:${fault}`);
        assert.equal(outcome(actions).reason, 'error', fault);
        if (code) assert.equal(outcome(actions).code, code);
        assert.deepEqual(actions.filter((a) => a.type === 'set-typing').map((a) => a.isTyping), [true, false]);
      }
    });
  });
}

describe('retries and the fallback', () => {
  let host;
  let agent;
  before(async () => {
    host = await start({ HUMAN_LLM_MAX_RETRIES: '2', HUMAN_LLM_FALLBACK_PROVIDER: 'offline',
      ...settings.openai(faults.url) });
    agent = await makeAgent(host);
  });
  after(() => host?.stop());

  it('asks again after the time that the server named', async () => {
    const before = Date.now();
    assert.equal(outcome(await agent.say('FAULT:after:1')).text, ANSWER);
    assert.ok(Date.now() - before >= 1000);
  });

  it('waits for a slow server', async () => {
    assert.equal(outcome(await agent.say('FAULT:delay:800')).text, ANSWER);
  });

  it('falls back to the offline provider when the server stays broken', async () => {
    const count = faults.requests.length;
    const got = outcome(await agent.say('Thanks! FAULT:status:500'));
    assert.equal(got.reason, 'completed');
    assert.ok(got.text && got.text !== ANSWER);
    assert.equal(faults.requests.length - count, 3);
  });

  it('hangs up on the model when a newer message supersedes the run', async () => {
    const kept = () => faults.requests.at(-1).body.messages.some((m) => m.content.includes('FAULT:hang:0'));
    const first = agent.say('FAULT:hang:0');
    await until(kept, 5000, 'the model is asked');
    assert.equal(outcome(await agent.say('Never mind. FAULT:end:9999')).text, ANSWER);
    await first;
    await until(() => faults.hungUp === 1, 5000, 'the first request is closed');
  });
});

describe('an agent on mock-llm', () => {
  let host;
  let mock;
  let agent;
  before(async () => {
    const require = createRequire(import.meta.url);
    const main = path.join(path.dirname(require.resolve('@dwmkerr/mock-llm/package.json')), 'dist/main.js');
    const config = path.join(home, 'mock-llm.yaml');
    const rule = (match, status, content) => `  - path: "/v1/chat/completions"\n    match: "${match}"\n    response:\n`
      + `      status: ${status}\n      content: '${content}'\n`;
    await writeFile(config, 'streaming:\n  chunkSize: 3\n  chunkIntervalMs: 1\nrules:\n'
      + rule('@', 200, '{"id":"1","model":"m","created":1,"choices":[{"message":{"content":"Hello from the mock, 💪"}}]}')
      + rule("contains(body.messages[-1].content, 'refuse')", 401,
        '{"error":{"message":"Incorrect API key","type":"invalid_request_error","code":"invalid_api_key"}}'));
    const port = await freePort();
    mock = spawn(process.execPath, [main, '--config', config], { env: { ...process.env, PORT: port, HOST: '127.0.0.1' },
      stdio: ['ignore', 'pipe', 'pipe'] });
    await new Promise((resolve, reject) => {
      mock.stdout.on('data', (text) => { if (String(text).includes('running on')) resolve(); });
      mock.stderr.on('data', () => {});
      mock.once('exit', () => reject(new Error('mock-llm ended')));
    });
    host = await start({ HUMAN_LLM_BASE_URL: `http://127.0.0.1:${port}/v1` });
    agent = await makeAgent(host);
  });
  after(async () => {
    await host?.stop();
    mock?.kill();
  });

  it('answers with what the mock streams', async () => {
    assert.deepEqual(outcome(await agent.say('Hello')), { text: 'Hello from the mock, 💪', reason: 'completed', code: undefined });
  });

  it('ends with an error when the mock refuses the key, without asking again', async () => {
    assert.deepEqual(outcome(await agent.say('please refuse')), { text: null, reason: 'error', code: 'unauthorized' });
    const attempts = await until(async () => (await sql(home, `select attempts from llm_calls where status = 'error'
      and created_at > (select max(created_at) from llm_calls where status = 'ok')`))[0], 5000, 'the call is in the books');
    assert.equal(attempts, '1');
  });
});
