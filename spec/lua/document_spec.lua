-- spec/lua/document_spec.lua -- documents: ETags, 304, and the coding that a client accepts.
local fake_host = require "fake_host"

local SCRIPT = [[
local document, s = require "human.document", require "human.schema"
local g = require("human.api").group { auth = false }
local reply = { [200] = s.raw "text/plain", [304] = false }
g:get("/short", { summary = "s", reply = reply }, function(ctx) return document.answer(ctx, "short") end)
g:get("/long", { summary = "s", reply = reply }, function(ctx) return document.answer(ctx, ("long"):rep(256)) end)
return {}]]

describe("a document", function()
  local app
  before_each(function()
    app = fake_host.start()
    app:load { ["api/doc.lua"] = SCRIPT }
  end)
  after_each(function() app:stop() end)

  local function get(path, headers, method)
    return app:request { method = method, path = path, headers = headers }
  end

  local function tag_of(path, accept) return get(path, { ["accept-encoding"] = accept }).headers.etag end

  it("has a strong ETag of its content, another one for each form", function()
    local plain, gzip, deflate = tag_of "/long", tag_of("/long", "gzip"), tag_of("/long", "deflate")
    assert.truthy(plain:find '^"[^"]+"$')
    assert.equal(plain, tag_of "/long")
    assert.are_not.equal(plain, tag_of "/short")
    assert.are_not.equal(plain, gzip)
    assert.are_not.equal(deflate, gzip)
    assert.equal("no-cache", get("/long").headers["cache-control"])
  end)

  it("is not sent again to who has it, in whatever form", function()
    local tag = tag_of("/long", "gzip")
    for _, asked in ipairs { tag, "W/" .. tag, tag_of "/long", "*", '"x", ' .. tag, '"a,b",W/"c" ,' .. tag } do
      for _, method in ipairs { "GET", "HEAD" } do
        local a = get("/long", { ["if-none-match"] = asked, ["accept-encoding"] = "gzip" }, method)
        assert.same({ 304, "", tag }, { a.status, a.body, a.headers.etag })
        assert.is_nil(a.headers["content-type"])
        assert.is_nil(a.headers["content-encoding"])
        assert.equal("Accept-Encoding", a.headers.vary)
      end
    end
  end)

  it("is sent to who has another one", function()
    local bare = tag_of("/long"):sub(2, -2)
    for _, asked in ipairs { '"other"', bare, '"' .. bare .. 'x"', '"*"', "", '"', tag_of "/short" } do
      assert.equal(200, get("/long", { ["if-none-match"] = asked }).status)
    end
  end)

  it("is compressed from 1 KB on, and says so", function()
    local a = get("/long", { ["accept-encoding"] = "gzip, deflate, br" })
    assert.same({ "gzip(1024)", "gzip", "Accept-Encoding" },
      { a.body, a.headers["content-encoding"], a.headers.vary })
    local b = get("/short", { ["accept-encoding"] = "gzip" })
    assert.same({ "short", "Accept-Encoding" }, { b.body, b.headers.vary })
    assert.is_nil(b.headers["content-encoding"])
  end)
end)

describe("Accept-Encoding", function()
  local encoding = require "human.http.encoding"
  for text, want in pairs {
    ["gzip"] = "gzip", ["deflate"] = "deflate", ["GZIP"] = "gzip", ["x-gzip"] = "gzip", ["*"] = "gzip",
    ["gzip, deflate, br, zstd"] = "gzip", ["deflate, gzip"] = "gzip", ["br;q=1, gzip;q=0.1"] = "gzip",
    ["gzip;q=0.5, deflate;q=0.9"] = "deflate", ["gzip; q=0.8 ,identity"] = "gzip", ["gzip;q=0, *"] = "",
    ["gzip;q=0, deflate"] = "deflate", ["*;q=0"] = "", ["*;q=0, gzip"] = "gzip", ["br"] = "", ["identity"] = "",
    [""] = "", ["gzip;q=0"] = "", ["gzip;q=0.000"] = "", ["gzip;q=x"] = "", ["gzip;x=1"] = "", [",,;q=1,"] = "",
    ["gzipped"] = "", [("gzip,"):rep(1000)] = "",
  } do
    it(("means %s in %q"):format(want == "" and "no coding" or want, text:sub(1, 40)), function()
      assert.equal(want, encoding.choose(text) or "")
    end)
  end

  it("may be absent", function() assert.is_nil(encoding.choose(nil)) end)
end)
