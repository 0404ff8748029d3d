-- spec/support/whole_world.lua -- a marketplace for whole_play.lua, with its model, and what must be true of both at any moment.

local db = require "human.db"
local json = require "human.json"
local audit = require "marketplace.audit"
local clock = require "whole_clock"
local model_of = require "whole_model"

local M = {}

local HUMANS, AGENTS = 2, 4
M.HUMANS = HUMANS

local WORK = {                                   -- what the queue does, and by which function
  ["market.authorize"] = { "payments", "authorize" }, ["market.refund"] = { "payments", "pay_refund" },
  ["market.escrow_guard"] = { "payments", "guard" }, ["market.deposit"] = { "deposits", "take" },
  ["market.withdrawal"] = { "withdrawals", "pay" }, ["market.dispute"] = { "disputes", "due" },
  ["market.transaction"] = { "timers", "transaction" }, ["market.milestone"] = { "timers", "milestone" },
  ["market.bid"] = { "timers", "bid" }, ["market.match"] = { "auto_bidding", "match" },
  ["market.referral.pay"] = { "referrals", "pay" }, ["market.credits.expire"] = { "grants", "expire" },
  ["market.credit_task"] = { "credit_tasks", "due" },
}
local KINDS = {}
for kind in pairs(WORK) do KINDS[#KINDS + 1] = kind end
KINDS = "{" .. table.concat(KINDS, ",") .. "}"

local YEAR = "select (extract(epoch from (human_now() + interval '12 month') - human_now()) / 3600)::float8"
local DUE = [[select kind, id, key, payload from host_queue where kind = any ($1::text[]) and due_at <= human_now()
  order by due_at, seq limit 1]]
local HELD = [[select t.id, t.state, coalesce(h.credits_posted - h.debits_posted, 0) as held,
    coalesce(h.credits_pending, 0) as auth, coalesce(d.credits_posted - d.debits_posted, 0) as due
  from market_transactions t left join ledger_accounts h on h.owner = t.id::text and h.code = 2000
  left join ledger_accounts d on d.owner = t.id::text and d.code = 2050]]
local FEES = [[select coalesce(sum(case when credit = $1::int then amount else -amount end), 0)::bigint from ledger_transfers
  where (credit = $1::int or debit = $1::int) and kind in ('posted', 'post')]]
local STEPS = "select transaction_id, string_agg(state, ' ' order by sequence) as states from market_milestones group by 1"
local LOTS = [[select actor, string_agg(pool || remaining, ' ' order by id) as lots from credit_lots where remaining > 0
  group by actor]]
local BIDS = [[select id, listing_id, bidder_id, price_cents, counter_price_cents, counter_round from market_bids
  where state in ('pending', 'countered')]]
local DISPUTES = "select id, state from market_disputes"

local function register(w, n, code)
  local is_human = n <= HUMANS
  local who = { type = is_human and "human" or "delegated_agent", display_name = "A" .. n, referral_code = code }
  if is_human then who.email = "a" .. n .. "@spec.example" else
    who.owner_wallet, who.agent_address = ("0x%040x"):format(n), ("0x%040x"):format(1000 + n)
  end
  local made = w.services.registration.register(who, "10.0.0." .. n, "actors-register")
  db.exec("update market_actors set autonomy = 3 where id = $1::uuid", made.id) -- agents ask nobody
  w.actors[n] = db.tx(function(tx) return w.services.actors.get(tx, made.id) end)
  w.model:actor(n, made.rc_mrc, code and 1)
  local path = db.tx(function(tx) return w.services.withdrawals.onboard(tx, made.id) end)
  w.services.processor_test.set_up(path:match "[^/]+$", n == HUMANS + AGENTS and "ba_test_closed" or "ba_test_ok")
  return made.referral_code
end

--- A new one, with actors, and something to trade.  run: {turn = a number of its own, first = what it is to reach first}.
function M.new(loaded, ops, run)
  require "market_empty" ()
  clock.set(0)
  local services = setmetatable({}, { __index = function(_, name) return loaded["marketplace." .. name] end })
  local w = { services = services, loaded = loaded, actors = {}, humans = HUMANS, name = "spec", turn = run.turn, first = run.first, statements = {},
              model = model_of.new(function() return db.value(YEAR) end) }
  local code = register(w, 1)
  for n = 2, HUMANS + AGENTS do register(w, n, n > HUMANS and code or nil) end
  for n, op in ipairs { "list", "list", "list", "list", "list", "ask", "ask" } do
    local todo = ops[op](w, { n = -n, a = n, b = 900 * n, c = 1, d = 1, of = {} })
    todo.model(todo.real())
  end
  w.model:give_gifts()
  return w
end

-- ---- the queue -------------------------------------------------------------------------------------------------------

local function row_of(found)
  local row = { kind = found.kind, key = found.key, attempt = 1, payload = json.decode(found.payload) }
  function row.done(_, tx) tx:exec("delete from host_queue where kind = $1 and id = $2", found.kind, found.id) end
  return row
end

--- What waits for nothing but a worker, the next one; nil: nothing does.
function M.due() return db.row(DUE, KINDS) end

--- Does the work of a row that was found.
function M.work(w, found)
  local at = WORK[found.kind]
  w.loaded["marketplace." .. at[1]][at[2]](row_of(found))
  db.exec("delete from host_queue where kind = $1 and id = $2", found.kind, found.id)
end

-- ---- what must be true -----------------------------------------------------------------------------------------------

--- All invariants of the ledger and of trade.
function M.check_audit()
  local wrong = audit.run()
  if wrong[1] then error("the audit found " .. json.encode_sorted(wrong[1]), 0) end
end

local function same(what, is, should)
  if is ~= should then error(("%s: %s, and the model says %s"):format(what, tostring(is), tostring(should)), 0) end
end

local function by(list, name)
  local out = {}
  for _, row in ipairs(list) do out[row[name]] = row end
  return out
end

local function check_deals(w)
  local rows, steps, disputes = by(db.query(HELD), "id"), by(db.query(STEPS), "transaction_id"), by(db.query(DISPUTES), "id")
  local count = 0
  for _ in pairs(rows) do count = count + 1 end
  same("transactions", count, #w.model.deals + #w.model.slots)
  for _, slot in ipairs(w.model.slots) do same("a credit task's slot", rows[slot.id].state, slot.state) end
  for _, d in ipairs(w.model.deals) do
    for _, what in ipairs { "state", "held", "auth", "due" } do
      same(("transaction %d, %s"):format(d.n, what), rows[d.id][what], d[what])
    end
    if d.dispute then
      same(("dispute of %d"):format(d.n), disputes[d.dispute.id].state, d.dispute.state)
    end
    if d.steps then
      local states = {}
      for i, step in ipairs(d.steps) do states[i] = step.state end
      same(("milestones of %d"):format(d.n), steps[d.id].states, table.concat(states, " "))
    end
  end
end

-- Also finds out the ids of bids that agents have made by themselves.
local function check_bids(w)
  local rows, count = {}, 0
  for _, row in ipairs(db.query(BIDS)) do
    rows[row.listing_id .. row.bidder_id], count = row, count + 1
  end
  for _, ask in ipairs(w.model.asks) do
    for _, bid in ipairs(ask.bids) do
      local row = rows[ask.id .. w.actors[bid.seller].id] or error(("a bid of %d is not there"):format(bid.seller), 0)
      same("price of a bid", row.price_cents, bid.price)
      same("round of a bid", row.counter_round, bid.round)
      same("price that was countered", row.counter_price_cents, bid.countered)
      bid.id, count = row.id, count - 1
    end
  end
  same("bids that the model does not know", count, 0)
end

local function check_lots(w)
  local lots = by(db.query(LOTS), "actor")
  for n, actor in ipairs(w.actors) do
    same(("credits of %d"):format(n), lots[actor.id] and lots[actor.id].lots or "", w.model:lots_of(n))
  end
end

--- All of it; while nothing is under way the processor has what our books say.
function M.check(w)
  M.check_audit()
  -- Of what banks take back, the processor `test` has no books.
  local ours = -db.value(FEES, 1000)
  local theirs = w.services.processor_test.balance() - w.model.losses - w.model.kept
  if ours ~= theirs then error(("the processor has %d, our books say %d"):format(theirs, ours), 0) end
  check_deals(w)
  check_bids(w)
  check_lots(w)
  same("fees of transactions", db.value(FEES, 3000), w.model.fees)
  same("fees of moves", db.value(FEES, 3020), w.model.moves)
  same("losses", -db.value(FEES, 4010), w.model.losses)
  same("what the processor keeps", -db.value(FEES, 4000), w.model.kept)
  same("what is reserved for credit tasks", db.value(FEES, 6400), w.model:reserved())
end

return M
