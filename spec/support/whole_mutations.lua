-- spec/support/whole_mutations.lua -- mistakes that whole_play.lua has to find: each puts something wrong into a module of the
-- marketplace, and is undone.  first: what a run has to reach to find it (a kind of whole_goals.lua); seed: of one that
-- soon does.

local db = require "human.db"

local M = {}

local function mistake(says, first, module, make, seed)
  M[#M + 1] = { says = says, first = first, seed = seed or 1, module = module, make = make, is_of_death = says:find "death" ~= nil }
end

-- fn(module, real, loaded): a function in the place of module[name].
local function instead(name, fn)
  return function(module, loaded)
    local real = module[name]
    module[name] = fn(real, loaded)
    return function() module[name] = real end
  end
end

local function fee_of(t, has) return math.min(has, math.floor((t.fee_cents * has + t.price_cents / 2) / t.price_cents)) end

mistake("a part is paid when it is accepted", "accepted part", "settlement", instead("release", function(real, loaded)
  return function(tx, t)
    if not t.parent_id then return real(tx, t) end
    local escrow = loaded["marketplace.escrow"]
    local has = escrow.balance(t.id).posted
    local fee = fee_of(t, has)
    escrow.release(tx, t.id, { id = t.id, seller = t.seller_id, payout = has - fee, fee = fee })
  end
end))

mistake("fees are rounded down", "paid part", "terms", instead("of", function(real)
  return function(listing, asked)
    local terms = real(listing, asked)
    terms.fee_cents = math.floor(terms.price_cents / 10)
    terms.payout_cents = terms.price_cents - terms.fee_cents
    return terms
  end
end), 2)

mistake("the platform keeps a cent too much of a part", "paid part", "escrow", instead("pay_due", function(real)
  return function(tx, pay)
    if pay.payout > 0 then pay.payout, pay.fee = pay.payout - 1, pay.fee + 1 end
    return real(tx, pay)
  end
end))

local function other_order(from, to)
  return function(credits)
    local real = credits.sql.take
    credits.sql.take = real:gsub(from, to)
    assert(credits.sql.take ~= real)
    return function() credits.sql.take = real end
  end
end

mistake("the oldest credits are spent first", "several lots of W", "credits", other_order("id desc", "id"))
mistake("withdrawable credits are spent first", "several lots of M", "credits", other_order("order by pool,", "order by pool desc,"))

local function new_key(real)
  local n = 0
  return function(key, ...)
    n = n + 1
    return real(key .. ":" .. n, ...)
  end
end

mistake("a refund is paid again after a death", "refund", "processor_test", instead("refund", new_key), 2)

mistake("a release is paid before its state, and again after a death", "paid referral", "transactions",
  instead("accept", function(real, loaded)
    return function(actor_id, id, cause)
      db.tx(function(tx)
        local t = loaded["marketplace.transactions"].lock(tx, id)
        if t.state == "delivered" then loaded["marketplace.settlement"].release(tx, t) end
      end)
      return real(actor_id, id, cause)
    end
  end))

mistake("the sellers of parts keep what they have earned when the whole is declined", "declined whole with parts", "escrow",
  instead("collect", function(real)
    return function(tx, whole, parts)
      for _, part in ipairs(parts) do part.due = 0 end
      return real(tx, whole, parts)
    end
  end))

mistake("a bid does not time out", "bid that timed out", "bids", instead("expire", function() return function() end end))

mistake("a hold is not captured before it ends", "expired hold", "payments", instead("guard", function()
  return function(row) db.tx(function(tx) row:done(tx) end) end
end))

mistake("milestones after one that was refused are paid", "milestones accepted partly", "milestones", instead("stop", function(real, loaded)
  return function(tx, t, cause)
    for _, m in ipairs(loaded["marketplace.milestones"].list(tx, t.id)) do
      if m.state == "pending" then loaded["marketplace.settlement"].release_milestone(tx, t, m) end
    end
    return real(tx, t, cause)
  end
end))

mistake("a task that has lost its money goes on", "lost while delivered", "unpaid", instead("finish", function(real, loaded)
  return function(tx, id)
    local t = loaded["marketplace.transactions"].get(tx, id)
    return t.state == "pending_payment" and real(tx, id) or t
  end
end))

mistake("the dispute of a task that has lost its money stays open", "lost while disputed", "disputes",
  instead("end_without", function() return function() end end))

mistake("a chargeback is booked again when it is told again", "chargeback lost", "processor_books",
  instead("charged_back", function(real)
    local n = 0
    return function(tx, name, ...)
      n = n + 1
      return real(tx, name .. n, ...)
    end
  end))

mistake("what a credit task pays is not taken from what was reserved", "credit task passed", "grants", instead("give", function(real)
  return function(tx, event, cause, gift)
    gift.from = nil
    return real(tx, event, cause, gift)
  end
end))

mistake("a credit task that expired keeps what was reserved", "credit task expired", "credit_tasks", instead("due", function()
  return function(row) db.tx(function(tx) row:done(tx) end) end
end))

mistake("data is paid for when its time is over, and not before", "data product", "data_products", instead("deliver", function(real, loaded)
  return function(tx, t, cause)
    local settlement = loaded["marketplace.settlement"]
    local capture = settlement.capture
    settlement.capture = function() end
    local ok, got = pcall(real, tx, t, cause)
    settlement.capture = capture
    if not ok then error(got, 0) end
    return got
  end
end))

--- Runs fn while a mistake is made.
function M.with(it, loaded, fn)
  local undo = it.make(loaded["marketplace." .. it.module], loaded)
  local ok, err = pcall(fn)
  undo()
  if not ok then error(err, 0) end
end

return M
