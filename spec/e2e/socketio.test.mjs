// spec/e2e/socketio.test.mjs -- Socket.IO with the official client and on the bare wire.
// SIO_PEER=npm runs the same tests against npm socket.io; intended differences are marked by `peer`.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { io } from 'socket.io-client';
import io2 from 'socket.io-client-2';
import packed from 'socket.io-msgpack-parser';
import WebSocket from 'ws';
import { databaseUrl, startHost } from './hosts.mjs';
import { open as openTcp, responses } from './raw.mjs';
import { next, sleep, startHuman, until } from './support.mjs';

const peer = process.env.SIO_PEER === 'npm';
const onlyOurs = peer ? { skip: 'differs from npm socket.io on purpose' } : {};
let server;
const open = new Set();

before(async () => {
  server = peer
    ? await (await import('./peer.mjs')).startPeer()
    : await startHuman({ scripts: ['spec/e2e/scripts/echo'], env: { HUMAN_WORKERS: process.env.WORKERS ?? '1' } });
});

after(async () => {
  for (const socket of open) socket.disconnect?.();
  await server?.stop();
});

function connect(options = {}, namespace = '', url = server.url) {
  const socket = io(url + namespace, { path: '/echo.io/', forceNew: true, reconnectionDelay: 20, ...options });
  open.add(socket);
  return socket;
}

async function connected(options, namespace) {
  const socket = connect(options, namespace);
  await next(socket, 'connect');
  return socket;
}

async function echo(socket, ...args) {
  socket.emit('message', ...args);
  return next(socket, 'message-back');
}

// ---- the official client ------------------------------------------------------------------------

const TRANSPORTS = { polling: ['polling'], websocket: ['websocket'], upgrade: ['polling', 'websocket'] };

