// spec/e2e/tls.test.mjs -- what a handshake negotiates, with which certificate, and the cost of a failed
// handshake.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { errors } from './hosts.mjs';
import { exchange, open } from './raw.mjs';
import { connect, handshake, startSecure } from './secure.mjs';
import { freePort, root, until } from './support.mjs';

const BINARY = process.env.E2E_BINARY ?? path.join(root, 'build/human');
let host, redirectPort;

before(async () => {
  redirectPort = await freePort();
  host = await startSecure({ env: { HUMAN_WORKERS: '3', HUMAN_TLS_REDIRECT_PORT: redirectPort, HUMAN_TLS_HSTS_S: '3600',
                                    HUMAN_LIMITS_HEAD_TIMEOUT_MS: '4000' } });
});
after(async () => {
  const { code } = await host.stop();
  assert.equal(code, 0);
  assert.deepEqual(errors(host.log()).filter((line) => !/ended by signal 9/.test(line)), []);
});

describe('the protocol', () => {
  for (const version of ['TLSv1.2', 'TLSv1.3']) {
    it(`is ${version} for a client that speaks nothing else`, async () => {
      const socket = await connect(host.port, { minVersion: version, maxVersion: version });
      assert.equal(socket.getProtocol(), version);
      assert.match(socket.getCipher().name, /^(TLS_|ECDHE-(ECDSA|RSA)-(AES...-GCM|CHACHA20))/);
      socket.destroy();
    });
  }

  it('is nothing older, and no cipher without forward secrecy', async () => {
    for (const args of [['-tls1_1', '-cipher', 'ALL:@SECLEVEL=0'], ['-tls1', '-cipher', 'ALL:@SECLEVEL=0'],
                        ['-tls1_2', '-cipher', 'AES128-GCM-SHA256:AES256-SHA'], ['-tls1_2', '-cipher', 'ECDHE-ECDSA-AES128-SHA']]) {
      assert.match(await handshake(host.port, ...args), /alert (protocol version|handshake failure)/, args.join(' '));
    }
  });

  it('is HTTP/1.1, and refused to a client that asks for something else', async () => {
    const socket = await connect(host.port, { ALPNProtocols: ['h2', 'http/1.1'] });
    assert.equal(socket.alpnProtocol, 'http/1.1');
    socket.destroy();
    await assert.rejects(connect(host.port, { ALPNProtocols: ['h2', 'spdy/3'] }), /no application protocol|ECONNRESET/);
  });

  it('cannot be negotiated again on the same connection', async () => {
    const socket = await connect(host.port, { maxVersion: 'TLSv1.2' });
    const refused = once(socket, 'error');
    socket.renegotiate({}, () => {});
    assert.match((await refused)[0].message, /no renegotiation/);
    socket.destroy();
  });

  it('tells browsers to stay with https when that is set', async () => {
    assert.equal((await host.get('/health')).headers['strict-transport-security'], 'max-age=3600');
  });
});

describe('a session', () => {
  async function ticket(version) {
    const first = await connect(host.port, { ca: host.ca, maxVersion: version });
    await until(() => first.tickets.length, 5000, 'a ticket');
    first.destroy();
    return first.tickets[0];
  }

  for (const version of ['TLSv1.2', 'TLSv1.3']) {
    it(`is resumed at any worker (${version})`, async () => {
      const session = await ticket(version), workers = new Set();
      await until(async () => {
        const { body, socket } = await host.get('/health', { session, maxVersion: version });
        assert.equal(socket.isSessionReused(), true);
        workers.add(JSON.parse(body).worker);
        return workers.size === 3;
      }, 20_000, 'an answer of each worker');
    });
  }

  it('is resumed at the replacement of a dead worker', async () => {
    const session = await ticket(), [victim] = host.workers();
    process.kill(victim, 'SIGKILL');
    await until(() => host.workers().length === 3 && !host.workers().includes(victim), 10_000, 'a replacement');
    for (let i = 0; i < 12; i++) {
      const { status, socket } = await host.get('/health', { session });
      assert.deepEqual([status, socket.isSessionReused()], [200, true]);
    }
  });
});

describe('a client that does not speak TLS', () => {
  it('is told so when it speaks HTTP', async () => {
    const [answer] = await exchange(host.port, ['GET /health HTTP/1.1\r\nHost: x\r\n\r\n']);
    assert.equal(answer.status, 400);
    assert.equal(JSON.parse(answer.body).code, 'https_required');
  });

  it('costs nobody else anything, whatever it sends', async () => {
    const hello = Buffer.from('16030100ff010000fb0303', 'hex');
    const pieces = [Buffer.alloc(70000, 0xff), Buffer.from([0x16, 3, 1, 0xff, 0xff, 1]), Buffer.concat([hello, Buffer.alloc(300, 7)]),
                    Buffer.from([0x80, 0x2e, 1, 0, 2]), Buffer.alloc(1), hello];
    await Promise.all(pieces.map(async (bytes) => {
      const c = await open(host.port);
      c.write(bytes);
      await c.wait((at) => at.ended, 8000);
    }));
    assert.equal((await host.get('/health')).status, 200);
  });

  it('is cut off when its handshake takes too long', async () => { // limit: TLS handshake
    const c = await open(host.port), begun = Date.now();
    c.write(Buffer.from([0x16, 3, 1]));
    await c.wait((at) => at.ended, 10_000);
    assert.ok(Date.now() - begun > 1000, 'not at once');
  });

  it('is sent to https by the other port', async () => {
    const answers = await exchange(redirectPort, ['POST /a/b?c=%20d HTTP/1.1\r\nHost: example.test:80\r\nContent-Length: 2\r\n\r\nhi']);
    assert.equal(answers[0].status, 308);
    assert.equal(answers[0].headers.location, `https://example.test:${host.port}/a/b?c=%20d`);
    const [six] = await exchange(redirectPort, ['GET / HTTP/1.1\r\nHost: [::1]:8080\r\n\r\n']);
    assert.equal(six.headers.location, `https://[::1]:${host.port}/`);
    for (const name of ['a@b', 'a/b', '']) {
      const [bad] = await exchange(redirectPort, [`GET / HTTP/1.1\r\nHost: ${name}\r\n\r\n`]);
      assert.deepEqual([bad.status, bad.headers.location], [400, undefined], name);
    }
  });
});

describe('the programs that talk to a running server', () => {
  it('reach it over TLS', () => {
    const env = { ...process.env, HUMAN_CONFIG: '/dev/null', HUMAN_HOME: host.home, HUMAN_PORT: host.port,
                  HUMAN_TLS_CERTIFICATE: host.authority.at('main.crt'), HUMAN_TLS_KEY: host.authority.at('main.key') };
    assert.match(execFileSync(BINARY, ['ping'], { env, encoding: 'utf8' }), /^https:.*answers 200/);
    const said = execFileSync(BINARY, ['agent', '-m', 'hello'], { env, encoding: 'utf8' });
    assert.ok(said.trim().length > 0, said);
  });
});

