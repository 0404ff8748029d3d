-- spec/lua/request_spec.lua -- invalid requests, and their answers.

local fake_host = require "fake_host"

local SCRIPT = [[
local api, s = require "human.api", require "human.schema"
api.auth("agent_key", { type = "apiKey", header = "X-API-Key" }, function(_, token)
  if token == "expired" then return nil, "key_expired" end
  return token == "good" and { id = "u1" } or nil
end)
local g = api.group { tag = "Things", base = "/api", auth = "agent_key", shape = "agent" }
g:post("/things/{id}", {
  summary = "Make a thing",
  params = { id = s.id },
  query = { limit = s.int { min = 1, max = 10 }:optional(), tags = s.array(s.string):optional() },
  body = s.object { name = s.string { min = 1, max = 20 }, n = s.number:optional(),
                    list = s.array(s.int):optional() },
  reply = { [201] = s.object { id = s.id, name = s.string, limit = s.int:optional(),
                               tags = s.array(s.string):optional() } },
}, function(ctx, body)
  return 201, { id = ctx.params.id, name = body.name, limit = ctx.query.limit, tags = ctx.query.tags }
end)
g:post("/raw", { summary = "Bytes", body = s.raw("text/csv", { max = 10 }),
  reply = { [200] = s.raw "text/csv" } },
  function(_, body) return 200, body end)
return {}
]]

describe("a request", function()
  local app

  setup(function()
    app = fake_host.start()
    app:load { ["api/agent/things.lua"] = SCRIPT }
  end)
  teardown(function() app:stop() end)

  local function post(o)
    o.method, o.path = "POST", o.path or "/api/things/c12345678"
    o.headers = o.headers or {}
    if o.key ~= false then o.headers["x-api-key"] = o.key or "good" end
    if o.body then o.headers["content-type"] = o.headers["content-type"] or "application/json" end
    return app:request(o)
  end

  it("is answered with the declared status, fields and headers", function()
    local a = post { json = { name = "x" }, path = "/api/things/c12345678?limit=3&tags=a" }
    assert.equal(201, a.status)
    assert.same({ id = "c12345678", name = "x", limit = 3, tags = { "a" } }, a.json)
    assert.equal("application/json; charset=utf-8", a.headers["content-type"])
    assert.equal("*", a.headers["access-control-allow-origin"])
    assert.matches("^%x+%-%d+$", a.headers["x-request-id"])
  end)

  it("is refused with 401 without a good key, before anything of it is read", function()
    for key, code in pairs { [false] = "unauthorized", wrong = "unauthorized", expired = "key_expired" } do
      local a = post { key = key, body = "{" }
      assert.equal(401, a.status)
      assert.equal(code, a.json.code)
      assert.equal("Unauthorized", a.json.error)
      assert.matches("X%-API%-Key", a.headers["www-authenticate"])
    end
  end)

  it("names the field that is wrong", function()
    for body, path in pairs {
      ["{}"] = "name", ['{"name":1}'] = "name", ['{"name":""}'] = "name", ['{"name":null}'] = "name",
      ['{"name":"x","n":"1"}'] = "n", ['{"name":"x","n":1e999}'] = "n", ['{"name":"x","n":[]}'] = "n",
      ['{"name":"x","zz":1}'] = "zz", ['{"name":"a\\u0000b"}'] = "name",
      ['{"name":"x","list":[1,2.5]}'] = "list[1]", ['{"name":"' .. ("x"):rep(21) .. '"}'] = "name",
      ["[]"] = "", ["null"] = "", ["1"] = "", ['"x"'] = "", ["true"] = "",
    } do
      local a = post { body = body }
      assert.equal(400, a.status, body)
      assert.equal("validation_error", a.json.code)
      assert.equal("Bad Request", a.json.error)
      assert.equal(400, a.json.statusCode)
      assert.equal(path, a.json.details[1].path, body)
      assert.equal((path == "" and "body" or path) .. " " .. a.json.details[1].message, a.json.message)
    end
  end)

  it("is refused when its body is no JSON text", function()
    for _, body in ipairs {
      "", "{", '{"name":"x"', "{name:1}", '{"name":"x"}x', '{"name":"\255"}', '{"name":"\192\128"}',
      '{"name":"x\0"}', '{"name":NaN}', '{"name":"x","n":1.}', ('{"a":'):rep(70) .. "1" .. ("}"):rep(70),
      ("["):rep(5000), "\239\187\191{}",
    } do
      local a = post { body = body }
      assert.equal(400, a.status, body)
      assert.equal("validation_error", a.json.code, body)
      assert.equal("body", a.json.details[1].path)
    end
  end)

  it("must say a media type that the route takes, or none", function()
    local body = '{"name":"x"}'
    for mime, status in pairs {
      ["application/json"] = 201, ["Application/JSON; charset=UTF-8"] = 201, [""] = 415,
      ["application/json;charset=latin1"] = 415, ["application/jsonx"] = 415,
      ["text/plain"] = 415, ["application/x-www-form-urlencoded"] = 415,
    } do
      assert.equal(status, post({ body = body, headers = { ["content-type"] = mime } }).status, mime)
    end
    assert.equal(201, app:request({ method = "POST", path = "/api/things/c12345678", body = body,
                                    headers = { ["x-api-key"] = "good" } }).status)
  end)

  it("may carry other bytes than JSON where the route says so", function()
    local function send(body)
      return post { path = "/api/raw", body = body, headers = { ["content-type"] = "text/csv" } }
    end
    assert.equal("a,\255", send("a,\255").body)
    assert.equal(413, send(("x"):rep(11)).status)
    assert.equal(400, send("").status)
  end)

  it("is refused for its query and its path", function()
    for target, path in pairs {
      ["?limit=0"] = "limit", ["?limit=x"] = "limit", ["?limit=1&limit=2"] = "limit", ["?zz=1"] = "zz",
      ["?limit=%"] = "query", ["?limit=" .. ("a&"):rep(101)] = "query",
    } do
      local a = post { json = { name = "x" }, path = "/api/things/c12345678" .. target }
      assert.equal(400, a.status, target)
      assert.equal(path, a.json.details[1].path, target)
    end
    assert.equal("id", post({ json = { name = "x" }, path = "/api/things/nope" }).json.details[1].path)
    assert.equal(400, post({ json = { name = "x" }, path = "/api/things/%ff" }).status)
  end)

  it("keeps a sane request id and replaces any other", function()
    local cases = { ["abc-1.2:3_Z"] = true, [("x"):rep(65)] = false, ["a b"] = false, [""] = false }
    for given, kept in pairs(cases) do
      local a = post { json = { name = "x" }, headers = { ["x-request-id"] = given } }
      assert.equal(kept, a.headers["x-request-id"] == given, given)
    end
  end)
end)
