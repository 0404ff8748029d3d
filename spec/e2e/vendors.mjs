// spec/e2e/vendors.mjs -- servers of vendors for specs: they record what is asked of them, and answer as they are told.
import { createHmac, createPrivateKey, sign } from 'node:crypto';
import { once } from 'node:events';
import http from 'node:http';
import { until } from './support.mjs';

/**
 * {url, calls: [{method, path, headers, body, at}], on(call) -> {status, headers, body} | undefined (then `usual(call)` answers),
 * next(test, n): the n-th call that fits, close()}.
 */
export async function startVendor(usual) {
  const calls = [], vendor = { calls, on: () => undefined };
  const server = http.createServer(async (req, res) => {
    let text = '';
    for await (const piece of req) text += piece;
    const call = { method: req.method, path: req.url, headers: req.headers, body: text && req.headers['content-type']?.includes('json') ? JSON.parse(text) : text, at: performance.now() };
    calls.push(call);
    const { status = 200, headers = {}, body = {} } = await vendor.on(call) ?? usual(call);
    if (status === 'cut') return req.socket.destroy();
    res.writeHead(status, { 'content-type': typeof body === 'string' ? 'text/plain' : 'application/json', ...headers });
    return res.end(typeof body === 'string' ? body : JSON.stringify(body));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return Object.assign(vendor, {
    url: `http://127.0.0.1:${server.address().port}`,
    async next(test, n = 1, ms = 30_000) {
      await until(() => calls.filter(test).length >= n, ms, () => `${n} calls such as ${test}; there are ${JSON.stringify(calls.map((c) => [c.method, c.path, c.body])).slice(0, 3000)}`);
      return calls.filter(test)[n - 1];
    },
    close: () => new Promise((done) => { server.close(done); server.closeAllConnections(); }),
  });
}

/** Sends a webhook: {status, headers, body}. */
export async function post(host, path, body, headers = {}, method = 'POST') {
  const answer = await fetch(`${host.url}${path}`, { method, body: typeof body === 'string' ? body : JSON.stringify(body), headers: { 'content-type': 'application/json', ...headers } });
  return { status: answer.status, headers: answer.headers, body: await answer.text() };
}

export const now = () => Math.floor(Date.now() / 1000);

// ---- Discord: RFC 8032, test 1 -------------------------------------------------------------------------------

export const DISCORD_KEY = 'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a';
const pkcs8 = Buffer.from(`302e020100300506032b6570042204209d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60`, 'hex');
const privateKey = createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' });

export function discordHeaders(body, at = now()) {
  return { 'x-signature-timestamp': String(at), 'x-signature-ed25519': sign(null, Buffer.from(`${at}${body}`), privateKey).toString('hex') };
}

let serial = 0n;
/** An id of Discord's, made now. */
export const snowflake = () => String(((BigInt(Date.now()) - 1420070400000n) << 22n) + (serial += 1n));

export const startDiscord = () => startVendor(({ path }) => {
  if (path.endsWith('/typing')) return { status: 204, body: '' };
  if (path === '/users/@me') return { body: { id: '42', username: 'human' } };
  if (path === '/users/@me/channels') return { body: { id: '777' } };
  return { body: { id: snowflake(), content: '' } };
});

/** Sends an interaction, a message or an event as Discord does. */
export function discord(host, body, { at, headers } = {}) {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return post(host, '/webhook/discord', text, headers ?? discordHeaders(text, at));
}

// ---- Slack ---------------------------------------------------------------------------------------------------

export const SLACK_SECRET = '8f742231b10e8888abcd99yyyzzz85a5';

export function slackHeaders(body, at = now(), secret = SLACK_SECRET) {
  return { 'x-slack-request-timestamp': String(at), 'x-slack-signature': `v0=${createHmac('sha256', secret).update(`v0:${at}:${body}`).digest('hex')}` };
}

export const startSlack = () => startVendor(({ path }) => {
  if (path === '/auth.test') return { body: { ok: true, user_id: 'UBOT', bot_id: 'BBOT', user: 'human', team: 'Team' } };
  if (path.startsWith('/hook/')) return { body: 'ok' };
  return { body: { ok: true, channel: 'C1', ts: `${now()}.${String((serial += 1n)).padStart(6, '0')}` } };
});

/** Sends JSON, or a form (an object {form}), as Slack does. */
export function slack(host, body, { at, secret, headers = {}, path = '/webhook/slack' } = {}) {
  const text = typeof body === 'string' ? body : body.form ? String(new URLSearchParams(body.form)) : JSON.stringify(body);
  const type = body.form ? 'application/x-www-form-urlencoded' : 'application/json';
  return post(host, path, text, { 'content-type': type, ...slackHeaders(text, at, secret), ...headers });
}

let messages = 0;
/** A message in a channel, in its envelope. */
export function slackEvent(event = {}, more = {}) {
  const ts = `${now()}.${String(messages += 1).padStart(6, '0')}`;
  return { type: 'event_callback', token: 'x', team_id: 'T1', api_app_id: 'A1', event_id: `Ev${ts}`, event_time: now(), authorizations: [{ team_id: 'T1', user_id: 'UBOT', is_bot: true }],
    event: { type: 'message', channel: 'C1', channel_type: 'channel', user: 'U1', text: '<@UBOT> Good morning', ts, event_ts: ts, ...event }, ...more };
}
