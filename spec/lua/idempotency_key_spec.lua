-- spec/lua/idempotency_key_spec.lua -- what an Idempotency-Key may be, and which routes take one.

require("plain_host").install()
local fail = require "human.fail"
local rules = require "human.http.idempotency_key"

describe("an Idempotency-Key", function()
  setup(function() fail.use { validation_error = { status = 400, message = "Validation failed" } } end)

  for _, key in ipairs { "k", "8e03978e-40d5-43e8-bc93-6894a57f9324", '"quoted"', "!~", ("x"):rep(255) } do
    it("may be " .. key:sub(1, 40), function() assert.is_nil(rules.check(key)) end)
  end

  for what, key in pairs { ["empty"] = "", ["two words"] = "a b", ["repeated"] = "a, b", ["a tab"] = "a\tb", ["a line"] = "a\n",
                           ["not ASCII"] = "\195\164", ["DEL"] = "a\127", ["NUL"] = "a\0", ["256 long"] = ("x"):rep(256) } do
    it("may not be " .. what, function()
      local ok, err = pcall(rules.check, key)
      assert.is_false(ok)
      assert.same({ "validation_error", "Idempotency-Key", "Idempotency-Key must be 1 to 255 visible ASCII characters" },
        { err.code, err.details[1].path, err.message })
    end)
  end

  local ROUTES = { -- method, has an authenticator, spec.idempotent, takes the header
    { "POST", true, nil, true }, { "POST", false, nil, false }, { "POST", false, true, true }, { "POST", true, false, false },
    { "PATCH", true, nil, true }, { "PATCH", false, nil, false }, { "PATCH", true, true, true }, { "GET", true, nil, false },
    { "GET", true, false, false }, { "POST", true, "tx", "tx" }, { "POST", false, "lease", "lease" },
    { "PUT", true, nil, false }, { "DELETE", true, nil, false },
  }
  for _, r in ipairs(ROUTES) do
    it(("%s taken by %s %s an authenticator, idempotent = %s"):format(r[4] and "is" or "is not", r[1], r[2] and "with" or "without", tostring(r[3])),
      function() assert.equal(r[4], rules.applies(r[1], r[2], r[3])) end)
  end

  it("cannot be asked for where it means nothing", function()
    for _, method in ipairs { "GET", "PUT", "DELETE" } do
      assert.has_error(function() rules.applies(method, true, true) end,
        "only POST and PATCH may be idempotent = true: " .. method .. " is repeatable by itself")
    end
    assert.has_error(function() rules.applies("POST", true, "yes") end, 'must be true, false, "tx" or "lease"')
  end)
end)
