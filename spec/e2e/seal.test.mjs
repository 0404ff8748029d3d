// spec/e2e/seal.test.mjs -- sealed texts are XAES-256-GCM, according to an independent implementation.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import crypto from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { root } from './support.mjs';

const BINARY = process.env.E2E_BINARY ?? path.join(root, 'build/human');

/** c2sp.org/XAES-256-GCM: the key and the nonce of one text. */
function derive(key, nonce) {
  const aes = (block) => {
    const c = crypto.createCipheriv('aes-256-ecb', key, null).setAutoPadding(false);
    return Buffer.concat([c.update(block), c.final()]);
  };
  const l = BigInt(`0x${aes(Buffer.alloc(16)).toString('hex')}`);
  const k1 = ((l << 1n) & ((1n << 128n) - 1n)) ^ (l >> 127n ? 0x87n : 0n);
  const half = (n) => {
    const m = BigInt(`0x000${n}5800${nonce.subarray(0, 12).toString('hex')}`) ^ k1;
    return aes(Buffer.from(m.toString(16).padStart(32, '0'), 'hex'));
  };
  return [Buffer.concat([half(1), half(2)]), nonce.subarray(12)];
}

function seal(key, nonce, text, aad) {
  const c = crypto.createCipheriv('aes-256-gcm', ...derive(key, nonce)).setAAD(aad);
  return Buffer.concat([c.update(text), c.final(), c.getAuthTag()]);
}

function open(key, nonce, sealed, aad) {
  const c = crypto.createDecipheriv('aes-256-gcm', ...derive(key, nonce)).setAAD(aad).setAuthTag(sealed.subarray(-16));
  return Buffer.concat([c.update(sealed.subarray(0, -16)), c.final()]).toString();
}

/** What `code` is in a process of the host's. */
function inHost(home, code) {
  fs.writeFileSync(`${home}/run_spec.lua`,
    `local crypto = require "human.crypto"\nit("runs", function() print("=" .. tostring(${code}) .. "=") end)`);
  const text = execFileSync(BINARY, ['test', '-o', 'TAP', `${home}/run_spec.lua`],
    { env: { ...process.env, HUMAN_HOME: home, HUMAN_LOG_LEVEL: 'error' }, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  return /=(.*)=\n/.exec(text)[1];
}

test('the vectors of the specification hold for the other implementation', () => {
  const nonce = Buffer.from('ABCDEFGHIJKLMNOPQRSTUVWX'), text = Buffer.from('XAES-256-GCM');
  assert.equal(seal(Buffer.alloc(32, 1), nonce, text, Buffer.alloc(0)).toString('hex'),
    'ce546ef63c9cc60765923609b33a9a1974e96e52daf2fcf7075e2271');
  assert.equal(seal(Buffer.alloc(32, 3), nonce, text, Buffer.from('c2sp.org/XAES-256-GCM')).toString('hex'),
    '986ec1832593df5443a179437fd083bf3fdb41abd740a21f71eb769d');
});

test('each opens what the other has sealed', (t) => {
  const home = fs.mkdtempSync(path.join(os.tmpdir(), 'human-seal-'));
  fs.chmodSync(home, 0o711);
  t.after(() => fs.rmSync(home, { recursive: true }));
  const aad = Buffer.from('\x01rows.token 7');
  const ours = inHost(home, 'crypto.seal("a text", "rows.token 7")');
  const [, , id, encoded] = ours.split(':');
  const key = Buffer.from(fs.readFileSync(`${home}/seal.key`, 'utf8').trim(), 'hex');
  const raw = Buffer.from(encoded, 'base64');
  assert.equal(open(key, raw.subarray(0, 24), raw.subarray(24), aad), 'a text');

  const nonce = crypto.randomBytes(24);
  const theirs = Buffer.concat([nonce, seal(key, nonce, Buffer.from('another'), aad)]).toString('base64');
  assert.equal(inHost(home, `crypto.open("sealed:1:${id}:${theirs}", "rows.token 7")`), 'another');
});