for (const [name, transports] of Object.entries(TRANSPORTS)) {
  describe(`the official client over ${name}`, () => {
    let socket;
    before(async () => {
      socket = await connected({ transports });
      if (name === 'upgrade' && socket.io.engine.transport.name === 'polling') {
        await next(socket.io.engine, 'upgrade');
      }
    });
    after(() => socket.disconnect());

    it('uses that transport', () => {
      assert.equal(socket.io.engine.transport.name, name === 'polling' ? 'polling' : 'websocket');
    });

    it('gets back what it sends', async () => {
      for (const args of [[1, '2', { 3: [true] }], [], [null], [[]], [{}], ['a/b "ü" \u2028'], [0.1, -1e21, 2 ** 53]]) {
        assert.deepEqual(await echo(socket, ...args), args);
      }
    });

    it('gets back bytes, anywhere in its arguments', async () => {
      const bytes = Buffer.from([0, 1, 2, 255]);
      const got = await echo(socket, bytes, { deep: [bytes] }, 'text');
      assert.deepEqual(Buffer.from(got[0]), bytes);
      assert.deepEqual(Buffer.from(got[1].deep[0]), bytes);
      assert.equal(got[2], 'text');
    });

    it('has its events acknowledged, also with bytes', async () => {
      assert.deepEqual(await socket.emitWithAck('message-with-ack', { a: [] }), { a: [] });
      const [one, two] = await new Promise((done) => {
        socket.emit('message-with-ack', Buffer.from('x'), 2, (...args) => done(args));
      });
      assert.deepEqual([Buffer.from(one).toString(), two], ['x', 2]);
    });

    it('acknowledges, or does not', async () => {
      socket.once('question', (text, ack) => ack(text + '!'));
      socket.emit('ask', 'who');
      assert.deepEqual(await next(socket, 'asked'), ['who!']);
      socket.once('question', () => {});
      socket.emit('ask', 'who', 0.3);
      assert.deepEqual(await next(socket, 'asked'), [null, 'timeout']);
    });

    it('gets volatile events when it is ready, and never too many of them', async () => {
      await socket.emitWithAck('join', 'vapour');
      for (const args of [['volatile', 500, 'x'.repeat(10000)], ['volatile-room', 'vapour', 500, 'x'.repeat(10000)]]) {
        const got = [];
        socket.on('volatile', (n) => got.push(n));
        await echo(socket, 'ready?');
        socket.emit(...args);
        await next(socket, 'done');
        assert.ok(got.length < 500, `${got.length} came`);
        assert.equal(got[0] ?? 1, 1);
        socket.off('volatile');
      }
      assert.deepEqual(await echo(socket, 'still here'), ['still here']);
    });

    it('has its packets handled in order, however many there are', async () => {
      const got = [];
      socket.on('slow', (n) => got.push(n));
      for (let i = 0; i < 150; i++) socket.emit('slow', i);
      await until(() => got.length === 150, 15000, 'all are answered');
      assert.deepEqual(got, [...got.keys()]);
      socket.off('slow');
    });

    it('is told and tells in rooms', async () => {
      const other = await connected({ transports });
      await socket.emitWithAck('join', 'r');
      await other.emitWithAck('join', 'r');
      const both = Promise.all([next(socket, 'told'), next(other, 'told')]);
      socket.emit('tell', 'r', 'all');
      assert.deepEqual(await both, [['all'], ['all']]);
      socket.once('told', () => assert.fail('must not hear itself'));
      const heard = next(other, 'told');
      socket.emit('others', 'r', 'you');
      assert.deepEqual(await heard, ['you']);
      assert.deepEqual(await echo(socket, 1), [1]);
      socket.off('told');
      await socket.emitWithAck('leave', 'r');
      other.disconnect();
    });

    it('answers together with others who were asked, and what is missing is said', async () => {
      const others = [await connected({ transports }), await connected({ transports })];
      for (const s of others) await s.emitWithAck('join', 'jury');
      others[0].on('question', (text, ack) => ack([text, 'guilty']));
      others[1].once('question', (text, ack) => ack(Buffer.from('innocent')));
      const ask = (room, ms) => new Promise((done) => { socket.emit('ask-room', room, ms, 'well?', (...args) => done(args)); });
      const [all] = await ask('jury', 30_000);
      assert.deepEqual(new Set(all.map((a) => (Array.isArray(a) ? a.join() : a.toString()))), new Set(['well?,guilty', 'innocent']));
      assert.deepEqual(await ask('jury', 2000), [[['well?', 'guilty']], 'timeout']);
      assert.deepEqual((await ask('nobody', 300))[0], []);
      for (const s of others) s.disconnect();
    });

    it('is one of those who are in a room', async () => {
      const other = await connected({ transports });
      for (const s of [socket, other]) await s.emitWithAck('join', 'here');
      assert.deepEqual((await socket.emitWithAck('who', 'here')).sort(), [socket.id, other.id].sort());
      assert.deepEqual(await socket.emitWithAck('who', 'nowhere'), []);
      await socket.emitWithAck('leave', 'here');
      other.disconnect();
    });

    it('may join and leave another namespace', async () => {
      const custom = connect({ transports, forceNew: false }, '/custom');
      await next(custom, 'connect');
      assert.deepEqual(await echo(custom, 'x'), ['x']);
      assert.notEqual(custom.id, socket.id);
      custom.disconnect();
      assert.deepEqual(await echo(socket, 'y'), ['y']);
    });

    it('may join namespaces that match a pattern', async () => {
      for (const name of ['/dynamic-1', '/dynamic-22']) {
        const dynamic = connect({ transports, forceNew: false }, name);
        await next(dynamic, 'connect');
        assert.deepEqual(await echo(dynamic, 'x'), [name, 'x']);
        dynamic.disconnect();
      }
      const [error] = await next(connect({ transports }, '/dynamic-x'), 'connect_error');
      assert.equal(error.message, 'Invalid namespace');
    });

    it('is told why it may not enter', async () => {
      const [unknown] = await next(connect({ transports }, '/nowhere'), 'connect_error');
      assert.equal(unknown.message, 'Invalid namespace');
      const [error] = await next(connect({ transports, auth: { token: 'no' } }, '/members'), 'connect_error');
      assert.equal(error.message, 'Unauthorized');
      assert.deepEqual(error.data, { statusCode: 401, code: 'bad_key' });
      await connected({ transports, auth: { token: 'abc' } }, '/members');
    });

    it('brings its query and auth along', async () => {
      const member = connect({ transports, query: { who: 'ann & bob' }, auth: { a: 1 } });
      assert.deepEqual(await next(member, 'welcome'), [{ a: 1 }, 'ann & bob']);
    });

    it('stays away when the server says so, and comes back when the transport breaks', async () => {
      const guest = await connected({ transports });
      guest.emit('bye');
      assert.deepEqual((await next(guest, 'disconnect'))[0], 'io server disconnect');
      assert.equal(guest.active, false);
      const other = await connected({ transports });
      other.emit('bye', true);
      assert.deepEqual((await next(other, 'disconnect'))[0], 'io server disconnect');
      const lost = await connected({ transports });
      const again = next(lost, 'connect');
      lost.io.engine.close();
      await again;
      assert.deepEqual(await echo(lost, 1), [1]);
    });

    it('is heard to go', async () => {
      await socket.emitWithAck('join', 'watchers');
      const guest = await connected({ transports });
      let gone = next(socket, 'gone');
      guest.disconnect();
      assert.deepEqual(await gone, ['client namespace disconnect']);
      const lost = await connected({ transports, reconnection: false });
      gone = next(socket, 'gone');
      lost.io.engine.close();
      assert.deepEqual(await gone, ['transport close']);
      await socket.emitWithAck('leave', 'watchers');
    });

    it('recovers what it missed', async () => {
      const sender = await connected({ transports, path: '/back.io/' });
      const away = await connected({ transports, path: '/back.io/' });
      await away.emitWithAck('join', 'news');
      sender.emit('tell', 'news', 'one');
      await next(away, 'told');
      const { id } = away;
      const told = [];
      away.on('told', (text) => told.push(text));
      away.io.engine.close();
      sender.emit('tell', 'news', 'two');
      sender.emit('tell', 'elsewhere', 'not mine');
      sender.emit('tell', 'news', Buffer.from('three'));
      await next(away, 'connect');
      assert.equal(away.recovered, true);
      assert.equal(away.id, id);
      await until(() => told.length === 2, 3000, 'both come');
      assert.deepEqual([told[0], Buffer.from(told[1]).toString()], ['two', 'three']);
      away.disconnect();
      sender.disconnect();
    });
  });
}

