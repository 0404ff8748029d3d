// spec/e2e/http_abuse.test.mjs -- HTTP as attackers, broken proxies and slow clients speak it.
// A request that two parsers could interpret differently is refused, and nothing after it is ever answered.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import { after, before, describe, it } from 'node:test';
import { errors, startHost } from './hosts.mjs';
import { exchange, open, responses } from './raw.mjs';

const HEAD_MS = 1500, DRIP_MS = 50; // what drips does so for a minute, and is cut long before
let host;
before(async () => {
  host = await startHost({ scripts: ['spec/e2e/scripts/echo'], env: { HUMAN_WORKERS: '1' } });
});
after(async () => {
  assert.equal((await host?.stop())?.code, 0);
  assert.deepEqual(errors(host.log()), []);
});

const send = (pieces, options) => exchange(host.port, pieces, options);
const SMUGGLED = 'GET /health HTTP/1.1\r\nHost: x\r\n\r\n';
const CLOSE = 'Connection: close\r\n';
const post = (headers, body = '', target = '/echo') =>
  `POST ${target} HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\n${headers}\r\n${body}`;
const chunked = (body) => post('Transfer-Encoding: chunked\r\n', body);
const get = (headers = '', target = '/health', version = 'HTTP/1.1') => `GET ${target} ${version}\r\nHost: x\r\n${headers}\r\n`;

