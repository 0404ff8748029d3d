-- spec/lua/caller_spec.lua -- where a request comes from: which clients count as local, and which proxies are believed.
-- limit: proxy hops, limit: remembered hosts

local cost = require "spec.support.cost"
local fake_host = require "fake_host"

local SCRIPT = [[
local api, s = require "human.api", require "human.schema"
local g = api.group { auth = false }
g:get("/whence", { summary = "Where from", reply = { [200] = s.object {
  ip = s.string, here = s.bool, why = s.string:optional(), at = s.string } } }, function(ctx)
  local here, why = ctx:is_local()
  return 200, { ip = ctx.ip, here = here, why = why, at = ctx:path "/whence" }
end)
return {}
]]

local function headers(text)
  local out = {}
  for name, value in text:gmatch "([%w-]+): ([^\n]*)" do out[name:lower()] = value end
  return out
end

describe("a client of this machine", function()
  local app
  teardown(function() app:stop() end)
  setup(function()
    app = fake_host.start { conf = { http = { hosts = "api.example, [fd00::1]" } } }
    app:load { ["api/x.lua"] = SCRIPT }
  end)

  local function ask(text, o)
    o = o or {}
    o.path, o.headers = "/whence", headers(text)
    return app:request(o).json
  end

  for _, text in ipairs {
    "", "Host: localhost", "Host: LOCALHOST:3000", "Host: localhost.", "Host: 127.0.0.1", "Host: 127.8.9.10:80",
    "Host: [::1]:3000", "Host: [::ffff:127.0.0.1]", "Host: api.example", "Host: API.example.:8443", "Host: [fd00::1]:3000",
    "Host: localhost:3000\nOrigin: http://localhost:3000", "Host: localhost:80\nOrigin: http://localhost",
    "Host: LocalHost:3000\nOrigin: http://localhost:3000", "Host: localhost:3000\nSec-Fetch-Site: same-origin",
    "Host: localhost\nSec-Fetch-Site: none", "Host: [::1]:3000\nOrigin: http://[::1]:3000",
  } do
    it("is told by " .. (text:gsub("\n", ", ")), function() assert.same({ true }, { ask(text).here, ask(text).why }) end)
  end

  for text, why in pairs {
    ["Host: evil.example"] = "Host 'evil.example'", ["Host: localhost.evil.com"] = "Host",
    ["Host: 127.0.0.1.evil.com"] = "Host", ["Host: 127.1"] = "Host", ["Host: 0.0.0.0"] = "Host", ["Host: 192.168.1.7"] = "Host",
    ["Host: localhost:80:90"] = "Host", ["Host: localhost:x"] = "Host", ["Host: [127.0.0.1]"] = "Host",
    ["Host: [::1"] = "Host", ["Host: localhost.."] = "Host", ["Host: .localhost"] = "Host", ["Host: 2130706433"] = "Host",
    ["Host: 0x7f.0.0.1"] = "Host", ["Host: [::1].evil.com"] = "Host", ["Host: [fd00::2]"] = "Host", ["Host: foo.localhost"] = "Host",
    ["Host: localhost\nOrigin: https://evil.example"] = "origin asks: 'https://evil.example'",
    ["Host: localhost\nOrigin: null"] = "origin", ["Host: localhost\nOrigin: http://localhost.evil.com"] = "origin",
    ["Host: localhost:3000\nOrigin: http://localhost:8080"] = "origin", ["Host: localhost\nOrigin: https://localhost"] = "origin",
    ["Host: localhost\nOrigin: http://localhost, http://evil.example"] = "origin", ["Host: localhost\nOrigin: "] = "origin",
    ["Host: localhost\nOrigin: http://user@localhost"] = "origin", ["Host: localhost\nOrigin: http://127.0.0.1"] = "origin",
    ["Host: localhost\nSec-Fetch-Site: cross-site"] = "Sec%-Fetch%-Site", ["Host: localhost\nSec-Fetch-Site: same-site"] = "Sec",
    ["X-Forwarded-For: 127.0.0.1"] = "passed on %(header 'x%-forwarded%-for'%), and 127.0.0.1", ["X-Forwarded-Host: localhost"] = "passed on",
    ["X-Forwarded-Proto: https"] = "passed on", ["X-Forwarded-Whatever: x"] = "passed on", ["Forwarded: for=127.0.0.1"] = "passed on",
    ["X-Real-IP: 127.0.0.1"] = "passed on", ["Via: 1.1 varnish"] = "passed on", ["CF-Connecting-IP: 1.2.3.4"] = "passed on",
    ["True-Client-IP: 1.2.3.4"] = "passed on", ["X-Client-IP: 1.2.3.4"] = "passed on", ["X-Cluster-Client-IP: 1.2.3.4"] = "passed on",
    ["X-Original-Forwarded-For: 1.2.3.4"] = "passed on", ["CDN-Loop: x"] = "passed on", ["X-Remote-Addr: 1.2.3.4"] = "passed on",
    ["Forwarded: "] = "passed on",
  } do
    it("is not told by " .. (text:gsub("\n", ", ")), function()
      local answer = ask(text)
      assert.is_false(answer.here)
      assert.matches(why, answer.why)
      assert.equal("127.0.0.1", answer.ip)
    end)
  end

  it("has no other address, names a Host, and speaks HTTP/1.1", function()
    assert.matches("203.0.113.9 is not on this machine", ask("", { ip = "203.0.113.9" }).why)
    assert.matches("not on this machine", ask("", { ip = "2001:db8::1" }).why)
    assert.is_true(ask("", { ip = "::1" }).here)
    local id = app:send { path = "/whence", headers = { host = false } }
    assert.matches("no Host", app:answer(id).json.why)
    assert.matches("HTTP/1.0", ask("", { bits = 16 }).why)
    assert.matches("PROXY", ask("", { bits = 4 }).why)
  end)

  it("does not see in the refusal what a client made up, unless it is plain", function()
    assert.matches("Host of this request is", ask("Host: a\"b").why)
    assert.matches("Host of this request is", ask("Host: " .. ("x"):rep(200)).why)
  end)

  it("may call a server on loopback by its own names alone, whatever it asks for", function()
    for i = 1, 100 do -- more than are remembered
      local answer = app:request { path = "/whence", inner = true, headers = { host = "evil" .. i .. ".example" } }
      assert.equal(421, answer.status)
    end
    for _, path in ipairs { "/whence", "/nope", "/socket.io/?EIO=4&transport=polling", "*" } do
      local evil = app:request { path = path, inner = true, headers = { host = "evil.example", origin = "http://evil.example" } }
      assert.same({ 421, "misdirected" }, { evil.status, evil.json.code })
      assert.matches("'evil.example' is not a name of this server", evil.json.error)
      assert.is_nil(evil.headers["access-control-allow-origin"])
      assert.not_equal(421, app:request({ path = path, inner = true, headers = { host = "api.example:3000" } }).status)
    end
    assert.equal(200, app:request({ path = "/whence", headers = { host = "evil.example" } }).status)
    assert.equal(200, app:request({ path = "/whence", inner = true, headers = { host = false } }).status)
  end)
end)

