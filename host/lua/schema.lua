-- host/lua/schema.lua -- what a value from outside must look like, declared beside its use.
-- A schema is a plain description; schema/reader compiles it to a function that checks and converts,
-- encode to one that writes, schema/document to JSON Schema for OpenAPI.  All three work from this one
-- description, so that what is checked, what is answered and what is documented cannot differ.
--
--   local s = require "human.schema"
--   s.object { name = s.string { min = 1, max = 200 }, note = s.text:optional() }
--
-- Every type can be used bare (`s.uuid`) or with options (`s.uuid{...}`).  Schemas are immutable:
-- options and modifiers give a changed copy, so one schema may be shared by many routes.

local schema_reader = require "human.schema.reader"

local M = {}
local Node = {}
local node_mt = { __index = Node }

-- Options that each kind takes; any other is a typo, and refused where it is written.
local OPTIONS = {
  string = { min = "number", max = "number", pattern = "string", regex = "string", form = "string", trim = "boolean",
             check = "function" },
  time = { form = "string" },
  int = { min = "number", max = "number" },
  number = { min = "number", max = "number" },
  cents = { min = "number", max = "number" },
  usd = { min = "number", max = "number", as = "string" },
  mrc = { min = "number", max = "number", as = "string" },
  array = { min = "number", max = "number" },
  map = { max = "number" },
  object = { extra = "string" },
  json = { max = "number", nul = "boolean" },
  raw = { max = "number" },
  upload = { max = "number" },
  email = { max = "number" },
  url = { max = "number" },
}

local function copy(t)
  local c = {}
  for k, v in pairs(t) do c[k] = v end
  return c
end

-- Of every kind.  secret: shown only once (an API key); answers with one are stored sealed for an Idempotency-Key.
OPTIONS.of_all = { secret = "boolean" }

local function with_options(node, options)
  local known = OPTIONS[node.kind] or {}
  local out = setmetatable(copy(node), node_mt)
  for name, value in pairs(options or {}) do
    if (known[name] or OPTIONS.of_all[name]) ~= type(value) then
      error(("schema %s has no %s option '%s'"):format(node.kind, type(value), tostring(name)), 3)
    end
    out[name] = value
  end
  if out.min and out.max and out.min > out.max then
    error(("schema %s: min %s is above max %s"):format(node.kind, out.min, out.max), 3)
  end
  return out
end

-- No tail calls where errors are raised: their levels count frames up to the declaration.
node_mt.__call = function(node, options)
  local out = with_options(node, options)
  return out
end

local function changed(node, name, value)
  local out = setmetatable(copy(node), node_mt)
  out[name] = value
  return out
end

--- May be absent: not required when read, left out when written while nil.
function Node:optional() return changed(self, "is_optional", true) end

--- May be null: read as json.null (SQL NULL as a parameter), written as null while nil.
function Node:nullable() return changed(self, "is_nullable", true) end

--- The value to read when it is absent; also written while nil.
function Node:default(value) return changed(self, "default_value", value) end

--- A sentence for the documentation.
function Node:describe(text) return changed(self, "description", text) end

--- An example for the documentation, as it looks in JSON.
function Node:example(value) return changed(self, "sample", value) end

--- Documented as another schema, for a value that the handler itself checks.
function Node:shown(node) return changed(self, "shown_as", node) end

local function new(kind, fields)
  local node = fields or {}
  node.kind = kind
  return setmetatable(node, node_mt)
end

--- Whether `v` is a schema.
function M.is(v) return getmetatable(v) == node_mt end

local function check_schema(v, what)
  if not M.is(v) then error(what .. " must be a schema, not a " .. type(v), 3) end
  return v
end

-- Text without NUL, which PostgreSQL cannot store.  min and max count Unicode characters; `trim`
-- drops white space around it first; `pattern` is a Lua pattern and `form` describes it, for the
-- message "must be <form>"; `regex` is for the documentation, if the pattern has no equivalent; `check` is a
-- function(text) that decides whether it has that form, if no pattern can.
M.string = new "string"
M.text = M.string      -- the same
M.int = new "int"        -- an integer between -2^53 and 2^53
M.number = new "number"  -- finite
M.bool = new "bool"      -- true or false
M.uuid = new "uuid"      -- read in lower case
M.id = new "id"          -- what human.id makes: c and 8 to 40 of a-z0-9
M.email = new("email", { max = 254 }) -- an address as RFC 5321 allows them on the network
M.time = new "time"      -- RFC 3339, years 0001 to 9999 in UTC; read as UTC with ms, "2025-11-27T10:00:00.123Z"
M.url = new("url", { max = 2048 }) -- absolute, http or https
M.cents = new("cents", { min = 0 }) -- money as an integer
-- Money: decimal dollars in JSON, integer cents in Lua, under the field name `as` when given.  Takes a number or a
-- string in plain digits with at most two decimals: 75.0000001, 1e2 and -0 are refused.  Written as 75
-- or 7.50.  min (0) and max are dollars.
M.usd = new("usd", { min = 0 })
-- The same for credits: at most three decimals in JSON, thousandths in Lua; written as 128 or 0.5.
M.mrc = new("mrc", { min = 0 })
-- Any JSON value.  In Lua it is a string holding JSON text, ready for a jsonb column; written back
-- verbatim.  max: bytes of that text, 65536 by default; nul: it may contain the NUL character,
-- which no column can store.
M.json = new("json", { max = 65536 })

