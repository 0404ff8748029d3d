// bench/wire.mjs -- listens in on a host and its database: a socket between both that hands bytes on and notes each
// statement with its parameters and rows.  Of what one operation sent, floor_script.mjs makes a pgbench script: the floor
// runs the same statements in the same transactions, whatever the scripts say by then.
// PostgreSQL's protocol 3, without TLS, parameters and rows as text: what the host speaks on a socket of its machine.
import { once } from 'node:events';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';

const TYPELESS = 1;              // the first message of a client has a length and no type

// Calls take(type, body) for each whole message.
function messages(take, skip = 0) {
  let kept = Buffer.alloc(0), first = skip;
  return (bytes) => {
    kept = kept.length ? Buffer.concat([kept, bytes]) : bytes;
    for (;;) {
      const head = first ? 0 : 1;
      if (kept.length < head + 4) return;
      const end = head + kept.readInt32BE(head);
      if (kept.length < end) return;
      if (!first) take(String.fromCharCode(kept[0]), kept.subarray(5, end));
      first = 0;
      kept = kept.subarray(end);
    }
  };
}

function reader(body) {
  let at = 0;
  return {
    text() {
      const end = body.indexOf(0, at), text = body.toString('utf8', at, end);
      at = end + 1;
      return text;
    },
    int16() { return body.readInt16BE((at += 2) - 2); },
    value() {                                            // a length and so many bytes; less than nothing: null
      const n = body.readInt32BE((at += 4) - 4);
      if (n < 0) return null;
      return body.toString('utf8', at, at += n);
    },
    skip(n) { at += n; },
  };
}

function values(r) { return Array.from({ length: r.int16() }, () => r.value()); }

// What one connection says, as statements: {conn, sql, params, columns, rows, at, sent (milliseconds)}.
function listen(conn, note) {
  const prepared = new Map(), waiting = [];              // executed, and not answered yet
  let bound, flights = 0;
  const client = {
    P(r) {
      const name = r.text();
      prepared.set(name, r.text());
    },
    B(r) {
      r.text();
      const sql = prepared.get(r.text());
      for (let n = r.int16(); n > 0; n--) r.skip(2);
      bound = { sql, params: values(r) };
    },
    E() { waiting.push({ conn, ...bound, columns: [], rows: [], sent: performance.now(), flight: flights }); },
    Q(r) { waiting.push({ conn, sql: r.text(), params: [], columns: [], rows: [], sent: performance.now(), flight: flights }); },
  };
  const ended = (error) => {
    const done = waiting.shift();
    if (done) note({ ...done, error, at: performance.now() });
  };
  const server = {
    T(r) {
      if (waiting[0]) waiting[0].columns = Array.from({ length: r.int16() }, () => { const name = r.text(); r.skip(18); return name; });
    },
    D(r) { waiting[0]?.rows.push(values(r)); },
    C() { ended(false); },
    I() { ended(false); },
    E() { ended(true); },
    Z() { flights++; },
  };
  const by = (handlers) => (type, body) => handlers[type]?.(reader(body));
  return { client: messages(by(client), TYPELESS), server: messages(by(server)) };
}

/** {url, seen: every statement in the order of its end, close()}: a database that is `target`'s (a socket's folder). */
export async function listenIn(target, dir) {
  const seen = [], sockets = new Set();
  fs.mkdirSync(dir, { recursive: true });
  let conns = 0;
  const server = net.createServer((client) => {
    const { client: said, server: answered } = listen(conns++, (s) => seen.push(s));
    const database = net.connect(path.join(target, '.s.PGSQL.5432'));
    for (const [from, to, hear] of [[client, database, said], [database, client, answered]]) {
      sockets.add(from);
      from.on('data', (bytes) => { to.write(bytes); hear(bytes); });
      from.on('close', () => { to.destroy(); sockets.delete(from); });
      from.on('error', () => {});
    }
  }).listen(path.join(dir, '.s.PGSQL.5432'));
  await once(server, 'listening');
  return { url: `host=${dir} user=human dbname=human`, seen, close() {
    server.close();
    for (const socket of sockets) socket.destroy();
  } };
}
