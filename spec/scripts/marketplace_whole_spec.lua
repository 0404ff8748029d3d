-- spec/scripts/marketplace_whole_spec.lua -- whole tasks, from registration to payout: random actors do random things, time goes
-- on, and the process dies before random statements and commits; a model of it all (spec/support/whole_model.lua) agrees
-- after each step.  That this finds anything is tried with mistakes that it has to find (spec/support/whole_mutations.lua).
-- WHOLE_SEED, WHOLE_SEEDS, WHOLE_STEPS: the first seed, how many, and how many steps each.  WHOLE_S: for so many seconds, one
-- list of steps after the other (their seeds are 1000 apart), and at the end what was done is printed.

local db = require "human.db"
local gen = require "human.scripts.generation"
local json = require "human.json"
local clock = require "whole_clock"
local goals = require "whole_goals"
local mutations = require "whole_mutations"
local play = require "whole_play"

local function number(name, otherwise) return tonumber(os.getenv(name) or otherwise) end
local FIRST, SEEDS, STEPS = number("WHOLE_SEED", 1), number("WHOLE_SEEDS", 1), number("WHOLE_STEPS", 140)
local ALWAYS = { assign = true, deliver = true, accept = true, dispute = true, subcontract = true, take_bid = true,
                 resolve = true, race = true, time = true }
local SECONDS, ROUND_S, SHRINK_S = number("WHOLE_S", 0), 25, 60

describe("a whole task", function()
  local loaded
  setup(function()
    require("human.pg.migrate").run()
    db.open()
    local scripts = gen.build(1)
    gen.install(scripts)
    loaded = scripts.loaded
    clock.start()
  end)
  teardown(function()
    clock.stop()
    require "market_empty" ()
  end)

  local function hold(seed)
    local steps = play.steps(seed, STEPS)
    local err, did = play.run(loaded, steps)
    if not err then
      assert.is_true(did > STEPS / 6, "most steps did nothing")
      return
    end
    local fewest = play.shrink(loaded, steps, SHRINK_S)
    error(("seed %d: %s\nthe shortest that fails:\n%s\nwith: %s"):format(seed, err, play.text(fewest),
      tostring(play.run(loaded, fewest))), 0)
  end

  local function missing()
    for _, kind in ipairs(goals.KINDS) do
      if (play.reached[kind] or 0) == 0 then return kind end
    end
    return nil
  end

  local function must_have_reached_all()
    assert(not missing(), "never reached: " .. tostring(missing()))
    assert(SECONDS == 0 or play.race_deaths > 0, "nobody died in a race")
    for name in pairs(SECONDS > 0 and goals.LIKELY or ALWAYS) do
      assert((play.done[name] or 0) > 0, "no step was a " .. name)
    end
  end

  if SECONDS == 0 then
    for seed = FIRST, FIRST + SEEDS - 1 do
      it(("is what a model of it is, after each of %d steps, whatever dies (seed %d)"):format(STEPS, seed), function()
        hold(seed)
      end)
    end

    it("was in all states that matter", function()
      -- Who wins a race is nobody's choice: a run may need a second list of steps, or (in another order of tests) two.
      for seed = FIRST + SEEDS, FIRST + SEEDS + 1 do
        if missing() then hold(seed) end
      end
      must_have_reached_all()
    end)

    for _, mistake in ipairs(mutations) do
      it("shows when " .. mistake.says, function()
        mutations.with(mistake, loaded, function()
          local found, seed = nil, mistake.seed - 1
          while not found and seed < mistake.seed + 4 do
            seed = seed + 1
            found = play.run(loaded, play.steps(seed, STEPS, { first = mistake.first, immortal = not mistake.is_of_death }))
          end
          assert.is_string(found)
        end)
      end)
    end
    return
  end

  local until_s, list = nil, 0
  for round = 1, math.ceil(SECONDS / ROUND_S) do -- a test must not take long
    it(("is what a model of it is (seed %d, round %d)"):format(FIRST, round), function()
      until_s = until_s or os.time() + SECONDS
      local round_s = math.min(until_s, os.time() + ROUND_S)
      while os.time() < round_s do
        list = list + 1
        hold(FIRST + 1000 * (list - 1))
      end
    end)
  end

  teardown(function()
    print(json.encode_sorted { seed = FIRST, lists = list, steps = play.played, done = play.done, refused = play.refused,
                               deaths = play.deaths, deaths_in_races = play.race_deaths, deaths_in_queue = play.queue_deaths, reached = play.reached })
    must_have_reached_all()
  end)
end)
