-- host/lua/schema/document.lua -- a schema as JSON Schema 2020-12, for OpenAPI 3.1 and for tools of models.
-- It describes what the reader checks, as far as JSON Schema can.

local json = require "human.json"
local schema_leaf = require "human.schema.leaf"
local schema_reader = require "human.schema.reader"

local M = {}
local MAX_INT = 2 ^ 53 - 1
local document

-- ---- Lua patterns as regular expressions (ECMA-262, as JSON Schema wants) ------------------------

local CLASS = { a = "A-Za-z", d = "0-9", l = "a-z", u = "A-Z", w = "A-Za-z0-9", x = "A-Fa-f0-9",
                s = "\\s" }
local SPECIAL = "^[%^%$%.%[%]%|%(%)%?%*%+%{%}%\\/]$"

local function escaped(c)
  return c:find(SPECIAL) and "\\" .. c or c
end

-- One item of a pattern outside sets; nil if regular expressions have no equivalent.
local function item(c, after)
  if c ~= "%" then return c == "-" and "*?" or c:find "[|{}\\/]" and "\\" .. c or c end
  if CLASS[after] then return "[" .. CLASS[after] .. "]" end
  if after:find "%w" then return nil end -- %b, %f, %1, classes of punctuation and complements
  return escaped(after)
end

local function set_item(c, after)
  if c ~= "%" then return (c == "[" or c == "\\") and "\\" .. c or c end
  if CLASS[after] then return CLASS[after] end
  if after:find "%w" then return nil end
  return (after:find "[%]%[%^%-\\]" and "\\" or "") .. after
end

