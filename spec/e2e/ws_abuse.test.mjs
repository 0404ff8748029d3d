// spec/e2e/ws_abuse.test.mjs -- WebSocket and Socket.IO as no proper client speaks them.
// Each violation ends its own connection with the right code, and nothing else.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { errors, startHost } from './hosts.mjs';
import { closeFrame, exchange, frame, frames, open, openWebSocket, responses, upgradeHead } from './raw.mjs';

const MAX = 4096;
let host;
before(async () => {
  host = await startHost({ scripts: ['spec/e2e/scripts/echo'],
    env: { HUMAN_WORKERS: '1', HUMAN_LIMITS_WS_MESSAGE_BYTES: MAX } });
});
after(async () => {
  assert.equal((await host?.stop())?.code, 0);
  assert.deepEqual(errors(host.log()), []);
});

/** What the server sends after these bytes, until it ends the connection. */
async function talk(bytes, path = '/echo.ws') {
  const c = await openWebSocket(host.port, path);
  for (const piece of [bytes].flat()) c.write(piece);
  await c.wait(() => c.ended);
  c.socket.destroy();
  return c.frames();
}

const utf8 = (...bytes) => Buffer.from(bytes);
const cut = { fin: false }, more = { opcode: 0, fin: false }, last = { opcode: 0 };

// [what, close code, frames]
const violations = [
  ...[1, 2, 4, 7].map((rsv) => [`reserved bits ${rsv}`, 1002, frame('a', { rsv })]),
  ...[3, 4, 5, 6, 7, 11, 12, 13, 14, 15].map((opcode) => [`opcode ${opcode}`, 1002, frame('a', { opcode })]),
  ['a frame without a mask', 1002, frame('a', { mask: false })],
  ['a ping without a mask', 1002, frame('a', { opcode: 9, mask: false })],
  ...[8, 9, 10].map((opcode) => [`control frame ${opcode} in fragments`, 1002, frame('', { opcode, fin: false })]),
  ...[8, 9, 10].map((opcode) => [`control frame ${opcode} of 126 bytes`, 1002, frame('a'.repeat(126), { opcode })]),
  ['a continuation of nothing', 1002, frame('a', last)],
  ['a continuation after the end', 1002, [frame('a', cut), frame('b', last), frame('c', last)]],
  ['a message inside a message', 1002, [frame('a', cut), frame('b')]],
  ['a length in two bytes too many', 1002, frame('a', { size: 2 })],
  ['a length in eight bytes too many', 1002, frame('a', { size: 8 })],
  ['a length over 2^63', 1002, frame('', { size: 8, length: 2 ** 63 })],
  ['a message that claims to be too large', 1009, frame('', { size: 8, length: 2 ** 40 })],
  ['a message of one byte too many', 1009, frame('a'.repeat(MAX + 1))],
  ['fragments that come to too much', 1009, [frame('a'.repeat(MAX), cut), frame('b', last)]],
  ['endless fragments', 1009, [frame('a', cut), ...Array(MAX).fill(frame('b', more))]],
  ...[[0xff], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80], [0xe2, 0x82], [0x80]].map((b) =>
    [`text ${utf8(...b).toString('hex')}`, 1007, frame(utf8(...b))]),
  ['half a character before the end', 1007, [frame(utf8(0xe2, 0x82), cut), frame('', last)]],
  ['a character that goes wrong in the next fragment', 1007, [frame(utf8(0xe2), cut), frame(utf8(0x28, 0xa1), last)]],
  ['a close frame of one byte', 1002, frame('a', { opcode: 8 })],
  ...[0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65535].map((code) => [`close code ${code}`, 1002, closeFrame(code)]),
  ['a close reason that is not UTF-8', 1007, closeFrame(1000, utf8(0xff))],
];

