// The rock standardwebhooks against npm's library: each verifies what the other signs.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { Webhook } from 'standardwebhooks'
import { ask } from './rock.mjs'

const HOOKS = `
  local hooks = require("standardwebhooks").new(require "sha256")
  return function(case)
    if case.headers then
      local message, why = hooks:verify(case.headers, case.body, case.secrets, case.now)
      return message and message.id or why
    end
    return hooks:sign(case.id, case.now, case.body, case.secrets)["webhook-signature"]
  end`

const now = Math.floor(Date.now() / 1000)
const library = (secret) => /^whsec_[A-Za-z0-9+/=]+$/.test(secret) ? new Webhook(secret) : new Webhook(secret, { format: 'raw' })
const secrets = [24, 25, 26, 32, 64].map((n) => 'whsec_' + randomBytes(n).toString('base64')).concat('whsec_my_signing_secret', 'plain text')
const bodies = ['{}', '', '{"é":"😀\\u0000"}', JSON.stringify({ a: 'x'.repeat(5000) }), ' [1,\n2] ']
const cases = secrets.flatMap((secret, i) => bodies.map((body, k) => ({ id: `msg_${i}${k}`, now, body, secrets: [secret] })))

test('what the rock signs is verified by the library, also with two secrets', async () => {
  const other = 'whsec_' + randomBytes(32).toString('base64')
  const answers = await ask(HOOKS, cases.map((each) => ({ ...each, secrets: [other, ...each.secrets] })))
  cases.forEach((each, i) => {
    const headers = { 'webhook-id': each.id, 'webhook-timestamp': String(now), 'webhook-signature': answers[i] }
    library(each.secrets[0]).verify(each.body, headers, { jsonParse: false })
    library(other).verify(each.body, headers, { jsonParse: false })
    assert.throws(() => library('whsec_' + randomBytes(24).toString('base64')).verify(each.body, headers, { jsonParse: false }))
  })
})

test('what the library signs is verified by the rock, and not when a byte is changed', async () => {
  const signed = cases.map((each) => ({ ...each, headers: { 'webhook-id': each.id, 'webhook-timestamp': String(now),
    'webhook-signature': library(each.secrets[0]).sign(each.id, new Date(now * 1000), each.body) } }))
  assert.deepEqual(await ask(HOOKS, signed), cases.map((each) => each.id))
  assert.deepEqual(new Set(await ask(HOOKS, signed.map((each) => ({ ...each, body: each.body + ' ' })))), new Set(['no_match']))
})
