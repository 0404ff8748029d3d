// The rock mcp, called by the official clients of both eras, and by headers and versions that clients should not send.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { Client as ModernClient, StreamableHTTPClientTransport as ModernTransport } from '@modelcontextprotocol/client'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { start } from './mcp_server.mjs'

let server
before(async () => { server = await start() })
after(() => server.close())

async function everything(client) {
  const { tools } = await client.listTools()
  assert.deepEqual(tools.map((tool) => tool.name), tools.map((tool) => tool.name).sort())
  assert.ok(tools.find((tool) => tool.name === 'json_schema_2020_12_tool').inputSchema.$defs.address.$anchor)
  const said = await client.callTool({ name: 'test_simple_text', arguments: {} })
  assert.equal(said.content[0].text, 'This is a simple text response for testing.')
  const failed = await client.callTool({ name: 'test_error_handling', arguments: {} })
  assert.equal(failed.isError, true)
  await assert.rejects(client.callTool({ name: 'nobody', arguments: {} }), (error) => error.code === -32602)
  await assert.rejects(client.callTool({ name: 'raises', arguments: {} }), (error) => !/password/.test(error.message))
}

test('the official client of 2025 initializes, lists and calls, and sees progress', async () => {
  const client = new Client({ name: 'spec', version: '1' })
  await client.connect(new StreamableHTTPClientTransport(new URL(server.url)))
  assert.deepEqual(client.getServerVersion(), { name: 'rock', version: '1.0' })
  assert.equal(client.getInstructions(), 'Call tools.')
  await everything(client)
  await client.ping()
  const seen = []
  await client.callTool({ name: 'test_tool_with_progress', arguments: {} }, undefined, { onprogress: (each) => seen.push(each.progress) })
  assert.deepEqual(seen, [0, 50, 100])
  await client.close()
})

test('the official client of 2026 discovers, lists and calls, with parameters in headers', async () => {
  const client = new ModernClient({ name: 'spec', version: '1' }, { versionNegotiation: { mode: 'auto' } })
  await client.connect(new ModernTransport(new URL(server.url)))
  assert.equal(client.getNegotiatedProtocolVersion(), '2026-07-28')
  await everything(client)
  const said = await client.callTool({ name: 'region_tool', arguments: { region: ' Zürich', count: 3 } })
  assert.equal(said.content[0].text, ' Zürich')
  await assert.rejects(client.callTool({ name: 'test_missing_capability', arguments: {} }), (error) => error.code === -32021)
  await client.close()
})

const META = { 'io.modelcontextprotocol/protocolVersion': '2026-07-28', 'io.modelcontextprotocol/clientCapabilities': {} }

async function post(body, headers = {}) {
  const response = await fetch(server.url, { method: 'POST', body: typeof body === 'string' ? body : JSON.stringify(body),
    headers: { 'Content-Type': 'application/json', Accept: 'application/json, text/event-stream', ...headers } })
  const text = await response.text()
  const answer = text && JSON.parse(text)
  return [response.status, answer?.error?.code ?? answer?.result, answer?.id, answer?.error?.data]
}

const modern = (method, params = {}, meta = META) => ({ jsonrpc: '2.0', id: 'x', method, params: { ...params, _meta: meta } })
const told = (method, more = {}) => ({ 'MCP-Protocol-Version': '2026-07-28', 'Mcp-Method': method, ...more })

const cases = {
  'a body that is no JSON': ['{', {}, 400, -32700, null],
  'a batch': [[{ jsonrpc: '2.0', id: 1, method: 'ping' }], {}, 400, -32600, null],
  'an id that is null': [{ jsonrpc: '2.0', id: null, method: 'ping' }, {}, 400, -32600, null],
  'a notification': [{ jsonrpc: '2.0', method: 'notifications/initialized' }, {}, 202, undefined, undefined],
  'an unknown method in 2025': [{ jsonrpc: '2.0', id: 1, method: 'nothing' }, {}, 200, -32601, 1],
  'an unknown method in 2026': [modern('nothing'), told('nothing'), 404, -32601, 'x'],
  'initialize in 2026': [modern('initialize', { protocolVersion: '2025-11-25' }), told('initialize'), 404, -32601, 'x'],
  'discovery in 2025': [{ jsonrpc: '2.0', id: 1, method: 'server/discover' }, {}, 200, -32601, 1],
  'a version that never was': [{ jsonrpc: '2.0', id: 1, method: 'tools/list' }, { 'MCP-Protocol-Version': 'banana' }, 400, -32602, 1],
  'another version in header and body': [modern('tools/list'), told('tools/list', { 'MCP-Protocol-Version': '2027-01-01' }), 400, -32020, 'x'],
  'no version in the header': [modern('tools/list'), { 'Mcp-Method': 'tools/list' }, 400, -32020, 'x'],
  'another method in the header': [modern('tools/list'), told('tools/call'), 400, -32020, 'x'],
  'another tool in the header': [modern('tools/call', { name: 'region_tool' }), told('tools/call', { 'Mcp-Name': 'raises' }), 400, -32020, 'x'],
  'no tool in the header': [modern('tools/call', { name: 'region_tool' }), told('tools/call'), 400, -32020, 'x'],
  'an argument that its header does not have': [modern('tools/call', { name: 'region_tool', arguments: { region: 'a' } }),
    told('tools/call', { 'Mcp-Name': 'region_tool', 'Mcp-Param-Region': 'b' }), 400, -32020, 'x'],
  'a header without its argument': [modern('tools/call', { name: 'region_tool', arguments: {} }),
    told('tools/call', { 'Mcp-Name': 'region_tool', 'Mcp-Param-Region': 'b' }), 400, -32020, 'x'],
  'no capabilities': [modern('tools/list', {}, { 'io.modelcontextprotocol/protocolVersion': '2026-07-28' }), told('tools/list'), 400, -32602, 'x'],
  'arguments that are no object': [modern('tools/call', { name: 'region_tool', arguments: [1] }),
    told('tools/call', { 'Mcp-Name': 'region_tool' }), 200, -32602, 'x'],
}

for (const [name, [body, headers, ...want]] of Object.entries(cases)) {
  test(`${name} is answered ${want[0]}${typeof want[1] === 'number' ? `, ${want[1]}` : ''}`, async () => {
    assert.deepEqual((await post(body, headers)).slice(0, 3), want)
  })
}

test('a future version is told which ones exist, as discovery does', async () => {
  const meta = { ...META, 'io.modelcontextprotocol/protocolVersion': '2099-01-01' }
  const [status, code, , data] = await post(modern('tools/list', {}, meta), told('tools/list', { 'MCP-Protocol-Version': '2099-01-01' }))
  assert.deepEqual([status, code, data.requested], [400, -32022, '2099-01-01'])
  const [, found] = await post(modern('server/discover'), told('server/discover'))
  assert.deepEqual(found.supportedVersions, data.supported)
  assert.equal(found.resultType, 'complete')
  assert.equal(found.ttlMs, 5000)
})

test('names in headers may be encoded and surrounded by white space', async () => {
  for (const name of ['=?base64?cmVnaW9uX3Rvb2w=?=', '  region_tool\t']) {
    const [status, result] = await post(modern('tools/call', { name: 'region_tool' }), told('tools/call', { 'Mcp-Name': name }))
    assert.deepEqual([status, result.content[0].text], [200, 'nil'])
  }
})
