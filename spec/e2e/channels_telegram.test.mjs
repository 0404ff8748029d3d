// spec/e2e/channels_telegram.test.mjs -- the agent on Telegram by webhook: who is believed, who is answered, and what goes
// out how.
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { after, before, beforeEach, describe, it } from 'node:test';
import { open } from './gateway.mjs';
import { errors, sql, startHost } from './hosts.mjs';
import { ann, direct, hook, inGroup, settings, startTelegram, BOT } from './telegram.mjs';
import { until } from './support.mjs';

const GENERIC = 'topsecret';
let telegram, host, people = 1000;

before(async () => {
  telegram = await startTelegram();
  host = await startHost({ env: settings(telegram, { HUMAN_WEBHOOK_HMAC_SECRET: GENERIC, HUMAN_CHANNELS_TELEGRAM_ALLOW_FROM: '42, @friend, -1001234567890' }) });
});
after(async () => {
  assert.deepEqual(errors(host.log()), []);
  assert.equal((await host.stop()).code, 0);
  await telegram.close();
});
beforeEach(() => {
  telegram.on = () => undefined;
  telegram.calls.length = 0;
});

const one = async (statement) => (await sql(host.home, statement))[0];
/** Somebody whom the bot may talk with, and nobody else has. */
const friend = (more = {}) => ({ ...ann, id: people += 1, username: 'Friend', ...more });
const stranger = () => ({ ...ann, id: people += 1, username: undefined, first_name: 'Sam' });
/** Waits until everything that came in has been looked at. */
const handled = () => until(async () => (await one('select count(*) from channel_inbox where handled_at is null')) === '0', 20_000, 'all is handled');
const verdict = (update) => one(`select verdict from channel_inbox where vendor_id = 'u${update.update_id}'`);
const sign = (body, prefix = '') => prefix + createHmac('sha256', GENERIC).update(body).digest('hex');

describe('a message by webhook', () => {
  it('is answered in its chat, which shows typing meanwhile; so is one on the older path', async () => {
    for (const path of ['/webhook/telegram', '/telegram']) {
      const from = friend();
      const got = await hook(host, direct('Good morning', { from }), { path });
      assert.deepEqual([got.status, got.body], [200, '{"received":true}']);
      const said = await telegram.answer(from.id);
      assert.ok(said.text.length > 0 && said.reply_parameters === undefined && said.parse_mode === 'HTML', JSON.stringify(said));
      await until(() => telegram.of('sendChatAction').some((c) => c.body.chat_id === from.id && c.body.action === 'typing'), 5000, 'it types');
    }
  });

  it('that is delivered again is answered once, however often and on whatever path', async () => {
    const from = friend(), update = direct('What time is it?', { from });
    const got = await Promise.all([1, 2, 3, 4].map((n) => hook(host, update, { path: n % 2 ? '/telegram' : '/webhook/telegram' })));
    assert.deepEqual(got.map((g) => g.status), [200, 200, 200, 200]);
    await telegram.answer(from.id);
    await hook(host, update);
    const last = direct('And now?', { from });
    await hook(host, last);
    await telegram.answer(from.id, 2);
    assert.equal(telegram.sent(from.id).length, 2);
    assert.equal(await one(`select count(*) from gateway_runs where cause in (select 'channel:' || id from channel_inbox where person = '${from.id}')`), '2');
  });

  it('starts a conversation for each person, and the conversations stay separate', async () => {
    const [a, b] = [friend(), friend()];
    await hook(host, direct('I am A', { from: a }));
    await hook(host, direct('I am B', { from: b }));
    await Promise.all([telegram.answer(a.id), telegram.answer(b.id)]);
    const c = await open(host);
    for (const [who, text] of [[a, 'I am A'], [b, 'I am B']]) {
      const { payload } = await c.call('chat.history', { sessionKey: `agent:main:telegram:direct:${who.id}` });
      assert.deepEqual(payload.messages.filter((m) => m.role === 'user').map((m) => m.content), [text]);
    }
    c.ws.close();
  });
});

