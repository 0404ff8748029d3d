-- host/lua/queue/exchange.lua -- one transaction between a worker and the queue, for some kinds at once: writes how
-- rows have ended, takes those that are due, and asks what waits behind them.  All of it is one round trip.

local db = require "human.db"
local json = require "human.json"
local run = require "human.queue.run"
local sql = require "human.queue.sql"

local M = {}
local SCAN = 128                                 -- rows scanned for those to take, if keys matter

local function take(tx, p, me)
  local def = p.def
  if not def.per_key then return tx:ask(sql.take, p.name, me, p.n, def.limit, def.lease_s) end
  local keys = sql.texts(sql.names(p.freed))
  return tx:ask(sql.take_by_key, p.name, me, p.n, def.limit, def.lease_s, SCAN, keys, p.run_max)
end

local function settle(tx, p, me)
  if p.done[1] then
    local ids, attempts = run.arrays(p.done)
    tx:ask(sql.done, p.name, ids, attempts, me)
  end
  if p.back[1] then tx:ask(sql.back, p.name, json.encode(p.back), me) end
end

-- Asks for rows of a kind, and what waits behind them; returns a function that waits for both.
local function ask(tx, p, me)
  local came = p.def and p.n > 0 and take(tx, p, me) or nil
  local nexts = tx:ask(p.def and p.def.batch and sql.next_of_batch or sql.next, p.name)
  return function()
    local first = nexts()[1]
    p.rows, p.in_s = came and came() or {}, first and first.in_s
    p.parked = first and first.parked and json.decode(first.parked) or {}
  end
end

-- The same for batches: most often one statement takes all that there is of all kinds.
local function take_batches(tx, plans, me)
  local names, by_name, slow = {}, {}, {}
  for i, p in ipairs(plans) do
    names[i], by_name[p.name], p.rows, p.parked = p.name, p, {}, {}
  end
  local def = plans[1].def
  for _, row in ipairs(tx:query(sql.take_calm, sql.texts(names), me, def.lease_s, def.run)) do
    local p = by_name[row.kind]
    if row.id then p.rows[#p.rows + 1] = row else slow[#slow + 1] = ask(tx, p, me) end
  end
  for _, hear in ipairs(slow) do hear() end
end

--- plans: {name (of the kind), def (nil: no script declares it any more), n = how many rows may be taken, run_max,
--- done, back: rows that have ended; freed: {[key] = true}}, in the order of their names, in which all workers lock.
--- Fills in rows, those that were taken; in_s, when the next one is due; and parked, keys of a batch's kind for which
--- rows wait until others with them have ended.  me: the owner of what is taken.
function M.run(plans, me)
  local names, answers = {}, nil
  for i, p in ipairs(plans) do names[i] = p.name end
  db.tx(function(tx)
    local batches = {}
    answers = {}
    tx:ask(sql.lock, sql.texts(names))
    for _, p in ipairs(plans) do
      settle(tx, p, me)
      local list = p.def and p.def.batch and p.n > 0 and batches or answers
      list[#list + 1] = list == batches and p or ask(tx, p, me)
    end
    if batches[1] then take_batches(tx, batches, me) end
  end)
  for _, hear in ipairs(answers) do hear() end
end

return M
