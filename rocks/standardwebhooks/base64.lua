-- rocks/standardwebhooks/base64.lua -- base64 with padding (RFC 4648 section 4), for keys and signatures.

local M = {}

local byte, char, concat, floor, sub = string.byte, string.char, table.concat, math.floor, string.sub

local LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
local VALUES = {}
for i = 1, 64 do VALUES[byte(LETTERS, i)] = i - 1 end

local function letter(n) return sub(LETTERS, n + 1, n + 1) end

--- The text of bytes.
function M.encode(bytes)
  local out = {}
  for i = 1, #bytes, 3 do
    local a, b, c = byte(bytes, i, i + 2)
    local n = a * 65536 + (b or 0) * 256 + (c or 0)
    out[#out + 1] = letter(floor(n / 262144)) .. letter(floor(n / 4096) % 64)
      .. (b and letter(floor(n / 64) % 64) or "=") .. (c and letter(n % 64) or "=")
  end
  return concat(out)
end

--- The bytes of a text, or nil when it is malformed: another letter, no padding, bits that are left over.
function M.decode(text)
  local padding = text:match "^[^=]*(=?=?)$"
  if #text % 4 ~= 0 or not padding then return nil end
  local out = {}
  for i = 1, #text, 4 do
    local n = 0
    for k = i, i + 3 do
      local value = k > #text - #padding and 0 or VALUES[byte(text, k)]
      if not value then return nil end
      n = n * 64 + value
    end
    out[#out + 1] = char(floor(n / 65536), floor(n / 256) % 256, n % 256)
  end
  local bytes = concat(out)
  if sub(bytes, #bytes - #padding + 1) ~= ("\0"):rep(#padding) then return nil end
  return sub(bytes, 1, #bytes - #padding)
end

return M
