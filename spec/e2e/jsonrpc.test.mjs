// The rock jsonrpc against npm's json-rpc-2.0: a server of one serves a client of the other, and random messages.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createJSONRPCErrorResponse, JSONRPCClient, JSONRPCServer } from 'json-rpc-2.0'
import { ask, random } from './rock.mjs'

const SEED = Number(process.env.ROCK_SEED ?? 1)

// Answers as JSON of a kind that needs no escapes.
const SERVE = `
  local jsonrpc = require "jsonrpc"
  local rpc = jsonrpc.new { null = NULL, array = A, is_array = is_array }
  local function put(v)
    if v == NULL then return "null" end
    if type(v) == "string" then return '"' .. v .. '"' end
    if type(v) ~= "table" then return tostring(v) end
    local parts = {}
    if is_array(v) then
      for i, each in ipairs(v) do parts[i] = put(each) end
      return "[" .. table.concat(parts, ",") .. "]"
    end
    for name, each in pairs(v) do parts[#parts + 1] = '"' .. name .. '":' .. put(each) end
    return "{" .. table.concat(parts, ",") .. "}"
  end
  local function handle(method, params)
    if method == "echo" then return params or NULL end
    if method == "fail" then error "x" end
    if method == "refuse" then return nil, jsonrpc.error(-32001, "no") end
    return nil, jsonrpc.METHOD_NOT_FOUND
  end
  return function(case)
    local answer = rpc:serve(case.value, handle)
    return answer and put(answer) or ""
  end`

const server = new JSONRPCServer({ errorListener() {} })
server.addMethod('echo', (params) => params ?? null)
server.addMethod('fail', () => { throw new Error('x') })
server.addMethod('refuse', () => { throw Object.assign(new Error('no'), { code: -32001 }) })
server.mapErrorToJSONRPCErrorResponse = (id, error) => createJSONRPCErrorResponse(id, error.code ?? -32603, 'x')

// Codes and ids: texts of errors are everybody's own.
const essence = (answer) => answer && [answer].flat().map((each) => [each.id, each.error ? each.error.code : each.result])

function message(r) {
  const out = { jsonrpc: '2.0', method: r.pick(['echo', 'echo', 'fail', 'refuse', 'nobody']) }
  if (r.chance(0.8)) out.id = r.pick([1, 'x', 0, '', 7.5])
  if (r.chance(0.6)) out.params = r.pick([[1, 2], { a: 1 }, ['x', null], [[1], { b: [2] }]])
  return out
}

test('random calls, notifications and batches are answered as by json-rpc-2.0', async () => {
  const r = random(SEED)
  const values = Array.from({ length: 1500 }, () => r.chance(0.6) ? message(r)
    : Array.from({ length: 1 + r.below(5) }, () => message(r)))
  const answers = await ask(SERVE, values.map((value) => ({ value })))
  for (const [i, value] of values.entries()) {
    const want = await server.receive(structuredClone(value))
    const got = answers[i] === '' ? null : JSON.parse(answers[i])
    assert.deepEqual(essence(got), essence(want) ?? null, JSON.stringify(value))
    // It answers a batch with one call without a list; the specification wants one.
    if (got && Array.isArray(value)) assert.ok(Array.isArray(got))
  }
})

test('a client of json-rpc-2.0 is served: results, errors, batches', async () => {
  const client = new JSONRPCClient(async (payload) => {
    const [answer] = await ask(SERVE, [{ value: payload }])
    if (answer) client.receive(JSON.parse(answer))
  })
  assert.deepEqual(await client.request('echo', { a: [1, null] }), { a: [1, null] })
  await assert.rejects(client.request('nobody'), /Method not found/)
  await assert.rejects(client.request('refuse'), (error) => error.code === -32001)
  const batch = await client.requestAdvanced([{ jsonrpc: '2.0', id: 1, method: 'echo', params: [1] }, { jsonrpc: '2.0', id: 2, method: 'fail' }])
  assert.deepEqual(batch.map((each) => each.result ?? each.error.code), [[1], -32603])
  client.notify('echo', [])
})
