// bench/answers.mjs -- a part measures only servers that do the same work: each one answers what the first one answers,
// and refuses what it has to.  JSON is compared by its value and its number of bytes: the order of names is free.
import assert from 'node:assert/strict';
import { on } from 'node:events';

const PATIENCE_MS = 5000;

async function ask(server, path, body) {
  const answer = await fetch(`http://127.0.0.1:${server.port}${path}`, body === undefined ? {} : {
    method: 'POST', headers: { 'content-type': 'application/json' },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  return { status: answer.status, text: await answer.text() };
}

const value = (text) => {
  try { return JSON.parse(text); } catch { return text; }
};

function same(server, first, text, wanted) {
  const what = `${server.name} does not answer as ${first.name} does`;
  assert.deepEqual(value(text), value(wanted), what);
  assert.equal(Buffer.byteLength(text), Buffer.byteLength(wanted), what);
}

export async function sameAnswers(servers, path, body, refused = []) {
  const [first] = servers;
  const wanted = await ask(first, path, body);
  assert.equal(wanted.status, 200, `${first.name}: ${wanted.text}`);
  for (const server of servers) {
    same(server, first, (await ask(server, path, body)).text, wanted.text);
    for (const bad of refused) {
      const { status } = await ask(server, path, bad);
      assert.equal(status, 400, `${server.name} answers ${status} to ${JSON.stringify(bad)}`);
    }
  }
}

const EVENT = '["message",{"id":"msg-456","content":"I struggle","participant":{"id":"user-789","nickname":"Sarah"}}]';

// What the load counts is only that something came back.
export async function sameEcho(servers) {
  const { default: WebSocket } = await import('ws');  // the specs use the rest of this file, and have no modules of bench/
  for (const server of servers) {
    const socket = new WebSocket(`ws://127.0.0.1:${server.port}/bench.io/?EIO=4&transport=websocket`);
    const packets = on(socket, 'message', { signal: AbortSignal.timeout(PATIENCE_MS) });
    const next = async () => {
      const packet = String((await packets.next()).value[0]);
      if (packet !== '2') return packet;
      socket.send('3');                              // a ping, which some send at once
      return next();
    };
    await next();
    socket.send('40');
    await next();
    socket.send(`42${EVENT}`);
    same(server, { name: 'the client' }, (await next()).slice(2), EVENT);
    socket.terminate();
  }
}
