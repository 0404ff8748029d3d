// spec/e2e/small_model.test.mjs -- a chat of twenty lines with a real model: its answers are posted as a
// person would, when it is addressed and not otherwise.  Such a small model sometimes writes nothing that can be posted.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { makeStage, openRoom, startChatHost } from './chats.mjs';
import { startSmallModel } from './small_model.mjs';

const LINES = [
  ['Ben', 'morning all'], ['Mia', 'morning!'], ['Sarah', 'did you see the game yesterday?'], ['Ben', 'the second half was wild'],
  ['Mia', 'I fell asleep'], ['Sarah', 'Alex, what helps against sore legs?', 'answer'], ['Ben', 'lunch at noon?'], ['Mia', 'yes'],
  ['Ben', 'pizza or noodles?'], ['Mia', 'noodles'], ['Ben', 'Alex, how long should I sleep?', 'answer'], ['Mia', 'I am late today'],
  ['Sarah', 'no problem, Mia'], ['Ben', 'the bus again?'], ['Mia', 'yes, the bus'], ['Sarah', 'who has my charger?'], ['Ben', 'on the table'],
  ['Mia', 'Alex, is swimming good for the back?', 'answer'], ['Sarah', 'see you at eight'], ['Ben', 'see you'],
];
const open = [];
let room, model;
before(async () => {
  model = await startSmallModel();
  open.push(() => model.stop());
  const host = await startChatHost(model.env);
  open.push(() => host.stop());
  const stage = await makeStage(host);
  open.push(() => stage.db.close());
  room = await openRoom(stage, { file: 'small', name: 'twenty lines', agent: { settings: { max_tokens: 24 } } });
  open.push(() => room.close());
});
after(async () => { for (const one of open.reverse()) await one(); });

describe('a chat of twenty lines with a real model', () => {
  it('has an answer to the questions to the agent, which is text, and nothing between', async () => {
    let answered = 0;
    for (const [who, text, want] of LINES) {
      await room.passes(60);
      await room.everybody(room.message(room.person(who), text));
      const done = await room.settle();
      const said = done.filter((a) => a.type === 'send-message' || a.type === 'send-reply');
      const shown = `${who}: ${text}\n${done.map((a) => `  ${a.type}: ${a.text}`).join('\n')}`;
      if (!want) assert.equal(said.length, 0, shown);
      if (want) assert.ok(said.length <= 1, shown);
      if (done.some((a) => said.includes(a) || a.type === 'add-reaction')) answered += 1;
      for (const { text: words } of said) {
        assert.ok(words.trim().length > 1 && !/<\/?(think|tool_call|message)\b|^Coach Alex:|"arguments"/.test(words), shown);
      }
    }
    assert.ok(answered >= 2, `${answered} of 3 questions have an answer`);
    const [[calls, input, output]] = await room.stage.db.ask(`select count(*), coalesce(sum(input_tokens), 0), coalesce(sum(output_tokens), 0)
      from agent_runs where agent_id = '${room.agents[0].id}' and provider is not null`);
    assert.ok(Number(calls) >= 3 && Number(input) > 100 && Number(output) > 0, `${calls} calls, ${input} tokens in, ${output} out`);
  });
});
