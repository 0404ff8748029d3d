// spec/e2e/channels_slack.test.mjs -- the agent on Slack: whom it believes, by Slack's own SDK; events, slash commands and
// buttons; and what goes out, beside what Slack's own client sends.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, beforeEach, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { isValidSlackRequest, verifySlackRequest } from '@slack/bolt';
import { WebClient } from '@slack/web-api';
import { errors, sql, startHost } from './hosts.mjs';
import { root, until } from './support.mjs';
import { now, slack, SLACK_SECRET, slackEvent, slackHeaders, startSlack } from './vendors.mjs';

let vendor, host, people = 100;

before(async () => {
  vendor = await startSlack();
  host = await startHost({ env: { HUMAN_LLM_PROVIDER: 'offline', HUMAN_CHANNELS_SLACK_SIGNING_SECRET: SLACK_SECRET, HUMAN_CHANNELS_SLACK_BOT_TOKEN: 'xoxb-t0ken', HUMAN_CHANNELS_SLACK_API_BASE: vendor.url,
    HUMAN_CHANNELS_SLACK_ALLOW_FROM: '*' } });
});
after(async () => {
  assert.deepEqual(errors(host.log()), []);
  assert.ok(!host.log().includes('xoxb-t0ken') && !host.log().includes(SLACK_SECRET));
  assert.equal((await host.stop()).code, 0);
  await vendor.close();
});
beforeEach(() => {
  vendor.on = () => undefined;
  vendor.calls.length = 0;
});

const one = async (statement) => (await sql(host.home, statement))[0];
const id = (letter) => `${letter}${people += 1}`;
const to = (channel) => (v) => v.path === '/chat.postMessage' && v.body.channel === channel;
/** Whether Slack's SDK believes it. */
const believed = (body, headers) => isValidSlackRequest({ signingSecret: SLACK_SECRET, body, headers });
const slash = (more = {}) => ({ token: 'x', team_id: 'T1', channel_id: id('C'), channel_name: 'general', user_id: id('U'), user_name: 'ann', command: '/human', text: 'Good morning', api_app_id: 'A1',
  response_url: `${vendor.url}/hook/command`, trigger_id: `${Date.now()}.${people += 1}`, ...more });

describe('a webhook of Slack', () => {
  it('is accepted if Slack\'s SDK accepts it, and a challenge is answered', async () => {
    const body = JSON.stringify({ token: 'x', type: 'url_verification', challenge: '3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P' });
    for (const at of [now(), now() - 290]) {
      const headers = slackHeaders(body, at);
      verifySlackRequest({ signingSecret: SLACK_SECRET, body, headers });
      for (const where of ['/webhook/slack', '/slack/events']) {
        const got = await slack(host, body, { at, path: where });
        assert.deepEqual([got.status, got.headers.get('content-type').split(';')[0], got.body], [200, 'text/plain', JSON.parse(body).challenge]);
      }
    }
  });

  it('is refused if the SDK refuses it (forged, for another secret, body or time, unsigned, old), or if it is early, which the SDK accepts', async () => {
    const body = JSON.stringify(slackEvent({ text: 'Let me in' })), good = slackHeaders(body);
    const forged = [[{ ...good, 'x-slack-signature': `v0=${'0'.repeat(64)}` }, body], [good, `${body} `], [{ ...good, 'x-slack-request-timestamp': String(now() + 1) }, body],
      [{ ...good, 'x-slack-signature': good['x-slack-signature'].slice(0, -1) }, body], [slackHeaders(body, now(), 'another'), body], [slackHeaders(body, now() - 310), body]];
    for (const [headers, text] of forged) {
      assert.equal(believed(text, headers), false);
      assert.equal((await slack(host, text, { headers })).status, 401, JSON.stringify(headers));
    }
    assert.equal((await slack(host, body, { at: now() + 310 })).status, 401);
    for (const name of Object.keys(good)) assert.equal((await slack(host, body, { headers: { [name]: '' } })).status, 401);
    assert.equal(await one(`select count(*) from channel_inbox where message->>'text' = 'Let me in'`), '0');
  });
});

