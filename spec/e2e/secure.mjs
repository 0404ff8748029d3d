// spec/e2e/secure.mjs -- a host that speaks TLS, the authority that its clients trust, and bare handshakes.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import https from 'node:https';
import path from 'node:path';
import tls from 'node:tls';
import { makeHome, startHost } from './hosts.mjs';

const openssl = (...args) => execFileSync('openssl', args, { stdio: ['ignore', 'pipe', 'pipe'] });

const DAY_MS = 86_400_000;
/** A time in ms as openssl wants it: YYYYMMDDHHMMSSZ. */
const utc = (ms) => `${new Date(ms).toISOString().replace(/[-:T]|\..*/g, '')}Z`;

/** An authority in `dir`; issue(name, {hosts, key, days}) writes NAME.crt and NAME.key there. */
export function makeAuthority(dir) {
  const at = (name) => path.join(dir, name);
  openssl('req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '30', '-keyout', at('ca.key'),
          '-out', at('ca.crt'), '-subj', '/CN=test authority', '-addext', 'basicConstraints=critical,CA:TRUE',
          '-addext', 'keyUsage=critical,keyCertSign,cRLSign');
  const ca = fs.readFileSync(at('ca.crt'));
  fs.writeFileSync(at('index.txt'), '');
  fs.writeFileSync(at('serial'), '1000\n');
  const own = { database: at('index.txt'), serial: at('serial'), new_certs_dir: dir, certificate: at('ca.crt'), private_key: at('ca.key'),
    default_md: 'sha256', unique_subject: 'no', policy: 'any' };
  fs.writeFileSync(at('ca.cnf'), ['[ca]', 'default_ca=own', '[own]', ...Object.entries(own).map(([k, v]) => `${k}=${v}`),
    '[any]', 'commonName=supplied', ''].join('\n'));
  function issue(name, { hosts = [name], key = ['ec', '-pkeyopt', 'ec_paramgen_curve:P-256'], days = 30 } = {}) {
    fs.mkdirSync(path.dirname(at(name)), { recursive: true });
    fs.writeFileSync(at(`${name}.ext`), `subjectAltName=${hosts.map((h) => (/^[\d.]+$/.test(h) ? `IP:${h}` : `DNS:${h}`)).join(',')}\n`
      + 'extendedKeyUsage=serverAuth\nkeyUsage=digitalSignature\ncrlDistributionPoints=URI:http://crl.test/ca.crl\n');
    openssl('req', '-newkey', ...key, '-nodes', '-keyout', at(`${name}.key`), '-out', at(`${name}.csr`), '-subj', `/CN=${path.basename(name)}`);
    // `openssl ca` alone takes both dates in every version: a certificate may be over, and none ends before it begins.
    const end = Date.now() + days * DAY_MS, begin = Math.min(Date.now(), end) - DAY_MS;
    openssl('ca', '-batch', '-notext', '-config', at('ca.cnf'), '-in', at(`${name}.csr`), '-extfile', at(`${name}.ext`),
            '-startdate', utc(begin), '-enddate', utc(end), '-out', at(`${name}.crt`));
    fs.chmodSync(at(`${name}.key`), 0o600);
    return { cert: at(`${name}.crt`), key: at(`${name}.key`) };
  }
  return { dir, ca, at, issue };
}

/** One request: {status, headers, body (Buffer), socket}.  A connection of its own unless options say otherwise. */
export function request(url, { body, ...options } = {}) {
  return new Promise((resolve, reject) => {
    const req = https.request(url, { agent: false, ...options }, (res) => {
      const chunks = [], { socket } = res; // gone from res once it has ended
      res.on('data', (c) => chunks.push(c)).on('error', reject);
      res.on('end', () => resolve({ status: res.statusCode, headers: res.headers, body: Buffer.concat(chunks), socket }));
    });
    req.on('error', reject).end(body);
  });
}

/**
 * A host with a certificate for localhost and 127.0.0.1: what startHost() returns, and {authority, ca,
 * get(path, options)}.  days: that it is valid; negative: it has expired.
 */
export async function startSecure({ env = {}, scripts, days } = {}) {
  const home = makeHome();
  const authority = makeAuthority(fs.mkdtempSync(path.join(home, 'tls-')));
  const { cert, key } = authority.issue('main', { hosts: ['localhost', '127.0.0.1'], days });
  const { ca } = authority;
  const host = await startHost({
    home, scripts, scheme: 'https', env: { HUMAN_TLS_CERTIFICATE: cert, HUMAN_TLS_KEY: key, ...env },
    ready: (url) => request(`${url}/ready`, { ca, rejectUnauthorized: !(days < 0) }).then((r) => r.status === 200, () => false),
  });
  return { ...host, authority, ca, get: (at, options) => request(host.url + at, { ca, ...options }) };
}

/** A handshake: the connected socket, with `tickets` (sessions, as they come).  Rejects when it fails. */
export async function connect(port, options = {}) {
  const socket = tls.connect({ port, host: '127.0.0.1', rejectUnauthorized: false, ...options });
  socket.tickets = [];
  socket.on('session', (s) => socket.tickets.push(s));
  socket.on('error', () => {});
  await Promise.race([once(socket, 'secureConnect'), once(socket, 'error').then(([e]) => { throw e; })]);
  return socket;
}

/** What `openssl s_client` prints about a handshake that it may refuse or be refused. */
export async function handshake(port, ...args) {
  const child = spawn('openssl', ['s_client', '-connect', `127.0.0.1:${port}`, ...args], { stdio: ['pipe', 'pipe', 'pipe'] });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (t) => { text += t; });
  child.stdin.end('Q\n');
  await once(child, 'close');
  return text;
}
