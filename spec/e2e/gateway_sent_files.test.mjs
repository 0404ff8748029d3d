// spec/e2e/gateway_sent_files.test.mjs -- files that the agent sends to clients of the control protocol: told by an event,
// fetched by those who may read the session, and kept with it.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { open } from './gateway.mjs';
import { sql, startHost } from './hosts.mjs';

const TOKEN = 'the-token-of-this-spec';
const BYTES = Buffer.from(Array.from({ length: 70_000 }, (_, i) => i % 256));
let host, c;

before(async () => {
  host = await startHost({ env: { HUMAN_LLM_PROVIDER: 'offline', HUMAN_SECURITY_AUTONOMY_LEVEL: '4', HUMAN_GATEWAY_AUTH_TOKEN: TOKEN } });
  fs.mkdirSync(`${host.home}/workspace/out`, { recursive: true });
  fs.writeFileSync(`${host.home}/workspace/out/a "ü".bin`, BYTES);
  fs.writeFileSync(`${host.home}/workspace/big`, Buffer.alloc(10_000_000, 'x'));
  c = await open(host, { token: TOKEN });
});
after(async () => { c?.ws.close(); await host?.stop(); });

const get = (url, token = TOKEN) => fetch(host.url + url, { headers: token ? { authorization: `Bearer ${token}` } : {} });
const ended = (runId, on = c) => on.next((f) => f.event === 'chat' && f.payload.runId === runId && f.payload.state === 'sent');

/** Has the agent call file_send: {said, files: what was told of it}. */
async function send(args, sessionKey) {
  const { payload } = await c.call('chat.send', { message: `Run the tool file_send with ${JSON.stringify(args)}`, sessionKey });
  const said = (await ended(payload.runId)).payload.message;
  return { said, runId: payload.runId, files: c.events('chat').filter((f) => f.payload.runId === payload.runId && f.payload.state === 'file').map((f) => f.payload) };
}

async function paired(role) {
  const { code } = (await c.call('device.pair.code')).payload;
  const answer = await fetch(`${host.url}/pair`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ code, role }) });
  return (await answer.json()).token;
}

describe('a file that the agent sends to a client', () => {
  it('is told by an event before the answer, fetched byte by byte, and there again in the history', async () => {
    const { said, files, runId } = await send({ path: 'out/a "ü".bin', text: 'Here it is' }, 'one');
    assert.match(said, /a _ü_\.bin \(70000 bytes\) is in this conversation now/);
    const [{ file, message, sessionKey }] = files;
    assert.deepEqual([files.length, message, sessionKey], [1, 'Here it is', 'one']);
    assert.deepEqual(file, { id: file.id, name: 'a _ü_.bin', type: 'application/octet-stream', size: 70_000, url: `/ui/files/${file.id}`, text: 'Here it is' });
    const answer = await get(file.url);
    assert.ok(Buffer.from(await answer.arrayBuffer()).equals(BYTES));
    assert.deepEqual(['content-type', 'content-disposition', 'content-security-policy', 'x-content-type-options', 'cross-origin-resource-policy', 'cache-control'].map((n) => answer.headers.get(n)),
      ['application/octet-stream', "attachment; filename=\"a ____.bin\"; filename*=UTF-8''a%20_%C3%BC_.bin", "sandbox; default-src 'none'", 'nosniff', 'same-origin', 'no-store']);
    const again = await open(host, { token: TOKEN });
    const { messages } = (await again.call('chat.history', { sessionKey: 'one' })).payload;
    again.ws.close();
    assert.deepEqual(messages.filter((m) => m.files).map((m) => [m.role, m.runId, m.files]), [['assistant', runId, [file]]]);
  });

  it('is for operators and viewers, and for nobody else', async () => {
    const { files: [{ file }] } = await send({ path: 'out/a "ü".bin' }, 'one');
    assert.equal((await get(file.url, await paired('viewer'))).status, 200);
    assert.equal((await get(file.url, await paired('node'))).status, 403);
    assert.deepEqual([(await get(file.url, null)).status, (await get(file.url, 'zc_none')).status], [401, 401]);
    assert.equal((await get(`${file.url}x`)).status, 404);
  });

  it('of a part that was handed on is shown where the whole was asked for', async () => {
    const message = `Run the tool agent_spawn with ${JSON.stringify({ task: 'Run the tool file_send with {"path":"out/a \\"ü\\".bin"}' })}`;
    const { payload } = await c.call('chat.send', { message, sessionKey: 'parts' });
    await ended(payload.runId);
    const { messages } = (await c.call('chat.history', { sessionKey: 'parts' })).payload;
    assert.equal(messages.flatMap((m) => m.files ?? []).length, 1);
  });

  it('goes with its session, and with nothing before that', async () => {
    const { files: [{ file }] } = await send({ path: 'out/a "ü".bin' }, 'gone');
    await c.call('sessions.reset', { key: 'gone' });
    assert.equal((await get(file.url)).status, 200);
    await c.call('sessions.delete', { key: 'gone' });
    assert.equal((await get(file.url)).status, 404);
    assert.deepEqual(await sql(host.home, `select id from gateway_files where id = '${file.id}'`), []);
  });

  it('is refused when the session has all that it may keep, and over /v1, in words', async () => { // limit: session files
    const { files: [{ file }] } = await send({ path: 'big' }, 'full');
    const whole = await get(file.url);
    assert.equal(whole.status, 200, await whole.clone().text().then((t) => t.slice(0, 500)) + host.log().slice(-1500));
    assert.equal((await whole.arrayBuffer()).byteLength, 10_000_000);
    await sql(host.home, `insert into gateway_files (id, session_id, run_id, step, call_id, name, type, said, bytes, data)
      select 'cfull0000' || i, session_id, run_id, step, 'call' || i, name, type, said, bytes, data from gateway_files, generate_series(1, 19) i where id = '${file.id}'`);
    const { said, files } = await send({ path: 'out/a "ü".bin' }, 'full');
    assert.match(said, /The files of a conversation may have 200000000 bytes: say `to`/);
    assert.deepEqual(files, []);
    const answer = await fetch(`${host.url}/v1/chat/completions`, { method: 'POST', headers: { 'content-type': 'application/json', authorization: `Bearer ${TOKEN}` },
      body: JSON.stringify({ model: 'human', messages: [{ role: 'user', content: 'Run the tool file_send with {"path":"big"}' }] }) });
    assert.match((await answer.json()).choices[0].message.content, /Who asked for this takes no files: say `to`/);
  });
});
