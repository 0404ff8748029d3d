// spec/e2e/agent_manners.test.mjs -- an agent among people: its echoes, its namesakes, other agents, bursts, crosstalk,
// follow-ups, and what its owner wants.  The platform of these specs posts what agents say to all who are in the room.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, afterEach, before, describe, it } from 'node:test';
import { connected, makeAgent, makeUser, newMessage, outline, NORMAL, sarah, send, unique } from './agent_client.mjs';
import { startModel } from './agent_model.mjs';
import { makeHome } from './hosts.mjs';
import { root, startHuman, until } from './support.mjs';

const AGENT_CHAIN = 3, FOREIGN = 2;              // scripts/agent/rules/limits.lua, scripts/agent/lines.lua
const tom = { id: 'user-2', nickname: 'Tom' };
const ann = { id: 'user-3', nickname: 'Ann' };

let host;
let model;
let user;
const open = [], tree = makeHome();
before(async () => {
  // Bursts end by the agents' settings alone, and not because a machine is slow.
  const file = 'agent/rules/limits.lua', shipped = fs.readFileSync(path.join(root, 'scripts', file), 'utf8');
  fs.mkdirSync(path.join(tree, path.dirname(file)), { recursive: true });
  fs.writeFileSync(path.join(tree, file), shipped.replace(/burst_wait_ms = \d+/, 'burst_wait_ms = 120000'));
  model = await startModel();
  model.answer = numbered;
  host = await startHuman({ scripts: [path.relative(root, tree)], env: { ...model.env, HUMAN_WORKERS: '2' } });
  user = await makeUser(host.url);
});
after(async () => {
  await host?.stop();
  await model?.close();
});
let answers = 0;
const numbered = () => ({ text: `This is answer number ${(answers += 1)}, with care.` });
afterEach(() => {
  model.answer = numbered;
  for (const socket of open.splice(0)) socket.disconnect();
});

const joined = (people, chatCode = 'room') => ({ type: 'agent-joined', content: { chatCode, participants: people } });
const said = (socket) => socket.actions.filter((a) => a.type === 'send-message' || a.type === 'send-reply');
const texts = (socket) => said(socket).map((a) => a.content);

/** An agent and its socket.  quiet(): when everything that it was told has had its turn, and all of it was heard. */
async function member({ owner = user, settings, ...options } = {}) {
  const agent = await makeAgent(host.url, owner, options);
  if (settings) await set(agent, settings, owner);
  const socket = await connected(host.url, agent.id, owner.key);
  open.push(socket);
  const state = async () => (await owner.api('GET', `/api/agents/${agent.id}/state`)).body;
  const quiet = () => until(async () => {
    const { status, counters } = await state();
    return status === 'idle' && counters.actionsOut === socket.actions.length;
  }, 15000, 'quiet');
  const hears = async (content, participant, more) => {
    const ack = await send(socket, newMessage(content, { participant, ...more }));
    assert.equal(ack.ok, true, JSON.stringify(ack));
  };
  return { agent, socket, state, quiet, hears };
}

async function set(agent, settings, owner = user) {
  const answer = await owner.api('PUT', `/api/agents/${agent.id}`, { settings });
  assert.equal(answer.status, 200, JSON.stringify(answer.body));
}

async function group(options) {
  const made = await member(options);
  await send(made.socket, joined([sarah, tom, ann]));
  return made;
}

