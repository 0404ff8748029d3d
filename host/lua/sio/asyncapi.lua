-- host/lua/sio/asyncapi.lua -- the Socket.IO servers of a generation as an AsyncAPI 3.1 document.
-- A namespace is a channel when its declaration has `docs` (human.sio); the rock decides the shape of the
-- document.

local asyncapi = require "asyncapi"
local host = require "human.core.host"
local json = require "human.json"
local schema_doc = require "human.schema.document"

local M = {}
local VERSION = "1.0.0" -- of the API, not of the program

local function messages(list, direction)
  local out = {}
  for i, m in ipairs(list or {}) do
    out[i] = { name = m.name, event = m.event, title = m.title, payload = schema_doc.json_schema(m.schema, direction) }
  end
  return out
end

-- AsyncAPI has no binding for Socket.IO: describes the query of the handshake as its transport's.
local function bindings(docs)
  if not docs.handshake then return nil end
  return { ws = { query = schema_doc.json_schema(docs.handshake, "out"), bindingVersion = "0.1.0" } }
end

local function channel(name, docs)
  return {
    name = docs.name, address = name, title = docs.title, description = docs.description, bindings = bindings(docs),
    receives = messages(docs.receives, "in"), sends = messages(docs.sends, "out"),
    replies = docs.replies and messages(docs.replies, "out"),
  }
end

local function channels(g)
  local list = {}
  for _, server in ipairs(g.sio) do
    for name, handlers in pairs(server.namespaces) do
      if handlers.docs then list[#list + 1] = channel(name, handlers.docs) end
    end
  end
  table.sort(list, function(a, b) return a.name < b.name end)
  return list
end

local function servers(g)
  local out, conf = {}, host.conf()
  local port = conf.agent_port ~= 0 and conf.agent_port or conf.port
  for i, server in ipairs(g.sio) do
    out["server" .. i] = {
      host = "{host}", protocol = "ws", pathname = server.conf.path,
      description = "Socket.IO over WebSocket and HTTP polling",
      variables = { host = { default = "localhost:" .. port, description = "Name and port of this server" } },
    }
  end
  return out
end

--- The AsyncAPI 3.1 document of a generation, as JSON text.  Equal declarations give equal text.
function M.render(g)
  local document = asyncapi.document({
    info = { title = "human", version = VERSION, license = { name = "MIT" },
             description = "Events and actions of conversational agents over Socket.IO" },
    servers = servers(g), channels = channels(g), extensions = { ["x-scripts"] = g.id },
  }, { array = json.array })
  return json.encode_sorted(document, asyncapi.first)
end

--- The text of render() for clients that find us at `base` ("https://api.example/human"; nil: they know).
function M.at(text, base)
  if not base then return text end
  local secure, place, prefix = base:match "^http(s?)://([^/]+)(.*)$"
  return (text:gsub('"protocol":"ws"', '"protocol":"ws' .. secure .. '"'):gsub('"pathname":"', '%0' .. prefix)
    :gsub('"default":"localhost:%d+"', function() return '"default":' .. json.encode(place) end))
end

return M
