// spec/e2e/recorder.mjs -- recorders in place of the APIs of WhatsApp, LINE and Lark: they take requests, answer as the
// vendors do, or as a spec says, and compare our requests with those of the vendors' own SDKs.
import { once } from 'node:events';
import http from 'node:http';
import { sql } from './hosts.mjs';
import { until } from './support.mjs';

/** {url, calls: [{method, path, query, headers, body, at}], of(path), answer(call) -> {status, headers, body} | 'cut' | undefined, close()}. */
export async function recorder(usual) {
  const vendor = { calls: [], answer: () => undefined };
  const server = http.createServer(async (req, res) => {
    const pieces = [];
    for await (const piece of req) pieces.push(piece);
    const url = new URL(req.url, 'http://x'), raw = Buffer.concat(pieces).toString();
    const call = { method: req.method, path: url.pathname, query: Object.fromEntries(url.searchParams), headers: req.headers, body: raw ? JSON.parse(raw) : undefined, at: performance.now() };
    vendor.calls.push(call);
    const told = await vendor.answer(call) ?? usual(call) ?? { status: 404, body: { message: 'Not found' } };
    if (told === 'cut') { // half an answer, so that it is no connection that the client may try again by itself
      res.writeHead(200, { 'content-length': 100 });
      return res.write('{', () => req.socket.destroy());
    }
    const { status = 200, headers = {}, body = {} } = told;
    const bytes = Buffer.isBuffer(body) ? body : JSON.stringify(body);
    res.writeHead(status, { 'content-type': Buffer.isBuffer(body) ? 'application/octet-stream' : 'application/json', ...headers });
    return res.end(bytes);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const of = (path) => vendor.calls.filter((c) => c.path === path);
  return Object.assign(vendor, {
    url: `http://127.0.0.1:${server.address().port}`, of,
    /** Waits for the n-th call of a path. */
    async call(path, n = 1, ms = 20_000) {
      await until(() => of(path).length >= n, ms, () => `call ${n} of ${path}; there were ${vendor.calls.map((c) => c.path).join(', ')}`);
      return of(path)[n - 1];
    },
    /** What the SDK sends for the same, without the calls being kept. */
    async said(fn) {
      const before = vendor.calls.length;
      await fn(vendor.url);
      return vendor.calls.splice(before).at(-1);
    },
    close: () => new Promise((done) => { server.close(done); server.closeAllConnections(); }),
  });
}

/** What a request is about, for comparisons: no headers of the client library. */
export const essence = ({ method, path, query, headers, body }) => ({ method, path, query, body, authorization: headers.authorization, type: headers['content-type']?.split(';')[0] });

/** Posts a body to a host's webhook: a text is sent as it is. */
export async function post(host, path, body, headers = {}) {
  const answer = await fetch(`${host.url}${path}`, { method: 'POST', body: typeof body === 'string' ? body : JSON.stringify(body), headers: { 'content-type': 'application/json', ...headers } });
  const text = await answer.text();
  return { status: answer.status, type: answer.headers.get('content-type'), text, json: (() => { try { return JSON.parse(text); } catch { return undefined; } })() };
}

export const one = async (host, statement) => (await sql(host.home, statement))[0];

/** What became of the message with this id of the vendor's, once it is known. */
export const verdict = async (host, channel, id) => {
  const ask = () => one(host, `select coalesce(verdict, '') from channel_inbox where channel = '${channel}' and vendor_id = '${id}'`);
  await until(async () => await ask(), 20_000, `${id} is handled`);
  return ask();
};

/** Values that no field should have. */
export const ODD = [null, true, 5, -1e300, '', 'x\u0000y', 'x'.repeat(2000), [], [[]], {}, { id: {} }, [null]];

/** The value with each of its parts replaced by each odd value, one at a time. */
export function* spoiled(value, limit = 400) {
  let n = 0;
  const places = [];
  const walk = (v, at) => { if (v && typeof v === 'object') for (const key of Object.keys(v)) { places.push([...at, key]); walk(v[key], [...at, key]); } };
  walk(value, []);
  for (const place of places) {
    for (const odd of ODD) {
      const copy = structuredClone(value), last = place.at(-1);
      let target = copy;
      for (const key of place.slice(0, -1)) target = target[key];
      target[last] = odd;
      if ((n += 1) % Math.ceil((places.length * ODD.length) / limit) === 0) yield copy;
    }
  }
}
