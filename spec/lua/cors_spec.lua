-- spec/lua/cors_spec.lua -- which pages may use which routes: by the option cors, the setting, and the kind of route.

local fake_host = require "fake_host"

local SCRIPT = [[
local api, s = require "human.api", require "human.schema"
api.auth("key", { type = "apiKey", header = "X-API-Key" }, function(_, token) return token == "k" and { id = "u" } or nil end)
api.auth("place", { type = "http", scheme = "bearer", optional = true, ambient = true }, function(ctx)
  return ctx:is_local() and { id = "me" } or nil
end)
api.auth("cookie", { type = "apiKey", header = "Cookie" }, function() return { id = "u" } end)
api.auth("guest", { type = "apiKey", header = "X-Guest", optional = true }, function() return { id = "g" } end)
local reply = { [200] = s.object { ok = s.bool } }
local function route(path, options)
  local g = api.group(options)
  g:get(path, { summary = "x", reply = reply }, function() return 200, { ok = true } end)
  g:post(path, { summary = "x", reply = reply }, function() return 200, { ok = true } end)
  g:websocket(path .. ".ws", { summary = "x" }, {})
end
route("/key", { auth = "key" })
route("/open", { auth = false })
route("/public", { auth = false, cors = "*" })
route("/closed", { auth = "key", cors = false })
route("/listed", { auth = false, cors = "https://own-list.example" })
route("/place", { auth = "place" })
route("/lent", { auth = "place", cors = "https://own-list.example" })
route("/cookie", { auth = "cookie" })
route("/guest", { auth = "guest" })
route("/either", { auth = { "key", "place" } })
return {}
]]

describe("a page of another origin", function()
  local app
  after_each(function() app:stop() end)

  local function start(origins)
    app = fake_host.start { conf = { cors = { origins = origins } } }
    app:load { ["api/x.lua"] = SCRIPT }
  end

  -- What it may do at `path`: read, ask with a key, open a WebSocket.
  local function may(path, origin)
    local headers = { origin = origin, ["x-api-key"] = "k" }
    local read = app:request { path = path, headers = headers }.headers["access-control-allow-origin"] ~= nil
    local refusal = app:request({ method = "DELETE", path = path, headers = headers }).headers["access-control-allow-origin"] ~= nil
    assert.equal(read, refusal)
    headers["access-control-request-method"] = "POST"
    local preflight = app:request { method = "OPTIONS", path = path, headers = headers }
    assert.equal(read, preflight.headers["access-control-allow-methods"] ~= nil)
    local ws = app:request { path = path .. ".ws", websocket = true, headers = { origin = origin, ["x-api-key"] = "k", cookie = "a=b" } }
    assert.equal(ws.status ~= 403, read)
    return read
  end

  for origins, expected in pairs {
    ["*"] = "/key /public", ["https://a.example"] = "/public",
    ["https://a.example https://evil.example"] = "/key /open /public /guest", [""] = "/public",
  } do
    it("may use what these origins leave to it: " .. origins, function()
      start(origins)
      for path in ("/key /open /public /closed /listed /place /lent /cookie /guest /either"):gmatch "%S+" do
        assert.equal((" " .. expected .. " "):find(" " .. path .. " ", 1, true) ~= nil, may(path, "https://evil.example"), path)
      end
      assert.is_true(may("/listed", "https://own-list.example"))
      assert.equal(nil, app:request({ path = "/place", headers = { origin = "https://own-list.example" } }).headers["access-control-allow-origin"])
      for _, origin in ipairs { "null", "http://localhost.evil.com", "http://127.0.0.1", "http://127.0.0.1:3001", "https://127.0.0.1:3000" } do
        assert.equal(403, app:request({ path = "/listed.ws", websocket = true, headers = { origin = origin } }).status, origin)
      end
    end)
  end

  it("is not ours, whose WebSockets open everywhere", function()
    start "*"
    for path in ("/key /open /closed /listed /place /cookie"):gmatch "%S+" do
      for _, origin in ipairs { "http://127.0.0.1:3000", false } do
        local headers = { origin = origin or nil, ["x-api-key"] = "k", cookie = "a=b" }
        assert.equal(101, app:request({ path = path .. ".ws", websocket = true, headers = headers }).status, path)
      end
    end
  end)

  it("does not get what caches kept for others", function()
    start "https://a.example"
    for path, vary in pairs { ["/key"] = "Origin", ["/place"] = "Origin", ["/listed"] = "Origin", ["/nope"] = "Origin" } do
      assert.equal(vary, app:request({ path = path, headers = { ["x-api-key"] = "k" } }).headers.vary, path)
    end
    assert.is_nil(app:request({ path = "/public" }).headers.vary)
  end)

  it("is never let in by * where it is enough to ask from this machine, or where a cookie is", function()
    app = fake_host.start()
    for name, scheme in pairs { place = 'type = "http", scheme = "bearer", optional = true, ambient = true', cookie = 'type = "apiKey", header = "Cookie"' } do
      local ok, why = pcall(app.load, app, { ["api/x.lua"] = ([[
        local api, s = require "human.api", require "human.schema"
        api.auth("%s", { %s }, function() return { id = "me" } end)
        local g = api.group { auth = "%s", cors = "*" }
        g:get("/x", { summary = "x", reply = { [204] = false } }, function() return 204 end)
        return {}]]):format(name, scheme, name) })
      assert.is_false(ok)
      assert.matches("api/x.lua:4: cors = \"%*\" would give every web page", tostring(why))
    end
    local ok, why = pcall(app.load, app, { ["api/x.lua"] = 'require("human.api").group { cors = true } return {}' })
    assert.is_false(ok)
    assert.matches("cors must be false", tostring(why))
  end)
end)
