-- scripts/gateway/mcp/headers.lua -- headers that repeat parts of a call (revision 2026-07-28), by which proxies route:
-- Mcp-Name, and Mcp-Param-* for arguments that a tool's schema marks with x-mcp-header.  Pure.

local crypto = require "human.crypto"
local headers = require "mcp.headers"

local M = {}

local MARK, TYPES = "x-mcp-header", { string = true, integer = true, boolean = true }
local HEADERS_MAX = 32                           -- of one tool; the host sends 100 at most
local TOKEN = "^[%w!#$%%&'*+.^_`|~-]+$"
local DATA = { enum = true, const = true, default = true, required = true }
local NAMED = { properties = true, patternProperties = true, ["$defs"] = true, definitions = true,
                dependentSchemas = true }

--- A text as a header's value: base64 where it cannot be written plainly.  A model or a server wrote it, so nothing in
--- it may look like a ${secret:NAME} that the host would fill in.
function M.value(text)
  local is_plain = text:find "^[!-~][\t -~]*$" and text:find "[!-~]$" and not text:find("${", 1, true)
    and not text:find "^=%?base64%?.*%?=$"
  return is_plain and text or "=?base64?" .. crypto.base64(text) .. "?="
end

local function declare(found, node, path)
  local name = node[MARK]
  if not path or not path[1] then error("it is where no argument can be found", 0) end
  if type(name) ~= "string" or #name > 64 or not name:find(TOKEN) then error("it is no name of a header", 0) end
  if not TYPES[node.type] then error("it is only for texts, whole numbers and booleans", 0) end
  if #found == HEADERS_MAX then error(("there are more than %d"):format(HEADERS_MAX), 0) end
  name = name:lower()
  if found.by_name[name] then error("two arguments have the same", 0) end
  found.by_name[name] = true
  found[#found + 1] = { name = "mcp-param-" .. name, path = path }
end

local function below(path, name)
  local out = { unpack(path) }
  out[#out + 1] = name
  return out
end

-- path: the names that lead to a value; nil where there is no telling which value it would be.
local function scan(found, node, path)
  if type(node) ~= "table" then return end
  if node[MARK] ~= nil then declare(found, node, path) end
  for key, each in pairs(node) do
    if NAMED[key] and type(each) == "table" then
      for name, schema in pairs(each) do
        scan(found, schema, path and key == "properties" and below(path, name) or nil)
      end
    elseif not DATA[key] and key ~= MARK then
      scan(found, each, nil)
    end
  end
end

--- The arguments that a schema (of gateway.mcp.words) wants in headers: {{name, path}, ..}; or nil and why it may not.
function M.declared(schema)
  local found = { by_name = {} }
  local ok, why = pcall(scan, found, schema, {})
  if not ok then return nil, "its " .. MARK .. ": " .. tostring(why) end
  return found
end

local function at(value, path)
  for _, name in ipairs(path) do
    if type(value) ~= "table" then return nil end
    value = value[name]
  end
  return value
end

--- The headers of a call, {[name] = value}.
function M.of(schema, arguments)
  local out = {}
  for _, each in ipairs(M.declared(schema) or {}) do
    local text = headers.text(at(arguments, each.path))
    if text then out[each.name] = M.value(text) end
  end
  return out
end

return M