describe('what came before the end is answered before the close frame', () => {
  const ends = violations.filter(([, , bytes]) => !Array.isArray(bytes) && bytes.length < 9000)
    .concat([['a close frame', 1000, closeFrame(1000, 'bye')], ['a close frame of an application', 4000, closeFrame(4000)]]);
  for (const [what, code, bytes] of ends) {
    it(`${what}: the answer, then ${code}`, async () => {
      const [pong, one, two, close, ...rest] = await talk(Buffer.concat([
        frame('p', { opcode: 9 }), frame('one'), frame('tw', cut), frame('o', last), bytes]));
      assert.deepEqual([pong.opcode, String(one.payload), String(two.payload)], [10, 'one', 'two']);
      assert.deepEqual([close.opcode, close.code, rest], [8, code, []]);
    });
  }
});

describe('a broken frame ends the connection with the code for it', () => {
  for (const [what, code, bytes] of violations) {
    it(`${what}: ${code}`, async () => {
      const got = await talk([...[bytes].flat(), frame('never echoed')]);
      assert.deepEqual([got.at(-1)?.opcode, got.at(-1)?.code], [8, code]);
      assert.ok(!got.some((f) => f.payload.toString().includes('never')));
    });
  }
});

describe('what is correct is understood', () => {
  for (const code of [1000, 1001, 1011, 3000, 4999]) {
    it(`close code ${code} comes back`, async () => assert.deepEqual((await talk(closeFrame(code, 'bye'))).map((f) => f.code),
      [code]));
  }
  it('a close frame without a code comes back without', async () => {
    const [close] = await talk(frame('', { opcode: 8 }));
    assert.deepEqual([close.opcode, close.payload.length], [8, 0]);
  });
  it('nothing after a close frame is read', async () => {
    assert.equal((await talk([closeFrame(1000), frame('a'), frame('', { rsv: 7 })])).length, 1);
  });
  it('pings between fragments are answered, pongs are not', async () => {
    const c = await openWebSocket(host.port, '/echo.ws');
    for (const f of [frame('1', cut), frame('p', { opcode: 9 }), frame('x', { opcode: 10 }), frame('2', more),
      frame('', last)]) c.write(f);
    const got = await c.wait(() => c.frames().length === 2 && c.frames());
    assert.deepEqual(got.map((f) => [f.opcode, f.payload.toString()]), [[10, 'p'], [1, '12']]);
    c.socket.destroy();
  });
  it('frames may come byte by byte, or with the handshake', async () => {
    const bytes = Buffer.concat([frame('žluť'), frame('x'.repeat(200)), frame(utf8(0xff), { opcode: 2 })]);
    const slow = await openWebSocket(host.port, '/echo.ws');
    for (const byte of bytes) slow.write(Buffer.of(byte));
    const quick = await open(host.port);
    quick.write(Buffer.concat([Buffer.from(upgradeHead('/echo.ws')), bytes]));
    quick.frames = () => frames(quick.data().subarray(responses(quick.data())[0]?.next ?? Infinity));
    for (const c of [slow, quick]) {
      const got = await c.wait(() => c.frames().length === 3 && c.frames());
      assert.deepEqual(got.map((f) => [f.opcode, f.payload.length]), [[1, 6], [1, 200], [2, 1]]);
      c.socket.destroy();
    }
  });
});

describe('a handshake that is not one', () => {
  const good = upgradeHead('/echo.ws');
  const cases = [
    ['no key', 400, good.replace(/Sec-WebSocket-Key.*\r\n/, '')],
    ['a key of 15 bytes', 400, good.replace(/(Key: ).*/, '$1AAAAAAAAAAAAAAAAAAAA')],
    ['two keys', 400, good.replace(/(Sec-WebSocket-Key.*\r\n)/, '$1$1')],
    ['version 8', 426, good.replace('Version: 13', 'Version: 8')],
    ['no version', 426, good.replace(/Sec-WebSocket-Version.*\r\n/, '')],
    ['no Connection: Upgrade', 400, good.replace('Connection: Upgrade', 'Connection: keep-alive')],
    ['a body', 400, good.replace('\r\n\r\n', '\r\nContent-Length: 1\r\n\r\na')],
    ['another protocol', 426, good.replace('Upgrade: websocket', 'Upgrade: h2c')],
    ['POST', 405, good.replace('GET', 'POST')],
  ];
  for (const [what, status, bytes] of cases) {
    it(`${what}: ${status}`, async () => {
      const [answer] = await exchange(host.port, bytes, { half: true });
      assert.equal(answer.status, status);
      if (status === 426) assert.ok(answer.headers['sec-websocket-version'] === '13' || answer.headers.upgrade === 'websocket');
    });
  }
});

