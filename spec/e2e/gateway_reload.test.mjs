// spec/e2e/gateway_reload.test.mjs -- answers and tools that take longer than replaced scripts otherwise have: they go on.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { ollama } from './dialects.mjs';
import { open } from './gateway.mjs';
import { BINARY, errors, makeHome, startHost } from './hosts.mjs';
import { reload } from './modes.mjs';
import { startServer } from './models_server.mjs';
import { root, until } from './support.mjs';

// A request that has not said how long it takes: it is over when the time of replaced scripts is.
const WITNESS = (url, version) => `-- api/local/witness.lua -- waits; version ${version}.
local api, fetch = require "human.api", require "human.fetch"
local g = api.group { tag = "Local", base = "/witness", auth = false }
g:get("/", { summary = "Wait", reply = { [204] = false } }, function() fetch { url = "${url}" } return 204 end)
return {}
`;
const home = makeHome(), tree = path.join(home, 'scripts'), file = path.join(tree, 'api/local/witness.lua');
let host, model, c, held = [], silent, version = 1;

before(async () => {
  silent = http.createServer(() => {}).listen(0, '127.0.0.1');
  await new Promise((done) => silent.once('listening', done));
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.chmodSync(home, 0o755);
  fs.writeFileSync(file, WITNESS(`http://127.0.0.1:${silent.address().port}`, version));
  model = await startServer();
  host = await startHost({ home, env: { HUMAN_SCRIPTS: `${tree}:${path.join(root, 'scripts')}`, HUMAN_RELOAD_GRACE_MS: '500', HUMAN_LLM_PROVIDER: 'ollama', HUMAN_LLM_MODEL: 'm', OLLAMA_HOST: model.url,
    HUMAN_LLM_MAX_RETRIES: '0', HUMAN_TOOLS_ENABLED: 'shell', HUMAN_SECURITY_AUTONOMY_LEVEL: '4' } });
  c = await open(host);
});
after(async () => {
  c?.ws.close();
  silent.closeAllConnections();
  silent.close();
  await model.close();
  assert.deepEqual(errors(host.log()), []);
  await host.stop();
});

/** The model says the first piece at once, and the second when held.shift()() is called. */
const halves = () => {
  const lines = ollama.stream({ pieces: ['One, ', 'two.'] }).split('\n');
  held = [];
  model.on = (_, res) => {
    res.writeHead(200, { 'content-type': ollama.type });
    res.write(`${lines[0]}\n`);
    held.push(() => res.end(lines.slice(1).join('\n')));
  };
};
/** Reloads the scripts, changed, and waits until those that were replaced have had their time. */
async function replaced() {
  const witness = fetch(`${host.url}/witness/`);
  await until(async () => (await new Promise((done) => silent.getConnections((_, n) => done(n)))) > 0, 10_000, 'the witness waits');
  fs.writeFileSync(file, WITNESS(`http://127.0.0.1:${silent.address().port}`, version += 1));
  assert.equal((await reload(BINARY, home)).code, 0);
  assert.equal((await witness).status, 504);
}
const post = (api, body) => fetch(`${host.url}/v1/${api}`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
const begun = () => until(() => held.length === 1, 20_000, 'the model is asked');
const only = () => assert.equal(model.requests.filter((r) => r.url === '/api/chat').length, 1, 'the model is asked once');

describe('an answer that began before a reload', () => {
  for (const [what, api, body] of [
    ['of the agent, in pieces', 'chat/completions', { model: 'human', messages: [{ role: 'user', content: 'Count' }], stream: true }],
    ['of the agent, as events of a response', 'responses', { model: 'human', input: 'Count', stream: true }],
    ['of a session', 'chat/completions', { model: 'session:counting', messages: [{ role: 'user', content: 'Count' }], stream: true }],
    ['of a model', 'chat/completions', { model: 'ollama/m', messages: [{ role: 'user', content: 'Count' }], stream: true }],
    ['of the agent, whole', 'chat/completions', { model: 'human', messages: [{ role: 'user', content: 'Count' }] }],
  ]) {
    it(`${what}, comes to its end by /v1`, async () => {
      halves();
      model.requests.length = 0;
      const answer = post(api, body);
      await begun();
      await replaced();
      held.shift()();
      const response = await answer, text = await response.text();
      assert.equal(response.status, 200, text);
      const said = body.stream ? text.split('\n').filter((l) => l.startsWith('data: {')).map((l) => JSON.parse(l.slice(6)))
        .map((e) => e.choices?.[0]?.delta.content ?? (e.type === 'response.output_text.delta' ? e.delta : '')).join('') : JSON.parse(text).choices[0].message.content;
      assert.equal(said, 'One, two.');
      only();
    });
  }

  it('comes to its end by /ws, each piece once', async () => {
    halves();
    model.requests.length = 0;
    const { payload: { runId } } = await c.call('chat.send', { message: 'Count', sessionKey: 'ws', stream: true });
    await begun();
    await replaced();
    held.shift()();
    await c.next((f) => f.method === 'chat.chunk' && f.params.done, 20_000);
    assert.equal(c.frames.filter((f) => f.method === 'chat.chunk').map((f) => f.params.content ?? f.params.delta ?? '').join(''), 'One, two.', JSON.stringify(c.frames.filter((f) => f.method === 'chat.chunk').slice(0, 3)));
    assert.ok(runId);
    only();
  });

  it('has its tool run to the end, once', async () => {
    const script = 'echo x >> began; while [ ! -e go ]; do sleep 0.05; done; echo fine', workspace = path.join(home, 'workspace');
    let n = 0, told;
    model.on = (request, res) => {
      res.writeHead(200, { 'content-type': ollama.type });
      if ((n += 1) === 1) return res.end(ollama.stream({ text: '', calls: [{ name: 'shell', arguments: { argv: ['/bin/sh', '-c', script] } }] }));
      told = request.body.messages.filter((m) => m.role === 'tool').at(-1)?.content;
      return res.end(ollama.stream({ text: 'Done.' }));
    };
    await c.call('chat.send', { message: 'Run it', sessionKey: 'tool' });
    await until(() => fs.existsSync(path.join(workspace, 'began')), 20_000, 'the tool has begun');
    await replaced();
    fs.writeFileSync(path.join(workspace, 'go'), '');
    await until(() => told, 20_000, 'the model is told');
    assert.match(told, /fine/);
    assert.equal(fs.readFileSync(path.join(workspace, 'began'), 'utf8'), 'x\n');
  });
});
