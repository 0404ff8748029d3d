-- spec/lua/fail_spec.lua -- refusals; shapes_spec is about how clients see them.

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

  it("knows the reason phrases that clients look for", function()
    local reasons = { [400] = "Bad Request", [401] = "Unauthorized", [404] = "Not Found",
      [409] = "Conflict", [429] = "Too Many Requests", [418] = "Request Refused", [599] = "Server Error" }
    for status, reason in pairs(reasons) do
      assert.equal(reason, fail.reason(status))
    end
  end)
end)
