// egress.allow: which private addresses a guarded fetch may reach, and which it still may not.
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
async function ask(allow, urls, { lua = SPEC, ...settings } = {}) {
  const dir = mkdtempSync(path.join(tmpdir(), 'human-egress-'))
  chmodSync(dir, 0o711)
  const answers = path.join(dir, 'answers'), spec = path.join(dir, 'egress_spec.lua')
  writeFileSync(spec, lua.replace('URLS', JSON.stringify(urls)).replace('ANSWERS', answers))
  const env = { ...process.env, HUMAN_HOME: dir, HUMAN_EGRESS_ALLOW: allow, ...settings }
  try {
    await promisify(execFile)(BINARY, ['test', spec], { cwd: root, env })
    return JSON.parse(readFileSync(answers))
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
}

// A host that has all its places taken, and what becomes of others.
const BUSY = `
local fetch, json, sched = require "human.fetch", require "human.json", require "human.core.sched"
local function get(url, timeout_s)
  local answer, err = fetch { url = url, guard = true, timeout_s = timeout_s }
  return answer and answer.body or err.code
end
it("answers", function()
  local slow, other = unpack(json.decode [==[URLS]==])
  local said, me, left = {}, sched.current(), 3
  local function ask(name, url)
    sched.spawn(function()
      said[name], left = get(url, 30), left - 1
      if left == 0 then sched.wake(me) end
    end)
  end
  ask("first", slow .. "hold")
  ask("second", slow .. "hold")
  said.elsewhere = get(other .. "both", 30)
  said.impatient = get(slow, 0.2)
  ask("patient", slow)
  said.free = get(other .. "free", 30)
  if left > 0 then sched.suspend() end
  local f = assert(io.open([[ANSWERS]], "w")); f:write(json.encode(said)); f:close()
end)`

let port
const held = new Map([['/hold', []], ['/both', []]])
const server = createServer((request, response) => {
  held.get(request.url)?.push(response)
  if (held.get('/hold').length === 2) held.get('/both').splice(0).forEach((each) => each.end('both are held'))
  if (held.has(request.url)) return undefined
  if (request.url === '/free') held.get('/hold').splice(0).forEach((each) => each.end('freed'))
  if (request.url !== '/moved') return response.end(`to ${request.socket.localAddress}`)
  response.writeHead(302, { location: `http://127.0.0.2:${port}/` }).end('moved')
})
before(() => new Promise((resolve) => server.listen(0, '0.0.0.0', () => { port = server.address().port; resolve() })))
after(() => server.close())

const at = (host, rest = '') => `http://${host}:${port}/${rest}`

test('an address that the operator opens can be reached, by name too, and its neighbours cannot', async () => {
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

test('a slow host has its share of places and no more: others are reached, and its next one waits', async () => { // limit: egress.per_host
  assert.deepEqual(await ask('127.0.0.0/8', [at('127.0.0.1'), at('127.0.0.2')], { lua: BUSY, HUMAN_EGRESS_PER_HOST: '2' }), {
    first: 'freed', second: 'freed', elsewhere: 'both are held', impatient: 'timeout', patient: 'to 127.0.0.1', free: 'to 127.0.0.2' })
})
