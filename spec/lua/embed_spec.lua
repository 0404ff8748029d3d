-- spec/lua/embed_spec.lua -- human.embed: the index of vectors that the workers of a host share, and its encoder's
-- limits.  The encoder itself: spec/host/encoder_spec.lua.

local embed = require "human.embed"
local host = require "human.core.host"

local function id(n) return ("00000000-0000-4000-8000-%012x"):format(n) end

-- A vector along one axis, leaning to the next one.
local function vector(axis, lean)
  local v = {}
  for i = 1, 512 do v[i] = i == axis and 100 or i == axis + 1 and (lean or 0) or 0 end
  for i, n in ipairs(v) do v[i] = string.char(n % 256) end
  return table.concat(v)
end

local models = 0
local model

local function fill(n, kind)
  return embed.refresh(model, function(_, _)
    for i = 1, n do embed.put(id(i), kind or 1, vector(i, i)) end
    return "all"
  end)
end

describe("an index of vectors", function()
  before_each(function()
    models = models + 1
    model = ("%016x"):format(models)                                -- another model empties it
  end)

  it("finds the nearest of the kinds that are asked for, the best first", function()
    assert.is_true(embed.refresh(model, function()
      embed.put(id(1), 1, vector(1))
      embed.put(id(2), 1, vector(1, 50))
      embed.put(id(3), 2, vector(1, 20))
      embed.put(id(4), 4, vector(1, 1))
      return "all"
    end))
    local hits = embed.nearest(model, vector(1), 3, 10)
    assert.same({ id(1), id(3), id(2) }, { hits[1].id, hits[2].id, hits[3].id })
    assert.near(1, hits[1].score, 1e-6)
    assert.near(100 / math.sqrt(100 ^ 2 + 50 ^ 2), hits[3].score, 1e-6)
    assert.equal(1, #embed.nearest(model, vector(1), 3, 1))
    assert.equal(id(1), embed.nearest(model, vector(1), 3, 1)[1].id)
    assert.equal(4, embed.size())
  end)

  it("replaces and forgets by id", function()
    fill(40)
    for i = 1, 40, 2 do embed.put(id(i), 0) end
    embed.put(id(77), 0)
    embed.put(id(2), 1, vector(400))
    assert.equal(20, embed.size())
    local hits = embed.nearest(model, vector(400), 1, 100)
    assert.equal(20, #hits)
    assert.equal(id(2), hits[1].id)
    for _, hit in ipairs(hits) do assert.equal(0, tonumber(hit.id:sub(-4), 16) % 2) end
    for i = 1, 40, 2 do assert.is_true(embed.put(id(i), 1, vector(i))) end
    assert.equal(40, embed.size())
  end)

  it("orders as a plain sort does, whatever their number", function()
    local leans = {}
    for i = 1, 300 do leans[i] = (i * 37) % 101 end
    embed.refresh(model, function()
      for i, lean in ipairs(leans) do embed.put(id(i), 1, vector(1, lean)) end
      return "all"
    end)
    table.sort(leans)
    local hits = embed.nearest(model, vector(1), 1, 250)
    assert.equal(250, #hits)
    for i, hit in ipairs(hits) do assert.near(100 / math.sqrt(100 ^ 2 + leans[i] ^ 2), hit.score, 1e-6) end
  end)

  it("is of no use before it is filled, nor for another model", function()
    assert.is_nil(embed.nearest(model, vector(1), 1, 1))
    fill(1)
    assert.equal(1, #embed.nearest(model, vector(1), 1, 1))
    assert.is_nil(embed.nearest(("f"):rep(16), vector(1), 1, 1))
  end)

  it("is filled by one at a time; who comes meanwhile is told", function()
    local inner, again, kept
    assert.is_true(embed.refresh(model, function(cursor, keep)
      assert.equal("", cursor)
      inner = embed.refresh(model, function() error "not two" end)
      kept = keep()
      return "first"
    end))
    assert.is_false(inner)
    assert.is_true(kept)
    assert.is_true(embed.refresh(model, function() again = true end)) -- it is fresh
    assert.is_nil(again)
  end)

  it("goes on where it was, half a second later, and is left as it was when that fails", function()
    local task = require "human.task"
    embed.refresh(model, function() return "first" end)
    local seen = {}
    local function read(cursor)
      seen[#seen + 1] = cursor
      if #seen == 1 then error "no database" end
      return "second"
    end
    task.sleep(0.6)                                                   -- what is measured is this time
    assert.has_error(function() embed.refresh(model, read) end, "no database")
    assert.is_true(embed.refresh(model, read))
    assert.same({ "first", "first" }, seen)
  end)

  it("is given up by its filler when another model's vectors are wanted", function()
    local kept
    assert.is_true(embed.refresh(model, function(_, keep)
      embed.refresh(("e"):rep(16), function() return "other" end)
      kept = keep()
      return "mine"
    end))
    assert.is_false(kept)
    assert.is_nil(embed.nearest(model, vector(1), 1, 1))
  end)

  it("has room for as many as search.listings says", function() -- limit: search.listings
    local room = host.conf().search.listings
    local refused
    embed.refresh(model, function()
      local v = vector(1)
      for i = 1, room do assert(embed.put_raw(("%016d"):format(i), 1, v)) end
      refused = embed.put_raw(("x"):rep(16), 1, v) == false
      return "all"
    end)
    assert.is_true(refused)
    assert.equal(room, embed.size())
    embed.put_raw(("%016d"):format(5), 0)
    assert.is_true(embed.put_raw(("x"):rep(16), 1, vector(1)))
  end)

  it("takes no vectors, ids and kinds that are none", function()
    assert.has_error(function() embed.put("x", 1, vector(1)) end, "embed.put: the id must be a UUID")
    assert.has_error(function() embed.put(id(1), 1, "short") end)
    assert.has_error(function() embed.put(id(1), -1, vector(1)) end)
    assert.has_error(function() embed.likeness("a", vector(1)) end)
    assert.equal(host.E.LIMIT, host.nearest(0, model, vector(1), 1, host.NEAREST_MAX + 1)) -- limit: nearest vectors
  end)
end)

describe("embed.encode", function()
  it("says where the weights were looked for when there are none", function()
    local v, why, code = embed.encode "data"
    assert.is_nil(v)
    assert.equal("no_weights", code)
    assert.truthy(why:find("search.weights", 1, true), why)
  end)

  it("looks at 8 KB of a text", function() -- limit: sentence bytes
    assert.equal(host.E.LIMIT, host.sentence(0, ("x"):rep(8193)))
    assert.equal("no_weights", select(3, embed.encode(("x"):rep(100000))))
  end)

  it("takes 64 texts and searches at a time", function() -- limit: sentence jobs
    local sched = require "human.core.sched"
    local done, codes = 0, {}
    local me = sched.current()
    for i = 1, 70 do
      sched.spawn(function()
        codes[i] = select(3, embed.encode "data")
        done = done + 1
        if done == 70 then sched.wake(me) end
      end)
    end
    if done < 70 then sched.suspend() end
    local busy = 0
    for i = 1, 70 do busy = busy + (codes[i] == "busy" and 1 or 0) end
    assert.equal(6, busy)
  end)
end)

describe("embed.likeness", function()
  it("is the cosine", function()
    assert.near(1, embed.likeness(vector(1), vector(1)), 1e-6)
    assert.near(0, embed.likeness(vector(1), vector(9)), 1e-6)
    assert.equal(0, embed.likeness(("\0"):rep(512), vector(9)))
  end)
end)