describe('a message', () => {
  it('is answered where it was sent: in a direct chat, in a channel, or in its thread', async () => {
    const direct = slackEvent({ channel: id('D'), channel_type: 'im', text: 'Good morning' });
    const channel = slackEvent({ channel: id('C') }), thread = slackEvent({ channel: id('C'), thread_ts: '1699999999.000100' });
    const other = slackEvent({ channel: id('C'), text: 'Good morning' });
    for (const e of [other, direct, channel, thread]) {
      const got = await slack(host, e);
      assert.deepEqual([got.status, got.body], [200, '']);
    }
    for (const e of [direct, channel, thread]) {
      const said = await vendor.next(to(e.event.channel));
      assert.equal(said.headers.authorization, 'Bearer xoxb-t0ken');
      assert.equal(said.body.thread_ts, e.event.thread_ts);
      assert.ok(said.body.text.length > 0 && said.body.text.length <= 4000);
    }
    await until(async () => await one(`select verdict from channel_inbox where vendor_id = '${other.event.channel}:${other.event.ts}'`) === 'not-addressed', 20_000, 'the other is not addressed');
  });

  it('is answered once, though it comes as a message, as app_mention, and again with X-Slack-Retry-Num', async () => {
    const e = slackEvent({ channel: id('C') }), mention = { ...e, event_id: 'Ev2', event: { ...e.event, type: 'app_mention', channel_type: undefined } };
    await Promise.all([slack(host, e), slack(host, mention), slack(host, e, { headers: { 'x-slack-retry-num': '1', 'x-slack-retry-reason': 'http_timeout' } })]);
    await vendor.next(to(e.event.channel));
    const last = slackEvent({ channel: e.event.channel, text: '<@UBOT> And now?' });
    await slack(host, last);
    await vendor.next(to(e.event.channel), 2);
    assert.equal(await one(`select count(*) from gateway_runs where cause in (select 'channel:' || id from channel_inbox where message->>'chat' = '${e.event.channel}')`), '2');
  });

  it('from ourselves or from bots, or edited or deleted, is not answered', async () => {
    const channel = id('C');
    for (const event of [{ user: 'UBOT' }, { bot_id: 'B1' }, { subtype: 'bot_message', bot_id: 'B1', user: undefined }, { subtype: 'message_changed', message: { text: 'x', user: 'U1' } }, { subtype: 'message_deleted' }, { subtype: 'channel_join' }]) {
      assert.equal((await slack(host, slackEvent({ channel, ...event }))).status, 200);
    }
    assert.equal(await one(`select count(*) from channel_inbox where message->>'chat' = '${channel}'`), '0');
  });

  it('that Slack does not take in time, rate-limits or refuses is sent again when Slack says, or given up with a reason', async () => {
    const held = slackEvent({ channel: id('C') });
    const refusals = [{ status: 429, headers: { 'retry-after': '1' }, body: { ok: false, error: 'ratelimited' } }, { status: 503, body: 'busy' }];
    const at = [];
    vendor.on = (v) => {
      if (!to(held.event.channel)(v)) return undefined;
      at.push(v.at);
      return refusals.shift();
    };
    await slack(host, held);
    await vendor.next(to(held.event.channel), 3);
    assert.ok(at[1] - at[0] >= 950, `${at[1] - at[0]} ms`);
    const lost = slackEvent({ channel: id('C') });
    vendor.on = (v) => (to(lost.event.channel)(v) ? { body: { ok: false, error: 'is_archived' } } : undefined);
    await slack(host, lost);
    const why = () => one(`select error from channel_posts where chat = '${lost.event.channel}' and state = 'failed'`);
    await until(async () => /archived/.test(await why() ?? ''), 20_000, 'it was given up');
    assert.equal(await why(), 'Slack refuses it: that channel is archived (is_archived).');
  });
});