describe('its own words, sent back by the platform,', () => {
  const carriers = [
    ['a bot account', { id: 'bot-77', nickname: 'AlexBot' }, (text) => text],
    ['a bridge that nobody was told of', { id: 'relay', nickname: 'Bridge' }, (text) => text],
    ['the agent itself', { nickname: 'Whoever' }, (text) => `said otherwise: ${text}`],
    ...['Coach Alex: ', '<Coach Alex> ', '**Coach Alex**: ', 'Coach Alex said: '].map((head) => [`a bridge that puts "${head}" before them`,
      { id: 'relay', nickname: 'Bridge' }, (text) => head + text]),
    ['an account that marks them up', { id: 'x-1', nickname: 'Coach' }, (text) => `**${text.toUpperCase()}** `],
  ];
  for (const [who, carrier, changed] of carriers) {
    it(`are answered by nobody when they come from ${who}`, async () => {
      const { agent, socket, quiet, hears } = await member();
      model.answer = numbered;
      await send(socket, joined([sarah]));
      const participant = { id: agent.id, ...carrier };
      let echoed = 0;
      await hears('How do I begin with cardio?');
      for (let i = 0; i < 5; i += 1) {
        await quiet();
        for (const text of texts(socket).slice(echoed)) { echoed += 1; await hears(changed(text), participant); }
      }
      assert.equal(said(socket).length, 1, JSON.stringify(texts(socket)));
      await hears('And how often should it be?');
      await quiet();
      assert.equal(said(socket).length, 2, 'Sarah is still alone with the agent');
    });
  }

  it('tell whose account that is, for all sessions', async () => {
    const { socket, quiet, hears } = await member();
    const bot = { id: 'bot-77', nickname: 'AlexBot' };
    await send(socket, joined([sarah]));
    await hears('How do I begin with cardio?');
    await quiet();
    await hears(texts(socket)[0], bot);
    await quiet();
    await send(socket, joined([sarah, bot], 'another'));
    await hears('Something that the agent has never said', bot);
    await hears('How often should it be?');
    await quiet();
    assert.equal(said(socket).length, 2);
    const roles = model.requests.at(-1).messages.map((m) => [m.role, m.content]);
    assert.ok(roles.some(([role, content]) => role === 'assistant' && content.includes('never said')));
  });

  it('do not silence a person who repeats them', async () => {
    const { socket, quiet, hears } = await group();
    await hears('Alex, how do I begin with cardio?');
    await quiet();
    await hears(texts(socket)[0], tom);
    await hears('Alex, did I get that right?', tom);
    await quiet();
    assert.equal(said(socket).length, 2);
  });
});

describe('an account that the platform calls the agent', () => {
  it('is the agent from its first line on, and is spoken to by its handles', async () => {
    const { socket, quiet, hears } = await member();
    const own = { id: '815', nickname: 'Helper', self: true, handles: ['fit_helper'] };
    await send(socket, joined([sarah, tom, own]));
    await hears('What I wrote by hand, under my own account', { id: '815', nickname: 'Helper' });
    await hears('@fit_helper how long should I run?');
    await quiet();
    assert.equal(said(socket).length, 1);
    const { messages } = model.requests.at(-1);
    assert.ok(messages.some((m) => m.role === 'assistant' && m.content.includes('by hand')), JSON.stringify(messages));
  });
});

describe('a person with the name of the agent', () => {
  const namesake = { id: 'user-7', nickname: 'Coach Alex' };

  it('is answered, and his words are his', async () => {
    const { socket, quiet, hears } = await member();
    await send(socket, joined([namesake]));
    await hears('Which shoes should I buy for this?', namesake);
    await quiet();
    assert.equal(said(socket).length, 1);
    const { messages } = model.requests.at(-1);
    assert.ok(!messages.some((m) => m.role === 'assistant'), JSON.stringify(messages));
    assert.match(messages.at(-1).content, /from="Coach Alex"[^>]*>Which shoes/);
  });
});

describe('two agents in one room', () => {
  // Every answer speaks to the other one and asks, so that nothing but manners ends it.
  const chatty = (_, { messages: [system] }) => {
    const other = system.content.includes('You are Alex') ? 'Ben' : 'Alex';
    return { text: `${other}, this is remark number ${(answers += 1)}: what do you think of cardio?` };
  };

  async function room(owners, settings, people = [sarah, tom]) {
    const members = [];
    for (const [i, name] of ['Alex', 'Ben'].entries()) {
      const made = await member({ owner: owners[i], name, settings });
      made.as = { id: `bot-${i}`, nickname: name };
      made.relayed = 0;
      await send(made.socket, joined(people, 'shared'));
      members.push(made);
    }
    return members;
  }

  async function talk(members, limit) {
    for (let still = false; !still;) {
      still = true;
      for (const m of members) {
        await m.quiet();
        for (const text of texts(m.socket).slice(m.relayed)) {
          still = false;
          m.relayed += 1;
          assert.ok(m.relayed <= limit, 'it ends');
          for (const other of members) if (other !== m) await other.hears(text, m.as);
        }
      }
    }
    return members.reduce((n, m) => n + said(m.socket).length, 0);
  }

  for (const [whose, settings] of [['of one user', { answers: 'everyone' }], ['of two users', {}]]) {
    it(`${whose} end after agent_chain lines`, async () => { // limit: agent_chain
      model.answer = chatty;
      const members = await room([user, settings.answers ? user : await makeUser(host.url)], settings);
      for (const m of members) await m.hears('Alex, what do you think of cardio?', sarah);
      const lines = await talk(members, 20);
      assert.ok(lines >= 1 && lines <= AGENT_CHAIN, `${lines} lines`);
    });
  }

  it('of two users, introduced to each other as people, end after agent_chain lines of which each knows', async () => { // limit: known_words_chars
    model.answer = chatty;
    const bots = [{ id: 'bot-0', nickname: 'Alex' }, { id: 'bot-1', nickname: 'Ben' }];
    const members = await room([user, await makeUser(host.url)], {}, [sarah, ...bots]);
    for (const m of members) await m.hears('Alex, what do you think of cardio?', sarah);
    const lines = await talk(members, 20);
    assert.ok(lines >= 1 && lines <= 2 * FOREIGN + AGENT_CHAIN, `${lines} lines`);
  });

  for (const people of [[sarah], [sarah, tom]]) it(`leave a line to whom it names, among ${people.length}`, async () => {
    model.answer = chatty;
    const members = await room([user, user], undefined, people);
    for (const m of members) m.as = { id: `x-${m.as.nickname}`, nickname: m.as.nickname };
    for (const m of members) await m.hears('Alex, what do you think of cardio?', sarah);
    assert.equal(await talk(members, 20), 1);
  });
});

