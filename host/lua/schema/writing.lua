-- host/lua/schema/writing.lua -- a schema as a program of the host's JSON writer (jsonwrite.c), which makes one
-- string of a whole value.  What the writer has no words for it asks a function of encoder.lua for.

local host = require "human.core.host"

local M = {}
-- The words of jsonwrite.c.
local LUA, TEXT, INT, NUMBER, BOOL, OBJECT, ARRAY = 1, 2, 3, 4, 5, 6, 7
local REFUSED, MISSING, MISSING_NULL_WRITTEN = 1, 2, 3
local KIND = {
  string = TEXT, uuid = TEXT, id = TEXT, email = TEXT, time = TEXT, url = TEXT, int = INT, cents = INT, number = NUMBER,
  bool = BOOL, object = OBJECT, array = ARRAY,
}
local put

local function reference(p, value)
  local n = #p.refs + 1
  p.refs[n] = value
  return n
end

local function field_of(p, field, encoder)
  local node, name = field.schema, "," .. encoder.quote(field.name) .. ":"
  local otherwise, absence = encoder.absent(node), REFUSED
  if otherwise then
    absence = node.is_nullable and node.is_optional and MISSING_NULL_WRITTEN or MISSING
  end
  local missing = (otherwise or "") == "" and "" or name .. otherwise
  return { absence, put(p, node, encoder), reference(p, node.as or field.name), reference(p, name),
           reference(p, missing) }
end

-- The fields of one object lie side by side, so those of its members come before them.
local function put_fields(p, fields, encoder)
  local own = {}
  for i, field in ipairs(fields) do own[i] = field_of(p, field, encoder) end
  local first = #p.fields
  for i, field in ipairs(own) do p.fields[first + i] = field end
  return first
end

-- Adds a node; returns its number, which counts from 0.
function put(p, node, encoder)
  local at = #p.nodes + 1
  local kind, first, count = KIND[node.kind] or LUA, 0, 0
  p.nodes[at] = false
  if kind == OBJECT then
    first, count = put_fields(p, node.fields, encoder), #node.fields
  elseif kind == ARRAY then
    first = put(p, node.item, encoder)
  elseif kind == LUA then
    first = reference(p, encoder.compile(node))
  end
  p.nodes[at] = { kind, node.is_nullable and 1 or 0, first, count }
  return at - 1
end

--- function(value) -> its text, or nil where encoder.lua has to look; nil for a schema that gains nothing by it.
--- encoder: {compile, absent, quote} of encoder.lua.
function M.compile(node, encoder)
  if not host.json_writer or node.kind ~= "object" and node.kind ~= "array" then return nil end
  local p = { nodes = {}, fields = {}, refs = {} }
  put(p, node, encoder)
  return host.json_writer(p.nodes, p.fields, p.refs)
end

return M
