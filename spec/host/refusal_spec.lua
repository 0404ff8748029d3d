-- spec/host/refusal_spec.lua -- requests refused before a script sees them, with the text declared for their path.

local host = require "human.core.host"
local wire = require "wire"

local function refuse(bytes)
  local c = wire.open(bytes)
  local text = c:read_all()
  c:close()
  return tonumber(text:match "^HTTP/1.1 (%d+)"), text:match "\r\n\r\n(.*)$", tonumber(text:match "Content%-Length: (%d+)")
end

local function post(path) return "POST " .. path .. " HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\n\r\n" end

describe("a refusal of the host", function()
  before_each(function()
    host.refusals_clear()
    for prefix, word in pairs { ["/"] = "root", ["/shop"] = "shop", ["/shop/v2"] = "second" } do
      for _, status in ipairs { 400, 413, 414 } do
        assert.equal(0, host.refusal(prefix, status, ('{"word":"%s","status":%d}'):format(word, status)))
      end
    end
  end)
  teardown(function() host.refusals_clear() end)

  local cases = {
    { "/shop", "shop" }, { "/shop/x", "shop" }, { "/shop?x=/y", "shop" }, { "/shopping", "root" }, { "/", "root" },
    { "/shop/v2", "second" }, { "/shop/v2/things", "second" }, { "/shop/v20", "shop" }, { "/SHOP", "root" },
    { "http://x/shop/y", "shop" },
  }
  for _, case in ipairs(cases) do
    it("is that of the longest path that " .. case[1] .. " is below", function()
      local status, body, length = refuse(post(case[1]))
      assert.same({ 413, '{"word":"' .. case[2] .. '","status":413}', #body }, { status, body, length })
    end)
  end

  it("is that of the path also where the request line is too long", function()
    local status, body = refuse("GET /shop/" .. ("x"):rep(9000) .. " HTTP/1.1\r\n\r\n")
    assert.same({ 414, '{"word":"shop","status":414}' }, { status, body })
  end)

  it("is that of / where there is no path", function()
    local status, body = refuse "\1\2\3\r\n\r\n"
    assert.same({ 400, '{"word":"root","status":400}' }, { status, body })
  end)

  it("has the host's own words where none were given", function()
    host.refusals_clear()
    local status, body = refuse(post "/shop")
    assert.equal(413, status)
    assert.equal('{"error":"Content Too Large","message":"Payload too large","statusCode":413,"code":"payload_too_large"}', body)
  end)

  it("takes no text without a path, for no error, or too long", function()
    for _, case in ipairs { { "", 413, "{}" }, { "x", 413, "{}" }, { "/x", 200, "{}" }, { "/x", 413, ("x"):rep(1025) },
                            { "/" .. ("x"):rep(255), 413, "{}" } } do
      assert.is_true(host.refusal(case[1], case[2], case[3]) < 0)
    end
  end)

  it("keeps no more texts than it has room for", function() -- limit: refusal texts
    host.refusals_clear()
    local n = 0
    while n < 1000 and host.refusal("/p" .. n, 413, "{}") == 0 do n = n + 1 end
    assert.equal(256, n)
  end)
end)