describe('a webhook', () => {
  it('is accepted only with the secret token: not with another, part of it, or none', async () => {
    const from = friend();
    for (const secret of ['wrong', 'telegram_webhook-secre', 'telegram_webhook-secret1', null]) {
      const got = await hook(host, direct('Let me in', { from }), { secret });
      assert.equal(got.status, 401, String(secret));
      assert.equal(JSON.parse(got.body).error, 'invalid signature');
    }
    assert.equal(await one(`select count(*) from channel_inbox where person = '${from.id}'`), '0');
  });

  it('is accepted with X-Signature if Telegram has not signed it: bare, with a prefix, in capitals, with a time', async () => { // limit: webhook age
    const send = (headers, body) => hook(host, body, { secret: null, headers });
    const now = Math.floor(Date.now() / 1000);
    for (const header of ['x-signature', 'x-signature-256', 'x-hub-signature-256', 'x-webhook-signature']) {
      for (const prefix of ['', 'sha256=', 'v1=']) {
        const body = JSON.stringify(direct('/noop', { from: stranger() }));
        assert.equal((await send({ [header]: sign(body, prefix) }, body)).status, 200, header + prefix);
      }
    }
    assert.equal((await send({ 'x-signature': 'f730a5239552694146b7c8fcef8e2633a7b9735ad395724c16247eee80d8e3b9' }, '{"message":"hello"}')).status, 200);
    const body = JSON.stringify(direct('Hi', { from: stranger() }));
    assert.equal((await send({ 'x-signature': sign(body).toUpperCase() }, body)).status, 200);
    assert.equal((await send({ 'x-signature': sign(`${now}.${body}`), 'x-timestamp': String(now) }, body)).status, 200);
    for (const [headers, why] of [
      [{ 'x-signature': `${sign(body)}00` }, 'text behind it'], [{ 'x-signature': sign(body).slice(1) }, 'cut'], [{ 'x-signature': sign(`${body} `) }, 'another body'],
      [{ 'x-signature': '' }, 'empty'], [{ 'x-signature': `sha1=${sign(body)}` }, 'another prefix'],
      [{ 'x-signature': sign(`${now - 301}.${body}`), 'x-timestamp': String(now - 301) }, 'late'],
      [{ 'x-signature': sign(`${now + 400}.${body}`), 'x-timestamp': String(now + 400) }, 'early'],
      [{ 'x-signature': sign(body), 'x-timestamp': String(now) }, 'a time that is not signed'],
      [{ 'x-signature': sign(`x.${body}`), 'x-timestamp': 'x' }, 'no time'],
    ]) assert.equal((await send(headers, body)).status, 401, why);
  });

  it('with a wrong Telegram token is not saved by X-Signature', async () => {
    const body = JSON.stringify(direct('Hi', { from: friend() }));
    assert.equal((await hook(host, body, { secret: 'wrong', headers: { 'x-signature': sign(body) } })).status, 401);
  });

  it('is refused with its own reason: no channel, another method, too long, no JSON', async () => {
    const refused = async (got, status, error) => {
      assert.deepEqual([got.status, JSON.parse(got.body).error], [status, error], got.body);
      return got;
    };
    await refused(await hook(host, '{}', { path: '/webhook/nothing' }), 404, 'not found');
    const method = await refused(await hook(host, '', { method: 'GET' }), 405, 'method not allowed');
    assert.equal(method.headers.get('allow'), 'POST');
    await refused(await hook(host, '{}', { method: 'PUT' }), 405, 'method not allowed');
    await refused(await hook(host, '{}', { method: 'PUT', path: '/telegram' }), 405, 'method not allowed');
    await refused(await hook(host, 'x'.repeat(1_048_577)), 413, 'body too large'); // limit: webhook body
    for (const body of ['{', '[', '5', '"x"', 'null', '\u0000', '{"update_id"']) await refused(await hook(host, body), 400, 'invalid body');
    await refused(await hook(host, '{}', { path: '/webhook/line' }), 401, 'invalid signature').catch(async (e) => { // until there is that channel
      if (!/404/.test(e.message)) throw e;
    });
  });

  it('breaks nothing, whatever it contains', async () => {
    const good = direct('x', { from: friend() }).message;
    const odd = [null, true, 5, 'x', [], {}, [[]], { id: {} }, -1, 1e308, 'x'.repeat(500), '\u0000'];
    const fields = ['from', 'chat', 'text', 'entities', 'reply_to_message', 'photo', 'document', 'message_id', 'message_thread_id', 'date', 'sender_chat', 'caption', 'animation'];
    const updates = odd.flatMap((v) => [{ update_id: v }, { update_id: people += 1, message: v }, { update_id: people += 1, callback_query: v }, { update_id: people += 1, callback_query: { id: v, from: v, message: v, data: v } },
      ...fields.map((f) => ({ update_id: people += 1, message: { ...good, [f]: v } }))]);
    for (const field of ['date', 'message_id', 'document']) { // what no number can hold
      const text = JSON.stringify({ update_id: people += 1, message: { ...good, document: { file_id: 'f', file_size: 7.5 }, [field]: field === 'document' ? { file_id: 'f', file_size: 7.5 } : 7.5 } });
      assert.equal((await hook(host, text.replaceAll('7.5', '1e999'))).status, 200, field);
    }
    for (const e of odd) updates.push({ update_id: people += 1, message: { ...good, entities: [e, { type: 'mention', offset: e, length: e }, { type: 'text_mention', user: e }] } });
    const send = async () => {
      for (let update = updates.pop(); update; update = updates.pop()) {
        const got = await hook(host, update);
        assert.equal(got.status, 200, `${JSON.stringify(update).slice(0, 200)}: ${got.status} ${got.body}`);
      }
    };
    await Promise.all(Array.from({ length: 8 }, send));
    await handled();
    const from = friend();
    await hook(host, direct('Still there?', { from }));
    await telegram.answer(from.id);
  });
});

