// spec/e2e/poison.test.mjs -- every text that a stranger may send, at maximum length, of input that slows patterns down:
// fields and parameters of /openapi.json, headers, events of /asyncapi.json, settings, and what a model answers.  No
// request may cost a worker more than a moment of the processor, and no worker may die.
import assert from 'node:assert/strict';
import http from 'node:http';
import { after, before, describe, it } from 'node:test';
import { connected, makeAgent, makeUser, newMessage, run, send } from './agent_client.mjs';
import { startHost } from './hosts.mjs';
import { operator } from './operator.mjs';
import { POISONS, TEXT_MAX, cheap as watched } from './poisons.mjs';
import { until } from './support.mjs';

const HEADER_MAX = 12_000, TARGET_MAX = 6000;

let host, offline, user, agent, doc, events;

const cheap = (what, fn, on = host) => watched(what, fn, on);

// ---- schemas ----

const resolve = (schema, root) => {
  let s = schema;
  while (s?.$ref) s = s.$ref.slice(2).split('/').reduce((at, name) => at[name.replaceAll('~1', '/')], root);
  return s ?? {};
};

/** A value that fits, so that what is poisoned is looked at; not for every schema. */
function example(schema, root, depth = 0) {
  const s = resolve(schema, root), type = Array.isArray(s.type) ? s.type[0] : s.type;
  if (depth > 8) return null;
  if (s.const !== undefined) return s.const;
  if (s.enum) return s.enum[0];
  if (s.oneOf ?? s.anyOf) return example((s.oneOf ?? s.anyOf)[0], root, depth + 1);
  if (type === 'object' || s.properties) {
    return Object.fromEntries((s.required ?? []).map((name) => [name, example(s.properties?.[name], root, depth + 1)]));
  }
  if (type === 'array') return [example(s.items, root, depth + 1)];
  if (type === 'integer' || type === 'number') return s.minimum ?? 1;
  if (type === 'boolean') return true;
  if (s.format === 'email') return `p${Math.random()}@example.com`;
  if (s.format === 'date-time') return '2030-01-01T00:00:00Z';
  return 'x'.repeat(Math.max(1, s.minLength ?? 1));
}

/** Every text within a schema: {path, max, build(text) -> a value that has it there}. */
function texts(schema, root, path = [], depth = 0) {
  const s = resolve(schema, root), type = Array.isArray(s.type) ? s.type[0] : s.type, found = [];
  if (depth > 6) return found;
  for (const one of s.oneOf ?? s.anyOf ?? []) found.push(...texts(one, root, path, depth + 1));
  for (const [name, member] of Object.entries(s.properties ?? {})) {
    for (const t of texts(member, root, [...path, name], depth + 1)) {
      found.push({ ...t, build: (text) => ({ ...example(s, root), [name]: t.build(text) }) });
    }
  }
  if (type === 'array') for (const t of texts(s.items, root, [...path, '0'], depth + 1)) found.push({ ...t, build: (text) => [t.build(text)] });
  const free = !type && !s.oneOf && !s.anyOf && !s.properties;
  if ((type === 'string' && !s.enum && s.const === undefined) || free) found.push({ path: path.join('.'), max: Math.min(s.maxLength ?? TEXT_MAX, TEXT_MAX), build: (text) => text });
  return found;
}

const call = (method, path, headers, body) => fetch(host.url + path, { method, headers: { 'x-api-key': user.key, ...headers }, body, redirect: 'manual' })
  .then(async (r) => { await r.body?.cancel(); return r.status; });

// ---- a model ----

