-- spec/scripts/marketplace_whole_unpaid_spec.lua -- a task that has lost its money ends: however that comes out, and in whatever
-- state the task is.  Both come from the tables: states are those that the event "lose" leads from, and what asks for money are
-- the events that move such a state along.  What is so afterwards is what the model of trade says (spec/support/whole_model.lua).

local db = require "human.db"
local fail = require "human.fail"
local gen = require "human.scripts.generation"
local json = require "human.json"
local clock = require "whole_clock"
local ops = require "whole_ops"
local rules = require "marketplace.rules.states"
local world = require "whole_world"

describe("a task that has lost its money", function()
  local loaded, w, n
  local function anew()
    n = 0
    w = world.new(loaded, ops.OPS, { turn = 1 })
  end
  setup(function()
    require("human.pg.migrate").run()
    db.open()
    local scripts = gen.build(1)
    gen.install(scripts)
    loaded = scripts.loaded
    clock.start()
    anew()                                       -- one for all: each test has a task of its own in it
  end)
  teardown(function()
    clock.stop()
    require "market_empty" ()
  end)

  local function act(op, more)
    n = n + 1
    local s = { n = n, a = 1, b = 1, c = 1, d = 1, of = {} }
    for name, value in pairs(more or {}) do s[name] = value end
    local todo = ops.OPS[op](w, s)
    local result = todo.real()
    todo.model(result)
    return result
  end

  local function about(more)
    more = more or {}
    more.of = { deal = w.model.deals[#w.model.deals].by }
    return more
  end

  -- How a task comes to a state.
  local TO = {}
  function TO.assigned()
    act "buy"
    act("assign", about())
  end
  function TO.delivered()
    TO.assigned()
    act("deliver", about())
  end
  function TO.revision_requested()
    TO.delivered()
    act("revise", about())
  end
  function TO.disputed()
    TO.delivered()
    act("dispute", about())
  end
  TO["disputed, and answered"] = function()
    TO.disputed()
    act("show", about { side = "seller" })
  end
  TO["disputed, and proposed"] = function()
    TO["disputed, and answered"]()
    act("show", about { side = "buyer" })
    clock.set(w.model.now + 72)
    while world.due() do world.work(w, world.due()) end
    w.model:pass(w.model.now + 72)
  end

  local function state_of(name) return name:match "^[%l_]+" end
  local deal
  before_each(function()
    deal = function() return w.model.deals[#w.model.deals] end
  end)
  local function payment() return db.tx(function(tx) return w.services.payments.of(tx, deal().id) end) end

  -- A row of the queue as its handler gets it, and done with.
  local function row(key, payload) return { key = key, payload = payload, attempt = 1, done = function() end } end

  -- How its money goes, before anybody here knows.
  local GONE = {}
  function GONE.voided() act("void", about()) end
  function GONE.lapsed()
    db.exec("update market_payments set capture_before = human_now() where id = $1::uuid", payment().id)
    deal().is_voided = true
  end
  function GONE.refused()                        -- by the card, when it is asked for what it has held
    db.exec("update market_test_orders set method = 'pm_test_capture_fails' where object = $1 and kind = 'authorize'",
      payment().provider_id)
    deal().is_voided = true
  end

  -- Who finds out: fn() and, of those that are events of a task, their names.
  local FOUND = {}
  FOUND["the guard of its authorisation"] = { fn = function() w.services.payments.guard(row(payment().id)) end }
  FOUND["the processor's word"] = { fn = function()
    db.tx(function(tx)
      w.services.payments.heard(tx, w.services.payments.lock(tx, payment().id), { is = "gone", why = "expired" })
    end)
  end }
  FOUND["a capture that is refused after a while"] = { fn = function()
    local test = w.services.processor_test
    local real = test.capture
    test.capture = function() return "asked" end
    local ok, err = pcall(w.services.payments.guard, row(payment().id))
    test.capture = real
    assert(ok, err)
    -- One that has lapsed was not asked for.
    if payment().state == "capturing" then FOUND["the processor's word"].fn() end
  end }
  FOUND["who looks after it again"] = { fn = function()
    db.tx(function(tx) w.services.payments.take_or_end(tx, deal().id) end)
  end }

  local function refused(fn)
    local ok, err = pcall(w.services.unpaid.watch, fn)
    assert.is_false(ok)
    if not fail.is(err) then error(err, 0) end
    assert.equal("capture_failed", err.code)
    assert.is_true(err.data.status == "canceled" or err.data.status == "failed", err.data.status)
  end
  local function dispute_id() return deal().dispute.id end
  local function decide(how, pct)
    refused(function()
      return w.services.disputes.resolve(w.actors[1], { dispute_id = dispute_id(), resolution = how, buyer_pct = pct, note = "spec" })
    end)
  end
  FOUND["its buyer, who accepts"] = { event = "accept", fn = function()
    refused(function() return w.services.transactions.accept(w.actors[deal().buyer].id, deal().id, "spec") end)
  end }
  FOUND["the end of its review"] = { event = "time_out", fn = function()
    local at = db.value("select review_deadline from market_transactions where id = $1::uuid", deal().id)
    w.services.timers.transaction(row(deal().id, { what = "review", at = at }))
  end }
  FOUND["who decides for its seller"] = { event = "release", fn = function() decide "release_seller" end }
  FOUND["who divides it"] = { event = "split", fn = function() decide("split", 40) end }
  FOUND["the deadline of its dispute"] = { event = "release", fn = function()
    local state = deal().dispute.state
    -- What is open ends for the buyer, whose money it then is; so it is answered first.
    if state == "open" then
      act("show", about { side = "seller" })
      state = "responded"
    end
    local due = row(dispute_id(), { state = state })
    w.services.disputes.due(due)
  end }
  FOUND["a part that is to be paid from it"] = { event = "deliver", fn = function()
    local offer = ops.offers_for(w, deal())[1]
    refused(function()
      return w.services.purchases.create(w.actors[deal().seller], { listing_id = offer.id, parent_id = deal().id,
                                                                    price_cents = 1, cause = "spec" })
    end)
  end }

  local from = {}                                -- states by event
  for _, e in ipairs(rules.transaction) do
    from[e.event] = from[e.event] or {}
    from[e.event][e.from] = true
  end

  it("may be in each of these states", function()
    local told = {}
    for name in pairs(TO) do told[state_of(name)] = true end
    assert.same(from.lose, told)
  end)

  local function news_of(name)
    return db.value([[select string_agg(distinct w.actor, ' ' order by w.actor) from host_queue o
      cross join lateral json_array_elements_text(o.payload -> 'to') w (actor)
      where o.kind = 'outbox market.event marketplace.notifications.take' and o.payload ->> 'name' = $1
        and o.payload -> 'data' ->> 'transaction_id' = $2]], name, deal().id)
  end

  local function must_have_ended()
    local d = deal()
    w.model:lose(d)
    w.model:give_gifts()
    assert.equal(0, db.value([[select count(*)::int from host_queue where kind in ('market.transaction', 'market.dispute')
      and key in ($1, $2)]], d.id, d.dispute and d.dispute.id or ""))
    while world.due() do world.work(w, world.due()) end
    world.check(w)
    assert.equal("canceled", db.value("select state from market_transactions where id = $1::uuid", d.id))
    local list = { w.actors[d.buyer].id, w.actors[d.seller].id }
    table.sort(list)
    for _, name in ipairs { "payment.lost", "transaction.canceled" } do
      assert.equal(table.concat(list, " "), news_of(name), name)
    end
    for _, event in ipairs { "transaction.canceled", "payment.lost" } do
      assert.is_nil(loaded["marketplace.rules.reputation"].outcome(event:match "%.(.*)"))
    end
    local again = payment()
    db.tx(function(tx) w.services.payments.take_or_end(tx, d.id) end)
    assert.same(again, payment())
  end

  for how, lose in pairs(GONE) do
    for name, to in pairs(TO) do
      for who, found in pairs(FOUND) do
        local fits = not found.event or from[found.event][state_of(name)]
        if fits and not (who == "the deadline of its dispute" and state_of(name) ~= "disputed") then
          it(("ends: %s, %s, found by %s"):format(how, name, who), function()
            to()
            lose()
            found.fn()
            must_have_ended()
          end)
        end
      end
    end
  end

  it("and has parts gives back what they hold, and nobody loses anything", function()
    anew()
    TO.assigned()
    local whole = deal()
    deal = function() return whole end
    local test = w.services.processor_test
    local real = test.capture
    test.capture = function() return "asked" end -- its money is counted on, since parts are paid from it
    act("subcontract", { of = { deal = deal().by } })
    test.capture = real
    local part = w.model.deals[#w.model.deals]
    assert.is_true(payment().is_claimed)
    act("deliver", { of = { deal = part.by } })
    act("accept", { of = { deal = part.by } })
    act("subcontract", { of = { deal = deal().by } })
    FOUND["the processor's word"].fn()
    local losses = db.value [[select coalesce(sum(case when debit = 4010 then amount else -amount end), 0)::bigint
      from ledger_transfers where 4010 in (debit, credit)]]
    assert.equal(0, losses)
    local states = db.query("select state, payout_status from market_transactions where root_id = $1::uuid order by depth, created_at", deal().id)
    assert.same({ { state = "canceled" }, { state = "accepted", payout_status = "returned" }, { state = "canceled" } }, states)
    local found = loaded["marketplace.audit"].run()
    assert.same("{}", json.encode_sorted(found))
    while world.due() do world.work(w, world.due()) end
    assert.same("{}", json.encode_sorted(loaded["marketplace.audit"].run()))
    anew()
  end)

  it("but not one that was captured, whatever the processor says later", function()
    TO.delivered()
    db.tx(function(tx) w.services.payments.capture(tx, deal().id) end)
    w.model:capture(deal())
    FOUND["the processor's word"].fn()
    world.check(w)
    act("accept", about())
    while world.due() do world.work(w, world.due()) end
    w.model:give_gifts()
    world.check(w)
  end)

  it("has its milestones end, also those that wait for an answer", function()
    anew()
    act("bid", { shares = 3, c = 40, seller = 4 })
    local bid = w.model.asks[1].bids[1] or w.model.asks[2].bids[1]
    act("take_bid", { of = { bid = bid.by } })
    act("assign", about())
    act("deliver", about())
    act("dispute", about())
    db.tx(function(tx)                           -- as if it were not captured: no route leads there
      w.services.unpaid.finish(tx, deal().id)
    end)
    assert.equal("canceled canceled canceled", db.value([[select string_agg(state, ' ' order by sequence) from market_milestones
      where transaction_id = $1::uuid]], deal().id))
    assert.equal("resolved", db.value("select state from market_disputes where transaction_id = $1::uuid", deal().id))
    assert.equal(0, db.value([[select count(*)::int from host_queue where kind = 'market.milestone' and key in
      (select id::text from market_milestones where transaction_id = $1::uuid)]], deal().id))
    anew()
  end)
end)
