// spec/e2e/models_timeouts.test.mjs -- model servers that hang: each wait has its limit, the fallback answers within
// the time, and typing ends.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { makeAgent, makeUser, newMessage, outline, run, send, connected, NORMAL } from './agent_client.mjs';
import { makeHome, startHost } from './hosts.mjs';
import { startServer, stream, sse, WHOLE } from './models_server.mjs';
import { until } from './support.mjs';

const half = sse({ choices: [{ delta: { content: 'Half an ans' } }] });

let model, other, home;
before(async () => {
  home = makeHome();
  model = await startServer(() => {});
  other = await startServer((request, res) => stream(res, WHOLE.ollama('From the other one.')));
});
after(() => Promise.all([model.close(), other.close()]));

const hung = {
  'says nothing at all': () => {},
  'sends a head and nothing else': (request, res) => { res.writeHead(200, { 'content-type': 'text/event-stream' }); res.flushHeaders(); },
  'falls silent within its answer': (request, res) => { res.writeHead(200, { 'content-type': 'text/event-stream' }); res.write(half); },
  'sends comments for ever': (request, res) => {
    res.writeHead(200, { 'content-type': 'text/event-stream' });
    const timer = setInterval(() => res.write(': wait\n\n'), 50);
    res.on('close', () => clearInterval(timer));
  },
};

const FIRST_MS = 1500, IDLE_MS = 1200, WHOLE_MS = 4000; // limit: llm.first_byte_ms, limit: llm.idle_ms
const times = { HUMAN_WORKERS: '1', HUMAN_LLM_FIRST_BYTE_MS: FIRST_MS, HUMAN_LLM_IDLE_MS: IDLE_MS, HUMAN_LLM_TIMEOUT_MS: WHOLE_MS, HUMAN_LLM_MAX_RETRIES: '2' };

for (const [fallback, env] of [['no fallback', {}], ['a fallback', { HUMAN_LLM_FALLBACK_PROVIDER: 'ollama', OLLAMA_HOST: 'other' }]]) {
  describe(`with ${fallback}, a model server that`, () => {
    let host, socket;
    before(async () => {
      const own = env.OLLAMA_HOST ? { ...env, OLLAMA_HOST: other.url } : env;
      host = await startHost({ home, env: { ...times, HUMAN_LLM_BASE_URL: `${model.url}/v1`, HUMAN_LLM_MODEL: 'm', HUMAN_LLM_PROVIDER: 'openai', ...own } });
      const user = await makeUser(host.url);
      socket = await connected(host.url, (await makeAgent(host.url, user)).id, user.key);
    });
    after(async () => { socket?.disconnect(); await host?.stop(); });

    for (const [name, on] of Object.entries(hung)) {
      it(name, async () => {
        Object.assign(model, { on, requests: [], hungUp: 0 });
        const from = socket.actions.length, begun = Date.now();
        await send(socket, newMessage('Hello?'));
        const actions = await run(socket, from), said = outline(actions).filter((what, i, all) => what !== all[i - 1]); // typing goes on
        const took = Date.now() - begun;
        if (fallback === 'no fallback') {
          assert.deepEqual(said, ['set-typing:true', 'set-typing:false', 'agent-stopped:error']);
          assert.equal(actions.at(-1).code, 'timeout');
        } else {
          assert.deepEqual(said, NORMAL);
          assert.equal(actions[1].content, 'From the other one.');
        }
        assert.ok(took < WHOLE_MS * 4, `${took} ms`);
        assert.equal(model.requests.length, 1);
        await until(() => model.hungUp === 1, 5000, 'the connection is closed');
      });
    }
  });
}
