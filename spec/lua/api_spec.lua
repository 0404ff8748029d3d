-- spec/lua/api_spec.lua -- groups, authenticators and plain collections.

local fake_host = require "fake_host"

local AUTH = [[
local api, s = require "human.api", require "human.schema"
local function only(good, id) return function(_, t) return t == good and { id = id } or nil end end
api.auth("key", { type = "apiKey", header = "X-API-Key" }, only("k", "by-key"))
api.auth("admin", { type = "http", scheme = "bearer" }, only("t", "by-token"))
api.auth("anyone", { type = "http", scheme = "bearer", optional = true }, function(_, t)
  if not t then return { id = "nobody" } end
  return nil, "forbidden"
end)
local g = api.group { auth = "key" }
local function who(ctx) return 200, ctx.actor and ctx.actor.id or "none" end
local routes = { ["/key"] = "key", ["/admin"] = "admin", ["/both"] = { "key", "admin" }, ["/anyone"] = "anyone" }
for path, auth in pairs(routes) do
  g:get(path, { summary = "Who", auth = auth, reply = { [200] = s.raw "text/plain" } }, who)
end
g:get("/group", { summary = "Who", reply = { [200] = s.raw "text/plain" } }, who)
g:get("/open", { summary = "Who", auth = false, reply = { [200] = s.raw "text/plain" } }, who)
return {}
]]

local NOTES = [[
local api, s = require "human.api", require "human.schema"
local store = require "agent.notes"
local g = api.group { base = "/api", auth = false, shape = "agent" }
local text = s.object { text = s.string }
local view = s.object { id = s.id, text = s.string }
g:resource("notes", { view = view, create = text, update = text, service = store })
g:resource("old-notes", {
  view = view, service = store, create = false, delete = false, errors = { "conflict" },
  page = function(listed, path, query) return { listed[1] }, { link = path .. "#" .. query.limit } end,
  list = { summary = "What was noted", query = s.object { limit = s.int { max = 3 }:default(2) } },
  update = { body = text, summary = "Correct an old note", errors = { "not_found" } },
})
return {}
]]

local STORE = [[
local fail = require "human.fail"
local M = {}
local row = { id = "c12345678", text = "hi" }
function M.list(_, q) return q.limit > 1 and { row, row } or { row }, 5, q.limit == 1 and row.id or nil end
function M.get(_, id) if id ~= row.id then fail.throw "not_found" end return row end
function M.create(_, body) return { id = row.id, text = body.text, secret = 1 } end
function M.update(_, id, body) return { id = id, text = body.text } end
function M.delete() end
return M
]]

