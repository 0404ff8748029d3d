-- spec/rocks/jsonrpc_spec.lua -- JSON-RPC 2.0: the examples of jsonrpc.org, and what strangers send.

local jsonrpc = require "jsonrpc"

local NULL, ARRAY = setmetatable({}, { __tostring = function() return "null" end }), {}
local function array(t) return setmetatable(t or {}, ARRAY) end
local rpc = jsonrpc.new {
  null = NULL, array = array, is_array = function(t) return getmetatable(t) == ARRAY or t[1] ~= nil end,
}

local heard
local METHODS = {
  subtract = function(p) return p[1] and p[1] - p[2] or p.minuend - p.subtrahend end,
  sum = function(p) return p[1] + p[2] + p[3] end,
  get_data = function() return array { "hello", 5 } end,
  nothing = function() end,
  fail = function() error "the password is secret" end,
  refuse = function() return nil, jsonrpc.error(-32000, "Too hot", { degrees = 90 }) end,
  raise = function() error(jsonrpc.error(jsonrpc.INVALID_PARAMS)) end,
}
for _, name in ipairs { "update", "foobar", "notify_sum", "notify_hello" } do METHODS[name] = function() heard[#heard + 1] = name end end

local function handle(method, params)
  if not METHODS[method] then return nil, jsonrpc.METHOD_NOT_FOUND end
  return METHODS[method](params)
end

local function serve(value, options)
  heard = {}
  return rpc:serve(value, handle, options)
end

local function call(method, params, id) return { jsonrpc = "2.0", method = method, params = params, id = id } end
local function result(id, value) return { jsonrpc = "2.0", id = id, result = value } end
local function failure(id, code, message, data)
  return { jsonrpc = "2.0", id = id, error = { code = code, message = message, data = data } }
end
local INVALID = failure(NULL, -32600, "Invalid Request")

describe("JSON-RPC, by the examples of its specification", function()
  local examples = {
    { "positional parameters", call("subtract", { 42, 23 }, 1), result(1, 19) },
    { "positional parameters, the other way round", call("subtract", { 23, 42 }, 2), result(2, -19) },
    { "named parameters", call("subtract", { subtrahend = 23, minuend = 42 }, 3), result(3, 19) },
    { "a notification", call("update", { 1, 2, 3, 4, 5 }), nil },
    { "a notification without parameters", call("foobar"), nil },
    { "an unknown method", call("nobody", nil, "1"), failure("1", -32601, "Method not found") },
    { "an invalid request", call(1, "bar"), INVALID },
    { "an empty batch", array(), INVALID },
    { "an invalid batch", { 1 }, array { INVALID } },
    { "a batch of invalid requests", { 1, 2, 3 }, array { INVALID, INVALID, INVALID } },
    { "a batch", { call("sum", { 1, 2, 4 }, "1"), call("notify_hello", { 7 }), call("subtract", { 42, 23 }, "2"), { foo = "boo" },
      call("foo.get", { name = "myself" }, "5"), call("get_data", nil, "9") },
      array { result("1", 7), result("2", 19), INVALID, failure("5", -32601, "Method not found"), result("9", array { "hello", 5 }) } },
    { "a batch of notifications", { call("notify_sum", { 1, 2, 4 }), call("notify_hello", { 7 }) }, nil },
  }
  for _, example in ipairs(examples) do
    it("answers " .. example[1], function() assert.same(example[3], serve(example[2])) end)
  end

  it("answers a text that is no JSON", function()
    assert.same(failure(NULL, -32700, "Parse error"), rpc:parse_error())
  end)

  it("hears notifications", function()
    serve { call("notify_sum", { 1 }), call("update") }
    assert.same({ "notify_sum", "update" }, heard)
  end)
end)

describe("A server of JSON-RPC", function()
  it("echoes ids of every kind, null included, and tells null for nothing", function()
    for _, id in ipairs { 0, -1, 1.5, "", "é", NULL } do assert.same(result(id, NULL), serve(call("nothing", nil, id))) end
  end)

  it("refuses ids, versions and parameters of the wrong kind, with the id where there is one", function()
    assert.same(INVALID, serve(call("nothing", nil, true)))
    assert.same(INVALID, serve(call("nothing", nil, { 1 })))
    assert.same(INVALID, serve(call("nothing", nil, 0 / 0)))
    assert.same(failure(7, -32600, "Invalid Request"), serve(call("nothing", "text", 7)))
    assert.same(failure(7, -32600, "Invalid Request"), serve { method = "nothing", id = 7 })
    assert.same(failure(7, -32600, "Invalid Request"), serve { jsonrpc = 2.0, method = "nothing", id = 7 })
    assert.same(INVALID, serve "text")
    assert.same(INVALID, serve(NULL))
    assert.same(result(7, NULL), serve(call("nothing", NULL, 7)))
  end)

  it("tells errors that a handler means, and of others only that there was one", function()
    assert.same(failure(1, -32000, "Too hot", { degrees = 90 }), serve(call("refuse", nil, 1)))
    assert.same(failure(1, -32602, "Invalid params"), serve(call("raise", nil, 1)))
    local told
    assert.same(failure(1, -32603, "Internal error"), serve(call("fail", nil, 1), { on_error = function(raised) told = raised end }))
    assert.truthy(told:find "password")
    assert.is_nil(serve(call("fail")))
  end)

  it("refuses a batch that is too long, before any of it is served (limit: jsonrpc batch)", function()
    local batch = {}
    for i = 1, 101 do batch[i] = call("update") end
    assert.same(INVALID, serve(batch))
    assert.same({}, heard)
    batch[101] = nil
    assert.is_nil(serve(batch))
    assert.equal(100, #heard)
  end)

  it("hands answers on, and refuses them where nobody asked", function()
    local got
    assert.is_nil(serve(result(3, "x"), { on_answer = function(message) got = message end }))
    assert.same({ kind = "answer", id = 3, result = "x" }, got)
    assert.same(failure(3, -32600, "Invalid Request"), serve(result(3, "x")))
  end)
end)

describe("A client of JSON-RPC", function()
  it("gets each answer once, by its id, in whatever order", function()
    local client = rpc:client()
    local a, b = client:call("sum", { 1, 2, 3 }, "first"), client:call("nobody", nil, "second")
    local answers = rpc:read(rpc:serve({ b, a }, handle))
    local ok, value, err, about = client:take(answers[1])
    assert.same({ true, nil, -32601, "second" }, { ok, value, err.code, about })
    assert.same({ true, 6, nil, "first" }, { client:take(answers[2]) })
    assert.is_false(client:take(answers[2]))
  end)

  it("takes no answer that is none", function()
    local client = rpc:client()
    client:call "sum"
    for _, bad in ipairs { { jsonrpc = "2.0", id = 1 }, { jsonrpc = "2.0", id = 1, result = 1, error = { code = 1, message = "" } },
      { id = 1, result = 1 }, { jsonrpc = "2.0", id = 1, error = { code = "1", message = "x" } }, { jsonrpc = "2.0", id = 1, error = "x" },
      result("1", 1), result(2, 1), result(NULL, 1) } do
      assert.is_false((client:take(rpc:read(bad)[1])))
    end
    assert.is_true((client:take(rpc:read(result(1, NULL))[1])))
  end)

  it("has a limited number of calls that wait (limit: jsonrpc pending)", function()
    local client = rpc:client()
    for _ = 1, 1000 do assert(client:call "sum") end
    assert.is_nil((client:call "sum"))
    client:forget(5)
    assert.is_truthy(client:call "sum")
  end)
end)
