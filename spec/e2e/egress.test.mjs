// egress.allow: what a guarded fetch reaches although it is not public, and what it still does not.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, before, test } from 'node:test'
import { promisify } from 'node:util'
import { root } from './rock.mjs'

const BINARY = process.env.E2E_BINARY ?? path.join(root, 'build/human')
const SPEC = `
local fetch, json = require "human.fetch", require "human.json"
it("answers", function()
  local said = {}
  for i, url in ipairs(json.decode [==[URLS]==]) do
    local answer, err = fetch { url = url, guard = true }
    said[i] = answer and answer.body or err.code
  end
  local f = assert(io.open([[ANSWERS]], "w")); f:write(json.encode(said)); f:close()
end)`

/** What guarded requests for these addresses come to on a host with that setting. */
async function ask(allow, urls) {
  const dir = mkdtempSync(path.join(tmpdir(), 'human-egress-'))
  chmodSync(dir, 0o711)
  const answers = path.join(dir, 'answers'), spec = path.join(dir, 'egress_spec.lua')
  writeFileSync(spec, SPEC.replace('URLS', JSON.stringify(urls)).replace('ANSWERS', answers))
  const env = { ...process.env, HUMAN_HOME: dir, HUMAN_EGRESS_ALLOW: allow }
  try {
    await promisify(execFile)(BINARY, ['test', spec], { cwd: root, env })
    return JSON.parse(readFileSync(answers))
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
}

let port
const server = createServer((request, response) => {
  if (request.url !== '/moved') return response.end(`to ${request.socket.localAddress}`)
  response.writeHead(302, { location: `http://127.0.0.2:${port}/` }).end('moved')
})
before(() => new Promise((resolve) => server.listen(0, '0.0.0.0', () => { port = server.address().port; resolve() })))
after(() => server.close())

const at = (host, rest = '') => `http://${host}:${port}/${rest}`

test('an address that the operator opens is reached, by name too, and its neighbours are not', async () => {
  assert.deepEqual(await ask('127.0.0.1', [at('127.0.0.1'), at('localhost'), at('[::ffff:127.0.0.1]'), at('127.0.0.2'),
    at('127.0.0.1', 'moved'), `https://10.0.0.1/`]),
  ['to 127.0.0.1', 'to 127.0.0.1', 'to 127.0.0.1', 'denied', 'moved', 'denied'])
})

test('a network is opened as a whole', async () => {
  assert.deepEqual(await ask('10.0.0.0/8 127.0.0.0/30', [at('127.0.0.2'), at('127.0.0.4')]), ['to 127.0.0.2', 'denied'])
})

test('without TLS a guarded request goes nowhere else, not even to public addresses', async () => {
  assert.deepEqual(await ask('10.0.0.0/8', [at('127.0.0.1'), 'http://1.1.1.1/']), ['denied', 'denied'])
  assert.deepEqual(await ask('', [at('127.0.0.1')]), ['denied'])
})
