-- spec/rocks/openapi_spec.lua -- the document that plain declarations give.

local openapi = require "openapi"

local function marked(t) return setmetatable(t, { is_array = true }) end

local function document(operations)
  return openapi.document({ info = { title = "t", version = "1" }, operations = operations }, { array = marked })
end

local function op(method, path, more)
  local out = { method = method, path = path, summary = "s", replies = { { status = 200 } } }
  for k, v in pairs(more or {}) do out[k] = v end
  return out
end

local IDS = {
  { "GET", "/", "get" }, { "GET", "/api/agents", "getApiAgents" },
  { "PUT", "/api/users/{userId}/api-keys/{keyId}", "putApiUsersByUserIdApiKeysByKeyId" },
  { "GET", "/openapi.json", "getOpenapiJson" },
}

describe("openapi.operation_id", function()
  for _, case in ipairs(IDS) do
    it("of " .. case[1] .. " " .. case[2], function()
      assert.equal(case[3], openapi.operation_id(case[1], case[2]))
    end)
  end
end)

describe("openapi.document", function()
  it("has the version, the server itself and an entry per path", function()
    local doc = document { op("GET", "/a"), op("POST", "/a"), op("GET", "/b") }
    assert.equal("3.1.0", doc.openapi)
    assert.equal("/", doc.servers[1].url)
    assert.is_truthy(doc.paths["/a"].get and doc.paths["/a"].post and doc.paths["/b"].get)
  end)

  it("keeps operationIds apart, in an order that does not depend on the declarations'", function()
    local one, two = op("GET", "/x/bids-create"), op("GET", "/x/bids/create")
    for _, list in ipairs { { one, two }, { two, one } } do
      local doc = document(list)
      assert.equal("getXBidsCreate", doc.paths["/x/bids-create"].get.operationId)
      assert.equal("getXBidsCreate2", doc.paths["/x/bids/create"].get.operationId)
    end
  end)

  it("takes the path alone where that says what is done, and the method as well for a second one", function()
    local doc = document { op("POST", "/bids-create"), op("GET", "/credit-tasks"), op("POST", "/credit-tasks"), op("GET", "/") }
    assert.equal("bidsCreate", doc.paths["/bids-create"].post.operationId)
    assert.equal("creditTasks", doc.paths["/credit-tasks"].get.operationId)
    assert.equal("postCreditTasks", doc.paths["/credit-tasks"].post.operationId)
    assert.equal("get", doc.paths["/"].get.operationId)
  end)

  it("prefers ids given by hand and refuses the same twice", function()
    local doc = document { op("GET", "/x/a"), op("GET", "/b", { operation_id = "getXA" }) }
    assert.equal("getXA", doc.paths["/b"].get.operationId)
    assert.equal("getXA2", doc.paths["/x/a"].get.operationId)
    assert.has_error(function()
      document { op("GET", "/a", { operation_id = "x" }), op("GET", "/b", { operation_id = "x" }) }
    end, "operationId 'x' is used twice")
  end)

  it("joins replies of one status that differ in their media type, and shows their headers", function()
    local headers = { ["X-A"] = { schema = { type = "string" } } }
    local get = document { op("GET", "/a", { replies = {
      { status = 200, mime = "text/event-stream", schema = { type = "string" }, description = "either" },
      { status = 200, schema = { type = "object" }, headers = headers }, { status = 204 },
    } }) }.paths["/a"].get
    assert.same({ description = "either", headers = headers, content = {
      ["text/event-stream"] = { schema = { type = "string" } }, ["application/json"] = { schema = { type = "object" } },
    } }, get.responses["200"])
    assert.same({ description = "No Content" }, get.responses["204"])
  end)

  it("refuses one operation declared twice", function()
    assert.has_error(function() document { op("GET", "/a"), op("GET", "/a") } end, "GET /a is declared twice")
  end)

  it("puts errors of one status into one response, each with its example", function()
    local doc = document { op("GET", "/a", { errors = {
      { status = 404, code = "x", message = "X", schema = {}, example = 1 },
      { status = 404, code = "y", message = "Y", schema = {}, example = 2 },
    } }) }
    local response = doc.paths["/a"].get.responses["404"]
    assert.equal("Not Found", response.description)
    assert.same({ x = { summary = "X", value = 1 }, y = { summary = "Y", value = 2 } },
      response.content["application/json"].examples)
  end)

  it("says 4XX where no refusal is declared", function()
    assert.is_truthy(document({ op("GET", "/a") }).paths["/a"].get.responses["4XX"])
    local declared = op("GET", "/a", { replies = { { status = 200 }, { status = 404 } } })
    assert.is_nil(document({ declared }).paths["/a"].get.responses["4XX"])
  end)

  it("tells no security from security that is not said", function()
    local doc = document { op("GET", "/a", { security = {} }), op("GET", "/b"), op("GET", "/c", { security = { "k", "" } }) }
    assert.is_true(getmetatable(doc.paths["/a"].get.security).is_array)
    assert.is_nil(doc.paths["/b"].get.security)
    assert.same({ { k = {} }, {} }, doc.paths["/c"].get.security)
  end)

  it("makes path parameters required", function()
    local doc = document { op("GET", "/{x}", { parameters = { { name = "x", ["in"] = "path" }, { name = "q", ["in"] = "query" } } }) }
    assert.is_true(doc.paths["/{x}"].get.parameters[1].required)
    assert.is_nil(doc.paths["/{x}"].get.parameters[2].required)
  end)
end)
