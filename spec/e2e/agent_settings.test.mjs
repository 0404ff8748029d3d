// spec/e2e/agent_settings.test.mjs -- the settings of an agent that its owner may change, over the API.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { call, humaType, makeUser, refused } from './agent_client.mjs';
import { startHuman } from './support.mjs';

const DEFAULTS = {
  speak: 'asked', talkativeness: 50, answers: 'people', ignores: [], quiet_hours: null, greeting: null,
  follow_up_after_s: null, reactions_only: false, debounce_ms: 700, max_message_chars: 4000, typing_ms_per_char: 0, model: null,
  temperature: null, reasoning_effort: null, max_tokens: null, tools: null, abilities: 'read', owners: [], tokens_per_day: null,
  cost_per_day_micros: null,
};
const ALL = {
  speak: 'free', talkativeness: 0, answers: 'everyone', ignores: ['bot-7'],
  quiet_hours: { from: '22:00', to: '07:00', utc_offset: '+01:00' }, greeting: 'Hi, I am Alex.', follow_up_after_s: 3600,
  reactions_only: true, debounce_ms: 0, max_message_chars: 2000, typing_ms_per_char: 5, model: 'meta-llama/llama-3.3-70b:free', temperature: 0.2,
  reasoning_effort: 'low', max_tokens: 300, tools: ['send_message'], abilities: 'act', owners: ['user-1'], tokens_per_day: 100000, cost_per_day_micros: 0,
};

let host, user, agentTypeId;
before(async () => {
  host = await startHuman();
  user = await makeUser(host.url);
  agentTypeId = await humaType(host.url);
});
after(() => host?.stop());

async function make(settings) {
  const answer = await user.api('POST', '/api/agents', { name: 'A', agentTypeId, settings });
  assert.equal(answer.status, 201, JSON.stringify(answer.body));
  return answer.body;
}
const put = (agent, settings) => user.api('PUT', `/api/agents/${agent.id}`, { settings });

