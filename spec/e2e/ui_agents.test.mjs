// spec/e2e/ui_agents.test.mjs -- agents in the page, in Chromium: a list, a policy as a form, a log that is live, a room in which all
// events are played, and why each turn came out as it did, there and in the chat.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { after, afterEach, before, describe, it } from 'node:test';
import { launch } from './browser.mjs';
import { open } from './gateway.mjs';
import { errors, sql, startHost } from './hosts.mjs';
import { until } from './support.mjs';

const TOKEN = 'the-token-of-this-spec', PATIENCE_MS = 30_000;
const EVENTS = ['agent-joined', 'new-message', 'user-joined', 'user-typing', 'reaction', 'timer-expired'];
let host, browser, operator, user, coach, contexts = [];

before(async () => {
  host = await startHost({ env: { HUMAN_GATEWAY_AUTH_TOKEN: TOKEN } });
  browser = await launch();
  operator = await open(host, { token: TOKEN });
  user = await rest('createUser', { email: 'ada@agents.example', name: 'Ada' });
  const [type] = await rest('listAgentTypes', {});
  coach = await rest('createAgent', { name: 'Trainer \u202eMax', agentTypeId: type.id, description: 'Cardio' }, { actorId: user.id });
  await sql(host.home, `with made as (insert into agents (id, user_id, agent_type_id, name)
    select 'cz' || lpad(i::text, 10, '0'), '${user.id}', '${type.id}', 'Room ' || i from generate_series(1, 130) i returning id)
    insert into agent_mailboxes (agent_id) select id from made`);
});
after(async () => {
  await browser?.close();
  operator?.ws.close();
  assert.deepEqual(errors(host?.log() ?? '').filter((line) => !line.includes('ended by signal')), []);
  await host?.stop();
});
afterEach(async () => {
  for (const context of contexts) await context.close();
  contexts = [];
});

async function rest(operation, input, more) {
  const { payload, error } = await operator.call('operations.call', { surface: 'agent', operation, input, ...more });
  assert.equal(error, undefined, JSON.stringify(error));
  assert.ok(payload.status < 300, JSON.stringify(payload));
  return payload.body;
}
const mine = { get actorId() { return user.id; } };

/** The page at a place, signed in: {page, broken: what the console complained of}. */
async function visit(place, { colorScheme = 'light' } = {}) {
  const context = await browser.newContext({ colorScheme, reducedMotion: 'reduce', viewport: { width: 1280, height: 900 } });
  contexts.push(context);
  const page = await context.newPage(), broken = [];
  page.on('console', (m) => { if (m.type() === 'error' && !/401|ERR_|WebSocket/.test(m.text())) broken.push(m.text()); });
  page.on('pageerror', (e) => broken.push(String(e)));
  await page.goto(`${host.url}/#token=${(await operator.call('device.pair.code')).payload.code}`);
  await page.getByRole('status').filter({ hasText: 'Connected' }).waitFor();
  await go(page, place);
  return { page, broken };
}
const go = (page, place) => page.evaluate((to) => { location.hash = to; }, place);

