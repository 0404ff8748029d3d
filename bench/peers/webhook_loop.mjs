// bench/peers/webhook_loop.mjs -- the floor of webhooks: a message is signed and sent by fetch, so many at a time, and nothing of
// it is kept.  node webhook_loop.mjs PORT URL: POST /COUNT/AT_ONCE sends them, and answers with the seconds that took.
import { createHmac, randomUUID } from 'node:crypto';
import http from 'node:http';

const [port, url] = process.argv.slice(2);
const SECRET = Buffer.from('MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', 'base64');

async function send(sequence) {
  const id = `msg_${randomUUID()}`, at = Math.floor(Date.now() / 1000);
  const body = JSON.stringify({ type: 'reputation.updated', timestamp: new Date().toISOString(), data: { tier: 2 }, sequence });
  const signature = createHmac('sha256', SECRET).update(`${id}.${at}.${body}`).digest('base64');
  const answer = await fetch(url, { method: 'POST', body,
    headers: { 'content-type': 'application/json', 'webhook-id': id, 'webhook-timestamp': String(at), 'webhook-signature': `v1,${signature}` } });
  await answer.arrayBuffer();
  if (answer.status !== 204) throw new Error(`it answered ${answer.status}`);
}

async function loop(count, atOnce) {
  let next = 0;
  const begun = performance.now();
  await Promise.all(Array.from({ length: atOnce }, async () => { while (next < count) await send(++next); }));
  return (performance.now() - begun) / 1000;
}

http.createServer(async (req, res) => {
  const [, count, atOnce] = req.url.split('/').map(Number);
  try { res.end(String(await loop(count, atOnce))); } catch (error) { res.writeHead(500).end(String(error.cause ?? error)); }
}).listen(Number(port), '127.0.0.1');
