// The rock mcp behind an HTTP server, with the tools that the official conformance tests ask for.  It is a minimal
// host: Origin, HTTP methods, progress streams.
import http from 'node:http'
import { ask } from './rock.mjs'

const SERVER = `
  local mcp = require "mcp"
  local function put(v)
    if v == nil or v == NULL then return "null" end
    if type(v) == "string" then
      return '"' .. v:gsub('[%c"\\\\\\\\\\127]', function(c) return ("\\\\\\\\u%04x"):format(c:byte()) end) .. '"'
    end
    if type(v) ~= "table" then return tostring(v) end
    local parts = {}
    if is_array(v) then
      for i, each in ipairs(v) do parts[i] = put(each) end
      return "[" .. table.concat(parts, ",") .. "]"
    end
    for name, each in pairs(v) do parts[#parts + 1] = put(name) .. ":" .. put(each) end
    return "{" .. table.concat(parts, ",") .. "}"
  end

  local PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg=="
  local image = { type = "image", data = PIXEL, mimeType = "image/png" }
  local resource = { type = "resource", resource = { uri = "test://embedded", mimeType = "text/plain", text = "embedded" } }
  local notes
  local calls = {
    test_simple_text = function() return mcp.text "This is a simple text response for testing." end,
    test_image_content = function() return { content = { image } } end,
    test_audio_content = function() return { content = { { type = "audio", data = "UklGRg==", mimeType = "audio/wav" } } } end,
    test_embedded_resource = function() return { content = { resource } } end,
    test_multiple_content_types = function() return { content = { { type = "text", text = "Multiple content types test:" }, image, resource } } end,
    test_error_handling = function() return mcp.failure "This tool intentionally returns an error for testing" end,
    test_missing_capability = function(_, request)
      if not (request.capabilities or {}).sampling then return nil, mcp.missing_capability { sampling = {} } end
      return mcp.text "sampled"
    end,
    test_tool_with_progress = function(_, request)
      for _, n in ipairs { 0, 50, 50, 100 } do notes[#notes + 1] = request:progress(n, 100, "at " .. n) end
      return mcp.text "done"
    end,
    json_schema_2020_12_tool = function() return mcp.text "ok" end,
    test_logging_tool = function() return mcp.text "nothing is logged unless somebody asks" end,
    region_tool = function(arguments) return mcp.text(tostring(arguments.region)) end,
    raises = function() error "the password is secret" end,
  }
  local schemas = {
    json_schema_2020_12_tool = {
      ["$schema"] = "https://json-schema.org/draft/2020-12/schema", type = "object", additionalProperties = false,
      ["$defs"] = { address = { ["$anchor"] = "addressDef", type = "object",
        properties = { street = { type = "string" }, city = { type = "string" } } } },
      properties = { name = { type = "string" }, address = { ["$ref"] = "#/$defs/address" },
        contactMethod = { type = "string", enum = { "phone", "email" } }, phone = { type = "string" }, email = { type = "string" } },
      allOf = { { anyOf = { { required = { "phone" } }, { required = { "email" } } } } },
      ["if"] = { properties = { contactMethod = { const = "phone" } }, required = { "contactMethod" } },
      ["then"] = { required = { "phone" } }, ["else"] = { required = { "email" } },
    },
    region_tool = { type = "object", properties = { region = { type = "string", ["x-mcp-header"] = "Region" },
      count = { type = "integer", ["x-mcp-header"] = "Count" } } },
  }
  local tools = {}
  for name in pairs(calls) do
    tools[name] = { name = name, description = "For tests", inputSchema = schemas[name] or { type = "object" } }
  end
  local server = mcp.new({
    info = { name = "rock", version = "1.0" }, instructions = "Call tools.", ttl_ms = 5000,
    list = function() local list = {} for _, tool in pairs(tools) do list[#list + 1] = tool end return list end,
    tool = function(name) return tools[name] end,
    call = function(tool, arguments, request) return calls[tool.name](arguments, request) end,
  }, { null = NULL, array = A, is_array = is_array })

  return function(case)
    notes = {}
    local answer = case.text and server:parse_error() or server:handle(case.body, function(name) return case.headers[name] end)
    return answer.status .. " " .. put { body = answer.body or NULL, notes = A(notes) }
  end`

async function answer(request, text) {
  let body
  try { body = JSON.parse(text) } catch { return ask(SERVER, [{ text }]) }
  const headers = Object.fromEntries(Object.entries(request.headers).filter(([, value]) => typeof value === 'string'))
  return ask(SERVER, [{ body, headers }])
}

function is_foreign(request) {
  const local = /^(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/
  return !local.test(request.headers.host ?? '') || (request.headers.origin && !local.test(new URL(request.headers.origin).host))
}

async function serve(request, response) {
  const chunks = []
  for await (const chunk of request) chunks.push(chunk)
  if (is_foreign(request)) return response.writeHead(403).end()
  if (request.method !== 'POST') return response.writeHead(405, { Allow: 'POST' }).end()
  const [line] = await answer(request, Buffer.concat(chunks).toString())
  const status = Number(line.slice(0, 3))
  if (!status) throw new Error(line)
  const { body, notes } = JSON.parse(line.slice(4))
  if (notes.length > 0) {
    response.writeHead(status, { 'Content-Type': 'text/event-stream', 'X-Accel-Buffering': 'no' })
    return response.end([...notes, body].map((each) => `event: message\ndata: ${JSON.stringify(each)}\n\n`).join(''))
  }
  if (body === null) return response.writeHead(status).end()
  response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(body))
}

/** Starts it on a free port of the loopback interface. */
export function start(port = 0) {
  return new Promise((resolve) => {
    const server = http.createServer((request, response) => serve(request, response).catch((error) => {
      response.writeHead(500).end(String(error))
    }))
    server.listen(port, '127.0.0.1', () => resolve({ url: `http://127.0.0.1:${server.address().port}/mcp`, close: () => server.close() }))
  })
}

if (process.argv[2] === 'serve') console.log((await start()).url)
