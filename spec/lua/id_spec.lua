-- spec/lua/id_spec.lua -- ids sort by creation; keys are random.

local plain_host = require "plain_host"

describe("id.new", function()
  local host, id
  before_each(function()
    host = plain_host.new()
    id = plain_host.fresh("human.id", host)
  end)

  it("makes 25 characters that begin with c", function()
    for _ = 1, 1000 do assert.matches("^c[a-z0-9]+$", id.new()) end
    assert.equal(25, #id.new())
  end)

  it("makes greater ones each time, also when the clock stands or is set back", function()
    local last = ""
    for i = 1, 60000 do
      if i % 1000 == 0 then host.clock_s = host.clock_s + (i % 3000 == 0 and -5 or 0.001) end
      local new = id.new()
      assert.is_true(last < new, last .. " " .. new)
      last = new
    end
  end)

  it("makes different ones in two workers at the same instant", function()
    local other = plain_host.fresh("human.id", plain_host.new())
    local seen = {}
    for _ = 1, 2000 do
      for _, new in ipairs { id.new(), other.new() } do
        assert.is_nil(seen[new])
        seen[new] = true
      end
    end
  end)

  it("sorts those of two workers by the millisecond", function()
    local later = plain_host.new()
    later.clock_s = host.clock_s + 0.002
    assert.is_true(id.new() < plain_host.fresh("human.id", later).new())
  end)
end)

describe("id.key", function()
  it("is the prefix and 32 base-62 characters", function()
    local id = plain_host.fresh("human.id", plain_host.new())
    assert.matches("^ak_[A-Za-z0-9]+$", id.key "ak_")
    assert.equal(35, #id.key "ak_")
  end)

  it("uses each character equally often: bytes that would favour some are thrown away", function()
    local host, given = plain_host.new(), 0
    function host.random(n) -- every byte value equally often
      local out = {}
      for i = 1, n do out[i], given = string.char(given % 256), given + 1 end
      return table.concat(out)
    end
    local id, count = plain_host.fresh("human.id", host), {}
    for _ = 1, 62 * 4 do
      for c in id.key(""):gmatch "." do count[c] = (count[c] or 0) + 1 end
    end
    local kinds = 0
    for _, n in pairs(count) do
      kinds = kinds + 1
      assert.equal(128, n)
    end
    assert.equal(62, kinds)
  end)
end)
