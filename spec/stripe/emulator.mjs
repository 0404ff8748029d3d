// spec/stripe/emulator.mjs -- Stripe for specs: the routes that our provider uses, as the official SDK knows them, with
// idempotency, signed webhooks, a clock, and faults on demand.  Nothing here is ours: it is written from Stripe's documents.
import { createHmac, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { fail, makeRoutes } from './routes.mjs';

const DAY_S = 86_400;

/** "a[b]=1&c[0]=2" as {a: {b: '1'}, c: ['2']}. */
export function parseForm(text) {
  const out = {};
  for (const [name, value] of new URLSearchParams(text)) {
    const path = name.split(/[[\]]+/).filter((part) => part !== '');
    let at = out;
    path.forEach((key, i) => {
      if (i === path.length - 1) at[key] = value;
      else at = at[key] ??= /^\d+$/.test(path[i + 1]) ? [] : {};
    });
  }
  return out;
}

/**
 * Starts it: {url, requests: [{method, path, headers, body, status}], objects, fault(f), hold(..), advance(seconds), pay(intent, card),
 * hooks: {to, secrets, mode, held}, flush(order), events, stop()}.
 */
export async function startStripe({ key = 'sk_test_spec', version = '2026-10-28.endive' } = {}) {
  const stripe = { requests: [], events: [], faults: [], holds: [], skew: 0, kept: new Map(), running: new Set(), objects: {}, problems: [],
    hooks: { to: null, secrets: [], mode: 'at once', held: [], failures: [] } };
  stripe.now = () => Math.floor(Date.now() / 1000) + stripe.skew;
  stripe.id = (prefix) => `${prefix}_${randomBytes(12).toString('hex')}`;
  const routes = makeRoutes(stripe);

  /**
   * The next `times` requests that fit: 'before' (500, nothing done), 'after' (done, then 500), 'cut' (done, no answer),
   * 'down' (nothing done, no answer), 'busy' (429).
   */
  stripe.fault = (on, kind, times = 1) => stripe.faults.push({ on, kind, times });
  const faultOf = (what) => {
    const found = stripe.faults.find((f) => f.times > 0 && f.on.test(what));
    if (found) found.times -= 1;
    return found?.kind;
  };

  /**
   * Requests that fit wait, 'before' they are carried out or 'after', until go(), or until drop(): then nobody has heard of them.
   * {taken: what waits, arrived(n): that so many do}.
   */
  stripe.hold = (on, when) => {
    const hold = { taken: [], waiters: [] };
    let open = () => {};
    const ended = new Promise((done) => { open = done; });
    const end = (how) => () => {
      stripe.holds = stripe.holds.filter((h) => h !== hold);
      open(how);
    };
    Object.assign(hold, { on, when, go: end('go'), drop: end('drop'), wait: (request) => {
      hold.taken.push(request);
      for (const look of hold.waiters) look();
      return ended;
    } });
    hold.arrived = (n) => new Promise((done) => {
      const look = () => hold.taken.length >= n && done(hold.taken);
      hold.waiters.push(look);
      look();
    });
    stripe.holds.push(hold);
    return hold;
  };
  const held = async (request, when) => {
    const hold = stripe.holds.find((h) => h.when === when && h.on.test(`${request.method} ${request.path}`));
    return hold ? hold.wait(request) : 'go';
  };

  // ---- webhooks -----------------------------------------------------------------------------------------------
  const sign = (body) => {
    const t = stripe.now();
    return [`t=${t}`, ...stripe.hooks.secrets.map((s) => `v1=${createHmac('sha256', s).update(`${t}.${body}`).digest('hex')}`), 'v0=00'].join(',');
  };
  stripe.send = async (event) => {
    const body = JSON.stringify(event);
    const answer = await fetch(stripe.hooks.to, { method: 'POST', body, headers: { 'content-type': 'application/json', 'stripe-signature': sign(body) } });
    if (answer.status !== 200) stripe.hooks.failures.push(`${event.type}: ${answer.status}`);
    await answer.arrayBuffer();
  };
  let sending = Promise.resolve();
  stripe.emit = (type, object, account) => {
    const event = { id: stripe.id('evt'), object: 'event', type, api_version: version, created: stripe.now(), livemode: false,
      pending_webhooks: 1, ...(account && { account }), data: { object: structuredClone(object) } };
    stripe.events.push(event);
    const { mode } = stripe.hooks;
    if (!stripe.hooks.to || mode === 'never') return;
    if (mode === 'late') return void stripe.hooks.held.push(event);
    for (let n = mode === 'twice' ? 2 : 1; n > 0; n -= 1) {
      sending = sending.then(() => stripe.send(event)).catch((e) => stripe.hooks.failures.push(String(e)));
    }
  };
  /** Sends what was held ('late'): as it came, or 'reversed'. */
  stripe.flush = async (order) => {
    const held = stripe.hooks.held.splice(0);
    for (const event of order === 'reversed' ? held.reverse() : held) await stripe.send(event);
  };
  stripe.sent = () => sending;

  /** Moves the clock: what was authorised and not captured ends. */
  stripe.advance = (seconds) => {
    stripe.skew += seconds;
    for (const [name, kept] of stripe.kept) if (kept.at < stripe.now() - DAY_S) stripe.kept.delete(name);
    routes.expire();
  };
  Object.assign(stripe, routes.world);

  // ---- requests -----------------------------------------------------------------------------------------------
  const authorized = (header = '') => header === `Bearer ${key}` || header === `Basic ${Buffer.from(`${key}:`).toString('base64')}`;

  function carryOut(request) {
    if (!authorized(request.headers.authorization)) fail(401, { type: 'invalid_request_error', message: 'Invalid API Key provided' });
    if (request.method === 'POST' && !/^application\/x-www-form-urlencoded/.test(request.headers['content-type'] ?? '')) {
      fail(400, { type: 'invalid_request_error', message: 'POST bodies are form-encoded' });
    }
    const pinned = request.headers['stripe-version'];
    if (pinned !== version) stripe.problems.push(`${request.path} has version ${pinned}`);
    return routes.answer(request);
  }

  function settled(request, fault) {
    if (fault === 'busy') return { status: 429, body: { error: { type: 'rate_limit_error', code: 'rate_limit', message: 'Too many requests' } } };
    if (fault === 'before') return { status: 500, body: { error: { type: 'api_error', message: 'An error occurred' } } };
    try {
      const body = carryOut(request);
      return fault === 'after' ? { status: 500, body: { error: { type: 'api_error', message: 'An error occurred' } }, begun: true } : { status: 200, body, begun: true };
    } catch (error) {
      if (!error.answer) throw error;
      return { status: error.status, body: { error: error.answer }, begun: error.status === 402 || error.status >= 500 };
    }
  }

  const nameOf = (request) => request.method === 'POST' && request.headers['idempotency-key'] && `${request.account ?? ''} ${request.headers['idempotency-key']}`;

  // What was begun is kept under its key for a day, failures too.
  function answered(request, fault) {
    const name = nameOf(request);
    if (!name) return settled(request, fault);
    const print = `${request.path} ${request.body}`, kept = stripe.kept.get(name);
    if (kept && kept.print !== print) {
      return { status: 400, body: { error: { type: 'idempotency_error', message: 'Keys can only be used with the same parameters' } } };
    }
    if (kept) return { ...kept.answer, replayed: true };
    const answer = settled(request, fault);
    if (answer.begun) stripe.kept.set(name, { at: stripe.now(), print, answer: structuredClone(answer) });
    return answer;
  }

  // One key is carried out by one request at a time.  Nothing: its sender is never answered.
  async function taken(request, fault) {
    if (fault === 'down') return null;
    const name = nameOf(request);
    if (name && stripe.running.has(name)) {
      return { status: 409, body: { error: { type: 'idempotency_error', code: 'idempotency_key_in_use', message: 'There is currently another in-progress request using this Idempotent Key' } } };
    }
    if (name) stripe.running.add(name);
    const how = await held(request, 'before');
    if (name) stripe.running.delete(name);
    if (how === 'drop') return null;
    const answer = answered(request, fault);
    return await held(request, 'after') === 'drop' ? null : answer;
  }

  const server = createServer(async (req, res) => {
    const chunks = [];
    for await (const chunk of req) chunks.push(chunk);
    const url = new URL(req.url, 'http://stripe'), body = Buffer.concat(chunks).toString();
    const request = { method: req.method, path: url.pathname, headers: req.headers, body, account: req.headers['stripe-account'],
      params: parseForm(req.method === 'POST' ? body : url.search.slice(1)) };
    const fault = faultOf(`${req.method} ${url.pathname}`);
    let answer;
    try {
      answer = await taken(request, fault);
    } catch (error) {
      stripe.problems.push(`${req.method} ${url.pathname}: ${error.stack}`);
      answer = { status: 500, body: { error: { type: 'api_error', message: String(error) } } };
    }
    stripe.requests.push({ ...request, status: answer?.status, replayed: answer?.replayed === true, fault });
    if (!answer || fault === 'cut') return void req.socket.destroy();
    res.writeHead(answer.status, { 'content-type': 'application/json', 'request-id': stripe.id('req'), 'stripe-version': version,
      ...(answer.replayed && { 'idempotent-replayed': 'true' }) });
    res.end(JSON.stringify(answer.body));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  stripe.port = server.address().port;
  stripe.url = `http://127.0.0.1:${stripe.port}`;
  stripe.stop = async () => {
    server.close();
    server.closeAllConnections();
    await sending;
  };
  return stripe;
}
