-- spec/scripts/gateway_attention_spec.lua -- what somebody should look at: each kind by itself, bounded, and a kind that
-- cannot be looked at hides no other.

local db = require "human.db"
local gen = require "human.scripts.generation"

describe("what wants attention", function()
  local attention

  before_each(function()
    require("human.pg.migrate").run()
    db.open()
    local scripts = gen.build(1)
    gen.install(scripts)
    attention = scripts.loaded["gateway.attention"]
  end)

  -- Of the kinds that a spec has declared.
  local function listed(ctx)
    local list, has_more = attention.list(ctx or {})
    local out = {}
    for _, one in ipairs(list) do
      if one.id:find "^spec" then out[#out + 1] = one.kind .. " " .. one.id end
    end
    return out, has_more
  end

  it("is listed by kind, in the order of its sources", function()
    attention.source("one", function() return { { id = "spec 1", name = "A" }, { id = "spec 2", name = "B" } } end)
    attention.source("two", function(ctx) return { { id = ctx.id, name = "C" } } end)
    local list, has_more = listed { id = "spec 9" }
    assert.same({ "one spec 1", "one spec 2", "two spec 9" }, list)
    assert.is_false(has_more)
  end)

  it("is cut off kind by kind, and says so", function() -- limit: attention of a kind
    local many = {}
    for i = 1, attention.MOST + 1 do many[i] = { id = "spec " .. i, name = "n" } end
    attention.source("one", function() return many end)
    attention.source("two", function() return { { id = "spec d", name = "D" } } end)
    local list, has_more = listed()
    assert.equal(attention.MOST + 1, #list)
    assert.same({ "two spec d", true }, { list[#list], has_more })
  end)

  it("has a kind that cannot be looked at as one of its own, and all others", function()
    attention.source("spec one", function() error "no table" end)
    attention.source("two", function() return { { id = "spec d", name = "D" } } end)
    assert.same({ "unknown spec one", "two spec d" }, (listed()))
  end)

  it("has the kinds of work of which some was given up, and how much", function()
    db.exec [[insert into host_queue (kind, id, due_at, order_at, payload, attempts, dead_at, last_error)
      select 'spec.attention', 'spec-attention-' || i, now(), now(), '{}', 5, now(), 'no' from generate_series(1, 3) i]]
    local found
    for _, one in ipairs((attention.list {})) do
      if one.id == "spec.attention" then found = one end
    end
    db.exec "delete from host_queue where kind = 'spec.attention'"
    assert.same({ kind = "queue", id = "spec.attention", name = "spec.attention", count = 3 }, found)
  end)

  it("has one source for a kind", function()
    assert.has_error(function() attention.source("job", function() return {} end) end, "attention.source: 'job' is there already")
  end)
end)