for (const [name, transports] of Object.entries(TRANSPORTS)) {
  describe(`the official client with the MessagePack parser over ${name}`, () => {
    const options = { transports, parser: packed, path: '/packed.io/' };
    let socket;
    before(async () => { socket = await connected(options); });
    after(() => socket.disconnect());

    it('gets back what it sends, bytes too, anywhere', async () => {
      const bytes = Buffer.from([0, 1, 2, 255]);
      for (const args of [[1, '2', { 3: [true] }], [], [null], [[]], [{}], ['a/b "ü" \u2028'], [0.1, -1.5e-9, 2 ** 53 - 1, -129, 70000],
                          [bytes, { deep: [bytes] }, 'text'], ['x'.repeat(100_000)]]) {
        assert.deepEqual(await echo(socket, ...args), args);
      }
    });

    it('has its events acknowledged, and acknowledges', async () => {
      assert.deepEqual(await socket.emitWithAck('message-with-ack', { a: Buffer.from('x') }), { a: Buffer.from('x') });
      socket.once('question', (text, ack) => ack(Buffer.from(text)));
      socket.emit('ask', 'who');
      assert.deepEqual(await next(socket, 'asked'), [Buffer.from('who')]);
    });

    it('is told and tells in rooms, of other namespaces, and why it may not enter', async () => {
      const other = await connected(options);
      for (const s of [socket, other]) await s.emitWithAck('join', 'r');
      const both = Promise.all([next(socket, 'told'), next(other, 'told')]);
      socket.emit('tell', 'r', Buffer.from('all'));
      assert.deepEqual(await both, [[Buffer.from('all')], [Buffer.from('all')]]);
      const custom = await connected({ ...options, forceNew: false }, '/custom');
      assert.deepEqual(await echo(custom, 'x'), ['x']);
      const [error] = await next(connect({ ...options, auth: { token: 'no' } }, '/members'), 'connect_error');
      assert.deepEqual([error.message, error.data], ['Unauthorized', { statusCode: 401, code: 'bad_key' }]);
      await connected({ ...options, auth: { token: 'abc' } }, '/members');
      other.emit('bye');
      assert.equal((await next(other, 'disconnect'))[0], 'io server disconnect');
    });

    it('is disconnected when it speaks JSON there', async () => {
      const plain = connect({ transports, path: '/packed.io/', reconnection: false });
      await next(plain.io, 'close');
      assert.equal(plain.connected, false);
    });
  });
}

