-- spec/support/whole_other.lua -- what else there is to trade, for the model (whole_model.lua) and as operations (whole_ops.lua):
-- data that is there at once, credit tasks, and what buyers' banks take back.

local db = require "human.db"

local M = {}

local REWARD_H, TRIES, HELD, FEE = 24, 3, 3, 1500
local RUBRIC = '{"min_length": {"summary": 3}}'

-- ---- the model -----------------------------------------------------------------------------------------------------

function M.model(model, ON)
  --- An agent takes a slot of a task: {by, id, seller, task}.
  function model:take_slot(slot)
    slot.state, slot.tries, slot.buyer = "assigned", 0, 1
    slot.task.free, slot.task.taken[slot.seller] = slot.task.free - 1, slot
    table.insert(self.slots, slot)
    slot.ends_at = self:after(REWARD_H, "slot", { slot = slot })
  end

  local function lose(slot)
    slot.state, slot.task.free = "failed", slot.task.free + 1
  end

  --- It delivers.
  function model:submit(slot, passes)
    slot.tries = slot.tries + 1
    if passes then
      slot.state = "accepted"
      self:reach "credit task passed"
      return self:give(slot.seller, slot.task.reward * 1000)
    end
    if slot.tries < TRIES then return end
    self:reach "credit task failed"
    lose(slot)
  end

  function ON.slot(m, t)
    if t.slot.state ~= "assigned" then return end
    m:reach "credit task expired"
    lose(t.slot)
  end

  --- What is reserved for those who are at work.
  function model:reserved()
    local sum = 0
    for _, slot in ipairs(self.slots) do sum = sum + (slot.state == "assigned" and slot.task.reward * 1000 or 0) end
    return sum
  end

  --- The buyer's bank takes back what he has paid; it is decided: "won" or "lost".
  function model:charge_back(d)
    d.charged_back, self.losses, self.kept = "needs_response", self.losses + d.price, self.kept + FEE
  end

  function model:decide(d, how)
    d.charged_back = how
    self:reach("chargeback " .. how)
    if how == "won" then self.losses = self.losses - d.price end
  end
end

-- ---- operations ----------------------------------------------------------------------------------------------------

--- Slots of credit tasks that are at work.
function M.at_work(w)
  local out = {}
  for _, slot in ipairs(w.model.slots) do
    if slot.state == "assigned" then out[#out + 1] = slot end
  end
  return out
end

--- Transactions whose money was captured, with a chargeback that is so (nil: without one).
function M.charged(w, how)
  local out = {}
  for _, d in ipairs(w.model.deals) do
    if d.captured and d.charged_back == how then out[#out + 1] = d end
  end
  return out
end

local function held(w, n)
  local count = 0
  for _, slot in ipairs(M.at_work(w)) do count = count + (slot.seller == n and 1 or 0) end
  return count
end

local function may_take(w, task, n)
  local mine = task.taken[n]
  if mine then return mine.state == "assigned", true end
  return task.free > 0 and held(w, n) < HELD, false
end

--- Who may take which task, and has not: {{by, task, seller}, ..}.
function M.free(w)
  local out = {}
  for _, task in ipairs(w.model.tasks) do
    for n = w.humans + 1, #w.actors do
      if may_take(w, task, n) and not task.taken[n] then out[#out + 1] = { by = task.by, task = task, seller = n } end
    end
  end
  return out
end

-- What the processor says of a dispute: as much as has been decided.
local function tell(w, d, name, status)
  db.tx(function(tx)
    local intent = w.services.payments.of(tx, d.id).provider_id
    local moved = { { id = name .. "_1", currency = "usd", amount = -d.price, fee = FEE } }
    if status == "won" then moved[2] = { id = name .. "_2", currency = "usd", amount = d.price, fee = 0 } end
    w.loaded["marketplace.stripe.observe"].dispute(tx, { id = name, payment_intent = intent, status = status,
                                                         balance_transactions = moved })
  end)
end

function M.ops(OPS, choose, listing)
  function OPS.list_data(w, s)
    local n, price = s.a % #w.actors + 1, 100 + s.b % 9000
    return { may = true,
             real = function()
               return db.tx(function(tx)
                 local row = listing(w, n, { direction = "sell", listing_type = "data_product", price_cents = price, sla_hours = 24 })
                 w.services.data_products.keep(tx, row, '{"rates": [1]}')
                 return row
               end)
             end,
             model = function(row)
               table.insert(w.model.offers, { by = s.n, id = row.id, seller = n, price = price, is_data = true })
             end }
  end

  function OPS.post_task(w, s)
    local reward, slots = 1 + s.b % 50, 1 + s.c % 3
    return { may = true, once = true,
             real = function()
               return w.services.credit_tasks.post(w.actors[1], { title = "T", description = "D", rc_reward = reward, slots = slots,
                                                                  sla_hours = REWARD_H, evaluation_rubric = RUBRIC }, "spec")
             end,
             model = function(row)
               table.insert(w.model.tasks, { by = s.n, id = row.id, reward = reward, free = slots, taken = {} })
             end }
  end

  function OPS.take_task(w, s)
    local task = choose(s, "task", w.model.tasks, s.a)
    if not task then return end
    local n = s.seller or w.humans + 1 + s.b % (#w.actors - w.humans)
    local may, is_again = may_take(w, task, n)
    return { may = may,
             real = function() return w.services.credit_tasks.accept(w.actors[n], task.id) end,
             model = function(row)
               if not is_again then w.model:take_slot { by = s.n, id = row.id, seller = n, task = task } end
             end }
  end

  function OPS.submit(w, s)
    local slot = choose(s, "slot", M.at_work(w), s.a)
    if not slot then return end
    local passes = s.passes
    if passes == nil then passes = s.b % 2 == 0 end
    return { may = true, once = true,
             real = function()
               return w.services.transactions.deliver(w.actors[slot.seller].id, slot.id,
                 { output_data = passes and '{"summary": "enough"}' or '{"summary": "no"}' })
             end,
             model = function() w.model:submit(slot, passes) end }
  end

  -- Whoever is told of it again does nothing again.
  function OPS.charge_back(w, s)
    local d = choose(s, "deal", M.charged(w, nil), s.a)
    if not d then return end
    return { may = true, real = function() tell(w, d, "dp_" .. d.id, "needs_response") end,
             model = function() w.model:charge_back(d) end }
  end

  function OPS.decide(w, s)
    local d = choose(s, "deal", M.charged(w, "needs_response"), s.a)
    if not d then return end
    local how = s.how or s.b % 2 == 0 and "won" or "lost"
    return { may = true, real = function() tell(w, d, "dp_" .. d.id, how) end,
             model = function() w.model:decide(d, how) end }
  end
end

return M
