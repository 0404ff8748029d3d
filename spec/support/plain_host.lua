-- spec/support/plain_host.lua -- the pure part of `human.host` in plain Lua, for specs run by busted
-- alone.  Inside `human test` the real one stays; `fresh` loads a module with this one.

local bit, cjson = require "bit", require "cjson"

local M = {}
local has_real, real = pcall(require, "human.core.host")

local UTF8 = { -- well-formed sequences, RFC 3629 section 4
  "^[%z\1-\127]+", "^[\194-\223][\128-\191]", "^\224[\160-\191][\128-\191]",
  "^[\225-\236\238\239][\128-\191][\128-\191]", "^\237[\128-\159][\128-\191]",
  "^\240[\144-\191][\128-\191][\128-\191]", "^[\241-\243][\128-\191][\128-\191][\128-\191]",
  "^\244[\128-\143][\128-\191][\128-\191]",
}

local function utf8_ok(s)
  local at = 1
  while at <= #s do
    local last
    for _, pattern in ipairs(UTF8) do
      last = last or select(2, s:find(pattern, at))
    end
    if not last then return false end
    at = last + 1
  end
  return true
end

-- The one table of reason phrases is C's.
local reasons
local function reason(status)
  if not reasons then
    reasons = {}
    for line in io.lines "host/http/respond.c" do
      local number, phrase = line:match 'case (%d+): return "([^"]+)";'
      if number then reasons[tonumber(number)] = phrase end
    end
  end
  return reasons[status] or status >= 500 and "Server Error" or "Request Refused"
end

local ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

local function base64(s)
  return (s:gsub("..?.?", function(part)
    local a, b, c = part:byte(1, 3)
    local n = a * 65536 + (b or 0) * 256 + (c or 0)
    local text = ""
    for shift = 18, 0, -6 do
      local i = bit.band(bit.rshift(n, shift), 63) + 1
      text = text .. ALPHABET:sub(i, i)
    end
    return text:sub(1, #part + 1) .. ("="):rep(3 - #part)
  end))
end

local function unbase64(s)
  if #s % 4 ~= 0 or not s:find "^[%w+/]*=?=?$" then return nil end
  local bits = s:gsub("=", ""):gsub(".", function(c)
    local n, text = ALPHABET:find(c, 1, true) - 1, ""
    for shift = 5, 0, -1 do text = text .. bit.band(bit.rshift(n, shift), 1) end
    return text
  end)
  return (bits:sub(1, #bits - #bits % 8):gsub("........", function(byte)
    return string.char(tonumber(byte, 2))
  end))
end

--- A new host.  What it was told is in `.lines` (log) and `.sums` (metrics); `.clock_s` is its time.
function M.new(conf)
  local h = { lines = {}, sums = {}, clock_s = 1764237600.123, NULL = cjson.null }
  h.native = { version = "0.0.0", instance = ("0"):rep(32), memory = function() return 0 end }
  if has_real then                               -- pure, and C's
    for _, name in ipairs { "E", "match", "replace", "found", "CAPTURE", "MATCH", "match_why" } do h[name] = real[name] end
  end
  h.utf8_ok, h.base64, h.unbase64 = utf8_ok, base64, unbase64
  h.reason = has_real and real.reason or reason
  function h.time() return h.clock_s end
  function h.now() return h.clock_s end
  function h.clock() return h.clock_s end
  function h.random(n)
    local bytes = {}
    for i = 1, n do bytes[i] = string.char(math.random(0, 255)) end
    return table.concat(bytes)
  end
  function h.label() return 1 end
  function h.secret_set() return false end
  function h.conf() return conf or {} end
  function h.log(level, line, gen) h.lines[#h.lines + 1] = { level = level, line = line, gen = gen } end
  function h.log_buffer(level, buf, gen)
    h.lines[#h.lines + 1] = { level = level, line = buf:tostring(), gen = gen }
    buf:reset()
  end
  function h.metric_set(name, value) h.sums[name] = value end
  function h.metric_get(name) return h.sums[name] end
  function h.stats()
    return { rss_bytes = 0, connections = 0, events = 0, ops = 0, bus_bytes = 0,
             pool = { leased = 0, busy = 0, idle = 0, waiting = 0, statements = 0, waits = 0, wait_s = 0 } }
  end
  function h.metric(name, by) h.sums[name] = (h.sums[name] or 0) + by end
  function h.metrics() return h.sums end
  function h.equal(a, b) return a == b end
  function h.compress(coding, s) return coding .. "(" .. #s .. ")" end
  function h.sha256(s) return ("sha256(" .. s .. ")") end
  function h.hmac_sha256(key, s) return ("hmac(" .. key .. "," .. s .. ")") end
  return h
end

--- Gives modules a host to load over when there is no real one.
function M.install()
  package.loaded["human.core.host"] = package.loaded["human.core.host"] or M.new()
  return package.loaded["human.core.host"]
end

--- A new instance of module `name` above `host`; whatever was loaded before stays loaded.
function M.fresh(name, host)
  local saved = { [name] = package.loaded[name], ["human.core.host"] = package.loaded["human.core.host"] }
  package.loaded[name], package.loaded["human.core.host"] = nil, host
  local ok, module = pcall(require, name)
  package.loaded[name], package.loaded["human.core.host"] = saved[name], saved["human.core.host"]
  if not ok then error(module, 2) end
  return module
end

return M
