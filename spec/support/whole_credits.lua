-- spec/support/whole_credits.lua -- operations with credits, on time, and of agents that bid by themselves; see whole_ops.lua.

local db = require "human.db"
local time = require "human.time"

local EARNED = { task_completion = true, tool_revenue = true }
local HOURS = { 0.5, 1, 2, 6, 12, 24, 30, 48, 72, 168 }

return function(OPS)
  function OPS.deposit(w, s)
    local n, cents = (s.actor or s.a) % #w.actors + 1, 100 + s.b % 20000
    local declined = s.c % 5 == 0
    return { may = true, once = true,
             real = function()
               return db.tx(function(tx)
                 local made, why = w.services.deposits.begin(tx, w.actors[n], cents,
                   declined and "pm_test_declined" or "pm_test_ok")
                 return { id = made.id, why = why }
               end)
             end,
             model = function() if not declined then w.model:deposit(n, cents) end end }
  end

  function OPS.withdraw(w, s)
    local n = (s.actor or s.a) % #w.actors + 1
    local kind, reasons = "withdrawal", nil
    if s.c % 4 == 0 then kind, reasons = "payout", EARNED end
    local has = w.model:sum(n, "W", reasons)
    local cents = s.cents or 100 + s.b % (s.d % 3 == 0 and 9000 or math.max(1, math.floor(has / 1000) - 99))
    s.cents = cents                              -- as it was decided first
    local how = { cents = cents, reasons = reasons, is_instant = s.d % 5 == 0, month = time.now():sub(1, 7),
                  is_paid = n ~= #w.actors }
    return { may = has >= cents * 1000, once = true,
             real = function()
               return db.tx(function(tx)
                 return w.services.withdrawals.begin(tx, w.actors[n], { kind = kind, amount_cents = cents,
                                                                        is_instant = how.is_instant })
               end)
             end,
             model = function() w.model:withdraw(n, how) end }
  end

  function OPS.purchase(w, s)
    local buyer = (s.actor or s.a) % #w.actors + 1
    local has = w.model:sum(buyer, "M") + w.model:sum(buyer, "W")
    local price = s.price or 1 + s.b * 37 % math.max(1, s.d % 6 == 0 and 9000000 or has)
    s.price = price
    local provider, fee = buyer % #w.actors + 1, math.floor(price * 15 / 100)
    return { may = has >= price, once = true,
             real = function()
               return db.tx(function(tx)
                 return w.services.moves.purchase(tx, "tool.paid", w.name .. s.n, { buyer = w.actors[buyer].id,
                   provider = w.actors[provider].id, price_mrc = price, fee_mrc = fee, reason = "tool_subscription" })
               end)
             end,
             model = function() w.model:purchase(buyer, provider, price, fee) end }
  end

  function OPS.auto_bid(w, s)
    local n = w.humans + s.a % (#w.actors - w.humans) + 1
    local c = { is_enabled = s.c % 4 > 0, price = 1 + s.b % 25000, sla = s.d % 2 == 0 and 24 or 100, most = s.c % 5 + 1 }
    return { may = true, once = true,
             real = function()
               return w.services.auto_bidding.save(w.actors[n], { is_enabled = c.is_enabled, max_price_cents = c.price,
                 min_price_cents = 0, category_tags = { "data:*" }, min_listing_tier = 0, max_concurrent = c.most,
                 preferred_sla_hours = c.sla })
             end,
             model = function()
               w.model.auto[n] = c
               for i = #w.model.asks, 1, -1 do w.model:match(w.model.asks[i], n, s.n) end
             end }
  end

  --- Time goes on: by so many hours, or to when the next thing happens.
  function OPS.time(w, s)
    local hours = s.hours or HOURS[s.a % #HOURS + 1]
    if not s.hours and s.b % 3 == 0 then
      hours = math.max(0.5, (w.model:next_at() or 0) - w.model.now)
    end
    return { hours = hours }
  end
end