describe('quick lines', () => {
  it('get one answer, in a chat of two as in a group', async () => {
    const settings = { debounce_ms: 2000 };        // longer than a busy machine takes for four lines that come at once
    await Promise.all([member({ settings }), group({ settings })].map(async (start) => {
      const { socket, quiet, hears } = await start;
      await Promise.all(['hey Alex', 'I was wondering', 'about my knee', 'should I still run today?'].map((text) => hears(text)));
      await quiet();
      assert.equal(said(socket).length, 1, JSON.stringify(outline(socket.actions)));
    }));
    const asked = model.requests.map((r) => r.messages.at(-1).content).filter((text) => text.includes('still run today'));
    assert.equal(asked.length, 2);
    for (const text of asked) assert.match(text, /hey Alex[\s\S]*still run today/);
  });

  it('wait for somebody who types on, in a chat of two as well', async () => {
    const { socket, state, quiet, hears } = await member();
    await hears('One more thing, may I ask it?');
    await quiet();
    await Promise.all([hears('I hurt my knee'), send(socket, { type: 'user-typing', content: { participantId: sarah.id, nickname: 'Sarah' } })]);
    await until(async () => (await state()).status === 'waiting', 2000, 'waiting');
    await hears('what now?');
    await quiet();
    assert.equal(said(socket).length, 2);
    assert.match(model.requests.at(-1).messages.at(-1).content, /hurt my knee[\s\S]*what now/);
  });

  it('are waited for as long as the owner says', async () => {
    const { agent, socket, state, hears } = await member({ settings: { debounce_ms: 60000 } });
    await hears('hey');
    await until(async () => (await state()).status === 'waiting', 2000, 'waiting');
    await set(agent, { debounce_ms: 0 });
    await hears('there');
    await until(() => said(socket).length === 1, 15_000, 'an answer, long before a minute');
  });
});

describe('an answer that is being made', () => {
  async function asked() {
    const made = await group();
    let release;
    const wait = new Promise((resolve) => { release = resolve; });
    const calls = model.requests.length;
    model.answer = () => { model.answer = numbered; return { text: 'Twenty minutes a day.', wait }; };
    await made.hears('Alex, how long should I run?');
    await until(() => model.requests.length === calls + 1, 15_000, 'the model is asked');
    return { ...made, calls, release };
  }

  it('is not cut short by what others say to each other', async () => {
    const { socket, quiet, hears, calls, release } = await asked();
    await hears('Ann, lunch?', tom);
    await hears('sure, at noon', ann);
    await hears('nice weather', tom);
    release();
    await quiet();
    assert.deepEqual(outline(socket.actions).slice(0, 3), NORMAL);
    assert.deepEqual(texts(socket), ['Twenty minutes a day.']);
    assert.equal(model.requests.length, calls + 1);
  });

  it('is made anew when who is answered says more', async () => {
    const { socket, quiet, hears } = await asked();
    await hears('I mean on a treadmill');
    await quiet();
    assert.equal(outline(socket.actions)[2], 'agent-stopped:superseded');
    assert.equal(said(socket).length, 1);
    assert.match(model.requests.at(-1).messages.at(-1).content, /how long[\s\S]*treadmill/);
  });

  it('leaves the question of somebody else to the next turn', async () => {
    const { socket, quiet, hears, release } = await asked();
    await hears('Alex, and which shoes do I need?', tom);
    release();
    await quiet();
    assert.equal(said(socket).length, 2);
    assert.equal(texts(socket)[0], 'Twenty minutes a day.');
  });
});

