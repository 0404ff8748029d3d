-- spec/lua/bodies_spec.lua -- routes that accept several types of body, including forms, and the raw bytes.

local fake_host = require "fake_host"
local form = require "human.http.form"
local json = require "human.json"

local SCRIPT = [[
local api, s = require "human.api", require "human.schema"
local crypto = require "human.crypto"
local g = api.group { tag = "Bodies", base = "/api", auth = false, shape = "agent" }
local Note = s.object { text = s.string { max = 20 }, n = s.int:optional(), tags = s.array(s.string):optional() }
g:post("/notes", {
  summary = "A note, however it is sent",
  body = { ["application/json"] = Note, ["application/x-www-form-urlencoded"] = Note,
           ["text/plain"] = s.raw("text/plain", { max = 30 }), ["application/cloudevents+json"] = Note },
  reply = { [200] = s.object { kind = s.string, text = s.string, n = s.int:optional(),
                               tags = s.array(s.string):optional() } },
}, function(_, body)
  if type(body) == "string" then return 200, { kind = "text", text = body } end
  return 200, { kind = "note", text = body.text, n = body.n, tags = body.tags }
end)
g:post("/hook", {
  summary = "Signed", body = s.object({ id = s.int }, { extra = "drop" }), headers = { ["X-Signature"] = s.string },
  reply = { [200] = s.object { id = s.int }, [401] = false },
}, function(ctx, body)
  local sent = ctx:raw_body()
  if crypto.hmac_sha256_hex("key", sent) ~= ctx.headers["x-signature"] then return 401 end
  return 200, { id = body.id }
end)
g:post("/maybe", { summary = "Nothing, or a form", reply = { [200] = s.object { has = s.bool } },
  body = { ["application/x-www-form-urlencoded"] = Note:optional() } },
  function(_, body) return 200, { has = body ~= nil } end)
return {}
]]

describe("a body", function()
  local app
  setup(function()
    app = fake_host.start()
    app:load { ["api/agent/bodies.lua"] = SCRIPT }
  end)
  teardown(function() app:stop() end)

  local function post(path, mime, body, headers)
    headers = headers or {}
    headers["content-type"] = mime
    return app:request { method = "POST", path = path, body = body, headers = headers }
  end

  it("is read by the schema of its type", function()
    assert.same({ kind = "note", text = "a", n = 7 }, post("/api/notes", "application/json", '{"text":"a","n":7}').json)
    assert.same({ kind = "note", text = "a b", n = 7, tags = { "x" } },
      post("/api/notes", "application/x-www-form-urlencoded; charset=UTF-8", "text=a+b&n=7&tags=x").json)
    assert.same({ kind = "text", text = "plain" }, post("/api/notes", "Text/Plain", "plain").json)
    assert.same({ kind = "note", text = "c" }, post("/api/notes", "application/cloudevents+json", '{"text":"c"}').json)
    assert.same({ kind = "note", text = "no type" }, post("/api/notes", nil, '{"text":"no type"}').json)
  end)

  it("is refused with the types that are taken", function()
    local answer = post("/api/notes", "application/xml", "<a/>")
    assert.equal(415, answer.status)
    for _, mime in ipairs { "application/json", "application/x-www-form-urlencoded", "text/plain", "cloudevents" } do
      assert.truthy(answer.body:find(mime, 1, true), mime)
    end
    assert.equal(415, post("/api/notes", "text/plain; charset=latin1", "x").status)
    assert.equal(415, post("/api/maybe", "application/json", "{}").status)
    assert.equal(413, post("/api/notes", "text/plain", ("x"):rep(31)).status)
  end)

  it("may be a form with repeated names, as far as the schema has lists", function()
    local type = "application/x-www-form-urlencoded"
    assert.same({ "x", "y z", "" }, post("/api/notes", type, "text=a&tags=x&tags=y%20z&tags").json.tags)
    assert.equal(400, post("/api/notes", type, "text=a&text=b").status)
    assert.equal(400, post("/api/notes", type, "text=a&n=seven").status)
    assert.equal(400, post("/api/notes", type, "text=a&other=1").status)
    assert.equal(400, post("/api/notes", type, "text=%FF").status)
    assert.equal(400, post("/api/notes", type, ("a=1&"):rep(1001)).status) -- limit: form fields
    assert.is_false(post("/api/maybe", type, "").json.has)
  end)

  it("is there byte by byte beside what was made of it", function()
    local crypto = require "human.crypto"
    local sent = '{ "id" : 7,\n "more": "\\u00e4" }'
    local function hook(signature) return post("/api/hook", "application/json", sent, { ["x-signature"] = signature }) end
    assert.same({ id = 7 }, hook(crypto.hmac_sha256_hex("key", sent)).json)
    assert.equal(401, hook(crypto.hmac_sha256_hex("key", sent .. " ")).status)
    local odd = hook "\255"
    assert.same({ 400, "x-signature" }, { odd.status, odd.json.details[1].path })
  end)

  it("is documented in all its types", function()
    local gen, openapi = require "human.scripts.generation", require "human.http.openapi"
    local document = json.decode(openapi.render(gen.current()))
    local content = document.paths["/api/notes"].post.requestBody.content
    for _, mime in ipairs { "application/json", "application/x-www-form-urlencoded", "text/plain" } do
      assert.truthy(content[mime].schema, mime)
    end
  end)

  local function refused(declaration, why)
    local ok, err = pcall(app.load, app, { ["api/agent/bodies.lua"] = SCRIPT:gsub("return {}%s*$", declaration .. "\nreturn {}") })
    assert.is_false(ok)
    assert.truthy(tostring(err):find(why, 1, true), tostring(err))
    assert.truthy(tostring(err):find("bodies.lua:", 1, true))
  end

  local function route(body) return 'g:post("/x", { summary = "x", reply = { [200] = false }, body = ' .. body .. " }, print)" end

  it("is refused at load where its declaration makes no sense", function()
    refused(route '{ ["application/xml"] = Note }', "must be s.raw or s.upload")
    refused(route '{ ["nonsense"] = Note }', "is no media type")
    refused(route "{}", "must be a schema")
    refused(route '{ ["multipart/form-data"] = s.string }', "is read by an s.object")
    refused(route "s.object { f = s.upload }", "files come as multipart/form-data")
    refused('for i = 1, 33 do ' .. route("s.upload"):gsub('"/x"', '"/x" .. i') .. " end", "at most 32 paths") -- limit: upload paths
  end)
end)

describe("a form", function()
  local cases = {
    { "", {} }, { "a=b", { a = "b" } }, { "a=b&&c=d&", { a = "b", c = "d" } }, { "a", { a = "" } }, { "=b", { [""] = "b" } },
    { "a=b=c", { a = "b=c" } }, { "a+b=c+d", { ["a b"] = "c d" } }, { "a=%2B%20%26", { a = "+ &" } },
    { "a=%zz%4&b=%", { a = "%zz%4", b = "%" } }, { "a=%C3%A4", { a = "ä" } }, { "a=1&a=2&a=3", { a = { "1", "2", "3" } } },
    { "a%00=b", { ["a\0"] = "b" } },
  }
  for i, case in ipairs(cases) do
    it("is read as browsers write it, case " .. i, function() assert.same(case[2], (form.parse(case[1]))) end)
  end
end)
