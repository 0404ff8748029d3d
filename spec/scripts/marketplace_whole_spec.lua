-- spec/scripts/marketplace_whole_spec.lua -- whole tasks, from registration to payout: random actors do random things while the
-- process dies before random statements and commits, and a model of it all (spec/support/whole_model.lua) agrees after each step.
-- WHOLE_SEEDS, WHOLE_STEPS: how many runs, of how many steps; WHOLE_SEED: the first; WHOLE_SECONDS: how long each seed goes
-- on, with lists of steps of its own.

local db = require "human.db"
local gen = require "human.scripts.generation"
local play = require "whole_play"

local function number(name, otherwise) return tonumber(os.getenv(name) or otherwise) end
local SEEDS, STEPS, FIRST = number("WHOLE_SEEDS", 2), number("WHOLE_STEPS", 130), number("WHOLE_SEED", 1)
local SECONDS, ROUND_S, SHRINK_S = number("WHOLE_SECONDS", 0), 2, 45

describe("a whole task", function()
  local loaded
  setup(function()
    require("human.pg.migrate").run()
    db.open()
    local scripts = gen.build(1)
    gen.install(scripts)
    loaded = scripts.loaded
  end)
  teardown(function() require "market_empty" () end)

  local function hold(seed)
    local steps = play.steps(seed, STEPS)
    local err, did = play.run(loaded, steps)
    if not err then return did end
    local fewest = play.shrink(loaded, steps, SHRINK_S)
    error(("seed %d: %s\nthe shortest that fails:\n%s\nwith: %s"):format(seed, err, play.text(fewest),
      tostring(play.run(loaded, fewest))), 0)
  end

  teardown(function()                            -- what was never done was never tried
    local always = { deliver = true, accept = true, subcontract = true, take_bid = true, deposit = true }
    for name in pairs(SECONDS > 0 and play.OPS or always) do
      assert((play.done[name] or 0) > 0, "no step was a " .. name)
    end
  end)

  for seed = FIRST, FIRST + SEEDS - 1 do
    local until_s
    for round = 0, math.floor(SECONDS / ROUND_S) do -- a test must not take long: each is a list of steps
      local name = "is what a model of it is, after each of %d steps, whatever dies (seed %d)"
      it(name:format(STEPS, seed + 1000 * round), function()
        until_s = until_s or os.time() + SECONDS
        if round > 0 and os.time() >= until_s then return end
        assert.is_true(hold(seed + 1000 * round) > STEPS / 6, "most steps did nothing")
      end)
    end
  end
end)