describe('after an answer in a group', () => {
  async function answered() {
    const made = await group();
    model.answer = numbered;
    await made.hears('Alex, how long should I run?');
    await made.quiet();
    assert.equal(said(made.socket).length, 1);
    return made;
  }

  const others = [
    ['somebody else', 'why so long?', tom, {}],
    ['who was answered to somebody else', 'Tom, why so long?', sarah, {}],
    ['who was answered in reply to somebody else', 'why so long?', sarah, { replyTo: 'elsewhere' }],
    ['who was answered about something else', 'the new cinema opens on Friday', sarah, {}],
    ['who was answered to everybody', 'is anybody coming to the cinema?', sarah, {}],
  ];
  for (const [who, text, participant, more] of others) {
    it(`it leaves alone what is said by ${who}`, async () => {
      const { socket, quiet, hears } = await answered();
      await hears(text, participant, more);
      await quiet();
      assert.equal(said(socket).length, 1, JSON.stringify(texts(socket)));
    });
  }

  it('it leaves alone who was answered, when others have spoken since', async () => {
    const { socket, quiet, hears } = await answered();
    await hears('hello all', tom);
    await hears('why so long?');
    await quiet();
    assert.equal(said(socket).length, 1);
  });

  it('who was answered may go on twice, and then has to name it', async () => {
    const { socket, quiet, hears } = await answered();
    for (const [text, expected] of [['why so long?', 2], ['how do you know?', 3], ['why is that?', 3],
      ['Alex, why is that?', 4], ['really?', 5]]) {
      await hears(text);
      await quiet();
      assert.equal(said(socket).length, expected, text);
    }
  });
});

describe('its owner', () => {
  const count = async (settings, ...lines) => {
    const { agent, socket, quiet, hears } = await group();
    await set(agent, settings);
    for (const [text, participant] of lines) {
      await hears(text, participant);
      await quiet();
    }
    return socket;
  };
  const field = ['Is cardio any good for this?', sarah], name = ['Alex, how long should I run?', sarah];

  it('says that it speaks when mentioned only', async () => {
    assert.equal(said(await count({ speak: 'mentioned' }, field, name)).length, 1);
    assert.equal(said(await count({ speak: 'asked' }, field)).length, 1);
  });

  it('says that it speaks freely, and how much', async () => {
    const talk = Array.from({ length: 12 }, (_, i) => [`we went to lake number ${i}`, [sarah, tom, ann][i % 3]]);
    const free = said(await count({ speak: 'free', talkativeness: 50, debounce_ms: 0 }, ...talk)).length;
    assert.ok(free >= 2 && free <= 6, `${free} of 12`);
    assert.equal(said(await count({ speak: 'free', talkativeness: 0, debounce_ms: 0 }, ...talk)).length, 0);
  });

  it('says whom it ignores', async () => {
    assert.equal(said(await count({ ignores: [sarah.id] }, name, ['Alex, and I?', tom])).length, 1);
  });

  it('says when it is quiet', async () => {
    const at = (ms) => new Date(Date.now() + ms).toISOString().slice(11, 16), hour = 3600000;
    const around = { from: at(-hour), to: at(hour), utc_offset: '+00:00' };
    const elsewhere = { ...around, utc_offset: '+05:00' };
    assert.equal(said(await count({ quiet_hours: around }, name)).length, 0);
    assert.equal(said(await count({ quiet_hours: elsewhere }, name)).length, 1);
  });

  it('says that it reacts only, and then a model\'s text is nothing', async () => {
    const socket = await count({ reactions_only: true }, name);
    assert.deepEqual(outline(socket.actions), ['set-typing:true', 'set-typing:false', 'agent-stopped:no-response']);
  });
});

it('sixty lines of a name that is none do not silence it', async () => {
  const { socket, quiet, hears } = await group();
  const calls = model.requests.length;
  let release;
  const wait = new Promise((resolve) => { release = resolve; });
  model.answer = () => { model.answer = numbered; return { text: 'Twenty minutes a day.', wait }; };
  await hears('Alex, how long should I run?');
  await until(() => model.requests.length === calls + 1, 15_000, 'the model is asked');
  await Promise.all(Array.from({ length: 60 }, () => hears('alexcoach'.repeat(111), tom, { id: unique('flood') })));
  await hears('Alex, and how often should I?', ann);
  release();
  await quiet();
  assert.equal(said(socket).length, 2, JSON.stringify(outline(socket.actions)));
});
