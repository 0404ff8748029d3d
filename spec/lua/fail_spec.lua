-- spec/lua/fail_spec.lua -- refusals and the two shapes in which clients see them.

local fake_host = require "fake_host"

describe("a refusal", function()
  local app, fail

  setup(function()
    app = fake_host.start()
    fail = require "human.fail"
    fail.use { taken = { status = 409, message = "Taken" },
               internal = { status = 500, message = "Internal error" } }
  end)
  teardown(function() app:stop() end)

  it("has the status and message of the catalogue unless the message is given", function()
    local f = fail.new "taken"
    assert.same({ "taken", 409, "Taken" }, { f.code, f.status, f.message })
    assert.equal("Already yours", fail.new("taken", { message = "Already yours" }).message)
    assert.is_true(fail.is(f))
    for _, v in ipairs { "taken", {}, 1 } do assert.is_false(fail.is(v)) end
  end)

  it("cannot have a code that is not in the catalogue", function()
    assert.error_matches(function() fail.new "nope" end, "unknown error code 'nope'", 1, true)
  end)

  it("looks codes up in the catalogue of its own generation first", function()
    assert.equal(410, fail.new("taken", nil, { taken = { status = 410, message = "Gone" } }).status)
  end)

  it("is thrown as it is", function()
    local ok, err = pcall(fail.throw, "taken", { by = "u1" })
    assert.is_false(ok)
    assert.equal("u1", err.data.by)
  end)

  it("reads as the agent API shows errors", function()
    assert.equal('{"error":"Conflict","message":"Taken","statusCode":409,"code":"taken"}',
      fail.body(fail.new("taken", { by = "u1" }), "agent", "r1"))
    assert.equal('{"error":"Conflict","message":"Taken","statusCode":409,"code":"taken",'
      .. '"details":[{"path":"a","message":"is \\"bad\\""}]}',
      fail.body(fail.new("taken", { details = { { path = "a", message = 'is "bad"' } } }), "agent", ""))
  end)

  it("reads as the marketplace shows errors, facts in a stable order", function()
    assert.equal('{"error":"Taken","code":"taken","by":"u1","max_cents":5}',
      fail.body(fail.new("taken", { max_cents = 5, by = "u1", retry_after_s = 1 }), "market", "r1"))
  end)

  it("tells the request id of a bug, and nothing else about it", function()
    assert.equal('{"error":"Internal error","code":"internal","request_id":"r1"}',
      fail.body(fail.new "internal", "market", "r1"))
    assert.matches('"request_id":"r1"', fail.body(fail.new "internal", "agent", "r1"))
  end)

  it("knows the reason phrases that clients look for", function()
    local reasons = { [400] = "Bad Request", [401] = "Unauthorized", [404] = "Not Found",
      [409] = "Conflict", [429] = "Too Many Requests", [418] = "Request Refused", [599] = "Server Error" }
    for status, reason in pairs(reasons) do
      assert.equal(reason, fail.reason(status))
    end
  end)
end)