for (const [name, transports] of Object.entries(TRANSPORTS)) {
  for (const forceBase64 of [false, true]) {
    describe(`the official client of version 2 over ${name}${forceBase64 ? ' in base64' : ''}`, () => {
      const options = { transports, forceBase64, path: '/old.io/', forceNew: true };
      const join = (more, namespace = '') => {
        const socket = io2(server.url + namespace, { ...options, ...more });
        open.add(socket);
        return socket;
      };
      let socket, welcome;
      before(async () => {
        socket = join({ query: { who: 'ann & bob' } });
        [welcome] = await Promise.all([next(socket, 'welcome'), next(socket, 'connect')]);
        if (name === 'upgrade' && socket.io.engine.transport.name === 'polling') await next(socket.io.engine, 'upgrade');
      });
      after(() => socket.disconnect());

      it('is welcomed, by its name and id', () => {
        assert.equal(welcome[1], 'ann & bob');
        assert.equal(socket.id, socket.io.engine.id);
        assert.equal(socket.io.engine.transport.name, name === 'polling' ? 'polling' : 'websocket');
      });

      it('gets back what it sends, bytes too', async () => {
        const bytes = Buffer.from([0, 1, 2, 255]);
        for (const args of [[1, '2', { 3: [true] }], [], [null], [[]], ['ü € 😀 \u2028'], ['x'.repeat(5000)], [bytes, { deep: [bytes] }, '😀']]) {
          assert.deepEqual(await echo(socket, ...args), args);
        }
      });

      it('has many packets in one payload taken and answered in order', async () => {
        const got = [];
        socket.on('message-back', (n) => got.push(n));
        for (let i = 0; i < 200; i++) socket.emit('message', i, '😀');
        await until(() => got.length === 200, 5000, 'all come back');
        assert.deepEqual(got, [...got.keys()]);
        socket.off('message-back');
      });

      it('has its events acknowledged, and acknowledges', async () => {
        const answer = await new Promise((done) => { socket.emit('message-with-ack', Buffer.from('é'), done); });
        assert.deepEqual(answer, Buffer.from('é'));
        socket.once('question', (text, ack) => ack(text + '!'));
        socket.emit('ask', 'who');
        assert.deepEqual(await next(socket, 'asked'), ['who!']);
      });

      it('is told in rooms together with clients of version 4', async () => {
        const other = await connected({ transports, path: '/old.io/' });
        await new Promise((done) => { socket.emit('join', 'r', done); });
        await other.emitWithAck('join', 'r');
        const both = Promise.all([next(socket, 'told'), next(other, 'told')]);
        other.emit('tell', 'r', Buffer.from('all'));
        assert.deepEqual(await both, [[Buffer.from('all')], [Buffer.from('all')]]);
        other.disconnect();
      });

      it('enters other namespaces, or is told why not', async () => {
        const custom = join({}, '/custom');
        await next(custom, 'connect');
        assert.deepEqual(await echo(custom, 'x'), ['x']);
        assert.equal(custom.id, `/custom#${custom.io.engine.id}`);
        custom.disconnect();
        const member = join({ query: { token: 'abc' } }, '/members');
        await next(member, 'connect');
        const [error] = await next(join({ query: { token: 'no' } }, '/members'), 'error');
        assert.deepEqual(error, { statusCode: 401, code: 'bad_key' });
      });

      it('hears that it must leave, and is heard to go', async () => {
        await new Promise((done) => { socket.emit('join', 'watchers', done); });
        const gone = next(socket, 'gone'), guest = join();
        await next(guest, 'connect');
        guest.emit('bye');
        assert.deepEqual(await next(guest, 'disconnect'), ['io server disconnect']);
        assert.deepEqual(await gone, ['server namespace disconnect']);
      });
    });
  }
}