describe('who may talk', () => {
  it('is listed by id, name or chat; a stranger is sent a code once, and may talk when it is approved', async () => {
    const from = stranger(), first = direct('Hello, I am Sam', { from });
    await hook(host, first);
    const asked = await telegram.answer(from.id);
    const code = /\b([A-Z2-9]{8})\b/.exec(asked.text)?.[1];
    assert.ok(code, asked.text);
    const again = direct('Hello?', { from });
    await hook(host, again);
    await handled();
    assert.equal(telegram.sent(from.id).length, 1, 'a stranger is written to once');
    assert.deepEqual([await verdict(first), await verdict(again)], ['paired', 'asked-already']);
    const c = await open(host);
    const mine = async () => (await c.call('channels.people', { channel: 'telegram' })).payload.people.find((p) => p.person === String(from.id));
    assert.deepEqual([(await mine()).state, (await mine()).code, (await mine()).name], ['asked', code, 'Sam Lee']);
    assert.equal((await c.call('channels.approve', { code: 'AAAAAAAA' })).error.code, 'NOT_FOUND');
    assert.deepEqual((await c.call('channels.approve', { code: ` ${code.toLowerCase()} ` })).payload, { channel: 'telegram', person: String(from.id), name: 'Sam Lee', allowed: true });
    assert.equal((await c.call('channels.approve', { code })).error.code, 'NOT_FOUND');
    assert.match((await telegram.answer(from.id, 2)).text, /You may talk/);
    await hook(host, direct('Thank you. What time is it?', { from }));
    await telegram.answer(from.id, 3);
    assert.equal((await mine()).state, 'allowed');
    assert.deepEqual((await c.call('channels.allow', { channel: 'telegram', person: String(from.id), allow: false })).payload, { done: true });
    const blocked = direct('And now?', { from });
    await hook(host, blocked);
    await handled();
    assert.equal(await verdict(blocked), 'blocked');
    c.ws.close();
  });

  it('is nobody who has chosen another person\'s id as a handle', async () => {
    const from = { ...stranger(), username: '42' }, asked = direct('It is me', { from });
    await hook(host, asked);
    await handled();
    assert.equal(await verdict(asked), 'paired'); // a code, as for any stranger
    assert.match((await telegram.answer(from.id)).text, /I do not know you yet/);
  });

  it('keeps its place when it is allowed again; an invalid id or channel is reported', async () => {
    const c = await open(host), allow = (person, channel = 'telegram') => c.call('channels.allow', { channel, person });
    for (const person of ['990001', '990002', '990001']) assert.deepEqual((await allow(person)).payload, { done: true });
    assert.deepEqual(await sql(host.home, "select person from channel_people where person like '99000_' order by decided_at"), ['990001', '990002']);
    assert.match((await allow('@ann')).error.message, /@ann is no id.*channels\.telegram\.allow_from/);
    assert.match((await allow('*')).error.message, /no id/);
    assert.match((await allow('5', 'nope')).error.message, /There is no channel nope; there are /);
    c.ws.close();
  });

  it('excludes anybody who sends more than 60 messages in ten minutes, so chains of programs end', async () => { // limit: channel sender
    const from = friend(), updates = Array.from({ length: 6 }, () => direct('/noop', { from }));
    await sql(host.home, `insert into channel_inbox (id, channel, account, vendor_id, message, person, handled_at, verdict)
      select 'cbefore' || lpad(i::text, 8, '0'), 'telegram', 'main', 'before' || i, '{}', '${from.id}', human_now(), 'run' from generate_series(1, 58) i`);
    for (const update of updates) await hook(host, update);
    await handled();
    assert.equal(await verdict(updates.at(-1)), 'too-many');
    assert.equal(await one(`select count(*) from channel_inbox where person = '${from.id}' and verdict = 'too-many'`), '4');
  });
});

