// spec/e2e/proxy_head.test.mjs -- http.proxy_protocol, byte for byte: whole and in pieces, before HTTP and before
// TLS, from peers that may send one and peers that may not, and malformed ones.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import { after, before, describe, it } from 'node:test';
import tls from 'node:tls';
import { unique } from './agent_client.mjs';
import { startHost } from './hosts.mjs';
import { tempDir } from './operator.mjs';
import { makeAuthority } from './secure.mjs';
import { freePort, until } from './support.mjs';

const HEAD_MS = 1000, V1 = 'PROXY TCP4 203.0.113.9 127.0.0.1 4711 443\r\n';

/** A head of version 2. */
function v2(command, family, body = Buffer.alloc(0)) {
  const length = Buffer.alloc(2);
  length.writeUInt16BE(body.length);
  return Buffer.concat([Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1'), Buffer.from([0x20 | command, family]), length, body]);
}
const FOUR = Buffer.from([198, 51, 100, 7, 127, 0, 0, 1, 0x12, 0x67, 1, 0xbb]);
const get = (id, more = '') => `GET /ready HTTP/1.1\r\nHost: localhost\r\nX-Request-Id: ${id}\r\n${more}\r\n`;

/** Sends pieces, each when the one before has left; all that came back until the other end closed. */
async function talk(port, pieces, { from = '127.0.0.1', wrap } = {}) {
  const socket = net.connect({ port, host: '127.0.0.1', localAddress: from, noDelay: true });
  let text = '';
  socket.on('error', () => {});
  await once(socket, 'connect');
  const closed = new Promise((done) => { socket.on('close', done); }); // once() would reject at an error
  for (const piece of pieces) await new Promise((done) => { socket.write(piece, done); });
  if (wrap) await wrap(socket, (t) => { text += t; });
  else socket.setEncoding('latin1').on('data', (t) => { text += t; });
  await closed;
  return text;
}

describe('a port that begins with a PROXY head', () => {
  let host, base;
  const start = async (env, probe = [V1]) => {
    const port = await freePort();
    const ready = async () => / 200 /.test(await talk(port, [...probe, get('probe', 'Connection: close\r\n')]).catch(() => ''));
    host = await startHost({ port, ready, env: { HUMAN_HTTP_PROXY_PROTOCOL: 'on', HUMAN_LIMITS_HEAD_TIMEOUT_MS: '60000', ...env } });
    return host;
  };
  after(() => host?.stop());

  const address = async (id) => JSON.parse(await until(() => host.log().split('\n').slice(0, -1).find((l) => l.includes(id)), 5000, 'the log has it')).ip;
  async function seen(pieces, options) {
    const id = unique('id');
    const text = await talk(host.port, [...pieces, get(id, 'Connection: close\r\n')], options);
    assert.match(text, /^HTTP\/1\.1 200 /);
    return address(id);
  }

  describe('of trusted proxies', () => {
    before(() => start({ HUMAN_HTTP_TRUSTED_PROXIES: '127.0.0.0/29, 10.0.0.0/8' }));
    after(() => host.stop());

    it('has the client that version 1 or 2 names', async () => {
      assert.equal(await seen([V1]), '203.0.113.9');
      assert.equal(await seen(['PROXY TCP6 2001:DB8::9 ::1 4711 443\r\n']), '2001:db8::9');
      assert.equal(await seen([v2(1, 0x11, FOUR)]), '198.51.100.7');
      assert.equal(await seen([v2(1, 0x11, Buffer.concat([FOUR, Buffer.alloc(3000, 'x')]))], { from: '127.0.0.7' }), '198.51.100.7');
    });

    it('has the proxy itself where it names nobody', async () => {
      for (const head of ['PROXY UNKNOWN\r\n', v2(0, 0), v2(1, 0), v2(1, 0x12, FOUR)]) assert.equal(await seen([head], { from: '127.0.0.2' }), '127.0.0.2');
    });

    it('takes it byte by byte, with the request in the same piece, and before many requests', async () => {
      assert.equal(await seen([...V1]), '203.0.113.9');
      assert.equal(await seen([...v2(1, 0x11, FOUR)].map((b) => Buffer.from([b]))), '198.51.100.7');
      const ids = [unique('id'), unique('id')];
      const text = await talk(host.port, [V1 + get(ids[0]) + get(ids[1], 'Connection: close\r\n')]);
      assert.equal(text.match(/HTTP\/1\.1 200 /g).length, 2);
      assert.deepEqual(await Promise.all(ids.map(address)), ['203.0.113.9', '203.0.113.9']);
    });

    it('believes headers of a client that is a trusted proxy, and of no other', async () => {
      const forwarded = (head, id) => talk(host.port, [head, get(id, 'X-Forwarded-For: 192.0.2.33\r\nConnection: close\r\n')]);
      const [a, b] = [unique('id'), unique('id')];
      await forwarded('PROXY TCP4 10.1.2.3 127.0.0.1 1 2\r\n', a);
      await forwarded(V1, b);
      assert.deepEqual([await address(a), await address(b)], ['192.0.2.33', '203.0.113.9']);
    });

    it('closes without a word, and with a line in the log, what is no head', async () => {
      base = host.log().length;
      for (const bad of [get('x'), '\x16\x03\x01\x02\x00\x01', 'PROXY TCP4 1.2.3 1.2.3.4 1 1\r\n', `PROXY UNKNOWN ${'x'.repeat(200)}`, 'PROXY TCP4 a b 1 2\n',
        v2(1, 0x11, FOUR.subarray(0, 8)), v2(2, 0x11, FOUR), v2(1, 0x11, Buffer.alloc(5000)), 'x'.repeat(100_000)]) {
        assert.equal(await talk(host.port, [bad]), '');
      }
      await until(() => /PROXY protocol: no head, or a malformed one, from 127\.0\.0\.1/.test(host.log().slice(base)), 20_000, 'the line');
      assert.ok(host.log().slice(base).match(/PROXY protocol/g).length <= 9);
      assert.equal(await seen([V1]), '203.0.113.9');
    });

    it('takes an end for no head', async () => {
      const socket = net.connect({ port: host.port, host: '127.0.0.1', allowHalfOpen: true });
      socket.end('PROXY TCP4');
      await once(socket.resume(), 'close');
    });

    it('serves others without one, and takes none from them', async () => {
      const from = '127.0.0.9';
      assert.equal(await seen([], { from }), from);
      assert.match(await talk(host.port, [V1, get('x')], { from }), /^HTTP\/1\.1 (400|405|501) /);
      assert.match(await talk(host.port, [v2(1, 0x11, FOUR), get('x')], { from }), /^HTTP\/1\.1 400 /);
    });

    it('leaves management to clients of this machine whom the proxy names', async () => {
      const body = () => JSON.stringify({ email: `${unique('p')}@example.com` });
      const create = async (head, options) => {
        const text = body();
        const answer = await talk(host.port, [head, `POST /api/users HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: ${text.length}\r\n\r\n${text}`], options);
        return [answer.slice(9, 12), /"message":"([^"]*)/.exec(answer)?.[1] ?? ''];
      };
      assert.equal((await create('PROXY TCP4 127.0.0.1 127.0.0.1 1 2\r\n'))[0], '201');
      assert.equal((await create(V1))[0], '401');
      for (const nobody of ['PROXY UNKNOWN\r\n', v2(0, 0)]) assert.match((await create(nobody))[1], /a PROXY header names no client/);
      assert.equal((await create('', { from: '127.0.0.9' }))[0], '201');
    });
  });

  it('waits for a head as long as for that of a request', async () => {
    await start({ HUMAN_LIMITS_HEAD_TIMEOUT_MS: String(HEAD_MS) });
    const began = Date.now(), halves = ['', 'PROXY TCP4 203.0.113.9', v2(1, 0x11, FOUR).subarray(0, 20)];
    assert.deepEqual(await Promise.all(halves.map((half) => talk(host.port, [half]))), ['', '', '']);
    assert.ok(Date.now() - began >= HEAD_MS);
    await host.stop();
  });

  it('of anybody has a client whom nobody vouches for', async () => {
    await start({});
    assert.equal(await seen([V1], { from: '127.0.0.9' }), '203.0.113.9');
    assert.equal(await talk(host.port, [get('x')]), '');
    const text = JSON.stringify({ email: `${unique('p')}@example.com` });
    const head = 'PROXY TCP4 127.0.0.1 127.0.0.1 1 2\r\n';
    const answer = await talk(host.port, [head, `POST /api/users HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: ${text.length}\r\n\r\n${text}`]);
    assert.match(answer, /^HTTP\/1\.1 401 [^]*not in http\.trusted_proxies/);
    await host.stop();
  });

  it('has it before TLS, in one piece with the hello or not', async () => {
    const { cert, key } = makeAuthority(tempDir()).issue('localhost', { hosts: ['localhost', '127.0.0.1'] });
    const port = await freePort();
    const secure = (head, id, together) => talk(port, together ? [] : [head], { wrap: async (socket, hear) => {
      if (together) { // holds the head back until the hello comes, and sends both at once
        const write = socket.write.bind(socket);
        socket.cork();
        write(head);
        setImmediate(() => socket.uncork());
      }
      const inner = tls.connect({ socket, rejectUnauthorized: false, servername: 'localhost' });
      inner.on('error', () => socket.destroy());
      inner.setEncoding('latin1').on('data', hear);
      inner.write(get(id, 'Connection: close\r\n'));
      await once(inner, 'close');
      socket.destroy();
    } });
    host = await startHost({ port, ready: async () => / 200 /.test(await secure(V1, 'probe').catch(() => '')),
      env: { HUMAN_HTTP_PROXY_PROTOCOL: 'port', HUMAN_TLS_CERTIFICATE: cert, HUMAN_TLS_KEY: key, HUMAN_LIMITS_HEAD_TIMEOUT_MS: '60000' } });
    for (const [head, ip] of [[V1, '203.0.113.9'], [v2(1, 0x11, FOUR), '198.51.100.7']]) {
      for (const together of [false, true]) {
        const id = unique('id');
        assert.match(await secure(head, id, together), /^HTTP\/1\.1 200 /);
        assert.equal(await address(id), ip);
      }
    }
    await host.stop();
  });
});
