// spec/e2e/poison_models.test.mjs -- answers of model servers in the dialects of Anthropic, Gemini and Ollama, at
// maximum length and made of input that slows patterns down.  (OpenAI's is in poison.test.mjs.)
import { after, before, describe, it } from 'node:test';
import { connected, makeAgent, makeUser, newMessage, send } from './agent_client.mjs';
import { makeHome, startHost } from './hosts.mjs';
import { sse, startServer } from './models_server.mjs';
import { POISONS, TEXT_MAX, cheap } from './poisons.mjs';
import { until } from './support.mjs';

const named = (...events) => events.map((e) => `event: ${e.type}\ndata: ${JSON.stringify(e)}\n\n`).join('');
const lines = (...events) => events.map((e) => `${JSON.stringify(e)}\n`).join('');
const slices = (t) => Array.from({ length: 100 }, (_, i) => t.slice(i * t.length / 100, (i + 1) * t.length / 100));

const block = (content_block) => ({ type: 'content_block_start', index: 0, content_block });
const text = (t) => ({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: t } });
const end = (reason) => [{ type: 'message_delta', delta: { stop_reason: reason } }, { type: 'message_stop' }];
const parts = (list, finishReason) => ({ candidates: [{ content: { parts: list }, finishReason }] });
const call = (name, args) => ({ function: { name, arguments: args } });
const refused = (body) => (t) => ({ status: 400, body: JSON.stringify(body(t)) });

/** Dialect -> {env, shapes: name -> a body, or {status, body}}. */
const DIALECTS = {
  anthropic: { env: (url) => ({ HUMAN_LLM_BASE_URL: `${url}/v1`, HUMAN_LLM_PROVIDER: 'anthropic' }), shapes: {
    text: (t) => named(block({ type: 'text', text: '' }), ...slices(t).map(text), ...end('end_turn')),
    'input of a tool': (t) => named(block({ type: 'tool_use', id: 'c', name: 'send_message', input: { content: t } }), ...end('tool_use')),
    'input that is no JSON': (t) => named(block({ type: 'tool_use', id: 'c', name: 'send_message', input: {} }),
      { type: 'content_block_delta', index: 0, delta: { type: 'input_json_delta', partial_json: t } }, ...end('tool_use')),
    'a reason to stop': (t) => named(text('Half'), ...end(t)),
    'text that was cut': (t) => named(text(t), ...end('max_tokens')),
    'an error': refused((t) => ({ type: 'error', error: { type: t, message: t } })),
  } },
  gemini: { env: (url) => ({ HUMAN_LLM_BASE_URL: `${url}/v1beta`, HUMAN_LLM_PROVIDER: 'gemini' }), shapes: {
    text: (t) => sse(...slices(t).map((s) => parts([{ text: s }])), parts([], 'STOP')),
    'arguments of a function': (t) => sse(parts([{ functionCall: { name: 'send_message', args: { content: t } } }], 'STOP')),
    'the name of a function': (t) => sse(parts([{ functionCall: { name: t, args: {} } }], 'STOP')),
    'a reason to stop': (t) => sse(parts([{ text: 'Half' }], t)),
    'text that was cut': (t) => sse(parts([{ text: t }], 'MAX_TOKENS')),
    'an error': refused((t) => [{ error: { code: 400, message: t, details: [{ retryDelay: t }] } }]),
  } },
  ollama: { env: (url) => ({ OLLAMA_HOST: url, HUMAN_LLM_PROVIDER: 'ollama' }), shapes: {
    text: (t) => lines(...slices(t).map((content) => ({ message: { content } })), { done: true, done_reason: 'stop' }),
    'arguments of a tool': (t) => lines({ message: { tool_calls: [call('send_message', { content: t })] }, done: true }),
    'arguments that are text': (t) => lines({ message: { tool_calls: [call('send_message', t)] }, done: true }),
    'a reason to stop': (t) => lines({ message: { content: 'Half' }, done: true, done_reason: t }),
    'text that was cut': (t) => lines({ message: { content: t }, done: true, done_reason: 'length' }),
    'an error': (t) => ({ status: 500, body: JSON.stringify({ error: t }) }),
    'no lines at all': (t) => t,
  } },
};

const home = makeHome();
let model;
before(async () => { model = await startServer(); });
after(() => model.close());

for (const [name, { env, shapes }] of Object.entries(DIALECTS)) {
  describe(`a model that speaks as ${name} does`, () => {
    let host, socket;
    before(async () => {
      host = await startHost({ home, env: { HUMAN_WORKERS: '1', HUMAN_LLM_MODEL: 'm', HUMAN_LLM_MAX_RETRIES: '0', ...env(model.url) } });
      const user = await makeUser(host.url);
      socket = await connected(host.url, (await makeAgent(host.url, user)).id, user.key);
    });
    after(async () => { socket?.disconnect(); await host?.stop(); });

    for (const [shape, make] of Object.entries(shapes)) {
      it(`may answer anything as ${shape}`, async () => {
        for (const [poison, fill] of Object.entries(POISONS)) {
          const answer = make(fill(TEXT_MAX));
          model.on = (request, res) => {
            res.writeHead(answer.status ?? 200, { 'content-type': answer.status ? 'application/json' : name === 'ollama' ? 'application/x-ndjson' : 'text/event-stream' });
            res.end(answer.body ?? answer);
          };
          const from = socket.actions.length;
          await cheap(`${shape}: ${poison}`, async () => {
            await send(socket, newMessage('How are you?'));
            await until(() => socket.actions.slice(from).some((a) => a.type === 'agent-stopped'), 20_000, `${shape}: ${poison}`);
          }, host);
        }
      });
    }
  });
}
