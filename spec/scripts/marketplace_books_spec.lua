-- spec/scripts/marketplace_books_spec.lua -- the ledger for people: an event in words, and what hledger makes of all of it.

local db = require "human.db"
local world = require "pay_world"

describe("the books", function()
  local loaded, books, actor, payment, bought

  setup(function()
    loaded = world.scripts()
    require "market_empty" ()
    books = loaded["marketplace.books"]
    local get, deposits = loaded["marketplace.actors"].get, loaded["marketplace.deposits"]
    local provider = world.actor()
    actor, bought = world.actor { is_founding = true }, world.uuid()
    payment = db.tx(function(tx) return deposits.begin(tx, get(tx, actor), 10000, "pm_test_ok") end)
    world.work(deposits.take, "market.deposit", payment.id)
    db.tx(function(tx)
      loaded["marketplace.moves"].purchase(tx, "tool.paid", bought, { buyer = actor, provider = provider,
        price_mrc = 200500, fee_mrc = 30075, reason = "tool_usage" })
    end)
  end)

  it("say in words what an event moved, and from which credits", function()
    local text = books.explain(payment.id)
    assert.matches("Z  deposit\n  99.75 USD moved: from money at the payment processor to cash owed", text, 1, true)
    assert.matches(("lot %%d+: 9975 withdrawable credits came to %s %%(deposit%%); 9774.5 are left\n"):format(actor:gsub("%-", "%%-")), text)
    assert.matches("200.5 credits went from " .. actor, books.explain(bought), 1, true)
    assert.matches("  200.5 of lot %d+, withdrawable %(deposit%)\n", books.explain(bought))
    assert.is_nil(books.explain(world.uuid()))
  end)

  it("balance, as hledger reads them, and hold what the accounts hold", function()
    local path = os.tmpname()
    local file = assert(io.open(path, "w"))
    local count = books.export(function(text) file:write(text) end)
    file:close()
    local function hledger(args)
      local out = assert(io.popen(("hledger -f %s %s 2>&1; echo status $?"):format(path, args)))
      local text = out:read "*a"
      out:close()
      return text
    end
    assert.equal("status 0\n", hledger "check")
    local text = hledger "balance --flat -O csv assets:processor"
    local cents = db.value [[select coalesce(sum(case when debit = 1000 then amount else -amount end), 0)::bigint
      from ledger_transfers where (debit = 1000 or credit = 1000) and kind in ('posted', 'post')]]
    assert.matches(('"assets:processor","%d.%02d USD"'):format(math.floor(cents / 100), cents % 100), text, 1, true)
    assert.matches('"total","0"', hledger "balance --flat -O csv", 1, true)
    assert.equal(db.value "select count(*) from ledger_transfers where kind in ('posted', 'post')", count)
    os.remove(path)
  end)
end)
