-- spec/scripts/marketplace_whole_races_spec.lua -- what random runs (marketplace_whole_spec.lua) have found between operations that
-- meet: each once more, at the moment that matters.

local db = require "human.db"
local gen = require "human.scripts.generation"
local sched = require "human.core.sched"
local clock = require "whole_clock"
local ops = require "whole_ops"
local world = require "whole_world"

describe("operations that meet", function()
  local loaded, w
  setup(function()
    require("human.pg.migrate").run()
    db.open()
    local scripts = gen.build(1)
    gen.install(scripts)
    loaded = scripts.loaded
    clock.start()
  end)
  before_each(function() w = world.new(loaded, ops.OPS, { turn = 1 }) end)
  teardown(function()
    clock.stop()
    require "market_empty" ()
  end)

  local n = 0
  local function act(op, more)
    n = n + 1
    local s = { n = n, a = 1, b = 1, c = 1, d = 1, of = {} }
    for name, value in pairs(more or {}) do s[name] = value end
    local todo = ops.OPS[op](w, s)
    local result = todo.real()
    todo.model(result)
    return result
  end

  local function disputed()
    act "buy"
    local by = n
    for _, op in ipairs { "assign", "deliver", "dispute" } do act(op, { of = { deal = by } }) end
    return w.model.deals[1]
  end

  -- Runs fn in a task of its own, to its end.
  local function beside(fn)
    local me, err, is_over = sched.current(), nil, false
    sched.spawn_as({ on_finish = function(_, why)
      err, is_over = why, true
      sched.wake(me)
    end }, fn)
    if not is_over then sched.suspend() end
    if err then error(err, 0) end
  end

  -- Runs `meanwhile` beside the next call of a module's function, just before that.
  local function before(module, name, meanwhile)
    local real = module[name]
    module[name] = function(...)
      module[name] = real
      beside(meanwhile)
      return real(...)
    end
  end

  it("decide a dispute that its seller answers at that moment", function()
    local d = disputed()
    before(w.services.transactions, "release", function()
      w.services.disputes.show(w.actors[d.seller], { dispute_id = d.dispute.id, evidence_type = "text", content = "x" })
    end)
    local row = w.services.disputes.resolve(w.actors[1], { dispute_id = d.dispute.id, resolution = "release_seller",
                                                           note = "spec" })
    assert.equal("resolved", row.state)
    local states = {}
    for i, move in ipairs(w.services.history.of("dispute", d.dispute.id)) do states[i] = move.to_state end
    assert.same({ "open", "responded", "resolved" }, states)
    w.model:show(d, "seller")
    w.model:resolve(d, "release_seller")
    w.model:give_gifts()
    while world.due() do world.work(w, world.due()) end
    world.check(w)
  end)
end)