describe('clients of version 2', () => {
  it('find their ping answered, and enter without a CONNECT', async () => {
    const ws = raw('', '/old.io/', 3);
    assert.match(await frame(ws), /^0{"sid"/);
    assert.equal(await frame(ws), '40');
    ws.frames.length = 0;
    ws.send('2');
    await until(() => ws.frames.includes('3'), 2000, 'the pong');
    ws.close();
  });

  it('frame what they post by its length in UTF-16, or as bytes; anything else ends the session', async () => {
    const start = async () => {
      const text = await (await http('EIO=3&transport=polling', {}, '/old.io/')).text();
      assert.match(text, /^\d+:0{/);
      return JSON.parse(text.slice(text.indexOf('{'), text.indexOf('}') + 1)).sid;
    };
    const at = (sid, init) => http(`EIO=3&transport=polling&sid=${sid}`, init, '/old.io/');
    const back = async (sid, init, want) => {
      assert.equal(await (await at(sid, { method: 'POST', ...init })).text(), 'ok');
      for (let got = ''; !got.includes(want);) got = await (await at(sid)).text();
    };
    const sid = await start(), packet = '42["message","😀é"]', type = { 'content-type': 'application/octet-stream' };
    await back(sid, { body: `${packet.length}:${packet}` }, '24:42["message-back","😀é"]');
    const bytes = Buffer.from(packet);
    const body = Buffer.concat([Buffer.from([0, ...String(bytes.length).split('').map(Number), 255]), bytes]);
    await back(sid, { headers: type, body }, '24:42["message-back","😀é"]');
    for (const bad of ['', '5', '5:', ':', '3:42', 'x:y', ...(peer ? [] : ['1:4\u001e1:4', '99999999999999999999:4'])]) {
      const broken = await start();
      await at(broken, { method: 'POST', body: bad }).then((r) => r.text()).catch(() => {});
      await at(broken).then((r) => r.text()).catch(() => {});
      assert.equal((await at(broken)).status, 400, bad);
    }
  });

  it('are refused where they are not wanted', async () => {
    const socket = io2(server.url, { path: '/echo.io/', transports: ['polling'], reconnection: false, forceNew: true });
    assert.match(String((await next(socket, 'connect_error'))[0]), /xhr poll error/);
  });
});

describe('an upgrade in the middle of traffic', () => {
  it('neither loses nor reorders', async () => {
    const socket = connect({ transports: ['polling', 'websocket'] });
    const got = [];
    socket.on('message-back', (n) => got.push(n));
    await next(socket, 'connect');
    for (let i = 0; i < 300; i++) {
      socket.emit('message', i);
      if (i % 10 === 0) await sleep(1);
    }
    await until(() => got.length === 300, 5000, 'all come back');
    assert.deepEqual(got, [...got.keys()]);
    assert.equal(socket.io.engine.transport.name, 'websocket');
    socket.disconnect();
  });
});

// ---- the wire: HTTP -----------------------------------------------------------------------------

const http = (query, init, path = '/echo.io/') => fetch(`${server.url}${path}?${query}`, init);
const polling = (sid, init, path) => http(`EIO=4&transport=polling&sid=${sid}`, init, path);
const post = (sid, body, path, headers) => polling(sid, { method: 'POST', body, headers }, path);

async function openPolling(path) {
  const text = await (await http('EIO=4&transport=polling', {}, path)).text();
  return JSON.parse(text.slice(1)).sid;
}

async function joinPolling(path) {
  const sid = await openPolling(path);
  assert.equal(await (await post(sid, '40', path)).text(), 'ok');
  await (await polling(sid, {}, path)).text();
  return sid;
}

/**
 * A poll that the server holds before it reads anything that is sent later: it comes by a connection that the server knows.
 * Its socket, and answer(): [status, text].
 */
async function heldPoll(sid) {
  const c = await openTcp(server.port);
  c.write('OPTIONS /echo.io/?EIO=4&transport=polling HTTP/1.1\r\nHost: x\r\nOrigin: http://x\r\nAccess-Control-Request-Method: POST\r\n\r\n');
  const answers = (n) => c.wait(() => { const list = responses(c.data()); return list.length === n && list; });
  await answers(1);
  await new Promise((done) => { c.socket.write(`GET /echo.io/?EIO=4&transport=polling&sid=${sid} HTTP/1.1\r\nHost: x\r\n\r\n`, done); });
  return { socket: c.socket, async answer() { const [, { status, body }] = await answers(2); c.socket.destroy(); return [status, body]; } };
}

async function assertDead(sid, path) {
  const answer = await polling(sid, {}, path);
  assert.equal(answer.status, 400);
  assert.deepEqual(await answer.json(), { code: 1, message: 'Session ID unknown' });
}

describe('the HTTP surface', () => {
  const refusals = [
    ['GET', 'EIO=4', 0, 'Transport unknown'],
    ['GET', 'EIO=4&transport=abc', 0, 'Transport unknown'],
    ['GET', 'EIO=4&transport=polling&sid=nobody', 1, 'Session ID unknown'],
    ['POST', 'EIO=4&transport=polling', 2, 'Bad handshake method'],
    ['PUT', 'EIO=4&transport=polling', 2, 'Bad handshake method'],
    ['GET', 'EIO=4&transport=websocket', 3, 'Bad request'],
    ['GET', 'EIO=3&transport=polling', 5, 'Unsupported protocol version'],
    ['GET', 'transport=polling', 5, 'Unsupported protocol version'],
  ];
  for (const [method, query, code, message] of refusals) {
    it(`refuses ${method} ?${query} with code ${code}`, async () => {
      const answer = await http(query, { method });
      assert.equal(answer.status, 400);
      assert.equal(answer.headers.get('content-type'), 'application/json');
      assert.equal(answer.headers.get('access-control-allow-origin'), '*');
      assert.equal(await answer.text(), JSON.stringify({ code, message }));
    });
  }

  it('opens sessions with exactly the known keys', async () => {
    const answer = await http('EIO=4&transport=polling&sid=');
    assert.equal(answer.headers.get('content-type'), 'text/plain; charset=UTF-8');
    assert.equal(answer.headers.get('cache-control'), 'no-store');
    const { sid, ...rest } = JSON.parse((await answer.text()).slice(1));
    assert.match(sid, /^[\w-]{20}$/);
    assert.deepEqual(rest, { upgrades: ['websocket'], pingInterval: 25000, pingTimeout: 20000, maxPayload: 1000000 });
  });

  it('answers preflights', async () => {
    const answer = await http('EIO=4&transport=polling', {
      method: 'OPTIONS',
      headers: { 'access-control-request-method': 'POST', 'access-control-request-headers': 'x-one' },
    });
    assert.equal(answer.status, 204);
    assert.equal(answer.headers.get('access-control-allow-origin'), '*');
    assert.equal(answer.headers.get('access-control-allow-headers'), 'x-one');
    assert.match(answer.headers.get('access-control-allow-methods'), /GET.*POST/);
  });

  it('refuses large POSTs and keeps the session', async () => {
    const sid = await joinPolling('/small.io/');
    const answer = await post(sid, '42["message","' + 'x'.repeat(100_000) + '"]', '/small.io/');
    assert.deepEqual([answer.status, await answer.text()], [413, '']);
    assert.equal((await post(sid, '3', '/small.io/')).status, 200);
  });

  it('ends a session for two polls at once', async () => {
    const sid = await joinPolling(), first = await heldPoll(sid);
    const second = await polling(sid);
    assert.deepEqual([second.status, await second.text()], [400, '']);
    assert.deepEqual(await first.answer(), [200, '1']);
    await assertDead(sid);
  });

  it('ends a session whose poll breaks off', async () => {
    const sid = await joinPolling();
    (await heldPoll(sid)).socket.destroy();
    await until(async () => (await post(sid, '3')).status === 400, 20_000, 'it is over'); // sooner than a ping
    await assertDead(sid);
  });

  it('ends a session for binary POSTs', async () => {
    const sid = await joinPolling();
    const answer = await post(sid, 'x', undefined, { 'content-type': 'application/octet-stream' });
    assert.deepEqual([answer.status, await answer.text()], [400, '']);
    await assertDead(sid);
  });

  for (const body of ['', 'abc', '4\x1e']) {
    it(`ends a session for the payload ${JSON.stringify(body)}`, async () => {
      const sid = await openPolling();
      await post(sid, body).catch(() => {});
      await polling(sid).then((r) => r.text()).catch(() => {});
      await assertDead(sid);
    });
  }

  it('answers other methods on a session with 500', async () => {
    assert.equal((await polling(await openPolling(), { method: 'PUT', body: 'x' })).status, 500);
  });

  it('lets a client close', async () => {
    const sid = await joinPolling(), held = await heldPoll(sid);
    assert.equal(await (await post(sid, '1')).text(), 'ok');
    assert.deepEqual(await held.answer(), [200, '6']);
    await assertDead(sid);
  });

  it('pings, and ends who does not answer', async () => {
    const sid = await joinPolling('/fast.io/');
    assert.equal(await (await polling(sid, {}, '/fast.io/')).text(), '2');
    await until(async () => (await polling(sid, {}, '/fast.io/')).status === 400, 20_000, 'it is over');
    await assertDead(sid, '/fast.io/');
  });

  for (const [name, text] of Object.entries({
    'a line break at its end': 'AQI=\n', 'line breaks as in MIME': 'A\r\nQI=\r\n', 'no padding': 'AQI',
    'the alphabet for URLs': '-_8=', 'the alphabet for URLs and no padding': '-_8',
  })) {
    it(`takes bytes in base64 with ${name}`, async () => {
      const sid = await joinPolling();
      const bytes = text.startsWith('-') ? '+/8=' : 'AQI=';
      assert.equal((await post(sid, `451-["message",{"_placeholder":true,"num":0}]\x1eb${text}`)).status, 200);
      let got = '';
      while (!got.includes('451-')) got = await (await polling(sid)).text();
      assert.equal(got, `451-["message-back",{"_placeholder":true,"num":0}]\x1eb${bytes}`);
    });
  }

  it('compresses the answers of polls from 1 KB on, for a client that takes that', async () => {
    for (const [accept, size, coding] of [['gzip', 2000, 'gzip'], ['deflate', 2000, 'deflate'], ['identity', 2000, null], ['gzip', 900, null]]) {
      const sid = await joinPolling();
      const text = `42["message","${'x'.repeat(size)}"]`;
      await post(sid, text);
      let answer, got = '';
      while (!got.startsWith('42["message-back"')) {
        answer = await polling(sid, { headers: { 'accept-encoding': accept } });
        got = await answer.text(); // expanded by fetch
      }
      assert.equal(answer.headers.get('content-encoding'), coding);
      assert.equal(got, text.replace('message', 'message-back'));
    }
  });

  it('answers both packets of one payload in one poll', async () => {
    const sid = await joinPolling();
    const got = [];
    await post(sid, '42["message","a"]\x1e42["message","b"]');
    while (got.length < 2) got.push(...(await (await polling(sid)).text()).split('\x1e'));
    assert.deepEqual(got.filter((p) => p[0] === '4'), ['42["message-back","a"]', '42["message-back","b"]']);
  });
});

// ---- the wire: WebSocket --------------------------------------------------------------------------

function raw(query = '', path = '/echo.io/', eio = 4) {
  const ws = new WebSocket(`${server.url.replace('http', 'ws')}${path}?EIO=${eio}&transport=websocket${query}`);
  ws.frames = [];
  ws.on('message', (data, binary) => ws.frames.push(binary ? data : data.toString()));
  ws.on('error', () => {});
  return ws;
}

async function rawOpen(query, path) {
  const ws = raw(query, path);
  await next(ws, 'open');
  return ws;
}

const frame = (ws) => until(() => ws.frames.length > 0, 3000, 'a frame').then(() => ws.frames.shift());

async function rawJoined(path) {
  const ws = await rawOpen('', path);
  await frame(ws);
  ws.send('40');
  assert.match(await frame(ws), /^40{"sid":"[\w-]{20}"}$/);
  await frame(ws); // welcome
  return ws;
}

describe('the WebSocket surface', () => {
  it('opens with the packet of the reference', async () => {
    const ws = await rawOpen();
    const { sid, ...rest } = JSON.parse((await frame(ws)).slice(1));
    assert.match(sid, /^[\w-]{20}$/);
    assert.deepEqual(rest, { upgrades: [], pingInterval: 25000, pingTimeout: 20000, maxPayload: 1000000 });
    ws.close();
  });

  it('refuses unknown sessions before the upgrade', async () => {
    const [, answer] = await next(raw('&sid=nobody'), 'unexpected-response');
    assert.equal(answer.statusCode, 400);
    assert.equal(Buffer.concat(await answer.toArray()).toString(), 'Session ID unknown');
  });

  it('refuses another protocol before the upgrade', onlyOurs, async () => {
    const [, answer] = await next(raw('', undefined, 3), 'unexpected-response');
    assert.equal(answer.statusCode, 400);
  });

  it('pings, and closes without a status when nobody answers', async () => {
    const ws = await rawJoined('/fast.io/');
    const start = Date.now(); // a ping of the other servers comes after 25 s
    for (let i = 0; i < 2; i++) {
      assert.equal(await frame(ws), '2');
      ws.send('3');
    }
    const [code] = await next(ws, 'close');
    assert.equal(code, 1005);
    assert.ok(Date.now() - start < 20_000);
  });

  it('closes who joins nothing', async () => {
    const ws = await rawOpen('', '/fast.io/');
    const pong = setInterval(() => ws.send('3'), 100);
    assert.equal((await next(ws, 'close'))[0], 1005);
    clearInterval(pong);
  });

  it('closes for a message that is too large', async () => {
    const ws = await rawJoined('/small.io/');
    ws.send('42["message","' + 'x'.repeat(100_000) + '"]');
    assert.equal((await next(ws, 'close'))[0], 1009);
  });

  it('closes when the client says so', onlyOurs, async () => {
    const ws = await rawJoined('/fast.io/');
    const start = Date.now();
    ws.send('1');
    await next(ws, 'close');
    assert.ok(Date.now() - start < 10_000); // not at the next ping
  });

  const violations = {
    'an event before CONNECT': ['42["x"]'], 'a reserved event': ['40', '42["disconnect"]'],
    'an object for an event': ['40', '42{}'], 'broken JSON': ['40', '42["a"'], 'no JSON object in CONNECT': ['40[]'],
    'text in CONNECT': ['40"x"'], 'an event for a namespace not joined': ['40', '42/custom,["x"]'],
    'a CONNECT_ERROR': ['40', '44{"message":"x"}'], 'an unknown packet': ['40', '4abc'],
    'an unknown engine packet': ['40', 'abc'], 'a ping': ['40', '2'], 'unexpected bytes': ['40', Buffer.from('x')],
    'text between attachments': ['40', '452-["x",{"_placeholder":true,"num":0}]', '42["x"]'],
    'a placeholder without its bytes': ['40', '451-["x",{"_placeholder":true,"num":1}]', Buffer.from('x')],
    'too many attachments': ['40', '4511-["x"]'], 'no attachment count': ['40', '45["x"]'],
  };
  for (const [name, packets] of Object.entries(violations)) {
    it(`closes for ${name}`, async () => {
      const ws = await rawOpen();
      await frame(ws);
      const closed = next(ws, 'close');
      for (const packet of packets) {
        ws.send(packet);
        if (packet === '40') await until(() => ws.frames.some((f) => String(f).startsWith('40')), 2000, 'CONNECT');
      }
      assert.equal((await closed)[0], 1005);
    });
  }

  it('accepts an event right behind its CONNECT', onlyOurs, async () => {
    const ws = await rawOpen();
    ws.send('40');
    ws.send('42["message",1]');
    await until(() => ws.frames.includes('42["message-back",1]'), 2000, 'the echo');
    ws.close();
  });

  it('keeps the transport when the last namespace is left', async () => {
    const ws = await rawJoined();
    ws.send('41');
    ws.send('40/custom,');
    assert.match(await frame(ws), /^40\/custom,{"sid":"[\w-]{20}"}$/);
    ws.close();
  });

  it('is compressed from 1 KB on where the server says so, and as it is elsewhere', async () => {
    for (const [path, extension] of [['/small.io/', /^permessage-deflate/], ['/echo.io/', /^$/]]) {
      const ws = await rawOpen('', path);
      assert.match(ws.extensions, extension);
      await frame(ws);
      ws.send('40');
      await until(() => ws.frames.some((f) => f.startsWith('42["welcome"')), 2000, 'the namespace');
      for (const [size, small] of [[50_000, path === '/small.io/'], [900, false]]) {
        ws.frames.length = 0;
        const before = ws._socket.bytesRead;
        ws.send(`42["message","${'x'.repeat(size)}"]`);
        assert.equal((await frame(ws)).length, size + '42["message-back",""]'.length);
        if (peer && size < 1024) continue; // compressed there, whatever its threshold is
        assert.equal(ws._socket.bytesRead - before < size / 4, small, `${path} ${size}`);
      }
      ws.send(`42["message","${'x'.repeat(1_100_000)}"]`); // compressed it is small, and yet it is too large
      assert.equal((await next(ws, 'close'))[0], 1009);
    }
  });

  it('sends text first and then its bytes', async () => {
    const ws = await rawJoined();
    ws.send('451-["message",{"_placeholder":true,"num":0}]');
    ws.send(Buffer.from([1, 2, 3]));
    assert.equal(await frame(ws), '451-["message-back",{"_placeholder":true,"num":0}]');
    assert.deepEqual(await frame(ws), Buffer.from([1, 2, 3]));
    ws.close();
  });
});

describe('the upgrade on the wire', () => {
  it('happens in the known steps', async () => {
    const sid = await joinPolling();
    const held = polling(sid).then((r) => r.text());
    const ws = await rawOpen(`&sid=${sid}`);
    ws.send('2probe');
    assert.equal(await frame(ws), '3probe');
    assert.equal(await held, '6');
    ws.send('5');
    ws.send('42["message",1]');
    assert.equal(await frame(ws), '42["message-back",1]');
    const late = await polling(sid);
    assert.equal(late.status, 400);
    assert.equal((await late.json()).code, 3);
    ws.close();
  });

  it('wins against a poll that comes right behind it', async () => {
    for (let i = 0; i < 20; i++) {
      const sid = await joinPolling();
      const ws = await rawOpen(`&sid=${sid}`);
      ws.send('2probe');
      ws.send('5');
      assert.equal((await polling(sid)).status, 400);
      ws.close();
    }
  });

  it('happens once', async () => {
    const sid = await joinPolling();
    const ws = await rawOpen(`&sid=${sid}`);
    await next(await rawOpen(`&sid=${sid}`), 'close');
    ws.send('2probe');
    ws.send('5');
    await next(await rawOpen(`&sid=${sid}`), 'close');
    ws.send('42["message",1]');
    await until(() => ws.frames.includes('42["message-back",1]'), 2000, 'the echo');
    ws.close();
  });

  it('is given up without harm', async () => {
    const sid = await joinPolling();
    const ws = await rawOpen(`&sid=${sid}`);
    ws.send('what');
    await next(ws, 'close');
    await post(sid, '42["message",1]');
    assert.equal(await (await polling(sid)).text(), '42["message-back",1]');
  });
});

describe('sessions of several workers', onlyOurs, () => {
  it('find their worker, and rooms reach over', async () => {
    const many = await startHuman({ scripts: ['spec/e2e/scripts/echo'], env: { HUMAN_WORKERS: '2' } });
    try {
      const sockets = [];
      for (let i = 0; i < 12; i++) {
        const transports = Object.values(TRANSPORTS)[i % 3];
        const socket = connect({ transports, multiplex: false }, '', many.url);
        await next(socket, 'connect');
        await socket.emitWithAck('join', 'all');
        sockets.push(socket);
      }
      for (const socket of sockets.slice(0, 4)) {
        const heard = Promise.all(sockets.map((s) => next(s, 'told')));
        socket.emit('tell', 'all', 'hello');
        assert.equal((await heard).length, 12);
      }
      const gone = Promise.all(sockets.map((s) => next(s, 'disconnect')));
      const end = many.stop();
      for (const [reason] of await gone) assert.match(reason, /^transport (close|error)$/);
      await end;
    } finally {
      await many.stop();
    }
  });
});

describe('hosts on one database', onlyOurs, () => {
  it('know whose sockets there are, and gather the answers of all', async () => {
    const scripts = ['spec/e2e/scripts/echo'];
    const env = { HUMAN_WORKERS: '2', HUMAN_DATABASE_POOL: '2' };
    const one = await startHost({ scripts, env });
    const two = await startHost({ scripts, env: { ...env, DATABASE_URL: databaseUrl(one.home) } });
    try {
      const sockets = [];
      for (let i = 0; i < 12; i++) {
        const socket = connect({ transports: ['websocket'] }, '', (i % 2 ? one : two).url);
        await next(socket, 'connect');
        await socket.emitWithAck('join', 'all');
        socket.on('question', (text, ack) => ack(socket.id + 'é'.repeat(3000)));
        sockets.push(socket);
      }
      const ids = sockets.map((s) => s.id).sort();
      await until(async () => (await sockets[0].emitWithAck('who', 'all')).length === 12, 5000, 'the hosts know each other');
      for (const socket of sockets.slice(0, 6)) {
        assert.deepEqual((await socket.emitWithAck('who', 'all')).sort(), ids);
        const [answers, error] = await new Promise((done) => {
          socket.emit('ask-room', 'all', 30_000, 'x'.repeat(20_000), (...args) => done(args));
        });
        assert.equal(error, undefined);
        assert.deepEqual(answers.map((a) => a.slice(0, 20)).sort(), ids);
      }
      await two.stop();
      const left = ids.filter((id) => sockets.some((s, i) => i % 2 && s.id === id));
      await until(async () => (await sockets[1].emitWithAck('who', 'all')).length === left.length, 5000, 'the other host is forgotten');
      assert.deepEqual((await sockets[1].emitWithAck('who', 'all')).sort(), left);
    } finally {
      await two.stop();
      await one.stop();
    }
  });
});
