-- spec/scripts/gateway_web_address_spec.lua -- what an address of the web is, for all of the gateway.

local read = require("gateway.web_address").read

describe("an address", function()
  for text, url in pairs {
    ["https://example.org"] = "https://example.org", ["HTTPS://Example.ORG:443/A?b#c"] = "https://example.org/A?b#c",
    ["http://example.org:80/"] = "http://example.org/", ["http://example.org:443/"] = "http://example.org:443/",
    ["hTTp://127.0.0.1:8080/x"] = "http://127.0.0.1:8080/x", ["https://[2001:DB8::1]:8443/"] = "https://[2001:db8::1]:8443/",
    ["https://example.org:/x"] = "https://example.org/x", ["https://example.org:65535?q=a@b"] = "https://example.org:65535?q=a@b",
  } do
    it(text .. " is " .. url, function() assert.equal(url, assert(read(text)).url) end)
  end

  it("has an origin, a host and a scheme", function()
    local a = read "HTTPS://Push.example:8443/abc"
    assert.same({ "https", "push.example", "https://push.example:8443" }, { a.scheme, a.host, a.origin })
  end)

  for text, why in pairs {
    ["https://example.org:99999/"] = "port", ["https://example.org:0/"] = "port", ["https://example.org:x/"] = "port",
    ["https://example.org:000000443/"] = "port", ["ftp://example.org/"] = "not https", ["//example.org/"] = "not https",
    ["javascript:alert(1)"] = "not https", ["https:///x"] = "no name", ["https://:443/"] = "no name", ["https://a..b/"] = "no name",
    ["https://[::1/"] = "no name", ["https://a:b@example.org/"] = "user or a password", ["https://token@example.org/"] = "user or a password",
    ["https://example.org/${secret:openai}"] = "%%XX", ["https://example.org/\r\nx: y"] = "%%XX", ["https://ex ample.org/"] = "%%XX",
    ["https://example.org\\@evil.example/"] = "%%XX", ["https://" .. ("a"):rep(254) .. "/"] = "no name",
    ["https://example.org/" .. ("a"):rep(2000)] = "longer than 2000",
  } do
    it(text:sub(1, 60) .. " is none", function()
      local a, said = read(text)
      assert.is_nil(a)
      assert.matches(why, said)
    end)
  end

  it("is a text", function()
    for _, value in ipairs { 5, true, {} } do assert.is_nil((read(value))) end
    assert.is_nil((read(nil)))
  end)
end)