describe('a storm', () => {
  it('of waiting messages is refused until they are handled, so that Telegram sends them again', async () => { // limit: channel waiting
    await sql(host.home, `insert into channel_inbox (id, channel, account, vendor_id, message) select 'cstorm' || lpad(i::text, 8, '0'), 'telegram', 'main', 's' || i, '{}' from generate_series(1, 2000) i`);
    const from = friend(), update = direct('Hello?', { from }), got = await hook(host, update);
    assert.deepEqual([got.status, got.headers.get('retry-after')], [503, '10']);
    assert.doesNotMatch(got.body, /2000/);
    await sql(host.home, "delete from channel_inbox where id like 'cstorm%'");
    assert.equal((await hook(host, update)).status, 200);
    await telegram.answer(from.id);
  });

  it('of strangers gets twenty codes', async () => { // limit: channel strangers
    await sql(host.home, `insert into channel_people (channel, account, person, state, code) select 'telegram', 'main', 's' || i, 'asked', 'STRANGE' || chr(65 + i) from generate_series(0, 19) i`);
    const from = stranger(), update = direct('Hello?', { from });
    await hook(host, update);
    await handled();
    assert.equal(await verdict(update), 'too-many-strangers');
    assert.equal(telegram.sent(from.id).length, 0);
    await sql(host.home, "delete from channel_people where person like 's%'");
  });

  it('of unsigned requests costs no row, and is logged once', async () => {
    const before_ = await one('select count(*) from channel_inbox');
    const got = await Promise.all(Array.from({ length: 200 }, () => hook(host, direct('x'), { secret: 'wrong' })));
    assert.ok(got.every((g) => g.status === 401));
    assert.equal(await one('select count(*) from channel_inbox'), before_);
    await until(async () => /^bad_signature/.test((await one("select in_error from channel_accounts where channel = 'telegram'")) ?? ''), 5000, 'it is told');
    const c = await open(host), { channels } = (await c.call('channels.status')).payload;
    const mine = channels.find((x) => x.key === 'telegram');
    assert.deepEqual([mine.healthy, mine.status, /^bad_signature/.test(mine.last_in_error)], [true, 'active', true]);
    c.ws.close();
  });
});

describe('without any secret', () => {
  it('only programs on this machine are believed; on a public address nobody is', async () => {
    const open_ = { ...settings(telegram), HUMAN_CHANNELS_TELEGRAM_WEBHOOK_SECRET: '', HUMAN_DATABASE_POOL: '2' };
    await Promise.all([['127.0.0.1', 200], ['0.0.0.0', 401]].map(async ([bind, local]) => {
      const bare = await startHost({ env: { ...open_, HUMAN_HOST: bind, HUMAN_WORKERS: '1' } });
      try {
        assert.equal((await hook(bare, direct('Hi'), { secret: null })).status, local, bind);
        assert.equal((await hook(bare, direct('Hi'), { secret: null, headers: { 'x-forwarded-for': '192.0.2.7' } })).status, 401);
        assert.equal((await hook(bare, direct('Hi'), { secret: 'guess' })).status, 401);
        const signed = JSON.stringify(direct('Hi'));
        assert.equal((await hook(bare, signed, { secret: null, headers: { 'x-signature': sign(signed) } })).status, 401);
      } finally {
        await bare.stop();
      }
    }));
  });
});

describe('a button', () => {
  it('that nobody waits for is acknowledged, so that its spinner stops, and starts nothing', async () => {
    const from = friend(), update = { update_id: people += 1, callback_query: { id: '77', from, chat_instance: 'x', data: 'nothing:1', message: { message_id: 5, date: 1, chat: { id: from.id, type: 'private' } } } };
    assert.equal((await hook(host, update)).status, 200);
    await until(() => telegram.of('answerCallbackQuery').some((c) => c.body.callback_query_id === '77'), 10_000, 'it is acknowledged');
    await handled();
    assert.equal(await verdict(update), 'unknown-button');
  });
});

