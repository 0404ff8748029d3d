-- host/lua/core/lossy.lua -- decodes invalid UTF-8 as JavaScript does: U+FFFD replaces invalid bytes.
-- Most Socket.IO clients are JavaScript, whose strings may contain half a character; the
-- reference server delivers U+FFFD, where a stricter one would lose the message.  REST stays strict.

local host = require "human.core.host"

local byte, find, sub = string.byte, string.find, string.sub
local concat = table.concat

local M = {}
local REPLACEMENT = "\239\191\189"

-- Surrogates -----------------------------------------------------------------------------------------------

local HIGH, LOW = "^\\u[dD][89aAbB]%x%x", "^\\u[dD][c-fC-F]%x%x"

local function replacement_escape() return "\\ufffd" end

--- JSON text in which each \uD800 to \uDFFF without its other half is replaced by \uFFFD, or by what `instead`
--- returns for the escape.  Linear.
function M.json(text, instead)
  instead = instead or replacement_escape
  if not find(text, "\\u[dD][89a-fA-F]%x%x") then return text end
  local parts, from, i = {}, 1, find(text, "\\", 1, true)
  while i do
    local half = find(text, HIGH, i)
    if half and find(text, LOW, i + 6) then
      i = i + 12
    elseif half or find(text, LOW, i) then
      parts[#parts + 1], parts[#parts + 2] = sub(text, from, i - 1), instead(sub(text, i, i + 5))
      i = i + 6
      from = i
    else
      i = i + 2
    end
    i = find(text, "\\", i, true)
  end
  parts[#parts + 1] = sub(text, from)
  return concat(parts)
end

-- Bytes ----------------------------------------------------------------------------------------------------

-- Lead byte -> the number of continuation bytes, and the range of the first (Unicode, table 3-7).
local function lead(b)
  if b >= 0xC2 and b <= 0xDF then return 1, 0x80, 0xBF end
  if b == 0xE0 then return 2, 0xA0, 0xBF end
  if b == 0xED then return 2, 0x80, 0x9F end
  if b >= 0xE1 and b <= 0xEF then return 2, 0x80, 0xBF end
  if b == 0xF0 then return 3, 0x90, 0xBF end
  if b >= 0xF1 and b <= 0xF3 then return 3, 0x80, 0xBF end
  if b == 0xF4 then return 3, 0x80, 0x8F end
end

-- The length of the sequence at i, and whether it is a character.
local function sequence(text, i)
  local n, least, most = lead(byte(text, i))
  if not n then return 1, false end
  for k = 1, n do
    local b = byte(text, i + k)
    if not b or b < least or b > most then return k, false end
    least, most = 0x80, 0xBF
  end
  return n + 1, true
end

local function replacement() return REPLACEMENT end

--- Bytes as UTF-8, with each maximal invalid part replaced by U+FFFD, or by what `instead` returns for it
--- (WHATWG Encoding).  Linear.
function M.utf8(text, instead)
  if host.utf8_ok(text) then return text end
  instead = instead or replacement
  local parts, from = {}, 1
  local i = find(text, "[\128-\255]")
  while i do
    local n, ok = sequence(text, i)
    if not ok then
      parts[#parts + 1], parts[#parts + 2] = sub(text, from, i - 1), instead(sub(text, i, i + n - 1))
      from = i + n
    end
    i = find(text, "[\128-\255]", i + n)
  end
  parts[#parts + 1] = sub(text, from)
  return concat(parts)
end

return M
