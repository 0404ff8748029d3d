-- spec/lua/openapi_spec.lua -- routes of a generation as a document; schemas as JSON Schema.

require("plain_host").install()
local json = require "human.json"
local openapi = require "human.http.openapi"
local s = require "human.schema"
local schema_doc = require "human.schema.document"
local shapes = require "human.http.shapes"

local INTERNAL = { internal = { status = 500, message = "Internal error" } }
local AGENT = shapes.new("agent", {
  title = "AgentError", fields = { { "message", s.string }, { "statusCode", s.int }, { "code", s.string } },
  body = function(e) return { message = e.message, statusCode = e.status, code = e.code } end,
}, INTERNAL)

local SCHEMAS = { -- schema, direction, JSON Schema
  { s.string { min = 1, max = 5, pattern = "^%w+$" }, "in", { type = "string", minLength = 1, maxLength = 5, pattern = "^[A-Za-z0-9]+$" } },
  { s.uuid:describe "d":example "e", "in", { type = "string", format = "uuid", description = "d", examples = { "e" } } },
  { s.int { min = 1, max = 5 }:default(3), "in", { type = "integer", minimum = 1, maximum = 5, default = 3 } },
  { s.text:nullable(), "out", { type = { "string", "null" } } },
  { s.enum { "a" }:nullable(), "out", { type = { "string", "null" }, enum = { "a", json.null } } },
  { s.json, "in", {} }, { s.const "x", "in", { const = "x" } },
  { s.array(s.time, { max = 3 }), "in", { type = "array", maxItems = 3, items = { type = "string", format = "date-time" } } },
  { s.map(s.bool), "out", { type = "object", additionalProperties = { type = "boolean" } } },
  { s.one_of { s.text, s.bool }:nullable(), "in", { anyOf = { { anyOf = { { type = "string" }, { type = "boolean" } } }, { type = "null" } } } },
  { s.object { a = s.bool, b = s.bool:optional(), c = s.bool:default(true) }, "in",
    { type = "object", required = { "a" }, additionalProperties = false,
      properties = { a = { type = "boolean" }, b = { type = "boolean" }, c = { type = "boolean", default = true } } } },
  { s.object { c = s.bool:default(true) }, "out",
    { type = "object", required = { "c" }, properties = { c = { type = "boolean", default = true } } } },
}

local PATTERNS = { -- Lua pattern, regular expression (false: there is none)
  { "^[a-z0-9][%w%-_]*$", "^[a-z0-9][A-Za-z0-9\\-_]*$" }, { "^%d+%.%d%d$", "^[0-9]+\\.[0-9][0-9]$" },
  { "a|b", "a\\|b" }, { "^[^%s]+$", "^[^\\s]+$" }, { "x-y", "x*?y" }, { "%bxy", false }, { "%p", false },
}

local view = s.object { { "id", s.id }, { "name", s.text } }
local catalogue = {
  validation_error = { status = 400, message = "Validation failed" }, unauthorized = { status = 401, message = "No" },
  agent_not_found = { status = 404, message = "Agent not found" }, user_not_found = { status = 404, message = "User not found" },
  internal = { status = 500, message = "Internal error" },
  idempotency_in_progress = { status = 409, message = "At work" }, idempotency_answer_lost = { status = 409, message = "Lost" },
  idempotency_key_reused = { status = 422, message = "Reused" },
}

local function route(method, path, spec, more)
  local r = { method = method, path = path, spec = spec, kind = "http", shape = AGENT, tag = "Agents", auth_spec = "key" }
  for name, value in pairs(more or {}) do r[name] = value end
  return r
end

local gen = { id = "abc123", errors = catalogue, auth = { key = { scheme = { type = "apiKey", header = "X-API-Key" } } }, routes = {
  route("GET", "/api/agents/{id}", { summary = "One", reply = { [200] = view }, errors = { "agent_not_found", "user_not_found" } }),
  route("POST", "/api/agents", { summary = "New", body = s.object { name = s.text }, reply = { [201] = view, [204] = false } }, { idempotent = true }),
  route("POST", "/api/ask", { summary = "Ask", reply = { [202] = view }, events = "what is said" }),
  route("GET", "/api/agents", { summary = "All", query = { limit = s.int:default(50) }, reply = { [200] = s.array(view) } }),
  route("GET", "/metrics", { summary = "M", reply = { [200] = s.raw "text/plain" } }, { auth_spec = false, shape = shapes.PLAIN }),
  route("GET", "/ws", { summary = "W" }, { kind = "websocket" }),
} }