-- Where a page of a list ended (human.cursor).
M.cursor = M.string { min = 1, max = 1000, pattern = "^[%w_-]+$", form = "a cursor that a page gave" }

--- One of the given strings or numbers.
function M.enum(values)
  if type(values) ~= "table" or #values == 0 then error("s.enum wants a list of values", 2) end
  return new("enum", { values = values })
end

--- Exactly this string, number or boolean.
function M.const(value)
  if value == nil or type(value) == "table" then error("s.const wants a plain value", 2) end
  return new("const", { value = value })
end

--- A list.  options: min, max (items).
function M.array(item, options)
  local node = with_options(new("array", { item = check_schema(item, "the item of s.array") }), options)
  return node
end

--- An object with names that are not known in advance.  options: max (names; 1000 by default).
function M.map(value, options)
  local node = new("map", { max = 1000, value = check_schema(value, "the value of s.map") })
  node = with_options(node, options)
  return node
end

--- The first of several schemas that fits.  When all are objects with one s.const field in common
--- (such as `type`), that field alone decides, and error messages are about the schema it selects.
function M.one_of(alternatives)
  for _, node in ipairs(alternatives) do check_schema(node, "an alternative of s.one_of") end
  if #alternatives < 1 then error("s.one_of wants a list of schemas", 2) end
  return new("one_of", { alternatives = alternatives })
end

--- A file: the whole body, or a field of a multipart/form-data form.  The host writes it to disk as it arrives; in Lua
--- it is {filename, content_type, size, sha256 (hex), path} and file:move(root, path).  It is deleted with the request
--- unless it was moved.  max: bytes, 16 MB by default.
M.upload = new "upload"

--- A body or reply that is not JSON: a Lua string of bytes.  options: max (bytes).
function M.raw(mime, options)
  if type(mime) ~= "string" then error("s.raw wants a media type", 2) end
  local node = with_options(new("raw", { mime = mime }), options)
  return node
end

-- {name = schema} in alphabetical order, id first; {{name, schema}, ..} as listed.
local function ordered(fields)
  local list, seen = {}, {}
  if type(fields[1]) == "table" and not M.is(fields[1]) then
    for _, pair in ipairs(fields) do list[#list + 1] = { name = pair[1], schema = pair[2] } end
  else
    for name, node in pairs(fields) do list[#list + 1] = { name = name, schema = node } end
    table.sort(list, function(a, b)
      if (a.name == "id") ~= (b.name == "id") then return a.name == "id" end
      return tostring(a.name) < tostring(b.name)
    end)
  end
  for _, field in ipairs(list) do
    if type(field.name) ~= "string" then error("the name of a field must be a string", 3) end
    if seen[field.name] then error("field '" .. field.name .. "' is declared twice", 3) end
    seen[field.name] = true
    if not M.is(field.schema) then
      error(("field '%s' must be a schema, not a %s"):format(field.name, type(field.schema)), 3)
    end
  end
  return list
end

local EXTRA = { refuse = true, drop = true, keep = true }

--- An object with these fields.  fields: {name = schema}, or {{"name", schema}, ..} if the order
--- in answers matters.  options.extra says what to do with other names: "refuse" (default), "drop",
--- or "keep" (copied as they are; never written by an encoder).
function M.object(fields, options)
  if type(fields) ~= "table" then error("s.object wants a table of fields", 2) end
  local node = with_options(new("object", { fields = ordered(fields), extra = "refuse" }), options)
  if not EXTRA[node.extra] then error("extra must be refuse, drop or keep", 2) end
  return node
end

--- Compiles a schema to function(value [, text]) -> converted | nil, details.  `value` is what
--- json.decode gives (or a table of strings) and `text` what it was made from: with it, s.json fields
--- keep the client's own bytes, without it they are written anew.  details are up to 20 {path =, message =}, path as in
--- "message.participants[3].id", positions from 0, "" for the value itself.
--- options.coerce: strings count as the numbers and booleans that they spell, and one string as a
--- list of one, for query strings and path parameters.
function M.reader(node, options)
  return schema_reader.compile(check_schema(node, "schema.reader's argument"), options)
end

return M