describe('the agents', () => {
  it('are a list of any length, found by what is typed, and the address brings it back', async () => {
    const { page, broken } = await visit('#agents');
    const table = page.getByRole('table', { name: 'Agents' });
    await table.getByText('Room 130').waitFor();
    await table.evaluate((el) => { el.scrollTop = el.scrollHeight; });
    await until(async () => Number(await table.getAttribute('aria-rowcount')) > 130, PATIENCE_MS, 'more is read');
    await page.getByRole('main').focus();
    await page.keyboard.press('/');
    await page.keyboard.type('trainer');
    await until(async () => await table.getAttribute('aria-rowcount') === '1', PATIENCE_MS, 'one is left');
    assert.match(await page.evaluate('location.hash'), /q=trainer/);
    await table.getByRole('link', { name: 'Trainer \\u202eMax' }).click();
    await page.getByRole('heading', { level: 2, name: 'Trainer \\u202eMax' }).waitFor();
    assert.deepEqual(broken, []);
  });

  it('are created, changed by a form of their schema, and deleted after a question', async () => {
    const { page, broken } = await visit('#agents');
    await page.getByLabel('Its name').fill('Newcomer');
    await page.getByRole('button', { name: 'Create' }).click();
    await page.getByRole('heading', { level: 2, name: 'Newcomer' }).waitFor();
    const save = page.getByRole('button', { name: 'Save' });
    assert.ok(await save.isDisabled());
    await page.getByLabel('Talkativeness').fill('101');
    await page.getByLabel('Speak').selectOption('free');
    await page.getByLabel('Talkativeness').evaluate((el) => { el.closest('form').noValidate = true; });
    await save.click();
    await page.getByText('must be an integer from 0 to 100', { exact: true }).waitFor();
    await page.getByLabel('Talkativeness').fill('20');
    await save.click();
    await page.getByText('Newcomer was changed').waitFor();
    const id = /agents\/([^?]+)/.exec(await page.evaluate('location.hash'))[1];
    const settings = async () => (await rest('getAgent', { id })).settings;
    await page.getByRole('button', { name: 'Undo' }).click();
    await until(async () => (await settings()).speak === 'asked', PATIENCE_MS, 'it is as before');
    await page.getByLabel('Tokens per day').fill('5000');
    await save.click();
    await until(async () => (await settings()).tokens_per_day === 5000, PATIENCE_MS, 'it is saved');
    await page.getByText('0 of 5,000 tokens').first().waitFor();
    await page.getByRole('button', { name: 'Delete' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
    await page.getByRole('table', { name: 'Agents' }).waitFor();
    assert.deepEqual(await rest('listAgents', {}).then((list) => list.filter((one) => one.id === id)), []);
    assert.deepEqual(broken, []);
  });

  it('hear all six events in their test room, and show what happens and why', async () => {
    const { page, broken } = await visit(`#agents/${coach.id}?tab=room`);
    const log = page.getByRole('log');
    const event = page.getByLabel('Event', { exact: true });
    for (const type of EVENTS) {
      await event.selectOption(type);
      await page.getByText(`"type": "${type}"`).waitFor();
      if (type === 'reaction') await until(async () => (await page.getByLabel('Message', { exact: true }).inputValue()) !== '', PATIENCE_MS, 'the message is known');
      await page.getByRole('button', { name: 'Play' }).click();
      await log.getByText(type, { exact: true }).first().waitFor();
      if (type === 'new-message') await log.getByText('agent-stopped', { exact: true }).first().waitFor();
    }
    const seen = (await rest('listAgentEvents', { id: coach.id, direction: 'in' }, mine)).map((one) => one.type).sort();
    assert.deepEqual(seen, [...EVENTS].sort());
    for (const language of ['Python', 'curl', 'JavaScript']) {
      await page.getByLabel('Language').selectOption(language);
      await page.getByText(language === 'JavaScript' ? /socket\.io-client/ : language === 'Python' ? /import requests/ : /curl -N/).waitFor();
    }
    await go(page, `#agents/${coach.id}?tab=log`);
    await log.getByText('send-message', { exact: true }).first().click();
    await log.getByRole('link', { name: 'Why?' }).first().click();
    const why = page.getByRole('region', { name: 'Why this turn' });
    await why.getByText('agent.rules.respond.decide').or(why.getByText('respond.decide')).first().waitFor();
    await why.getByText('Prompts of the agent API are not kept.').waitFor();
    assert.match(await page.evaluate('location.hash'), /run=c/);
    await page.reload();
    await page.getByRole('region', { name: 'Why this turn' }).waitFor();
    assert.deepEqual(broken, []);
  });

  it('have a log that is live', async () => {
    const { page } = await visit(`#agents/${coach.id}?tab=log&show=events`);
    await page.getByRole('log').getByText('timer-expired').first().waitFor();
    const other = await rest('createAgent', { name: 'Live', agentTypeId: coach.agentTypeId }, mine);
    await go(page, `#agents/${other.id}?tab=log`);
    await page.getByText('Nothing has happened here').waitFor();
    await rest('sendAgentMessage', { id: other.id, type: 'agent-joined', content: { chatCode: 'live', participants: [{ id: 'u', nickname: 'Tom' }] } }, mine);
    await page.getByRole('log').getByText('agent-joined').waitFor();
  });
});

describe('an answer in the chat', () => {
  it('says why: the prompt as it was sent, what was decided, and where the time went', async () => {
    const { page, broken } = await visit('#chat/why');
    await page.getByRole('heading', { name: 'why', exact: true }).waitFor();
    await page.getByLabel('Message', { exact: true }).fill('What is 6 * 7?');
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: 'Why?' }).last().click();
    const dialog = page.getByRole('dialog', { name: 'Why this answer' });
    await dialog.getByText('Where the time went').waitFor();
    await dialog.getByText('Step 1').click();
    await dialog.getByText('What is 6 * 7?').first().waitFor();
    assert.match(await page.evaluate('location.hash'), /why=c/);
    if (process.env.SHOTS) await page.screenshot({ path: `${process.env.SHOTS}/why-chat.png` });
    await page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'detached' });
    assert.doesNotMatch(await page.evaluate('location.hash'), /why=/);
    assert.deepEqual(broken, []);
  });
});

describe('the look', () => {
  it('has nothing that axe finds, in light and dark, wide and on a telephone', async () => {
    const axe = fs.readFileSync('spec/e2e/node_modules/axe-core/axe.min.js', 'utf8');
    const { runId } = (await rest('listAgentEvents', { id: coach.id, direction: 'out' }, mine))[0];
    const places = { agents: '#agents', policy: `#agents/${coach.id}`, log: `#agents/${coach.id}?tab=log&run=${runId}`, room: `#agents/${coach.id}?tab=room` };
    for (const colorScheme of ['light', 'dark']) {
      const { page } = await visit('#agents', { colorScheme });
      for (const width of [1280, 380]) {
        await page.setViewportSize({ width, height: 900 });
        for (const [name, place] of Object.entries(places)) {
          await go(page, place);
          await (name === 'agents' ? page.getByRole('table') : name === 'policy' ? page.getByLabel('Talkativeness') : name === 'log' ? page.getByText('Where the time went') : page.getByLabel('Event', { exact: true })).waitFor();
          await page.evaluate(axe);
          const { violations } = await page.evaluate(() => window.axe.run());
          assert.deepEqual(violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.html.slice(0, 120)).join(' | ')}`), [], `${name} ${colorScheme} ${width}`);
          assert.ok(await page.evaluate('document.documentElement.scrollWidth <= innerWidth'), `${name} ${width}`);
          if (process.env.SHOTS) await page.screenshot({ path: `${process.env.SHOTS}/${name}-${colorScheme}-${width}.png`, fullPage: true });
        }
      }
    }
  });
});
