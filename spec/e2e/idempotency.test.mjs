// spec/e2e/idempotency.test.mjs -- a request that is sent again is carried out once: by whichever worker, and by
// the next host after a crash.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { call, makeUser, unique } from './agent_client.mjs';
import { startHost } from './hosts.mjs';

const SENDERS = 16, TRIES_MS = 20_000;
let host;
let user;
before(async () => {
  host = await startHost();
  user = await makeUser(host.url);
});
after(async () => {
  await host?.stop();
});

const create = (key, name = 'Prompt') => call(host.url, 'POST', '/api/system-prompts', {
  key: user.key, headers: { 'idempotency-key': key, connection: 'close' }, body: { name, template: 'You are.' } });

/** What a client does that must succeed: sends again while the first one is still at work. */
async function insist(key) {
  for (const end = Date.now() + TRIES_MS; ;) {
    const answer = await create(key);
    if (answer.status !== 409 || Date.now() > end) return answer;
    assert.equal(answer.body.code, 'idempotency_in_progress');
    assert.equal(answer.headers.get('retry-after'), '1');
  }
}

async function own() {
  const list = await call(host.url, 'GET', '/api/system-prompts?limit=200', { key: user.key });
  return list.body.filter((p) => p.userId === user.id);
}

const replayed = (answer) => answer.headers.get('idempotent-replayed') === 'true';

describe('Idempotency-Key', () => {
  it('lets one of many concurrent requests through, on whichever workers they arrive', async () => {
    const key = unique('many');
    const answers = await Promise.all(Array.from({ length: SENDERS }, () => insist(key)));
    assert.equal(answers.filter((a) => !replayed(a)).length, 1);
    for (const a of answers) {
      assert.equal(a.status, 201);
      assert.deepEqual(a.body, answers[0].body);
    }
    assert.equal((await own()).length, 1);
    const other = await create(key, 'Another');
    assert.deepEqual([other.status, other.body.code], [422, 'idempotency_key_reused']);
  });

  it('is remembered by the next host after a crash', async () => {
    const key = unique('crash');
    const first = await create(key);
    await host.kill();
    host = await startHost({ home: host.home });
    const again = await create(key);
    assert.deepEqual([again.status, again.body, replayed(again)], [201, first.body, true]);
    assert.ok(!replayed(await create(unique('other'))));
    assert.equal((await own()).length, 3);
  });

  it('is ignored where the answer is a secret', async () => {
    const headers = { 'idempotency-key': unique('secret') };
    const make = () => call(host.url, 'POST', `/api/users/${user.id}/api-keys`, { headers, body: {} });
    const [one, two] = [await make(), await make()];
    assert.deepEqual([one.status, two.status], [201, 201]);
    assert.notEqual(one.body.key, two.body.key);
  });
});
