-- spec/host/proxyhead_spec.lua -- host/net/proxyhead.c through the FFI: the head that a proxy sends first.
-- limit: PROXY head

local ffi = require "ffi"

require "c_types" ("core/peer.h", "peer", "PEER_TEXT", "peer_text", "peer_check_networks")
local C = require "c_types" ("net/proxyhead.h", "PROXYHEAD_MORE", "proxyhead_parse")
local NAMES = { [C.PROXYHEAD_MORE] = "more", [C.PROXYHEAD_SOURCE] = "source", [C.PROXYHEAD_NOBODY] = "nobody",
                [C.PROXYHEAD_BAD] = "bad" }
local SIGNATURE = "\r\n\r\n\0\r\nQUIT\n"

local function parse(text)
  local source, used, out = ffi.new "peer", ffi.new "size_t[1]", ffi.new("char[?]", C.PEER_TEXT)
  local what = NAMES[tonumber(C.proxyhead_parse(text, #text, source, used))]
  if what ~= "source" then return what, tonumber(used[0]) end
  C.peer_text(source, out)
  return ffi.string(out), tonumber(used[0])
end

local function v2(command, family, body, length)
  length = length or #body
  return SIGNATURE .. string.char(command, family, math.floor(length / 256), length % 256) .. body
end

local FOUR = "\203\0\113\9\127\0\0\1\18\103\1\187"
local SIX = "\32\1\13\184" .. ("\0"):rep(11) .. "\9" .. ("\0"):rep(15) .. "\1\18\103\1\187"
local MAPPED = ("\0"):rep(10) .. "\255\255\203\0\113\9" .. SIX:sub(17)

describe("a PROXY head", function()
  for text, source in pairs {
    ["PROXY TCP4 203.0.113.9 127.0.0.1 4711 443\r\n"] = "203.0.113.9", ["PROXY TCP4 0.0.0.0 255.255.255.255 0 65535\r\n"] = "0.0.0.0",
    ["PROXY TCP6 2001:DB8::9 ::1 4711 443\r\n"] = "2001:db8::9", ["PROXY TCP6 ::ffff:203.0.113.9 ::1 1 2\r\n"] = "203.0.113.9",
    ["PROXY UNKNOWN\r\n"] = "nobody", ["PROXY UNKNOWN ffff:f:f ffff::1 65535 65535\r\n"] = "nobody", ["PROXY UNKNOWN a b c d e f g\r\n"] = "nobody",
    [v2(33, 17, FOUR)] = "203.0.113.9", [v2(33, 33, SIX)] = "2001:db8::9", [v2(33, 33, MAPPED)] = "203.0.113.9",
    [v2(33, 17, FOUR .. "\1\0\2h2\32\0\5\1\0\0\0\0")] = "203.0.113.9", [v2(33, 17, FOUR .. ("x"):rep(4068))] = "203.0.113.9",
    [v2(32, 0, "")] = "nobody", [v2(32, 17, FOUR)] = "nobody", [v2(33, 0, "")] = "nobody", [v2(33, 18, FOUR)] = "nobody",
    [v2(33, 49, ("x"):rep(216))] = "nobody", [v2(33, 153, "zz")] = "nobody",
  } do
    it(("is read whole, whatever follows: %q"):format(text:sub(1, 60)), function()
      assert.same({ source, #text }, { parse(text) })
      assert.same({ source, #text }, { parse(text .. "GET / HTTP/1.1\r\n" .. text) })
      for n = 0, math.min(#text - 1, 200) do assert.equal("more", (parse(text:sub(1, n)))) end
    end)
  end

  for _, text in ipairs {
    "GET / HTTP/1.1\r\n", "\22\3\1", "proxy TCP4 1.2.3.4 1.2.3.4 1 1\r\n", "PROXY TCP4 203.0.113.9 127.0.0.1 4711 443\n",
    "PROXY  TCP4 203.0.113.9 127.0.0.1 4711 443\r\n", "PROXY TCP4 203.0.113.9 127.0.0.1 4711 443 \r\n", "PROXY TCP4 203.0.113.9 127.0.0.1 4711\r\n",
    "PROXY TCP4 203.0.113.9 127.0.0.1 04711 443\r\n", "PROXY TCP4 203.0.113.9 127.0.0.1 65536 443\r\n", "PROXY TCP4 203.0.113.9 127.0.0.1 -1 443\r\n",
    "PROXY TCP4 2001:db8::9 ::1 1 1\r\n", "PROXY TCP6 203.0.113.9 127.0.0.1 1 1\r\n", "PROXY TCP4 203.0.113 127.0.0.1 1 1\r\n",
    "PROXY TCP4 203.0.113.9 localhost 1 1\r\n", "PROXY UDP4 203.0.113.9 127.0.0.1 1 1\r\n", "PROXY \r\n", "PROXY TCP4\r\n",
    "PROXY TCP4 203.0.113.9\0 127.0.0.1 1 1\r\n", "PROXY TCP4 203.0.113.9 127.0.0.1 1 1\r\r\n", "PROXY UNKNOWN \r x\r\n",
    "PROXY UNKNOWN " .. ("x"):rep(107 - 14), "PROXY UNKNOWN " .. ("x"):rep(200) .. "\r\n", v2(49, 17, FOUR), v2(34, 17, FOUR), v2(1, 17, FOUR),
    v2(33, 17, FOUR:sub(1, 11)), v2(33, 33, SIX:sub(1, 35)), v2(33, 49, ("x"):rep(215)), v2(33, 17, FOUR, 4081), v2(32, 0, "", 65535),
    SIGNATURE:sub(1, 11) .. "x" .. "\33\17\0\12" .. FOUR,
  } do
    it(("is nothing else: %q"):format(text:sub(1, 60)), function() assert.equal("bad", (parse(text))) end)
  end
end)

-- limit: trusted proxies
describe("http.trusted_proxies", function()
  local why = ffi.new "char[300]"
  local function check(text) return C.peer_check_networks(text, why, 300) end

  for _, text in ipairs { "", "127.0.0.1", "10.0.0.0/8, fd00::/8 unix", "::1", "::ffff:10.0.0.0/104", "0.0.0.0/0,::/0", "1.2.3.4/32" } do
    it("may be: " .. text, function() assert.equal(0, check(text)) end)
  end

  for _, text in ipairs { "localhost", "10.0.0.0/33", "::1/129", "10.0.0/8", "10.0.0.0/", "10.0.0.0/8/8", "10.0.0.0/-1", "10.0.0.0/1234", "*",
    "::ffff:10.0.0.0/95", "127.0.0.1:80", "[::1]", "unix:/x", "10.0.0.0 /8", "fe80::1%eth0" } do
    it("may not be: " .. text, function()
      assert.equal(-1, check(text))
      assert.matches("must be addresses", ffi.string(why))
    end)
  end

  it("may be 64, and no more", function()
    assert.equal(0, check(("10.0.0.1,"):rep(64)))
    assert.equal(-1, check(("10.0.0.1,"):rep(65)))
    assert.matches("at most 64", ffi.string(why))
  end)
end)
