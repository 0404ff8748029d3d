// spec/e2e/channels_approvals.test.mjs -- approvals in chats: shown where the run was asked for and to the operator, answered
// by buttons and words of who may, once; and the tool `message`.
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { open } from './gateway.mjs';
import { errors, sql, startHost } from './hosts.mjs';
import { until } from './support.mjs';
import { discord, DISCORD_KEY, slack, SLACK_SECRET, slackEvent, snowflake, startDiscord, startSlack } from './vendors.mjs';

const BOB = 'U2', GROUP = 'C5', OPERATORS = '777';
const OWNERS = Array.from({ length: 20 }, (_, i) => `U${100 + i}`); // each test has its own: a person has one conversation
let slacks, discords, host, client, ann, n = 1000;

before(async () => {
  [slacks, discords] = [await startSlack(), await startDiscord()];
  host = await startHost({ env: { HUMAN_LLM_PROVIDER: 'offline', HUMAN_CHANNELS_SLACK_SIGNING_SECRET: SLACK_SECRET, HUMAN_CHANNELS_SLACK_BOT_TOKEN: 'xoxb-t0ken', HUMAN_CHANNELS_SLACK_API_BASE: slacks.url,
    HUMAN_CHANNELS_SLACK_ALLOW_FROM: [...OWNERS, GROUP].join(', '), HUMAN_CHANNELS_DISCORD_PUBLIC_KEY: DISCORD_KEY, HUMAN_CHANNELS_DISCORD_APPLICATION_ID: '42', HUMAN_CHANNELS_DISCORD_TOKEN: 'bot-t0ken',
    HUMAN_CHANNELS_DISCORD_API_BASE: discords.url, HUMAN_CHANNELS_DISCORD_ALLOW_FROM: '9', HUMAN_GATEWAY_APPROVALS_CHAT: `discord:${OPERATORS}` } });
  client = await open(host);
});
after(async () => {
  client.ws.close();
  assert.deepEqual(errors(host.log()), []);
  assert.equal((await host.stop()).code, 0);
  await slacks.close();
  await discords.close();
});
beforeEach(() => {
  ann = OWNERS.shift();
  for (const vendor of [slacks, discords]) {
    vendor.on = () => undefined;
    vendor.calls.length = 0;
  }
});

const one = async (statement) => (await sql(host.home, statement))[0];
const id = (letter) => `${letter}${n += 1}`;
const to = (channel, pattern = /./) => (v) => v.path === '/chat.postMessage' && v.body.channel === channel && pattern.test(v.body.text);
const inDiscord = (pattern) => (v) => v.path === `/channels/${OPERATORS}/messages` && pattern.test(v.body.content);
const hook = (pattern) => (v) => v.path === '/hook/pressed' && pattern.test(v.body.text);
const run = (tool, args) => `Run the tool ${tool} with ${JSON.stringify(args)}`;

/** Asks for something that has to be approved: {chat, target, question (as Slack got it), id}. */
async function ask({ chat = id('D'), user = ann, text = 'Tea is ready', group = false } = {}) {
  const target = id('C');
  const said = run('message', { to: `slack:${target}`, text });
  const got = await slack(host, slackEvent({ channel: chat, channel_type: group ? 'channel' : 'im', user, text: group ? `<@UBOT> ${said}` : said }));
  assert.equal(got.status, 200, got.body);
  const question = await slacks.next(to(chat, /The agent wants to use `message`/), slacks.calls.filter(to(chat, /The agent wants/)).length + 1);
  return { chat, target, question, id: /\/approve (\w+)/.exec(question.body.text)[1] };
}

const press = (chat, user, value) => slack(host, { form: { payload: JSON.stringify({ type: 'block_actions', user: { id: user, username: user === BOB ? 'bob' : 'ann' }, channel: { id: chat },
  message: { ts: '5.1' }, actions: [{ action_id: 'b1', value, action_ts: `${Date.now()}.${n += 1}` }], response_url: `${slacks.url}/hook/pressed`, trigger_id: id('t') }) } });
const write = (chat, user, text, group = false) => slack(host, slackEvent({ channel: chat, channel_type: group ? 'channel' : 'im', user, text }));
const decision = (approval) => one(`select coalesce(decision, 'open') || ' ' || coalesce(decided_by, '') from gateway_approvals where id = '${approval}'`);
const ran = (target) => slacks.next(to(target, /Tea is ready/));

