// spec/e2e/tls_scan.test.mjs -- testssl.sh (Debian's package) scans a running server and finds nothing worse
// than LOW.  Skipped are its simulations of clients, which say nothing about weaknesses, and its second pass
// over all ciphers.  No finding is excepted.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, it } from 'node:test';
import { startSecure } from './secure.mjs';

const LIMIT_MS = 240_000;
const PARTS = [['--protocols', '--std', '--fs', '--server-preference', '--server-defaults', '--headers'],
               ['--heartbleed', '--ccs-injection', '--ticketbleed', '--robot', '--renegotiation', '--compression', '--breach', '--poodle',
                '--tls-fallback', '--sweet32', '--freak', '--drown', '--logjam', '--beast', '--lucky13', '--rc4']]; // at the same time
let host;

before(async () => {
  host = await startSecure({ days: 90, env: { HUMAN_TLS_HSTS_S: '31536000' } });
});
after(() => host.stop());

/** Its findings, as [{id, severity, finding}]. */
async function scan(name, options) {
  const file = path.join(host.authority.dir, `${name}.json`);
  const args = ['--quiet', '--color', '0', '--warnings', 'batch', '--nodns', 'none', '--add-ca', host.authority.at('ca.crt'),
                '--jsonfile', file, ...options, `https://localhost:${host.port}/health`];
  const out = await new Promise((resolve) => {
    execFile('testssl', args, { timeout: LIMIT_MS, killSignal: 'SIGKILL', maxBuffer: 1 << 24 }, (error, stdout) => resolve(stdout));
  });
  assert.ok(fs.existsSync(file), out);
  return JSON.parse(fs.readFileSync(file, 'utf8'));
}

it('has no weakness that testssl.sh knows', { timeout: LIMIT_MS }, async () => {
  const findings = (await Promise.all(PARTS.map((options, i) => scan(`part-${i}`, options)))).flat();
  const bad = findings.filter((f) => /^(MEDIUM|HIGH|CRITICAL|FATAL)$/.test(f.severity));
  assert.deepEqual(bad.map((f) => `${f.severity} ${f.id}: ${f.finding}`), []);
  // It did look.
  const said = Object.fromEntries(findings.map((f) => [f.id, f]));
  for (const id of ['SSLv2', 'SSLv3', 'heartbleed', 'CCS', 'ticketbleed', 'ROBOT', 'CRIME_TLS', 'POODLE_SSL', 'SWEET32', 'FREAK', 'DROWN',
                    'LOGJAM', 'LUCKY13', 'secure_client_renego', 'cert_chain_of_trust', 'cert_trust']) {
    assert.equal(said[id]?.severity, 'OK', `${id}: ${JSON.stringify(said[id])}`);
  }
  assert.match(said.TLS1_3.finding, /offered with final/);
  assert.match(said.TLS1_2.finding, /offered/);
  assert.match(said.HSTS_time?.finding ?? '', /365 days/);
});