describe("schema_doc", function()
  for i, case in ipairs(SCHEMAS) do
    it("describes schema " .. i, function()
      local out = schema_doc.json_schema(case[1], case[2])
      if case[1].kind == "int" and not case[1].min then out.minimum, out.maximum = nil, nil end
      assert.same(case[3], out)
    end)
  end
  it("says exactly what is read, for OpenAPI", function()
    local no_nul = "^[^\\u0000]*$"
    local function exact(node) return schema_doc.json_schema(node, "exact") end
    assert.same({ type = "string", maxLength = 5, pattern = no_nul }, exact(s.string { max = 5 }))
    assert.same({ type = "string", pattern = "^[a-z]+$" }, exact(s.string { pattern = "^%l+$" }))
    assert.equal("^[^\\u0000]*[^\\u0000\\t-\\r ][^\\u0000]*$", exact(s.string { min = 1, trim = true }).pattern)
    assert.same({ type = "string", format = "date-time", pattern = "^(?!0000)" }, exact(s.time))
    assert.is_nil(exact(s.email).format)
    assert.same({ type = "object", required = { "a" }, additionalProperties = false,
                  properties = { a = { type = "string", pattern = no_nul } } }, exact(s.object { a = s.text }))
    assert.same({ type = "boolean" }, exact(s.json { nul = true }:shown(s.bool)))
  end)
  for _, case in ipairs(PATTERNS) do
    it("translates the pattern " .. case[1], function() assert.equal(case[2] or nil, schema_doc.regex(case[1])) end)
  end
end)

describe("openapi.render", function()
  local text = openapi.render(gen)
  local doc = json.decode(text)
  local one = doc.paths["/api/agents/{id}"].get

  it("gives the same text for the same routes", function() assert.equal(text, openapi.render(gen)) end)

  it("lists every route but websockets, which have a list of their own", function()
    assert.is_truthy(one and doc.paths["/api/agents"].get and doc.paths["/api/agents"].post and doc.paths["/metrics"].get)
    assert.is_nil(doc.paths["/ws"])
    assert.equal("/ws", doc["x-websockets"][1].path)
  end)

  it("requires the key where the route does", function()
    assert.same({ { key = {} } }, one.security)
    assert.is_true(json.is_array(doc.paths["/metrics"].get.security))
    assert.same({}, doc.paths["/metrics"].get.security)
    assert.same({ type = "apiKey", ["in"] = "header", name = "X-API-Key" }, doc.components.securitySchemes.key)
  end)

  it("takes parameters from the path and the query", function()
    assert.same({ name = "id", ["in"] = "path", required = true, schema = { type = "string" } }, one.parameters[1])
    local limit = doc.paths["/api/agents"].get.parameters[1]
    assert.equal("query", limit["in"])
    assert.is_nil(limit.required)
    assert.equal(50, limit.schema.default)
  end)

  it("lists errors by status with an example of each code, as clients see them", function()
    local examples = one.responses["404"].content["application/json"].examples
    assert.same({ message = "User not found", statusCode = 404, code = "user_not_found" }, examples.user_not_found.value)
    assert.is_truthy(examples.agent_not_found and one.responses["401"] and one.responses["500"])
    assert.is_truthy(doc.paths["/api/agents"].post.responses["400"])
  end)

  it("names the Idempotency-Key where the route takes it, with what it may be refused for", function()
    local post, ask = doc.paths["/api/agents"].post, doc.paths["/api/ask"].post
    local key = post.parameters[1]
    assert.same({ "Idempotency-Key", "header", 255 }, { key.name, key["in"], key.schema.maxLength })
    assert.is_truthy(post.responses["201"].headers["Idempotent-Replayed"])
    local conflict = post.responses["409"].content["application/json"].examples
    assert.is_truthy(conflict.idempotency_in_progress and conflict.idempotency_answer_lost and post.responses["422"])
    assert.is_nil(ask.parameters or ask.responses["409"] or ask.responses["202"].headers)
  end)

  it("says what a route streams when it is asked to", function()
    local ok = doc.paths["/api/ask"].post.responses["200"]
    assert.same({ "what is said", "string" }, { ok.description, ok.content["text/event-stream"].schema.type })
  end)

  it("gives every operation its own id and a refusal", function()
    local seen = {}
    for _, methods in pairs(doc.paths) do
      for _, op in pairs(methods) do
        assert.is_nil(seen[op.operationId])
        seen[op.operationId] = true
        assert.is_truthy(op.responses["400"] or op.responses["401"] or op.responses["4XX"])
      end
    end
    assert.is_true(seen.getApiAgentsById)
  end)
end)
