// spec/e2e/agent_changes.test.mjs -- chats with more than new messages: edits, deletions, people who leave, images.
import assert from 'node:assert/strict';
import { after, beforeEach, before, describe, it } from 'node:test';
import { connected, makeAgent, makeUser, newMessage, run, sarah, send, unique } from './agent_client.mjs';
import { startModel } from './agent_model.mjs';
import { startHuman, until } from './support.mjs';

const NEVER_MS = 120_000;                        // of an answer that is ended before it comes
const ben = { id: 'user-2', nickname: 'Ben' };
const PNG = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
let model, host, user, agent, socket;
before(async () => {
  model = await startModel();
  host = await startHuman({ env: { ...model.env } });
  user = await makeUser(host.url);
});
beforeEach(async () => {
  socket?.disconnect();
  model.answer = () => ({ text: 'Fine.' });
  model.requests.length = 0;
  agent = await makeAgent(host.url, user);
  socket = await connected(host.url, agent.id, user.key);
});
after(async () => {
  socket?.disconnect();
  await host?.stop();
  await model.close();
});

const join = (...participants) => tell({ type: 'agent-joined', content: { chatCode: 'c', participants } });
const edit = (messageId, content) => ({ type: 'message-edited', content: { messageId, content } });
const remove = (messageId) => ({ type: 'message-deleted', content: { messageId } });

async function tell(event) {
  const ack = await send(socket, event);
  assert.equal(ack.ok, true, JSON.stringify(ack));
  return ack;
}

/** What the last prompt says, without the system part. */
const prompt = () => model.requests.at(-1).messages.slice(1).map((m) => (Array.isArray(m.content)
  ? m.content.map((part) => part.text ?? '').join('') : m.content)).join('\n');

/** Says something and gives the run that answers it. */
async function ask(text, more) {
  const from = socket.actions.length;
  await tell(newMessage(text, more));
  return run(socket, from);
}

describe('a message that is edited', () => {
  it('reads as it is now from then on, and wakes nobody who has answered it', async () => {
    const id = unique('m');
    await ask('I run on Mundays', { id });
    const ack = await tell(edit(id, 'I run on Mondays'));
    assert.ok(ack.eventId);
    await tell(edit(id, 'I run on Mondays'));
    assert.equal(model.requests.length, 1);
    await ask('When do I run?');
    assert.match(prompt(), /I run on Mondays/);
    assert.doesNotMatch(prompt(), /Mundays/);
    assert.equal(model.requests.length, 2);
  });

  it('changes the answer that is being made of it', async () => {
    const id = unique('m');
    let begun;
    const thinking = new Promise((done) => { begun = done; });
    model.answer = (texts) => {
      begun();
      return texts.at(-1).includes('forty') ? { text: 'Forty it is.' } : { text: 'Four it is.', ms: NEVER_MS };
    };
    await tell(newMessage('I am four', { id }));
    await thinking;
    await tell(edit(id, 'I am forty'));
    const actions = await run(socket, 0, 2);
    assert.deepEqual(actions.filter((a) => a.type === 'send-message').map((a) => a.content), ['Forty it is.']);
    assert.deepEqual(actions.filter((a) => a.type === 'agent-stopped').map((a) => a.reason), ['superseded', 'completed']);
  });

  it('is heard when it names the agent now and was passed over before', async () => {
    await join(sarah, ben);
    const id = unique('m');
    assert.equal((await ask('Is cold weather bad for knees, Axel?', { id })).at(-1).reason, 'no-response');
    const from = socket.actions.length;
    await tell(edit(id, 'Is cold weather bad for knees, Alex?'));
    const actions = await run(socket, from);
    assert.equal(actions.at(-1).reason, 'completed');
  });

  it('that nobody knows is taken, and changes nothing', async () => {
    await tell(edit('nowhere', 'x'));
    await tell(remove('nowhere'));
    await ask('Hello');
    assert.equal(model.requests.length, 1);
    assert.doesNotMatch(prompt(), /nowhere/);
  });
});

