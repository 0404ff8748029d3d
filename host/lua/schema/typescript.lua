-- host/lua/schema/typescript.lua -- a schema as a TypeScript type, for authors of clients.
-- It describes the shape; lengths, bounds and forms are in the JSON Schema beside it.

local json = require "human.json"

local M = {}
local type_of

local KIND = {}
for _, kind in ipairs { "string", "uuid", "id", "email", "time", "url", "raw" } do
  KIND[kind] = function() return "string" end
end
for _, kind in ipairs { "int", "number", "cents" } do KIND[kind] = function() return "number" end end
for _, kind in ipairs { "usd", "mrc" } do
  KIND[kind] = function(_, direction) return direction == "in" and "number | string" or "number" end
end

function KIND.bool() return "boolean" end
function KIND.json() return "unknown" end
function KIND.const(node) return json.encode(node.value) end

function KIND.enum(node)
  local out = {}
  for i, value in ipairs(node.values) do out[i] = json.encode(value) end
  return table.concat(out, " | ")
end

local function in_brackets(text) return text:find("|", 1, true) and "(" .. text .. ")" or text end

function KIND.array(node, direction) return in_brackets(type_of(node.item, direction)) .. "[]" end
function KIND.map(node, direction) return "Record<string, " .. type_of(node.value, direction) .. ">" end

function KIND.one_of(node, direction)
  local out = {}
  for i, one in ipairs(node.alternatives) do out[i] = type_of(one, direction) end
  return table.concat(out, " | ")
end

-- Optional fields may be omitted; in input also fields with a default, which are always written in output.
function KIND.object(node, direction)
  local out = {}
  for i, field in ipairs(node.fields) do
    local inner = field.schema
    local free = inner.is_optional or inner.default_value ~= nil and direction == "in"
    out[i] = json.quote(field.name) .. (free and "?" or "") .. ": " .. type_of(inner, direction)
  end
  if #out == 0 then return "Record<string, never>" end
  return "{ " .. table.concat(out, "; ") .. " }"
end

function type_of(node, direction)
  local make = KIND[node.kind]
  local text = make and make(node, direction) or "unknown"
  return node.is_nullable and text .. " | null" or text
end

--- The type of a schema.  direction: "in" for what a client sends, "out" for what it gets.
function M.type(node, direction) return type_of(node, direction) end

return M