describe('an approval in a chat', () => {
  it('is shown with all arguments and buttons to the operator and in the chat that asked, and a button decides', async () => {
    const a = await ask();
    const [text, buttons] = [a.question.body.text, a.question.body.blocks.at(-1).elements];
    assert.ok(text.includes(`"to":"slack:${a.target}"`) && text.includes('"text":"Tea is ready"') && text.includes('risk: high'), text);
    assert.deepEqual(buttons.map((b) => b.value), ['allow-once', 'allow-always', 'deny'].map((d) => `approve:${a.id}:${d}`));
    const other = await discords.next(inDiscord(/wants to use `message`/));
    assert.deepEqual(other.body.components[0].components.map((b) => b.custom_id), buttons.map((b) => b.value));
    assert.equal((await press(a.chat, ann, buttons[0].value)).status, 200);
    const answer = await slacks.next(hook(/./));
    assert.deepEqual([answer.body.text, answer.body.replace_original, answer.body.blocks], ['`message` was allowed once by ann.', true, undefined]);
    await ran(a.target);
    await discords.next(inDiscord(/^`message` was allowed once by ann\.$/));
    await slacks.next(to(a.chat), 2);                        // and the run goes on to its end
    assert.equal(await decision(a.id), `allow-once slack:${ann}`);
  });

  it('can also be decided by `/approve`, as a message or as a command', async () => {
    const a = await ask();
    await write(a.chat, ann, `/approve ${a.id} deny`);
    await slacks.next(to(a.chat, new RegExp(`^.message. was denied by ${ann}\\.$`)));
    const b = await ask();
    const form = { command: '/approve', text: `${b.id} allow-once`, user_id: ann, user_name: 'ann', channel_id: b.chat, channel_name: 'directmessage', trigger_id: id('t'), response_url: `${slacks.url}/hook/command` };
    await slack(host, { form });
    await ran(b.target);
    assert.deepEqual([await decision(a.id), await decision(b.id)], [`deny slack:${ann}`, `allow-once slack:${ann}`]);
    assert.equal(slacks.calls.filter(to(a.target)).length, 0);
    assert.equal(await one(`select count(*) from agent_events where content::text like '%/approve%'`), '0'); // the agent saw none of it
  });

  it('is decided by the first answer; a later one learns which that was', async () => {
    const a = await ask();
    const pressed = await Promise.all([press(a.chat, ann, `approve:${a.id}:allow-once`), press(a.chat, ann, `approve:${a.id}:deny`)]);
    assert.deepEqual(pressed.map((p) => p.status), [200, 200]);
    await slacks.next(hook(/^`message` was (allowed once|denied) by ann\.$/));
    await slacks.next(hook(/^It was (allowed once|denied) before\.$/));
    assert.equal(slacks.calls.filter(hook(/^`message` was/)).length, 1);
  });

  it('is decided only by people who may: not by another member of a group, in the group or elsewhere', async () => {
    const a = await ask({ chat: GROUP, user: BOB, group: true });
    await press(GROUP, BOB, `approve:${a.id}:allow-always`);
    assert.match((await slacks.next(hook(/You may not decide/))).body.text, /gateway\.approvers with slack:U2/);
    await write(GROUP, BOB, `<@UBOT> /approve ${a.id} allow-once`, true);
    await slacks.next(to(GROUP, /You may not decide/));
    assert.equal(await decision(a.id), 'open');
    const elsewhere = id('D');
    await write(elsewhere, ann, `/approve ${a.id} allow-once`);
    await slacks.next(to(elsewhere, /^There is no such approval here/));
    assert.equal(await decision(a.id), 'open');
    await press(GROUP, ann, `approve:${a.id}:deny`);
    await slacks.next(hook(/denied by ann/));
  });

  it('that is too long to be shown whole can only be denied there', async () => { // limit: approvals in a chat
    const a = await ask({ text: `Tea ${'x'.repeat(3000)}` });
    assert.deepEqual(a.question.body.blocks?.at(-1).elements.map((b) => b.value) ?? [], [`approve:${a.id}:deny`]);
    await write(a.chat, ann, `/approve ${a.id} allow-once`);
    await slacks.next(to(a.chat, /can only be denied here/));
    assert.equal(await decision(a.id), 'open');
    assert.equal((await client.call('exec.approval.resolve', { id: a.id, decision: 'deny' })).payload.resolved, true);
    await slacks.next(to(a.chat, /denied by the operator/));
  });

  it('explains the command when the text after /approve is invalid', async () => {
    const chat = id('D');
    for (const text of ['/approve', '/approve c1', '/approve c1 perhaps', `/approve ${'x'.repeat(500)} deny`]) await write(chat, ann, text);
    await slacks.next(to(chat, /^Write: \/approve ID/), 4);
  });

  it('that a client of the control protocol caused is shown to the operator, who may decide in the chat', async () => {
    const target = id('C');
    await client.call('chat.send', { sessionKey: 'desk', message: run('message', { to: `slack:${target}`, text: 'Tea is ready' }) });
    const question = await discords.next(inDiscord(new RegExp(target)));
    const custom_id = question.body.components[0].components[0].custom_id;
    const pressed = { type: 3, id: snowflake(), application_id: '42', token: 'pressed', channel_id: OPERATORS, guild_id: '8', version: 1, member: { user: { id: '9', username: 'ann' } }, message: { id: snowflake() }, data: { component_type: 2, custom_id } };
    assert.deepEqual(JSON.parse((await discord(host, pressed)).body), { type: 6 });
    const changed = await discords.next((v) => v.method === 'PATCH' && v.path === '/webhooks/42/pressed/messages/@original');
    assert.deepEqual([changed.body.content, changed.body.components], ['`message` was allowed once by ann.', []]);
    await ran(target);
  });
});

