-- host/lua/http/rpc_docs.lua -- the RPC sockets of a generation, as an OpenRPC document and as types of TypeScript.
-- Both read the declarations that serve calls.

local fail = require "human.fail"
local json = require "human.json"
local rpc_frame = require "human.http.rpc_frame"
local rpc_once = require "human.http.rpc_once"
local schema_doc = require "human.schema.document"
local typescript = require "human.schema.typescript"

local M = {}
local VERSION = "1.0.0" -- of the API, not of the program
local FIRST = { "openrpc", "info", "name", "summary", "description", "code", "message" }
local SERVER = "ws://localhost"                  -- at() replaces it

local function sockets(g)
  local list = {}
  for _, route in ipairs(g.routes) do
    if route.rpc then list[#list + 1] = route end
  end
  table.sort(list, function(a, b) return a.path < b.path end)
  return list
end

local function sorted(map)
  local names = {}
  for name in pairs(map) do names[#names + 1] = name end
  table.sort(names)
  local i = 0
  return function()
    i = i + 1
    return names[i], map[names[i]]
  end
end

-- The error codes of a method: those of the runtime, then those that it declares.
local function codes(method)
  local list, seen = {}, {}
  local function add(code)
    if code and not seen[code] then list[#list + 1], seen[code] = code, true end
  end
  add((not method.params.fields or #method.params.fields > 0) and "validation_error")
  add(method.roles ~= false and "unauthorized")
  add(method.roles and "forbidden")
  add "rate_limited"
  for _, code in ipairs(method.idempotent and rpc_once.CODES or {}) do add(code) end
  for _, code in ipairs(method.codes) do add(code) end
  add "internal"
  return list
end

local function errors(method)
  local list = json.array {}
  for i, code in ipairs(codes(method)) do
    local f = fail.new(code, nil, method.errors)
    list[i] = { code = rpc_frame.number(f), message = f.message, data = { code = f.code } }
  end
  return list
end

local function params(method)
  local list = json.array {}
  for i, field in ipairs(method.params.fields or {}) do
    local inner = field.schema
    local shown = schema_doc.json_schema(inner, "in")
    local text = shown.description
    shown.description = nil
    list[i] = { name = field.name, description = text, schema = shown,
                required = not inner.is_optional and inner.default_value == nil }
  end
  return list
end

local function method_doc(method, route, name)
  local spec = method.spec
  return {
    name = name, summary = spec.summary, description = spec.description, deprecated = spec.deprecated,
    tags = method.group.tag and json.array { { name = method.group.tag } } or nil, paramStructure = "by-name",
    params = params(method), result = { name = "result", schema = schema_doc.json_schema(method.result, "out") },
    errors = errors(method), servers = json.array { { name = route.path, url = SERVER .. route.path } },
    ["x-params"] = not method.params.fields and schema_doc.json_schema(method.params, "in") or nil,
    ["x-roles"] = method.roles and json.array { unpack(method.roles) } or nil,
  }
end

--- The OpenRPC 1.3 document of a generation, as JSON text.  Equal declarations give equal text.  A method whose name
--- exists on another socket, too, is NAME@PATH.
function M.render(g)
  local methods, events, taken = json.array {}, json.array {}, {}
  for _, route in ipairs(sockets(g)) do
    for name, method in sorted(route.rpc.methods) do
      local shown = taken[name] and name .. "@" .. route.path or name
      taken[name], methods[#methods + 1] = true, method_doc(method, route, shown)
    end
    for name, event in sorted(route.rpc.events) do
      events[#events + 1] = { name = name, summary = event.spec.summary, description = event.spec.description,
                              socket = route.path, payload = schema_doc.json_schema(event.payload, "out") }
    end
  end
  return json.encode_sorted({ openrpc = "1.3.2", info = { title = "human", version = VERSION }, methods = methods,
                              ["x-events"] = events, ["x-scripts"] = g.id }, FIRST)
end

--- The text of render() for clients that find us at `base` ("https://api.example/human"; nil: they know).
function M.at(text, base)
  if not base then return text end
  return (text:gsub('"url":"' .. SERVER, function() return '"url":"' .. base:gsub("^http", "ws") end))
end

-- ---- types -------------------------------------------------------------------------------------------

local function comment(indent, text) return indent .. "/** " .. text:gsub("%*/", "* /") .. " */" end

-- "/control/ws" -> ControlWs; unique.
local function type_name(path, taken)
  local name = path:gsub("[^%w]+(%w?)", function(c) return c:upper() end)
  if not name:find "^%a" then name = "Socket" .. name end
  while taken[name] do name = name .. "_" end
  taken[name] = true
  return name
end

local function literals(list)
  local out = {}
  for i, text in ipairs(list) do out[i] = json.quote(text) end
  return table.concat(out, " | ")
end

--- The methods and events of a generation's sockets, as the text of a .d.ts file.
function M.types(g)
  local out, taken = { "// Methods and events of the RPC sockets, made from their declarations." }, {}
  local function put(line) out[#out + 1] = line end
  for _, route in ipairs(sockets(g)) do
    put ""
    put(comment("", route.spec.summary .. " (" .. route.path .. ")"))
    put("export interface " .. type_name(route.path, taken) .. " {\n  methods: {")
    for name, method in sorted(route.rpc.methods) do
      put(comment("    ", method.spec.summary))
      put(("    %s: { params: %s; result: %s; errors: %s };"):format(json.quote(name),
        typescript.type(method.params, "in"), typescript.type(method.result, "out"), literals(codes(method))))
    end
    put "  };\n  events: {"
    for name, event in sorted(route.rpc.events) do
      put(comment("    ", event.spec.summary))
      put(("    %s: %s;"):format(json.quote(name), typescript.type(event.payload, "out")))
    end
    put "  };\n}"
  end
  if next(taken) == nil then put "export {};" end
  return table.concat(out, "\n") .. "\n"
end

return M