describe("the API of scripts", function()
  local app
  after_each(function() app:stop() end)

  local function start(files, conf)
    app = fake_host.start { conf = conf }
    return app:load(files)
  end

  it("admits who the route's authenticators accept", function()
    start { ["api/auth.lua"] = AUTH }
    local key, token = { ["X-API-Key"] = "k" }, { Authorization = "Bearer t" }
    for _, case in ipairs {
      { "/key", key, "by-key" }, { "/group", key, "by-key" }, { "/open", {}, "none" },
      { "/admin", token, "by-token" }, { "/both", key, "by-key" }, { "/both", token, "by-token" },
      { "/anyone", {}, "nobody" }, { "/anyone", token, 403 }, { "/both", {}, 401 },
      { "/admin", { Authorization = "Basic t" }, 401 }, { "/admin", { Authorization = "bearer x" }, 401 },
      { "/key", { ["X-API-Key"] = "" }, 401 }, { "/group", token, 401 },
    } do
      local a = app:request { path = case[1], headers = case[2] }
      assert.equal(case[3], a.status == 200 and a.body or a.status, case[1])
    end
    assert.equal('Bearer realm="human"', app:request({ path = "/admin" }).headers["www-authenticate"])
  end)

  it("makes five routes of a plain collection", function()
    start { ["api/agent/notes.lua"] = NOTES, ["agent/notes.lua"] = STORE }
    local function ask(method, path, json)
      return app:request { method = method, path = "/api/notes" .. path, json = json }
    end
    local a = ask("GET", "?limit=1")
    assert.same({ { id = "c12345678", text = "hi" } }, a.json)
    assert.equal("5", a.headers["x-total-count"])
    assert.equal('</api/notes?limit=1&after=c12345678>; rel="next"', a.headers.link)
    assert.is_nil(ask("GET", "").headers.link)
    assert.equal(400, ask("GET", "?limit=201").status)
    a = ask("POST", "", { text = "new" })
    assert.same({ 201, '{"id":"c12345678","text":"new"}' }, { a.status, a.body })
    assert.equal("hi", ask("GET", "/c12345678").json.text)
    assert.equal(404, ask("GET", "/c99999999").status)
    assert.equal("up", ask("PUT", "/c12345678", { text = "up" }).json.text)
    assert.same({ 204, "" }, { ask("DELETE", "/c12345678").status, ask("DELETE", "/c12345678").body })
    assert.equal("GET, HEAD, PUT, DELETE, OPTIONS", ask("PATCH", "/c12345678").headers.allow)
  end)

  it("makes those routes of a collection that are wanted, with what each has of its own", function()
    local g = start { ["api/agent/notes.lua"] = NOTES, ["agent/notes.lua"] = STORE }
    local specs = {}
    for _, route in ipairs(g.routes) do
      if route.path:find("/old-notes", 1, true) then specs[route.title] = route.spec end
    end
    assert.equal("What was noted", specs["GET /api/old-notes"].summary)
    assert.equal("Get an old note", specs["GET /api/old-notes/{id}"].summary)
    assert.same({ "conflict" }, specs["GET /api/old-notes/{id}"].errors)
    assert.same({ "Correct an old note", { "not_found" } },
      { specs["PUT /api/old-notes/{id}"].summary, specs["PUT /api/old-notes/{id}"].errors })
    assert.is_nil(specs["POST /api/old-notes"] or specs["DELETE /api/old-notes/{id}"])
    local a = app:request { path = "/api/old-notes" }
    assert.same({ 1, "/api/old-notes#2" }, { #a.json, a.headers.link })
  end)

  for what, text in pairs {
    ["needs view and service"] = "service = store",
    ["needs the schema of a body for create"] = "view = view, service = store",
    ["no function list"] = "view = view, service = {}",
  } do
    it("refuses a collection that " .. what, function()
      assert.error_matches(function()
        start { ["agent/notes.lua"] = STORE, ["api/agent/notes.lua"] = [[
          local api, s = require "human.api", require "human.schema"
          local store, view = require "agent.notes", s.object { id = s.id }
          assert(store and view)
          api.group({ auth = false }):resource("x", { ]] .. text .. [[ })
          return {}]] }
      end, what, 1, true)
    end)
  end

  it("has kinds of keys that scripts declare, and masks what looks like one", function()
    start { ["api/x.lua"] = 'require("human.api").key_prefix("shop_", "a shop\'s") return {}' }
    local log = require "human.log"
    assert.equal("key shop_[redacted]", log.mask "key shop_0123456789abcdef")
    for _, args in ipairs { '"shop", "x"', '"_", "x"', '5, "x"', '"shop_"', '"a-b_", "x"' } do
      app:stop()
      assert.error_matches(function()
        start { ["api/x.lua"] = ("\nrequire('human.api').key_prefix(%s) return {}"):format(args) }
      end, "api.key_prefix wants", 1, true)
    end
    app:stop()
    start {}
  end)

  it("refuses codes of groups and of authenticators that are not in the catalogue, too", function()
    for _, text in ipairs { 'errors = { "nope" }, auth = false', 'auth = "k"' } do
      assert.error_matches(function()
        start { ["api/x.lua"] = ([[
          local api = require "human.api"
          api.auth("k", { type = "apiKey", header = "X-K", errors = { "nope" } }, function() end)
          api.group({ %s }):get("/x", { summary = "X", reply = { [204] = false } }, function() return 204 end)
          return {}]]):format(text) }
      end, "error code 'nope' is not in api/errors.lua, nor in api/agent/errors.lua", 1, true)
      app:stop()
    end
    start {}
  end)

  it("lets pages of listed origins read its answers, and no others", function()
    start({ ["api/auth.lua"] = AUTH }, { cors = { origins = "https://a.example, https://b.example" } })
    local origins = { ["https://a.example"] = true, ["https://B.example"] = true, ["https://c.example"] = false }
    for origin, allowed in pairs(origins) do
      for _, path in ipairs { "/open", "/nope" } do
        local a = app:request { path = path, headers = { origin = origin } }
        assert.equal(allowed and origin or nil, a.headers["access-control-allow-origin"])
        assert.equal("Origin", a.headers.vary)
      end
    end
  end)

  it("raises the body limit where a route takes more", function()
    local g = start { ["api/a.lua"] = [[
      local api, s = require "human.api", require "human.schema"
      local g = api.group { auth = false }
      for path, max in pairs { ["/files/{id}/x"] = 2000000, ["/small"] = 20 } do
        g:post(path, { summary = "Bytes", body = s.raw("text/plain", { max = max }), reply = { [204] = false } },
          function() return 204 end)
      end
      return {} ]] }
    assert.same({ ["/files/"] = 2000000 }, g.body_limits)
    assert.same({ ["/files/"] = 2000000 }, app.body_limits)
  end)

  it("hands everything below a Socket.IO path to its server, on both listeners", function()
    start { ["api/io.lua"] = 'require("human.sio").server {} return {}' }
    local paths = { "/socket.io/?EIO=4&transport=polling", "/socket.io?transport=x", "/socket.io/x?transport=x" }
    for _, path in ipairs(paths) do
      for listener = 0, 1 do
        local a = app:request { path = path, listener = listener }
        assert.is_truthy(a.status == 200 or a.body:find('"code":0', 1, true), path)
      end
    end
    assert.equal(404, app:request({ path = "/socket.iox" }).status)
  end)
end)
