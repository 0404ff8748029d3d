-- host/lua/http/encoding.lua -- which content coding an answer may have (RFC 9110, sections 8.4 and 12.5.3).

local host = require "human.core.host"

local byte, gmatch, lower, match, tonumber = string.byte, string.gmatch, string.lower, string.match, tonumber

local M = {}
local CODINGS = { gzip = "gzip", ["x-gzip"] = "gzip", deflate = "deflate", ["*"] = "gzip" }
M.MIN_BYTES = 1024             -- shorter contents are not worth compressing
local ACCEPT_MAX = 1024        -- of Accept-Encoding; clients send 20 bytes

-- The weight of one "coding;q=0.5"; malformed ones count as refused.
local function weight_of(item)
  local q = match(item, ";%s*[qQ]=([%d.]+)")
  if not q then return match(item, ";") and 0 or 1 end
  return tonumber(q) or 0
end

--- The coding for a client that sent this Accept-Encoding (nil: none): "gzip", "deflate" or nil.  gzip wins a
--- tie; `*` stands for all codings not named.
function M.choose(accept)
  if not accept or #accept > ACCEPT_MAX then return nil end
  local weights = {}
  for item in gmatch(accept, "[^,]+") do
    local name = match(item, "[^%s;]+")
    local coding = name and CODINGS[lower(name)]
    if coding and (byte(name) ~= 42 or not weights.gzip) then weights[coding] = weight_of(item) end
  end
  local gzip, deflate = weights.gzip or 0, weights.deflate or 0
  if gzip == 0 and deflate == 0 then return nil end
  return deflate > gzip and "deflate" or "gzip"
end

--- `text` in a coding, or nil when that does not make it smaller.  level: 1 (fast) to 9.
function M.compress(coding, text, level) return host.compress(coding, text, level) end

return M
