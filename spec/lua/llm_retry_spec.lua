-- spec/lua/llm_retry_spec.lua -- how long to wait before a retry.

local retry = require "human.llm.retry"

describe("The wait before another try", function()
  it("doubles up to a cap, and chance takes up to half of it", function()
    local waits = {}
    for n = 1, 7 do waits[n] = retry.delay(n, nil, 0) end
    assert.same({ 0.25, 0.5, 1, 2, 4, 4, 4 }, waits)
    assert.equal(0.375, retry.delay(1, nil, 0.5))
  end)

  it("is never shorter than the server asks for", function()
    assert.equal(20, retry.delay(1, 20, 0))
    assert.equal(21, retry.delay(1, 20, 0.5))
    assert.equal(4, retry.delay(5, 1, 0))
  end)
end)

describe("Retry-After", function()
  local now = 784111770 -- Sun, 06 Nov 1994 08:49:30 GMT
  local cases = {
    { "3", 3 }, { "0", 0 }, { " 120 ", 120 }, { "1.5", 1.5 },
    { "Sun, 06 Nov 1994 08:49:37 GMT", 7 },
    { "Sunday, 06-Nov-94 08:49:37 GMT", 7 },
    { "Sun Nov  6 08:49:37 1994", 7 },
    { "Sun, 06 Nov 1994 08:49:20 GMT", 0 },
    { "Mon, 07 Nov 1994 08:49:30 GMT", 86400 },
    { "Wed, 01 Mar 2000 00:00:00 GMT", 951868800 - 784111770 },
    { "-1" }, { "soon" }, { "" }, { "Sun, 06 Abc 1994 08:49:37 GMT" },
  }

  for _, case in ipairs(cases) do
    it(("of %q is %s"):format(case[1], case[2] and case[2] .. " s" or "nothing"), function()
      assert.equal(case[2], retry.retry_after({ ["retry-after"] = case[1] }, now))
    end)
  end

  it("in milliseconds comes first, and absence is nothing", function()
    assert.equal(0.25, retry.retry_after({ ["retry-after-ms"] = "250", ["retry-after"] = "9" }, now))
    assert.is_nil(retry.retry_after({}, now))
  end)

  it("reads the dates that os.date writes, for every day of many years", function()
    for day = 0, 60 * 365, 13 do
      local at = day * 86400 + 3661
      assert.equal(at, retry.http_date(os.date("!%a, %d %b %Y %H:%M:%S GMT", at), now))
    end
  end)
end)