describe('a message that is deleted', () => {
  it('is in no prompt and not in the log any more, however often that is said, and stays so', async () => {
    const id = unique('m');
    await ask('My secret is 4711', { id });
    await tell(edit(id, 'My secret is 4710'));
    await tell(remove(id));
    await tell(remove(id));
    await tell(edit(id, 'My secret is 4712'));
    assert.equal((await send(socket, newMessage('My secret is 4711', { id }))).duplicate, true);
    await ask('Hello again');
    assert.doesNotMatch(prompt(), /secret|471/);
    const log = (await user.api('GET', `/api/agents/${agent.id}/events`)).body;
    assert.doesNotMatch(JSON.stringify(log.filter((e) => e.direction === 'in')), /secret/);
  });

  it('may be one that the agent said: by the id of the action, or by that of its copy from the platform', async () => {
    const alex = { id: 'bot-1', nickname: 'Alex', self: true };
    await join(sarah, alex);
    model.answer = () => ({ text: `Drink ${4710 + model.requests.length} cups.` });
    const first = (await ask('How much?')).find((a) => a.type === 'send-message');
    const second = (await ask('And then?')).find((a) => a.type === 'send-message');
    await tell(newMessage(second.content, { id: 'copy-2', participant: alex }));
    await ask('Which?');
    assert.match(prompt(), /4711[^]*4712/);
    await tell(remove(first.id));
    await tell(remove('copy-2'));
    await ask('What did you say?');
    assert.doesNotMatch(prompt(), /471[12]/);
  });

  it('is not answered when the agent is still at it', async () => {
    const id = unique('m');
    let begun;
    const thinking = new Promise((done) => { begun = done; });
    model.answer = () => { begun(); return { text: 'An answer to nothing.', ms: NEVER_MS }; };
    await tell(newMessage('Never mind?', { id }));
    await thinking;
    await tell(remove(id));
    const actions = await run(socket);
    assert.deepEqual(actions.map((a) => a.type), ['set-typing', 'set-typing', 'agent-stopped']);
    assert.equal(actions[1].isTyping, false);
  });
});

describe('a group that shrinks', () => {
  it('becomes a one-to-one chat, in which the agent needs no address', async () => {
    await join(sarah, ben);
    assert.equal((await ask('The weather is nice')).at(-1).reason, 'no-response');
    await tell({ type: 'user-left', content: { participant: ben } });
    assert.equal((await ask('The weather is still nice')).at(-1).reason, 'completed');
    await tell({ type: 'user-joined', content: { participant: ben } });
    await tell({ type: 'user-left', content: { participantId: 'user-2' } });
    assert.equal((await ask('And now?')).at(-1).reason, 'completed');
  });
});

describe('an attachment', () => {
  const images = () => model.requests.at(-1).messages.flatMap((m) => (Array.isArray(m.content) ? m.content : []))
    .filter((part) => part.type === 'image_url').map((part) => part.image_url.url);

  it('that is an image reaches a model, by its address or as data, with a caption or without', async () => {
    await ask('', { attachments: [{ url: `data:image/png;base64,${PNG}` }] });
    assert.deepEqual(images(), [`data:image/png;base64,${PNG}`]);
    await ask('And this?', { attachments: [{ url: 'https://img.example.com/b.jpg', name: 'b.jpg' }] });
    assert.deepEqual(images(), [`data:image/png;base64,${PNG}`, 'https://img.example.com/b.jpg']);
    const log = (await user.api('GET', `/api/agents/${agent.id}/events?type=new-message`)).body;
    assert.ok(!JSON.stringify(log).includes(PNG), 'the log is not full of data');
  });

  it('is shown to a model unless it is no image, or its address may be in our own network', async () => {
    const urls = ['https://example.com/talk.pdf', 'http://example.com/a.png', 'https://10.0.0.1/a.png', 'https://localhost/a.png',
      'https://db.internal/a.png', 'https://user@example.com/a.png', 'https://[::1]/a.png', 'https://2130706433/a.png'];
    await ask('Look', { attachments: urls.map((url) => ({ url })) });
    assert.deepEqual(images(), []);
    assert.match(prompt(), /Look<attachment/);
  });

  it('is shown as one of the newest four, and goes with its message', async () => { // limit: prompt_images
    const ids = [1, 2, 3, 4, 5].map(() => unique('m'));
    for (const [i, id] of ids.entries()) await ask('', { id, attachments: [{ url: `https://example.com/${i}.png` }] });
    assert.deepEqual(images().map((url) => url.at(-5)), ['1', '2', '3', '4']);
    await tell(remove(ids[4]));
    await ask('Hello');
    assert.deepEqual(images().map((url) => url.at(-5)), ['0', '1', '2', '3']);
  });

  it('of data is kept for the newest twenty', async () => { // limit: images_kept
    const url = `data:image/png;base64,${PNG}`;
    model.answer = () => ({ tools: [['stay_silent', { reason: 'x' }]] });
    for (let i = 0; i < 3; i += 1) await ask('', { attachments: Array.from({ length: 10 }, () => ({ url })) });
    await ask('', { attachments: [{ url: 'https://example.com/last.png' }] });
    assert.equal(images().length, 4);
    await until(async () => images().filter((x) => x === url).length === 3, 5000, 'the newest are there');
  });

  it('without a caption is no reason for the built-in rules to fail', async () => {
    const plain = await startHuman();
    try {
      const other = await makeUser(plain.url), its = await makeAgent(plain.url, other);
      const s = await connected(plain.url, its.id, other.key);
      const ack = await send(s, newMessage('', { attachments: [{ url: 'https://example.com/a.png' }] }));
      assert.equal(ack.ok, true);
      assert.notEqual((await run(s)).at(-1).reason, 'error');
      s.disconnect();
    } finally {
      await plain.stop();
    }
  });
});