describe("a trusted proxy", function()
  local app
  teardown(function() app:stop() end)
  setup(function()
    app = fake_host.start { conf = { http = { trusted_proxies = "127.0.0.1, 10.0.0.1, fd00::1", hosts = "api.example" } } }
    app:load { ["api/x.lua"] = SCRIPT }
  end)

  local function ask(text, ip) return app:request({ path = "/whence", ip = ip, headers = headers(text) }).json end

  -- headers, the client's address
  for text, ip in pairs {
    ["X-Forwarded-For: 203.0.113.9"] = "203.0.113.9", ["X-Forwarded-For: 1.1.1.1, 203.0.113.9"] = "203.0.113.9",
    ["X-Forwarded-For: 203.0.113.9, 10.0.0.1"] = "203.0.113.9", ["X-Forwarded-For: 203.0.113.9:4711"] = "203.0.113.9",
    ["X-Forwarded-For:  203.0.113.9 \t"] = "203.0.113.9", ["X-Forwarded-For: 2001:DB8:0::1"] = "2001:db8::1",
    ["X-Forwarded-For: [2001:db8::1]:4711"] = "2001:db8::1", ["X-Forwarded-For: ::ffff:203.0.113.9"] = "203.0.113.9",
    ["X-Forwarded-For: nonsense, 203.0.113.9"] = "203.0.113.9", ["X-Forwarded-For: 203.0.113.9, nonsense"] = "127.0.0.1",
    ["X-Forwarded-For: 203.0.113.9, unknown, 10.0.0.1"] = "10.0.0.1", ["X-Forwarded-For: 203.0.113.9,"] = "127.0.0.1",
    ["X-Forwarded-For: 10.0.0.1, fd00::1"] = "10.0.0.1", ["X-Forwarded-For: "] = "127.0.0.1", ["X-Forwarded-For: 1.2.3"] = "127.0.0.1",
    ["X-Forwarded-For: 203.0.113.9 1.1.1.1"] = "127.0.0.1", ["X-Forwarded-For: 203.0.113.09"] = "127.0.0.1",
    ["Forwarded: for=203.0.113.9"] = "203.0.113.9", ["Forwarded: For=\"[2001:db8:cafe::17]:4711\""] = "2001:db8:cafe::17",
    ["Forwarded: for=1.1.1.1;proto=http, for=203.0.113.9;by=10.0.0.1"] = "203.0.113.9", ["Forwarded: for=_hidden"] = "127.0.0.1",
    ["Forwarded: for=203.0.113.9 ; proto=https ,, for=10.0.0.1;;"] = "203.0.113.9", ["Forwarded: for=unknown, for=10.0.0.1"] = "10.0.0.1",
    ["Forwarded: for=\"203.0.113.9\\\"\""] = "127.0.0.1", ["Forwarded: for=\"203.0.1\\13.9\""] = "203.0.113.9",
    ["Forwarded: for=\"203.0.113.9"] = "127.0.0.1", ["Forwarded: for=1.1.1.1;for=203.0.113.9"] = "127.0.0.1",
    ["Forwarded: for = 203.0.113.9"] = "127.0.0.1", ["Forwarded: proto=https"] = "127.0.0.1", ["Forwarded: for="] = "127.0.0.1",
    ["Forwarded: for=1.1.1.1\nX-Forwarded-For: 203.0.113.9"] = "127.0.0.1",
    ["Forwarded: for=203.0.113.9\nX-Forwarded-For: 1.1.1.1, 203.0.113.9"] = "203.0.113.9",
    ["Forwarded: ]\nX-Forwarded-For: 203.0.113.9"] = "127.0.0.1", ["Forwarded: for=203.0.113.9\nX-Forwarded-Proto: https"] = "203.0.113.9",
    ["X-Real-IP: 203.0.113.9"] = "127.0.0.1", ["Via: 1.1 x"] = "127.0.0.1",
  } do
    it("is believed as far as it can be: " .. (text:gsub("\n", ", ")), function()
      local answer = ask(text)
      assert.equal(ip, answer.ip)
      assert.is_false(answer.here)
    end)
  end

  it("is heard from behind another one, and nobody else is", function()
    assert.equal("203.0.113.9", ask("X-Forwarded-For: 203.0.113.9, 127.0.0.1", "fd00::1").ip)
    assert.equal("10.0.0.2", ask("X-Forwarded-For: 203.0.113.9\nForwarded: for=1.1.1.1", "10.0.0.2").ip)
  end)

  it("may pass on a client of this machine", function()
    assert.same({ true }, { ask("X-Forwarded-For: 127.0.0.1").here, ask("X-Forwarded-For: 127.0.0.1").why })
    assert.is_true(ask("X-Forwarded-For: 127.0.0.1\nX-Forwarded-Host: api.example\nX-Forwarded-Proto: https\nOrigin: https://api.example").here)
    assert.matches("Host", ask("X-Forwarded-For: 127.0.0.1\nX-Forwarded-Host: evil.example").why)
    assert.matches("origin", ask("X-Forwarded-For: 127.0.0.1\nX-Forwarded-Host: api.example\nOrigin: https://api.example").why)
    assert.matches("does not say for whom", ask("X-Forwarded-Proto: https").why)
    assert.matches("does not say for whom", ask("Via: 1.1 x").why)
  end)

  it("is followed for 32 hops and no further", function()
    local function chain(n) return "X-Forwarded-For: 203.0.113.9" .. (", 10.0.0.1"):rep(n) end
    assert.equal("203.0.113.9", ask(chain(31)).ip)
    assert.equal("10.0.0.1", ask(chain(32)).ip)
    assert.is_false(ask("X-Forwarded-For: " .. ("127.0.0.1, "):rep(40) .. "127.0.0.1").here)
  end)

  it("has its headers read in a time that grows with their length and no faster", function()
    assert.is_true(cost.within(5, function()
      for _, c in ipairs { " ", ",", ";", "=", '"', "\\", "[", ":", "a", ", ", ";=", '"\\', "/", "." } do
        local text = c:rep(60000 / #c)
        for _, name in ipairs { "Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Prefix", "Host", "Origin" } do
          app:request { path = "/whence", headers = { [name] = text, ["x-forwarded-for"] = name ~= "X-Forwarded-For" and "127.0.0.1" or text } }
        end
      end
    end))
  end)

  it("says below which path it serves us", function()
    for prefix, at in pairs { ["/human"] = "/human/whence", ["/a/b/"] = "/a/b/whence", ["/x, /human"] = "/human/whence", [""] = "/whence",
      ["human"] = "/whence", ["//evil.example"] = "/whence", ["/a/../b"] = "/whence", ["/a?b"] = "/whence", ["/a>b"] = "/whence",
      ["https://evil.example/"] = "/whence", ["/" .. ("a"):rep(300)] = "/whence" } do
      assert.equal(at, ask("X-Forwarded-Prefix: " .. prefix).at)
    end
    assert.equal("/whence", ask("X-Forwarded-Prefix: /human", "10.0.0.2").at)
  end)

  -- headers, what OpenAPI documents and other addresses begin with
  local caller
  for text, base in pairs {
    ["Host: api.example"] = "http://api.example", ["Host: api.example\nX-Forwarded-Proto: https"] = "https://api.example",
    ["X-Forwarded-Host: api.example\nX-Forwarded-Proto: https\nX-Forwarded-Port: 8443\nX-Forwarded-Prefix: /h"] = "https://api.example:8443/h",
    ["X-Forwarded-Host: API.example:443\nX-Forwarded-Proto: HTTPS"] = "https://api.example",
    ["X-Forwarded-Host: a.example, b.example\nX-Forwarded-For: 1.1.1.1, 203.0.113.9"] = "http://b.example",
    ["X-Forwarded-Host: a.example, b.example\nX-Forwarded-For: 203.0.113.9, 10.0.0.1"] = "http://a.example",
    ["X-Forwarded-Proto: https, http\nX-Forwarded-For: 203.0.113.9"] = "http://127.0.0.1:3000",
    ["X-Forwarded-Host: a/b"] = "http://127.0.0.1:3000", ["X-Forwarded-Host: a\"b"] = "http://127.0.0.1:3000",
    ["X-Forwarded-Proto: javascript"] = "http://127.0.0.1:3000", ["X-Forwarded-Port: 1x"] = "http://127.0.0.1:3000",
    ["Forwarded: for=203.0.113.9;proto=https;host=\"api.example:444\""] = "https://api.example:444",
    ["Forwarded: for=1.1.1.1;host=evil.example, for=203.0.113.9;host=api.example"] = "http://api.example",
    ["Forwarded: for=203.0.113.9;host=\"[2001:db8::1]:444\""] = "http://[2001:db8::1]:444",
    ["Forwarded: for=203.0.113.9;host=a.example\nX-Forwarded-Host: b.example\nX-Forwarded-For: 203.0.113.9"] = "http://127.0.0.1:3000",
  } do
    it("says how the client calls us: " .. (text:gsub("\n", ", ")), function()
      caller = require "human.http.caller"
      local id = app:new_id()
      local all = headers(text)
      all.host = all.host or "127.0.0.1:3000"
      app.requests[id] = { headers = all, ip = "127.0.0.1", bits = 0 }
      assert.equal(base, caller.base(id))
      app.requests[id].ip = "10.9.9.9"
      assert.is_nil(caller.base(id))
    end)
  end
end)