// ---- Socket.IO ------------------------------------------------------------------------------------

const SIO = '/socket.io/?EIO=4&transport=websocket';
const deep = (n) => '['.repeat(n) + ']'.repeat(n);

describe('Socket.IO packets before anybody is let in', () => {
  const packets = ['', '9', 'x', '2', '4', '49', '4x', '42["message",{}]', '41', '43', '431[1]', '44{}', '40[]', '40"x"', '40{',
    '40{}x', '40/', '40/nowhere', `40{"a":${deep(30)}}`, `40{"a":${deep(1000)}}`, '40{"apiKey":5,"agentId":[]}', '40{"a":1e999}',
    '40{"a":"\\u0000"}', '451-["x",{"_placeholder":true,"num":0}]', '4599999999999999-["x"]', '45-["x"]',
    '4299999999999999999999["x"]', '5', '6',
    '2probe'];
  for (const packet of packets) {
    it(`${JSON.stringify(packet.slice(0, 40))} gets nobody in`, async () => {
      const c = await openWebSocket(host.port, SIO);
      c.write(Buffer.concat([frame(packet), frame('40{"agentId":"c00000000","apiKey":"ak_none"}')]));
      await c.wait(() => c.ended || c.frames().some((f) => f.opcode === 8 || f.payload.toString().startsWith('44')));
      assert.ok(!c.frames().some((f) => /^4[02]/.test(f.payload.toString())));
      c.socket.destroy();
    });
  }
  it('bytes where none are expected end the connection', async () => {
    assert.equal((await talk([frame('abc', { opcode: 2 }), closeFrame(1000)], SIO)).at(-1).opcode, 8);
  });
  it('a packet over the limit ends the connection with 1009', async () => {
    assert.equal((await talk(frame('4'.repeat(MAX + 1)), SIO)).at(-1).code, 1009);
  });
});

describe('Socket.IO payloads of polling', () => {
  const url = (query) => `${host.url}/socket.io/?EIO=4&transport=polling${query}`;
  const session = async () => JSON.parse((await (await fetch(url(''))).text()).slice(1)).sid;
  const payloads = [['only separators', '\x1e'.repeat(4000)], ['thousands of connects', Array(1300).fill('40').join('\x1e')],
    ['bytes that are not base64', 'b!!!!'], ['bytes that nobody announced', 'bAAAA'],
    ['text that is not UTF-8', Buffer.of(0x34, 0x32, 0xff)],
    ['NUL', '42["a\0"]'], ['an event without a session in the namespace', '42["message",{}]']];
  for (const [what, body] of payloads) {
    it(`${what}: the session ends, the server does not`, async () => {
      const sid = await session();
      const answer = await fetch(url(`&sid=${sid}`), { method: 'POST', body });
      assert.ok([200, 400].includes(answer.status), String(answer.status));
      const after_ = await fetch(url(`&sid=${sid}`)).then(async (r) => [r.status, await r.text()]);
      assert.ok(after_[0] === 400 || /(^|\x1e)(1|44\{)/.test(after_[1]), JSON.stringify(after_));
      assert.equal((await fetch(`${host.url}/health`)).status, 200);
    });
  }
  it('one over the limit is refused with 413, and the session lives', async () => {
    const sid = await session();
    assert.equal((await fetch(url(`&sid=${sid}`), { method: 'POST', body: '4'.repeat(MAX + 1) })).status, 413);
    assert.equal((await fetch(url(`&sid=${sid}`), { method: 'POST', body: '3' })).status, 200);
  });
});
