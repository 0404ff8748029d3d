-- rocks/mcp/headers.lua -- headers that repeat parts of a body (revision 2026-07-28), for proxies that route by them.
-- A proxy may have decided by the header, so a body that disagrees with it is refused.

local M = {}

local find, match, sub = string.find, string.match, string.sub

local LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

local function unbase64(text)
  if #text % 4 ~= 0 or not find(text, "^[%w+/]*=?=?$") then return nil end
  local padding = #match(text, "=*$") -- linear: two at most
  local out = {}
  for i = 1, #text, 4 do
    local n = 0
    for k = i, i + 3 do n = n * 64 + (k > #text - padding and 0 or find(LETTERS, sub(text, k, k), 1, true) - 1) end
    out[#out + 1] = string.char(math.floor(n / 65536), math.floor(n / 256) % 256, n % 256)
  end
  local bytes = table.concat(out)
  return sub(bytes, 1, #bytes - padding)
end

--- Decodes a header: trims white space, and decodes =?base64?..?=, for values that cannot be written plainly.
--- nil when it is malformed.
function M.value(text)
  local from = find(text, "[^ \t]") or #text + 1
  local to = #text
  while to >= from and find(sub(text, to, to), "[ \t]") do to = to - 1 end
  text = sub(text, from, to)
  local encoded = match(text, "^=%?base64%?(.*)%?=$")
  if encoded then return unbase64(encoded) end
  if find(text, "[^\t -~]") then return nil end
  return text
end

--- An argument's value as a header has it; nil if a header cannot express it.
function M.text(value)
  local kind = type(value)
  if kind == "string" then return value end
  if kind == "boolean" then return tostring(value) end
  if kind == "number" and value == math.floor(value) and math.abs(value) < 2 ^ 53 then return ("%d"):format(value) end
  return nil
end

local function says(header, value)
  if header == nil then return false end
  local text = M.value(header)
  if text == nil then return false end
  if type(value) == "number" then return tonumber(text) == value end
  return text == M.text(value)
end

--- Whether a header agrees with the body.
M.says = says

-- Properties with x-mcp-header, in objects within objects too: on_property(header name, value or nil).
local function walk(schema, arguments, is_null, on_property, depth)
  local properties = type(schema) == "table" and schema.properties
  if type(properties) ~= "table" or depth > 16 then return end
  for name, property in pairs(properties) do
    if type(property) == "table" then
      local value
      if type(arguments) == "table" and not is_null(arguments[name]) then value = arguments[name] end
      if type(property["x-mcp-header"]) == "string" then on_property(property["x-mcp-header"], value) end
      walk(property, value, is_null, on_property, depth + 1)
    end
  end
end

--- Checks the headers Mcp-Param-* against the arguments, by a tool's schema: nil, or the name of one that disagrees.
function M.differing(schema, arguments, header, is_null)
  local bad
  walk(schema, arguments, is_null, function(name, value)
    local given = header("mcp-param-" .. name:lower())
    local fine
    if value == nil then fine = given == nil else fine = says(given, value) end
    if not fine then bad = bad or "Mcp-Param-" .. name end
  end, 0)
  return bad
end

return M