const model = { text: 'Fine.', shape: 'whole' };
const chunk = (delta, finish) => `data: ${JSON.stringify({ choices: [{ delta, finish_reason: finish }] })}\n\n`;
const SHAPES = {
  whole: (t) => [chunk({ content: t }), chunk({}, 'stop')],
  'many pieces': (t) => [...Array.from({ length: 200 }, (_, i) => chunk({ content: t.slice(i * t.length / 200, (i + 1) * t.length / 200) })), chunk({}, 'stop')],
  'arguments of a tool': (t) => [chunk({ tool_calls: [{ index: 0, id: 'c', type: 'function', function: { name: 'send_message', arguments: JSON.stringify({ content: t }) } }] }), chunk({}, 'tool_calls')],
  'arguments that are no JSON': (t) => [chunk({ tool_calls: [{ index: 0, id: 'c', type: 'function', function: { name: 'send_message', arguments: t } }] }), chunk({}, 'tool_calls')],
  'the name of a tool': (t) => [chunk({ tool_calls: [{ index: 0, id: 'c', type: 'function', function: { name: t, arguments: '{}' } }] }), chunk({}, 'tool_calls')],
  'a quoted message': (t) => [chunk({ content: `<message id="m">${t}` }), chunk({}, 'stop')],
  'no events at all': (t) => [t],
  'an endless line': (t) => [`data: ${t.replaceAll('\n', ' ')}`],
  'a comment': (t) => [`: ${t.replaceAll('\n', ' ')}\n\n`, chunk({ content: 'Fine.' }), chunk({}, 'stop')],
};
let server;

before(async () => {
  server = http.createServer((req, res) => {
    req.resume().on('end', () => {
      res.writeHead(200, { 'content-type': 'text/event-stream' });
      for (const part of SHAPES[model.shape](model.text)) res.write(part);
      res.end('data: [DONE]\n\n');
    });
  });
  await new Promise((done) => { server.listen(0, '127.0.0.1', done); });
  host = await startHost({ env: { HUMAN_LLM_BASE_URL: `http://127.0.0.1:${server.address().port}/v1`, HUMAN_LLM_MODEL: 'spec-model', HUMAN_LLM_MAX_RETRIES: '0' } });
  offline = await startHost({ env: { HUMAN_LLM_PROVIDER: 'offline' } });
  user = await makeUser(host.url);
  agent = await makeAgent(host.url, user);
  doc = await (await fetch(`${host.url}/openapi.json`)).json();
  events = await (await fetch(`${host.url}/asyncapi.json`)).json();
});
after(async () => {
  await Promise.all([host?.stop(), offline?.stop()]);
  server?.closeAllConnections();
  server?.close();
});

describe('a request', () => {
  const target = (path) => path.replace(/\{(\w+)\}/g, (_, name) => (/user/i.test(name) ? user.id : agent.id));

  it('may have any text in any field of its body', async () => {
    let fields = 0, taken = 0;
    for (const [path, methods] of Object.entries(doc.paths)) {
      for (const [method, operation] of Object.entries(methods)) {
        const schema = operation.requestBody && resolve(operation.requestBody, doc).content?.['application/json']?.schema;
        for (const field of schema ? texts(schema, doc) : []) {
          fields += 1;
          for (const [name, make] of Object.entries(POISONS)) {
            const body = JSON.stringify(field.build(make(field.max)));
            const status = await cheap(`${method} ${path} ${field.path}: ${name}`, () => call(method.toUpperCase(), target(path), { 'content-type': 'application/json' }, body));
            assert.ok(status !== 500, `${method} ${path} ${field.path}: ${name}: ${status}`);
            if (status < 300) taken += 1;
          }
        }
      }
    }
    assert.ok(fields >= 20 && taken >= fields, `${fields} fields, ${taken} taken`);
  });

  it('may have any text in any parameter', async () => {
    let parameters = 0;
    for (const [path, methods] of Object.entries(doc.paths)) {
      for (const [method, operation] of Object.entries(methods)) {
        for (const p of (operation.parameters ?? []).map((one) => resolve(one, doc)).filter((one) => one.in !== 'header')) {
          parameters += 1;
          for (const [name, make] of Object.entries(POISONS)) {
            const text = encodeURIComponent(make(TARGET_MAX)).slice(0, TARGET_MAX).replace(/%.?$/, '');
            const at = p.in === 'query' ? `${target(path)}?${p.name}=${text}` : target(path.replace(`{${p.name}}`, text));
            const status = await cheap(`${method} ${path} ${p.name}: ${name}`, () => call(method.toUpperCase(), at, {}));
            assert.ok(status !== 500, `${method} ${path} ${p.name}: ${name}: ${status}`);
          }
        }
      }
    }
    assert.ok(parameters >= 10, `${parameters} parameters`);
  });

  const HEADERS = ['accept', 'accept-encoding', 'authorization', 'content-type', 'cookie', 'forwarded', 'idempotency-key', 'if-none-match', 'origin', 'range',
    'referer', 'traceparent', 'tracestate', 'user-agent', 'x-api-key', 'x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto', 'x-real-ip', 'x-request-id'];
  for (const header of HEADERS) {
    it(`may have any text in ${header}`, async () => {
      for (const [name, make] of Object.entries(POISONS)) {
        const text = make(HEADER_MAX).replace(/[^ -~]/g, ' ');
        for (const value of [text, `x${text.slice(2)}y`]) {
          const status = await cheap(`${header}: ${name}`, () => call('POST', '/api/personalities', { 'content-type': 'application/json', [header]: value }, '{}'));
          assert.ok(status !== 500, `${header}: ${name}: ${status}`);
        }
      }
    });
  }
});

