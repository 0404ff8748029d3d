// human.crypto against node:crypto, in both directions, on random bytes.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import * as node from 'node:crypto'
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { before, test } from 'node:test'
import { promisify } from 'node:util'
import { root } from './rock.mjs'

const BINARY = process.env.E2E_BINARY ?? path.join(root, 'build/human')
const { randomBytes } = node
const LENGTHS = [0, 1, 15, 16, 17, 31, 32, 55, 56, 63, 64, 65, 127, 128, 135, 136, 137, 1000, 70000]

// Each job is a function of human.crypto and its arguments in hex ("" for numbers and words that are given as
// they are); all of them run in one host, which writes what they answered.
const SPEC = `
local crypto, json = require "human.crypto", require "human.json"
local function read(path) local f = assert(io.open(path)); local text = f:read "*a"; f:close(); return text end
local function given(v) return type(v) == "table" and crypto.unhex(v.hex) or v end
local function shown(v) return type(v) == "string" and { hex = crypto.hex(v) } or v == nil and "nothing" or v end
it("answers", function()
  local answers = {}
  for i, job in ipairs(json.decode(read(JOBS))) do
    local args = {}
    for k, v in ipairs(job.args) do args[k] = given(v) end
    local first, second = crypto[job.name](unpack(args))
    answers[i] = { shown(first), shown(second) }
  end
  local f = assert(io.open(ANSWERS, "w")); f:write(json.encode(answers)); f:close()
end)`

async function answers(jobs) {
  const dir = mkdtempSync(path.join(tmpdir(), 'human-crypto-'))
  chmodSync(dir, 0o711)
  const file = (name) => path.join(dir, name)
  const shown = (v) => v instanceof Uint8Array ? { hex: Buffer.from(v).toString('hex') } : v
  writeFileSync(file('jobs'), JSON.stringify(jobs.map(({ name, args }) => ({ name, args: args.map(shown) }))))
  writeFileSync(file('answers'), '')
  writeFileSync(file('crypto_spec.lua'), SPEC.replace('JOBS', `"${file('jobs')}"`).replace('ANSWERS', `"${file('answers')}"`))
  try {
    await promisify(execFile)(BINARY, ['test', file('crypto_spec.lua')], { cwd: root, env: { ...process.env, HUMAN_HOME: dir } })
    const given = (v) => v?.hex !== undefined ? Buffer.from(v.hex, 'hex') : v
    return JSON.parse(readFileSync(file('answers'))).map((pair) => pair.map(given))
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
}

const jobs = []
/** What is asked, and what is to be said of the answer. */
function job(name, args, check) { jobs.push({ name, args, check }) }
const is = (expected) => ([answer]) => assert.deepEqual(answer, expected)

const b64 = (bytes) => Buffer.from(bytes).toString('base64url')
const unb64 = (text) => Buffer.from(text, 'base64url')
const ed25519 = (jwk) => ({ private: jwk.d && unb64(jwk.d), public: unb64(jwk.x) })
const p256 = (jwk) => ({ private: jwk.d && unb64(jwk.d), public: Buffer.concat([Buffer.of(4), unb64(jwk.x), unb64(jwk.y)]) })
const ed25519_key = (x) => node.createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: b64(x) }, format: 'jwk' })
const RAW = { dsaEncoding: 'ieee-p1363' }

function hashes(data) {
  for (const name of ['sha256', 'sha512', 'sha1']) {
    const key = randomBytes(data.length % 200)
    job(name, [data], is(node.createHash(name).update(data).digest()))
    job(`hmac_${name}`, [key, data], is(node.createHmac(name, key).update(data).digest()))
  }
}

function ciphers(data) {
  for (const bits of [128, 256]) {
    const [key, iv, nonce, aad] = [bits / 8, 16, data.length % 2 ? 12 : 16, data.length % 50].map((n) => randomBytes(n))
    const cbc = node.createCipheriv(`aes-${bits}-cbc`, key, iv)
    const sealed = Buffer.concat([cbc.update(data), cbc.final()])
    job('aes_cbc_encrypt', [key, iv, data], is(sealed))
    job('aes_cbc_decrypt', [key, iv, sealed], is(data))
    const gcm = node.createCipheriv(`aes-${bits}-gcm`, key, nonce).setAAD(aad)
    const closed = Buffer.concat([gcm.update(data), gcm.final(), gcm.getAuthTag()])
    job('aes_gcm_encrypt', [key, nonce, data, aad], is(closed))
    job('aes_gcm_decrypt', [key, nonce, closed, aad], is(data))
    job('aes_gcm_decrypt', [key, nonce, Buffer.from(closed).fill(closed[0] ^ 1, 0, 1), aad], is('nothing'))
  }
}

