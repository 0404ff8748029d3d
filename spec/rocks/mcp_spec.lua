-- spec/rocks/mcp_spec.lua -- MCP without HTTP: both eras over a pipe, what handlers get, what headers say.
-- spec/e2e/mcp.test.mjs has the official clients, and HTTP.

local headers = require "mcp.headers"
local mcp = require "mcp"

local NULL = setmetatable({}, { __tostring = function() return "null" end })
local seen, raised
local TOOLS = { b = { name = "b", inputSchema = { type = "object" } }, a = { name = "a", inputSchema = { type = "object" } } }
local RESULT = mcp.text "always the same"

local server = mcp.new({
  info = { name = "n", version = "v" }, list_changed = true, capabilities = { prompts = {} },
  list = function(cursor)
    if cursor == "bad" then return nil end
    return { TOOLS.b, TOOLS.a }, not cursor and "more" or nil
  end,
  tool = function(name) return TOOLS[name] end,
  call = function(tool, arguments, request)
    seen = request
    if arguments.fail then error "the password is secret" end
    if arguments.nothing then return nil end
    return tool == TOOLS.a and RESULT or {}
  end,
  methods = { ["prompts/list"] = function() return { prompts = {} } end },
}, { null = NULL, on_error = function(what) raised = what end })

local META = { ["io.modelcontextprotocol/protocolVersion"] = "2026-07-28", ["io.modelcontextprotocol/clientCapabilities"] = { roots = {} },
               ["io.modelcontextprotocol/clientInfo"] = { name = "c" }, progressToken = 7 }

local function old(method, params) return server:handle { jsonrpc = "2.0", id = 1, method = method, params = params } end

local function new(method, params)
  params = params or {}
  params._meta = META
  return old(method, params)
end