describe('an event', () => {
  it('may have any text in any field', async () => {
    const payloads = new Map(), socket = await connected(host.url, agent.id, user.key);
    const walk = (message) => { const m = resolve(message, events); if (m.payload) payloads.set(JSON.stringify(m.payload), m.payload); };
    for (const operation of Object.values(events.operations)) {
      if (operation.action === 'receive') for (const m of operation.messages ?? Object.values(resolve(operation.channel, events).messages)) walk(m);
    }
    const fields = [...payloads.values()].flatMap((p) => texts(p, events));
    assert.ok(fields.length >= 5, `${fields.length} fields`);
    for (const field of fields) {
      for (const [name, make] of Object.entries(POISONS)) {
        await cheap(`${field.path}: ${name}`, () => send(socket, field.build(make(Math.min(field.max, 16000)))).catch((e) => assert.match(e.message, /timed out/)));
      }
    }
    socket.disconnect();
  });

  for (const provider of ['a model', 'the offline provider']) {
    it(`may have any text as the line that ${provider} answers, from any nickname, with any prompt`, async () => {
      const on = provider === 'a model' ? host : offline, one = await makeUser(on.url), all = Object.entries(POISONS);
      const turn = async ([, make]) => {
        const own = await makeAgent(on.url, one, { template: make(30_000) }), socket = await connected(on.url, own.id, one.key);
        await send(socket, newMessage(make(16_000), { participant: { id: 'p', nickname: make(200).trim() || 'p' } }));
        await run(socket);
        socket.disconnect();
        await one.api('DELETE', `/api/agents/${own.id}`);
      };
      while (all.length > 0) { // a turn mostly waits; a few at a time may cost what one may
        const few = all.splice(0, 6);
        await cheap(`turns of ${few.map(([name]) => name).join('; ')}`, () => Promise.all(few.map(turn)), on);
      }
    });
  }
});

describe('a model', () => {
  for (const shape of Object.keys(SHAPES)) {
    it(`may answer anything as ${shape}`, async () => {
      const own = await makeAgent(host.url, user), socket = await connected(host.url, own.id, user.key);
      model.shape = shape;
      for (const [name, make] of Object.entries(POISONS)) {
        model.text = make(TEXT_MAX);
        const from = socket.actions.length;
        await cheap(`${shape}: ${name}`, async () => {
          await send(socket, newMessage('How are you?'));
          await until(() => socket.actions.slice(from).some((a) => a.type === 'agent-stopped'), 20_000, `${shape}: ${name}`);
        });
      }
      socket.disconnect();
      await user.api('DELETE', `/api/agents/${own.id}`);
    });
  }
});

describe('a setting', () => {
  for (const settings of [['llm.model', 'llm.base_url'], ['http.hosts'], ['cors.origins'], ['scripts'], ['database.url'], ['log.level']]) {
    it(`may be any text: ${settings.join(', ')}`, async () => {
      const me = operator();
      for (const make of Object.values(POISONS)) {
        const text = make(20_000).replace('\0', ''), begun = performance.now();
        const { code } = await me.human('config', ...settings.flatMap((name) => ['--set', `${name}=${text}`]));
        assert.ok([0, 1, 2].includes(code), `${code}`);
        assert.ok(performance.now() - begun < 60_000); // else it is killed, after 120 s
      }
    });
  }
});
