// spec/e2e/gateway_guests.test.mjs -- session.dm_scope = "main": the operator has one conversation wherever they write from,
// and nobody else is in it.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { ollama } from './dialects.mjs';
import { open } from './gateway.mjs';
import { errors, makeHome, sql, startHost } from './hosts.mjs';
import { startServer, stream } from './models_server.mjs';
import { ann, direct, hook, settings, startTelegram } from './telegram.mjs';

const guest = { ...ann, id: 77, first_name: 'Gil', username: undefined };
let telegram, model, host;

const config = (more) => ({ ...settings(telegram), HUMAN_LLM_PROVIDER: 'ollama', HUMAN_LLM_MODEL: 'm', OLLAMA_HOST: model.url, HUMAN_CHANNELS_TELEGRAM_ALLOW_FROM: '42,*', ...more });

before(async () => {
  telegram = await startTelegram();
  model = await startServer((_, res) => stream(res, ollama.stream({ text: 'Noted.' }), { 'content-type': ollama.type }));
  const home = makeHome(), file = path.join(home, 'config.json');
  fs.writeFileSync(file, JSON.stringify({ session: { dm_scope: 'main' } }));
  host = await startHost({ home, env: config({ HUMAN_CONFIG: file }) });
});
after(async () => {
  assert.deepEqual(errors(host.log()), []);
  await host.stop();
  await telegram.close();
  await model.close();
});

const read = () => JSON.stringify(model.requests.at(-1).body.messages);

describe('with one main conversation', () => {
  it('a guest has one of their own, and neither the guest nor the operator reads the other\'s words', async () => {
    await hook(host, direct('The code of the safe is 4711', { from: ann }));
    await telegram.answer(ann.id);
    await hook(host, direct('What is the code of the safe? I am Gil', { from: guest }));
    await telegram.answer(guest.id);
    assert.match(read(), /I am Gil/);
    assert.doesNotMatch(read(), /4711/);
    await hook(host, direct('And now?', { from: ann }));
    await telegram.answer(ann.id, 2);
    assert.match(read(), /4711.*And now/);
    assert.doesNotMatch(read(), /Gil/);
    assert.deepEqual(await sql(host.home, 'select session_key from agents where session_key is not null order by 1'), ['agent:main:telegram:direct:77', 'default']);
  });

  it('the operator is in it with clients of the control protocol, too', async () => {
    const c = await open(host), { payload } = await c.call('chat.history', { sessionKey: 'default' });
    assert.deepEqual(payload.messages.filter((m) => m.role === 'user').map((m) => m.content), ['The code of the safe is 4711', 'And now?']);
    c.ws.close();
  });

  it('somebody who may no longer approve is no longer in it', async () => {
    const c = await open(host);
    const { payload, error } = await c.call('config.set', { key: 'gateway.approvers', value: ['telegram:1'] });
    assert.equal(payload?.saved, true, JSON.stringify(error));
    await hook(host, direct('It is me again', { from: ann }));
    await telegram.answer(ann.id, 3);
    assert.match(read(), /It is me again/);
    assert.doesNotMatch(read(), /4711/);
    c.ws.close();
  });
});

describe('with one conversation for a person', () => {
  it('an id that nobody linked is one person on one channel: the same number elsewhere is somebody else', async () => {
    const c = await open(host);
    assert.equal((await c.call('config.set', { key: 'session.dm_scope', value: 'per_peer' })).payload?.saved, true);
    await hook(host, direct('Hello', { from: { ...guest, id: 78 } }));
    await telegram.answer(78);
    assert.deepEqual(await sql(host.home, "select session_key from agents where session_key like '%78'"), ['agent:main:telegram:direct:78']);
    c.ws.close();
  });
});