describe('a slash command', () => {
  it('gets an empty acknowledgement, and an answer by the bot, or by its own address where the bot is absent', async () => {
    const form = slash(), got = await slack(host, { form });
    assert.deepEqual([got.status, got.body], [200, '']);
    await vendor.next(to(form.channel_id));
    const away = slash();
    vendor.on = (v) => (to(away.channel_id)(v) ? { body: { ok: false, error: 'not_in_channel' } } : undefined);
    await slack(host, { form: away });
    const said = await vendor.next((v) => v.path === '/hook/command');
    assert.equal(said.body.response_type, 'in_channel');
    assert.equal(said.headers.authorization, undefined);
    const elsewhere = slash({ response_url: 'http://127.0.0.1:9/' });
    vendor.on = (v) => (to(elsewhere.channel_id)(v) ? { body: { ok: false, error: 'not_in_channel' } } : undefined);
    await slack(host, { form: elsewhere });
    await until(async () => await one(`select state from channel_posts where chat = '${elsewhere.channel_id}'`) === 'failed', 20_000, 'it goes nowhere else');
  });
});

describe('hostile bodies', () => {
  it('with a good signature are refused or ignored, and cause no error of ours', async () => {
    const deep = `${'['.repeat(5000)}${']'.repeat(5000)}`;
    const bodies = ['', '{', '[]', 'null', '{"type":"event_callback"}', `{"type":"event_callback","event":${deep}}`, '{"type":["event_callback"]}', 'payload=', 'payload=%7B', 'payload=%5B%5D', 'a=1&'.repeat(500),
      JSON.stringify(slackEvent({ user: {}, ts: [], channel: 5 })), JSON.stringify(slackEvent({ text: '<'.repeat(100_000) })), JSON.stringify(slackEvent({ files: [[], null, { id: {} }], channel_type: 'im', channel: id('D') })),
      `payload=${encodeURIComponent('{"type":"block_actions","actions":[null],"user":[],"channel":"x"}')}`, '%'.repeat(1000)];
    for (const body of bodies) {
      const got = await slack(host, body);
      assert.ok([200, 400].includes(got.status), `${got.status} of ${body.slice(0, 60)}`);
    }
    assert.equal((await slack(host, `{"x":"${'x'.repeat(1048576)}"}`)).status, 413);
  });
});

describe('what goes out', () => {
  it('goes where Slack\'s own client sends it, with the same headers, and has the types of its arguments', async () => {
    const e = slackEvent({ channel: id('C'), thread_ts: '1699999999.000100' });
    await slack(host, e);
    const ours = await vendor.next(to(e.event.channel));
    const client = new WebClient('xoxb-t0ken', { slackApiUrl: `${vendor.url}/` });
    assert.equal((await client.chat.postMessage({ channel: 'C1', text: 'x' })).ok, true);
    const theirs = vendor.calls.findLast((v) => v.path === '/chat.postMessage');
    assert.deepEqual([ours.method, ours.path, ours.headers.authorization], [theirs.method, theirs.path, theirs.headers.authorization]);
    assert.equal(ours.headers['content-type'], 'application/json; charset=utf-8');
    const dir = fs.mkdtempSync(path.join(root, 'spec/e2e/node_modules/.types-'));
    try {
      fs.writeFileSync(path.join(dir, 'sent.ts'), `import type { ChatPostMessageArguments } from '@slack/web-api';
        export const sent: ChatPostMessageArguments = ${JSON.stringify(ours.body)};`);
      await promisify(execFile)(process.execPath, [path.join(root, 'spec/e2e/node_modules/typescript/bin/tsc'), '--noEmit', '--strict', '--skipLibCheck', '--target', 'es2022', '--module', 'nodenext',
        '--moduleResolution', 'nodenext', path.join(dir, 'sent.ts')]).catch((error) => assert.fail(error.stdout));
    } finally {
      fs.rmSync(dir, { recursive: true });
    }
  });
});
