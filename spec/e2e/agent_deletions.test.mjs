// spec/e2e/agent_deletions.test.mjs -- deleted texts disappear everywhere, whenever the deletion arrives, and edited
// messages have their new text.  "Everywhere" means every column of every table.
import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { connected, makeAgent, makeUser, newMessage, openSocket, run, sarah, send, unique } from './agent_client.mjs';
import { startModel } from './agent_model.mjs';
import { sql, startHost } from './hosts.mjs';
import { next, until } from './support.mjs';

const ben = { id: 'user-2', nickname: 'Ben' }, alex = { id: 'bot-1', nickname: 'Alex', self: true };
let model, host, user, agent, socket;
const open = [];
before(async () => {
  model = await startModel();
  host = await startHost({ env: { ...model.env, HUMAN_WORKERS: '1', HUMAN_AGENT_WINDOW_MESSAGES: '10' } });
  user = await makeUser(host.url);
});
beforeEach(async () => {
  model.answer = () => ({ text: 'Fine.' });
  model.requests.length = 0;
  agent = await makeAgent(host.url, user);
  assert.equal((await user.api('PUT', `/api/agents/${agent.id}`, { settings: { debounce_ms: 0 } })).status, 200);
  socket = await connected(host.url, agent.id, user.key);
  open.push(socket);
});
afterEach(() => { for (const s of open.splice(0)) s.disconnect(); });
after(async () => {
  await host?.stop();
  await model.close();
});

const join = (...participants) => tell({ type: 'agent-joined', content: { chatCode: 'c', participants } });
const edited = (messageId, content, more) => ({ type: 'message-edited', content: { messageId, content, ...more } });
const deleted = (messageId) => ({ type: 'message-deleted', content: { messageId } });

async function tell(event) {
  const ack = await send(socket, event);
  assert.equal(ack.ok, true, JSON.stringify(ack));
  return ack;
}

async function ask(text, more) {
  const from = socket.actions.length;
  await tell(newMessage(text, more));
  return run(socket, from);
}

/** Until the agent has looked at all that it was told. */
const quiet = () => until(async () => (await sql(host.home, `select 1 from agent_mailboxes where agent_id = '${agent.id}'
  and last_in_pos <= processed_pos and lease_owner is null`)).length === 1, 10000, 'the agent is quiet');

/** The tables of the database in which a text stands, in whatever case. */
async function keepers(text) {
  const tables = await sql(host.home, `select table_name from information_schema.tables where table_schema = 'public'
    and table_type = 'BASE TABLE'`);
  const found = await sql(host.home, tables.map((t) => `select distinct '${t}' from public."${t}" x where x::text ilike '%${text}%'`).join(' union all '));
  return found.sort();
}

/** Everything that the model was shown last. */
const shown = () => JSON.stringify(model.requests.at(-1).messages);