// What must be refused: [what, status (several: whichever check comes first), bytes].
const refused = [
  ['both Content-Length and Transfer-Encoding', 400, post('Content-Length: 5\r\nTransfer-Encoding: chunked\r\n', '0\r\n\r\n')],
  ['Transfer-Encoding before Content-Length', 400, post('Transfer-Encoding: chunked\r\nContent-Length: 5\r\n', '0\r\n\r\n')],
  ['two Content-Lengths', 400, post('Content-Length: 1\r\nContent-Length: 2\r\n', 'ab')],
  ['the same Content-Length twice', 400, post('Content-Length: 1\r\nContent-Length: 1\r\n', 'a')],
  ...['1, 1', '+1', '-1', '0x1', '1 1', '1e0', '', 'a', '1;', '\x0b1'].map((v) =>
    [`Content-Length ${JSON.stringify(v)}`, 400, post(`Content-Length: ${v}\r\n`, 'a')]),
  ['a Content-Length over 2^64', [413, 400], post('Content-Length: 18446744073709551617\r\n', 'a')],
  ...['gzip', 'gzip, chunked', 'chunked, gzip', 'chunked, chunked', 'identity', 'xchunked', 'chunked;q=1',
    '"chunked"'].map((v) => [`Transfer-Encoding ${v}`, [501, 400], post(`Transfer-Encoding: ${v}\r\n`, '0\r\n\r\n')]),
  ['an empty Transfer-Encoding', 400, post('Transfer-Encoding:\r\n', '0\r\n\r\n')],
  ['two Transfer-Encodings', 400, post('Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n', '0\r\n\r\n')],
  ['Transfer-Encoding in HTTP/1.0', 400, chunked('0\r\n\r\n').replace('HTTP/1.1', 'HTTP/1.0')],
  ['a space before the colon', 400, post('Transfer-Encoding : chunked\r\n', '0\r\n\r\n')],
  ['a tab before the colon', 400, post('Content-Length\t: 1\r\n', 'a')],
  ['a vertical tab in a coding', 400, post('Transfer-Encoding: \x0bchunked\r\n', '0\r\n\r\n')],
  ['a folded header', 400, post('Content-Length:\r\n 1\r\n', 'a')],
  ['a fold before the first header', 400, 'GET /health HTTP/1.1\r\n X: y\r\nHost: x\r\n\r\n'],
  ...['g\r\n', '\r\n', '-1\r\n', '+1\r\n', '0x1\r\n', ' 1\r\n', '1 \r\n', '1\n', '1\r', '1;a\nb\r\n', '1;\0\r\n'].map((v) =>
    [`the chunk size ${JSON.stringify(v)}`, 400, chunked(`${v}a\r\n0\r\n\r\n`)]),
  ['a chunk size over 2^64', 413, chunked('10000000000000001\r\na\r\n0\r\n\r\n')],
  ['a chunk longer than its size', 400, chunked('1\r\nab\r\n0\r\n\r\n')],
  ['a chunk that ends with LF', 400, chunked('1\r\na\n0\r\n\r\n')],
  ['a trailer without a name', 400, chunked('0\r\n: x\r\n\r\n')],
  ['a trailer with NUL', 400, chunked('0\r\na: \0\r\n\r\n')],
  ['endless chunk extensions', 431, chunked(`1;${'a'.repeat(20000)}\r\na\r\n0\r\n\r\n`)],
  ['endless trailers', 431, chunked(`0\r\n${'a: b\r\n'.repeat(4000)}\r\n`)], // limit: chunk framing
  ['endless zeros before a chunk size', 431, chunked('0'.repeat(20000))],
  ['LF alone at line ends', 400, get().replaceAll('\r\n', '\n')],
  ['LF alone after one header', 400, 'GET /health HTTP/1.1\r\nHost: x\nX: y\r\n\r\n'],
  ['CR alone in a value', 400, get('X: a\rb\r\n')],
  ['CR CR LF', 400, get('X: a\r\r\n')],
  ...['\0', '\x01', '\x7f', '\x08'].map((c) => [`${JSON.stringify(c)} in a value`, 400, get(`X: a${c}b\r\n`)]),
  ...['\0', ' ', '(', '@', '\x80'].map((c) => [`${JSON.stringify(c)} in a name`, 400, get(`X${c}Y: a\r\n`)]),
  ['a header without a colon', 400, get('X\r\n')],
  ['a header without a name', 400, get(': a\r\n')],
  ['no Host', 400, 'GET /health HTTP/1.1\r\n\r\n'],
  ['two Hosts', 400, get('Host: y\r\n')],
  ...['a b', 'a/b', 'a@b', 'a,b', 'a?b'].map((v) => [`the Host ${v}`, 400, `GET /health HTTP/1.1\r\nHost: ${v}\r\n\r\n`]),
  ['two spaces after the method', 400, 'GET  /health HTTP/1.1\r\nHost: x\r\n\r\n'],
  ['two spaces before the version', 400, get('', '/health ')],
  ['tabs in the request line', 400, 'GET\t/health\tHTTP/1.1\r\nHost: x\r\n\r\n'],
  ['no version', 400, 'GET /health\r\nHost: x\r\n\r\n'],
  ['a target without a slash', 400, get('', 'health')],
  ...['/a\0', '/a\x01', '/\xff', '/a#b', '/a\tb'].map((t) => [`the target ${JSON.stringify(t)}`, 400, get('', t)]),
  ['HTTP/0.9', 505, get('', '/health', 'HTTP/0.9')],
  ['HTTP/1.2', 505, get('', '/health', 'HTTP/1.2')],
  ['HTTP/2.0', 505, get('', '/health', 'HTTP/2.0')],
  ['a version in lower case', 400, get('', '/health', 'http/1.1')],
  ['the preface of HTTP/2', 505, 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
  ['a method of 65 characters', 501, `${'B'.repeat(65)} /health HTTP/1.1\r\nHost: x\r\n\r\n`],
  ['a TLS hello', 400, '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'],
  ['an unknown expectation', 417, post('Expect: 200-ok\r\nContent-Length: 1\r\n', 'a')],
  ['a head of 17 KB', 431, get(`X: ${'a'.repeat(17000)}\r\n`)],
  ['a thousand headers', 431, get('a:b\r\n'.repeat(1000))], // limit: headers
  ['a target of 9,000 bytes', 414, get('', `/${'a'.repeat(9000)}`)],
  ['a body over the limit', 413, post('Content-Length: 1048577\r\n', 'a')],
  ['a chunked body over the limit', 413, chunked(`100001\r\n${'a'.repeat(1000)}`)],
];

describe('a request that cannot be trusted is refused, and what follows it is not read', () => {
  for (const [what, status, bytes] of refused) {
    it(`${what}: ${status}`, async () => {
      const got = await send(bytes + SMUGGLED + SMUGGLED);
      assert.equal(got.length, 1);
      assert.ok([status].flat().includes(got[0].status), got[0].line);
      assert.equal(got[0].headers.connection, 'close');
      assert.match(got[0].headers['content-type'], /^application\/json/);
      const body = JSON.parse(got[0].body);
      assert.deepEqual([typeof body.error, typeof body.code], ['string', 'string']);
    });
  }

  it('the next client is served', async () => {
    assert.deepEqual((await send(get(CLOSE))).map((r) => r.status), [200]);
  });
});

// What must be understood: [what, bytes, statuses].
const understood = [
  ['empty lines before a request', `\r\n\r\n${get(CLOSE)}`, [200]],
  ['the absolute form', get(CLOSE, 'http://example.com/health'), [200]],
  ['white space around a value', `GET /health HTTP/1.1\r\nHost: \t x \t\r\n${CLOSE}\r\n`, [200]],
  ['HTTP/1.0 without Host, which closes', 'GET /health HTTP/1.0\r\n\r\n', [200]],
  ['HTTP/1.0 that stays when asked to', `GET /health HTTP/1.0\r\nConnection: keep-alive\r\n\r\n${get(CLOSE)}`, [200, 200]],
  ['chunks with extensions and trailers', post(`Transfer-Encoding: Chunked\r\n${CLOSE}`,
    '2;a="b"\r\nab\r\n0003\r\ncde\r\n0\r\nX: y\r\n\r\n'), [200]],
  ['OPTIONS *', `OPTIONS * HTTP/1.1\r\nHost: x\r\n${CLOSE}\r\n`, [204]],
  ['OPTIONS of a route', `OPTIONS /api/agents HTTP/1.1\r\nHost: x\r\n${CLOSE}\r\n`, [204]],
  ['a method that the route has not', `PATCH /api/agents HTTP/1.1\r\nHost: x\r\n${CLOSE}\r\n`, [405]],
  ['no such path', get(CLOSE, '/nowhere'), [404]],
  ['one byte at a time', [...get(CLOSE)], [200]],
];

describe('unusual but correct:', () => {
  for (const [what, bytes, statuses] of understood) {
    it(what, async () => assert.deepEqual((await send(bytes)).map((r) => r.status), statuses));
  }

  it('OPTIONS and 405 name the methods', async () => {
    for (const method of ['OPTIONS', 'PATCH']) {
      const [answer] = await send(`${method} /api/agents HTTP/1.1\r\nHost: x\r\n${CLOSE}\r\n`);
      const allow = answer.headers.allow.split(', ');
      for (const name of ['GET', 'HEAD', 'POST', 'OPTIONS']) assert.ok(allow.includes(name), answer.headers.allow);
      assert.ok(!allow.includes('PATCH'));
    }
  });

  it('HEAD is GET without the body', async () => {
    const [full] = await send(get(CLOSE, '/openapi.json'));
    const [empty] = await send(get(CLOSE, '/openapi.json').replace('GET', 'HEAD'), { head: true });
    assert.equal(empty.status, 200);
    assert.equal(empty.headers['content-length'], full.headers['content-length']);
    assert.equal(empty.next > 0 && empty.body, '');
  });

  it('100 is sent to who expects it, before the body', async () => {
    const c = await open(host.port);
    c.write(post(`Expect: 100-continue\r\nContent-Length: 5\r\n${CLOSE}`));
    await c.wait(() => c.data().toString().endsWith('100 Continue\r\n\r\n'));
    c.write('hello');
    await c.wait(() => c.ended);
    assert.deepEqual(responses(c.data()).map((r) => [r.status, r.body]), [[100, ''], [200, 'hello']]);
    c.socket.destroy();
  });

  it('a body that will be refused is not asked for', async () => {
    const [answer] = await send(post('Expect: 100-continue\r\nContent-Length: 99999999\r\n'));
    assert.equal(answer.status, 413);
  });

  for (const [status, head] of [[413, post('Content-Length: 8000000\r\n')], [431, post(`Content-Length: 8000000\r\nX: ${'a'.repeat(17000)}\r\n`)],
    [400, post('Content-Length: 8000000\r\nContent-Length: 1\r\n')]]) {
    it(`a client that sends all of its body before it reads is told ${status}`, async () => {
      const socket = net.connect(host.port, '127.0.0.1').pause();
      await once(socket, 'connect');
      for (const piece of [head, ...Array(100).fill('x'.repeat(80_000))]) if (!socket.write(piece)) await once(socket, 'drain');
      let text = '';
      for await (const bytes of socket) text += bytes;
      assert.match(text, new RegExp(`^HTTP/1.1 ${status} .*\\}$`, 's'));
    });
  }

  it('a client that has closed its half is still answered', async () => {
    assert.deepEqual((await send(get() + get(), { half: true })).map((r) => r.status), [200, 200]);
    assert.deepEqual(await send('GET /health HTTP/1.1\r\nHo', { half: true }), []);
  });
});

describe('pipelined requests', () => {
  const request = (i) => {
    const n = String(i).length; // at most 15, so the same in hexadecimal
    return i % 3 ? post(`Content-Length: ${n}\r\n`, String(i)) : chunked(`${n}\r\n${i}\r\n0\r\n\r\n`);
  };

  it('are answered in order, all of them', async () => {
    const n = 300;
    const got = await send([...Array(n).keys()].map(request).join('') + get(CLOSE));
    assert.equal(got.length, n + 1);
    assert.deepEqual(got.slice(0, n).map((r) => r.body), [...Array(n).keys()].map(String));
  });

  it('are read alike wherever the segments end', async () => {
    const bytes = `${request(1)}${request(3)}${get(CLOSE)}`;
    for (let from = 1; from < bytes.length; from += 40) {
      const cuts = [...Array(Math.min(40, bytes.length - from)).keys()].map((i) => from + i);
      const all = await Promise.all(cuts.map((at) => send([bytes.slice(0, at), bytes.slice(at)])));
      for (const got of all) assert.deepEqual(got.map((r) => r.status), [200, 200, 200]);
    }
  });
});

describe('slow clients', { concurrency: true }, () => {
  let impatient;
  before(async () => {
    impatient = await startHost({ scripts: ['spec/e2e/scripts/echo'], env: { HUMAN_WORKERS: '1',
      HUMAN_LIMITS_HEAD_TIMEOUT_MS: HEAD_MS, HUMAN_LIMITS_BODY_TIMEOUT_MS: 1200, HUMAN_LIMITS_KEEPALIVE_TIMEOUT_MS: 1000 } });
  });
  after(async () => {
    assert.equal((await impatient?.stop())?.code, 0);
    assert.deepEqual(errors(impatient.log()), []);
  });
  const timed = async (pieces) => {
    const c = await open(impatient.port), begun = Date.now();
    const timer = setInterval(() => pieces.length && c.write(pieces.shift()), DRIP_MS);
    await c.wait(() => c.ended);
    clearInterval(timer);
    c.socket.destroy();
    return { statuses: responses(c.data()).map((r) => r.status), ms: Date.now() - begun };
  };
  const drip = (bytes) => [...bytes];

  it('who send a head byte by byte get 408', async () => {
    const { statuses, ms } = await timed(drip(get(`X: ${'a'.repeat(1200)}\r\n`)));
    assert.deepEqual(statuses, [408]);
    assert.ok(ms < HEAD_MS * 10, `${ms} ms`);
  });
  it('who send a body byte by byte get 408', async () => {
    const { statuses } = await timed([post('Content-Length: 1200\r\n'), ...drip('a'.repeat(1200))]);
    assert.deepEqual(statuses, [408]);
  });
  it('who send chunks byte by byte get 408', async () => {
    const { statuses } = await timed([post('Transfer-Encoding: chunked\r\n'), ...drip('1\r\na\r\n'.repeat(200))]);
    assert.deepEqual(statuses, [408]);
  });
  it('who send nothing are let go in silence', async () => assert.deepEqual((await timed([])).statuses, []));
  it('who send nothing more are let go in silence', async () => assert.deepEqual((await timed([get()])).statuses, [200]));
  it('who send empty lines for ever are let go', async () => {
    const { ms } = await timed(Array(1200).fill('\r\n'));
    assert.ok(ms < HEAD_MS * 10, `${ms} ms`);
  });
});
