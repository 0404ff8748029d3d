// spec/e2e/model.test.mjs -- `human model`: a small model of one's own, which spec/run.sh has installed in build/small.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { it } from 'node:test';
import { makeHome } from './hosts.mjs';
import { startSmallModel } from './small_model.mjs';
import { root } from './support.mjs';

const BINARY = process.env.E2E_BINARY ?? path.join(root, 'build/human');
const human = (home, ...words) => spawnSync(BINARY, words, { encoding: 'utf8',
  env: { ...process.env, HUMAN_HOME: home, HUMAN_CONFIG: '/dev/null', DATABASE_URL: '' } });

it('a model that is not installed is not served, and one that is is not installed again', () => {
  const { status, stderr } = human(makeHome(), 'model', 'serve', 'small');
  assert.deepEqual([status, stderr], [1, 'human model: it is not installed: `human model install small`\n']);
  assert.match(human(path.join(root, 'build/small'), 'model', 'install', 'small').stdout, /^installed already: /);
});

it('the small model answers as servers of the OpenAI kind do, streamed or not', async () => {
  const model = await startSmallModel();
  try {
    const ask = async (stream) => (await fetch(`${model.url}/chat/completions`, { method: 'POST', headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'small', stream, max_tokens: 8, temperature: 0, messages: [{ role: 'user', content: 'Say hello.' }] }) })).text();
    const { choices: [{ message, finish_reason: reason }], usage } = JSON.parse(await ask(false));
    assert.ok(message.content.length > 0 && ['stop', 'length'].includes(reason) && usage.completion_tokens > 0);
    const streamed = await ask(true);
    assert.match(streamed, /^data: \{/);
    assert.match(streamed, /data: \[DONE\]\s*$/);
  } finally {
    await model.stop();
  }
  await assert.rejects(fetch(`${model.url}/models`)); // it ends with the command
});