describe('settings of an agent', () => {
  it('are the defaults until somebody sets them', async () => {
    const agent = await make();
    assert.deepEqual(agent.settings, DEFAULTS);
    assert.deepEqual((await user.api('GET', `/api/agents/${agent.id}`)).body, agent);
  });

  it('may be given when it is made, and come back everywhere as they were given', async () => {
    const agent = await make(ALL);
    assert.deepEqual(agent.settings, ALL);
    assert.deepEqual((await user.api('GET', `/api/agents/${agent.id}`)).body.settings, ALL);
    const list = (await user.api('GET', '/api/agents?limit=200')).body;
    assert.deepEqual(list.find((a) => a.id === agent.id).settings, ALL);
  });

  it('change one by one, and null makes one the default again', async () => {
    const agent = await make({ speak: 'free', temperature: 1, quiet_hours: ALL.quiet_hours });
    let now = (await put(agent, { temperature: null, greeting: '  Hello.  ', quiet_hours: { from: '23:00', to: '06:00' } })).body;
    assert.deepEqual(now.settings, { ...DEFAULTS, speak: 'free', greeting: 'Hello.',
      quiet_hours: { from: '23:00', to: '06:00', utc_offset: '+00:00' } });
    now = (await user.api('PUT', `/api/agents/${agent.id}`, { name: 'B' })).body;
    assert.equal(now.settings.speak, 'free');
    now = (await put(agent, Object.fromEntries(Object.keys(DEFAULTS).map((k) => [k, null])))).body;
    assert.deepEqual(now.settings, DEFAULTS);
  });

  it('change together when they are set at the same time', async () => {
    const agent = await make();
    await Promise.all(Object.entries(ALL).map(([k, v]) => put(agent, { [k]: v })));
    assert.deepEqual((await user.api('GET', `/api/agents/${agent.id}`)).body.settings, ALL);
  });

  const hours = (more) => ({ quiet_hours: { from: '22:00', to: '07:00', ...more } });
  for (const [given, path] of [
    [{ shout: true }, 'settings.shout'], [{ speak: 'always' }, 'settings.speak'], [{ talkativeness: 101 }, 'settings.talkativeness'],
    [{ talkativeness: '50' }, 'settings.talkativeness'], [{ answers: 'nobody' }, 'settings.answers'],
    [{ ignores: ['a', ''] }, 'settings.ignores[1]'], [{ ignores: 'a' }, 'settings.ignores'], [{ ignores: {} }, 'settings.ignores'],
    [hours({ from: '24:00' }), 'settings.quiet_hours.from'], [hours({ from: '7:00' }), 'settings.quiet_hours.from'],
    [hours({ to: '29:00' }), 'settings.quiet_hours.to'],
    [hours({ to: null }), 'settings.quiet_hours.to'], [{ quiet_hours: { from: '22:00' } }, 'settings.quiet_hours.to'],
    [hours({ utc_offset: 'CET' }), 'settings.quiet_hours.utc_offset'], [hours({ utc_offset: '+15:00' }), 'settings.quiet_hours.utc_offset'],
    [{ greeting: '   ' }, 'settings.greeting'], [{ greeting: 'a\0b' }, 'settings.greeting'], [{ greeting: 'x'.repeat(2001) }, 'settings.greeting'],
    [{ follow_up_after_s: 0 }, 'settings.follow_up_after_s'], [{ follow_up_after_s: 2592001 }, 'settings.follow_up_after_s'],
    [{ reactions_only: 1 }, 'settings.reactions_only'], [{ debounce_ms: 60001 }, 'settings.debounce_ms'],
    [{ debounce_ms: 1.5 }, 'settings.debounce_ms'], [{ max_message_chars: 99 }, 'settings.max_message_chars'],
    [{ model: '../../etc' }, 'settings.model'], [{ model: 'a/../b' }, 'settings.model'], [{ model: 'a?key=b' }, 'settings.model'],
    [{ model: 'openai/gpt-5' }, 'settings.model'], [{ temperature: 2.1 }, 'settings.temperature'],
    [{ reasoning_effort: 'extreme' }, 'settings.reasoning_effort'], [{ max_tokens: 15 }, 'settings.max_tokens'],
    [{ tools: ['rm'] }, 'settings.tools[0]'], [{ abilities: 'all' }, 'settings.abilities'], [{ owners: [''] }, 'settings.owners[0]'], [{ tokens_per_day: -1 }, 'settings.tokens_per_day'],
    [{ cost_per_day_micros: 0.5 }, 'settings.cost_per_day_micros'], [null, 'settings'], [[], 'settings'],
  ]) {
    it(`refuse ${JSON.stringify(given).slice(0, 60)} and name ${path}`, async () => { // limit: greeting
      const agent = await make({ speak: 'free' });
      for (const answer of [await put(agent, given), await user.api('POST', '/api/agents', { name: 'A', agentTypeId, settings: given })]) {
        const body = refused(answer, 400, 'Bad Request');
        assert.deepEqual(body.details.map((d) => d.path), [path]);
      }
      assert.equal((await user.api('GET', `/api/agents/${agent.id}`)).body.settings.speak, 'free');
    });
  }

  it('take participant ids that are numbers, as events do', async () => {
    const agent = await make();
    assert.deepEqual((await put(agent, { ignores: [17, 'user-2', -1001234567890] })).body.settings.ignores, ['17', 'user-2', '-1001234567890']);
    assert.deepEqual((await put(agent, { owners: [17] })).body.settings.owners, ['17']);
  });

  it('are documented with the hours that there are', async () => {
    const text = JSON.stringify((await call(host.url, 'GET', '/openapi.json')).body);
    const pattern = new RegExp(JSON.parse(`"${/"from":\{[^}]*"pattern":"((?:[^"\\]|\\.)*)"/.exec(text)[1]}"`));
    for (const time of ['00:00', '19:59', '23:59']) assert.match(time, pattern);
    for (const time of ['24:00', '29:00', '7:00', '22:60']) assert.doesNotMatch(time, pattern);
  });

  it('are documented with every field', async () => {
    const doc = (await call(host.url, 'GET', '/openapi.json')).body;
    const props = (node) => Object.keys(deref(node).properties.settings ? deref(deref(node).properties.settings).properties : {});
    const deref = (node) => (node.$ref ? node.$ref.slice(2).split('/').reduce((at, k) => at[k], doc) : node);
    const route = doc.paths['/api/agents/{id}'].put;
    for (const node of [route.requestBody.content['application/json'].schema, route.responses['200'].content['application/json'].schema,
      doc.paths['/api/agents'].post.requestBody.content['application/json'].schema]) {
      assert.deepEqual(props(node).sort(), Object.keys(DEFAULTS).sort());
    }
  });
});
