-- host/lua/http/shapes.lua -- how errors look to clients, as scripts declare it (api.shape).
-- Each surface has its own shape.  The host gets the same texts for requests that it refuses before
-- any script sees them.  Without a declared shape, or if one fails, errors look like PLAIN.

local encoder = require "human.schema.encoder"
local fail = require "human.fail"
local host = require "human.core.host"
local json = require "human.json"
local log = require "human.log"
local s = require "human.schema"
local schema_doc = require "human.schema.document"

local M = {}
local OPTIONS = { title = "string", paths = "table", fields = "table", facts = "boolean", body = "function" }
local SAMPLE_ID = "0"

-- The field that every error may have besides its own.
local DETAILS = s.array(s.object { { "path", s.string }, { "message", s.string } }, { max = 20 })
  :describe "What is wrong, for validation errors":optional()
local REQUEST_ID = s.string:describe "Only with status 500":optional()

-- The host's own refusals: the status and the catalogue's code.
local OF_HOST = {
  [400] = "bad_request", [408] = "request_timeout", [413] = "payload_too_large", [414] = "uri_too_long",
  [417] = "expectation_failed", [426] = "websocket_version", [431] = "headers_too_large", [501] = "not_implemented",
  [503] = "overloaded", [505] = "http_version_not_supported",
}

local function check_paths(paths)
  for _, path in ipairs(paths) do
    if type(path) ~= "string" or not path:find "^/" or path:find "./$" then
      error("a path must begin and must not end with /", 0)
    end
  end
end

local function check(options)
  for name, value in pairs(options) do
    if OPTIONS[name] ~= type(value) then
      error(("api.shape has no %s option '%s'"):format(type(value), tostring(name)), 0)
    end
  end
  if not (options.title and options.fields and options.body) then error("a shape needs title, fields and body", 0) end
  check_paths(options.paths or {})
end

local function compile(name, options)
  local fields = {}
  for i, pair in ipairs(options.fields) do fields[i] = pair end
  fields[#fields + 1], fields[#fields + 2] = { "details", DETAILS }, { "request_id", REQUEST_ID }
  local taken = {}
  for _, pair in ipairs(fields) do taken[pair[1]] = true end
  local node = s.object(fields, { extra = options.facts and "keep" or "refuse" })
  return {
    name = name, title = options.title, paths = options.paths or {}, facts = options.facts, body = options.body,
    encode = encoder.compile(node), schema = schema_doc.json_schema(node, "out"), taken = taken,
  }
end

-- Fields of data that are no facts for the client.
local SPECIAL = { message = true, details = true, retry_after_s = true, headers = true }

-- Appends the facts to the members of a text, in a stable order.
local function with_facts(shape, text, data)
  local keys, out = {}, { text:sub(1, -2) }
  for key in pairs(data) do
    if not SPECIAL[key] and not shape.taken[key] then keys[#keys + 1] = key end
  end
  table.sort(keys)
  for _, key in ipairs(keys) do out[#out + 1] = "," .. json.encode(key) .. ":" .. json.encode(data[key]) end
  return table.concat(out) .. "}"
end

local function render(shape, f, request_id)
  local e = { status = f.status, reason = fail.reason(f.status), code = f.code, message = f.message,
              data = f.data or {} }
  local value = shape.body(e)
  value.details, value.request_id = f.details, f.status == 500 and request_id or nil
  local text = shape.encode(value)
  return shape.facts and f.data and with_facts(shape, text, f.data) or text
end

--- How errors look if nothing else is declared.
M.PLAIN = compile("plain", {
  title = "Error", facts = true,
  fields = { { "error", s.string }, { "code", s.string:describe "Stable name of the error" } },
  body = function(e) return { error = e.message, code = e.code } end,
})

--- A shape for api.shape(); errors: the catalogue of its area.  Raises if it is invalid.
function M.new(name, options, errors)
  check(options)
  local shape = compile(name, options)
  shape.errors = errors
  render(shape, fail.new("internal", { message = "m", details = { { path = "p", message = "m" } } }, errors), SAMPLE_ID)
  return shape
end

--- The JSON text of a Fail.  If the shape's function fails, the client still gets an answer.
function M.body(f, shape, request_id)
  local ok, text = pcall(render, shape, f, request_id)
  if ok then return text end
  log.error("the shape of errors failed", { shape = shape.name, error = tostring(text) })
  return render(M.PLAIN, f, request_id)
end

--- The shape of errors at `path` in generation g: of the longest of all shapes' paths that `path` is below.
function M.at(g, path)
  local best, found = -1, M.PLAIN
  for _, shape in pairs(g.shapes) do
    for _, prefix in ipairs(shape.paths) do
      local n = #prefix
      local below = path:sub(1, n) == prefix and (n == 1 or #path == n or path:byte(n + 1) == 47)
      if below and n > best then best, found = n, shape end
    end
  end
  return found
end

local function hand_over(g, prefix, shape)
  local errors = shape.errors or g.errors
  for status, code in pairs(OF_HOST) do
    if errors[code] then
      local text = M.body(fail.new(code, nil, errors), shape, "")
      local r = host.refusal(prefix, status, text)
      if r < 0 then log.error("refusal not shown in its shape", { prefix = prefix, error = host.error_name(r) }) end
    end
  end
end

--- Gives the host the texts of its refusals, for generation g.
function M.install(g)
  host.refusals_clear()
  hand_over(g, "/", M.at(g, "/"))                   -- also if there is no path
  for _, shape in pairs(g.shapes) do
    for _, prefix in ipairs(shape.paths) do
      if prefix ~= "/" then hand_over(g, prefix, shape) end
    end
  end
end

return M