function signatures(data) {
  const pair = node.generateKeyPairSync('ed25519')
  const keys = ed25519(pair.privateKey.export({ format: 'jwk' }))
  const signature = node.sign(null, data, pair.privateKey)
  job('ed25519_public', [keys.private], is(keys.public))
  job('ed25519_sign', [keys.private, data], is(signature))
  job('ed25519_verify', [keys.public, data, signature], is(true))
  job('ed25519_verify', [keys.public, Buffer.concat([data, Buffer.of(0)]), signature], is(false))
  const ec = node.generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const own = p256(ec.privateKey.export({ format: 'jwk' }))
  job('p256_public', [own.private], is(own.public))
  for (const form of ['raw', 'der']) {
    const encoding = form === 'raw' ? RAW : {}
    const good = node.sign('sha256', data, { key: ec.privateKey, ...encoding })
    job('p256_verify', [own.public, data, good, form], is(true))
    job('p256_verify', [own.public, Buffer.concat([data, Buffer.of(0)]), good, form], is(false))
    job('p256_sign', [own.private, data, form],
      ([made]) => assert(node.verify('sha256', data, { key: ec.publicKey, ...encoding }, made)))
  }
}

function agreements(length) {
  const [mine, theirs] = [node.createECDH('prime256v1'), node.createECDH('prime256v1')]
  mine.generateKeys()
  theirs.generateKeys()
  const shared = mine.computeSecret(theirs.getPublicKey())
  const padded = (bytes) => Buffer.concat([Buffer.alloc(32 - bytes.length), bytes])
  for (const form of ['uncompressed', 'compressed']) {
    job('p256_shared', [padded(mine.getPrivateKey()), theirs.getPublicKey(null, form)], is(shared))
  }
  const [salt, info] = [randomBytes(length % 100), randomBytes(length % 1000)]
  const n = 1 + length % 8160
  job('hkdf_sha256', [shared, salt, info, n], is(Buffer.from(node.hkdfSync('sha256', shared, salt, info, n))))
}

before(async () => {
  for (const length of LENGTHS) {
    const data = randomBytes(length)
    hashes(data)
    ciphers(data)
    signatures(data)
    agreements(length)
  }
  for (let i = 0; i < 20; i++) {
    job('ed25519_keypair', [], ([secret, open]) => {
      const key = node.createPrivateKey({ key: { kty: 'OKP', crv: 'Ed25519', d: b64(secret), x: b64(open) }, format: 'jwk' })
      assert(node.verify(null, open, ed25519_key(open), node.sign(null, open, key)))
    })
    job('p256_keypair', [], ([secret, open]) => {
      const ecdh = node.createECDH('prime256v1')
      ecdh.setPrivateKey(secret)
      assert.deepEqual(ecdh.getPublicKey(), open)
    })
  }
  const said = await answers(jobs)
  assert.equal(said.length, jobs.length)
  jobs.forEach((each, i) => { each.answer = said[i] })
})

for (const [what, names] of Object.entries({
  'digests and HMACs are those of Node': /^(hmac_)?sha/,
  'AES in both modes reads what Node writes, and writes the same': /^aes_/,
  'Ed25519 makes the same signatures and keys, and verifies those of Node': /^ed25519_/,
  'ECDSA verifies what Node signs, raw and as DER, and the other way round': /^p256_(public|sign|verify|keypair)/,
  'ECDH and HKDF come to the same secrets': /^(p256_shared|hkdf)/,
})) {
  test(what, () => {
    const chosen = jobs.filter(({ name }) => names.test(name))
    assert(chosen.length >= LENGTHS.length)
    for (const { name, answer, check } of chosen) {
      try { check(answer) } catch (e) { throw new Error(`${name}: ${e.message}`) }
    }
  })
}
