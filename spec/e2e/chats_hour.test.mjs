// spec/e2e/chats_hour.test.mjs -- an hour of two agents and three people, without real waiting.
// What people say is drawn from a seed (HOUR_SEED), and the agents' model likes to name the other agent.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { startModel } from './agent_model.mjs';
import { makeStage, openRoom, startChatHost } from './chats.mjs';
import { root } from './support.mjs';

const HOUR_S = 3600, SEED = Number(process.env.HOUR_SEED ?? 20260714);
const CHAIN = Number(/agent_chain = (\d+)/.exec(fs.readFileSync(path.join(root, 'scripts/agent/rules/limits.lua'), 'utf8'))[1]);
const PEOPLE = ['Sarah', 'Ben', 'Mia'], ASKED = ['Coach Alex', 'Chef Nora'];
const CHATTER = ['what a game yesterday', 'I am so tired', 'lol', 'the bus is late again', 'who has my charger?', 'rain tomorrow',
  'that film was long', 'happy Friday', 'see you at eight', 'my phone died', 'haha yes', 'no idea', 'where is everybody?', 'nice photo'];
const QUESTIONS = ['what helps against sore legs?', 'how much water is enough on a warm day?', 'what can I cook with two eggs?',
  'how long should I sleep before a race?', 'is rice better than bread in the evening?', 'what do you think about cold showers?'];

/** Numbers from 0 to 1, the same for the same seed (mulberry32). */
function random(seed) {
  let a = seed;
  return () => {
    a = (a + 0x6D2B79F5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

const agent = (name, other, prompt, relay) => ({ name, prompt, relay,
  model: Array.from({ length: 500 }, (_, i) => (i % 3 === 0 ? `${other}, what do you say to idea ${i}?` : `My idea number ${i} is to keep it simple.`)) });
const open = [];
let stage;
before(async () => {
  const model = await startModel();
  open.push(() => model.close());
  const host = await startChatHost(model.env);
  open.push(() => host.stop());
  stage = await makeStage(host, model);
  open.push(() => stage.db.close());
});
after(async () => { for (const one of open.reverse()) await one(); });

/** An hour in a room; {people, agents (messages), chain (the longest), questions: [{text, asked, by: {name: messages}}]}. */
async function hour(relays) {
  const draw = random(SEED), pick = (list) => list[Math.floor(draw() * list.length)];
  const room = await openRoom(stage, { name: 'an hour', agents: [
    agent('Coach Alex', 'Chef Nora', 'You are a fitness coach.', relays[0]), agent('Chef Nora', 'Coach Alex', 'You are a cook.', relays[1])] });
  const seen = { people: 0, agents: 0, chain: 0, questions: [] };
  for (let second = 0; second < HOUR_S;) {
    const pause = 5 + Math.floor(draw() * 40), who = pick(PEOPLE), dice = draw();
    second += pause;
    await room.passes(pause);
    const asked = dice < 0.15 ? pick(ASKED) : undefined;
    const text = asked ? `${asked}, ${pick(QUESTIONS)}` : dice < 0.25 ? `${pick(PEOPLE.filter((p) => p !== who))}, ${pick(QUESTIONS)}` : pick(CHATTER);
    await room.everybody(room.message(room.person(who), text));
    const said = (await room.settle()).filter((a) => a.type === 'send-message' || a.type === 'send-reply');
    seen.people += 1;
    seen.agents += said.length;
    seen.chain = Math.max(seen.chain, said.length);
    if (asked) seen.questions.push({ text: `${who}: ${text}`, asked, by: said.map((a) => a.agent.name), to: said.map((a) => a.text) });
  }
  room.close();
  assert.deepEqual(room.problems, []);
  return seen;
}

describe(`an hour of two agents and three people (seed ${SEED})`, () => {
  for (const [how, relays] of [['who are introduced as agents', [{ introduced: true }, { introduced: true }]],
    ['whom the platform brings as strangers', [{ participant: { id: 'bot-1', nickname: 'Alex' } }, { participant: { id: 'bot-2', nickname: 'Nora' } }]]]) {
    it(`${how}: people have the word, no chain is long, every direct question is answered once`, async () => {
      const { people, agents, chain, questions } = await hour(relays);
      assert.ok(people > 100 && questions.length > 10, `${people} lines, ${questions.length} questions`);
      assert.ok(agents < people / 2, `${agents} messages by agents, ${people} by people`);
      assert.ok(chain <= CHAIN, `${chain} messages by agents in a row`);
      for (const q of questions) assert.equal(q.by.filter((name) => name === q.asked).length, 1, JSON.stringify(q));
    });
  }
});
