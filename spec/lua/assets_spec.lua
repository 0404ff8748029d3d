-- spec/lua/assets_spec.lua -- what api.assets accepts, and which requests are answered with files.
-- See spec/e2e/assets.test.mjs for C's part.

local fake_host = require "fake_host"

describe("api.assets", function()
  local app
  before_each(function() app = fake_host.start { conf = { home = "/home/human" } } end)
  after_each(function() app:stop() end)

  local function load(lines)
    return app:load { ["api/ui.lua"] = 'local api, s = require "human.api", require "human.schema"\n' .. lines .. "\nreturn { s }" }
  end

  local function refused(line, why)
    local ok, err = pcall(load, line)
    assert.is_false(ok)
    assert.equal("api/ui.lua:2: " .. why, tostring(err))
  end

  it("says at load what is wrong with a declaration, and where", function()
    refused('api.assets("ui", {})', "the path must begin and must not end with /, and has no parameters")
    refused('api.assets("/ui/", {})', "the path must begin and must not end with /, and has no parameters")
    refused('api.assets("/{x}", {})', "the path must begin and must not end with /, and has no parameters")
    refused('api.assets("/")', "the second argument must be a table")
    refused('api.assets("/", {})', "needs embedded or dir")
    refused('api.assets("/", { dir = "" })', "dir is empty, and nothing is embedded")
    refused('api.assets("/", { embedded = "../x" })', "embedded must be a plain name")
    refused('api.assets("/", { embedded = "ui", folder = "x" })', "api.assets has no string option 'folder'")
    refused('api.assets("/", { embedded = "ui", links = 1 })', "api.assets has no number option 'links'")
    refused('api.assets("/", { dir = "x", fallback = "../x" })', "fallback must be a path below it")
    refused('api.assets("/", { dir = "x" }) api.assets("/", { dir = "y" })', "/ has files already, from api/ui.lua:2")
  end)

  it("warns of a tree that the binary has not, and answers 404 there", function()
    local g = load 'api.assets("/", { embedded = "ui", fallback = "index.html" })'
    assert.same({ "api/ui.lua:2: this binary was built without files called 'ui'" }, g.warnings)
    assert.equal(404, app:request({ path = "/", headers = { accept = "text/html" } }).status)
  end)

  it("takes a directory before the tree in the binary, and a relative one is below the home", function()
    app.trees = { ui = { ["a.txt"] = "embedded" }, ["/home/human/www"] = { ["a.txt"] = "own" }, ["/srv"] = { ["b.txt"] = "b" } }
    load 'api.assets("/", { embedded = "ui", dir = "www" }) api.assets("/e", { embedded = "ui", dir = "" }) api.assets("/s", { dir = "/srv" })'
    assert.equal("own", app:request({ path = "/a.txt" }).body)
    assert.equal("embedded", app:request({ path = "/e/a.txt" }).body)
    assert.equal("b", app:request({ path = "/s/b.txt" }).body)
    assert.equal(404, app:request({ path = "/s/a.txt" }).status)
  end)

  it("is asked where no route is, on the second port only if it says so", function()
    app.trees = { ui = { ["a.txt"] = "file", ["route"] = "file" } }
    load [[api.assets("/", { embedded = "ui" }) api.assets("/both", { embedded = "ui", agent_port = true })
      api.group { auth = false }:get("/route", { summary = "x", reply = { [200] = s.raw "text/plain" } }, function() return 200, "route" end)]]
    assert.equal("route", app:request({ path = "/route" }).body)
    assert.equal(405, app:request({ path = "/route", method = "POST" }).status)
    assert.equal("file", app:request({ path = "/a.txt" }).body)
    assert.equal(404, app:request({ path = "/a.txt", listener = 1 }).status)
    assert.equal("file", app:request({ path = "/both/a.txt", listener = 1 }).body)
  end)

  it("falls back for pages alone, and never below what an API has declared", function()
    app.trees = { ui = { ["index.html"] = "page" } }
    load [[api.assets("/", { embedded = "ui", fallback = "index.html" })
      api.assets("/ui", { embedded = "ui", fallback = "index.html" })
      local g = api.group { base = "/v9", auth = false }
      g:get("/x", { summary = "x", reply = { [204] = false } }, function() return 204 end)
      api.group { auth = false }:get("/ui/data/{id}", { summary = "x", reply = { [204] = false } }, function() return 204 end)
      require("human.sio").server { path = "/live/" }]]
    local function page(path, accept) return app:request({ path = path, headers = { accept = accept or "text/html" } }) end
    for _, path in ipairs { "/anything", "/ui/other", "/ui", "/v99" } do
      assert.equal(path == "/ui" and "" or "page", page(path).body, path)
    end
    for _, path in ipairs { "/v9/none", "/v9", "/api/none", "/ui/data", "/ui/data/1/2", "/live/x" } do
      assert.is_true(page(path).status >= 400, path)
    end
    for _, accept in ipairs { "*/*", "application/json", "text/html;q=0", "text/htmlx", "text/*", ("a,"):rep(600) .. "text/html" } do
      assert.equal(404, page("/anything", accept).status, accept)
    end
    assert.equal("page", page("/anything", "application/xml;q=0.9, Text/HTML;q=0.8").body)
    assert.equal(404, app:request({ path = "/anything", method = "DELETE", headers = { accept = "text/html" } }).status)
  end)

  it("says who may read an answer from another origin", function()
    app.trees = { ui = { ["a.txt"] = "file" } }
    load 'api.assets("/", { embedded = "ui" }) api.assets("/open", { embedded = "ui", cors = "*" })'
    assert.is_nil(app:request({ path = "/a.txt" }).headers["access-control-allow-origin"])
    assert.equal("*", app:request({ path = "/open/a.txt" }).headers["access-control-allow-origin"])
  end)

  it("answers 503 when a directory takes too long, once", function()
    load 'api.assets("/", { dir = "/srv" })'
    app.host.asset_file = function() return app:new_id() end
    local id = app:send { path = "/a.txt" }
    assert.is_nil(app:answer(id))
    app:advance(31)
    assert.equal(503, app:answer(id).status)
  end)
end)
