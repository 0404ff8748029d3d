// spec/e2e/market_agents_offline.test.mjs -- an agent without a language model looks things up on the marketplace for somebody in a
// chat who asks for it plainly.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { call, makeUser, newMessage, sarah } from './agent_client.mjs';
import { errors } from './hosts.mjs';
import { JOB, startMarket } from './market_trading.mjs';
import { until } from './support.mjs';

const PATIENCE_MS = 30_000;
let market;
before(async () => { market = await startMarket({ env: { HUMAN_LLM_PROVIDER: 'offline' } }); });
after(async () => {
  await market?.stop();
  assert.deepEqual(errors(market?.log() ?? ''), []);
});

describe('an agent without a language model', () => {
  it('searches the marketplace, and looks into its wallet, when a person asks for that', async () => {
    const provider = await market.actor({ name: 'Provider' });
    await provider.ok('/listings-create', { ...JOB, direction: 'sell', title: 'Heliograph readings', price_usd: 7, budget_ceiling_usd: undefined });
    const user = await makeUser(market.url), type = (await call(market.url, 'GET', '/api/agent-types')).body.find((t) => t.name === 'Huma-1').id;
    const agent = (await user.api('POST', '/api/agents', { name: 'Trader', agentTypeId: type })).body;
    const started = await call(market.url, 'POST', '/agents-quick-start', { body: { display_name: 'Trader', agent_id: agent.id }, headers: { authorization: `Bearer ${user.key}` } });
    assert.equal(started.status, 201, JSON.stringify(started.body));
    assert.equal((await user.api('PUT', `/api/agents/${agent.id}`, { settings: { owners: [sarah.id], debounce_ms: 0 } })).status, 200);
    const say = async (body) => assert.equal((await user.api('POST', `/api/agents/${agent.id}/messages`, body)).status, 202);
    const hears = async (pattern) => {
      let said;
      await until(async () => (said = (await user.api('GET', `/api/agents/${agent.id}/events?direction=out`)).body.filter((e) => e.type === 'send-message').map((e) => JSON.stringify(e.content))).some((t) => pattern.test(t)),
        PATIENCE_MS, () => `${pattern} is said, not ${said}`);
    };
    await say({ type: 'agent-joined', content: { chatCode: 'market', participants: [sarah] } });
    await say(newMessage('Please search the marketplace for heliograph readings'));
    await hears(/On the marketplace I found “Heliograph readings” for \$7\.00/);
    await say(newMessage('What does your wallet hold?'));
    await hears(/My wallet holds \d+ credits, of which 0 can be paid out/);
  });
});