describe('in a group', () => {
  const at = (text) => ({ entities: [...text.matchAll(/@\w+/g)].map((m) => ({ type: 'mention', offset: m.index, length: m[0].length })) });

  it('the agent answers what is addressed to it, as a reply, in its topic, and knows who says what', async () => {
    const chat = -1001234567890, text = '💪 @HUMA_test_bot what time is it?';
    const asked = inGroup(text, { from: friend({ first_name: 'Ben', last_name: undefined }), ...at(text), message_thread_id: 77, is_topic_message: true });
    await hook(host, asked);
    const said = await telegram.answer(chat);
    assert.deepEqual([said.reply_parameters.message_id, said.message_thread_id], [asked.message.message_id, 77]);
    const c = await open(host);
    const { payload } = await c.call('chat.history', { sessionKey: `agent:main:telegram:group:${chat}:thread:77` });
    assert.equal(payload.messages[0].content, `Ben: ${text}`);
    c.ws.close();
  });

  it('only a mention, a reply, a command or its name address the agent', async () => {
    const reply = { reply_to_message: { message_id: 1, from: BOT } };
    const meant = [inGroup('@huma_test_bot hi', at('@huma_test_bot hi')), inGroup('yes', reply), inGroup('/time', { entities: [{ type: 'bot_command', offset: 0, length: 5 }] }),
      inGroup('/time@huma_test_bot', { entities: [{ type: 'bot_command', offset: 0, length: 19 }] }), inGroup('Huma, what time is it?'),
      inGroup('you there', { entities: [{ type: 'text_mention', offset: 0, length: 3, user: BOT }] })];
    const not = [inGroup('what a game'), inGroup('@tom hi', at('@tom hi')), inGroup('/time@tom_bot', { entities: [{ type: 'bot_command', offset: 0, length: 13 }] }),
      inGroup('ok', { reply_to_message: { message_id: 1, from: { id: 7, is_bot: false, first_name: 'T' } } })];
    for (const update of [...meant, ...not]) await hook(host, update);
    await handled();
    for (const update of meant) assert.equal(await verdict(update), 'run', update.message.text);
    for (const update of not) assert.equal(await verdict(update), 'not-addressed', update.message.text);
  });

  it('the group speaking as itself may talk, but decides nothing', async () => {
    const chat = -1001234567890, as = { from: { id: 1087968824, is_bot: true, first_name: 'Group', username: 'GroupAnonymousBot' }, sender_chat: { id: chat, type: 'supergroup', title: 'Gym' } };
    const asked = inGroup('Huma, run the tool file_list with {}', as);
    await hook(host, asked);
    const c = await open(host);
    const mine = async () => (await c.call('exec.approval.list')).payload.approvals.find((a) => a.sessionKey.endsWith(`group:${chat}`));
    const waits = await until(mine, 20_000, 'it asks');
    assert.equal(waits.reason, 'guest');
    const text = `/approve ${waits.id} allow-once`, answer = inGroup(text, { ...as, entities: [{ type: 'bot_command', offset: 0, length: 8 }] });
    await hook(host, answer);
    await handled();
    assert.equal(await verdict(answer), 'command');
    assert.equal((await mine())?.id, waits.id);
    await c.call('exec.approval.resolve', { id: waits.id, decision: 'deny' });
    c.ws.close();
  });

  it('bots, its own messages and strangers of other groups are ignored', async () => {
    const reply = { reply_to_message: { message_id: 1, from: BOT } };
    const cases = [[inGroup('go on', { ...reply, from: { id: 9, is_bot: true, first_name: 'Other', username: 'other_bot' } }), 'bot'], [inGroup('me', { ...reply, from: { ...BOT, is_bot: false } }), 'own-message'],
      [inGroup('hi', { ...reply, chat: -100999, from: stranger() }), 'stranger'], [{ update_id: people += 1, edited_message: inGroup('hi', reply).message }, 'edited']];
    for (const [update] of cases) await hook(host, update);
    await handled();
    for (const [update, why] of cases) assert.equal(await verdict(update), why);
    assert.equal(telegram.sent(-100999).length, 0);
  });
});
