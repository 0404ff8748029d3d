-- rocks/socketio/binary.lua -- bytes inside event arguments.
-- A Lua string does not show whether it is text or bytes, so bytes are passed in this wrapper, in both
-- directions: `socket:emit("image", binary.new(bytes))`, and handlers read `.data`.

local M = {}

local Binary = { is_binary = true }
Binary.__index = Binary
Binary.__tostring = function(self) return "binary (" .. #self.data .. " bytes)" end

-- The deepest nesting that is looked at; JSON decoders stop at 64 as well.
local MAX_DEPTH = 64

-- Whether any wrapper was ever made: until then, encoders need not look for one.
local made = false

--- Wraps `data` (a string of any bytes).
function M.new(data)
  if type(data) ~= "string" then error("binary: expected a string, got " .. type(data), 2) end
  made = true
  return setmetatable({ data = data }, Binary)
end

function M.is(value)
  return getmetatable(value) == Binary
end

--- False when no wrapper can be anywhere, as none was made yet.
function M.possible()
  return made
end

-- Some clients search for exactly this text instead of parsing the JSON, so the order of its names matters.
local PLACEHOLDER = '{"_placeholder":true,"num":%d}'

local function placeholder(num, raw)
  if raw then return raw(PLACEHOLDER:format(num)) end
  return { _placeholder = true, num = num }
end

-- Returns `value`, or a copy of it in which every wrapper is a placeholder and its bytes are
-- appended to `found`.  Tables without wrappers are not copied.
local function extract(value, found, depth, raw)
  if type(value) ~= "table" then return value end
  if getmetatable(value) == Binary then
    found[#found + 1] = value.data
    return placeholder(#found - 1, raw)
  end
  if depth > MAX_DEPTH then error("arguments are nested too deeply", 0) end
  local copy
  for key, inner in pairs(value) do
    local outer = extract(inner, found, depth + 1, raw)
    if outer ~= inner then
      if not copy then
        copy = setmetatable({}, getmetatable(value))
        for k, v in pairs(value) do copy[k] = v end
      end
      copy[key] = outer
    end
  end
  return copy or value
end

--- Splits bytes from arguments: returns args with placeholders, and the array of byte strings, or
--- the args themselves and nil when they contain no bytes.  raw(text), optional, makes a value that the
--- caller's JSON writer copies verbatim; without it the writer decides the order of names.
function M.extract(args, raw)
  if not made then return args, nil end
  local found = {}
  local out = extract(args, found, 1, raw)
  if not found[1] then return args, nil end
  return out, found
end

local function restore(value, parts, depth)
  if type(value) ~= "table" then return value end
  if value._placeholder == true then
    local num = value.num
    local part = type(num) == "number" and num >= 0 and num % 1 == 0 and parts[num + 1]
    if not part then return nil end
    return part
  end
  if depth > MAX_DEPTH then return nil end
  for key, inner in pairs(value) do
    if type(inner) == "table" then
      local outer = restore(inner, parts, depth + 1)
      if outer == nil then return nil end
      value[key] = outer
    end
  end
  return value
end

--- Puts the wrappers `parts` where the placeholders of `args` are (in place); nil when a
--- placeholder names an attachment that did not come ("illegal attachments" in the reference).
function M.restore(args, parts)
  return restore(args, parts, 1)
end

return M