describe("MCP over a pipe", function()
  it("begins with initialize in the revisions of 2025, and names the newest of them to others", function()
    for wanted, got in pairs { ["2025-11-25"] = "2025-11-25", ["2025-06-18"] = "2025-06-18", ["2025-03-26"] = "2025-03-26",
      ["2024-11-05"] = "2025-11-25", ["2026-07-28"] = "2025-11-25" } do
      assert.equal(got, old("initialize", { protocolVersion = wanted }).body.result.protocolVersion)
    end
    assert.same({ tools = { listChanged = true }, prompts = {} }, old("initialize", { protocolVersion = "x" }).body.result.capabilities)
    assert.equal(-32602, old("initialize").body.error.code)
  end)

  it("tells of a changed list only where there is a stream for it, when that is what it is for", function()
    local modern = mcp.new { info = { name = "n", version = "v" }, list_changed = "modern" }
    local function listed(message) return modern:handle(message).body.result.capabilities.tools.listChanged end
    assert.is_false(listed { jsonrpc = "2.0", id = 1, method = "initialize", params = { protocolVersion = "2025-11-25" } })
    assert.is_true(listed { jsonrpc = "2.0", id = 1, method = "server/discover", params = { _meta = META } })
  end)

  it("refuses ids that it could not say again", function()
    for _, id in ipairs { 1.5, 2 ^ 53 + 2, -1e300, NULL } do
      local answer = server:handle { jsonrpc = "2.0", id = id, method = "ping" }
      assert.same({ 400, -32600 }, { answer.status, answer.body.error.code })
    end
    for _, id in ipairs { 0, -1, 2 ^ 53, "", "x" } do
      local body = server:handle({ jsonrpc = "2.0", id = id, method = "ping" }).body
      assert.same({ id, {} }, { body.id, body.result })
    end
  end)

  it("knows which era a message is of", function()
    local function header(value) return function(name) return name == "mcp-protocol-version" and value or nil end end
    assert.is_true(mcp.is_legacy { method = "ping" })
    assert.is_true(mcp.is_legacy({ method = "ping" }, header "2025-06-18"))
    assert.is_false(mcp.is_legacy({ method = "ping" }, header "2026-07-28"))
    assert.is_false(mcp.is_legacy { method = "tools/list", params = { _meta = META } })
    for _, odd in ipairs { 5, "x", {}, { params = 5 }, { params = { _meta = "x" } } } do assert.is_true(mcp.is_legacy(odd)) end
  end)

  it("has sorted tools, and lists that go on", function()
    local result = old("tools/list").body.result
    assert.same({ "a", "b", "more" }, { result.tools[1].name, result.tools[2].name, result.nextCursor })
    assert.is_nil(old("tools/list", { cursor = "more" }).body.result.nextCursor)
    assert.equal(-32602, old("tools/list", { cursor = "bad" }).body.error.code)
    assert.equal(-32602, old("tools/list", { cursor = 1 }).body.error.code)
  end)

  it("says in 2026 what is complete and for how long, and not before", function()
    local result = new("tools/list").body.result
    assert.same({ "complete", 0, "private" }, { result.resultType, result.ttlMs, result.cacheScope })
    assert.same({ name = "n", version = "v" }, result._meta["io.modelcontextprotocol/serverInfo"])
    assert.is_nil(old("tools/list").body.result.resultType)
    assert.equal("complete", new("prompts/list").body.result.resultType)
  end)

  it("gives handlers the request, and leaves their tables alone", function()
    assert.equal("complete", new("tools/call", { name = "a" }).body.result.resultType)
    assert.is_nil(RESULT.resultType)
    assert.same({ true, "2026-07-28", "c" }, { seen.is_modern, seen.version, seen.client_info.name })
    assert.same({ roots = {} }, seen.capabilities)
    assert.same({}, new("tools/call", { name = "b", arguments = NULL }).body.result.content)
  end)

  it("tells progress to who asked, and only what has grown", function()
    new("tools/call", { name = "a" })
    assert.same({ progressToken = 7, progress = 1, total = 2 }, seen:progress(1, 2).params)
    assert.is_nil(seen:progress(1, 2))
    assert.is_table(seen:progress(1.5, 2))
    old("tools/call", { name = "a" })
    assert.is_nil(seen:progress(1, 2))
  end)

  it("tells nobody what a handler raised", function()
    assert.same({ code = -32603, message = "Internal error" }, new("tools/call", { name = "a", arguments = { fail = true } }).body.error)
    assert.truthy(raised:find "password")
    assert.equal(-32603, new("tools/call", { name = "a", arguments = { nothing = true } }).body.error.code)
  end)

  it("knows a tool by a proper name only", function()
    for _, name in ipairs { "", "a b", ("a"):rep(129), NULL, 1, {} } do
      assert.equal(-32602, old("tools/call", { name = name }).body.error.code)
    end
    assert.equal(-32602, old("tools/call").body.error.code)
  end)

  it("takes parameters and _meta of any shape", function()
    for _, params in ipairs { { 1, 2 }, NULL, { _meta = 1 }, { _meta = { 1 } }, { _meta = { progressToken = {} } } } do
      assert.is_table(old("tools/list", params).body.result)
    end
    for _, version in ipairs { 1, NULL, {} } do
      local answer = old("tools/list", { _meta = { ["io.modelcontextprotocol/protocolVersion"] = version } })
      assert.same({ 400, -32602 }, { answer.status, answer.body.error.code })
    end
  end)
end)

describe("A header", function()
  it("says a value plainly or encoded, with white space around it", function()
    for text, value in pairs { ["a b"] = "a b", [" a\t"] = "a", ["=?base64?w7w=?="] = "ü", ["=?base64??="] = "", [""] = "", ["  "] = "" } do
      assert.equal(value, headers.value(text))
    end
    for _, text in ipairs { "ü", "a\nb", "=?base64?w7w?=", "=?base64?****?=", "a\0" } do assert.is_nil(headers.value(text)) end
  end)

  it("is compared with texts, numbers and booleans", function()
    assert.is_true(headers.says("42", 42))
    assert.is_true(headers.says("42.0", 42))
    assert.is_true(headers.says("true", true))
    for _, pair in ipairs { { "43", 42 }, { "true", "false" }, { "x", 42 }, { "{}", {} }, { nil, "x" }, { "A", "a" } } do
      assert.is_false(headers.says(pair[1], pair[2]))
    end
  end)
end)
