-- spec/scripts/marketplace_ledger_spec.lua -- the ledger against a small model of it (spec/support/ledger_play.lua), and what
-- happens when many use it at once.
-- LEDGER_SEEDS, LEDGER_STEPS: how many runs, of how many steps; LEDGER_SEED: the first.

local db = require "human.db"
local gen = require "human.scripts.generation"
local id = require "human.id"
local json = require "human.json"
local sched = require "human.core.sched"
local audit = require "marketplace.audit"
local credits = require "marketplace.credits"
local ledger = require "marketplace.ledger"
local moves = require "marketplace.moves"
local model = require "ledger_model"
local play = require "ledger_play"

local function number(name, otherwise) return tonumber(os.getenv(name) or otherwise) end
local SEEDS, STEPS, FIRST = number("LEDGER_SEEDS", 4), number("LEDGER_STEPS", 160), number("LEDGER_SEED", 1)

local function side_by_side(n, fn)
  local me, left, errors = sched.current(), n, {}
  for i = 1, n do
    sched.spawn_as({ on_finish = function(_, err)
      if err then errors[#errors + 1] = err end
      left = left - 1
      if left == 0 then sched.wake(me) end
    end }, fn, i)
  end
  if left > 0 then sched.suspend() end
  return errors
end

describe("the ledger", function()
  setup(function()
    require("human.pg.migrate").run()
    db.open()
    require "market_empty" ()
    gen.install(gen.build(1))                    -- for the errors
  end)

  for seed = FIRST, FIRST + SEEDS - 1 do
    it(("holds what a model of it holds, after each of %d steps, whatever dies (seed %d)"):format(STEPS, seed), function()
      local steps = model.steps(seed, STEPS)
      local err = play.run(steps)
      if not err then return end
      local fewest = play.shrink(steps)
      error(("%s\nthe shortest that fails: %s\nwith: %s"):format(err, json.encode(fewest), play.run(fewest)), 0)
    end)
  end

  local function actors(...)
    local names = { ... }
    db.tx(function(tx)
      for _, name in ipairs(names) do credits.open(tx, name) end
    end)
    return unpack(names)
  end

  local function grant(actor, amount, cause)
    db.tx(function(tx)
      credits.grant(tx, "grant", cause or actor, { actor = actor, amount = amount, reason = "halvening_grant" })
    end)
  end

  local function buy(buyer, provider, price_mrc, fee_mrc, cause)
    db.tx(function(tx)
      moves.purchase(tx, "tool.paid", cause or id.new(), { buyer = buyer, provider = provider, price_mrc = price_mrc,
        fee_mrc = fee_mrc, reason = "tool_subscription" })
    end)
  end

  it("lets forty purchases at once spend what is there, and not a thousandth more", function()
    local a, b = actors(id.new(), id.new())
    grant(a, 10500)
    local errors = side_by_side(40, function()
      buy(a, b, 1000, 150)
    end)
    assert.equal(30, #errors)
    for _, err in ipairs(errors) do assert.equal("insufficient_balance", err.code) end
    assert.equal(500, credits.balance(a).m)
    assert.equal(8500, credits.balance(b).m)
    play.check_audit()
  end)

  it("lets purchases that cross go through without one waiting for the other for ever", function()
    local a, b = actors(id.new(), id.new())
    grant(a, 90000)
    grant(b, 90000)
    local errors = side_by_side(40, function(i)
      if i % 2 == 0 then buy(a, b, 1000, 0) else buy(b, a, 1000, 0) end
    end)
    assert.same({}, errors)
    assert.equal(90000, credits.balance(a).m)
    play.check_audit()
  end)

  local function grants(actor, n, amount)
    for i = 1, n do grant(actor, amount, actor .. i) end
  end

  local function lots(actor)
    return db.value("select string_agg(remaining::text, ' ' order by id) from credit_lots where actor = $1", actor)
  end

  it("spends the newest lots first, however many there are", function()
    local a, b = actors(id.new(), id.new())
    grants(a, 150, 10)
    buy(a, b, 455, 0)
    assert.equal(("10 "):rep(104) .. "5" .. (" 0"):rep(45), lots(a))
    buy(a, b, 1000, 0)
    assert.equal(("10 "):rep(4) .. "5 " .. ("0 "):rep(144) .. "0", lots(a))
    play.check_audit()
  end)

  it("puts a part of what was taken back where it was taken last", function()
    local a = actors(id.new())
    grants(a, 3, 1000)
    db.tx(function(tx)
      moves.deposit(tx, a .. "d", { actor = a, gross = 2, fee = 0 })
      local got = credits.take(tx, "x", a, { actor = a, amount = 4500, reason = "x" })
      ledger.post(tx, "x", a, { { debit = { "wallet_M", a }, credit = "platform_M", amount = got.m },
                                        { debit = { "wallet_W", a }, credit = "platform_W", amount = got.w } })
      local back = credits.give_back(tx, "x", a, a, 2700)
      ledger.post(tx, "y", a, { { credit = { "wallet_M", a }, debit = "platform_M", amount = back.m },
                                        { credit = { "wallet_W", a }, debit = "platform_W", amount = back.w } })
    end)
    assert.equal("1000 200 0 2000", lots(a))
    play.check_audit()
  end)

  it("never lets credits that cost nothing become cash, through whatever hands they go", function()
    local a, b = actors(id.new(), id.new())
    grant(a, 128000)
    buy(a, b, 128000, 19200)
    local ok, err = pcall(db.tx, function(tx) moves.withdraw(tx, b, { actor = b, cents = 1 }) end)
    assert.is_false(ok)
    assert.equal("insufficient_balance", err.code)
    assert.equal(108800, credits.balance(b).m)
  end)

  it("cannot be edited: transfers stay, and counters change by transfers alone", function()
    for _, sql in ipairs { "update ledger_transfers set amount = 1", "delete from ledger_transfers",
                           "truncate ledger_transfers", "update ledger_accounts set credits_posted = 5", "delete from ledger_accounts" } do
      local ok, err = pcall(db.exec, sql)
      assert.is_false(ok, sql)
      assert.equal("55000", err.sqlstate)
    end
  end)

  local function post(debit, credit, amount)
    db.tx(function(tx) ledger.post(tx, "x", id.new(), { { debit = debit, credit = credit, amount = amount } }) end)
  end

  it("refuses amounts that are none, and accounts that are not there", function()
    for _, amount in ipairs { -1, 0.5, 2 ^ 53, 0 / 0, "1" } do
      assert.has_error(function() post("processor", "backing", amount) end)
    end
    assert.has_error(function() post("processor", { "escrow", "nobody" }, 1) end)
    assert.has_error(function() post("processor", "expired", 1) end)
  end)

  it("is found out by its audit when a table was changed behind its back", function()
    local a = actors(id.new())
    grant(a, 1000)
    db.exec("update credit_lots set remaining = 999 where actor = $1", a)
    local found = {}
    for _, one in ipairs(audit.run()) do found[#found + 1] = one.check end
    db.exec("update credit_lots set remaining = 1000 where actor = $1", a)
    table.sort(found)
    assert.same({ "lots", "wallets" }, found)
    play.check_audit()
  end)
end)