describe('a message that is deleted', () => {
  it('is in no table any more: not in the log, nor its edits, the decisions, or the stored answers', async () => {
    await join(sarah, ben);
    const id = unique('m');
    await ask('Alex, is Zanzibar9 a good word?', { id });
    await tell(edited(id, 'Alex, is zanzibar9 a better word?'));
    await ask('Alex, and now?');
    assert.deepEqual(await keepers('zanzibar9'), ['agent_events', 'rule_decisions']);
    await tell(deleted(id));
    assert.deepEqual(await keepers('zanzibar9'), []);
    const decisions = await sql(host.home, `select verdict, complete, inputs from rule_decisions where subject = '${agent.id}'
      and rule = 'agent.rules.respond.decide' order by id`);
    assert.ok(decisions.includes('speak addressed|f|{"forgotten": true}'), decisions[0]);
    assert.ok(decisions.some((d) => /^speak addressed\|t\|/.test(d)), 'what says nothing of it stays');
  });

  it('is in no decision either when that was taken while it went', async () => {
    let begun;
    const thinking = new Promise((done) => { begun = done; });
    model.answer = () => { begun(); return { text: 'Too late.', ms: 120_000 }; };
    const id = unique('m');
    await join(sarah, ben);
    await tell(newMessage('Alex, is Zanzibar8 a word?', { id }));
    await thinking;
    await tell(newMessage('Alex, or is Zanzibar7 one?', { id: `${id}-b`, participant: ben }));
    await tell(deleted(`${id}-b`));
    await tell(deleted(id));
    await run(socket);
    await quiet();
    assert.deepEqual(await keepers('zanzibar'), []);
  });

  it('takes the summary with it that was made of it, which is made anew without', async () => {
    const id = unique('m');
    await tell(newMessage('My locker code is Zanzibar6', { id }));
    model.answer = (texts) => (texts[0].startsWith('You keep the notes') ? { text: `Notes of ${/Zanzibar6/.exec(texts.at(-1)) ?? 'it'}` } : { text: 'Fine.' });
    const summary = () => sql(host.home, `select summary from agent_memory where agent_id = '${agent.id}'`);
    for (let i = 0; i < 25 && !(await summary())[0]; i += 1) await ask(`Line number ${i}`);
    await until(async () => (await summary())[0] === 'Notes of Zanzibar6', 5000, 'there is a summary');
    await tell(deleted(id));
    assert.deepEqual(await keepers('Zanzibar6'), []);
    await ask('And now?');
    assert.doesNotMatch(shown(), /Zanzibar6/);
    await until(async () => (await summary())[0] === 'Notes of it', 5000, 'there is another');
  });

  it('is in no summary either that was being made while it went', async () => {
    const id = unique('m');
    let noting, go;
    const noted = new Promise((done) => { noting = done; }), wait = new Promise((done) => { go = done; });
    model.answer = (texts) => {
      if (!texts[0].startsWith('You keep the notes')) return { text: 'Fine.' };
      noting();
      return { text: `Notes of ${/Zanzibar5/.exec(texts.at(-1)) ?? 'it'}`, wait };
    };
    await tell(newMessage('My locker code is Zanzibar5', { id }));
    let is_noting = false;
    noted.then(() => { is_noting = true; });
    for (let i = 0; i < 25 && !is_noting; i += 1) await ask(`Line number ${i}`);
    await noted;
    await tell(deleted(id));
    go();
    await until(async () => (await sql(host.home, `select 1 from agent_mailboxes where agent_id = '${agent.id}' and memory_attempts = 0`)).length === 1, 5000, 'it was made');
    assert.deepEqual(await keepers('Zanzibar5'), []);
  });

  it('may be told before it comes: it is never read then, nor is its edit', async () => {
    const id = unique('m');
    await tell(edited(id, 'My secret is Zanzibar4'));
    await tell(deleted(id));
    assert.deepEqual(await keepers('Zanzibar4'), []);
    const ack = await tell(newMessage('My secret is Zanzibar4', { id }));
    assert.ok(ack.eventId);
    assert.equal((await tell(newMessage('My secret is Zanzibar4', { id }))).duplicate, true);
    await quiet();
    assert.ok(!model.requests.some((r) => JSON.stringify(r).includes('Zanzibar4')));
    await ask('Hello');
    assert.doesNotMatch(shown(), /Zanzibar4/);
    assert.deepEqual(await keepers('Zanzibar4'), []);
  });

  it('may be one whose turn was given up', async () => {
    const id = unique('m');
    await ask('My secret is Zanzibar3', { id });
    await sql(host.home, `update agent_events set given_up = true where message_id = '${id}'`);
    await tell(deleted(id));
    assert.deepEqual(await keepers('Zanzibar3'), []);
  });
});