--- A Lua pattern as a regular expression, or nil if none means the same.
function M.regex(pattern)
  local out, i, in_set = {}, 1, false
  while i <= #pattern do
    local c, after = pattern:sub(i, i), pattern:sub(i + 1, i + 1)
    local text
    if in_set then text = set_item(c, after) else text = item(c, after) end
    if not text then return nil end
    if c == "[" then in_set = true elseif c == "]" then in_set = false end
    out[#out + 1] = text
    i = i + (c == "%" and 2 or 1)
  end
  return table.concat(out)
end

-- ---- kinds -----------------------------------------------------------------------------------------

local KIND = {}

-- What the reader refuses besides wrong lengths: NUL, and only white space if `trim` drops it.
local NO_NUL = "^[^\\u0000]*$"
local NOT_BLANK = "^[^\\u0000]*[^\\u0000\\t-\\r ][^\\u0000]*$"

local function pattern_of(node)
  if node.regex then return node.regex end
  local own = node.pattern and not node.trim and M.regex(node.pattern)
  if own then return own end
  return node.trim and (node.min or 0) > 0 and NOT_BLANK or NO_NUL
end

function KIND.string(node, direction)
  return { type = "string", minLength = node.min, maxLength = node.max,
           pattern = direction == "exact" and pattern_of(node) or node.regex
             or node.pattern and M.regex(node.pattern) or nil }
end

function KIND.uuid() return { type = "string", format = "uuid" } end
function KIND.id() return { type = "string", pattern = "^c[a-z0-9]{8,40}$" } end
-- Readers accept more than these formats, such as international names, so "exact" uses the pattern.
function KIND.email(node, direction)
  if direction ~= "exact" then return { type = "string", format = "email", maxLength = node.max } end
  return { type = "string", maxLength = node.max, pattern = schema_leaf.EMAIL_REGEX,
           description = "An e-mail address" }
end
function KIND.url(node, direction)
  if direction ~= "exact" then return { type = "string", format = "uri", maxLength = node.max } end
  return { type = "string", maxLength = node.max, pattern = schema_leaf.URL_REGEX,
           description = "An http or https URL" }
end
-- PostgreSQL has no year 0000.
function KIND.time(_, direction)
  return { type = "string", format = "date-time", pattern = direction == "exact" and "^(?!0000)" or nil }
end
function KIND.bool() return { type = "boolean" } end

function KIND.int(node)
  return { type = "integer", minimum = node.min or -MAX_INT, maximum = node.max or MAX_INT }
end
KIND.cents = KIND.int

function KIND.number(node) return { type = "number", minimum = node.min, maximum = node.max } end

-- As text: no more digits than the largest amount has, no zero if the minimum is above it, and never -0.
local function amount_pattern(node, places)
  local digits = #("%.0f"):format(math.floor(node.max or MAX_INT / 10 ^ places))
  local zero = "0(\\.0{1," .. places .. "})?$"
  local sign = (node.min or 0) < 0 and "(-(?!" .. zero .. "))?" or ""
  return "^" .. ((node.min or 0) > 0 and "(?!" .. zero .. ")" or "") .. sign
    .. ("(0|[1-9][0-9]{0,%d})(\\.[0-9]{1,%d})?$"):format(digits - 1, places)
end

local function amount(node, direction, places)
  local is_out = direction == "out"
  return { type = is_out and "number" or json.array { "number", "string" }, multipleOf = 10 ^ -places,
           minimum = node.min, maximum = node.max or not is_out and MAX_INT / 10 ^ places or nil,
           pattern = not is_out and amount_pattern(node, places) or nil }
end

function KIND.usd(node, direction) return amount(node, direction, 2) end
function KIND.mrc(node, direction) return amount(node, direction, 3) end

function KIND.enum(node)
  local all_strings = true
  for _, value in ipairs(node.values) do all_strings = all_strings and type(value) == "string" end
  return { type = all_strings and "string" or nil, enum = json.array { unpack(node.values) } }
end

function KIND.const(node) return { const = node.value } end
function KIND.json() return {} end
function KIND.upload() return { type = "string", contentMediaType = "application/octet-stream" } end

function KIND.raw(node) return { type = not node.mime:find "json" and "string" or nil } end

function KIND.array(node, direction)
  return { type = "array", items = document(node.item, direction), minItems = node.min,
           maxItems = node.max }
end

function KIND.map(node, direction)
  return { type = "object", additionalProperties = document(node.value, direction),
           maxProperties = direction ~= "out" and node.max or nil }
end

function KIND.one_of(node, direction)
  local list = json.array {}
  for i, alternative in ipairs(node.alternatives) do list[i] = document(alternative, direction) end
  local tagged = schema_reader.discriminator(node.alternatives)
  return { [tagged and "oneOf" or "anyOf"] = list }
end

-- Answers may require more fields than requests: defaults are always written.
function KIND.object(node, direction)
  local properties, required, names = {}, json.array {}, {}
  for i, field in ipairs(node.fields) do
    local inner = field.schema
    names[i] = field.name
    properties[field.name] = document(inner, direction)
    local has_default = inner.default_value ~= nil
    if not inner.is_optional and not (has_default and direction ~= "out") then
      required[#required + 1] = field.name
    end
  end
  local out = { type = "object", properties = json.in_order(properties, names),
                required = #required > 0 and required or nil }
  if direction ~= "out" and node.extra == "refuse" then out.additionalProperties = false end
  return out
end

local function nullable(out)
  if out.enum then
    out.enum[#out.enum + 1] = json.null
    if out.type then out.type = json.array { out.type, "null" } end
  elseif type(out.type) == "string" then
    out.type = json.array { out.type, "null" }
  elseif next(out) ~= nil then
    return { anyOf = json.array { out, { type = "null" } } }
  end
  return out
end

-- A default as it looks in JSON, which differs from Lua's value for money.
local function shown_default(node)
  if node.kind == "usd" then return node.default_value / 100 end
  if node.kind == "mrc" then return node.default_value / 1000 end
  if node.kind == "array" then return json.array { unpack(node.default_value) } end
  return node.default_value
end

function document(node, direction)
  if node.shown_as then return document(node.shown_as, direction) end
  local out = KIND[node.kind](node, direction)
  if node.is_nullable then out = nullable(out) end
  out.description = node.description or out.description
  if node.default_value ~= nil and node.kind ~= "json" then out.default = shown_default(node) end
  if node.sample ~= nil then out.examples = json.array { node.sample } end
  return out
end

--- A schema as a Lua table that encodes to JSON Schema 2020-12.  direction: "in" for what is read
--- (defaulted fields are not required, undeclared ones are refused), "out" for what is written, "exact" for
--- what is read, including everything else that the reader refuses, such as NUL.
function M.json_schema(node, direction)
  return document(node, direction or "in")
end

return M