describe('/approve in a message of the control protocol', () => {
  it('decides, is reported like a run, and never reaches the agent', async () => {
    const a = await ask();
    const sent = await client.call('chat.send', { sessionKey: 'desk', message: `/approve ${a.id} allow-once` });
    assert.equal(sent.payload.status, 'queued');
    const states = () => client.events('chat').filter((f) => f.payload.runId === sent.payload.runId).map((f) => [f.payload.state, f.payload.message]);
    await until(() => states().length === 2, 10_000, 'it is told');
    assert.deepEqual(states(), [['received', `/approve ${a.id} allow-once`], ['sent', '`message` was allowed once.']]);
    await ran(a.target);
    const again = await client.call('chat.send', { sessionKey: 'desk', message: `/approve ${a.id} deny` });
    await client.next((f) => f.event === 'chat' && f.payload.runId === again.payload.runId && f.payload.message === 'It was allowed once before.');
    const { payload } = await client.call('chat.history', { sessionKey: 'desk' });
    assert.ok(!JSON.stringify(payload.messages).includes('/approve'));
  });
});

describe('what is the operator\'s', () => {
  const files = run('file_list', {}), asked = /The agent wants to use `file_list`/;

  it('is shown to the operator in a chat at once, and to others there only once the operator agrees', async () => {
    const chat = id('D');
    await write(chat, ann, files);
    assert.match((await slacks.next(to(chat))).body.text, /The tool file_list says/);
    await write(GROUP, BOB, `<@UBOT> ${files}`, true);
    const question = await slacks.next(to(GROUP, asked));
    assert.deepEqual(question.body.blocks.at(-1).elements.map((b) => b.value.split(':')[2]), ['allow-once', 'deny']);
    await press(GROUP, ann, question.body.blocks.at(-1).elements[1].value);
    await slacks.next(hook(/denied by ann/));
    await write(GROUP, BOB, `<@UBOT> ${run('time', {})}`, true);
    await slacks.next(to(GROUP, /The tool time says/));
  });

  it('cannot be had by handing on the work', async () => {
    await write(GROUP, BOB, `<@UBOT> ${run('agent_spawn', { task: files })}`, true);
    const spawn = /\/approve (\w+)/.exec((await slacks.next(to(GROUP, /wants to use `agent_spawn`/))).body.text)[1];
    await write(GROUP, ann, `<@UBOT> /approve ${spawn} allow-once`, true);
    const inner = await until(() => one(`select a.reason || ' ' || r.cause from gateway_approvals a join gateway_runs r on r.id = a.run_id
      join gateway_calls c on c.id = a.call_id where c.tool = 'file_list' and a.decision is null`), 15_000, 'the part asks, too');
    assert.match(inner, /^guest call:/);
  });
});

describe('the tool message', () => {
  it('writes to the chat of its conversation at once, and to others who may talk with the agent if that is allowed', async () => {
    const chat = id('D');
    await write(chat, ann, run('message', { text: 'I am *on* it' }));
    await slacks.next(to(chat, /^I am _on_ it$/));
    await slacks.next(to(chat), 2);
    await write(chat, ann, run('message', { to: `slack:${ann}`, text: 'A note' }));
    const question = await slacks.next(to(chat, /The agent wants/));
    assert.match(question.body.text, /risk: medium/);
    await press(chat, ann, `approve:${/\/approve (\w+)/.exec(question.body.text)[1]}:allow-always`);
    await slacks.next(to(ann, /^A note$/));
    await write(chat, ann, run('message', { to: `slack:${ann}`, text: 'Another note' })); // that use of it was allowed for good
    await slacks.next(to(ann, /^Another note$/));
    assert.equal(slacks.calls.filter(to(chat, /The agent wants/)).length, 1);
  });

  it('says what is wrong with a chat that does not exist or has no channel', async () => {
    const results = async (key, args) => {
      const { payload } = await client.call('chat.send', { sessionKey: key, message: run('message', args) });
      const waiting = () => one(`select p.id from gateway_approvals p where p.run_id = '${payload.runId}' and p.decision is null`);
      await until(async () => await waiting() || await one(`select finished_at from gateway_runs where id = '${payload.runId}'`), 20_000, 'it waits, or is over');
      const approval = await waiting();
      if (approval) await client.call('exec.approval.resolve', { id: approval, decision: 'allow-once' });
      await until(() => one(`select finished_at from gateway_runs where id = '${payload.runId}' and finished_at is not null`), 20_000, 'it is over');
      return one(`select result from gateway_calls where run_id = '${payload.runId}'`);
    };
    assert.match(await results('t1', { text: 'x' }), /This conversation is in no chat: say `to`, a channel, and the id of a chat there/);
    assert.match(await results('t2', { to: 'nowhere', text: 'x' }), /`to` is a channel, and the id/);
    assert.match(await results('t3', { to: 'carrier:1', text: 'x' }), /There is no channel carrier/);
    assert.match(await results('t4', { to: 'telegram:1', text: 'x' }), /channels\.telegram\.\w+ is not set/);
  });
});
