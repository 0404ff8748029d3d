// bench/peers/ws_gateway.mjs -- the floor of the gateway benchmark: npm's ws, and nothing but what the protocol says.
// Challenges, greets who has the token, and streams a model's answer to everybody.  Stores nothing, checks nothing else.
import crypto from 'node:crypto';
import { WebSocketServer } from 'ws';
import { TOKEN } from '../gateway_load.mjs';

const [port, model] = process.argv.slice(2).map(Number);
const METHODS = Array.from({ length: 90 }, (_, i) => `of.this.length.${i}`), EVENTS = Array.from({ length: 20 }, (_, i) => `an.event.${i}`);
const SCOPES = ['operator.admin', 'operator.approvals', 'operator.pairing', 'operator.read', 'operator.write'];
const server = new WebSocketServer({ port, host: '127.0.0.1', path: '/ws', perMessageDeflate: false });
const members = new Set();
let count = 0;

const greeting = (id) => ({ type: 'hello-ok', protocol: 4, server: { version: '1', connId: id }, features: { methods: METHODS, events: EVENTS },
  auth: { role: 'operator', scopes: SCOPES }, policy: { maxPayload: 4194304, maxBufferedBytes: 4194304, tickIntervalMs: 15000 } });

function tell(payload) {
  const text = JSON.stringify({ type: 'event', event: 'chat', payload });
  for (const ws of members) ws.send(text);
}

async function stream(message, run, sessionKey) {
  const answer = await fetch(`http://127.0.0.1:${model}/v1/chat/completions`, { method: 'POST',
    body: JSON.stringify({ model: 'm', stream: true, messages: [{ role: 'user', content: message }] }) });
  const more = { id: run, runId: run, sessionKey, session_key: sessionKey };
  let text = '', rest = '', index = 0;
  for await (const part of answer.body.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + part).split('\n\n');
    rest = lines.pop();
    for (const line of lines) {
      const delta = line === 'data: [DONE]' ? undefined : JSON.parse(line.slice(6)).choices[0]?.delta.content;
      if (!delta) continue;
      text += delta;
      tell({ state: 'chunk', message: delta, index: index++, ...more });
    }
  }
  tell({ state: 'sent', message: text, ...more });
}

server.on('connection', (ws) => {
  const id = `conn-${count += 1}`;
  ws.send(JSON.stringify({ type: 'event', event: 'connect.challenge', payload: { nonce: crypto.randomBytes(16).toString('hex'), ts: Date.now() } }));
  ws.on('close', () => members.delete(ws));
  ws.on('error', () => {});
  ws.on('message', (data) => {
    const { id: call, method, params } = JSON.parse(data);
    const answer = (payload) => ws.send(JSON.stringify({ type: 'res', id: call, ok: true, payload }));
    if (method === 'connect' && params.auth.token === TOKEN) {
      members.add(ws);
      answer(greeting(id));
    } else if (method === 'chat.send' && members.has(ws)) {
      answer({ status: 'queued', runId: params.idempotencyKey, sessionKey: params.sessionKey });
      stream(params.message, params.idempotencyKey, params.sessionKey);
    } else ws.close(1008);
  });
});
