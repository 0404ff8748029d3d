-- spec/support/pay_world.lua -- a marketplace for specs of payments: actors, a stand-in for transactions, the queue's
-- work done at once, and what must be true whenever nothing is under way.

local db = require "human.db"
local id = require "human.id"
local audit = require "marketplace.audit"
local credits = require "marketplace.credits"
local escrow = require "marketplace.escrow"

local M = { authorized = {}, unpaid = {} }

local slot = 0

--- The scripts, with a stand-in for the transactions of trade that notes what it is told.
function M.scripts()
  local gen = require "human.scripts.generation"
  require("human.pg.migrate").run()
  db.open()
  local scripts = gen.build(1)
  scripts.loaded["marketplace.transactions"] = {
    lock = function() end,
    authorized = function(tx, transaction_id)
      M.authorized[transaction_id] = (M.authorized[transaction_id] or 0) + 1
      if M.on_authorized then M.on_authorized(tx, transaction_id) end
    end,
  }
  scripts.loaded["marketplace.unpaid"] = {
    finish = function(_, transaction_id) M.unpaid[transaction_id] = (M.unpaid[transaction_id] or 0) + 1 end,
  }
  gen.install(scripts)
  slot = db.value "select coalesce(max(slot), 0) from market_actors"
  return scripts.loaded
end

--- A new actor's id.  o: {type = "human", is_founding, tier, state}.
function M.actor(o)
  o = o or {}
  slot = slot + 1
  return db.tx(function(tx)
    local owner = tx:value "insert into market_owners default values returning id"
    local actor = tx:value([[insert into market_actors (owner_id, type, display_name, email, slot, is_founding, referral_code,
        tier, state)
      values ($1, $2, 'A', $3, $4, $5, lpad(to_hex($4::bigint), 6, '0'), $6, $7) returning id]],
      owner, o.type or "human", "a" .. id.new() .. "@spec.example", slot, o.is_founding == true, o.tier or 0,
      o.state or "active")
    credits.open(tx, actor)
    return actor
  end)
end

--- A new id, as of a transaction.
function M.uuid() return db.value "select gen_random_uuid()::text" end

--- A row of the queue, as a handler gets it; `gone` is set when it is done, `again` when it is to be tried again.
function M.row(key)
  local row = { key = key, attempt = 1 }
  function row:done() self.gone = true end
  function row:retry_in(_, why)
    self.again = why
    error("again: " .. tostring(why), 0)
  end
  return row
end

--- Does the work of a kind that waits for a key: the function of that module.  Returns the row.
function M.work(fn, kind, key)
  local waits = db.value("select count(*) from host_queue where kind = $1 and key = $2", kind, key)
  assert(waits > 0, "no " .. kind .. " waits for " .. key)
  local row = M.row(key)
  fn(row)
  db.exec("delete from host_queue where kind = $1 and key = $2", kind, key)
  return row
end

--- What is wrong in the books, of the ledger and between it and the processor; "" when nothing is.
function M.wrong(processor)
  local out = {}
  for _, one in ipairs(audit.run()) do out[#out + 1] = one.check .. " " .. one.what .. " " .. one.off end
  local ours = db.value [[select coalesce(sum(case when debit = 1000 then amount else -amount end), 0)::bigint
    from ledger_transfers where (debit = 1000 or credit = 1000) and kind in ('posted', 'post')]]
  if processor and ours ~= processor.balance() then
    out[#out + 1] = ("the processor has %d, our books say %d"):format(processor.balance(), ours)
  end
  return table.concat(out, "; ")
end

--- What is held for a transaction, and what is authorised.
function M.held(transaction_id)
  local at = escrow.balance(transaction_id)
  return at.posted, at.credits_pending
end

return M