describe('a message of the agent that is deleted', () => {
  const Z = 'Remember the word Zanzibar2 and its friends.';

  for (const [how, relayed] of [['as it was said', (t) => t], ['with other marks', (t) => `*${t.toUpperCase()}*`], ['with its name before it', (t) => `Coach Alex: ${t}`]]) {
    for (const by of ['action', 'copy']) {
      it(`is nowhere any more, nor is its copy ${how}, when the ${by} is named`, async () => {
        await join(sarah, alex);
        model.answer = () => ({ text: Z });
        const action = (await ask('Which word?')).find((a) => a.type === 'send-message');
        const id = unique('copy');
        await tell(newMessage(relayed(Z), { id, participant: alex }));
        assert.ok((await keepers('Zanzibar2')).includes('agent_events'));
        await tell(deleted(by === 'action' ? action.id : id));
        assert.deepEqual(await keepers('Zanzibar2'), []);
        model.answer = () => ({ text: 'Fine.' });
        await ask('What did you say?');
        assert.doesNotMatch(shown(), /Zanzibar2/i);
      });
    }
  }

  it('is told again as deleted, and not as something to post', async () => {
    model.answer = () => ({ text: Z });
    const action = (await ask('Which word?')).find((a) => a.type === 'send-message');
    await tell(deleted(action.id));
    for (const options of [{ auth: { agentId: agent.id, apiKey: user.key, lastSeq: 0 } }, { auth: { agentId: agent.id, apiKey: user.key, lastSeq: 0, claim: true } }]) {
      const late = openSocket(host.url, agent.id, user.key, { query: {}, ...options });
      open.push(late);
      await run(late);
      assert.deepEqual(late.actions.map((a) => [a.seq, a.type]), [[1, 'set-typing'], [2, 'action-deleted'], [3, 'agent-stopped']]);
      assert.equal(late.actions[1].id, action.id);
      assert.doesNotMatch(JSON.stringify(late.actions), /Zanzibar2/);
    }
    const log = (await user.api('GET', `/api/agents/${agent.id}/events?type=send-message`)).body;
    assert.deepEqual(log.map((e) => e.content), [{ content: '', deleted: true }]);
  });

  for (const claim of [false, true]) {
    it(`is not what a client${claim ? ' that watches' : ''} gets that was away when it was said and deleted, or edited`, async () => {
      const options = { query: {}, auth: { agentId: agent.id, apiKey: user.key, claim } };
      if (claim) open.push(await connected(host.url, agent.id, user.key, options)); // which carries out
      const away = openSocket(host.url, agent.id, user.key, options), watched = [];
      open.push(away);
      away.on('watch', (action) => watched.push(action));
      await next(away, 'connect', 10000);
      await ask('Begin.');                       // only who has had an offset can recover
      await until(() => away.actions.length === 3 || watched.length === 3, 5000, 'it has heard');
      away.io.engine.close();
      model.answer = () => ({ text: Z });
      const first = (await ask('Which word?')).find((a) => a.type === 'send-message');
      const second = (await ask('Which other word?')).find((a) => a.type === 'send-message');
      await tell(deleted(first.id));
      await tell(edited(second.id, 'Something else'));
      away.connect();
      const got = () => [...away.actions, ...watched].filter((a) => a.id === first.id || a.id === second.id);
      await until(() => got().length === 2, 5000, 'it has what it missed');
      assert.equal(away.recovered, true);
      assert.deepEqual(got().map((a) => [a.type, a.content]), [['action-deleted', undefined], ['send-message', 'Something else']]);
    });
  }

  it('is not in the plan of a run that gave its messages one by one', async () => {
    assert.equal((await user.api('PUT', `/api/agents/${agent.id}`, { settings: { typing_ms_per_char: 1 } })).status, 200);
    model.answer = () => ({ text: Z });
    const action = (await ask('Which word?')).find((a) => a.type === 'send-message');
    await tell(deleted(action.id));
    assert.deepEqual(await keepers('Zanzibar2'), []);
  });
});

describe('an edit', () => {
  it('of what the agent said changes that, whether the action is named or its copy', async () => {
    await join(sarah, alex);
    const said = [];
    for (const i of [1, 2]) {
      model.answer = () => ({ text: `Drink ${i} cups of water with it.` });
      said.push((await ask(`How much on day ${i}?`)).find((a) => a.type === 'send-message'));
      await tell(newMessage(said.at(-1).content, { id: `${agent.id}-${i}`, participant: alex }));
    }
    await tell(edited(said[0].id, 'Drink three cups of water with it.'));
    await tell(edited(`${agent.id}-2`, 'Drink four cups of water with it.'));
    await ask('How much?');
    assert.equal(shown().match(/cups of water/g).length, 2);
    assert.match(shown(), /three cups.*four cups/);
  });

  it('that comes before its message applies when that comes', async () => {
    const id = unique('m');
    await tell(edited(id, 'I run on Wednesdays', { editedAt: '2026-01-01T10:00:02Z' }));
    await tell(edited(id, 'I run on Tuesdays', { editedAt: '2026-01-01T10:00:01Z' }));
    await ask('I run on Mundays', { id });
    assert.match(shown(), /I run on Wednesdays/);
    assert.doesNotMatch(shown(), /Mundays|Tuesdays/);
    await tell(newMessage('I run on Mundays', { id }));
    await ask('When?');
    assert.match(shown(), /I run on Wednesdays/);
  });

  it('that comes late does not undo a later one', async () => {
    const id = unique('m');
    await ask('I run on Mundays', { id });
    await tell(edited(id, 'I run on Wednesdays', { editedAt: '2026-01-01T10:00:02Z' }));
    await tell(edited(id, 'I run on Tuesdays', { editedAt: '2026-01-01T10:00:01Z' }));
    await ask('When?');
    assert.match(shown(), /I run on Wednesdays/);
    assert.doesNotMatch(shown(), /Mundays|Tuesdays/);
  });
});
