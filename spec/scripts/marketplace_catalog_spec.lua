-- spec/scripts/marketplace_catalog_spec.lua -- what becomes of an operation of an OpenAPI document, and of an input that is
-- sent to it.

local json = require "human.json"
local world = require "pay_world"

describe("an OpenAPI document", function()
  local documents, parameters

  setup(function()
    local loaded = world.scripts()
    documents, parameters = loaded["marketplace.catalog_document"], loaded["marketplace.proxy_parameters"]
  end)

  local OK = { responses = { ["200"] = { content = { ["application/json"] = {} } } } }

  local function operation(fields)
    local out = { operationId = "op" }
    for name, value in pairs(OK) do out[name] = value end
    for name, value in pairs(fields or {}) do out[name] = value end
    return out
  end

  -- The tool of one operation, or nil and why not.
  local function tool(op, more, path, method)
    local document = { openapi = "3.1.0", servers = json.array { { url = "https://a.example/v1" } },
                       paths = { [path or "/x"] = { [method or "post"] = op } } }
    for name, value in pairs(more or {}) do document[name] = value end
    document = assert(documents.read(json.encode(document)))
    local entries = assert(documents.operations(document))
    return documents.tool(document, entries[1], more and more.base)
  end

  local function filled(p, input, path)
    local request = { url = "https://a.example", method = "GET", headers = {} }
    parameters.fill(request, { operation = { path = path or "/x", parameters = p } }, json.encode(input))
    return request.url:gsub("^https://a.example", ""), request.headers
  end

  it("has operations whose ids are its own, or made of method and path", function()
    local list = assert(documents.operations { paths = { ["/a/{b}/c-d"] = { get = {}, put = { operationId = "x" } } } })
    assert.same({ "getABCD", "x" }, { list[1].id, list[2].id })
  end)

  it("says how a credential is shown", function()
    local schemes = { components = { securitySchemes = { q = { type = "apiKey", ["in"] = "query", name = "key" },
      b = { type = "http", scheme = "Bearer" }, o = { type = "oauth2" }, h = { type = "apiKey", ["in"] = "header", name = "X-Key" } } } }
    local function auth(...)
      local meta = assert(tool(operation { security = json.array { ... } }, schemes)).tool_meta
      return meta.auth_type .. ":" .. (meta.auth_header or "")
    end
    local none = json.array {}
    assert.equal("query:key", auth { q = none })
    assert.equal("bearer:", auth { b = none })
    assert.equal("bearer:", auth { o = none })
    assert.equal("header:X-Key", auth({ q = none, b = none }, { h = none }))
    assert.equal("none:", auth({ q = none }, {}))
    assert.equal("none:", auth())
    assert.is_nil((tool(operation { security = json.array { { q = none, b = none } } }, schemes)))
  end)

  it("has servers that are relative to where it is", function()
    local function url(server, base)
      local made, why = tool(operation(), { servers = json.array { { url = server } }, base = base })
      return made and made.tool_meta.upstream_url or why
    end
    assert.equal("https://d.example/v2", url("/v2/", "https://d.example/docs/openapi.json"))
    assert.equal("https://d.example/docs/v2", url("./v2", "https://d.example/docs/openapi.json"))
    assert.equal("https://e.example", url("https://e.example/", "https://d.example/"))
    assert.matches("relative", url("/v2"))
    assert.matches("relative", url("//e.example/v2", "https://d.example/"))
    assert.matches("address is none", url "https://e.example/?a=b")
  end)

  it("has schemas that may go in circles, and references that may not", function()
    local schemas = { N = { type = "object", properties = { next = { ["$ref"] = "#/components/schemas/N" } } },
                      A = { ["$ref"] = "#/components/schemas/B" }, B = { ["$ref"] = "#/components/schemas/A" } }
    local function body(ref) return operation { requestBody = { content = { ["application/json"] = { schema = { ["$ref"] = ref } } } } } end
    local made = assert(tool(body "#/components/schemas/N", { components = { schemas = schemas } }))
    local schema = json.decode(made.input_schema)
    assert.equal("#/$defs/N", schema.properties.body["$ref"])
    assert.equal("#/$defs/N", schema["$defs"].N.properties.next["$ref"])
    for ref, why in pairs { ["#/components/schemas/A"] = "circle", ["#/nowhere"] = "not there", ["b.json#/a"] = "another document" } do
      local none, said = tool(body(ref), { components = { schemas = schemas } })
      assert.is_nil(none)
      assert.matches(why, said)
    end
  end)

  it("is sent inputs as its parameters have them", function()
    local list, object = json.array { "a b", "c" }, { x = 1, y = "&" }
    local function q(fields) fields.name, fields["in"] = "p", "query" return json.array { fields } end
    assert.equal("/x?p=a%20b&p=c", (filled(q {}, { p = list })))
    assert.equal("/x?p=a%20b,c", (filled(q { explode = false }, { p = list })))
    assert.equal("/x?p=a%20b%7Cc", (filled(q { style = "pipeDelimited" }, { p = list })))
    assert.equal("/x?x=1&y=%26", (filled(q {}, { p = object })))
    assert.equal("/x?p%5Bx%5D=1&p%5By%5D=%26", (filled(q { style = "deepObject" }, { p = object })))
    assert.equal("/x?p=%5B%22a%20b%22%2C%22c%22%5D", (filled(q { json = true }, { p = list })))
    assert.equal("/x", (filled(q {}, { p = json.null })))
    local in_path = json.array { { name = "p", ["in"] = "path" } }
    assert.equal("/x/1.5/y", (filled(in_path, { p = 1.5 }, "/x/{p}/y")))
    assert.equal("/x/%24%7Bsecret%3Aa%7D", (filled(in_path, { p = "${secret:a}" }, "/x/{p}")))
    for _, wrong in ipairs { "", ".", ".." } do assert.is_false(pcall(filled, in_path, { p = wrong }, "/x/{p}")) end
    assert.is_false(pcall(filled, in_path, {}, "/x/{p}"))
    assert.is_false(pcall(filled, q {}, { p = ("x"):rep(9000) }))
  end)

  it("chooses no header that is ours", function()
    for _, name in ipairs { "Host", "authorization", "Cookie", "X-Forwarded-For", "Content-Length", "X-Call-Id", "a b" } do
      assert.is_false(parameters.is_header(name), name)
    end
    assert.is_true(parameters.is_header "X-Trace")
  end)
end)
