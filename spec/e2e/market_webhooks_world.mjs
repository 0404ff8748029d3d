// spec/e2e/market_webhooks_world.mjs -- a marketplace with endpoints of webhooks: servers at an address that the guard is opened
// for, what they were sent, and the official library that verifies it.
import { createServer } from 'node:http';
import { once } from 'node:events';
import { randomBytes } from 'node:crypto';
import { Webhook } from 'standardwebhooks';
import { startMarket } from './market_trading.mjs';

export const SINK = '127.0.0.2', PATIENCE_MS = 60_000;
export const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';

export const marketEnv = () => ({ HUMAN_EGRESS_ALLOW: `${SINK}/32`, HUMAN_MARKETPLACE_OPEN_WEBHOOKS: 'true', HUMAN_SEAL_KEY: randomBytes(32).toString('hex'),
  HUMAN_MARKETPLACE_AUDIT_S: '0' });
export const startHooks = (env = {}) => startMarket({ env: { ...marketEnv(), ...env } });

/** The official library for a secret: those that are no base64 are its raw bytes. */
export const library = (secret) => {
  const tail = Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
  const isKey = /^whsec_[A-Za-z0-9+/]+=*$/.test(secret) && tail.length >= 24 && tail.length <= 64;
  return isKey ? new Webhook(secret) : new Webhook(secret, { format: 'raw' });
};

/** An endpoint: {url, seen: [{path, headers, body, text}], close()}; answer(req, res, message) says what it does. */
export async function startSink(answer = (req, res) => res.writeHead(204).end()) {
  const sink = { seen: [], answer };
  const server = createServer({ keepAliveTimeout: 600_000, requestTimeout: 0 }, async (req, res) => {
    let text = '';
    try { for await (const piece of req) text += piece; } catch { return; }
    const message = { path: req.url, method: req.method, headers: req.headers, text, body: JSON.parse(text || 'null') };
    sink.seen.push(message);
    sink.answer(req, res, message);
  });
  server.listen(0, SINK);
  await once(server, 'listening');
  sink.port = server.address().port;
  sink.url = `http://${SINK}:${sink.port}/hook`;
  sink.close = () => { server.closeAllConnections(); server.close(); };
  sink.of = (path) => sink.seen.filter((m) => m.path === path);
  return sink;
}

/** An endpoint of that actor: its id. */
export const register = async (who, url, events = ['*'], fields = {}) =>
  (await who.ok('/webhooks-register', { url, events, secret: SECRET, ...fields })).webhook_id;

/** Events that concern these actors, put as their causes would: so many for each. */
export const put = (market, actors, { name = 'reputation.updated', data = {}, each = 1 } = {}) => market.sql(`insert into host_queue (kind, id, key, payload, due_at, order_at)
  select 'outbox market.event marketplace.webhooks_queue.take', 'c' || replace(gen_random_uuid()::text, '-', ''), id,
    json_build_object('name', '${name}', 'to', json_build_array(id), 'data', '${JSON.stringify(data)}'::json), human_now(), 'epoch'
  from unnest('{${[].concat(actors).map((who) => who.id)}}'::text[]) id, generate_series(1, ${each})`);

/** Its deliveries, newest first. */
export const deliveries = async (who, webhook_id, fields = {}) => (await who.ok('/webhooks-manage', { action: 'deliveries', webhook_id, limit: 50, ...fields })).deliveries;
