-- spec/host/utf8_spec.lua -- host/core/utf8.c against the definition in RFC 3629, section 4.

local host = require "human.core.host"

local C = require "c_types" ("core/utf8.h", "utf8_check", "UTF8_OK")
local OK, BAD = C.UTF8_OK, C.UTF8_BAD

-- One byte at a time; the state after each.
local function states(text)
  local out, state = {}, OK
  for i = 1, #text do
    state = C.utf8_check(state, text:sub(i, i), 1)
    out[i] = state
  end
  return out
end

describe("UTF-8", function()
  local good = { "", "ascii", ("long ascii "):rep(20), "\0", "\127", "\194\128", "\223\191", "\224\160\128",
    "\237\159\191", "\238\128\128", "\239\191\191", "\240\144\128\128", "\244\143\191\191",
    "1234567\195\164", "12345678\195\1649\226\130\172" }
  for _, text in ipairs(good) do
    it(("is %q, whole and byte by byte"):format(text), function()
      assert.is_true(host.utf8_ok(text))
      assert.equal(OK, states(text)[#text] or OK)
    end)
  end

  local bad = { -- text, the byte at which nothing can save it any more
    { "\128", 1 }, { "a\191", 2 }, { "\192\128", 1 }, { "\193\191", 1 }, { "\224\159\191", 2 },
    { "\237\160\128", 2 }, { "\240\143\191\191", 2 }, { "\244\144\128\128", 2 }, { "\245\128\128\128", 1 },
    { "\255", 1 }, { "\226\130a", 3 }, { "12345678\195(", 10 }, { "\248\136\128\128\128", 1 },
  }
  for _, c in ipairs(bad) do
    it(("is not %q, which is known at byte %d"):format(c[1], c[2]), function()
      assert.is_false(host.utf8_ok(c[1]))
      local seen = states(c[1])
      assert.equal(BAD, seen[c[2]])
      assert.equal(BAD, seen[#c[1]])
      if c[2] > 1 then assert.is_not.equal(BAD, seen[c[2] - 1]) end
    end)
  end

  it("is not a text that ends inside of a character", function()
    for _, text in ipairs { "\195", "\226\130", "\240\159\152", "ok\195" } do
      assert.is_false(host.utf8_ok(text))
      assert.is_not.equal(BAD, states(text)[#text])
    end
  end)
end)
