-- rocks/yaml/write.lua -- values as YAML: blocks, keys in order, and each string so that every reader takes it for one.

local floor = math.floor
local find, format, gsub = string.find, string.format, string.gsub

-- Words that YAML 1.1 takes for something else than a string.
local WORDS = {}
for word in ("y n yes no on off true false null"):gmatch "%S+" do WORDS[word] = true end

local NAMED = { ["\n"] = "\\n", ["\t"] = "\\t", ["\r"] = "\\r", ['"'] = '\\"', ["\\"] = "\\\\" }

local function escaped(c) return NAMED[c] or format("\\x%02x", c:byte()) end

-- Plain where nobody can take it for anything else; in double quotes where somebody might.
local function string_text(s)
  if find(s, "^[%a_/][%w_/. -]*$") and not find(s, " $") and not WORDS[s:lower()] then return s end
  s = gsub(gsub(s, '[%c"\\]', escaped), "\194([\128-\159])", function(c) return format("\\x%02x", c:byte()) end)
  return '"' .. gsub(s, "\226\128([\168\169])", { ["\168"] = "\\L", ["\169"] = "\\P" }) .. '"'
end

local function number_text(n)
  if n ~= n then return ".nan" end
  if n == math.huge or n == -math.huge then return n > 0 and ".inf" or "-.inf" end
  if n == floor(n) and math.abs(n) < 2 ^ 53 then return format("%d", n) end
  local short = format("%.15g", n)
  return tonumber(short) == n and short or format("%.17g", n)
end

local block

-- What stands behind "key:" or "-": of a collection, lines of its own.
local function behind(state, out, v, indent, depth)
  local kind = type(v)
  if v == state.null or kind == "nil" then out[#out + 1] = " null\n"
  elseif kind == "string" then out[#out + 1] = " " .. string_text(v) .. "\n"
  elseif kind == "number" then out[#out + 1] = " " .. number_text(v) .. "\n"
  elseif kind == "boolean" then out[#out + 1] = " " .. tostring(v) .. "\n"
  elseif kind ~= "table" then error("YAML has no " .. kind, 0)
  elseif next(v) == nil then out[#out + 1] = state.is_array(v) and " []\n" or " {}\n"
  else
    out[#out + 1] = "\n"
    block(state, out, v, indent, depth + 1)
  end
end

local function sorted_keys(t)
  local keys = {}
  for key in pairs(t) do
    if type(key) ~= "string" then error("a key is a string", 0) end
    keys[#keys + 1] = key
  end
  table.sort(keys)
  return keys
end

block = function(state, out, t, indent, depth)
  if depth > state.max_depth then error("nested deeper than " .. state.max_depth, 0) end -- or in itself
  local before = ("  "):rep(indent)
  if state.is_array(t) then
    for i = 1, #t do
      out[#out + 1] = before .. "-"
      behind(state, out, t[i], indent + 1, depth)
    end
    return
  end
  for _, key in ipairs(sorted_keys(t)) do
    if #key > 1000 then error("a key is longer than 1000 bytes", 0) end
    out[#out + 1] = before .. string_text(key) .. ":"
    behind(state, out, t[key], indent + 1, depth)
  end
end

return function(value, state)
  local out = {}
  if type(value) == "table" and value ~= state.null and next(value) ~= nil then block(state, out, value, 0, 1)
  else
    behind(state, out, value, 0, 0)
    out[1] = out[1]:sub(2)
  end
  return table.concat(out)
end
