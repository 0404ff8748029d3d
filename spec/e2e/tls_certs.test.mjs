// spec/e2e/tls_certs.test.mjs -- which certificate a client gets, new ones without a restart, and the messages
// about unusable files.
import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { makeHome } from './hosts.mjs';
import { connect, makeAuthority, startSecure } from './secure.mjs';
import { freePort, next, root } from './support.mjs';

const BINARY = process.env.E2E_BINARY ?? path.join(root, 'build/human');

/** Runs the program to its end: {code, out}. */
const run = (args, env) => new Promise((resolve) => {
  execFile(BINARY, args, { env: { ...process.env, HUMAN_CONFIG: '/dev/null', HUMAN_AGENT_PORT: '0', ...env }, timeout: 60_000, killSignal: 'SIGKILL' },
    (error, stdout, stderr) => resolve({ code: error ? error.code : 0, out: stdout + stderr }));
});

const openssl = (...args) => execFileSync('openssl', args, { stdio: 'pipe' });

describe('a server with several certificates', () => {
  let host, env;
  const dir = makeHome();
  const others = makeAuthority(dir);
  const certs = path.join(dir, 'more');

  before(async () => {
    others.issue('more/www', { hosts: ['www.one.test', '*.one.test'], key: ['rsa:2048'] });
    others.issue('more/api', { hosts: ['api.one.test'] });
    others.issue('live', { hosts: ['two.test'] });
    fs.mkdirSync(path.join(certs, 'two.test')); // as ACME clients lay them out
    fs.renameSync(path.join(dir, 'live.crt'), path.join(certs, 'two.test/fullchain.pem'));
    fs.renameSync(path.join(dir, 'live.key'), path.join(certs, 'two.test/privkey.pem'));
    fs.writeFileSync(path.join(certs, 'README'), 'not a certificate\n');
    host = await startSecure({ env: { HUMAN_TLS_DIRECTORY: certs } });
    env = { HUMAN_HOME: host.home, HUMAN_PORT: host.port };
  });
  after(() => host.stop());

  /** The name in the certificate that a client is shown. */
  async function shown(servername, options) {
    const socket = await connect(host.port, { servername, ...options });
    const { CN } = socket.getPeerCertificate().subject;
    socket.destroy();
    return CN;
  }

  it('shows the one for the name that the client asks for', async () => {
    const names = { 'www.one.test': 'www', 'API.one.test': 'api', 'else.one.test': 'www', 'two.test': 'live', 'a.two.test': 'main',
                    'a.b.one.test': 'main', 'unknown.test': 'main' };
    for (const [name, cn] of Object.entries(names)) {
      for (const maxVersion of ['TLSv1.2', 'TLSv1.3']) assert.equal(await shown(name, { maxVersion }), cn, name);
    }
    assert.equal(await shown(undefined), 'main');
  });

  it('takes new ones by a reload; connections stay', async () => {
    const kept = await connect(host.port, { servername: 'api.one.test' });
    fs.unlinkSync(path.join(certs, 'api.crt'));
    others.issue('more/next', { hosts: ['api.one.test'] });
    const { code, out } = await run(['reload'], env);
    assert.equal(code, 0, out);
    for (let i = 0; i < 8; i++) assert.equal(await shown('api.one.test'), 'next'); // at any worker
    kept.write('GET /health HTTP/1.1\r\nHost: x\r\n\r\n');
    assert.match(String((await next(kept, 'data'))[0]), /200 OK/);
    kept.destroy();
  });

  it('stays with the old ones when one of the new ones will not do', async () => {
    fs.chmodSync(path.join(certs, 'next.key'), 0o644);
    const { code, out } = await run(['reload'], env);
    assert.notEqual(code, 0);
    assert.match(out, /tls\.directory: .*next\.key: .*private key.*0644/);
    assert.equal(await shown('api.one.test'), 'next');
    fs.chmodSync(path.join(certs, 'next.key'), 0o600);
    assert.equal((await run(['reload'], env)).code, 0);
  });

  it('gives what is in force to a worker that takes the place of a dead one', async () => {
    for (const pid of host.workers()) process.kill(pid, 'SIGKILL');
    for (let i = 0; i < 4; i++) assert.equal(await shown('api.one.test'), 'next'); // waits in the backlog
  });
});

describe('a certificate that will not do', () => {
  const dir = makeHome();
  const authority = makeAuthority(dir);
  const good = authority.issue('good'), other = authority.issue('other');
  const at = (name) => path.join(dir, name);

  const refused = {
    'a missing file': [{ cert: at('none.crt'), key: good.key }, /^HUMAN_TLS_CERTIFICATE: tls\.certificate: .*none\.crt: No such file/m],
    'a missing key': [{ cert: good.cert, key: at('none.key') }, /tls\.key: .*none\.key: No such file/],
    'no certificate in the file': [{ cert: good.key, key: good.key }, /tls\.certificate: .*good\.key: no certificate in PEM form/],
    'no key in the file': [{ cert: good.cert, key: at('bare.key') }, /tls\.key: .*bare\.key: no private key in PEM form/],
    'the key of another one': [{ cert: good.cert, key: other.key }, /tls\.key: .*other\.key: this key does not belong to the certificate in .*good\.crt/],
    'a key with a password': [{ cert: good.cert, key: at('locked.key') }, /tls\.key: .*locked\.key: the key is protected by a password/],
    'a key that everybody may read': [{ cert: good.cert, key: at('open.key') }, /tls\.key: .*open\.key: .*\(mode 0644\).*chmod/],
    'a key without a certificate': [{ key: good.key }, /tls\.key: has no meaning without tls\.certificate/],
    'an empty directory': [{ dir: at('empty') }, /tls\.directory: .*empty: no certificate is in it/],
    'a weak key': [{ cert: at('weak.crt'), key: at('weak.key') }, /tls\.certificate: .*weak\.crt: .*too small/],
  };

  before(() => {
    const text = fs.readFileSync(good.key);
    fs.writeFileSync(at('open.key'), text, { mode: 0o644 });
    fs.writeFileSync(at('bare.key'), 'hello\n', { mode: 0o600 });
    fs.mkdirSync(at('empty'));
    openssl('ec', '-in', good.key, '-aes128', '-passout', 'pass:x', '-out', at('locked.key'));
    fs.chmodSync(at('locked.key'), 0o600);
    authority.issue('weak', { key: ['rsa:1024'] });
  });

  for (const [what, [{ cert = '', key = '', dir: directory = '' }, message]] of Object.entries(refused)) {
    it(`is refused at the start: ${what}`, async () => {
      const { code, out } = await run(['gateway'], { HUMAN_HOME: at('home'), HUMAN_PORT: await freePort(), HUMAN_TLS_CERTIFICATE: cert,
                                                     HUMAN_TLS_KEY: key, HUMAN_TLS_DIRECTORY: directory });
      assert.equal(code, 1, out);
      assert.match(out, message);
    });
  }

  it('is used all the same when only its time is over, with a warning', async () => {
    const host = await startSecure({ days: -1 });
    assert.match(host.log(), /"level":"warn".*main\.crt: the certificate has expired at \d{4}-/);
    assert.equal(host.log().match(/has expired/g).length, 1);
    await host.stop();
  });
});
